"""What a rule is, and the words around a number that say what it is, or that it is something else.

A rule's pattern must hold for `re` and for `regex` alike (the latter also says what may still grow into a match), must
have an upper length, and must not have two ways to read one text: every repetition is bounded or possessive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# How sure: a check digit and words that say so, a check digit, a form and words, a form, a form that much else has.
CHECKED_AND_NAMED = 0.98
CHECKED = 0.9
NAMED = 0.85
FORM = 0.6
WEAK = 0.35

BEFORE_CHARS = 24  # how far left of a find its naming words may stand
AFTER_CHARS = 12

NUMERALS = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两"

Check = Callable[[re.Match[str]], float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """What stands in every match of a rule and in little else: a text is looked at closely only around it.

    Attributes:
        needles: fixed words, looked for first; the quickest by far.
        patterns: where words are not enough; each begins with a character or a set, which `re` skips to.
        before: how far left of a find a match may begin.
        after: how far right of its beginning it may end, its boundary included.
        any_case: the needles are lower-case and found in any.
        digit: every match has a digit, so a text without one need not be looked at.
    """

    needles: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    before: int = 0
    after: int = 200
    any_case: bool = False
    digit: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One form of one kind.

    Attributes:
        pattern: the group `v`, if it has one, is what is found; the rest is context.
        check: score of a match, None if it is not one.
        reach: characters that a match may have at most.
        token: a match never has a blank in it.
        starts: what every match begins with, where that is long enough to be rare.
    """

    kind: str
    pattern: str
    near: Near
    check: Check
    secret: bool = False
    reach: int = 80
    token: bool = False
    starts: str = ""


DIGITS = Near(patterns=(re.compile(r"[0-9](?:[ .()/·*_-]{0,3}[0-9]){5,}+"),), before=16, after=80, digit=True)
DOTS = Near(
    patterns=(
        re.compile(r"\.[0-9]{1,3}\.[0-9]"),
        re.compile(r":[0-9A-Fa-f]{0,4}:"),
        re.compile(r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-"),
    ),
    before=8,
    after=60,
    digit=True,
)
AT_SIGN = Near(
    needles=("@", "(at", "[at", "{at", "<at", "( at", "[ at", "{ at", "艾特", "圈a", "小老鼠", "%40"),
    before=280,
    after=640,
    any_case=True,
)


def after_words(*needles: str, digit: bool = False) -> Near:
    """Around words that announce what follows them."""
    return Near(needles=needles, before=24, any_case=True, digit=digit)


_REFERENCE = re.compile(
    r"(?:订单|单号|运单|快递|物流|流水|编号|序列|工单|货号|条码|批号|期号|票号|版本|时间戳|商品|型号"
    r"|(?i:order|track|invoice|serial|isbn|issn|sku|parcel|shipment|ticket|version|timestamp|upc|ean|doi|build|commit"
    r"|\bref\b|\bid\b|hash))"
)


def words(pattern: str) -> re.Pattern[str]:
    """Naming words, in any case."""
    return re.compile(pattern, re.IGNORECASE)


def named(match: re.Match[str], naming: re.Pattern[str]) -> bool:
    """Whether naming words stand near a match: on its left, or close by on its right in the same sentence."""
    start, end = span_of(match)
    text = match.string
    if naming.search(text, max(0, start - BEFORE_CHARS), start):
        return True
    after = re.split(r"[。！？!?\n;；]", text[end : end + AFTER_CHARS], maxsplit=1)[0]
    return naming.search(after) is not None


def is_reference(match: re.Match[str]) -> bool:
    """Whether the words just before a match name an order, a parcel, a version …"""
    start, _ = span_of(match)
    return _REFERENCE.search(match.string, max(0, start - 14), start) is not None


def span_of(match: re.Match[str]) -> tuple[int, int]:
    return match.span("v") if "v" in match.re.groupindex else match.span()


def digits_of(text: str) -> str:
    return "".join(character for character in text if "0" <= character <= "9")


def always(score: float) -> Check:
    return lambda match: score  # noqa: ARG005 - a check takes the match


def by_words(naming: re.Pattern[str], with_words: float, without: float | None) -> Check:
    return lambda match: with_words if named(match, naming) else without
