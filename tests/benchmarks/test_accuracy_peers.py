"""What text-risk is compared with, and that a baseline of other rows is refused."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks import accuracy
from benchmarks.accuracy_peers import WordList, check_rows, profanity_check, scores_of
from moderation.models.base import Classification, Scored
from moderation.models.text import TextRisk
from moderation.rooms import room
from moderation.training.rows import CATEGORIES

OURS = json.loads((room("models") / "text-risk" / "metrics.json").read_text(encoding="utf-8"))


def baseline(folder: Path, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
    """A folder with the metrics of text-risk, other in something."""
    metrics = json.loads(json.dumps(OURS))
    change(metrics)
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return folder


def test_a_baseline_of_the_same_rows_is_taken_whatever_it_found(tmp_path: Path) -> None:
    check_rows(baseline(tmp_path, lambda metrics: metrics["categories"]["hate"].update(average_precision=0.1)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda metrics: metrics.update(seed=7), "seed 7, not 0"),
        (lambda metrics: metrics["rows_by_source"].update({"cold-zh": 180}), "rows of cold-zh: 180, not 9000"),
        (lambda metrics: metrics["rows_by_source"].pop("cold-zh"), "rows of cold-zh: 0, not 9000"),
        (lambda metrics: metrics["rows_by_source"].update(new=3), "rows of new: 3, not 0"),
        (lambda metrics: metrics["categories"]["hate"].update(positives=80), "positives of hate: 80, not "),
        (lambda metrics: metrics["categories"]["hate"].update(negatives=80), "negatives of hate: 80, not "),
        (lambda metrics: metrics.update(held_out_sha256="0"), "SHA-256 of the texts held out 0, not "),
        (lambda metrics: metrics["categories"].pop("hate"), "positives of hate: 0, not "),
    ],
)
def test_a_baseline_of_other_rows_is_refused(
    change: Callable[[dict[str, Any]], object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as refused:
        check_rows(baseline(tmp_path, change))
    assert said in str(refused.value)
    assert f"text_risk --share 0 --data ../shared/data/train --out {tmp_path}" in str(refused.value)


def test_of_many_differences_five_are_named(tmp_path: Path) -> None:
    sources = OURS["rows_by_source"]
    with pytest.raises(SystemExit, match=f"and {len(sources) - 5} more") as refused:
        check_rows(baseline(tmp_path, lambda metrics: metrics.update(rows_by_source=dict.fromkeys(sources, 1))))
    assert str(refused.value).count(", not ") == 5


def test_a_folder_without_a_baseline_is_refused_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no such file; make the baseline: .*--share 0"):
        check_rows(tmp_path)


def test_the_command_refuses_before_anything_is_judged(tmp_path: Path) -> None:
    folder = baseline(tmp_path, lambda metrics: metrics.update(seed=7))
    options = argparse.Namespace(quick=True, seed=0)
    with pytest.raises(SystemExit, match="other rows"):
        accuracy.run(options, ["--data", str(tmp_path / "none"), "--frozen", str(folder)])


def test_the_held_out_table_sets_each_category_beside_its_own(tmp_path: Path) -> None:
    def change(metrics: dict[str, Any]) -> None:
        for category in metrics["categories"]:
            metrics["categories"][category]["average_precision"] = 0.5
        metrics["categories"]["hate"]["average_precision"] = None

    lines = accuracy._held_out(baseline(tmp_path, change)).splitlines()
    ours = OURS["categories"]
    assert len(lines) == 2 + len(ours) + 1
    for line, (category, numbers) in zip(lines[2:], ours.items(), strict=False):
        theirs = "–" if category == "hate" else "0.500"
        assert line == (
            f"| `{category}` | {numbers['positives']} | {theirs} | {numbers['average_precision']:.3f} | "
            f"{numbers['calibration_error']:.3f} |"
        )
    mean = sum(numbers["average_precision"] for numbers in ours.values()) / len(ours)
    assert lines[-1] == f"| mean | | {0.5 * (len(ours) - 1) / len(ours):.3f} | {mean:.3f} | |"


def test_a_text_has_the_highest_score_of_its_windows_by_category() -> None:
    class Model:
        def run(self, texts: list[str]) -> list[Classification]:
            return [
                Classification((Scored({"hate": 0.2, "fraud": 0.9}), Scored({"hate": 0.7, "fraud": 0.1}))),
                Classification((Scored({"hate": 0.3, "fraud": 0.4}),)),
            ][: len(texts)]

    found = scores_of(cast("TextRisk", Model()), ["long", "short"])
    assert found == [{"hate": 0.7, "fraud": 0.9}, {"hate": 0.3, "fraud": 0.4}]


def test_a_word_of_a_list_is_found_anywhere_and_counts_for_every_category(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "lexicons-harm"
    folder.mkdir(parents=True)
    for name, terms in (("a", ["badword", "two  words", "#comment", "x"]), ("b", ["坏话", "!!", "badword"])):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps({"term": term}) + "\n" for term in terms)
    words = WordList(tmp_path)
    assert words.count == 3  # one of two lists once; no comment, no single letter, nothing that is all marks
    texts = ["this is a badword", "two words here", "这是坏话吗", "harmless comment x !!"]
    found = [dict(one or {}) for one in words(texts)]
    assert found == [dict.fromkeys(CATEGORIES, score) for score in (1.0, 1.0, 1.0, 0.0)]


def test_the_package_has_one_score_for_every_category(monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("profanity_check")
    vars(package)["predict_prob"] = lambda texts: [len(text) / 10 for text in texts]
    monkeypatch.setitem(sys.modules, "profanity_check", package)
    assert profanity_check(["12", "1234"]) == [dict.fromkeys(CATEGORIES, score) for score in (0.2, 0.4)]
