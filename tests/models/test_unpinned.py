"""The shipped guards, whose model.toml knows no hash: nothing of them is used before it was trusted and recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.hubs import safetensors_of
from support.packages import sha256
from support.pages import ROOT, page

from moderation.errors import ConfigurationError, WeightsMismatchError, WeightsMissingError
from moderation.models.lock import ABSENT, entry_of, needs_lock, read_lock
from moderation.models.pull import Hub, pull
from moderation.models.spec import ModelSpec, load_spec
from moderation.models.store import ModelStore
from moderation.rooms import room

SPECS = [load_spec(path) for path in sorted(room("models").glob("*/model.toml"))]
UNPINNED = [spec for spec in SPECS if needs_lock(spec)]


def content(name: str) -> bytes:
    """What may stand under a name, different for each."""
    return safetensors_of(name.encode()) if name.endswith(".safetensors") else json.dumps({"name": name}).encode()


def repository(folder: Path, spec: ModelSpec) -> Path:
    """A made-up copy of a model's repository, without what is optional."""
    for file in spec.files:
        if file.hub is not None and not file.hub.optional:
            (folder / file.hub.path).write_bytes(content(file.name))
    return folder


@pytest.mark.parametrize("spec", UNPINNED, ids=lambda spec: spec.key)
def test_the_first_use_is_recorded_file_by_file_and_holds(tmp_path: Path, spec: ModelSpec) -> None:
    source = tmp_path / "repository"
    source.mkdir()
    store, hub = ModelStore(tmp_path / "home"), Hub(folder=repository(source, spec))
    with pytest.raises(WeightsMissingError, match="--trust-first-use"):
        store.prepare(spec)
    with pytest.raises(ConfigurationError, match="--trust-first-use"):
        pull(spec, store, hub=hub)
    assert read_lock(store.home) == {}
    trusted = pull(spec, store, hub=hub, trust_first_use=True)
    assert read_lock(store.home) == {
        entry_of(file.hub): ABSENT if file.hub.optional else sha256(content(file.name))
        for file in spec.files
        if file.hub is not None
    }
    assert all(file.sha256 for file in trusted.files)
    assert trusted.revision != spec.revision
    store.prepare(spec)
    name = trusted.files[-1].name
    store.pulled(next(file.hub for file in spec.files if file.name == name and file.hub)).write_bytes(b"another")
    (store.folder(spec) / name).write_bytes(b"another")
    with pytest.raises(WeightsMismatchError):
        store.prepare(spec)


def test_whatever_else_is_shipped_is_pinned() -> None:
    assert {spec.key for spec in UNPINNED} == {"llama-guard.v1", "qwen-guard.v1", "shieldgemma.v1"}
    for spec in SPECS:
        assert all(file.sha256 or file.hub is not None for file in spec.files)


@pytest.mark.parametrize("spec", UNPINNED, ids=lambda spec: spec.key)
def test_the_pages_say_that_it_is_trust_on_first_use(spec: ModelSpec) -> None:
    command = f"moderation models pull {spec.key} --trust-first-use"
    assert spec.room is not None
    for said in (spec.room / "README.md", spec.room / "model.toml"):
        assert command in said.read_text(), said.relative_to(ROOT)
        assert "not pinned" in said.read_text(), said.relative_to(ROOT)
    assert "models.lock" in page("models.md").split("## Weights")[1]
