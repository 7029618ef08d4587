"""`data:` addresses -> the files that they are. Pure and bounded."""

from __future__ import annotations

import binascii
import re
from functools import partial
from urllib.parse import unquote_to_bytes

from moderation.errors import UndecodableError
from moderation.media.decoded import NOWHERE, Place
from moderation.media.html_encodings import in_encoding
from moderation.media.readers import Embedded
from moderation.media.sniff import UNKNOWN, sniff

DATA = re.compile(r"[\s\0-\x20]*data:", re.IGNORECASE)
# In style sheets and in Markdown, where nothing else tells where one ends.
WITHIN = re.compile(r"""data:[^\s"'()<>,]*,[^\s"'()<>]*""", re.IGNORECASE)
_FONTS = ("font/", "application/font", "application/x-font", "application/vnd.ms-fontobject", "application/octet")
_SCRIPT = re.compile(r"(?:application|text)/(?:x-)?(?:java|ecma)script\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w:.-]{1,40})", re.IGNORECASE)
_BLANKS = re.compile(rb"[\s\0-\x20]+")
_NAMES = {"svg+xml": "svg", "plain": "txt", "jpeg": "jpg", "x-icon": "ico", "vnd.microsoft.icon": "ico"}
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_TEXTS = frozenset({"text/html", "message/rfc822", "image/svg+xml"})  # other kinds are no text, whatever is stated


def file_of(address: str, name: str, place: Place = NOWHERE, *, is_style: bool = False) -> Embedded | None:
    """The file in a `data:` address; None if it is a font, a script, or is no such address.

    Args:
        name: what it is called, without its ending.
        is_style: it stands in a style sheet, where fonts do.
    """
    if DATA.match(address) is None:
        return None
    head, comma, body = address.partition(":")[2].partition(",")
    kind = head.partition(";")[0].strip().lower() or "text/plain"
    if not comma or not body or is_script(address) or (is_style and kind.startswith(_FONTS) and _is_font(head, body)):
        return None
    ending = _NAMES.get(kind.partition("/")[2], re.sub(r"[^a-z0-9]", "", kind.partition("/")[2])[:10])
    return Embedded(f"{name}.{ending or 'data'}", partial(_opened, head, body), place)


def is_script(address: str) -> bool:
    """Whether what is in a `data:` address is a program, or the address is one itself."""
    kind = address.partition(":")[2].lstrip()
    return re.match(r"[\s\0-\x20]*(?:java|vb)script\s*:", address, re.IGNORECASE) is not None or bool(
        _SCRIPT.match(kind) and DATA.match(address)
    )


def readable(data: bytes, kind: str, charset: str) -> bytes:
    """The bytes of a text of a stated kind and encoding as sniffing and reading take them: UTF-8 that says so."""
    looks = sniff(data)
    if looks.modality is not None and looks.mime not in _TEXTS:
        return data
    if kind in _HTML or kind.endswith("amp-html"):
        text = in_encoding(data, charset) if charset else None
        marked = data if text is None else b"\xef\xbb\xbf" + text.encode("utf-8", "replace")
        if sniff(marked).mime == "text/html":
            return marked
        start = b"\xef\xbb\xbf" if marked.startswith(b"\xef\xbb\xbf") else b""
        return start + b"<!doctype html>" + marked.removeprefix(start)
    if kind.startswith("text/") and charset:
        return b"\xef\xbb\xbf" + in_encoding(data, charset).encode("utf-8", "replace")
    return data


def _opened(head: str, body: str, most: int) -> bytes:
    data = unquote_to_bytes(body.encode("utf-8", "replace")) if "%" in body else body.encode("utf-8", "replace")
    if re.search(r";\s*base64\s*$", head, re.IGNORECASE):
        plain = _BLANKS.sub(b"", data).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        try:
            data = binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
        except binascii.Error as error:
            raise UndecodableError("a `data:` address is no base64", code="undecodable_member") from error
    kind = head.partition(";")[0].strip().lower()
    found = _CHARSET.search(head)
    return readable(data, kind, found[1] if found else "")[: most + 1]


def _is_font(head: str, body: str) -> bool:
    try:
        return sniff(_opened(head, body[:4_096].partition("%")[0][: 4_096 // 4 * 4], 4_096)) == UNKNOWN
    except UndecodableError:
        return True
