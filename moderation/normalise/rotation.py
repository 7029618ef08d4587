"""Texts written backwards, and letters moved by thirteen places (ROT13): found word by word, by what they become.

A word is evidence if it is strange and becomes a usual one; a stretch of a line is turned if it has enough of them.
What it does not know: other shifts than thirteen, and other languages than English and Chinese.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_letters

import numpy as np

from moderation.normalise.english import is_word, known, ranks
from moderation.normalise.lexicon import dictionary
from moderation.normalise.mapped import Edit, Mapped, codes_of

_WORD = re.compile("[A-Za-z]+")
_MAYBE_LEET = re.compile("(?<![A-Za-z0-9@$])(?=[0-9@$]*+[A-Za-z])[A-Za-z0-9@$]++")  # signs in place of letters
_SIGN = re.compile("[a-z][013457@$]|[013457@$][a-z]")
_LEET_WORD = re.compile("[a-z013457@$]{6,}")
_SIGNS = str.maketrans("013457@$", "oieastas")
_ROT13 = {code: ord(codecs.encode(chr(code), "rot13")) for code in map(ord, ascii_letters)}
_ROT13_SIGNS = _ROT13 | _SIGNS
_LONG_WORD = 6
_USUAL_WEIGHT = 12
_LEAST_LETTERS = 9
_MOST_DOUBT = 2  # words in a row that say nothing
_SHORT_WORD = 3
_LEANS = 4  # times as usual must a word become that is no strange one
_LEANS_HAN = 2
_LEAST_GAIN_HAN = 40  # chosen on ordinary clauses: 1 of 9,000 is turned
_AROUND = 60  # characters in which the words beside it are
_BESIDE = 2
_NO_RANK = 40_000
_HAN_CLAUSE = re.compile("[\u3400-\u9fff]{2,}")
_PUNCTUATION = re.compile("[，、。！？；：,.!?“”\"' ]{1,3}")


def _rotated(word: str) -> str:
    return word.translate(_ROT13)  # several times as quick as the codec


def _reversed(word: str) -> str:
    return word[::-1]


def _rotated_leet(word: str) -> str:
    return word.translate(_ROT13_SIGNS)


def is_suspect(text: str) -> bool:
    """Whether a word is in no list and turns into one that is: without one there is nothing to look for; cheap."""
    lower = text.lower()
    strange = set(_WORD.findall(lower)) - known()
    if _SIGN.search(lower) and any(is_word(_rotated_leet(word)) for word in set(_LEET_WORD.findall(lower))):
        return True
    return any(len(word) > 2 and (is_word(word[::-1]) or is_word(_rotated(word))) for word in strange)


def rotated(text: Mapped) -> Mapped:
    """With the stretches in ROT13 read."""
    edits = []
    for start, end in _stretches(text.text, _rotated_leet, _MAYBE_LEET):
        edits.append(Edit(start, end, _rotated(text.text[start:end]), aligned=True))
    return text.edited(edits)


def moved(text: Mapped, name: str, runs: list[tuple[int, int]]) -> Mapped:
    """With these runs alone read in ROT13, or backwards."""
    if name == "rot13":
        return text.edited([Edit(start, end, _rotated(text.text[start:end]), aligned=True) for start, end in runs])
    order = np.arange(len(text.text))
    for start, end in runs:
        order[start:end] = order[start:end][::-1]
    return text.taken(order)


def turned(text: Mapped, weight: Callable[[str], int] | None = None) -> list[Mapped]:
    """With the stretches that are written backwards read forwards; and word by word, where there are several.

    Args:
        weight: how usual two ideographs side by side are inside words; clauses are looked at only with it.
    """
    stretches = list(_stretches(text.text, _reversed))
    order = np.arange(len(text.text))
    by_word = order.copy()
    several = False
    for start, end in stretches:
        order[start:end] = order[start:end][::-1]
        words = [word.span() for word in _WORD.finditer(text.text, start, end)]
        several |= len(words) > 1
        for first, last in words:
            by_word[first:last] = by_word[first:last][::-1]
    if weight is not None:
        for start, end in _turned_han(text.text, weight):
            order[start:end] = order[start:end][::-1]
            stretches.append((start, end))
    if not stretches:
        return []
    return [text.taken(order), text.taken(by_word)] if several else [text.taken(order)]


@dataclass(slots=True)
class _Stretch:
    """A stretch that is being found: where it stands, letters of strange words in it, words since that say nothing."""

    start: int
    end: int
    letters: int = 0
    longest: int = 0
    doubt: int = 0
    words: int = 0

    def is_sure(self, text: str) -> bool:
        """Whether there is enough of it: one word alone not among words of another language."""
        if self.letters < _LEAST_LETTERS and self.longest < _LONG_WORD:
            return False
        return self.words > 1 or not _is_amid_strange(text, self.start, self.end)


def _is_amid_strange(text: str, start: int, end: int) -> bool:
    """Whether most words beside it in its line are in no list."""
    before = _WORD.findall(text[max(0, start - _AROUND) : start].rpartition("\n")[2])[-_BESIDE:]
    after = _WORD.findall(text[end : end + _AROUND].partition("\n")[0])[:_BESIDE]
    strange = [word.lower() not in known() for word in (*before, *after)]
    return 2 * sum(strange) > len(strange)


def _stretches(text: str, turn: Callable[[str], str], words: re.Pattern[str] = _WORD) -> Iterator[tuple[int, int]]:
    """Stretches within lines that a turn makes English, from the first word that says so to the last."""
    ordinary, rank = known(), ranks()
    begun: _Stretch | None = None
    for word in words.finditer(text):
        lower = word[0].lower()
        other = turn(lower)
        fits = len(lower) > 1 and is_word(other)
        strange = lower not in ordinary
        leans = fits and (strange or _LEANS * (rank[other] + 1) < rank.get(lower, _NO_RANK))
        if begun is not None and "\n" in text[begun.end : word.start()]:
            yield from [(begun.start, begun.end)] if begun.is_sure(text) else []
            begun = None
        if leans:
            begun = begun or _Stretch(word.start(), word.end())
            begun.end, begun.doubt, begun.words = word.end(), 0, begun.words + 1
            if strange:
                begun.letters += len(lower)
                begun.longest = max(begun.longest, len(lower))
        elif begun is not None:
            begun.doubt += 1
            if begun.doubt > _MOST_DOUBT or not (fits or len(lower) <= _SHORT_WORD):
                yield from [(begun.start, begun.end)] if begun.is_sure(text) else []
                begun = None
    if begun is not None and begun.is_sure(text):
        yield begun.start, begun.end


def _turned_han(text: str, weight: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """Clauses whose characters hardly ever make words with their neighbours, and mostly do backwards; in a row, all."""
    begun: tuple[int, int] | None = None
    usual = np.concatenate([[0], np.cumsum(dictionary().pair_weights(codes_of(text)) >= _USUAL_WEIGHT)])
    for found in _HAN_CLAUSE.finditer(text):
        start, end = found.span()
        reads_well = 3 * (usual[end - 1] - usual[start]) > end - start - 1  # already without an operator's words
        if not reads_well and _reads_backwards(found[0], weight):
            if begun and not _PUNCTUATION.fullmatch(text, begun[1], found.start()):
                yield begun
                begun = None
            begun = (begun or found.span())[0], found.end()
        elif begun:
            yield begun
            begun = None
    if begun:
        yield begun


def _reads_backwards(clause: str, weight: Callable[[str], int]) -> bool:
    pairs = [before + after for before, after in pairwise(clause)]
    backwards = [weight(pair[::-1]) for pair in pairs]
    forwards = sum(map(weight, pairs))
    words = sum(usual >= _USUAL_WEIGHT for usual in backwards)
    return words > 1 and sum(backwards) >= max(_LEANS_HAN * forwards, forwards + _LEAST_GAIN_HAN)
