"""Manifests: what they may say, and that every complaint names file and line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pages import blocks, page

from moderation.datasets.evaluate import open_sets
from moderation.datasets.manifest import Format, Side
from moderation.datasets.manifest_file import load_manifest, parse_manifest
from moderation.errors import ConfigurationError, ModerationError, NotSupportedYetError
from moderation.taxonomy import CATEGORIES

ROOM = Path(__file__).resolve().parents[2] / "datasets"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHA = "0" * 64
GOOD = f"""name = "made-up"
description = "words"
licence = "MIT"
categories = ["discrimination"]

[[file]]
path = "a.jsonl.gz"
sha256 = "{SHA}"

[[file]]
path = "b.tsv"
sha256 = "{SHA}"

[columns]
text = "text"

[where]
split = ["test", 1]

[labels]
column = "label"
violating = [1]
allowed = [0, false]

[labels.categories]
column = "category"
separator = "+"

[labels.categories.map]
race = ["discrimination/ethnicity"]
"""


def test_a_manifest_is_read() -> None:
    manifest = parse_manifest(GOOD.encode(), file="m.toml")
    assert manifest.sides is Side.BOTH
    assert "discrimination/ethnicity" in manifest.categories
    assert "hate" not in manifest.categories
    first, second = manifest.files
    assert (first.format, first.gzipped) == (Format.JSONL, True)
    assert (second.format, second.delimiter) == (Format.CSV, "\t")
    assert manifest.where == {"split": {"test", "1"}}
    assert manifest.labels.allowed == {"0", "false"}
    assert manifest.columns == ("text", "label", "category", "split")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('licence = "MIT"\n', "", "m.toml: the key `licence` is missing"),
        ('licence = "MIT"', 'license = "MIT"', "m.toml:3: unknown key `license`"),
        ('name = "made-up"', 'name = "Made up"', "m.toml:1: `name` is made of"),
        (f'sha256 = "{SHA}"\n\n[col', "\n[col", "m.toml:10: `sha256` must be"),
        ('path = "b.tsv"', 'path = "../b.tsv"', "m.toml:11: `path` must stay inside"),
        ('path = "b.tsv"', 'path = "/b.tsv"', "m.toml:11: `path` must stay inside"),
        ('path = "b.tsv"', 'path = "b.txt"', "`format` must be one of"),
        ('path = "b.tsv"', 'path = "a.jsonl.gz"', "a file is named twice"),
        ('path = "b.tsv"', 'path = "b.tsv"\nsha = 1', "m.toml:12: unknown key `sha`"),
        ('["discrimination"]', '["discrimnation"]', "m.toml:4: unknown category `discrimnation`"),
        ('["discrimination/ethnicity"]', '["ethnicity"]', "m.toml:30: unknown category `ethnicity`"),
        ("allowed = [0, false]", "allowed = [0, 1]", "a value is both"),
        ("allowed = [0, false]", "", "give `violating` and `allowed` values"),
        ("allowed = [0, false]", "alowed = [0]", "m.toml:23: unknown key `alowed`"),
        ('separator = "+"', 'separator = ""', "m.toml:27: `separator` must be a text"),
        *(
            (
                'path = "b.tsv"',
                f'path = "b.tsv"\ndelimiter = {word}',
                "m.toml:12: `delimiter` must be one character, and",
            )
            for word in ('"\\n"', '"\\r"', "'\"'", '""', '";;"', "3")
        ),
        ('path = "b.tsv"', 'path = "b.tsv"\nencoding = "utf-7"', "m.toml:12: `encoding` must be one of utf-8, gb18030"),
        ('separator = "+"', 'complete = "yes"', "m.toml:27: `complete` must be true or false"),
        ('split = ["test", 1]', "split = []", "m.toml:18: no row has one of no values"),
        ('licence = "MIT"', 'licence = "MIT"\nsides = "left"', "m.toml:4: `sides` must be one of"),
        ('[columns]\ntext = "text"', "", "the table [columns] is missing"),
        ("[columns]", "[columns", "is not TOML"),
    ],
)
def test_a_complaint_names_file_and_line(old: str, new: str, complaint: str) -> None:
    text = GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(ConfigurationError) as raised:
        parse_manifest(text.encode(), file="m.toml")
    assert complaint in raised.value.message


def test_the_manifest_that_is_explained_is_read() -> None:
    whole, _ = blocks(page("evaluate.md"), "toml")
    manifest = parse_manifest(whole.encode(), file="evaluate.md")
    assert manifest.labels.categories is not None
    assert manifest.labels.categories.names["other"] == ()


def test_media_are_not_supported_yet() -> None:
    with pytest.raises(NotSupportedYetError, match=r"m.toml:1: sets of image are not supported yet"):
        parse_manifest(('modality = "image"\n' + GOOD).encode(), file="m.toml")


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(GOOD)), length=st.integers(0, 12), put=st.text(max_size=6))
def test_a_spoilt_manifest_is_read_or_refused_in_words(at: int, length: int, put: str) -> None:
    text = GOOD[:at] + put + GOOD[at + length :]
    with contextlib.suppress(ModerationError):
        parse_manifest(text.encode("utf-8", "surrogatepass"), file="m.toml")


@pytest.mark.parametrize("path", sorted(ROOM.glob("*/manifest.toml")), ids=lambda path: path.parent.name)
def test_a_manifest_of_the_room(path: Path) -> None:
    manifest = load_manifest(path)
    assert manifest.name == path.parent.name
    assert manifest.use
    assert set(manifest.categories) <= set(CATEGORIES)


@pytest.mark.shared_data
def test_every_set_of_the_room_is_there_and_whole() -> None:
    manifests = [load_manifest(path) for path in sorted(ROOM.glob("*/manifest.toml"))]
    assert len(manifests) >= 30
    for opened in open_sets(manifests, DATA):
        assert opened.survey.rows > 50
        assert not opened.survey.malformed, opened.manifest.name
        assert not opened.survey.unmapped, opened.manifest.name
