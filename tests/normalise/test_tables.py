"""The tables that packages carry decide what is found: the revision of a result speaks of each of them."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import shutil
import unicodedata
from pathlib import Path

import pytest
from support.engines import fake_engine
from support.packages import install

from moderation.errors import WeightsMissingError
from moderation.normalise import packaged
from moderation.normalise.packaged import TABLES, packaged_text, tables_revision
from moderation.schema import Content, Part
from moderation.wire import dump_result, load_result

fresh = tables_revision.__wrapped__  # as another process would find them


def site_with(folder: Path, package: str, text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another build of a package, found before the real one."""
    install(folder, package, {TABLES[package].partition("/")[2]: text})
    monkeypatch.syspath_prepend(str(folder))


def test_the_same_tables_have_the_same_revision() -> None:
    assert fresh() == fresh() == tables_revision()
    assert len(tables_revision()) == 12


@pytest.mark.parametrize("package", TABLES)
def test_another_table_of_a_package_is_another_revision(
    tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = packaged_text(package).encode()
    site_with(tmp_path, package, before, monkeypatch)
    assert fresh() == tables_revision(), "a new version with the same table"
    (tmp_path / TABLES[package]).write_bytes(before + b"\n")
    assert packaged_text(package) != before.decode(), "what is digested is what is read"
    assert fresh() != tables_revision()


def test_a_package_that_is_gone_is_another_revision_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.metadata.distribution

    def without_emoji(name: str) -> importlib.metadata.Distribution:
        if name == "emoji":
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib.metadata, "distribution", without_emoji)
    with pytest.raises(WeightsMissingError):
        packaged_text("emoji")
    assert fresh() != tables_revision()


def test_another_converter_is_another_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} of tomorrow")
    assert fresh() != tables_revision()


def test_other_characters_of_python_are_another_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unicodedata, "unidata_version", "99.0.0")
    assert fresh() != tables_revision()


@pytest.mark.parametrize("name", sorted(path.name for path in packaged._DATA.glob("*.tsv")))
def test_another_table_of_our_own_is_another_revision(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shutil.copytree(packaged._DATA, tmp_path / "data")
    monkeypatch.setattr(packaged, "_DATA", own)
    assert fresh() == tables_revision()
    with (own / name).open("a") as table:
        table.write("一\t二\n")
    assert fresh() != tables_revision()


def test_a_table_that_the_revision_does_not_speak_of_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        packaged_text("requests")


def test_every_result_says_with_which_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> tuple[str, str]:
        engine = fake_engine()
        try:
            result = await engine.moderate(Content((Part.from_text("nothing is found here"),)))
        finally:
            await engine.close()
        return result.tables, load_result(json.loads(dump_result(result))).tables

    assert asyncio.run(scenario()) == (tables_revision(), tables_revision())
    monkeypatch.setattr("moderation.pipelines.fuse.tables_revision", lambda: "other")
    assert asyncio.run(scenario()) == ("other", "other")
