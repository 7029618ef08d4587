"""Rows of a file of hashes, with their lines: CSV with a header, JSON lines, or plain lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.known.errors import BankError, failing
from moderation.operator_files import bytes_of, text_of

MAX_FILE_BYTES = 1024 * 1024 * 1024
_AT_ONCE = 1 << 20  # bytes made texts in one step: no step of a large file may hold up the threads that answer
_PLAIN = ("signal", "hash")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: what stands under each name, nothing under names without a value."""

    file: str
    line: int
    values: dict[str, Any]

    def fail(self, message: str) -> BankError:
        return BankError(message, file=self.file, line=self.line)

    def text(self, name: str, longest: int = 500) -> str:
        """A text or a number as a text; empty if it is not there.

        Raises:
            BankError: it is something else, or too long.
        """
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value) > longest:
            raise self.fail(f"`{name}` must be a text of up to {longest} characters")
        return value.strip()

    def words(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one text with blanks between words; each once."""
        value = self.values.get(name)
        if value is None:
            return ()
        words = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise self.fail(f"`{name}` must be words, or a list of texts")
        return tuple(dict.fromkeys(words))


def read_file(path: Path) -> bytes:
    """All of a file.

    Raises:
        BankError: it cannot be read, or is too large.
    """
    return bytes_of(path, failing(str(path)), max_bytes=MAX_FILE_BYTES)


def rows_of(raw: bytes, file: str) -> Iterator[Row]:
    """The rows of a file, by the end of its name: `.csv`, `.jsonl` or `.txt`.

    A plain line is a hash, or a kind of signal, a blank and a hash; lines that begin with `#` are comments.

    Raises:
        BankError: while rows are asked for, at the first that is wrong.
    """
    readers = {".csv": _csv, ".jsonl": _json, ".txt": _plain}
    reader = readers.get(Path(file).suffix.lower())
    if reader is None:
        raise BankError(f"is none of the files that are read: {', '.join(readers)}", file=file)
    return reader(_lines_of(raw, file), file)


def _lines_of(raw: bytes, file: str) -> Iterator[str]:
    """The lines of a file with their ends, as they are asked for; whatever Python takes for the end of a line.

    Raises:
        BankError: at the first stretch that is not UTF-8.
    """
    start, line = 0, 1
    while start < len(raw):
        end = raw.find(b"\n", start + _AT_ONCE) + 1 or len(raw)
        piece = raw[start:end]
        yield from io.StringIO(text_of(piece, failing(file), line), newline="")
        start, line = end, line + piece.count(b"\n")


def _csv(lines: Iterator[str], file: str) -> Iterator[Row]:
    # For this reader alone there is no other way: the hash of a video is longer than a field may be.
    csv.field_size_limit(MAX_FILE_BYTES)
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if not header:
                header = [value.strip() for value in values]
                if len(set(header)) < len(header):
                    raise BankError("the header names a column twice", file=file, line=reader.line_num)
                continue
            if len(values) != len(header):
                message = f"{len(values)} values under a header of {len(header)}"
                raise BankError(message, file=file, line=reader.line_num)
            found = {name: value for name, value in zip(header, values, strict=True) if value.strip()}
            yield Row(file, reader.line_num, found)
    except csv.Error as error:
        raise BankError(f"is not CSV: {error}", file=file, line=reader.line_num) from None


def _json(lines: Iterator[str], file: str) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise BankError(f"is not JSON: {error}", file=file, line=number) from None
        except ValueError:  # of int(), with advice for programmers
            raise BankError("a number has too many digits", file=file, line=number) from None
        if not isinstance(found, dict):
            raise BankError("a line must be one JSON object", file=file, line=number)
        yield Row(file, number, {name: value for name, value in found.items() if value not in (None, "")})


def _plain(lines: Iterator[str], file: str) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        first, blank, rest = line.strip().partition(" ")
        yield Row(file, number, dict(zip(_PLAIN, (first, rest), strict=True)) if blank else {_PLAIN[1]: first})
