"""ZIP archives: every file in one goes to the reader of its kind. Runs in the decoder process only.

Names and comments are read as text. Only stored and deflated files are unpacked, and no byte before the budget allows
it. What cannot be unpacked (encrypted, another compression, damaged) is unread.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial

from moderation.errors import UndecodableError
from moderation.media.decoded import FoundText
from moderation.media.readers import Embedded, File, Find

_HOSTILE = (
    zipfile.BadZipFile, OSError, EOFError, ValueError, LookupError, RuntimeError, ArithmeticError, struct.error,
    zlib.error,
)  # fmt: skip
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def read(file: File) -> Iterator[Find]:
    """The names in an archive, then its files.

    Raises:
        UndecodableError: `undecodable_document`.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.data))
    except _HOSTILE as error:
        raise UndecodableError("a broken ZIP archive: it cannot be opened", code="undecodable_document") from error
    with archive:
        entries = archive.infolist()
        yield FoundText("\n".join(entry.filename for entry in entries), ("metadata", "file_name"))
        comments = [archive.comment, *(entry.comment for entry in entries)]
        written = "\n".join(comment.decode("utf-8", "replace") for comment in comments if comment)
        yield FoundText(written, ("metadata", "file_comment"))
        for entry in entries:
            if entry.file_size or not entry.is_dir():  # a name like a folder's hides no bytes
                yield Embedded(entry.filename, partial(_unpacked, archive, entry))


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    if entry.flag_bits & 0x1:
        raise UndecodableError("a file in the archive is encrypted", code="encrypted_member")
    if entry.compress_type not in _METHODS:
        raise UndecodableError("a file in the archive is compressed in another way", code="unsupported_member_format")
    try:
        with archive.open(entry) as opened:
            return opened.read(most + 1)
    except _HOSTILE as error:
        raise UndecodableError("a file in the archive is damaged", code="undecodable_member") from error
