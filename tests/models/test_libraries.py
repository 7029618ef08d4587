"""Models whose answers come from other packages' tables: a new version of such a package is a new revision."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.packages import install
from support.pages import ROOT

from moderation.errors import ConfigurationError
from moderation.models import spec as module
from moderation.models.spec import ModelSpec, load_spec
from moderation.normalise.packaged import TABLES
from moderation.rooms import room

SPECS = [load_spec(path) for path in sorted(room("models").glob("*/model.toml"))]
USED = sorted({name for spec in SPECS for name in spec.libraries})


def spec_of(*libraries: str) -> ModelSpec:
    return replace(load_spec(room("models") / "attack-forms" / "model.toml"), libraries=libraries)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "some-rules", {})
    module._version.cache_clear()
    return tmp_path


def test_another_version_of_a_library_is_another_revision_of_the_same_files(site: Path) -> None:
    spec = spec_of("some-rules")
    before, files = spec.revision, spec.files_revision
    (site / "some_rules-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-rules\nVersion: 2.0\n"
    )
    assert spec.revision == before, "looked up once in a process"
    module._version.cache_clear()
    assert spec.revision != before
    assert spec.files_revision == files


@pytest.mark.usefixtures("site")
def test_the_revision_names_every_library_in_no_order() -> None:
    assert spec_of("some-rules", "pytest").revision == spec_of("pytest", "some-rules").revision
    revisions = {spec_of(*names).revision for names in ((), ("some-rules",), ("pytest",), ("some-rules", "pytest"))}
    assert len(revisions) == 4
    assert spec_of("not-installed-at-all").revision not in revisions


def test_a_model_without_libraries_keeps_its_revision() -> None:
    assert spec_of().revision == spec_of().files_revision


@pytest.mark.parametrize("value", ['["a/b"]', '[""]', '"regex"', '["regex", "regex"]'])
def test_names_that_are_none_are_refused(tmp_path: Path, value: str) -> None:
    text = (room("models") / "attack-forms" / "model.toml").read_text()
    (tmp_path / "model.toml").write_text(f"{text}\nlibraries = {value}\n")
    with pytest.raises(ConfigurationError, match="libraries"):
        load_spec(tmp_path / "model.toml")


def test_the_shipped_models_say_whose_tables_they_use() -> None:
    named = {spec.key: spec.libraries for spec in SPECS if spec.libraries}
    assert named == {"personal.v1": ("phonenumbers", "python-stdnum", "regex"), "speech.v1": ("opencc",)}


@pytest.mark.parametrize("package", [*USED, *TABLES, "opencc"])
def test_what_decides_is_pinned_for_the_tests(package: str) -> None:
    lines = (ROOT / "constraints.txt").read_text().lower().replace("_", "-").splitlines()
    assert [line for line in lines if re.fullmatch(rf"{re.escape(package)}==[0-9][0-9.]*", line)]
