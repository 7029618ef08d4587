"""The bytes of HTML -> markup, under each encoding that a browser may read them in. Pure."""

from __future__ import annotations

import codecs
import re

import webencodings

from moderation.media.plain import texts_of

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED = re.compile(
    rb"""<meta\s[^>]{0,1000}?charset\s*=\s*["']?\s*([\w:.-]{1,40})|^\s*<\?xml[^>]{0,1000}?encoding\s*=\s*["']([\w:.-]{1,40})""",
    re.IGNORECASE,
)
_LOOKED_AT = 4_096


def markups(data: bytes) -> list[str]:
    """What bytes say, as the file states and as they look; the likeliest first."""
    if data.startswith(_MARKS):
        return list(texts_of(data)) or [webencodings.decode(data, "utf-8")[0]]
    found = _DECLARED.search(data, 0, _LOOKED_AT)
    label = (found[1] or found[2]).decode("ascii", "replace") if found else ""
    declared = webencodings.lookup(label)
    stated = [] if declared is None else [in_encoding(data, label)]
    return list(dict.fromkeys([*stated, *texts_of(data)])) or [in_encoding(data, "windows-1252")]


def in_encoding(data: bytes, label: str) -> str:
    """What bytes say in the encoding that browsers know by a name; those that say nothing are replaced."""
    encoding = webencodings.lookup(label) or webencodings.UTF8
    if encoding.name.startswith("utf-16"):  # a mark would have said so, and ASCII could not have been read
        encoding = webencodings.UTF8
    try:
        return str(encoding.codec_info.decode(data, "replace")[0])
    except (ValueError, LookupError):
        return data.decode("utf-8", "replace")
