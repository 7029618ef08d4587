"""Lines of text out of bytes, in every encoding that a manifest may name; what is no text says so in its place.

Lines are cut as bytes and decoded one by one, strictly. In all encodings but UTF-16 the byte 0A is a line's end and
nothing else, so a byte that is lost spoils its own line. In UTF-16 it moves all that follows by half a character. There
a line end that stands astride, beside a Latin sign, reads as U+0A00, which is no character: it is taken for the end
that it is, and the next line is right again. Where no end can be told, the line says that others are lost with it.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moderation.errors import TooLargeError, UndecodableError

INVALID_ENCODING = "invalid_encoding"
LINE_TOO_LONG = "line_too_long"
UNREADABLE = "unreadable_from_here"  # as far as the next row that is read, or to the end of the file
_BLOCK_BYTES = 1 << 20
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
UTF16 = "utf-16"
_LITTLE, _BIG = "utf-16-le", "utf-16-be"
_QUOTE, _WIDE_QUOTE = re.compile(b'"'), re.compile(b'\0"|"\0')  # the wide one wherever it stands
Unpacked = io.BufferedReader | gzip.GzipFile


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A line that cannot be used.

    Attributes:
        reason: what is wrong with it, in one word.
        stand_in: what a reader of CSV is given instead, with as many quotation marks as tell it where the row ends.
    """

    reason: str
    stand_in: str = "\n"


def read_lines(
    stream: Unpacked, path: Path, *, encoding: str, max_line_bytes: int, max_bytes: int
) -> Iterator[str | Spoilt]:
    """The lines with their ends, without a byte order mark.

    Raises:
        TooLargeError: over `max_bytes`, unpacked.
        UndecodableError: it cannot be unpacked.
    """
    lines = _Lines(stream, path, encoding, max_line_bytes, max_bytes)
    try:
        first = lines.next()
        first = first.removeprefix(_MARK) if isinstance(first, str) else first
        if first:
            yield first
        while (line := lines.next()) is not None:
            yield line
    except (OSError, EOFError, zlib.error) as error:
        raise UndecodableError(f"{path}: cannot be unpacked: {error}") from None


class _Lines:
    """One line after the other."""

    def __init__(self, stream: Unpacked, path: Path, encoding: str, max_line_bytes: int, max_bytes: int) -> None:
        self._stream = stream
        self._path = path
        self._encoding = encoding
        self._most, self._most_in_all = max_line_bytes, max_bytes
        self._total = 0

    def next(self) -> str | Spoilt | None:
        """The next line; None at the end of the file."""
        if self._encoding == UTF16:  # without a mark as on Windows
            self._encoding = _BIG if self._stream.peek(2)[:2] == b"\xfe\xff" else _LITTLE
        wide = self._encoding in (_LITTLE, _BIG)
        quote = _WIDE_QUOTE if wide else _QUOTE
        kept, before, size, quotes = bytearray(), b"", 0, 0
        while piece := self._stream.readline(_BLOCK_BYTES):
            if over := piece.endswith(b"\n") and self._ends((before + piece)[-2:-1], size + len(piece)):
                piece += self._stream.read(1) if self._encoding == _LITTLE else b""
            size += len(piece)
            self._total += len(piece)
            if self._total > self._most_in_all:
                raise TooLargeError(f"{self._path}: over {self._most_in_all} bytes unpacked")
            quotes += len(quote.findall(before + piece))
            before = piece[-1:] if wide else b""
            kept += piece[: self._most + 1 - len(kept)]
            if over:
                break
        if not size:
            return None
        stand_in = '"\n' if quotes % 2 else "\n"
        if size > self._most:
            return Spoilt(UNREADABLE if self._runs_on(bytes(kept)) else LINE_TOO_LONG, stand_in)
        return self._decoded(bytes(kept), stand_in)

    def _ends(self, before: bytes, size: int) -> bool:
        """Whether a byte 0A, with which a line is `size` bytes long, ends it."""
        if self._encoding not in (_LITTLE, _BIG):
            return True
        after = self._stream.peek(1)[:1]
        if self._encoding == _LITTLE:
            return after == b"\0" and (size % 2 == 1 or before == b"\0")
        return before == b"\0" and (size % 2 == 0 or after in (b"\0", b""))

    def _decoded(self, line: bytes, stand_in: str) -> str | Spoilt:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            if self._encoding in (_LITTLE, _BIG):
                lost = self._runs_on(line, odd=len(line) % 2 == 1)
                return Spoilt(UNREADABLE if lost else INVALID_ENCODING, stand_in)
            return Spoilt(INVALID_ENCODING, line.decode(self._encoding, "replace"))

    def _runs_on(self, line: bytes, *, odd: bool = False) -> bool:
        """Whether there may be rows in a line of UTF-16 that nobody can tell: something in it may be a line end.

        Args:
            odd: a byte is missing, perhaps one of a line end.
        """
        if self._encoding not in (_LITTLE, _BIG):
            return False
        if odd:
            return b"\n" in line[:-2] or b"\0\0" in line[:-2]
        ends = re.finditer(re.escape("\n".encode(self._encoding)), line)
        return any(end.start() % 2 and end.end() < len(line) for end in ends)
