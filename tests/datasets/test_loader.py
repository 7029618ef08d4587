"""Rows out of files, in every format; what is wrong is counted in its place."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.labelled import LABELS, NAMED, ROWS, write_manifest, write_set

from moderation.datasets.loader import Example, examples, find_manifest, paths_of, survey
from moderation.datasets.manifest_file import load_manifest
from moderation.datasets.tables import ReadLimits
from moderation.errors import InvalidRequestError, MissingExtraError, ModerationError, TooLargeError, UndecodableError

FEW = ReadLimits(max_rows=1_000, max_line_bytes=2_000, max_bytes=100_000)


def read(manifest: Path, **options: Any) -> tuple[Any, list[Example]]:
    found = load_manifest(manifest)
    paths = paths_of(found, None)
    counts = survey(found, paths, limits=FEW, **options)
    return counts, list(examples(found, paths, counts, limits=FEW))


def written(folder: Path, data: bytes, name: str = "data.jsonl", **options: str) -> Path:
    (folder / name).write_bytes(data)
    return write_manifest(folder, folder / name, **options)


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "csv", "parquet"])
def test_all_formats_give_the_same_rows(tmp_path: Path, kind: str) -> None:
    counts, found = read(write_set(tmp_path / "made-up", kind=kind))
    assert [example.text for example in found] == [row["text"] for row in ROWS]
    assert [example.violating for example in found] == [row["label"] == 1 for row in ROWS]
    assert [example.labelled for example in found[:4]] == [("hate",), ("hate",), ("spam",), ("spam",)]
    assert found[0].truths == {"hate": True}
    assert found[-1].truths == {"hate": False, "hate/threatening": False, "spam": False}
    assert (counts.rows, counts.used, counts.malformed) == (20, 20, {})
    first = 2 if kind == "csv" else 1
    assert [example.place for example in found] == [(0, first + index) for index in range(20)]


def test_malformed_lines_are_counted_with_their_numbers(tmp_path: Path) -> None:
    good = json.dumps(ROWS[0]).encode()
    lines = [
        good,
        b"{",
        b"[1]",
        b'{"text": "\xff", "label": 1}',
        b'{"text": "", "label": 1}',
        b'{"text": "x", "label": 7}',
        b'{"text": "\\ud800", "label": 1}',
        b'{"text": "x", "label": null}',
        b"",
        b'{"text": "' + b"x" * 3_000 + b'", "label": 1}',
        b'{"text": "x", "text": "y", "label": 1}',
        b'{"text": "x", "label": ' + b"[" * 600 + b"]" * 600 + b"}",
        b'{"label": NaN, "text": "x"}',
        good,
    ]
    counts, found = read(written(tmp_path, b"\n".join(lines), labels=LABELS))
    assert [example.place[1] for example in found] == [1, 14]
    places = {reason: [number for _, number in where] for reason, where in counts.examples_of.items()}
    assert places == {
        "invalid_json": [2, 11, 13],
        "not_an_object": [3],
        "invalid_encoding": [4, 7],
        "no_text": [5],
        "unknown_label": [6, 12],
        "line_too_long": [10],
    }
    assert counts.left_out == {"no_label": 1}
    assert sum(counts.malformed.values()) == 10


def test_malformed_csv_rows_are_counted_and_the_next_row_is_read(tmp_path: Path) -> None:
    data = b'text,label\n"two\nlines",1\nbad \xff,1\nonly one\n"open"x,1\nlast,0\n'
    counts, found = read(written(tmp_path, data, "data.csv", labels=LABELS))
    assert [(example.text, example.place[1]) for example in found] == [("two\nlines", 2), ("last", 7)]
    assert counts.examples_of == {
        "invalid_encoding": [(0, 4)],
        "wrong_number_of_fields": [(0, 5)],
        "invalid_csv": [(0, 6)],
    }


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("data.csv", b"words,label\na,1\n", "there is no column text; there are: words, label"),
        ("data.csv", b"text,text,label\na,b,1\n", "two columns have one name"),
        ("data.csv", b"", "is empty"),
        ("data.jsonl", b'{"text": "a"}\n', "there is no column label in any row; there are: text"),
        ("data.jsonl", b'{"label": 1}\n', "there is no column text in any row; there are: label"),
        ("data.jsonl", b'{"text": "a", "label": null}\n', "no row can be used"),
        ("data.jsonl.gz", b"no gzip", "cannot be unpacked"),
        ("data.jsonl.gz", gzip.compress(b'{"text": "a", "label": 1}\n' * 50)[:-20], "cannot be unpacked"),
        ("data.parquet", b"PAR1 no", "is not Parquet, or is damaged"),
    ],
)
def test_a_file_that_is_not_what_it_says(tmp_path: Path, name: str, data: bytes, complaint: str) -> None:
    with pytest.raises(ModerationError, match=complaint):
        read(written(tmp_path, data, name, labels=LABELS))


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    manifest = write_set(tmp_path / "made-up")
    (manifest.parent / "data.jsonl").write_text('{"text": "a", "label": 1}\n')
    with pytest.raises(InvalidRequestError, match="not the same data"):
        read(manifest)


def test_bounds_on_rows_and_bytes(tmp_path: Path) -> None:
    row = b'{"text": "a", "label": 1}\n'
    with pytest.raises(TooLargeError, match="over 1000 rows"):
        read(written(tmp_path, row * 1_001, labels=LABELS))
    with pytest.raises(TooLargeError, match="bytes unpacked"):
        read(written(tmp_path, gzip.compress(b"x" * 10_000_000), "data.jsonl.gz", labels=LABELS))


def test_missing_data_says_where_it_is_expected_and_under_what_licence(tmp_path: Path) -> None:
    manifest = write_set(tmp_path / "made-up")
    (manifest.parent / "data.jsonl").rename(tmp_path / "data.jsonl")
    found = load_manifest(manifest)
    assert paths_of(found, tmp_path) == [tmp_path / "data.jsonl"]
    with pytest.raises(InvalidRequestError, match=r"expected as FOLDER/data.jsonl; .*--data.*licence: CC0-1.0"):
        paths_of(found, None)


def test_a_set_is_found_by_name_folder_and_path(tmp_path: Path) -> None:
    own, shipped = write_set(tmp_path / "own" / "made-up"), write_set(tmp_path / "shipped" / "made-up")
    rooms = [tmp_path / "shipped", tmp_path / "own"]
    assert find_manifest("made-up", rooms) == own
    assert find_manifest(str(shipped), rooms) == shipped
    assert find_manifest(str(shipped.parent), rooms) == shipped
    with pytest.raises(InvalidRequestError, match="or one of: made-up"):
        find_manifest("none", rooms)


def test_a_sample_is_the_same_for_a_seed_and_another_for_another(tmp_path: Path) -> None:
    manifest = write_set(tmp_path / "made-up")
    first, again, other = (read(manifest, limit=8, seed=seed)[1] for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert len(first) == len(other) == 8
    assert first == sorted(first, key=lambda example: example.place)
    assert read(manifest, limit=100)[1] == read(manifest)[1]
    larger = read(manifest, limit=12)[1]
    assert {example.place for example in first} <= {example.place for example in larger}


# ---- labels


def labelled(folder: Path, rows: list[dict[str, Any]], labels: str, **options: str) -> list[Example]:
    return read(write_set(folder / "made-up", rows, labels=labels, **options))[1]


def test_one_column_per_category(tmp_path: Path) -> None:
    rows = [{"text": "a", "H": 1, "S": 0}, {"text": "b", "H": 0, "S": 0}, {"text": "c", "H": 0}]
    labels = '[labels]\nviolating = [1]\nallowed = [0]\n[labels.columns]\nH = ["discrimination/age"]\nS = ["sexual"]\n'
    found = labelled(tmp_path, rows, labels, categories='["discrimination", "sexual"]')
    assert [example.violating for example in found] == [True, False, None]
    assert found[0].truths == {"discrimination": True, "discrimination/age": True, "sexual": False}
    assert found[0].labelled == ("discrimination/age",)
    assert found[1].truths["sexual/minors"] is False
    assert found[2].truths == {"discrimination/age": False}


KIND = '[labels.categories]\ncolumn = "category"\n[labels.categories.map]\nhate = ["hate"]\nspam = ["spam"]\n'


@pytest.mark.parametrize(
    "labels",
    [
        KIND.replace('"category"', '"categroy"'),
        LABELS + KIND.replace('"category"', '"categroy"'),
        LABELS.replace('"label"', '"lable"'),
        '[labels]\nviolating = [1]\nallowed = [0]\n[labels.columns]\nlabel = ["hate"]\nlabl = ["spam"]\n',
        'language = "lang"\n' + LABELS,
        '[where]\nsplit = ["test"]\n' + LABELS,
    ],
)
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_column_that_no_row_has_is_refused_in_every_format(tmp_path: Path, labels: str, kind: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"there is no column (categroy|lable|labl|lang|split)"):
        read(write_set(tmp_path / "made-up", labels=labels, kind=kind))


@pytest.mark.parametrize(("labels", "column"), [(LABELS, "label"), (KIND, "category")])
def test_a_row_without_the_column_that_decides_is_malformed(tmp_path: Path, labels: str, column: str) -> None:
    rows = [*ROWS, {key: value for key, value in ROWS[0].items() if key != column}]
    counts, found = read(write_set(tmp_path / "made-up", rows, labels=labels))
    assert (counts.malformed, counts.examples_of) == ({"missing_column": 1}, {"missing_column": [(0, 21)]})
    assert len(found) == 20


def test_an_allowed_row_need_not_say_which_category_it_is_not_of(tmp_path: Path) -> None:
    counts, found = read(write_set(tmp_path / "made-up", [*ROWS, {"text": "x", "label": 0}]))
    assert (counts.malformed, len(found), found[-1].violating) == ({}, 21, False)


def test_a_number_from_which_on_a_row_is_violating(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a", "label": 0.5},
        {"text": "b", "label": 0.49},
        {"text": "c", "label": "x"},
    ]
    found = labelled(tmp_path, rows, '[labels]\ncolumn = "label"\nat_least = 0.5\n')
    assert [example.violating for example in found] == [True, False]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_number_that_is_missing_is_no_label(tmp_path: Path, kind: str) -> None:
    values = ["0.9", "0.1", "nan", "NaN", "-nan", "inf", "-inf"]
    rows = [{"text": f"a {value}", "label": value if kind == "csv" else float(value)} for value in values]
    labels = '[labels]\ncolumn = "label"\nat_least = 0.5\n'
    counts, found = read(write_set(tmp_path / "made-up", rows, kind=kind, labels=labels))
    assert [(example.text, example.violating) for example in found] == [
        ("a 0.9", True),
        ("a 0.1", False),
        ("a inf", True),
        ("a -inf", False),
    ]
    assert (counts.left_out, counts.malformed) == ({"no_label": 3}, {})


def test_a_category_whose_number_is_missing_is_unknown_and_not_absent(tmp_path: Path) -> None:
    rows = [{"text": "a", "h": "nan", "s": "0.1"}, {"text": "b", "h": "nan", "s": "0.9"}]
    labels = '[labels]\nat_least = 0.5\n[labels.columns]\nh = ["hate"]\ns = ["spam"]\n'
    first, second = labelled(tmp_path, rows, labels, kind="csv")
    assert (first.violating, dict(first.truths)) == (None, {"spam": False})
    assert (second.violating, dict(second.truths)) == (True, {"spam": True})


def test_lists_and_separators_and_complete(tmp_path: Path) -> None:
    names = '[labels.categories]\ncolumn = "c"\nseparator = "+"\ncomplete = true\n[labels.categories.map]\n'
    names += 'r = ["discrimination/ethnicity"]\nd = ["discrimination"]\nh = ["hate"]\nother = []\n'
    rows: list[dict[str, Any]] = [
        {"text": "a", "c": "r + h"},
        {"text": "b", "c": ["d"]},
        {"text": "c", "c": []},
        {"text": "d", "c": "unheard of"},
    ]
    counts, found = read(write_set(tmp_path / "made-up", rows, labels=names, categories='["discrimination", "hate"]'))
    assert found[0].labelled == ("discrimination/ethnicity", "hate")
    assert found[0].truths == {"hate": True, "discrimination": True, "discrimination/ethnicity": True}
    assert found[1].truths == {"hate": False, "discrimination": True}  # of which children is not said
    assert [example.violating for example in found] == [True, True, False]
    assert counts.malformed == {"unknown_label": 1}


def test_what_an_allowed_row_is_about_is_not_what_it_is_of(tmp_path: Path) -> None:
    (found,) = labelled(tmp_path, [{"text": "a", "label": 0, "category": "hate"}], NAMED)
    assert (found.labelled, found.truths["hate"], found.violating) == ((), False, False)


def test_a_category_without_an_entry_is_counted_and_the_row_is_used(tmp_path: Path) -> None:
    rows = [*ROWS, {"text": "x", "label": 1, "category": "unheard of"}]
    counts, found = read(write_set(tmp_path / "made-up", rows))
    assert (counts.unmapped, len(found)) == (1, 21)
    assert (found[-1].violating, found[-1].truths) == (True, {})


def test_one_sided_sets_refuse_the_other_side(tmp_path: Path) -> None:
    counts, found = read(write_set(tmp_path / "a", labels=LABELS, extra='sides = "allowed"'))
    assert counts.malformed == {"wrong_side": 4}
    assert {example.violating for example in found} == {False}
    _, found = read(write_set(tmp_path / "b", labels="", extra='sides = "violating"'))
    assert {example.violating for example in found} == {True}


def test_where_leaves_rows_out(tmp_path: Path) -> None:
    counts, found = read(write_set(tmp_path / "a", labels='[where]\ncategory = ["hate"]\n' + LABELS))
    assert (len(found), counts.left_out) == (2, {"filtered": 18})


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = write_set(tmp_path / "a", kind="parquet")

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("moderation.datasets.tables.importlib.import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pyarrow is not installed; run: pip install 'moderation\[evaluate\]'"):
        read(manifest)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), name=st.sampled_from(["a.jsonl", "a.csv", "a.jsonl.gz", "a.parquet"]))
def test_any_bytes_are_rows_or_are_refused_in_words(tmp_path: Path, data: bytes, name: str) -> None:
    header = b"text,label\n" if name.endswith("csv") else b""
    with contextlib.suppress(InvalidRequestError, UndecodableError):
        counts, found = read(written(tmp_path, header + data, name, labels=LABELS))
        assert counts.rows == len(found)
