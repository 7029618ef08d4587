"""Texts with accents composed (NFC), letters of several unfolded and one blank for many, and the way back.

`cafe` with a combining accent is `café`, and jamo are syllables, before terms are looked for: terms are composed when
they are read. A letter whose capitals are several is those, small: `ß` is `ss`, a ligature its letters. Only what
composes or unfolds is changed; past `_MOST_MARKS` marks on one letter, which no language writes, the rest stays as it
is, so that a text of marks costs no more than another. A run of blanks, line ends among them, is one blank. It does not
know what merely looks alike.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST_MARKS = 30  # as in Unicode's stream-safe text format
_SIZE = 0x110000
# Between them lie Han and the Hangul syllables, private use and what is not assigned.
_TOLD = (
    (0x80, 0x3400),
    (0xA000, 0xAC00),
    (0xF900, 0x18000),
    (0x1B000, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0100, 0xE01F0),
)
_JAMO = ((0x1161, 0x1176), (0x11A8, 0x11C3))
_JOINS, _CHANGES, _BLANK = 1, 2, 4

Change = tuple[int, int, str]  # start, end, and what stands there instead


class Composed:
    """A text with all that composes composed, and its runs of blanks as one.

    Attributes:
        text: what to look in; the text itself if nothing changes.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._size = len(text)
        # Most texts have blanks to join and no more: where each kept character was is their way back.
        self._kept: npt.NDArray[np.int64] | None = None
        self._new: list[tuple[int, int]] = []
        self._old: list[tuple[int, int]] = []
        codes = _codes(text)
        kinds = _kinds()[codes]
        changes = _composing(text, kinds)
        if changes:
            self._change(_with_blanks(changes, kinds))
        else:
            self._join_blanks(codes, kinds)

    def _change(self, changes: Iterable[Change]) -> None:
        pieces: list[str] = []
        at = size = 0
        for start, end, whole in changes:
            pieces += (self.text[at:start], whole)
            size += start - at
            self._new.append((size, size + len(whole)))
            self._old.append((start, end))
            at, size = end, size + len(whole)
        self.text = "".join((*pieces, self.text[at:]))

    def _join_blanks(self, codes: npt.NDArray[Any], kinds: npt.NDArray[np.uint8]) -> None:
        np.bitwise_and(kinds, np.uint8(_BLANK), out=kinds)  # its own, and texts may be long
        both = kinds[1:] & kinds[:-1]
        if not both.any():
            return
        again = both.astype(bool)
        self._kept = np.flatnonzero(np.concatenate(([True], ~again)))
        changed = codes.copy()
        changed[:-1][again] = ord(" ")
        left = changed[self._kept].tobytes()
        self.text = left.decode("ascii") if codes.dtype == np.uint8 else left.decode("utf-32-le", "surrogatepass")

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a stretch of `text`: of what was composed or unfolded, all of it."""
        if self._kept is None and not self._new:
            return start, end
        return self._edge(start, 0), self._edge(end - 1, 1) if end > start else self._edge(start, 0)

    def _edge(self, place: int, side: int) -> int:
        """Where the character at a place starts in the original (side 0), or what follows it (side 1)."""
        if self._kept is not None:
            at = place + side
            return int(self._kept[at]) if at < len(self._kept) else self._size
        number = bisect_right(self._new, (place, _SIZE)) - 1
        if number < 0:
            return place + side
        if place < self._new[number][1]:
            return self._old[number][side]
        return place - self._new[number][1] + self._old[number][1] + side


def _codes(text: str) -> npt.NDArray[Any]:
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _whole(stretch: str) -> str:
    """Composed; and folded too where that makes it longer or shorter, which the plain form cannot do."""
    whole = unicodedata.normalize("NFC", stretch)
    folded = _folded(whole)
    return whole if len(folded) == len(whole) == len(whole.casefold()) else folded


_alone = cache(_whole)  # for single characters, of which there are not many that change


def _folded(text: str) -> str:
    """With small letters, as both halves of `I` and a dot above are in Turkish: the dot goes."""
    return unicodedata.normalize("NFC", text.replace("İ", "i").casefold().replace("i\u0307", "i"))


def _composing(text: str, kinds: npt.NDArray[np.uint8]) -> list[Change]:
    """What composes or unfolds, in order and apart."""
    found = [
        (start, end, _alone(text[start]) if end - start == 1 else _whole(text[start:end]))
        for start, end in _loose(kinds)
    ]
    return [one for one in found if one[2] != text[one[0] : one[1]]]


def _with_blanks(changes: list[Change], kinds: npt.NDArray[np.uint8]) -> Iterator[Change]:
    """And the runs of blanks."""
    past = 0
    for start, end, whole in sorted([*changes, *((start, end, " ") for start, end in _blank_runs(kinds))]):
        if start >= past:  # a mark may stand on the last blank of a run
            yield start, end, whole
            past = end


def _blank_runs(kinds: npt.NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Stretches of two blanks and more."""
    blank = (kinds & _BLANK).astype(bool)
    if not (blank[1:] & blank[:-1]).any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate(([False], blank, [False])).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        if end - start > 1:
            yield start, end


def _loose(kinds: npt.NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """What may compose: a character and the marks after it, or one that Unicode never leaves alone."""
    composing: npt.NDArray[np.uint8] = np.bitwise_and(kinds, np.uint8(_JOINS | _CHANGES))
    places = np.flatnonzero(composing)
    if not len(places):
        return
    flags, past = composing.tobytes(), 0
    for place in places.tolist():
        if place < past:
            continue
        start = place - (flags[place] & _JOINS and place > past)
        past = start + 1
        while past < len(flags) and past - start <= _MOST_MARKS and flags[past] & _JOINS:
            past += 1
        yield start, past


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """By code point, whether it joins the one before it, changes or unfolds by itself, or is a blank; 1.1 MB."""
    kinds = np.zeros(_SIZE, dtype=np.uint8)
    kinds[[code for code in range(0x3001) if chr(code).isspace()]] = _BLANK
    for first, last in _TOLD:
        for code in range(first, last):
            character = chr(code)
            if unicodedata.combining(character):
                kinds[code] |= _JOINS
            form = unicodedata.decomposition(character)
            if form and form[0] != "<":
                kinds[[int(part, 16) for part in form.split()[1:]]] |= _JOINS
            if _whole(character) != character:
                kinds[code] |= _CHANGES
    for first, last in _JAMO:
        kinds[first:last] |= _JOINS
    return kinds
