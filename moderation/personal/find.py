"""Finds personal information and secrets in a text, redacts them, and says what a stream must not release yet.

Pure and in linear time. A find is a form, a check digit where there is one, and the words beside it; nobody is looked
up. What it does not see: information that has no form (a diagnosis, a salary, a name in a sentence), numbers spread
over several messages, and pictures of text (OCR's business).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]

from moderation.personal import (
    british,
    china,
    international,
    keys,
    mail,
    passwords,
    people,
    places,
    said_mail,
    webhooks,
)
from moderation.personal.folding import fold
from moderation.personal.rules import Near, Rule, span_of


@dataclass(frozen=True, slots=True)
class Found:
    """One find.

    Attributes:
        kind: a stable word: `cn_resident_id`, `cn_mobile`, `bank_card`, `email`, `api_key` …
        span: code points of the text, half open.
        score: 0..1, how sure.
        secret: whoever has it can act with it: keys, tokens, passwords. All else is about a person.
    """

    kind: str
    span: tuple[int, int]
    score: float
    secret: bool


RULES: tuple[Rule, ...] = tuple(
    rule
    for module in (china, international, british, mail, said_mail, places, people, passwords, keys, webhooks)
    for rule in module.RULES
)
KINDS = tuple(sorted({rule.kind for rule in RULES}))

_DIGIT = re.compile("[0-9]")
_WHOLE_CHARS = 400  # a shorter text is looked at as a whole


def _by_near() -> tuple[tuple[Near, tuple[tuple[Rule, re.Pattern[str]], ...]], ...]:
    grouped: dict[Near, list[tuple[Rule, re.Pattern[str]]]] = {}
    for rule in RULES:
        grouped.setdefault(rule.near, []).append((rule, re.compile(rule.pattern)))
    return tuple((near, tuple(rules)) for near, rules in grouped.items())


_BY_NEAR = _by_near()


def find(text: str) -> list[Found]:
    """All finds in order, none overlapping: of two that do, the surer stays, then the longer."""
    folded = fold(text)
    candidates = [
        Found(rule.kind, folded.span(*span_of(match)), score, rule.secret)
        for rule, match in _matches(folded.text)
        if (score := rule.check(match)) is not None
    ]
    return _apart(candidates, len(text)) if candidates else []


def _matches(text: str) -> Iterator[tuple[Rule, re.Match[str]]]:
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters, such as a dotted capital I, grow
        lowered = "".join(character if len(character.lower()) != 1 else character.lower() for character in text)
    has_digit = _DIGIT.search(text) is not None
    for near, rules in _BY_NEAR:
        searched = lowered if near.any_case else text
        if (near.digit and not has_digit) or not _is_near(text, searched, near):
            continue
        windows = [(0, len(text))] if len(text) <= _WHOLE_CHARS else _windows(text, searched, near)
        for start, end in windows:
            for rule, pattern in rules:
                for match in pattern.finditer(text, start, end):
                    yield rule, match


def _is_near(text: str, searched: str, near: Near) -> bool:
    for needle in near.needles:  # loops, since this is all the work for most texts
        if needle in searched:
            return True
    for pattern in near.patterns:  # noqa: SIM110 - as above
        if pattern.search(text) is not None:
            return True
    return False


def _windows(text: str, searched: str, near: Near) -> list[tuple[int, int]]:
    """Stretches around what a rule needs; every match is inside one of them, and they do not touch."""
    windows: list[tuple[int, int]] = []
    for needle in near.needles:
        _extend(windows, _runs(searched, needle, near), len(text))
    for pattern in near.patterns:
        spots = ((found.start() - near.before, found.end() + near.after) for found in pattern.finditer(text))
        _extend(windows, spots, len(text))
    if len(near.needles) + len(near.patterns) == 1:
        return windows
    merged: list[tuple[int, int]] = []
    _extend(merged, sorted(windows), len(text))
    return merged


def _runs(searched: str, needle: str, near: Near) -> Iterator[tuple[int, int]]:
    """Stretches around a needle; of many close together only every so many are looked at."""
    first = searched.find(needle)
    while first >= 0:
        last = searched.rfind(needle, first, first + near.after)
        yield first - near.before, max(first, last) + near.after
        first = searched.find(needle, max(first, last) + 1)


def _extend(windows: list[tuple[int, int]], more: Iterable[tuple[int, int]], length: int) -> None:
    """Adds stretches in order, those that touch made one."""
    for start, end in more:
        if windows and windows[-1][0] <= start <= windows[-1][1]:
            windows[-1] = windows[-1][0], min(length, max(end, windows[-1][1]))
        else:
            windows.append((max(0, start), min(length, end)))


def _apart(candidates: Iterable[Found], length: int) -> list[Found]:
    taken = bytearray(length)
    kept = []
    for found in sorted(candidates, key=_rank):
        start, end = found.span
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\x01" * (end - start)
            kept.append(found)
    return sorted(kept, key=lambda found: found.span)


def _rank(found: Found) -> tuple[float, int, tuple[int, int], str]:
    start, end = found.span
    return -found.score, start - end, found.span, found.kind


def redact(text: str, found: Sequence[Found]) -> str:
    """The text with every find's kind, in brackets, in its place.

    Args:
        found: finds in this text, as `find` gives them; where some overlap, the first of them names the stretch.
    """
    pieces: list[str] = []
    position = 0
    for one in sorted(found, key=lambda one: one.span):
        start, end = one.span
        if start >= position:
            pieces += (text[position:start], f"[{one.kind}]")
        position = max(position, end)
    return "".join((*pieces, text[position:]))


# ---- streams

_NEVER = r"[^\x00-\U0010ffff]"  # after a whole match one character more is asked for: then every match is a partial one
_REACH_CHARS = max(rule.reach for rule in RULES)


@cache
def _growing() -> tuple[tuple[Rule, Any], ...]:
    """The rules, those first that hold back most."""
    rules = sorted(RULES, key=lambda rule: -rule.reach)
    return tuple((rule, regex.compile(f"(?:{rule.pattern}){_NEVER}")) for rule in rules)


def held_back(text: str) -> int:
    """Where the end of a text begins that more text might make a find, or a longer one; its length if there is none.

    The end is held as long as the longest partial match of any rule's form, check digits aside, and no longer.
    """
    offset = max(0, len(text) - _REACH_CHARS - 40)  # some more for what stands before a match
    folded = fold(text[offset:])
    tail = folded.text
    start, token = len(tail), _token_start(tail)
    for rule, pattern in _growing():
        least = max(0, len(tail) - rule.reach, token if rule.token else 0)
        if least < start:
            start = min(start, _growth(tail, rule, pattern, least))
    if start == len(tail):
        return len(text)
    return offset + folded.span(start, len(tail))[0]


def _growth(tail: str, rule: Rule, pattern: Any, start: int) -> int:
    """Where the longest end of `tail` from `start` on begins that may grow into a match of a rule."""
    if rule.starts:
        known = tail.find(rule.starts, start)
        start = known if known >= 0 else max(start, len(tail) - len(rule.starts))
    match = pattern.search(tail, start, partial=True)
    return len(tail) if match is None else int(match.start())


def _token_start(tail: str) -> int:
    end = len(tail)
    while end and not tail[end - 1].isspace():
        end -= 1
    return end
