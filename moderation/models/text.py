"""`text-risk.v1`: calibrated scores of a text by category, for each window of it.

A multilingual encoder whose upper layers and head this project trains (`moderation.training.text_risk`). It
judges the mean of what it reads: a harmful sentence drowns in a long harmless window, which is why longer texts are
also judged passage by passage (a sentence or two). What it was trained on and where it fails is in the
model card, `models/text-risk/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from moderation.models import turn_head
from moderation.models.base import Classification, Classifier, Gap, Scored
from moderation.models.encoder import Encoder
from moderation.models.q4 import Floats
from moderation.models.spec import ModelSpec
from moderation.models.text_head import TextHead, load_head
from moderation.models.turn_head import TurnHead
from moderation.models.unigram import PASSAGE_FROM_TOKENS, Windows, WindowTokenizer
from moderation.schema import Modality

WINDOW_TOKENS = 512
OVERLAP_TOKENS = 128
MAX_WINDOWS = 16
_BYTES_PER_TOKEN = 4
_OWN_TOKENS = 2


class TextRisk(Classifier[str]):
    """See the module. Build it with `build`."""

    modality = Modality.TEXT
    # A batch is cut into runs of like length inside `infer`, so a mixed one wastes nothing: 32 at once lose nothing
    # against a bare loop over 32, where 16 with a cost of 512 lost some per cent; 4096 bounds what others wait for.
    max_batch_size = 32
    max_batch_cost = 4_096
    # 10,000 characters cost 5,000 and take 3 s on two cores: this is about 10 s, half the deadline.
    max_queue_cost = 16_000

    def __init__(
        self,
        spec: ModelSpec,
        encoder: Encoder,
        tokenizer: WindowTokenizer,
        head: TextHead,
        turns: TurnHead | None = None,
    ) -> None:
        self.key = spec.key
        self.revision = spec.revision
        self.categories = frozenset(spec.categories)
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._head = head
        self._turns = turns

    def cost(self, item: str) -> int:
        """Estimated tokens, as far as they are judged; twice as many where passages are judged too."""
        size_bytes = len(item.encode("utf-8", "surrogatepass"))
        tokens = min(size_bytes // _BYTES_PER_TOKEN + _OWN_TOKENS, MAX_WINDOWS * WINDOW_TOKENS)
        return tokens if tokens <= PASSAGE_FROM_TOKENS else 2 * tokens

    def preprocess(self, items: Sequence[str]) -> list[Windows]:
        return self._tokenizer.cut(items)

    def infer(self, prepared: list[Windows]) -> tuple[list[Windows], Floats]:
        ids = [window.ids for cut in prepared for window in cut.windows]
        return prepared, self._encoder.embed(ids)

    def postprocess(self, raw: tuple[list[Windows], Floats], items: Sequence[str]) -> list[Classification]:  # noqa: ARG002 - the contract's signature
        prepared, embeddings = raw
        scores = iter(self._head.scores(embeddings).tolist())
        said = [_classification(cut, scores, self._head.categories) for cut in prepared]
        if self._turns is None or not said:
            return said
        steps = self._turns.steps(embeddings, [len(cut.windows) for cut in prepared])
        return [replace(one, step=step) for one, step in zip(said, steps, strict=True)]

    def warm_up_items(self) -> Sequence[str]:
        return ["The weather is fine.", "今天天气很好。", "A longer text, so that longer runs are warm. " * 40]


def _classification(cut: Windows, scores: Any, categories: Sequence[str]) -> Classification:
    scored = tuple(Scored(dict(zip(categories, next(scores), strict=True)), window.span) for window in cut.windows)
    gaps = [Gap("unreadable_text", span) for span in cut.unread]
    if cut.rest is not None:
        gaps.append(Gap("text_past_window", cut.rest))
    return Classification(scored, tuple(gaps))


def build_tokenizer(encoder: Encoder) -> WindowTokenizer:
    """The tokenizer as this model, and its training, use it."""
    return WindowTokenizer(
        encoder.source.vocabulary(),
        window_tokens=WINDOW_TOKENS,
        overlap_tokens=OVERLAP_TOKENS,
        max_windows=MAX_WINDOWS,
    )


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> TextRisk:
    """The registry's builder."""
    encoder = Encoder(files["e5-small-q4.bin"], files["encoder.onnx"], threads=threads)
    head = load_head(files["head.safetensors"], categories=spec.categories, dimensions=encoder.dimensions)
    path = files.get(turn_head.FILE)  # a head alone, as the baseline of docs/accuracy.md is, knows nothing of turns
    turns = None if path is None else turn_head.load_turn_head(path, dimensions=encoder.dimensions)
    return TextRisk(spec, encoder, build_tokenizer(encoder), head, turns)
