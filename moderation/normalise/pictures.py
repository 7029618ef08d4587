"""Emoji that stand for characters: 喝🍵 is 喝茶.

An emoji is read only where its name or pun makes a word with what stands beside it, and takes no character out of a
word that stands there without it: beside 今天 and 天气 a sun is decoration. What it does not know: pictures used for
what they show rather than for a word.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from itertools import product

from moderation.normalise.lexicon import HAN, LONGEST_WORD, Lexicon
from moderation.normalise.mapped import Edit, Mapped
from moderation.normalise.packaged import own_rows, packaged_json

_PICTURES = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
SUSPECT = re.compile(f"[{HAN}][{_PICTURES}]|[{_PICTURES}]\ufe0f?[{HAN}]")
_PICTURE = re.compile(f"[{_PICTURES}]\ufe0f?(?![\u200d\U0001f3fb-\U0001f3ff])")
_SIGNS = "\u25a0-\u25ff\U0001f1e6-\U0001f1ff\u200d\ufe0f\U000e0020-\U000e007f"
BETWEEN = f"[ \u3000]?[{_PICTURES}{_SIGNS}]{{1,12}}[ \u3000]?"  # pictures that part two ideographs
_LISTED = re.compile(f"(?<![{HAN}])[{HAN}](?:{BETWEEN}[{HAN}]){{3,}}(?![{HAN}])")
_LEFT = re.compile(f"[{HAN}]+$")
_RIGHT = re.compile(f"[{HAN}]*")
_SHOWN = 4  # characters beside it that count
_JOINS = 12  # weight from which two characters are a word, which nothing is taken out of
_CLOSES = 6  # and after which a picture may stand as decoration
# Pictures that are hardly ever decoration: between two ideographs they are read even if no word confirms it, the first
# unless words end before and begin after them, the others unless a word ends before them.
_PUNS = frozenset("💊🔫🔪💣💉")
_ANIMALS = frozenset("🐴🐔🌿🐷🐶")
_WHOLE_NAMES = ("企鹅", "咖啡", "玫瑰", "花生", "电脑")


@functools.cache
def picture_readings() -> Mapping[str, tuple[str, ...]]:
    """What each emoji may stand for: our own puns first, then its short Chinese name, and its last character."""
    found: dict[str, tuple[str, ...]] = {}
    for emoji, name in packaged_json("emoji").items():
        plain = name.strip(":")
        if len(emoji.rstrip("\ufe0f")) == 1 and re.fullmatch(f"[{HAN}]{{1,3}}", plain):
            found[emoji.rstrip("\ufe0f")] = (plain,)
    for row in own_rows("emoji.tsv"):
        puns = (row[1],) if row[1] in _WHOLE_NAMES else tuple(row[1])
        found[row[0]] = (*puns, *found.get(row[0], ()))
    return found


def read_pictures(text: Mapped, words: Lexicon) -> Mapped:
    """Emoji as the characters that make a word with what stands beside them."""
    edits: list[Edit] = []
    plain = text.text
    listed = {at for row in _LISTED.finditer(plain) for at in range(row.start(), row.end() + 1)}  # 春🌸夏☀️秋🍁冬❄️
    for found in _PICTURE.finditer(plain):
        start, end = found.span()
        if start in listed:
            continue
        restored = edits[-1].text if edits and edits[-1].end == start else ""
        if reading := _reading(plain, start, end, restored, words):
            edits.append(Edit(start, end, reading))
    return text.edited(edits)


def may_read(plain: str, start: int, end: int, words: Lexicon) -> bool:
    """Whether a picture between two ideographs may stand for a word, so that it is more than a sign that parts them."""
    readings = picture_readings().get(plain[start:end].strip(" \ufe0f"), ())
    left, right = _beside(plain, start, end)
    return any(any(_weights(left, reading, right, words)) for reading in readings)


def _beside(plain: str, start: int, end: int) -> tuple[str, str]:
    left, right = _LEFT.search(plain[max(0, start - _SHOWN) : start]), _RIGHT.match(plain[end : end + _SHOWN])
    return left[0] if left else "", right[0] if right else ""


def _reading(plain: str, start: int, end: int, restored: str, words: Lexicon) -> str:
    """What one emoji stands for; nothing if it is decoration.

    Args:
        restored: what the emoji just before it stands for.
    """
    readings = picture_readings().get(plain[start:end].rstrip("\ufe0f"), ())
    shown, right = _beside(plain, start, end)
    left = restored or shown
    both = words.pair_weight(left[-1] + right[0]) if left and right else 0
    fitting = [
        (weight, -index, reading)
        for index, reading in enumerate(readings)
        if restored or not (left.endswith(reading) or right.startswith(reading))
        for weight in _weights(left, reading, right, words)
        if weight > both
    ]
    if fitting:
        return max(fitting)[2]
    if not readings or not _is_pun(plain[start], left, right, words) or shown.endswith(readings):
        return ""
    return max(readings, key=lambda reading: words.pair_weight(left[-1] + reading[0]))  # the first of equal ones


def _weights(left: str, reading: str, right: str, words: Lexicon) -> Iterator[int]:
    """How usual the words are that a reading makes with its neighbours, those that break no other word."""
    most = LONGEST_WORD - len(reading)
    for first, last in product(range(min(most, len(left)) + 1), range(min(most, len(right)) + 1)):
        if not 0 < first + last <= most or not words.has(left[len(left) - first :] + reading + right[:last]):
            continue
        if first and _joins(left[: len(left) - first + 1][-2:], words):
            continue
        if last and _joins(right[last - 1 : last + 1], words):
            continue
        pairs = [left[-1] + reading[0]] if first else []
        pairs += [reading[-1] + right[0]] if last else []
        yield max(map(words.pair_weight, pairs))


def _joins(pair: str, words: Lexicon) -> bool:
    return len(pair) > 1 and words.pair_weight(pair) >= _JOINS


def _is_pun(picture: str, left: str, right: str, words: Lexicon) -> bool:
    if not (left and right):
        return False
    closed = len(left) > 1 and words.pair_weight(left[-2:]) >= _CLOSES
    if picture in _ANIMALS:
        return not closed
    return picture in _PUNS and not (closed and _joins(right[:2], words))
