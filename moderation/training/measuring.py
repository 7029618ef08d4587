"""What a category's held-out scores are worth."""

from __future__ import annotations

import numpy as np

from moderation.training.logistic import Doubles, Truths

_BINS = 10


def measure(scores: Doubles, truths: Truths, *, negative_weight: float = 1.0) -> dict[str, float | int | None]:
    """Counts, average precision, AUC, precision/recall/F1 at 0.5 and expected calibration error.

    A number that needs a class which is not there is None.

    Args:
        negative_weight: how many negatives each one stands for in the calibration error.
    """
    positives, negatives = int(truths.sum()), int((~truths).sum())
    guessed = scores >= 0.5
    hits = int((guessed & truths).sum())
    precision = hits / int(guessed.sum()) if guessed.any() else None
    recall = hits / positives if positives else None
    both = positives > 0 and negatives > 0
    f1 = 2 * hits / (int(guessed.sum()) + positives) if positives else None
    return {
        "positives": positives,
        "negatives": negatives,
        "average_precision": _rounded(_average_precision(scores, truths) if both else None),
        "auc": _rounded(_auc(scores, truths) if both else None),
        "precision": _rounded(precision),
        "recall": _rounded(recall),
        "f1": _rounded(f1),
        "false_alarm_rate": _rounded(int((guessed & ~truths).sum()) / negatives if negatives else None),
        "calibration_error": _rounded(_calibration_error(scores, truths, negative_weight)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _average_precision(scores: Doubles, truths: Truths) -> float:
    """Area under precision over recall, equal scores taken together."""
    order = np.argsort(-scores, kind="stable")
    ends = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    hits = np.cumsum(truths[order])[ends]
    precision = hits / (ends + 1)
    return float((np.diff(np.r_[0, hits]) * precision).sum() / truths.sum())


def _auc(scores: Doubles, truths: Truths) -> float:
    """Chance that a positive scores higher than a negative; ties count half."""
    negative = np.sort(scores[~truths])
    below = np.searchsorted(negative, scores[truths], "left")
    not_above = np.searchsorted(negative, scores[truths], "right")
    return float((below + not_above).mean() / 2 / len(negative))


def _calibration_error(scores: Doubles, truths: Truths, negative_weight: float) -> float:
    """Mean gap between score and share of positives over ten bins, weighted by their size."""
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    weights = np.where(truths, 1.0, negative_weight)
    error = 0.0
    for index in range(_BINS):
        chosen = bins == index
        if chosen.any():
            error += abs(float((weights * (scores - truths))[chosen].sum()))
    return error / float(weights.sum())
