"""What judges the aims of docs/accuracy.md, against numbers by hand and by scikit-learn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from benchmarks import accuracy
from benchmarks.accuracy import BENIGN, BOTH, DISGUISED, FROZEN, MODEL, PLAIN, POOLED, SERVICE, macro_f1
from moderation.datasets.measures import Judged, measure_run
from moderation.datasets.scores import Run, RunHead, ScoredRow, ScoredSet, SetHead, Verdict
from moderation.schema import Decision

JUDGES = (FROZEN, MODEL, SERVICE)
# Of violating texts two are found at 0.5, of allowed ones three are left alone.
TRUTHS = (True, True, True, False, False, False, False)
SCORES = (0.9, 0.5, 0.1, 0.6, 0.3, 0.2, 0.49)
RIGHT = [0.9 if truth else 0.1 for truth in TRUTHS]
BY_HAND = (2 * 2 / (3 + 3) + 2 * 3 / (4 + 4)) / 2


def judged(
    truths: Sequence[bool], scores: Mapping[str, Sequence[float]], *, name: str = "made up", blocked: int = 0
) -> dict[str, Judged]:
    """What is measured of classifiers that gave these scores; the first texts are blocked."""
    head = SetHead(name, "1", "", "", "", "both", "user", {}, ("hate",), ("a",), 0, 0, {}, {}, {}, 0)
    rows = [
        ScoredRow(
            0, number, "en", truth, {}, (), tuple(_verdict(one[number], number < blocked) for one in scores.values())
        )
        for number, truth in enumerate(truths)
    ]
    run = Run(RunHead(tuple(scores), "p 1"), [ScoredSet(head, rows, tuple((1.0,) for _ in scores))])
    return {one.classifier: one for _, each in measure_run(run) for one in each}


def _verdict(score: float, blocked: bool) -> Verdict:
    return Verdict({"hate": score, "spam": 0.99}, Decision.BLOCK if blocked else Decision.ALLOW, (), 1.0)


def alike(truths: Sequence[bool], scores: Sequence[float], **options: Any) -> dict[str, Judged]:
    """What is measured of one, as of each of the three."""
    return dict.fromkeys(JUDGES, judged(truths, {"one": scores}, **options)["one"])


def test_macro_f1_is_the_mean_over_both_sides() -> None:
    found = alike(TRUTHS, SCORES)[SERVICE]
    assert macro_f1(found) == pytest.approx(BY_HAND)
    # Nobody flagged, everybody flagged.
    assert macro_f1(found, 0.95) == pytest.approx(2 * 4 / (7 + 4) / 2)
    assert macro_f1(found, 0.0) == pytest.approx(2 * 3 / (7 + 3) / 2)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from((0.0, 0.2, 0.5, 0.7, 1.0))), min_size=1, max_size=12))
def test_figures_of_a_set_are_those_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truths, scores = np.array([True, False, *(truth for truth, _ in rows)]), [0.6, 0.4, *(score for _, score in rows)]
    values = accuracy._values({"wiki": alike(truths.tolist(), scores)})
    said = np.array(scores) >= 0.5
    key = f"wiki.{MODEL}"
    assert values[f"{key}.macro_f1"] == pytest.approx(f1_score(truths, said, average="macro"))
    assert values[f"{key}.average_precision"] == pytest.approx(average_precision_score(truths, scores))
    assert values[f"{key}.auroc"] == pytest.approx(roc_auc_score(truths, scores))
    assert values[f"{key}.recall"] == pytest.approx(said[truths].mean())
    assert values[f"{key}.false_alarms"] == pytest.approx(said[~truths].mean())


def test_a_set_with_one_side_has_no_figure_that_needs_both() -> None:
    values = accuracy._values({"harmbench-en": alike([True] * 4, [0.1, 0.5, 0.6, 0.7])})
    assert values == {f"harmbench-en.{judge}.recall": 0.75 for judge in JUDGES}


def all_six(**scores: Sequence[float]) -> dict[str, dict[str, Judged]]:
    """Every judge right at three sets; at the others each as said."""
    said = judged(TRUTHS, {judge: scores.get(judge.split()[0].replace("-", "_"), RIGHT) for judge in JUDGES})
    right = alike(TRUTHS, RIGHT)
    return {name: right if index % 2 else said for index, name in enumerate(BOTH)}


def test_the_mean_is_over_the_six_sets_each_counting_alike() -> None:
    values = accuracy._values(all_six(frozen=SCORES))
    assert values[f"mean_macro_f1.{FROZEN}"] == pytest.approx((3 * BY_HAND + 3) / 6)
    assert values[f"mean_macro_f1.{SERVICE}"] == values[f"mean_macro_f1.{MODEL}"] == pytest.approx(1)
    assert accuracy._gain(values) == pytest.approx(1 - (3 * BY_HAND + 3) / 6)


def test_the_gain_is_that_of_the_service() -> None:
    found = all_six(text_risk=SCORES)
    assert accuracy._misses(accuracy._values(found)) == [
        "mean macro-F1 over frozen + LR = 0.000, wanted at least 0.04",
    ]
    assert accuracy._gain(accuracy._values(all_six(service=SCORES))) == pytest.approx((BY_HAND - 1) / 2)


def test_pooled_precision_is_over_the_rows_of_both_sets_in_one_order() -> None:
    """Sets that are each in perfect order, one of which scores all lower: pooled they are not."""
    low = alike([True, True, False, False], [0.4, 0.35, 0.2, 0.1])
    high = alike([True, False, False], [0.9, 0.8, 0.7])
    values = accuracy._values(dict(zip(POOLED, (low, high), strict=True)))
    assert values[f"{POOLED[0]}.{SERVICE}.average_precision"] == values[f"{POOLED[1]}.{SERVICE}.average_precision"] == 1
    by_hand = (1 / 1 + 2 / 4 + 3 / 5) / 3
    for judge in JUDGES:
        assert values[f"pooled_average_precision.{judge}"] == pytest.approx(by_hand)
    truths, scores = [1, 1, 0, 0, 1, 0, 0], [0.4, 0.35, 0.2, 0.1, 0.9, 0.8, 0.7]
    assert by_hand == pytest.approx(average_precision_score(truths, scores))
    assert not any(key.startswith("pooled") for key in accuracy._values({POOLED[0]: low}))


def test_what_a_disguise_costs_is_plain_less_disguised() -> None:
    values = accuracy._values({PLAIN: alike(TRUTHS, RIGHT), DISGUISED[0]: alike(TRUTHS, SCORES)})
    assert values[f"{DISGUISED[0]}.{SERVICE}.drop"] == pytest.approx(1 - BY_HAND)
    assert values[f"{DISGUISED[0]}.{MODEL}.drop"] == pytest.approx(1 - BY_HAND)
    assert f"{DISGUISED[1]}.{SERVICE}.drop" not in values
    assert values[f"{DISGUISED[0]}.{SERVICE}.relative_drop"] == pytest.approx(1 - BY_HAND)
    assert accuracy._misses(values) == [
        f"{DISGUISED[0]}: drop of macro-F1 = {1 - BY_HAND:.3f}, wanted at most 0.03",
        f"{DISGUISED[0]}: the same, of the plain text's = {1 - BY_HAND:.3f}, wanted at most 0.03",
    ]
    half = accuracy._values({PLAIN: alike(TRUTHS, SCORES), DISGUISED[0]: alike(TRUTHS, RIGHT)})
    assert half[f"{DISGUISED[0]}.{SERVICE}.relative_drop"] == pytest.approx((BY_HAND - 1) / BY_HAND)
    assert accuracy._misses(accuracy._values({DISGUISED[0]: alike(TRUTHS, SCORES)})) == []


def test_each_harmless_set_is_held_against_the_aim() -> None:
    """Pooled, a set that is blocked often would hide behind those that never are."""
    found = {
        name: alike([False] * size, [0.1] * size, blocked=count)
        for name, size, count in zip(BENIGN, (100, 300, 50, 200), (1, 0, 1, 0), strict=True)
    }
    values = accuracy._values(found)
    assert [values[f"{name}.{SERVICE}.blocked"] for name in BENIGN] == pytest.approx([0.01, 0, 0.02, 0])
    assert accuracy._misses(values) == [f"{BENIGN[2]}: share blocked = 0.020, wanted at most 0.01"]
    del found[BENIGN[2]]
    assert accuracy._misses(accuracy._values(found)) == []


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (f"mean_macro_f1.{SERVICE}", 0.641, 0.639),
        (f"pooled_average_precision.{SERVICE}", 0.80, 0.799),
        *((f"{name}.{SERVICE}.blocked", 0.01, 0.011) for name in BENIGN),
        (f"{DISGUISED[0]}.{SERVICE}.drop", 0.03, 0.031),
        (f"{DISGUISED[1]}.{SERVICE}.drop", 0.03, 0.031),
        (f"{DISGUISED[0]}.{SERVICE}.relative_drop", 0.03, 0.031),
        (f"{DISGUISED[1]}.{SERVICE}.relative_drop", 0.03, 0.031),
    ],
)
def test_each_aim_is_missed_on_its_own_side(key: str, good: float, bad: float) -> None:
    reached = {
        f"mean_macro_f1.{FROZEN}": 0.6,
        f"mean_macro_f1.{SERVICE}": 1.0,
        f"pooled_average_precision.{SERVICE}": 1.0,
        **{f"{name}.{SERVICE}.blocked": 0.0 for name in BENIGN},
        **{f"{name}.{SERVICE}.{drop}": -0.1 for name in DISGUISED for drop in ("drop", "relative_drop")},
    }
    assert accuracy._misses(reached) == []
    assert accuracy._misses({**reached, key: good}) == []
    assert len(accuracy._misses({**reached, key: bad})) == 1


def test_fewer_sets_than_the_aim_is_about_say_nothing_of_it() -> None:
    """Whether they are far better or far worse."""
    for better, worse in ((SERVICE, FROZEN), (FROZEN, SERVICE)):
        found = all_six(**{worse.split()[0]: SCORES})
        del found[BOTH[1]]
        values = accuracy._values(found)
        assert accuracy._gain(values) is None
        assert accuracy._misses(values) == []
        assert not any(key.startswith("mean_macro_f1.") for key in values)
        assert values[f"mean_macro_f1_of_5.{worse}"] == pytest.approx((3 * BY_HAND + 2) / 5)
        assert values[f"mean_macro_f1_of_5.{better}"] == pytest.approx(1)


def test_the_page_names_the_sets_where_they_are_fewer() -> None:
    found = all_six(frozen=SCORES)
    assert accuracy._fewer(found, accuracy._values(found)) == []
    few = {name: found[name] for name in BOTH[:2]}
    (line,) = filter(None, accuracy._fewer(few, accuracy._values(few)))
    assert f"over 2 of the 6 sets ({BOTH[0]}, {BOTH[1]})" in line
    assert f"{FROZEN} {(BY_HAND + 1) / 2:.3f}, {MODEL} 1.000, {SERVICE} 1.000" in line
    assert "neither reached nor missed" in line
    assert accuracy._fewer({}, {}) == []


def test_the_page_shows_figures_under_their_own_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "_held_out", lambda _: "held out")
    names = (accuracy.WORDS, accuracy.PACKAGE, *JUDGES)
    found = {
        BOTH[0]: judged(TRUTHS, dict.fromkeys(names, SCORES), blocked=1),
        "harmbench-en": judged([True] * 4, dict.fromkeys(names, (0.1, 0.5, 0.6, 0.7))),
    }
    page = accuracy._page(found, accuracy._values(found), 7, tmp_path)
    precision = average_precision_score(TRUTHS, SCORES)
    area = roc_auc_score(TRUTHS, SCORES)
    row = f"| {BOTH[0]} (3 / 4) | word list | {BY_HAND:.2f} | {precision:.2f} | {area:.2f} | 0.67 | 0.25 |"
    assert row in page
    assert "| harmbench-en: recall | 0.750 | 0.750 | 0.750 | 0.750 | 0.750 |" in page
    assert re.search(rf"\| {BOTH[0]}, violating \| 3 \| 0\.333 \(0\.\d+ to 0\.\d+\) \| 0\.000 \| 0\.667 \|", page)
    assert f"| {BOTH[0]}, allowed | 4 | 0.000" in page
    assert "over 1 of the 6 sets" in page


def test_the_page_says_of_each_aim_whether_it_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "_held_out", lambda _: "held out")
    values = {"pooled_average_precision.service": 0.7, f"{BENIGN[0]}.{SERVICE}.blocked": 0.002}
    page = accuracy._page({}, values, 7, tmp_path)
    assert "| pooled AU-PRC | 0.700 | at least 0.8 | missed |" in page
    assert f"| {BENIGN[0]}: share blocked | 0.002 | at most 0.01 | reached |" in page
    assert "macro-F1 over" not in page
