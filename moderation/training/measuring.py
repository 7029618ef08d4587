"""What a category's held-out scores are worth, as the model card says it."""

from __future__ import annotations

from moderation.datasets.metrics import auroc, average_precision, calibration_error, counts
from moderation.training.logistic import Doubles, Truths

RAISED = 0.1


def measure(scores: Doubles, truths: Truths, *, negative_weight: float = 1.0) -> dict[str, float | int | None]:
    """Counts, average precision, AUC, precision/recall/F1 at 0.5 and expected calibration error.

    The last also of the texts that score `RAISED` and more: of all, most score near 0 and are of no category, so that
    it is low for any model that knows that.

    A number that needs a class which is not there is None.

    Args:
        negative_weight: how many negatives each one stands for in the calibration error.
    """
    at_half = counts(scores, truths, 0.5)
    raised = scores >= RAISED
    return {
        "positives": at_half.positives,
        "negatives": at_half.negatives,
        "average_precision": _rounded(average_precision(scores, truths)),
        "auc": _rounded(auroc(scores, truths)),
        "precision": _rounded(at_half.precision),
        "recall": _rounded(at_half.recall),
        "f1": _rounded(at_half.f1),
        "false_alarm_rate": _rounded(at_half.false_positive_rate),
        "calibration_error": _rounded(calibration_error(scores, truths, negative_weight=negative_weight)),
        "calibration_error_raised": _rounded(
            calibration_error(scores[raised], truths[raised], negative_weight=negative_weight) if raised.any() else None
        ),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
