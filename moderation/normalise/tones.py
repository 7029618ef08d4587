"""Pinyin with its tones, as marks (`dǔ bó`) or digits (`du3 bo2`), read without them (`du bo`).

A syllable counts where Chinese has it in that tone, and two of them must stand beside each other. Accents are of other
languages too, so that there must be what those do not write: a hook (ǎ), a macron beside another accent, or, in a text
without any other accent, a syllable that only pinyin has. What it does not know: a single syllable, and words whose
marks could be any language's (`bà bá`).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from moderation.normalise.english import is_word
from moderation.normalise.leet import word_in_signs
from moderation.normalise.lexicon import dictionary
from moderation.normalise.mapped import Edit, Mapped
from moderation.normalise.packaged import packaged_json

_MACRON, _ACUTE, _HOOK, _GRAVE = _TONES = "\u0304\u0301\u030c\u0300"
_SUSPECT = re.compile(f"[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜĀÁǍÀĒÉĚÈĪÍǏÌŌÓǑÒŪÚǓÙǕǗǙǛ{_TONES}]")
_SURE = re.compile("[āǎēěīǐōǒūǔǖǘǚǜĀǍĒĚĪǏŌǑŪǓǕǗǙǛ\u0304\u030c]|u\u0308[\u0301\u0300]")
_SUSPECT_DIGITS = re.compile(
    r"[1-5](?<=[A-Za-zü]\d)[\s'’·,-]{0,3}(?:[A-Za-zü]{1,6}[\s'’·,-]{1,3}){0,2}[A-Za-zü]{1,6}[1-5]"
)
_WORD = re.compile(r"(?:[A-Za-z\u00c0-\u024f\u1e00-\u1eff][\u0300-\u036f]{0,2})+")
_ONLY_PINYIN = "ǎǐǒǔǚǘǜ"
_BETWEEN = re.compile(r"[\s'’·,-]{0,3}")
_LONGEST = 24  # letters of a word
_LONGEST_SYLLABLE = 6
_MOST_NEUTRAL = 2  # words without a tone between two with one
_LEAST = 2
# In small letters: what other languages do not write with an acute or a grave, with both, with a macron.
_NO_OTHER = re.compile("zh|q[^u]|i[úù]|u[íì]")
_NO_OTHER_OF_BOTH = re.compile("[jzw]|^(?:p(?!h)|f|sh)")
_NO_OTHER_MACRON = re.compile("ng$|[xq]|zh")
_TOKEN = re.compile(r"(?<![\w.@:/#&=])[A-Za-zü][A-Za-zü0-9]*+(?![\w@/#&=])", re.ASCII)
_NUMBERED = re.compile("(?:[A-Za-zü]{1,6}[1-5])+[A-Za-zü]{0,12}")
_SYLLABLE = re.compile("([A-Za-zü]+)([1-5]?)")
_USUAL_ENGLISH = 4_000
_LONG_ENGLISH = 5
_MOVE = re.compile("[NBRQK][a-h][1-8]")  # of chess


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text.

    Attributes:
        tones: of its syllables; empty if none has one, nothing if it is no pinyin.
    """

    start: int
    end: int
    text: str
    tones: tuple[str, ...] | None


def has_tones(text: str) -> bool:
    """Whether there is pinyin with its tones."""
    if not text.isascii() and _SUSPECT.search(text) and any(_marked(text)):
        return True
    return _SUSPECT_DIGITS.search(text) is not None and any(_numbered(text))


def read_tones(text: Mapped) -> Mapped:
    """Without the tones."""
    plain = text.text
    edits = [] if plain.isascii() else [edit for word in _marked(plain) for edit in _bare(word)]
    taken = {edit.start for edit in edits}
    edits += [edit for edit in _numbered(plain) if edit.start not in taken]
    return text.edited(sorted(edits, key=lambda edit: edit.start))


# --- marks ------------------------------------------------------------------------------------------------------------


@functools.cache
def _syllables() -> Mapping[str, tuple[str, ...]]:
    """Each syllable there is, with and without a tone, and its tone if it has one."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(filter(None, dictionary().syllables), ())
    for code, sounds in packaged_json("pypinyin").items():
        if 0x4E00 <= int(code) <= 0x9FFF:
            for sound in sounds.split(","):
                found[sound] = tuple(mark for mark in unicodedata.normalize("NFD", sound) if mark in _TONES)[:1]
    return found


def _marked(text: str) -> Iterator[_Word]:
    """Words with tones, where they are pinyin beyond doubt."""
    matches = list(_WORD.finditer(text))
    foreign = any(not found[0].isascii() and _word(found).tones is None for found in matches)
    if foreign and not _SURE.search(text):
        return
    words = (_word(found) for found in matches)
    for group in _groups(text, words):
        if _is_sure(group, foreign=foreign):
            yield from group


def _groups(text: str, words: Iterable[_Word]) -> Iterator[list[_Word]]:
    """Words with tones that stand beside each other, but for a few without."""
    group: list[_Word] = []
    neutral = past = 0
    for word in words:
        apart = _BETWEEN.fullmatch(text, past, word.start) is None or neutral > _MOST_NEUTRAL
        past = word.end
        if group and (word.tones is None or apart):
            yield group
            group = []
        if word.tones:
            group, neutral = [*group, word], 0
        else:
            neutral += 1
    if group:
        yield group


def _word(found: re.Match[str]) -> _Word:
    text = unicodedata.normalize("NFC", found[0].lower())
    tones = _tones_of(text) if len(text) <= _LONGEST else None
    return _Word(found.start(), found.end(), found[0], tones)


def is_toned(word: str) -> bool:
    """Whether a word, composed and in small letters, is pinyin with a tone."""
    return len(word) <= _LONGEST and bool(_tones_of(word))


@functools.lru_cache(2_000)
def _tones_of(word: str) -> tuple[str, ...] | None:
    """The tones of a word that is cut into as few syllables as do; half of them must have one, or none has."""
    syllables = _syllables()
    best: list[tuple[int, tuple[str, ...]] | None] = [(0, ()), *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            before, tone = best[start], syllables.get(word[start:end])
            if before is not None and tone is not None:
                found, shortest = (before[0] + 1, before[1] + tone), best[end]
                if shortest is None or found[0] < shortest[0]:
                    best[end] = found
    whole = best[-1]
    return None if whole is None or 0 < len(whole[1]) * 2 < whole[0] else whole[1]


def _is_sure(group: list[_Word], *, foreign: bool) -> bool:
    """Whether the tones are no other language's accents."""
    tones = [tone for word in group for tone in word.tones or ()]
    if len(tones) < _LEAST:
        return False
    there = set(tones)
    texts = [unicodedata.normalize("NFC", word.text.lower()) for word in group]
    if any(hooked in text for text in texts for hooked in _ONLY_PINYIN) or (_MACRON in there and len(there) > 1):
        return True
    ways = [_NO_OTHER_MACRON if _MACRON in there else _NO_OTHER]
    ways += [_NO_OTHER_OF_BOTH] if {_ACUTE, _GRAVE} <= there else []
    return not foreign and any(way.search(text) for way in ways for text in texts)


def _bare(word: _Word) -> Iterator[Edit]:
    """Its letters without the tone."""
    for found in re.finditer("[^\u0300-\u036f][\u0300-\u036f]*", word.text):
        parts = unicodedata.normalize("NFD", found[0])
        bare = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
        if bare != unicodedata.normalize("NFC", found[0]):
            yield Edit(word.start + found.start(), word.start + found.end(), bare)


# --- digits -----------------------------------------------------------------------------------------------------------


def _numbered(text: str) -> Iterator[Edit]:
    """Letters with the digit behind them, in syllables beside each other."""
    words = (_numbered_word(found) for found in _TOKEN.finditer(text))
    for group in _groups(text, words):
        toned = [part for word in group for part in _SYLLABLE.finditer(word.text) if part[2]]
        said = {part[1].lower() for part in toned if len(part[1]) > 1}
        if len(said) < _LEAST or 2 * sum(is_word(one, rank=_USUAL_ENGLISH) for one in said) > len(said):
            continue
        if all(_MOVE.fullmatch(word.text) or _is_leet(word.text) for word in group):
            continue
        for word in group:
            for part in _SYLLABLE.finditer(word.text):
                if part[2]:
                    place = word.start + part.end()
                    yield Edit(place - 2, place, part[1][-1])


def _is_leet(word: str) -> bool:
    """Whether its digits are letters of a longer English word (`an1ma1`)."""
    return len(word) >= _LONG_ENGLISH and word_in_signs(word) is not None


def _numbered_word(found: re.Match[str]) -> _Word:
    text = found[0]
    tones: tuple[str, ...] | None = None
    if len(text) <= _LONGEST and (text.isalpha() or _NUMBERED.fullmatch(text)):
        parts = list(_SYLLABLE.finditer(text.lower()))
        if all(_tones_of(part[1].replace("ü", "v")) == () for part in parts):
            tones = tuple(part[2] for part in parts if part[2])
    return _Word(found.start(), found.end(), text, tones)
