"""Texts put in disguise, so that a classifier learns what people do to words.

The forms are among those that `moderation.normalise` takes off. Each changes some places of a text, chosen by
the caller's chooser, and leaves the rest; where a text offers no place, it comes back as it is. What it
does not know: which words a writer would hide; it disguises any of them.
"""

from __future__ import annotations

import functools
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from opencc import OpenCC

from moderation.errors import ConfigurationError
from moderation.normalise.lexicon import Lexicon, dictionary, sound_of
from moderation.normalise.pictures import picture_readings
from moderation.normalise.written import split_pairs

_HAN = "\u3400-\u9fff"
_HAN_RUN = re.compile(f"[{_HAN}]{{2,}}")
_LATIN_WORD = re.compile(r"[A-Za-z]{4,}")
_SHARE = 0.35  # of the places that offer themselves
_LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
_LOOKALIKES = dict(zip("aceopxyijsABCEHIKMOPTX", "асеорхуіјѕАВСЕНІКМОРТХ", strict=True))
_UNSEEN = "\u200b\u200c\u200d\u2060\u00ad"
_GAPS_LATIN = (" ", ".", "-", "*", "_")
_GAPS_HAN = (" ", "*", ".", "/", "|")
_MOST_SAME_SOUND = 12
_LONGEST_WORD = 4


def disguise(text: str, form: str, chooser: random.Random) -> str:
    """The text in one form of disguise.

    Args:
        form: one of `FORMS`.
        chooser: chooses the places and the replacements; the same state, the same answer.

    Raises:
        ConfigurationError: there is no such form.
    """
    if form not in _FORMS:
        raise ConfigurationError(f"no disguise is called {form!r}; there are: {', '.join(FORMS)}")
    return _FORMS[form](text, chooser)


def _homophone(text: str, chooser: random.Random) -> str:
    def other(word: str) -> str:
        return "".join(chooser.choice(_same_sound(character) or (character,)) for character in word)

    return _words_changed(text, chooser, other)


def _pinyin(text: str, chooser: random.Random) -> str:
    sounds = {sound: syllable for syllable, sound in dictionary().syllables.items()}

    def spelled(word: str) -> str:
        key = sound_of(word)
        return chooser.choice(("", " ")).join(sounds[sound] for sound in key) if key else word

    return _words_changed(text, chooser, spelled)


def _emoji(text: str, chooser: random.Random) -> str:
    pictures = _pictures()
    return _characters_changed(text, chooser, lambda character: chooser.choice(pictures.get(character, (character,))))


def _split(text: str, chooser: random.Random) -> str:
    parts = _parts()
    return _characters_changed(text, chooser, lambda character: chooser.choice(parts.get(character, (character,))))


def _traditional(text: str, _: random.Random) -> str:
    return str(_to_traditional().convert(text))


def _zero_width(text: str, chooser: random.Random) -> str:
    def parted(found: re.Match[str]) -> str:
        if chooser.random() > _SHARE:
            return found[0]
        mark = chooser.choice(_UNSEEN)
        return mark.join(found[0])

    return re.sub(f"[A-Za-z]{{3,}}|[{_HAN}]{{2,4}}", parted, text)


def _spacing(text: str, chooser: random.Random) -> str:
    def apart(found: re.Match[str]) -> str:
        return chooser.choice(_GAPS_LATIN).join(found[0]) if chooser.random() < _SHARE else found[0]

    spaced = _LATIN_WORD.sub(apart, text)
    return _words_changed(spaced, chooser, lambda word: chooser.choice(_GAPS_HAN).join(word))


def _leet(text: str, chooser: random.Random) -> str:
    def signed(found: re.Match[str]) -> str:
        if chooser.random() > _SHARE:
            return found[0]
        letters = list(found[0])
        places = [at for at, letter in enumerate(letters) if letter.lower() in _LEET]
        for at in chooser.sample(places, min(len(places), len(letters) // 2)):
            inside = 0 < at < len(letters) - 1
            signs = _LEET[letters[at].lower()]
            letters[at] = chooser.choice(signs) if inside else signs[0]
        return "".join(letters)

    return _LATIN_WORD.sub(signed, text)


def _homoglyph(text: str, chooser: random.Random) -> str:
    def foreign(found: re.Match[str]) -> str:
        if chooser.random() > _SHARE:
            return found[0]
        return "".join(
            _LOOKALIKES.get(letter, letter) if chooser.random() < 2 * _SHARE else letter for letter in found[0]
        )

    return _LATIN_WORD.sub(foreign, text)


def _words_changed(text: str, chooser: random.Random, change: Callable[[str], str]) -> str:
    """Some of the dictionary's words in other form."""

    def changed(found: re.Match[str]) -> str:
        return "".join(
            change(word) if len(word) > 1 and chooser.random() < _SHARE else word for word in _cut_words(found[0])
        )

    return _HAN_RUN.sub(changed, text)


def _characters_changed(text: str, chooser: random.Random, change: Callable[[str], str]) -> str:
    return re.sub(f"[{_HAN}]", lambda found: change(found[0]) if chooser.random() < _SHARE else found[0], text)


def _cut_words(clause: str) -> list[str]:
    """The longest words of the dictionary, from the left."""
    words, at, lexicon = [], 0, Lexicon()
    while at < len(clause):
        size = next(
            (
                size
                for size in range(min(_LONGEST_WORD, len(clause) - at), 1, -1)
                if any(
                    word == clause[at : at + size] for word, _ in lexicon.same_sound(sound_of(clause[at : at + size]))
                )
            ),
            1,
        )
        words.append(clause[at : at + size])
        at += size
    return words


def _same_sound(character: str) -> Sequence[str]:
    found = [word for word, _ in Lexicon().same_sound(sound_of(character)) if word != character]
    return found[:_MOST_SAME_SOUND]


@functools.cache
def _pictures() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for picture, readings in picture_readings().items():
        for reading in readings:
            if len(reading) == 1:
                found[reading].append(picture)
    return {character: tuple(pictures) for character, pictures in found.items()}


@functools.cache
def _parts() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for pair, whole in split_pairs().items():
        found[whole].append(pair)
    return {character: tuple(pairs) for character, pairs in found.items()}


@functools.cache
def _to_traditional() -> OpenCC:
    return OpenCC("s2t")


_FORMS: Mapping[str, Callable[[str, random.Random], str]] = {
    "emoji": _emoji,
    "homoglyph": _homoglyph,
    "homophone": _homophone,
    "leet": _leet,
    "pinyin": _pinyin,
    "spacing": _spacing,
    "split_characters": _split,
    "traditional": _traditional,
    "zero_width": _zero_width,
}
FORMS: tuple[str, ...] = tuple(_FORMS)
