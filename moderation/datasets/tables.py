"""Rows of JSONL, CSV and Parquet files, one after the other, each with its number; gzip is unpacked as it is read.

A row that cannot be read comes as the word for what is wrong with it, in its place: nothing is passed over. A file is
read only if its SHA-256 is the pinned one. Numbers count from 1: lines (JSONL, and where a CSV row begins) or rows
(Parquet).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from moderation.datasets.manifest import DataFile, Format
from moderation.errors import InvalidRequestError, MissingExtraError, ModerationError, TooLargeError, UndecodableError
from moderation.wire import clean, parse_json

EXTRA = "evaluate"
_BLOCK_BYTES = 1 << 20
_PARQUET_ROWS = 256
_NAMED = 20  # columns that a message lists
Fields = Mapping[str, object]


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


def open_checked(path: Path, sha256: str) -> BinaryIO:
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
        stream: BinaryIO = gzip.GzipFile(fileobj=raw) if file.gzipped else raw  # type: ignore[assignment]
        lines = _lines(stream, path, limits)
        if file.format is Format.JSONL:
            yield from _jsonl(lines, path, columns, deciding)
        else:
            yield from _csv(lines, path, file.delimiter, columns)


def _lines(stream: BinaryIO, path: Path, limits: ReadLimits) -> Iterator[str | Malformed]:
    """Decoded lines with their ends; one that is too long or no UTF-8 as what is wrong with it."""
    total = 0
    first = True
    try:
        while line := stream.readline(limits.max_line_bytes + 1):
            total += len(line)
            if len(line) > limits.max_line_bytes:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(_BLOCK_BYTES)
                    total += len(line)
                    _bound(total, path, limits)
                yield Malformed("line_too_long")
                continue
            _bound(total, path, limits)
            try:
                yield line.decode("utf-8-sig" if first else "utf-8")
            except UnicodeDecodeError:
                yield Malformed("invalid_encoding")
            first = False
    except (OSError, EOFError, zlib.error) as error:
        raise UndecodableError(f"{path}: cannot be unpacked: {error}") from None


def _bound(total: int, path: Path, limits: ReadLimits) -> None:
    if total > limits.max_bytes:
        raise TooLargeError(f"{path}: over {limits.max_bytes} bytes unpacked")


def _jsonl(
    lines: Iterator[str | Malformed], path: Path, columns: Sequence[str], deciding: str | None
) -> Iterator[tuple[int, Fields | Malformed]]:
    """JSON objects; a name that none of them has is misspelt, and would quietly turn the set's meaning round."""
    absent = set(columns)
    there: list[str] = []  # of the first object, for the message
    for number, line in enumerate(lines, start=1):
        if isinstance(line, Malformed):
            yield number, line
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
    lines: Iterator[str | Malformed], path: Path, delimiter: str, columns: Sequence[str]
) -> Iterator[tuple[int, Fields | Malformed]]:
    """CSV with a header line; strict about quotes, since one that is left open swallows what follows."""
    spoilt: dict[int, Malformed] = {}

    def texts() -> Iterator[str]:
        for number, line in enumerate(lines, start=1):
            if isinstance(line, Malformed):
                spoilt[number] = line
                yield "\n"
            else:
                yield line

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        begin = reader.line_num + 1
        problem: Malformed | None = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error:
            problem = Malformed("invalid_csv")
        problem = next((spoilt.pop(n) for n in range(begin, reader.line_num + 1) if n in spoilt), problem)
        if header is None:
            if problem is not None:
                raise InvalidRequestError(f"{path}: its header line cannot be read: {problem.reason}")
            header = fields
            _check_columns(header, path, columns)
        elif problem is not None:
            yield begin, problem
        elif fields:
            matched = len(fields) == len(header)
            yield begin, dict(zip(header, fields, strict=True)) if matched else Malformed("wrong_number_of_fields")
    if header is None:
        raise InvalidRequestError(f"{path}: is empty")


def _check_columns(there: Sequence[str], path: Path, wanted: Sequence[str]) -> None:
    if len(set(there)) != len(there):
        raise InvalidRequestError(f"{path}: two columns have one name")
    if missing := [name for name in wanted if name not in there]:
        raise InvalidRequestError(f"{path}: there is no column {', '.join(missing)}; there are: {', '.join(there)}")


def _parquet(raw: BinaryIO, path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Fields | Malformed]]:
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
            yield Malformed("invalid_encoding")
        except (OverflowError, ValueError):
            yield Malformed("unreadable_value")
