"""The linear head over text embeddings: one logistic regression per category, calibrated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from moderation.errors import WeightsError
from moderation.models.q4 import Floats

_TENSORS = ("weight", "bias", "scale", "shift")


@dataclass(frozen=True, slots=True, eq=False)
class TextHead:
    """Weights of the head.

    Attributes:
        categories: column order.
        weight: float32 [dimensions, categories].
        bias: float32 [categories].
        scale: float32 [categories]; with `shift`, Platt scaling of the logits.
        shift: float32 [categories].
    """

    categories: tuple[str, ...]
    weight: Floats
    bias: Floats
    scale: Floats
    shift: Floats

    def scores(self, embeddings: Floats) -> Floats:
        """Calibrated probabilities: float32 [texts, categories]."""
        logits = (embeddings @ self.weight + self.bias) * self.scale + self.shift
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), np.float32)

    def save(self, path: Path) -> None:
        """Writes a safetensors file; the categories go into its metadata."""
        tensors = {name: np.ascontiguousarray(getattr(self, name), np.float32) for name in _TENSORS}
        save_file(tensors, path, metadata={"categories": json.dumps(self.categories)})
        path.chmod(0o644)  # written for its owner alone otherwise, and it goes into a wheel


def load_head(path: Path, *, categories: Sequence[str], dimensions: int) -> TextHead:
    """Reads a head.

    Raises:
        WeightsError: if the file is not a head of these categories and dimensions.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            found = tuple(json.loads((file.metadata() or {}).get("categories", "[]")))
            head = TextHead(found, *(file.get_tensor(name) for name in _TENSORS))
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path}: not a text head: {error}") from error
    if found != tuple(categories):
        raise WeightsError(f"{path}: its categories differ from those of model.toml")
    shapes = [getattr(head, name).shape for name in _TENSORS]
    if shapes != [(dimensions, len(found)), *3 * [(len(found),)]]:
        raise WeightsError(f"{path}: shapes {shapes} do not fit {dimensions} dimensions and {len(found)} categories")
    return head
