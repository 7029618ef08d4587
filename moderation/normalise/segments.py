"""Long texts, stretch by stretch: only those that look disguised are read closely, and only they make views.

A stretch ends at a line, a sentence or at least a blank, where neither a word nor a run of an encoding is cut, nor
letters that stand apart, nor words backwards; it gets longer for that, up to `_LONGEST`. What lies in two stretches is
not seen together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from moderation.normalise.mapped import Mapped
from moderation.normalise.rotation import is_suspect

LONG_TEXT = 4_000  # characters; shorter ones are read as a whole
_SHORTEST = 1_000
_USUAL = 2_000
_LONGEST = 200_000
_AROUND = 48
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u0590-\u1fff]{2}")
_CODED = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]|[0-9][A-Za-z]|[A-Za-z][0-9]|[%\\&#=]")
_ENDS = (re.compile(r"\n"), re.compile(r"[。！？!?;；]|\. "), re.compile(r"[\s，,]"))


def segments(text: str) -> Iterator[tuple[int, int, bool]]:
    """Stretches that make up the text, in order, and whether each ends amid what may be one disguise."""
    start = 0
    while start < len(text):
        end = _end(text, start)
        yield start, end, end < len(text) and end - start >= _LONGEST
        start = end


def _end(text: str, start: int) -> int:
    if len(text) - start <= _USUAL:
        return len(text)
    for pattern in _ENDS:
        for found in pattern.finditer(text, start + _SHORTEST, min(start + _USUAL, len(text))):
            if not _parts_disguise(text, found.end()):
                return found.end()
    for found in _ENDS[-1].finditer(text, start + _USUAL, start + _LONGEST):
        if not _parts_disguise(text, found.end()):
            return found.end()
    return min(start + _LONGEST, len(text))


def _parts_disguise(text: str, at: int) -> bool:
    """Whether a cut there goes through letters that stand apart, codes in groups, or words backwards."""
    around = text[max(0, at - _AROUND) : at + _AROUND]
    words = around.split()
    if 2 * sum(_is_plain(word) for word in words) <= len(words):
        return True
    return not text.startswith("\n", at - 1) and is_suspect(around)  # words are turned line by line


def _is_plain(word: str) -> bool:
    """Whether it looks like a word of a language, and not like a group of a code or a letter."""
    return _LETTERS.search(word) is not None and _CODED.search(word) is None


def joined(texts: Sequence[Mapped]) -> Mapped:
    """One text of several, on lines of their own."""
    pieces: list[Mapped] = []
    for text in texts:
        if pieces:
            end = pieces[-1].span(len(pieces[-1].text), len(pieces[-1].text))[1]
            at = np.array([end], np.int32)
            pieces.append(Mapped("\n", at, at))
        pieces.append(text)
    return Mapped(
        "".join(piece.text for piece in pieces),
        np.concatenate([piece.starts for piece in pieces]),
        np.concatenate([piece.ends for piece in pieces]),
    )
