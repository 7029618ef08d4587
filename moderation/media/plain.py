"""Plain text, Markdown, tables and subtitles as they are written. Runs in the decoder process only.

UTF-8, UTF-16 and UTF-32 by their marks; else every other encoding that the bytes are whole in, since nothing tells
which one a reader will be shown.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from moderation.media.decoded import FoundText, Unread
from moderation.media.readers import File, Find

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = ("gb18030", "big5", "cp1252")


def read(file: File) -> Iterator[Find]:
    """The text, under each encoding it may be in."""
    found = dict.fromkeys(text for text in texts_of(file.data) if text)
    if not found:
        yield Unread("unreadable_text")
    for text in found:
        yield FoundText(text, ("document",))


def texts_of(data: bytes) -> Iterator[str]:
    """What bytes say as text: once in Unicode, or once for each of the other encodings; nothing if in none."""
    unicode = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8-sig")
    for encodings in ((unicode,), _OTHERS):
        whole = [text for text in (_decoded(data, encoding) for encoding in encodings) if text is not None]
        if whole:
            yield from whole
            return


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
