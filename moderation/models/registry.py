"""Which models there are: `name.vN` -> ModelSpec, from the models rooms, entry points and the shipped fakes.

A version keeps its meaning: `text-risk.v1` answers as it did after `text-risk.v2` exists. Builders are
imported when a model is loaded and not before, so a registry costs no heavy import.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.errors import ConfigurationError, ModelError
from moderation.models.base import Classifier, Extractor, Model
from moderation.models.fake import SPECS as BUILTIN
from moderation.models.lock import needs_lock, pinned, read_lock
from moderation.models.spec import Kind, ModelSpec, check_categories, load_spec
from moderation.models.store import ModelStore

ENTRY_POINTS = "moderation.models"


class Registry:
    """All known models.

    Args:
        rooms: folders that hold one folder per model; a key in a later one replaces the earlier.
        entry_points: whether installed packages may add models (group `moderation.models`; the entry's name
            is the registry key, its value a ModelSpec).
        home: the model store, whose `models.lock` holds the hashes of hub files that were trusted at first use;
            with them a model's revision says what it is made of.

    Raises:
        ConfigurationError: a model.toml is wrong, or two sources claim one key.
    """

    def __init__(self, rooms: Sequence[Path], *, entry_points: bool = True, home: Path | None = None) -> None:
        self._home = home
        self._specs: dict[str, ModelSpec] = dict(BUILTIN)
        for folder in rooms:
            for key, spec in _read_room(folder).items():
                if key in BUILTIN:
                    raise ConfigurationError(f"{spec.room}: key {key} belongs to a fake; choose another name")
                self._specs[key] = spec
        self._entries = _read_entry_points() if entry_points else {}
        if clash := sorted(set(self._entries) & set(self._specs)):
            raise ConfigurationError(
                f"{_origin(self._entries[clash[0]])} registers {clash[0]}, which is taken; "
                "uninstall it or give its model another name or version"
            )

    def keys(self) -> tuple[str, ...]:
        """All registry keys, sorted."""
        return tuple(sorted({*self._specs, *self._entries}))

    def spec(self, key: str) -> ModelSpec:
        """One model's description.

        Raises:
            ConfigurationError: there is no such key, or an entry point gives something else.
        """
        if key in self._entries and key not in self._specs:
            self._specs[key] = _load_entry_point(self._entries[key])
        if key not in self._specs:
            raise ConfigurationError(f"there is no model {key!r}; known are {', '.join(self.keys())}")
        spec = self._specs[key]
        return pinned(spec, read_lock(self._home)) if self._home is not None and needs_lock(spec) else spec

    def origins(self) -> frozenset[str]:
        """The words that extractors carry in `origin`, of rooms and of entry points that were asked for."""
        return frozenset(spec.origin for spec in self._specs.values() if spec.origin)

    def load(self, key: str, *, store: ModelStore, threads: int) -> Model[Any, Any]:
        """Builds a model from verified files; it is not warmed up.

        Raises:
            WeightsError: its files are missing, changed, or cannot be written.
            ConfigurationError: its builder cannot be found.
            ModelError: the builder gave something else than the spec says.
        """
        spec = self.spec(key)
        build = _builder(spec)
        return _checked(build(spec, store.prepare(spec), threads=threads), spec)


def _read_room(folder: Path) -> Mapping[str, ModelSpec]:
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: no such folder of models")
    specs: dict[str, ModelSpec] = {}
    for path in sorted(folder.glob("*/model.toml")):
        spec = load_spec(path)
        if spec.key in specs:
            raise ConfigurationError(f"{path}: key: {spec.key} is also that of {specs[spec.key].room}")
        specs[spec.key] = spec
    return specs


def _read_entry_points() -> Mapping[str, importlib.metadata.EntryPoint]:
    entries: dict[str, importlib.metadata.EntryPoint] = {}
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        if entry.name in entries:
            raise ConfigurationError(f"{_origin(entry)} and {_origin(entries[entry.name])} both register {entry.name}")
        entries[entry.name] = entry
    return entries


def _load_entry_point(entry: importlib.metadata.EntryPoint) -> ModelSpec:
    try:
        spec = entry.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{_origin(entry)}: {entry.value} cannot be loaded: {error}") from error
    if not isinstance(spec, ModelSpec) or spec.key != entry.name:
        raise ConfigurationError(f"{_origin(entry)}: {entry.value} is not a ModelSpec with key {entry.name}")
    check_categories(spec, _origin(entry))
    return spec


def _origin(entry: importlib.metadata.EntryPoint) -> str:
    return f"package {entry.dist.name}" if entry.dist is not None else f"entry point {entry.value}"


def _builder(spec: ModelSpec) -> Any:
    module, _, name = spec.builder.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{spec.key}: builder {spec.builder} cannot be loaded: {error}") from error


def _checked(model: object, spec: ModelSpec) -> Model[Any, Any]:
    """A builder that answers for another model than its spec would falsify every finding's `classifier`."""
    kind = Classifier if spec.kind is Kind.CLASSIFIER else Extractor
    if not isinstance(model, kind):
        raise ModelError(f"{spec.builder} gave {type(model).__name__}, which is no {kind.__name__}")
    if (model.key, model.revision, model.modality) != (spec.key, spec.revision, spec.modality):
        raise ModelError(f"{spec.builder} gave key {model.key} revision {model.revision} for {spec.key}")
    if isinstance(model, Classifier) and model.categories != frozenset(spec.categories):
        raise ModelError(f"{spec.builder}: the categories of {model.key} differ from its model.toml")
    return model
