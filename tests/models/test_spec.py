from __future__ import annotations

from pathlib import Path

import pytest

from moderation.errors import ConfigurationError
from moderation.models.spec import ConvertedFile, HubSource, Kind, PackagePart, load_spec
from moderation.rooms import NAMES, room
from moderation.schema import Modality

GOOD = """
key = "text-risk.v1"
builder = "moderation.models.text:build"
kind = "classifier"
modality = "text"
licence = "MIT"
categories = ["hate", "violence"]
experimental = ["violence"]

[[file]]
name = "model.bin"
sha256 = "{a}"
parts = [{{ package = "some-weights", path = "some_weights/model.bin" }}]

[[file]]
name = "head.safetensors"
sha256 = "{b}"
shipped = true

[[converted]]
name = "encoder.onnx"
from = ["model.bin"]
converter = "some.module:convert"
version = 3
""".format(a="a" * 64, b="b" * 64)


def write(folder: Path, text: str) -> Path:
    path = folder / "model.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, GOOD))
    assert (spec.key, spec.kind, spec.modality) == ("text-risk.v1", Kind.CLASSIFIER, Modality.TEXT)
    assert spec.categories == ("hate", "violence")
    assert spec.experimental == ("violence",)
    assert spec.files[0].parts == (PackagePart("some-weights", "some_weights/model.bin"),)
    assert spec.files[1].shipped
    assert spec.converted == (ConvertedFile("encoder.onnx", ("model.bin",), "some.module:convert", 3),)
    assert spec.room == tmp_path
    assert not spec.folder


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('licence = "MIT"', "", "licence"),
        ('licence = "MIT"', 'licence = "MIT"\nlicense = "MIT"', "license"),
        ('key = "text-risk.v1"', 'key = "text-risk"', "key"),
        ('kind = "classifier"', 'kind = "guesser"', "kind"),
        ('modality = "text"', "modality = 3", "modality"),
        ('categories = ["hate", "violence"]', "", "categories"),
        ('categories = ["hate", "violence"]', 'categories = ["hate", "hate"]', "categories"),
        (
            'categories = ["hate", "violence"]',
            'categories = ["hate", "violense", "violence"]',
            "categories: not in the",
        ),
        ('experimental = ["violence"]', 'experimental = ["fraud"]', "experimental"),
        ('kind = "classifier"', 'kind = "classifier"\norigin = "ocr"', "origin"),
        ('kind = "classifier"', 'kind = "extractor"', "origin: missing"),
        ("b" * 64, "b" * 63, "file[1]: sha256"),
        ("shipped = true", "", "file[1]: parts"),
        ("shipped = true", "shipped = 1", "file[1]: shipped"),
        ('path = "some_weights/model.bin"', 'pth = "x"', "file[0]: parts[0]: path"),
        ('name = "head.safetensors"', 'name = "../head"', "file[1]: name"),
        ('name = "head.safetensors"', 'name = "model.bin"', "file name used twice"),
        ('from = ["model.bin"]', 'from = ["other.bin"]', "converted.from"),
        ("version = 3", "version = true", "converted[0]: version"),
        ("version = 3", "version = 0", "converted[0]: version"),
        ('converter = "some.module:convert"', 'converter = "some.module"', "converted[0]: converter"),
        ('key = "text-risk.v1"', "key = ", "not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_spec(path)
    assert str(path) in caught.value.message
    assert place in caught.value.message


HUB = """
[[file]]
name = "model.safetensors"
hub = { repo = "own/tiny", revision = "main", path = "weights/model.safetensors", optional = true }
"""


def test_a_file_of_a_hub_needs_no_hash(tmp_path: Path) -> None:
    (*_, file) = load_spec(write(tmp_path, GOOD + HUB)).files
    assert file.hub == HubSource("own/tiny", "main", "weights/model.safetensors", optional=True)
    assert file.sha256 == ""
    assert not file.shipped
    pinned = HUB.replace(", optional = true", "").replace("hub =", f'sha256 = "{"c" * 64}"\nhub =')
    assert load_spec(write(tmp_path, GOOD + pinned)).files[-1].sha256 == "c" * 64


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('path = "weights/model.safetensors"', 'path = "pytorch_model.bin"', "hub: path: must end with"),
        ('path = "weights/model.safetensors"', 'path = "model.pt"', "nothing is unpickled"),
        ('path = "weights/model.safetensors"', 'path = "../model.safetensors"', "hub: path"),
        ('path = "weights/model.safetensors"', 'path = "/model.safetensors"', "hub: path"),
        ('repo = "own/tiny"', 'repo = "tiny"', "hub: repo"),
        ('repo = "own/tiny"', 'repo = "../tiny"', "hub: repo"),
        ('revision = "main"', 'revision = "a/../b"', "hub: revision"),
        ('revision = "main"', 'revison = "main"', "hub: revision: missing"),
        ("optional = true", 'mirror = "x"', "hub: mirror: unknown key"),
        ("hub = ", "shipped = true\nhub = ", "one of parts"),
        ("hub = ", 'sha256 = ""\nhub = ', "sha256"),
        ("hub = ", f'sha256 = "{"c" * 64}"\nhub = ', "file[2]: sha256: an optional file has none"),
        ("hub = ", "hub = 3 #", "hub: must be a table"),
    ],
)
def test_what_is_wrong_with_a_hub_file_is_named(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in HUB
    with pytest.raises(ConfigurationError) as caught:
        load_spec(write(tmp_path, GOOD + HUB.replace(old, new)))
    assert place in caught.value.message


def test_an_extractor_has_no_categories(tmp_path: Path) -> None:
    text = GOOD.replace('kind = "classifier"', 'kind = "extractor"\norigin = "ocr"')
    with pytest.raises(ConfigurationError, match="categories: an extractor has none"):
        load_spec(write(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b" * 64, "c" * 64),
        ("version = 3", "version = 4"),
        ("text-risk.v1", "text-risk.v2"),
        ('licence = "MIT"', 'licence = "MIT"\nversion = 2'),
    ],
)
def test_the_revision_changes_with_whatever_changes_answers(tmp_path: Path, old: str, new: str) -> None:
    before = load_spec(write(tmp_path, GOOD)).revision
    assert len(before) == 12
    assert load_spec(write(tmp_path, GOOD.replace(old, new))).revision != before


def test_the_revision_keeps_with_whatever_does_not(tmp_path: Path) -> None:
    before = load_spec(write(tmp_path, GOOD)).revision
    assert load_spec(write(tmp_path, GOOD.replace("MIT", "Apache-2.0"))).revision == before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_spec(tmp_path / "model.toml")


def test_every_room_is_found() -> None:
    assert [room(name).name for name in NAMES] == list(NAMES)
    with pytest.raises(ConfigurationError, match="no room 'kitchen'"):
        room("kitchen")


@pytest.mark.parametrize("path", sorted(room("models").glob("*/model.toml")), ids=lambda path: path.parent.name)
def test_every_shipped_room_parses_into_canonical_categories(path: Path) -> None:
    from moderation.taxonomy import CATEGORIES

    assert set(load_spec(path).categories) <= set(CATEGORIES)
