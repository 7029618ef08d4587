"""Texts that zero-width characters spell in bits, or in digits of three or four signs.

All that a writer may choose is tried: which sign is which digit, how many signs a character or a byte takes (7, 8 and
16 bits and as many digits of other bases), or one sign as the border between numbers of any length. The reading that
says most is taken, if it says letters beyond doubt. What it does not know: more than four signs, and bits mixed with
other letters.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from moderation.normalise.decodable import is_usual_han
from moderation.normalise.english import is_word

Piece = tuple[int, int, str]  # where it is hidden, and the character
Run = list[Piece]
_Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

# Signs of a number, by how many signs there are, and what the numbers are.
_WIDTHS = {
    2: ((8, "utf-8"), (7, "ascii"), (16, "utf-16-be")),
    3: ((5, "ascii"), (6, "utf-8"), (11, "utf-16-be")),
    4: ((4, "utf-8"), (8, "utf-16-be")),
}
_LONGEST_NUMBER = 21  # signs of a code point
_SAMPLE = 64  # numbers by which a reading is judged
_LEAST_LETTERS = 2
_SURE = 0.6
_MOST_AT_ENDS = 2
_LATIN = re.compile("[a-z]+")


@dataclass(frozen=True, slots=True)
class _Reading:
    numbers: _Numbers
    ends: _Numbers  # of the signs of each number
    encoding: str


def spelled(signs: str, start: int) -> Run:
    """What signs spell, with the stretch of each character; nothing if they spell no text.

    Args:
        start: where they stand.
    """
    inner = _without_ends(signs)
    start += signs.find(inner)
    best: tuple[float, _Reading] | None = None
    for reading in _readings(inner):
        score = _score(reading)
        if score > 0 and (best is None or score > best[0]):
            best = score, reading
    return _run(best[1], start) if best else []


def _without_ends(signs: str) -> str:
    """Without signs that stand only at the ends, as marks; marks may stand inside others."""
    for _ in set(signs):
        for one in sorted(set(signs)):
            if 0 < signs.count(one) <= _MOST_AT_ENDS and one not in (inner := signs.strip(one)):
                signs = inner
    return signs


def _readings(signs: str) -> Iterator[_Reading]:
    kinds = sorted(set(signs))
    if len(kinds) not in _WIDTHS:
        return
    codes = np.zeros(len(signs), np.int64)
    for index, one in enumerate(kinds):
        codes[np.frombuffer(signs.encode("utf-32-le"), np.uint32) == ord(one)] = index
    for width, encoding in _WIDTHS[len(kinds)]:
        if len(signs) % width == 0:
            powers = len(kinds) ** np.arange(width - 1, -1, -1, dtype=np.int64)
            ends = np.arange(width, len(signs) + 1, width)
            for order in permutations(range(len(kinds))):
                yield _Reading(np.array(order)[codes].reshape(-1, width) @ powers, ends, encoding)
    if len(kinds) == len(_WIDTHS[2]):
        for border in kinds:
            yield from _parted(signs, border)


def _parted(signs: str, border: str) -> Iterator[_Reading]:
    groups = [(found.end(), found[0]) for found in re.finditer(f"[^{border}]+", signs)]
    if len(groups) < _LEAST_LETTERS or max(len(group) for _, group in groups) > _LONGEST_NUMBER:
        return
    ends = np.array([end for end, _ in groups])
    for one in sorted(set(signs) - {border}):
        bits = [int("".join("1" if sign == one else "0" for sign in group), 2) for _, group in groups]
        for encoding in ("utf-32-be", "utf-8"):
            yield _Reading(np.array(bits), ends, encoding)


_UNITS = {"ascii": ("u1", 0x7F), "utf-8": ("u1", 0xFF), "utf-16-be": (">u2", 0xFFFF), "utf-32-be": (">u4", 0x10FFFF)}


def _text(reading: _Reading, most: int | None = None) -> str:
    """Nothing if it is none."""
    kind, largest = _UNITS[reading.encoding]
    numbers = reading.numbers[:most]
    if not len(numbers) or numbers.max() > largest:
        return ""
    decoder = codecs.getincrementaldecoder(reading.encoding)()
    try:
        return str(decoder.decode(numbers.astype(kind).tobytes(), final=most is None or most >= len(reading.numbers)))
    except UnicodeDecodeError:
        return ""


def _score(reading: _Reading) -> float:
    """How much a reading says: the share of its characters that make words; 0 if it is no text."""
    sample = _text(reading, _SAMPLE)
    if not all(map(_may_stand, sample)) or sum(map(str.isalpha, sample)) < _LEAST_LETTERS:
        return 0.0
    words = sum(len(word) for word in _LATIN.findall(sample.lower()) if is_word(word))
    share = (words + sum(not one.isascii() and is_usual_han(one) for one in sample)) / sum(map(str.isalpha, sample))
    printed = sum(map(str.isprintable, sample)) / len(sample)
    # bytes as such are the usual way, whatever they say; all else must say words
    return share + printed + 0.5 if reading.encoding == "utf-8" else share + printed if share >= _SURE else 0.0


def _run(reading: _Reading, start: int) -> Run:
    text = _text(reading)
    if not all(map(_may_stand, text)):
        return []
    run, unit, at = [], np.dtype(_UNITS[reading.encoding][0]).itemsize, 0
    last = start
    for character in text:
        at += len(character.encode(reading.encoding)) // unit
        end = start + int(reading.ends[at - 1])
        run.append((last, end, character))
        last = end
    return run


def _may_stand(character: str) -> bool:
    """Whether it may stand in a text: blanks, joiners and stray controls of every kind as well, which others fold."""
    return (
        character.isprintable()
        or character in "\0\t\n\v\f\r\x1b"
        or unicodedata.category(character) in ("Cf", "Zs", "Zl", "Zp")
    )


def decoded(values: list[int], start: int) -> Run:
    """Bytes that one sign each stands for, as UTF-8, as `spelled` gives them."""
    reading = _Reading(np.array(values), np.arange(1, len(values) + 1), "utf-8")
    run = _run(reading, start)
    return run if sum(character.isalpha() for *_, character in run) >= _LEAST_LETTERS else []
