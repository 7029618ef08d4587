from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.packages import install

from moderation.errors import ConfigurationError, ModelError
from moderation.models.fake import FakeTextClassifier
from moderation.models.registry import Registry
from moderation.models.spec import Kind, ModelSpec
from moderation.models.store import ModelStore
from moderation.rooms import room
from moderation.schema import Modality

TOML = """
key = "{key}"
builder = "{builder}"
kind = "classifier"
modality = "text"
licence = "{licence}"
categories = ["hate"]
"""


def add(folder: Path, name: str, key: str, *, builder: str = f"{__name__}:build", licence: str = "MIT") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "model.toml").write_text(TOML.format(key=key, builder=builder, licence=licence))


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeTextClassifier:
    model = FakeTextClassifier(categories=spec.categories, revision=spec.revision)
    model.key = spec.key
    return model


def build_wrong_key(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeTextClassifier:
    return FakeTextClassifier(categories=spec.categories, revision=spec.revision)


def build_wrong_categories(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeTextClassifier:
    model = FakeTextClassifier(categories=["fraud"], revision=spec.revision)
    model.key = spec.key
    return model


def build_nothing(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> Any:
    return None


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home")


def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


def test_a_later_folder_replaces_a_key(tmp_path: Path) -> None:
    add(tmp_path / "one", "a", "a.v1", licence="first")
    add(tmp_path / "one", "b", "b.v1")
    add(tmp_path / "two", "a", "a.v1", licence="second")
    registry = Registry([tmp_path / "one", tmp_path / "two"], entry_points=False)
    assert registry.spec("a.v1").licence == "second"
    assert registry.spec("b.v1").licence == "MIT"
    assert {"a.v1", "b.v1", "fake-text.v1"} <= set(registry.keys())


def test_a_key_twice_in_one_folder_is_refused(tmp_path: Path) -> None:
    add(tmp_path, "a", "a.v1")
    add(tmp_path, "b", "a.v1")
    with pytest.raises(ConfigurationError, match=r"b/model.toml: key: a.v1 is also that of"):
        Registry([tmp_path], entry_points=False)


def test_the_key_of_a_fake_is_refused(tmp_path: Path) -> None:
    add(tmp_path, "a", "fake-text.v1")
    with pytest.raises(ConfigurationError, match="belongs to a fake"):
        Registry([tmp_path], entry_points=False)


def test_an_unknown_key_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no model 'a.v9'; known are fake-image.v1"):
        Registry([tmp_path], entry_points=False).spec("a.v9")


def test_a_missing_room_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such folder of models"):
        Registry([tmp_path / "none"], entry_points=False)


def test_a_model_is_built(tmp_path: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    importable(monkeypatch)
    add(tmp_path / "room", "a", "a.v1")
    registry = Registry([tmp_path / "room"], entry_points=False)
    model = registry.load("a.v1", store=store, threads=1)
    assert (model.key, model.revision) == ("a.v1", registry.spec("a.v1").revision)


@pytest.mark.parametrize(
    ("builder", "error", "message"),
    [
        ("no.such.module:build", ConfigurationError, "cannot be loaded"),
        ("moderation.models.fake:no_such", ConfigurationError, "cannot be loaded"),
        (f"{__name__}:build_wrong_key", ModelError, "gave key fake-text.v1"),
        (f"{__name__}:build_wrong_categories", ModelError, "differ from its model.toml"),
        (f"{__name__}:build_nothing", ModelError, "NoneType"),
    ],
)
def test_a_builder_that_does_not_fit_its_spec_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: str, error: type[Exception], message: str
) -> None:
    importable(monkeypatch)
    store = ModelStore(tmp_path / "home")
    add(tmp_path / "room", "a", "a.v1", builder=builder)
    with pytest.raises(error, match=message):
        Registry([tmp_path / "room"], entry_points=False).load("a.v1", store=store, threads=1)


PLUGIN = ModelSpec("plugin.v1", f"{__name__}:build", Kind.CLASSIFIER, Modality.TEXT, "MIT", ("hate",))


def test_an_entry_point_adds_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: ModelStore) -> None:
    importable(monkeypatch)
    install(tmp_path, "a-plugin", {}, entry_points=f"[moderation.models]\nplugin.v1 = {__name__}:PLUGIN\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry([])
    assert "plugin.v1" in registry.keys()  # noqa: SIM118 - a method, not a mapping
    assert registry.spec("plugin.v1") is PLUGIN
    assert registry.load("plugin.v1", store=store, threads=1).key == "plugin.v1"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fake-text.v1", f"{__name__}:PLUGIN", "package a-plugin registers fake-text.v1, which is taken"),
        ("other.v1", f"{__name__}:PLUGIN", "not a ModelSpec with key other.v1"),
        ("other.v1", f"{__name__}:build", "not a ModelSpec"),
        ("other.v1", "no.such:thing", "cannot be loaded"),
    ],
)
def test_an_entry_point_that_cannot_be_meant_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    importable(monkeypatch)
    install(tmp_path, "a-plugin", {}, entry_points=f"[moderation.models]\n{name} = {value}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=message):
        Registry([]).spec(name)


def test_two_packages_with_one_key_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a-plugin", "b-plugin"):
        install(tmp_path, name, {}, entry_points="[moderation.models]\nplugin.v1 = x:SPEC\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"both register plugin\.v1"):
        Registry([])


def test_the_shipped_rooms_register() -> None:
    registry = Registry([room("models")], entry_points=False)
    assert {"text-risk.v1", "fake-text.v1"} <= set(registry.keys())


def test_listing_models_loads_nothing_heavy() -> None:
    source = """
import sys
from moderation.models.registry import Registry
from moderation.rooms import room
Registry([room("models")]).keys()
heavy = {"onnx", "onnxruntime", "tokenizers", "torch", "PIL", "av", "faster_whisper", "rapidocr"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
