"""The parts of a mail -> bytes, texts and names, whatever is wrong with them. Pure."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage, Message

import webencodings

from moderation.media.html_encodings import in_encoding
from moderation.media.mail_policy import HOSTILE, said
from moderation.media.plain import texts_of

_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_UU = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n((?:[\x20-\x60][^\r\n]{0,90}\r?\n)*?)`?\r?\n?end\b", re.MULTILINE
)
_MOST_UU = 100
_BY_MAIL_ALONE = frozenset({"utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"})


def kind_of(part: EmailMessage) -> str:
    """The stated media type of a part, in small letters; plain text if none can be read."""
    try:
        return part.get_content_type().lower()
    except HOSTILE:
        return "text/plain"


def parameter(part: EmailMessage, name: str, header: str = "content-type") -> str:
    """A parameter of a field of a part, decoded; empty if it cannot be read."""
    try:
        value = part.get_param(name, "", header)
        text = value if isinstance(value, str) else (value[2] if value else "")
        return str(text).strip()
    except HOSTILE:
        return ""


def is_attached(part: EmailMessage) -> bool:
    """Whether a viewer shows a part as a file."""
    try:
        return part.get_content_disposition() == "attachment"
    except HOSTILE:
        return False


def names_of(part: EmailMessage) -> list[str]:
    """What a part is called: viewers take one or the other."""
    names = [parameter(part, "filename", "content-disposition"), parameter(part, "name")]
    with suppress(*HOSTILE):
        names.append(str(part.get_filename("")))
    return [name for name in dict.fromkeys(names) if name]


def field(message: Message[str, str], name: str) -> str:
    """A field as text; empty if there is none."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except HOSTILE:
        return ""


def fields(message: Message[str, str]) -> Iterator[tuple[str, str]]:
    """All fields with their names in small letters."""
    for name, raw in message.raw_items():
        yield name.lower(), said(str(raw))


def bytes_of(part: EmailMessage) -> bytes:
    """What a part carries; of broken encodings as much as there is."""
    encoding = field(part, "content-transfer-encoding").lower()
    try:
        if encoding == "base64":
            payload = part.get_payload()
            return _unpacked(payload.encode("ascii", "ignore") if isinstance(payload, str) else b"")
        payload = part.get_payload(decode=True)
    except (*HOSTILE, binascii.Error):
        return b""
    return payload if isinstance(payload, bytes) else b""


def _unpacked(data: bytes) -> bytes:
    """Base64 as mail programs read it: what is no letter of it is passed over, pieces with ends are put together."""
    pieces = re.split(rb"=+", _NO_BASE64.sub(b"", data))
    whole = (piece if len(piece) % 4 != 1 else piece[:-1] for piece in pieces)
    return b"".join(binascii.a2b_base64(piece + b"=" * (-len(piece) % 4)) for piece in whole)


def texts(data: bytes, charset: str) -> list[str]:
    """What the bytes of a part say: in its stated encoding, and as they look where that is another."""
    name = charset.strip().lower()
    if name in _BY_MAIL_ALONE:
        stated = data.decode(name, "replace")
    elif webencodings.lookup(name) is not None:
        stated = in_encoding(data, name)
    else:
        return list(texts_of(data)) or [data.decode("utf-8", "replace")]
    if "\ufffd" in stated:
        return list(dict.fromkeys([stated, *texts_of(data)]))
    try:
        return list(dict.fromkeys([stated, data.decode("utf-8")]))
    except UnicodeDecodeError:
        return [stated]


def unencoded_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The files in a text in the encoding of old times (uuencode), with their names."""
    if b"begin " not in data:
        return
    for number, found in enumerate(_UU.finditer(data)):
        if number == _MOST_UU:
            return
        try:
            content = b"".join(binascii.a2b_uu(line) for line in found[2].splitlines())
        except binascii.Error:
            continue
        yield found[1].decode("utf-8", "replace"), content
