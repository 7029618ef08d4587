"""What a text adds to the risk of the conversation it is a turn of: a linear head whose logits add up over turns.

The risk of a conversation, as log-odds, is what the newest turn says as the newest + the mean of what each turn says
as one of them. Both are linear in the embedding of a text, so a turn is embedded once, by the pass that judges it, and
a conversation costs a sum.

What it does not know: the order of earlier turns, and what the other writers say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from moderation.errors import WeightsError
from moderation.models.base import Step
from moderation.models.q4 import Floats

FILE = "turns.safetensors"
_TENSORS = ("newest", "each", "bias")


@dataclass(frozen=True, slots=True, eq=False)
class TurnHead:
    """Weights of the head.

    Attributes:
        newest, each: float32 [dimensions].
        bias: float32 [2], of both.
    """

    newest: Floats
    each: Floats
    bias: Floats

    def steps(self, embeddings: Floats, windows: Sequence[int]) -> list[Step]:
        """What each text says.

        Args:
            embeddings: float32 [windows of all texts, dimensions], text after text.
            windows: how many windows each text has, at least one.
        """
        logits = embeddings @ np.stack((self.newest, self.each), axis=1) + self.bias
        counts = np.asarray(windows)
        means = np.add.reduceat(logits, np.cumsum(counts) - counts) / counts[:, None]
        return [Step(newest, each) for newest, each in means.tolist()]

    def save(self, path: Path) -> None:
        """Writes a safetensors file."""
        save_file({name: np.ascontiguousarray(getattr(self, name), np.float32) for name in _TENSORS}, path)
        path.chmod(0o644)  # written for its owner alone otherwise, and it goes into a wheel


def load_turn_head(path: Path, *, dimensions: int) -> TurnHead:
    """Reads a head.

    Raises:
        WeightsError: if the file is not a head for embeddings of so many dimensions.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            head = TurnHead(*(file.get_tensor(name) for name in _TENSORS))
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path}: not a head for turns: {error}") from error
    if [getattr(head, name).shape for name in _TENSORS] != [(dimensions,), (dimensions,), (2,)]:
        raise WeightsError(f"{path}: shapes do not fit {dimensions} dimensions")
    return head
