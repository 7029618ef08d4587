"""What is left of the block lists' matches once the allow lists have spoken, and what else they let pass. Pure.

All of it takes time in proportion to the text and the matches, not to their product: both are chosen by who writes
the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from moderation.lists.terms import ANY, Kind, Match


@dataclass(frozen=True, slots=True)
class Excused:
    """A match of a block list that does not count, and the allow list that says so."""

    match: Match
    by: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """The matches in a text, in their order: what counts, what is excused, and the allow lists' own."""

    standing: tuple[Match, ...] = ()
    excused: tuple[Excused, ...] = ()
    allowed: tuple[Match, ...] = ()


def weighed(matches: Iterable[Match]) -> Weighed:
    """The block lists' matches, parted by whether an allow list excuses them.

    One is excused when its span lies wholly inside one match of an allow list that shares a category with it, or is
    for all of them. A parent category is not its child's: an allow list names what it excuses.
    """
    whole = list(matches)
    allowed = tuple(match for match in whole if match.kind is Kind.ALLOW)
    excuses = _excuses(allowed)
    standing: list[Match] = []
    excused: list[Excused] = []
    for match in whole:
        if match.kind is not Kind.BLOCK:
            continue
        by = _excuse(match, excuses)
        if by is None:
            standing.append(match)
        else:
            excused.append(Excused(match, by))
    return Weighed(tuple(standing), tuple(excused), allowed)


def effective(matches: Iterable[Match]) -> list[Match]:
    """The matches of block lists that count, in their order: `weighed(matches).standing`."""
    return list(weighed(matches).standing)


# For each category the starts in order, and which match of those that start by then reaches farthest.
_Excuses = dict[str, tuple[list[int], list[Match]]]


def _excuses(allowed: Iterable[Match]) -> _Excuses:
    of_category: dict[str, list[Match]] = {}
    for match in allowed:
        for category in match.categories:
            of_category.setdefault(category, []).append(match)
    found: _Excuses = {}
    for category, some in of_category.items():
        some.sort(key=lambda match: match.span)
        farthest: list[Match] = []
        for match in some:
            farthest.append(match if not farthest or match.span[1] > farthest[-1].span[1] else farthest[-1])
        found[category] = ([match.span[0] for match in some], farthest)
    return found


def _excuse(match: Match, excuses: _Excuses) -> str | None:
    """The name of an allow list that excuses a match."""
    start, end = match.span
    for category in (*match.categories, ANY):
        starts, farthest = excuses.get(category, ([], []))
        place = bisect_right(starts, start)
        if place and farthest[place - 1].span[1] >= end:
            return farthest[place - 1].list
    return None


@dataclass(frozen=True, slots=True)
class _Cover:
    """The allow lists' matches for one category, in order, and how many letters and digits lie outside all of them."""

    matches: tuple[Match, ...]
    reach: list[int]
    outside: npt.NDArray[np.int32]


class Passes:
    """What allow lists let pass of what others than lists find in a text.

    Args:
        allowed: the allow lists' matches in the text, by their place.
    """

    def __init__(self, text: str, allowed: Sequence[Match]) -> None:
        self._text = text
        self._allowed = allowed
        self._named = {category for match in allowed for category in match.categories}
        self._covers: dict[str, _Cover] = {}
        self._said: npt.NDArray[np.bool_] | None = None

    def by(self, span: tuple[int, int] | None, category: str) -> str | None:
        """The allow list by which a finding passes: outside its terms, the span says nothing (no letter, no digit)."""
        category = category if category in self._named else ANY
        if category not in self._named and ANY not in self._named:
            return None
        start, end = span or (0, len(self._text))
        cover = self._cover(category)
        place = bisect_right(cover.reach, start)
        if place == len(cover.matches) or cover.matches[place].span[0] >= end:
            return None
        return None if cover.outside[end] > cover.outside[start] else cover.matches[place].list

    def _cover(self, category: str) -> _Cover:
        cover = self._covers.get(category)
        if cover is None:
            wanted = {category, ANY}
            matches = tuple(match for match in self._allowed if not wanted.isdisjoint(match.categories))
            if self._said is None:
                self._said = np.fromiter(map(str.isalnum, self._text), dtype=np.bool_, count=len(self._text))
            left = self._said.copy()
            for match in matches:
                left[slice(*match.span)] = False
            outside = np.zeros(len(left) + 1, dtype=np.int32)
            np.cumsum(left, out=outside[1:])
            reach = list(accumulate((match.span[1] for match in matches), max))
            cover = self._covers[category] = _Cover(matches, reach, outside)
        return cover
