"""Ridge logistic regression and Platt scaling in NumPy: deterministic, and small enough to need no library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.models.q4 import Floats

Doubles = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

_STEPS = 25
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """weight [dimensions] and bias of one logistic regression."""

    weight: Doubles
    bias: float

    def logits(self, features: Floats) -> Doubles:
        return np.asarray(features @ self.weight.astype(np.float32), np.float64) + self.bias


def fit(features: Floats, truths: Truths, weights: Doubles, *, ridge: float) -> Line:
    """Weighted ridge logistic regression by Newton's method.

    Args:
        features: float32 [rows, dimensions], about standardised.
        weights: [rows]; their sum is the number of rows the ridge is compared with.
        ridge: penalty on the squared weights; none on the bias.
    """
    rows, dimensions = features.shape
    design = np.concatenate((features, np.ones((rows, 1), np.float32)), axis=1)
    penalty = np.full(dimensions + 1, ridge)
    penalty[-1] = 1e-9
    beta = np.zeros(dimensions + 1)
    for _ in range(_STEPS):
        probability = sigmoid(np.asarray(design @ beta.astype(np.float32), np.float64))
        gradient = design.T @ (weights * (probability - truths)).astype(np.float32) + penalty * beta
        curvature = (weights * np.maximum(probability * (1 - probability), 1e-6)).astype(np.float32)
        hessian = np.asarray(design.T @ (design * curvature[:, None]), np.float64) + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        beta -= step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < _TOLERANCE:
            break
    return Line(beta[:-1], float(beta[-1]))


def platt(logits: Doubles, truths: Truths) -> tuple[float, float]:
    """Scale and shift that make logits calibrated; targets smoothed as Platt (1999) does, scale kept positive."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    targets = np.where(truths, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale, shift = 1.0, 0.0
    for _ in range(100):
        probability = sigmoid(scale * logits + shift)
        error = probability - targets
        curvature = np.maximum(probability * (1 - probability), 1e-9)
        gradient = np.array([(error * logits).sum(), error.sum()])
        hessian = np.array(
            [
                [(curvature * logits * logits).sum() + 1e-6, (curvature * logits).sum()],
                [(curvature * logits).sum(), curvature.sum() + 1e-6],
            ]
        )
        step = np.clip(np.linalg.solve(hessian, gradient), -1.0, 1.0)
        scale, shift = max(scale - float(step[0]), 1e-3), shift - float(step[1])
        if np.abs(step).max() < 1e-7:
            break
    return scale, shift


def sigmoid(logits: Doubles) -> Doubles:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))
