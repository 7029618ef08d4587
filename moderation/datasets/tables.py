"""Rows of JSONL, CSV and Parquet files, one after the other, each with its number; gzip is unpacked as it is read.

A row that cannot be read comes as the word for what is wrong with it, in its place: nothing is passed over. A file is
read only if its SHA-256 is the pinned one. Numbers count from 1: lines (JSONL, and where a CSV row begins) or rows
(Parquet).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import importlib
import io
import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.datasets.lines import INVALID_ENCODING, LINE_TOO_LONG, UNREADABLE, UTF16, Spoilt, Unpacked, read_lines
from moderation.datasets.manifest import ENCODINGS, UTF8, DataFile, Format
from moderation.errors import InvalidRequestError, MissingExtraError, ModerationError, UndecodableError
from moderation.wire import clean, parse_json

EXTRA = "evaluate"
_BLOCK_BYTES = 1 << 20
_PARQUET_ROWS = 256
_NAMED = 20  # columns that a message lists
Fields = Mapping[str, object]
_CARRIAGE_RETURNS = "lines that end with CR alone are not read: write the file with LF, as `tr '\\r' '\\n'` does"


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds on what is read.

    Attributes:
        max_rows: rows of a set, malformed ones included.
        max_line_bytes: a longer line is a malformed row.
        max_bytes: of a file, unpacked.
    """

    max_rows: int = 5_000_000
    max_line_bytes: int = 4 * 1024 * 1024
    max_bytes: int = 16 * 1024**3


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is wrong with a row, in one word."""

    reason: str


def optional(library: str) -> Any:
    """A library of the extra.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(library)
    except ImportError:
        raise MissingExtraError(library.partition(".")[0], extra=EXTRA) from None


def open_checked(path: Path, sha256: str) -> io.BufferedReader:
    """The file, if it is the pinned one.

    Raises:
        InvalidRequestError: it cannot be read, or is another one.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidRequestError(f"{path}: cannot be read: {error.strerror}", code="no_such_file") from None
    digest = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    if digest.hexdigest() != sha256:
        file.close()
        message = f"{path}: its SHA-256 is {digest.hexdigest()} and the manifest pins {sha256}: not the same data"
        raise InvalidRequestError(message)
    file.seek(0)
    return file


def read_table(
    file: DataFile, path: Path, *, columns: Sequence[str], limits: ReadLimits, deciding: str | None = None
) -> Iterator[tuple[int, Fields | Malformed]]:
    """The rows of a file.

    Args:
        columns: what is wanted. A JSON object may leave one out, but not all objects the same one.
        deciding: one that no object may leave out.

    Raises:
        InvalidRequestError: not the pinned file, or without a column that is wanted; of JSONL known at its end.
        MissingExtraError: Parquet, and pyarrow is not installed.
        TooLargeError: over a limit.
        UndecodableError: not what its name or `format` says.
    """
    with open_checked(path, file.sha256) as raw:
        if file.format is Format.PARQUET:
            yield from _parquet(raw, path, columns)
            return
        lines = read_lines(
            _unpacked(file, raw),
            path,
            encoding=file.encoding,
            max_line_bytes=limits.max_line_bytes,
            max_bytes=limits.max_bytes,
        )
        if file.format is Format.JSONL:
            yield from _jsonl(lines, path, columns, deciding)
        else:
            yield from _csv(lines, path, file, columns)


def _unpacked(file: DataFile, raw: io.BufferedReader) -> Unpacked:
    return gzip.GzipFile(fileobj=raw) if file.gzipped else raw


def encoding_hint(file: DataFile, path: Path) -> str:
    """What to do about a file that is not of the encoding it is read in."""
    if file.encoding == UTF8:
        return f"a file that is no UTF-8 needs `encoding` in the manifest, one of {', '.join(ENCODINGS)}"
    if _is_utf8(file, path):
        return f"the file is UTF-8, and the manifest says it is {file.encoding}: leave `encoding` out"
    return f"the manifest says that it is {file.encoding}; known are {', '.join(ENCODINGS)}"


def _is_utf8(file: DataFile, path: Path) -> bool:
    """Whether a file that is read as something else begins as UTF-8; ASCII counts where what is read is UTF-16."""
    if file.encoding == UTF8:
        return False
    try:
        with path.open("rb") as raw:
            begin = _unpacked(file, raw).read(_BLOCK_BYTES)
            codecs.getincrementaldecoder(UTF8)().decode(begin)  # the block may cut the last character in two
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return False
    return b"\0" not in begin and (file.encoding == UTF16 or not begin.isascii())


def _jsonl(
    lines: Iterator[str | Spoilt], path: Path, columns: Sequence[str], deciding: str | None
) -> Iterator[tuple[int, Fields | Malformed]]:
    """JSON objects; a name that none of them has is misspelt, and would quietly turn the set's meaning round."""
    absent = set(columns)
    there: list[str] = []  # of the first object, for the message
    for number, line in enumerate(lines, start=1):
        if isinstance(line, Spoilt):
            yield number, Malformed(line.reason)
        elif line.strip():
            fields = _object(line)
            if not isinstance(fields, Malformed):
                absent.difference_update(fields)
                there = there or [clean(name, limit=80) for name in itertools.islice(fields, _NAMED)]
                if deciding is not None and deciding not in fields:
                    fields = Malformed("missing_column")
            yield number, fields
    if absent and there:
        missing = ", ".join(name for name in columns if name in absent)
        raise InvalidRequestError(f"{path}: there is no column {missing} in any row; there are: {', '.join(there)}")


def _object(line: str) -> Fields | Malformed:
    try:
        value = parse_json(line.encode())
    except ModerationError as error:
        return Malformed(error.code)
    return value if isinstance(value, dict) else Malformed("not_an_object")


def _csv(
    lines: Iterator[str | Spoilt], path: Path, file: DataFile, columns: Sequence[str]
) -> Iterator[tuple[int, Fields | Malformed]]:
    """CSV with a header line; strict about quotes, since one that is left open swallows what follows."""
    rows = _csv_rows(lines, file.delimiter)
    first = next(rows, None)
    if first is None:
        raise InvalidRequestError(f"{path}: is empty")
    header = first.fields
    if isinstance(header, Malformed):
        hint = ""
        if header.reason == INVALID_ENCODING or file.encoding == UTF16:
            hint = f"; {encoding_hint(file, path)}"
        if first.returns or (header.reason == LINE_TOO_LONG and file.encoding != UTF16):
            hint = f"; {_CARRIAGE_RETURNS}"
        raise InvalidRequestError(f"{path}: its header line cannot be read: {header.reason}{hint}")
    try:
        _check_columns(header, path, columns)
    except InvalidRequestError as error:
        hint = f"; {encoding_hint(file, path)}" if _is_utf8(file, path) else ""
        raise InvalidRequestError(f"{error.message}{hint}") from None
    for row in rows:
        if isinstance(row.fields, Malformed):
            yield row.begin, row.fields
        elif len(row.fields) == len(header):
            yield row.begin, dict(zip(header, row.fields, strict=True))
        elif row.fields:
            yield row.begin, Malformed(UNREADABLE if row.several else "wrong_number_of_fields")


@dataclass(frozen=True, slots=True)
class _CsvRow:
    """One row of a CSV file.

    Attributes:
        begin: the line it begins in.
        several: whether it goes over more lines than that; if something is wrong with it, it may have swallowed rows.
        returns: whether a CR alone stands in its last line.
    """

    begin: int
    several: bool
    fields: list[str] | Malformed
    returns: bool


def _csv_rows(lines: Iterator[str | Spoilt], delimiter: str) -> Iterator[_CsvRow]:
    spoilt: dict[int, str] = {}
    returns = False

    def texts() -> Iterator[str]:
        nonlocal returns
        for number, line in enumerate(lines, start=1):
            if isinstance(line, Spoilt):
                spoilt[number] = line.reason
                text = line.stand_in
            else:
                text = line
            returns = "\r" in text.rstrip("\r\n")
            yield text

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while True:
        begin = reader.line_num + 1
        fields: list[str] = []
        reason: str | None = None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            reason = UNREADABLE if reader.line_num > begin else "invalid_csv"
        wrong = [spoilt.pop(number) for number in range(begin, reader.line_num + 1) if number in spoilt]
        if wrong and reason != UNREADABLE:
            reason = UNREADABLE if UNREADABLE in wrong else wrong[0]
        several = reader.line_num > begin
        yield _CsvRow(begin, several, fields if reason is None else Malformed(reason), returns)


def _check_columns(there: Sequence[str], path: Path, wanted: Sequence[str]) -> None:
    if len(set(there)) != len(there):
        raise InvalidRequestError(f"{path}: two columns have one name")
    if missing := [name for name in wanted if name not in there]:
        raise InvalidRequestError(f"{path}: there is no column {', '.join(missing)}; there are: {', '.join(there)}")


def _parquet(raw: io.BufferedReader, path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Fields | Malformed]]:
    pa, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    try:
        table = parquet.ParquetFile(raw)
        _check_columns(table.schema_arrow.names, path, columns)
        number = 0
        for batch in table.iter_batches(batch_size=_PARQUET_ROWS, columns=list(columns)):
            for fields in _batch_rows(batch):
                number += 1
                yield number, fields
    except (pa.ArrowException, OSError) as error:
        raise UndecodableError(f"{path}: is not Parquet, or is damaged: {error}") from None


def _batch_rows(batch: Any) -> Iterator[Fields | Malformed]:
    """Rows one by one: a text in the wrong encoding spoils its own row and no other."""
    for index in range(batch.num_rows):
        try:
            yield batch.slice(index, 1).to_pylist()[0]
        except UnicodeDecodeError:
            yield Malformed(INVALID_ENCODING)
        except (OverflowError, ValueError):
            yield Malformed("unreadable_value")
