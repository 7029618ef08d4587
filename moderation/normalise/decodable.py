"""Whether bytes are text: in UTF-8, UTF-16 or GB 18030, and beyond doubt.

Characters that do not show, or show only as a gap, are no reason against it: they are left out of the judgement and
stay in the text, where the next look takes them off. Controls and broken places make it stricter: what is left must be
words then. What it does not know: other languages than English and Chinese in short stretches.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from moderation.normalise.english import worded_share
from moderation.normalise.lexicon import dictionary

SURE_BYTES = 12
WORDED = 0.5
LEAST_LETTERS = 2
_LIKELY_BYTES = 8
_STRICT_LETTERS = 6
_STRICT_HAN = 3
_NEARLY_BYTES = 24
_NEARLY_LETTERS = 0.6
_MOST_BROKEN = 0.125
_SAMPLE = 4_096
_HAN_HALVES = bytes(range(0x4E, 0xA0))
_BROKEN = "\ufffd"
_GAPS = {"Cf", "Zs", "Zl", "Zp"}  # of Unicode's categories; ordinary text has them
_SIGNS = {"So", "Sk", "Mn", "Me"}
# Bytes of GB 18030 that may be nothing but ASCII and usual characters: chance hardly ever passes.
_USUAL_BYTES = re.compile(rb"(?:[\x00-\x7f]++|[\xa1\xa3\xb0-\xd7][\xa1-\xfe]|\xa8\x44|\x819\xa79)++")
_LONG_GUESS = 24  # bytes; chance makes no longer text of usual characters
_PLAIN_BESIDE_HAN = re.compile("[ \\t\\r\\n0-9.,:;!?()%-]*")  # ASCII that Chinese has everywhere
_USUAL_PAIR = 8  # weight of two ideographs side by side in usual words; of pairs at random one in seventy has it
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_CODES = re.compile(r"[\s.\-·•–—−_/|]{12,}|[0-9A-Fa-f\\%&#xXuU+ ,;:_-]{12,}")


def looks_like_text(data: bytes, *, sure: bool = False) -> str | None:
    """What bytes say, if they are text beyond doubt.

    Args:
        sure: the way they were written in leaves no doubt that they are text.
    """
    if (wide := _wide(data)) is not None:
        return wide
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(data, sure=sure) or _broken(data)
    if _is_text(decoded, len(data), sure=sure):
        return decoded
    return _guessed(data, sure=False) if _CONTROL.search(decoded) else None  # bytes of UTF-16 may all be ASCII


def nearly_text(data: bytes) -> bool:
    """Whether bytes that are no text beyond doubt may well be one: much too many letters for chance."""
    if len(data) < _NEARLY_BYTES or data.isascii():
        return False
    decoded = data[:_SAMPLE].decode("utf-8", "replace")
    letters = sum(map(str.isalpha, decoded))
    return decoded.count(_BROKEN) <= _MOST_BROKEN * len(decoded) and letters >= _NEARLY_LETTERS * len(decoded)


def _is_text(decoded: str, size: int, *, sure: bool) -> bool:
    shown, strict = _shown(decoded)
    letters = sum(map(str.isalpha, shown))
    if letters < LEAST_LETTERS:
        return shown.isascii() and not strict and size >= SURE_BYTES and _CODES.fullmatch(shown.strip()) is not None
    if sure:
        return True
    if strict:
        return _is_worded(shown)
    if shown.isascii():
        return size >= _LIKELY_BYTES or worded_share(shown) > WORDED
    foreign = [character for character in shown if not character.isascii()]
    han = sum(map(is_usual_han, foreign))
    if han and all(is_usual_han(character) or unicodedata.category(character) in _SIGNS for character in foreign):
        return han > 1 or size >= SURE_BYTES
    return size >= SURE_BYTES and 2 * letters > len(shown)


def _shown(decoded: str) -> tuple[str, bool]:
    """What shows of it; and whether anything stands in it that ordinary text does not have."""
    if decoded.isprintable() and _BROKEN not in decoded:
        return decoded, False
    shown, strict = [], False
    for character in decoded:
        if character.isspace():
            shown.append(" ")
        elif character.isprintable() and character != _BROKEN:
            shown.append(character)
        else:
            strict |= unicodedata.category(character) not in _GAPS
    return "".join(shown), strict


def _is_worded(shown: str) -> bool:
    """Whether it is text even if much of what stood in it was none."""
    han = sum(not character.isascii() and is_usual_han(character) for character in shown)
    if han >= _STRICT_HAN:
        return 2 * han > sum(not character.isascii() for character in shown)
    letters = sum(character.isascii() and character.isalpha() for character in shown)
    return letters >= _STRICT_LETTERS and 2 * letters > len(shown) and worded_share(shown) > WORDED


def _broken(data: bytes) -> str | None:
    """As UTF-8 with a few bytes that are none."""
    if len(data) < SURE_BYTES:
        return None
    sample = data[:_SAMPLE].decode("utf-8", "replace")
    if sample.count(_BROKEN) > _MOST_BROKEN * len(sample):
        return None
    decoded = data.decode("utf-8", "replace")
    return decoded if _is_worded(_shown(decoded)[0]) else None


def _guessed(data: bytes, *, sure: bool) -> str | None:
    """As GB 18030, which nearly everything can be read as: only usual characters count."""
    if not sure and len(data) < _LIKELY_BYTES:
        return None
    for encoding in ("gb18030", "utf-16-be", "utf-16-le"):
        if encoding != "gb18030" and not _may_be_wide(data, 0 if encoding == "utf-16-be" else 1):
            continue
        if encoding == "gb18030" and not _USUAL_BYTES.fullmatch(data):
            continue
        try:
            decoded = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        shown, strict = _shown(decoded)
        han = sum(not character.isascii() and is_usual_han(character) for character in shown)
        if strict or han < LEAST_LETTERS or han != sum(not character.isascii() for character in shown):
            continue
        if sure or len(data) >= _LONG_GUESS or _goes_together(decoded):
            return decoded
    return None


def _goes_together(decoded: str) -> bool:
    """Whether what stands among a few ideographs may be of their text: chance bytes are half ASCII of any kind."""
    if _PLAIN_BESIDE_HAN.fullmatch("".join(filter(str.isascii, decoded))):
        return True
    pairs = [first + second for first, second in pairwise(decoded) if not (first.isascii() or second.isascii())]
    return any(dictionary().pair_weight(pair) >= _USUAL_PAIR for pair in pairs)


def _may_be_wide(data: bytes, high: int) -> bool:
    """Whether most of every second byte is the first half of an ideograph's code."""
    halves = data[high::2]
    return (
        len(data) % 2 == 0 and len(data) >= _LIKELY_BYTES and 2 * len(halves.translate(None, _HAN_HALVES)) < len(halves)
    )


def _wide(data: bytes) -> str | None:
    """As UTF-16, if a mark at the beginning or half of the bytes say so."""
    if len(data) % 2 or len(data) < _LIKELY_BYTES:
        return None
    marked = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2])
    units = len(data) // 2
    for at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if marked == encoding or (marked is None and 4 * data[at::2].count(0) > units > 4 * data[1 - at :: 2].count(0)):
            try:
                decoded = data.decode(encoding)
            except UnicodeDecodeError:
                return None
            if marked is None and (other := _all_han(data, "utf-16-be" if at else "utf-16-le")):
                return other
            return decoded if _is_text(decoded.lstrip("\ufeff"), units, sure=False) else None
    return None


def _all_han(data: bytes, encoding: str) -> str | None:
    """What it says in the other order of bytes, if that is nothing but usual ideographs: 开 has a zero, too."""
    try:
        decoded = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return decoded if all(map(is_usual_han, decoded)) else None


def is_usual_han(character: str) -> bool:
    """Whether it is one of the 3,755 most usual simplified ideographs, or Chinese punctuation."""
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))
