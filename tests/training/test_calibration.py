"""Calibration to the prevalence expected in use, and the calibration error that counts negatives for as many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.datasets.metrics import calibration_error
from moderation.models.text_head import TextHead
from moderation.training.logistic import sigmoid
from moderation.training.parts import CALIBRATE, MEASURE, part_of
from moderation.training.rows import Row
from moderation.training.text_risk import PREVALENCE, Trained, calibrate

ONE, NOTHING = np.ones(1, np.float32), np.zeros(1, np.float32)
HEAD = TextHead(("hate",), np.ones((4, 1), np.float32), NOTHING, ONE, NOTHING)
# logit -> how many rows of a part that have it are of the category, and how many are not
Counts = dict[float, tuple[int, int]]
HALF = {1.0: (800, 200), -1.0: (200, 800)}
FEW = {1.0: (40, 160), -1.0: (10, 790)}


def groups_in(part: int) -> Iterator[str]:
    return (name for name in map(str, itertools.count()) if part_of(name, 0) == part)


def calibrated(counts: Counts, measured: Counts | None = None) -> Trained:
    """What calibration makes of rows.

    Args:
        measured: what the part holds that is measured on; as many as the other if `None`.
    """
    rows, logits = [], []
    for part, held in ((CALIBRATE, counts), (MEASURE, measured or counts)):
        groups = groups_in(part)
        for logit, sides in held.items():
            for truth, count in zip((True, False), sides, strict=True):
                rows += [Row("made up", {"hate": truth}, "made-up", next(groups)) for _ in range(count)]
                logits += [[logit]] * count
    return calibrate(HEAD, rows, np.array(logits), seed=0)


def score_of(trained: Trained, logit: float) -> float:
    return float(sigmoid(np.array(float(trained.head.scale[0]) * logit + float(trained.head.shift[0]))))


def test_scores_say_how_many_are_of_it_where_a_tenth_of_all_texts_are() -> None:
    """Half of the rows are: so each negative stands for nine."""
    assert PREVALENCE == 0.1
    trained = calibrated(HALF)
    assert score_of(trained, 1.0) == pytest.approx(800 / (800 + 9 * 200), abs=0.003)
    assert score_of(trained, -1.0) == pytest.approx(200 / (200 + 9 * 800), abs=0.003)


def test_a_category_that_is_rarer_than_a_tenth_stays_as_it_is() -> None:
    trained = calibrated(FEW)
    assert score_of(trained, 1.0) == pytest.approx(40 / 200, abs=0.01)
    assert score_of(trained, -1.0) == pytest.approx(10 / 800, abs=0.003)


def test_one_part_says_what_scores_mean_and_the_other_how_good_they_are() -> None:
    alone, other = calibrated(HALF), {1.0: (200, 800), -1.0: (800, 200)}
    trained = calibrated(HALF, measured=other)
    assert (trained.head.scale, trained.head.shift) == (alone.head.scale, alone.head.shift)
    assert alone.metrics["hate"]["average_precision"] > 0.7
    assert trained.metrics["hate"]["average_precision"] < 0.5
    assert trained.metrics["hate"]["calibration_error"] > 0.05 > alone.metrics["hate"]["calibration_error"]


@pytest.mark.parametrize("counts", [HALF, FEW])
def test_the_error_that_is_written_down_is_at_the_prevalence_that_was_calibrated_for(counts: Counts) -> None:
    trained = calibrated(counts)
    assert trained.metrics["hate"]["calibration_error"] < 0.01
    # By hand: the gap at each of the two scores, which lie in two bins.
    (high, high_not), (low, low_not) = counts[1.0], counts[-1.0]
    positives, negatives = high + low, high_not + low_not
    each = max(1.0, 9 * positives / negatives)
    gaps = [
        abs(one * score_of(trained, logit) - right)
        for logit, right, one in ((1.0, high, high + each * high_not), (-1.0, low, low + each * low_not))
    ]
    assert trained.metrics["hate"]["calibration_error"] == pytest.approx(
        sum(gaps) / (positives + each * negatives), abs=6e-5
    )


def test_a_negative_that_stands_for_three_counts_three_times() -> None:
    scores, truths = np.array([0.25, 0.25, 0.75, 0.75]), np.array([True, False, True, False])
    # 0.25: one of four, exactly right. 0.75: one of four as well, 0.5 too high for half of the weight.
    assert calibration_error(scores, truths, negative_weight=3.0) == pytest.approx(0.25)
    assert calibration_error(scores[:2], truths[:2], negative_weight=3.0) == pytest.approx(0.0)
    assert calibration_error(scores[:2], truths[:2]) == pytest.approx(0.25)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=20), st.integers(1, 9))
def test_a_weight_is_as_good_as_repeating_the_negatives(rows: list[tuple[float, bool]], weight: int) -> None:
    scores, truths = np.array([score for score, _ in rows]), np.array([truth for _, truth in rows])
    times = np.where(truths, 1, weight)
    assert calibration_error(scores, truths, negative_weight=weight) == pytest.approx(
        calibration_error(np.repeat(scores, times), np.repeat(truths, times)), abs=1e-9
    )
