"""Which document an archive is, from the names in it. Pure and bounded; nothing is unpacked.

It says what a program that opens documents would take it for. An archive whose list of names is odd is an archive: then
every file in it is read by itself, so nothing is gained by lying.
"""

from __future__ import annotations

from collections.abc import Iterator

_END_BYTES = 22 + 0xFFFF  # the record at the end, and the longest comment after it
_NAMES_LOOKED_AT = 4_096

_OFFICE = "application/vnd.openxmlformats-officedocument"
# A folder that only this kind of Office document has.
_FOLDERS = {
    b"word/": f"{_OFFICE}.wordprocessingml.document",
    b"xl/": f"{_OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{_OFFICE}.presentationml.presentation",
}
# The first file of an Open Document says what it is.
_TYPES = (
    b"application/vnd.oasis.opendocument.text",
    b"application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.presentation",
    b"application/epub+zip",
)


def archive_mime(data: bytes) -> str:
    """The media type of a ZIP archive, `application/zip` if it is no document."""
    if data[30:38] == b"mimetype":
        size = int.from_bytes(data[22:26], "little")
        said = data[38 : 38 + min(size, 80)]
        if said in _TYPES:
            return said.decode()
    folders: dict[str, None] = {}
    is_office = False
    for name in _names(data):
        is_office |= name == b"[Content_Types].xml"
        folders |= {mime: None for folder, mime in _FOLDERS.items() if name.startswith(folder)}
    return next(iter(folders)) if is_office and len(folders) == 1 else "application/zip"


def _names(data: bytes) -> Iterator[bytes]:
    """The names in the list at the end of an archive."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END_BYTES))
    if end < 0:
        return
    at = int.from_bytes(data[end + 16 : end + 20], "little")
    for _ in range(_NAMES_LOOKED_AT):
        if data[at : at + 4] != b"PK\x01\x02":
            return
        name, extra, comment = (int.from_bytes(data[at + place : at + place + 2], "little") for place in (28, 30, 32))
        yield data[at + 46 : at + 46 + name]
        at += 46 + name + extra + comment
