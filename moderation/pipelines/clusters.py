"""Where a text may be cut so that no character as people see it is cut in two: emoji of several, marks, flags. Pure.

These are the extended grapheme clusters of Unicode (annex 29) as far as categories and a few ranges tell them, so no
tables are shipped. What it does not know: signs that stand before a number in Arabic, and which joined letters of India
belong together: all of them do here, as does whatever follows a joiner.
"""

from __future__ import annotations

import re
import unicodedata

REACH = 64  # code points; a longer cluster is cut like any other text
_JOINER = "\u200d"
_MARKS = ("Mn", "Me", "Mc")
_BREAKS = ("Cc", "Zl", "Zp")
_VIRAMA = 9  # the combining class of what joins two letters of India into one
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
# What is no mark by its category but goes on with the character before it: joiners, halves of Thai and Lao vowels,
# half-wide Japanese sound marks, skin tones, and the letters of regional flags.
_EXTENDING = re.compile("[\u200c\u200d\u0e33\u0eb3\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_HANGUL = re.compile(
    "[\u1100-\u115f\ua960-\ua97c][\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3]"
    "|[\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb][\u1160-\u11ff\ud7b0-\ud7fb]"
)


def whole_before(text: str, place: int) -> int:
    """The last place up to this one that is inside no cluster; this one itself where that is over `REACH` away."""
    for start in range(place, max(place - REACH, 0) - 1, -1):
        if not is_inside(text, start):
            return start
    return place


def is_inside(text: str, place: int) -> bool:
    """Whether a cut there would part what is shown as one character; what is behind the end of a text is not known."""
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    if before.isascii() and after.isascii():
        return before == "\r" and after == "\n"
    kinds = unicodedata.category(before), unicodedata.category(after)
    if kinds[0] in _BREAKS or kinds[1] in _BREAKS:
        return False
    return kinds[1] in _MARKS or _EXTENDING.match(after) is not None or _belongs(text, place)


def _belongs(text: str, place: int) -> bool:
    """Whether what follows, no mark itself, belongs to what is before: by a joiner, as a flag, or as a syllable."""
    before, after = text[place - 1], text[place]
    if before == _JOINER:
        return not after.isspace()
    if after in _FLAG_LETTERS:
        return (place - len(text[:place].rstrip(_FLAG_LETTERS))) % 2 == 1
    if unicodedata.combining(before) == _VIRAMA:
        return unicodedata.category(after) == "Lo"
    return _HANGUL.match(before + after) is not None
