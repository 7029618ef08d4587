"""Where a run of codes begins and ends, when what stands beside it looks like codes too: a list's dash before Morse, a
number before numbers, the word `be` before hexadecimal ones.

What is cut off is only what the run can do without: what another sign parts from it than parts all the rest, or what
would be no text. What it does not know: a number that would be a letter of the run (`99 116 114`) is one.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from moderation.normalise.english import is_word
from moderation.normalise.lexicon import HAN
from moderation.normalise.mapped import Edit

_MOST_BEFORE = 6  # units of a date and a time
_MOST_AFTER = 3
_LEAST_UNITS = 4
_LEAST_BYTES = 4
_LONG_UNIT = 8  # bytes
_STRANGE = re.compile("[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FIRST_SIGNS = re.compile(r"(?:(?:-{1,3}|\.{1,3}) (?:[/|] )?){1,2}")
_LAST_SIGN = re.compile(r"(?: [/|])? (?:-{1,3}|\.{1,3})$")
_MOST_ENDS = 8
_PUNCTUATION = "?.,"
_FIRST_WORD, _LAST_WORD = re.compile("[A-Za-z]+"), re.compile("[A-Za-z]+$")
_BESIDE_HAN = re.compile(f"^[A-Za-z]+[{HAN}]|[{HAN}][A-Za-z]+$")


@dataclass(frozen=True, slots=True)
class Unit:
    """Signs of a run without a blank or another sign between them.

    Attributes:
        before: what parts it from the unit before.
        size: how many bytes it says.
    """

    start: int
    end: int
    text: str
    before: str
    size: int


def units_of(found: re.Match[str], one: re.Pattern[str], size: Callable[[str], int]) -> list[Unit]:
    """The units of a run.

    Args:
        size: how many bytes the signs of a unit say.
    """
    units: list[Unit] = []
    at = found.start()
    for part in one.finditer(found.string, *found.span()):
        units.append(Unit(*part.span(), part[0], found.string[at : part.start()], size(part[0])))
        at = part.end()
    return units


def fitted(units: list[Unit], read: Callable[[list[Unit]], Edit | None]) -> Edit | None:
    """The part that has least of what is no text in it; all, if nothing is gained without its ends."""
    best, least = read(units), sys.maxsize
    if best is not None and not (least := strange_signs(best.text)) and _strangers(units) == (0, 0):
        return best
    front, back = _strangers(units)
    first, last = front, len(units) - back
    cuts = [(first + cut, last) for cut in range(_MOST_BEFORE + 1)]
    for begin, end in (*cuts, *((-1, last - cut) for cut in range(1, _MOST_AFTER + 1))):
        part = units[first if begin < 0 else begin : end]
        if len(part) == len(units) or (edit := _strict(part, read)) is None:
            continue
        strange = strange_signs(edit.text)
        if strange < least or (strange == least and (begin, end) == (front, len(units) - back)):
            best, least = edit, strange
            first = first if begin < 0 else begin
    return best


def _strict(units: list[Unit], read: Callable[[list[Unit]], Edit | None]) -> Edit | None:
    """A part of a run, in UTF-8 only: parts of chance bytes are read in rarer ways too easily."""
    size = sum(unit.size for unit in units)
    edit = read(units) if size >= _LEAST_BYTES else None
    return edit if edit is not None and len(edit.text.encode("utf-8", "replace")) == size else None


def _strangers(units: list[Unit]) -> tuple[int, int]:
    """How many at either end are no part of the rest: beside one that is long, or behind another sign than those."""
    widest = max(unit.size for unit in units)
    if widest >= _LONG_UNIT:
        wide = [at for at, unit in enumerate(units) if unit.size == widest]
        return wide[0], max(0, len(units) - 1 - wide[-1] - (len(wide) > 1))
    if len(units) < _LEAST_UNITS:
        return 0, 0
    (usual, often), *_ = Counter(unit.before for unit in units[1:]).most_common(1)
    if often < _LEAST_UNITS - 1:
        return 0, 0
    others = [at for at, unit in enumerate(units) if at and unit.before != usual]
    front = max((at for at in others if at <= _MOST_BEFORE), default=0)
    back = min((at for at in others if at >= max(front + 1, len(units) - _MOST_AFTER)), default=len(units))
    return front, len(units) - back


def strange_signs(decoded: str) -> int:
    """How many characters of it no text has; one more for blanks at its ends."""
    return len(_STRANGE.findall(decoded)) + (decoded != decoded.strip())


def worded_ends(decoded: str) -> int:
    """How many of its ends are words, or no letters of ASCII; such beside an ideograph are no word."""
    ends = (_FIRST_WORD.match(decoded), _LAST_WORD.search(decoded))
    return sum(found is None or is_word(found[0].lower()) for found in ends) - (_BESIDE_HAN.search(decoded) is not None)


def fitted_signs(run: str, read: Callable[[str], str]) -> tuple[int, int, str]:
    """A run of dots and dashes without those at its ends that spoil a word: where it stands, and what it says.

    Args:
        read: what a run says; nothing if it is none.
    """
    fronts = [0]
    if found := _FIRST_SIGNS.match(run):
        fronts += [at.end() for at in re.finditer(" ", found[0])]
    best: tuple[int, int, int, int, str] | None = None
    for front in fronts:
        for back in _ends(run):
            if plain := read(run[front:back]):
                candidate = (_fits(plain), back - front, front, back, plain)
                best = candidate if best is None else max(best, candidate)
    return (0, 0, "") if best is None else best[2:]


def _ends(run: str) -> list[int]:
    """Where it may end: before a sign that stands alone, or before full stops right behind the last letter."""
    ends = [len(run)]
    for end in ends:
        if len(ends) > _MOST_ENDS:
            break
        if run[end - 2 : end] in ("..", "-.") and end - 1 not in ends:
            ends.append(end - 1)
        if (found := _LAST_SIGN.search(run, 0, end)) and found.start() not in ends:
            ends.append(found.start())
    return ends


def _fits(plain: str) -> int:
    """How many of the first and the last word are words."""
    words = plain.split()
    ends = (words[0].strip(_PUNCTUATION), words[-1].strip(_PUNCTUATION))
    return sum(is_word(word) or word.isdigit() for word in ends)
