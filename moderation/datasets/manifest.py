"""What a data set is, read from `datasets/<name>/manifest.toml`: its files, licence and what its labels mean here.

Strict: an unknown key, a missing key or a value of the wrong form is an error that names file and line, since a label
that is read the wrong way round gives numbers that look fine. Knows nothing of where the data lies on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from moderation.schema import Role


class Side(StrEnum):
    """Which rows a set has; a set of one side cannot show precision, and says so."""

    BOTH = "both"
    VIOLATING = "violating"
    ALLOWED = "allowed"


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


UTF8 = "utf-8"
# What programs write tables in that are no UTF-8; GB18030 reads GBK and GB 2312.
ENCODINGS = (UTF8, "gb18030", "big5", "utf-16", "shift_jis", "cp1252")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file with pinned content.

    Attributes:
        path: relative to the manifest's folder or to the folder given as data.
        delimiter: between the fields of a CSV file.
        encoding: of a CSV or JSONL file, one of `ENCODINGS`.
    """

    path: str
    sha256: str
    format: Format
    delimiter: str = ","
    encoding: str = UTF8

    @property
    def gzipped(self) -> bool:
        return self.path.endswith(".gz")


@dataclass(frozen=True, slots=True)
class CategoryNames:
    """A column that names the categories of a violating row, in the set's own words.

    Attributes:
        separator: between several names in one value; a list in the file needs none.
        complete: a row is of nothing else that `names` maps to; otherwise that is unknown.
        names: the set's word -> our categories; none for a word without a counterpart.
    """

    column: str
    names: Mapping[str, tuple[str, ...]]
    separator: str | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """How a row says whether it is violating, and of what.

    Attributes:
        column: holds one of `violating` or `allowed`, or a number; anything else is no label.
        at_least: the number from which on a row is violating, instead of values.
        categories: a column that names categories.
        columns: one column per category, with values as in `column`.
    """

    column: str | None = None
    violating: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    at_least: float | None = None
    categories: CategoryNames | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One data set.

    Attributes:
        revision: 12 hex digits of the manifest's SHA-256.
        use: what the licence lets us do with it, in words.
        categories: what the labels are about: an allowed row is of none of these (children included), and the
            highest of their scores is held against the label.
        where: column -> the values of rows that are read; other rows are left out.
        folder: where the manifest lies.
    """

    name: str
    revision: str
    description: str
    licence: str
    use: str
    source: str
    role: Role
    sides: Side
    categories: tuple[str, ...]
    files: tuple[DataFile, ...]
    text: str
    labels: Labels
    language: str = ""
    language_column: str | None = None
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    folder: Path = field(default=Path(), compare=False)

    @property
    def deciding(self) -> str | None:
        """The column without which a row would be taken for one that says it is allowed, or says nothing."""
        labels = self.labels
        if labels.column is not None:
            return labels.column
        alone = not labels.columns and self.sides is Side.BOTH
        return labels.categories.column if labels.categories is not None and alone else None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        named = self.labels.categories
        wanted = [self.text, self.language_column, self.labels.column, named.column if named else None]
        return tuple(dict.fromkeys([name for name in wanted if name is not None] + [*self.where, *self.labels.columns]))


def as_word(value: object) -> str:
    """A label or a filter's value as it is compared: `1`, `1.0` and `"1"` are one, so are `true` and `"true"`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
