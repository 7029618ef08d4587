"""Which rows thresholds are chosen on: texts that were not trained on, and that are known to be harmless throughout."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from moderation.errors import ConfigurationError
from moderation.rooms import room
from moderation.training import held_out as command
from moderation.training.held_out import check, held_out, main
from moderation.training.parts import CALIBRATE, MEASURE, TRAIN, part_of, split_digest
from moderation.training.rows import CATEGORIES, Row, benign
from moderation.training.text_risk import gather


def group_in(part: int, seed: int = 0) -> str:
    return next(name for name in map(str, itertools.count()) if part_of(name, seed) == part)


HARMLESS = Row("harmless", benign(), "made-up", group_in(MEASURE))


def test_a_row_that_is_harmless_in_every_category_is_kept() -> None:
    assert held_out([HARMLESS], seed=0) == [HARMLESS]


def test_a_row_of_which_one_category_is_unknown_is_none() -> None:
    """It may be of that category: a threshold chosen so that it is not flagged would be too high."""
    for category in CATEGORIES:
        assert held_out([replace(HARMLESS, labels=benign(unknown=(category,)))], seed=0) == []
    assert held_out([replace(HARMLESS, labels={})], seed=0) == []


def test_a_row_of_any_category_is_none() -> None:
    for category in CATEGORIES:
        assert held_out([replace(HARMLESS, labels={**benign(), category: True})], seed=0) == []


def test_rows_of_the_other_parts_are_none() -> None:
    others = [replace(HARMLESS, group=group_in(part)) for part in (TRAIN, CALIBRATE)]
    assert held_out(others, seed=0) == []
    moved = next(seed for seed in itertools.count() if part_of(HARMLESS.group, seed) != MEASURE)
    assert held_out([HARMLESS], seed=moved) == []


def test_a_text_counts_once() -> None:
    other = replace(HARMLESS, text="another")
    found = held_out([HARMLESS, other, replace(HARMLESS, source="again")], seed=0)
    assert [row.text for row in found] == ["harmless", "another"]


def metrics_of(rows: list[Row]) -> dict[str, object]:
    counts = {source: sum(row.source == source for row in rows) for source in {row.source for row in rows}}
    return {"seed": 0, "rows_by_source": counts, "held_out_sha256": split_digest(rows, 0)}


def test_rows_that_weights_were_trained_on_are_taken() -> None:
    check([HARMLESS], metrics_of([HARMLESS]))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([HARMLESS, replace(HARMLESS, text="another", source="new")], r"measured on: new 1, not 0\."),
        ([], r"measured on: made-up 0, not 1\."),
        ([replace(HARMLESS, text="another")], r"measured on\."),  # as many, of the same source
        ([replace(HARMLESS, group=group_in(TRAIN))], r"measured on\."),
    ],
)
def test_other_rows_are_refused_with_what_differs(rows: list[Row], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check(rows, metrics_of([HARMLESS]))


def test_the_command_writes_nothing_of_other_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "gather", lambda *_, **__: [HARMLESS])
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "not those that text-risk was trained on" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_the_sets_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "no such training set" in capsys.readouterr().err


@pytest.mark.shared_data
def test_the_shipped_weights_were_measured_on_the_rows_that_are_here() -> None:
    metrics = json.loads((room("models") / "text-risk" / "metrics.json").read_text(encoding="utf-8"))
    data = Path(__file__).resolve().parents[3] / "shared" / "data" / "train"
    check(gather(data, seed=metrics["seed"], scale=1.0), metrics)
