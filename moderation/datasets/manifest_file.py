"""manifest.toml -> `Manifest`, with complaints that name file and line."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from moderation.datasets.manifest import (
    ENCODINGS,
    UTF8,
    CategoryNames,
    DataFile,
    Format,
    Labels,
    Manifest,
    Side,
    as_word,
)
from moderation.errors import ConfigurationError, NotSupportedYetError
from moderation.operator_files import at_line, bytes_of, failing, table_of, text_of
from moderation.schema import Modality, Role
from moderation.taxonomy import CATEGORIES, PARENTS
from moderation.toml_lines import line_of

ALL = "*"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ENDINGS = {".jsonl": Format.JSONL, ".csv": Format.CSV, ".tsv": Format.CSV, ".parquet": Format.PARQUET}
_TOP = {
    "name", "description", "licence", "use", "source", "modality", "role", "language", "sides", "categories", "file",
    "columns", "where", "labels",
}  # fmt: skip
_T = TypeVar("_T", Side, Role, Format, Modality)


def load_manifest(path: Path) -> Manifest:
    """Reads and checks a manifest.

    Raises:
        ConfigurationError: naming file and line.
        NotSupportedYetError: the set is of something else than texts.
    """
    return parse_manifest(bytes_of(path, failing(ConfigurationError, path)), file=str(path), folder=path.parent)


def parse_manifest(raw: bytes, *, file: str, folder: Path = Path()) -> Manifest:
    """Checks the bytes of a manifest; errors as in `load_manifest`."""
    text = text_of(raw, failing(ConfigurationError, file))
    table = table_of(text, failing(ConfigurationError, file))
    return _Reader(text, file).manifest(table, hashlib.sha256(raw).hexdigest()[:12], folder)


class _Reader:
    """Walks the parsed table and says where something is wrong."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    def _place(self, path: Sequence[str], entry: int | None) -> str:
        start, text = 0, self._text
        if entry is not None:
            heads = [match.start() for match in re.finditer(r"(?m)^\s*\[\[\s*file\s*\]\]", text)]
            if entry < len(heads):
                start = text.count("\n", 0, heads[entry])
                text = text[heads[entry] :].lstrip("\n")
                start = self._text.count("\n") - text.count("\n")
        line = line_of(text, path)
        return at_line(self._file, None if line is None else line + start)

    def _fail(self, message: str, *path: str, entry: int | None = None) -> ConfigurationError:
        return ConfigurationError(f"{self._place(path, entry)}: {message}")

    def manifest(self, table: dict[str, Any], revision: str, folder: Path) -> Manifest:
        self._only(table, _TOP)
        modality = self._choice(table, "modality", Modality, Modality.TEXT)
        if modality is not Modality.TEXT:
            place = self._place(["modality"], None)
            raise NotSupportedYetError(f"{place}: sets of {modality} are not supported yet; only text is")
        name = self._string(table, "name", required=True)
        if not _NAME.fullmatch(name):
            raise self._fail("`name` is made of a-z, 0-9 and . _ -, at most 64", "name")
        columns = self._table(table, "columns", required=True)
        self._only(columns, {"text", "language"}, "columns")
        sides = self._choice(table, "sides", Side, Side.BOTH)
        return Manifest(
            name=name,
            revision=revision,
            description=self._string(table, "description", required=True),
            licence=self._string(table, "licence", required=True),
            use=self._string(table, "use"),
            source=self._string(table, "source"),
            role=self._choice(table, "role", Role, Role.USER),
            sides=sides,
            categories=self._group(table),
            files=self._files(table),
            text=self._string(columns, "text", "columns", required=True),
            labels=self._labels(self._table(table, "labels"), sides),
            language=self._string(table, "language"),
            language_column=self._string(columns, "language", "columns") or None,
            where=self._where(self._table(table, "where")),
            folder=folder,
        )

    def _files(self, table: dict[str, Any]) -> tuple[DataFile, ...]:
        entries = table.get("file")
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            raise self._fail("a set has at least one [[file]] with path and sha256", "file")
        files = tuple(self._file_of(entry, number) for number, entry in enumerate(entries))
        if len({file.path for file in files}) != len(files):
            raise self._fail("a file is named twice", "file")
        return files

    def _file_of(self, entry: dict[str, Any], number: int) -> DataFile:
        def fail(message: str, key: str) -> ConfigurationError:
            return self._fail(message, "file", key, entry=number)

        for key in entry:
            if key not in {"path", "sha256", "format", "delimiter", "encoding"}:
                raise fail(f"unknown key `{key}`; known here: delimiter, encoding, format, path, sha256", key)
        path, sha256 = entry.get("path"), entry.get("sha256")
        if not isinstance(path, str) or not path or "\\" in path or "\0" in path:
            raise fail("`path` must be a path with /", "path")
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise fail("`path` must stay inside the data folder", "path")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise fail("`sha256` must be the file's SHA-256, 64 lower-case hex digits; see sha256sum", "sha256")
        ending = PurePosixPath(path.removesuffix(".gz")).suffix
        written = entry.get("format", _ENDINGS.get(ending))
        if written not in list(Format):
            raise fail(f"`format` must be one of {', '.join(Format)}: the name does not tell", "format")
        if written == Format.PARQUET and path.endswith(".gz"):
            raise fail("Parquet compresses by itself: no .gz", "path")
        delimiter = entry.get("delimiter", "\t" if ending == ".tsv" else ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
            raise fail("`delimiter` must be one character, and no quotation mark or line break", "delimiter")
        encoding = entry.get("encoding", UTF8)
        if encoding not in ENCODINGS or (encoding != UTF8 and written == Format.PARQUET):
            raise fail(f"`encoding` must be one of {', '.join(ENCODINGS)}; Parquet has none", "encoding")
        return DataFile(path, sha256, Format(written), delimiter, encoding)

    def _labels(self, table: dict[str, Any], sides: Side) -> Labels:
        self._only(table, {"column", "violating", "allowed", "at_least", "categories", "columns"}, "labels")
        columns = self._table(table, "columns", "labels")
        named = self._table(table, "categories", "labels")
        labels = Labels(
            column=self._string(table, "column", "labels") or None,
            violating=self._words(table.get("violating", []), "labels", "violating"),
            allowed=self._words(table.get("allowed", []), "labels", "allowed"),
            at_least=self._number(table, "at_least"),
            categories=self._names(named) if named else None,
            columns={key: self._keys(value, "labels", "columns", key) for key, value in columns.items()},
        )
        if labels.violating & labels.allowed:
            raise self._fail("a value is both violating and allowed", "labels")
        read = labels.column is not None or bool(columns)
        values = bool(labels.violating and labels.allowed)
        if read and values == (labels.at_least is not None) and sides is Side.BOTH:
            raise self._fail("give `violating` and `allowed` values, or `at_least`, and not both", "labels")
        if read and not (labels.violating or labels.allowed or labels.at_least is not None):
            raise self._fail("say which values are `violating` or `allowed`", "labels")
        if not read and (values or labels.at_least is not None):
            raise self._fail("values without a `column` they stand in", "labels")
        if sides is Side.BOTH and not read and labels.categories is None:
            raise self._fail("nothing tells violating rows from allowed ones; or say sides = ...", "labels")
        return labels

    def _names(self, table: dict[str, Any]) -> CategoryNames:
        here = ("labels", "categories")
        self._only(table, {"column", "separator", "complete", "map"}, *here)
        complete = table.get("complete", False)
        if not isinstance(complete, bool):
            raise self._fail("`complete` must be true or false", *here, "complete")
        names = self._table(table, "map", *here)
        return CategoryNames(
            column=self._string(table, "column", *here, required=True),
            names={as_word(key): self._keys(value, *here, "map", key) for key, value in names.items()},
            separator=self._string(table, "separator", *here, strip=False) or None,
            complete=complete,
        )

    def _group(self, table: dict[str, Any]) -> tuple[str, ...]:
        """The categories in canonical order, with their children."""
        written = table.get("categories")
        if written == [ALL]:
            return tuple(CATEGORIES)
        keys = self._keys(written, "categories")
        if not keys:
            raise self._fail('`categories` says what the labels are about; ["*"] for everything', "categories")
        return tuple(key for key in CATEGORIES if key in keys or PARENTS.get(key) in keys)

    def _keys(self, value: object, *path: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
            raise self._fail("must be a list of categories", *path)
        for key in value:
            if key not in CATEGORIES:
                raise self._fail(f"unknown category `{key}`; the list is in docs/categories.md", *path, key)
        return tuple(dict.fromkeys(value))

    def _where(self, table: dict[str, Any]) -> Mapping[str, frozenset[str]]:
        return {key: self._words(value, "where", key) for key, value in table.items()}

    def _words(self, value: object, *path: str) -> frozenset[str]:
        if not isinstance(value, list) or not all(isinstance(one, str | int | float) for one in value):
            raise self._fail("must be a list of texts, numbers, true or false", *path)
        if any(isinstance(one, float) and not math.isfinite(one) for one in value):
            raise self._fail("must be finite", *path)
        if path[0] == "where" and not value:
            raise self._fail("no row has one of no values", *path)
        return frozenset(as_word(one) for one in value)

    def _number(self, table: dict[str, Any], key: str) -> float | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._fail(f"`{key}` must be a number", "labels", key)
        return float(value)

    def _only(self, table: dict[str, Any], allowed: set[str], *path: str) -> None:
        for key in table:
            if key not in allowed:
                raise self._fail(f"unknown key `{key}`; known here: {', '.join(sorted(allowed))}", *path, key)

    def _table(self, table: dict[str, Any], key: str, *path: str, required: bool = False) -> dict[str, Any]:
        value = table.get(key, None if required else {})
        if not isinstance(value, dict):
            raise self._fail(f"the table [{'.'.join((*path, key))}] is missing or no table", *path, key)
        return value

    def _string(self, table: dict[str, Any], key: str, *path: str, required: bool = False, strip: bool = True) -> str:
        value = table.get(key)
        if value is None and not required:
            return ""
        if value is None:
            raise self._fail(f"the key `{key}` is missing", *path)
        if not isinstance(value, str) or not (value.strip() if strip else value):
            raise self._fail(f"`{key}` must be a text that is not empty", *path, key)
        return value

    def _choice(self, table: dict[str, Any], key: str, kind: type[_T], default: _T) -> _T:
        value = table.get(key, default)
        if value not in list(kind):
            raise self._fail(f"`{key}` must be one of {', '.join(kind)}", key)
        return kind(value)
