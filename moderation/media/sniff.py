"""What bytes are, from their content and never from a name.

Pure: it reads at most the first bytes, for ISO media the headers of the boxes, and the names in an archive
(`sniff_archive`). It says what something looks like, not that it is whole: only decoding tells that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from moderation.media.sniff_archive import archive_mime
from moderation.schema import Modality

_BOXES_LOOKED_AT = 64
_MATROSKA_LOOKED_AT = 1 << 16


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What bytes look like.

    Attributes:
        mime: media type, `application/octet-stream` when nothing is recognised.
        modality: None for what is no medium (a program), is plain text, or is not recognised.
    """

    mime: str
    modality: Modality | None


UNKNOWN = Sniffed("application/octet-stream", None)

_PREFIXES: tuple[tuple[bytes, str, Modality | None], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", Modality.IMAGE),
    (b"\x89PNG\r\n\x1a\n", "image/png", Modality.IMAGE),
    (b"GIF87a", "image/gif", Modality.IMAGE),
    (b"GIF89a", "image/gif", Modality.IMAGE),
    (b"II*\x00", "image/tiff", Modality.IMAGE),
    (b"MM\x00*", "image/tiff", Modality.IMAGE),
    (b"II+\x00", "image/tiff", Modality.IMAGE),
    (b"MM\x00+", "image/tiff", Modality.IMAGE),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl", Modality.IMAGE),
    (b"\xff\x0a", "image/jxl", Modality.IMAGE),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2", Modality.IMAGE),
    (b"8BPS", "image/vnd.adobe.photoshop", Modality.IMAGE),
    (b"\x00\x00\x01\x00", "image/x-icon", Modality.IMAGE),
    (b"fLaC", "audio/flac", Modality.AUDIO),
    (b"#!AMR", "audio/amr", Modality.AUDIO),
    (b"FLV\x01", "video/x-flv", Modality.VIDEO),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf", Modality.VIDEO),
    (b"\x00\x00\x01\xba", "video/mpeg", Modality.VIDEO),
    (b"%PDF-", "application/pdf", Modality.DOCUMENT),
    (b"{\\rtf", "application/rtf", Modality.DOCUMENT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", Modality.DOCUMENT),
    (b"Rar!\x1a\x07", "application/vnd.rar", None),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", None),
    (b"\x1f\x8b", "application/gzip", None),
    (b"\xfd7zXZ\0", "application/x-xz", None),
    (b"\x7fELF", "application/x-elf", None),
    (b"#EXTM3U", "application/vnd.apple.mpegurl", None),
)

_BRANDS: dict[bytes, tuple[str, Modality]] = {
    b"avif": ("image/avif", Modality.IMAGE),
    b"avis": ("image/avif", Modality.IMAGE),
    b"heic": ("image/heic", Modality.IMAGE),
    b"heix": ("image/heic", Modality.IMAGE),
    b"heim": ("image/heic", Modality.IMAGE),
    b"heis": ("image/heic", Modality.IMAGE),
    b"hevc": ("image/heic", Modality.IMAGE),
    b"hevx": ("image/heic", Modality.IMAGE),
    b"mif1": ("image/heic", Modality.IMAGE),
    b"msf1": ("image/heic", Modality.IMAGE),
    b"M4A ": ("audio/mp4", Modality.AUDIO),
    b"M4B ": ("audio/mp4", Modality.AUDIO),
    b"qt  ": ("video/quicktime", Modality.VIDEO),
}


# A text that begins with fields is a mail if one of them is of mails alone.
_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n")
_MAIL_FIELD = re.compile(
    rb"^(?:from|message-id|received|mime-version|return-path)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_FIELDS_LOOKED_AT = 64
_MAIL_LOOKED_AT = 1 << 14
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")  # of UTF-16 and UTF-32
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_TEXT_LOOKED_AT = 4_096


def sniff(data: bytes) -> Sniffed:
    """The media type of `data` by its content."""
    for look in (_prefix, _archive, _packed, _matroska, _riff, _ogg, _word, _iso, _bitmap, _frames, _text):
        found = look(data)
        if found is not None:
            return found
    return UNKNOWN


def _prefix(data: bytes) -> Sniffed | None:
    head = data[:16]
    return next((Sniffed(mime, modality) for prefix, mime, modality in _PREFIXES if head.startswith(prefix)), None)


def _archive(data: bytes) -> Sniffed | None:
    return Sniffed(archive_mime(data), Modality.DOCUMENT) if data[:4] in {b"PK\x03\x04", b"PK\x05\x06"} else None


def _packed(data: bytes) -> Sniffed | None:
    if data[:3] == b"BZh" and data[4:10] == b"1AY&SY":
        return Sniffed("application/x-bzip2", None)
    return Sniffed("application/x-tar", None) if data[257:263] in {b"ustar\0", b"ustar "} else None


def _matroska(data: bytes) -> Sniffed | None:
    """Codecs are named in plain letters, before the first sound or picture."""
    if data[:4] != b"\x1aE\xdf\xa3":
        return None
    head = data[:_MATROSKA_LOOKED_AT]
    form = "webm" if b"webm" in head[:64] else "x-matroska"
    if b"V_" not in head and re.search(rb"A_(?:OPUS|VORBIS|AAC|MPEG|PCM|FLAC|AC3|EAC3)", head):
        return Sniffed(f"audio/{form}", Modality.AUDIO)
    return Sniffed(f"video/{form}", Modality.VIDEO)


def _riff(data: bytes) -> Sniffed | None:
    forms = {
        b"WAVE": Sniffed("audio/wav", Modality.AUDIO),
        b"WEBP": Sniffed("image/webp", Modality.IMAGE),
        b"AVI ": Sniffed("video/x-msvideo", Modality.VIDEO),
    }
    return forms.get(data[8:12]) if data[:4] in {b"RIFF", b"RF64", b"BW64", b"RIFX"} else None


def _ogg(data: bytes) -> Sniffed | None:
    if data[:5] != b"OggS\0":
        return None
    video = b"\x80theora" in data[:512]
    return Sniffed("video/ogg", Modality.VIDEO) if video else Sniffed("audio/ogg", Modality.AUDIO)


def _word(data: bytes) -> Sniffed | None:
    """Words a text may begin with are media only with what must follow them there."""
    head = data[:16]
    if head[:3] == b"ID3" and len(head) > 4 and head[3] < 0x10:
        return Sniffed("audio/mpeg", Modality.AUDIO)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return Sniffed("audio/aiff", Modality.AUDIO)
    if head[:2] == b"MZ" and b"\0" in head:
        return Sniffed("application/x-msdownload", None)
    return None


def _bitmap(data: bytes) -> Sniffed | None:
    known = data[:2] == b"BM" and len(data) >= 26 and data[14] in {12, 40, 52, 56, 64, 108, 124}
    return Sniffed("image/bmp", Modality.IMAGE) if known else None


def _iso(data: bytes) -> Sniffed | None:
    if data[4:8] != b"ftyp":
        return None
    known = _BRANDS.get(data[8:12])
    if data[8:12] in {b"mif1", b"msf1"}:  # any still picture: the brands after it say which
        others = [data[at : at + 4] for at in range(16, min(int.from_bytes(data[:4]), 256), 4)]
        known = next((_BRANDS[brand] for brand in others if brand in {b"avif", b"avis"}), known)
    if known is not None:
        return Sniffed(*known)
    movie = _movie_box(data)
    if b"vide" not in movie and b"soun" in movie:
        return Sniffed("audio/mp4", Modality.AUDIO)
    return Sniffed("video/mp4", Modality.VIDEO)


def _movie_box(data: bytes) -> bytes:
    """The handler types named in the `moov` box, four bytes each; empty when there is none."""
    offset = 0
    for _ in range(_BOXES_LOOKED_AT):
        size, kind = int.from_bytes(data[offset : offset + 4]), data[offset + 4 : offset + 8]
        if size == 1:
            size = int.from_bytes(data[offset + 8 : offset + 16])
        if kind == b"moov":
            pieces = data[offset : offset + size].split(b"hdlr", _BOXES_LOOKED_AT)[1:]
            return b" ".join(piece[8:12] for piece in pieces)
        if size < 8 or offset + size >= len(data):
            break
        offset += size
    return b""


def _frames(data: bytes) -> Sniffed | None:
    """MPEG audio frames have no magic number, only a header that must make sense."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    if data[1] & 0xF6 == 0xF0:
        return Sniffed("audio/aac", Modality.AUDIO)
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bitrate, rate = data[2] >> 4, data[2] >> 2 & 3
    sensible = version != 1 and layer != 0 and bitrate not in {0, 15} and rate != 3
    return Sniffed("audio/mpeg", Modality.AUDIO) if sensible else None


def _text(data: bytes) -> Sniffed | None:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    inner = start.partition(b"?>")[2].lstrip() if start.startswith(b"<?xml") else start
    if inner.startswith((b"<!doctype html", b"<html")):
        return Sniffed("text/html", Modality.DOCUMENT)
    if b"<svg" in start:
        return Sniffed("image/svg+xml", Modality.IMAGE)
    return _mail(data) or _plain(data)


def _mail(data: bytes) -> Sniffed | None:
    fields, at = 0, 0
    while fields < _FIELDS_LOOKED_AT and (found := _FIELD.match(data, at, _MAIL_LOOKED_AT)):
        fields, at = fields + 1, found.end()
    return Sniffed("message/rfc822", Modality.DOCUMENT) if fields > 1 and _MAIL_FIELD.search(data, 0, at) else None


def _plain(data: bytes) -> Sniffed | None:
    """Bytes of any encoding without the controls that no text has."""
    head = data[:_TEXT_LOOKED_AT]
    if head and (head.startswith(_MARKS) or not _CONTROLS.search(head)):
        return Sniffed("text/plain", None)
    return None
