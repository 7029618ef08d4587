"""A model's description, read from `models/<room>/model.toml`.

Strict: an unknown key, a missing key or a value of the wrong form is an error that names file and key, since
a mistyped key would otherwise switch a check off without a word. Knows nothing of where weights lie on disk.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from moderation.errors import ConfigurationError
from moderation.operator_files import bytes_of, failing, table_of, text_of
from moderation.schema import Modality
from moderation.taxonomy import CATEGORIES

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.v[1-9][0-9]*")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_ORIGIN = re.compile(r"[a-z]+")
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HUB_PATH = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
# Weights without code, and the texts of tokenizers. A pickle (.bin, .pt, .ckpt) runs what is in it when it is loaded.
HUB_SUFFIXES = (".safetensors", ".json", ".jinja", ".txt")


class Kind(StrEnum):
    CLASSIFIER = "classifier"
    EXTRACTOR = "extractor"


@dataclass(frozen=True, slots=True)
class PackagePart:
    """A file inside an installed package; `path` as the package's own file list spells it."""

    package: str
    path: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A file of a model hub, fetched by `moderation models pull` and never at run time.

    Attributes:
        optional: a hub that does not have the file is no error; that it had none is then kept in models.lock. A file
            whose hash is known is there, so model.toml gives it no hash.
    """

    repo: str
    revision: str
    path: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file with pinned content: from a hub, or these parts joined in order, or else beside model.toml.

    Attributes:
        sha256: empty only for a hub's file whose hash models.lock holds, or none yet.
    """

    name: str
    sha256: str
    parts: tuple[PackagePart, ...] = ()
    hub: HubSource | None = None

    @property
    def shipped(self) -> bool:
        return not self.parts and self.hub is None


@dataclass(frozen=True, slots=True)
class ConvertedFile:
    """A file made once from others by `converter(sources: Mapping[str, Path], target: Path)`.

    Attributes:
        version: raised whenever the converter writes something else from the same sources.
        size_bytes: about what it needs on disk; 0 if unknown.
    """

    name: str
    sources: tuple[str, ...]
    converter: str
    version: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the registry.

    Attributes:
        key: registry key, `name.vN`.
        builder: `module:function`, called as `build(spec, files, *, threads)`.
        categories: canonical keys a classifier answers; empty for an extractor.
        experimental: those of `categories` that were measured on too few texts to decide alone.
        origin: the word an extractor's finds carry in `origin` (`ocr`, `asr`); empty for a classifier.
        version: raised whenever the builder's code answers otherwise with the same weights.
        folder: all files are wanted in one folder.
        libraries: pip packages whose own tables or rules its answers come from; their versions are in the revision.
        room: folder of model.toml; None for a model without files.
    """

    key: str
    builder: str
    kind: Kind
    modality: Modality
    licence: str
    categories: tuple[str, ...] = ()
    experimental: tuple[str, ...] = ()
    origin: str = ""
    version: int = 1
    folder: bool = False
    libraries: tuple[str, ...] = ()
    files: tuple[WeightFile, ...] = ()
    converted: tuple[ConvertedFile, ...] = ()
    room: Path | None = field(default=None, compare=False)

    @property
    def revision(self) -> str:
        """12 hex digits over everything its answers come from: the same revision gives the same answers."""
        installed = [(name, _version(name)) for name in sorted(self.libraries)]
        return _digest([*self._made_of(), installed]) if installed else self.files_revision

    @property
    def files_revision(self) -> str:
        """As `revision`, without the libraries: what is written of the files does not depend on them."""
        return _digest(self._made_of())

    def _made_of(self) -> list[object]:
        return [
            self.key,
            self.version,
            sorted((file.name, file.sha256) for file in self.files),
            sorted((file.name, file.converter, file.version) for file in self.converted),
        ]

    @property
    def covers(self) -> str:
        """What is not covered without this model, in words for an error."""
        return ", ".join(self.categories) if self.categories else f"what {self.key} reads in {self.modality}"


def _digest(value: list[object]) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


@functools.cache
def _version(package: str) -> str:
    """Of an installed package; looked up once, since a revision stands in every finding."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def load_spec(path: Path) -> ModelSpec:
    """Reads a model.toml.

    Raises:
        ConfigurationError: naming the file and the key that is wrong.
    """
    fail = failing(ConfigurationError, path)
    document = table_of(text_of(bytes_of(path, fail), fail), fail)
    spec = _spec(_Table(document, str(path)), path.parent)
    _check_whole(spec, path)
    return spec


def _spec(table: _Table, room: Path) -> ModelSpec:
    kind = Kind(table.choice("kind", tuple(Kind)))
    categories = table.words("categories", required=kind is Kind.CLASSIFIER)
    spec = ModelSpec(
        key=table.text("key", _KEY, "name.vN, such as text-risk.v1"),
        builder=table.text("builder", _FUNCTION, "module:function"),
        kind=kind,
        modality=Modality(table.choice("modality", tuple(Modality))),
        licence=table.text("licence"),
        categories=categories,
        experimental=table.words("experimental"),
        origin=table.text("origin", _ORIGIN, "one lower-case word") if kind is Kind.EXTRACTOR else "",
        version=table.integer("version", minimum=1, default=1),
        folder=table.flag("folder"),
        libraries=_libraries(table),
        files=tuple(_weight_file(entry) for entry in table.tables("file")),
        converted=tuple(_converted_file(entry) for entry in table.tables("converted")),
        room=room,
    )
    table.close()
    return spec


def _libraries(table: _Table) -> tuple[str, ...]:
    names = table.words("libraries")
    if wrong := [name for name in names if _PACKAGE.fullmatch(name) is None]:
        table.fail("libraries", f"must be pip package names, not {wrong[0]!r}")
    return names


def _weight_file(table: _Table) -> WeightFile:
    name = table.text("name", _FILE_NAME, "a plain file name")
    hub_table = table.table("hub")
    hub = _hub_source(hub_table) if hub_table is not None else None
    pinned = hub is None or table.has("sha256")
    sha256 = table.text("sha256", _SHA256, "64 lower-case hex digits") if pinned else ""
    shipped = table.flag("shipped")
    parts = tuple(_package_part(entry) for entry in table.tables("parts"))
    if hub is not None and hub.optional and pinned:
        table.fail("sha256", "an optional file has none: whether the hub has it, and which, is kept in models.lock")
    if [shipped, bool(parts), hub is not None].count(True) != 1:
        table.fail("parts", "one of parts = [...], hub = {...} and shipped = true")
    table.close()
    return WeightFile(name, sha256, parts, hub)


def _hub_source(table: _Table) -> HubSource:
    hub = HubSource(
        repo=table.text("repo", _REPOSITORY, "owner/name"),
        revision=table.text("revision", _REVISION, "a commit, a tag or a branch"),
        path=table.text("path", _HUB_PATH, "a path inside the repository"),
        optional=table.flag("optional"),
    )
    if not hub.path.endswith(HUB_SUFFIXES):
        table.fail("path", f"must end with one of {', '.join(HUB_SUFFIXES)}: nothing is unpickled")
    table.close()
    return hub


def _package_part(table: _Table) -> PackagePart:
    part = PackagePart(table.text("package", _PACKAGE, "a pip package name"), table.text("path"))
    table.close()
    return part


def _converted_file(table: _Table) -> ConvertedFile:
    converted = ConvertedFile(
        name=table.text("name", _FILE_NAME, "a plain file name"),
        sources=table.words("from", required=True),
        converter=table.text("converter", _FUNCTION, "module:function"),
        version=table.integer("version", minimum=1),
        size_bytes=table.integer("size_bytes", minimum=0, default=0),
    )
    table.close()
    return converted


def _check_whole(spec: ModelSpec, path: Path) -> None:
    """What no single key shows."""
    names = [file.name for file in spec.files] + [file.name for file in spec.converted]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"{path}: file name used twice: {', '.join(repeated)}")
    known = {file.name for file in spec.files}
    for converted in spec.converted:
        if unknown := sorted(set(converted.sources) - known):
            raise ConfigurationError(f"{path}: converted.from of {converted.name}: no such file: {', '.join(unknown)}")
    if spec.kind is Kind.EXTRACTOR and spec.categories:
        raise ConfigurationError(f"{path}: categories: an extractor has none")
    if unknown := sorted(set(spec.experimental) - set(spec.categories)):
        raise ConfigurationError(f"{path}: experimental: not among categories: {', '.join(unknown)}")
    check_categories(spec, str(path))


def check_categories(spec: ModelSpec, place: str) -> None:
    """Refuses categories that are not canonical: their scores would have no home.

    Raises:
        ConfigurationError: naming `place` and the categories.
    """
    if unknown := sorted(set(spec.categories) - set(CATEGORIES)):
        raise ConfigurationError(f"{place}: categories: not in the taxonomy: {', '.join(unknown)}")


class _Table:
    """A TOML table that is emptied as it is read; what is left at the end is unknown."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values = dict(values)
        self._place = place

    def fail(self, key: str, problem: str) -> NoReturn:
        raise ConfigurationError(f"{self._place}: {key}: {problem}")

    def _take(self, key: str, kind: type, wanted: str, default: Any = None) -> Any:
        if key not in self._values and default is None:
            self.fail(key, "missing")
        value = self._values.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail(key, f"must be {wanted}")
        return value

    def text(self, key: str, pattern: re.Pattern[str] | None = None, wanted: str = "a text") -> str:
        value: str = self._take(key, str, wanted)
        if not value.strip() or (pattern is not None and pattern.fullmatch(value) is None):
            self.fail(key, f"must be {wanted}, not {value!r}")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in choices:
            self.fail(key, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def words(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        values: list[Any] = self._take(key, list, "a list of texts", None if required else [])
        if not all(isinstance(value, str) and value for value in values):
            self.fail(key, "must be a list of texts")
        if (required and not values) or len(set(values)) != len(values):
            self.fail(key, "must not be empty or name something twice")
        return tuple(values)

    def integer(self, key: str, *, minimum: int, default: int | None = None) -> int:
        value: int = self._take(key, int, "a whole number", default)
        if value < minimum:
            self.fail(key, f"must be at least {minimum}")
        return value

    def has(self, key: str) -> bool:
        return key in self._values

    def table(self, key: str) -> _Table | None:
        if key not in self._values:
            return None
        values: dict[str, Any] = self._take(key, dict, "a table")
        return _Table(values, f"{self._place}: {key}")

    def flag(self, key: str) -> bool:
        value: bool = self._take(key, bool, "true or false", False)
        return value

    def tables(self, key: str) -> list[_Table]:
        values: list[Any] = self._take(key, list, "a list of tables", [])
        if not all(isinstance(value, dict) for value in values):
            self.fail(key, "must be a list of tables")
        return [_Table(value, f"{self._place}: {key}[{index}]") for index, value in enumerate(values)]

    def close(self) -> None:
        if self._values:
            self.fail(min(self._values), "unknown key")
