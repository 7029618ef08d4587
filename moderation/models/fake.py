"""Deterministic models for tests and benchmarks of everything around a model. They judge nothing.

They need no weights and no library beyond NumPy, and a profile has them only by naming them (`fake`). Scores
are read from marks in the content: `⟦hate=0.99⟧` in a text, a plain colour in an image, a level in audio.
What failing models do to a service is tried by `Behaviour`.
"""

from __future__ import annotations

import re
import threading
import zlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from moderation.errors import ModelError
from moderation.media.decoded import Image, Waveform
from moderation.models.base import (
    Classification,
    Classifier,
    Extraction,
    Extractor,
    Gap,
    In,
    Model,
    Out,
    Passage,
    Scored,
)
from moderation.models.spec import Kind, ModelSpec
from moderation.schema import Modality

POISON = "⟦poison⟧"
POISON_PIXEL = (1, 2, 3)
POISON_SAMPLE = -1.0
WINDOW_CHARS = 1_000
MAX_WINDOWS = 16

TEXT_CATEGORIES = (
    "hate",
    "harassment",
    "harassment/threatening",
    "violence",
    "self_harm",
    "sexual",
    "illicit/drugs",
    "fraud",
    "spam",
    "prompt_injection",
    "jailbreak",
)
IMAGE_SCORES: Mapping[tuple[int, int, int], Mapping[str, float]] = {
    (255, 0, 0): {"sexual": 0.97},
    (128, 0, 0): {"violence/graphic": 0.97},
}
IMAGE_TEXTS: Mapping[tuple[int, int, int], str] = {(0, 0, 255): "⟦hate=0.99⟧ read in a picture"}
AUDIO_TEXTS: Mapping[float, str] = {0.5: "⟦violence=0.999⟧ heard in a recording"}

_MARK = re.compile(r"⟦([a-z_/]+)=([01](?:\.[0-9]+)?)⟧")
_COLOUR_TOLERANCE = 12.0
_LEVEL_TOLERANCE = 0.05


class Behaviour(StrEnum):
    """What `infer` does: answers, raises, never returns until closed, ends the process, or raises only for
    batches in which an item carries the poison mark."""

    ANSWER = "answer"
    FAIL = "fail"
    HANG = "hang"
    DIE = "die"
    POISON = "poison"


class _Fake(Model[In, Out]):
    """The three steps, with the behaviour in the middle one; `_answer` is what a subclass adds."""

    def __init__(self, *, behaviour: Behaviour = Behaviour.ANSWER, revision: str = "fake") -> None:
        self.revision = revision
        self._behaviour = Behaviour(behaviour)
        self._closed = threading.Event()

    def preprocess(self, items: Sequence[In]) -> Any:
        return list(items)

    def infer(self, prepared: Any) -> Any:
        match self._behaviour:
            case Behaviour.FAIL:
                raise ModelError(f"{self.key} was told to fail")
            case Behaviour.HANG:
                self._closed.wait()
                raise ModelError(f"{self.key} was closed while it hung")
            case Behaviour.DIE:
                raise SystemExit(f"{self.key} was told to die")
            case Behaviour.POISON if any(self._is_poison(item) for item in prepared):
                raise ModelError(f"{self.key} met a poisoned item")
            case _:
                return [self._answer(item) for item in prepared]

    def postprocess(self, raw: Any, items: Sequence[In]) -> list[Out]:  # noqa: ARG002 - the contract's signature
        return list(raw)

    def close(self) -> None:
        self._closed.set()

    @abstractmethod
    def _answer(self, item: In) -> Out: ...

    @abstractmethod
    def _is_poison(self, item: In) -> bool: ...


class FakeTextClassifier(_Fake[str, Classification], Classifier[str]):
    """Scores are what marks such as `⟦hate=0.99⟧` say; else below 0.05, by a hash of the window."""

    key = "fake-text.v1"
    modality = Modality.TEXT

    def __init__(
        self,
        *,
        categories: Iterable[str] = TEXT_CATEGORIES,
        behaviour: Behaviour = Behaviour.ANSWER,
        revision: str = "fake",
    ) -> None:
        super().__init__(behaviour=behaviour, revision=revision)
        self.categories = frozenset(categories)

    def cost(self, item: str) -> int:
        return len(item) // 4 + 1

    def warm_up_items(self) -> Sequence[str]:
        return ["warm up", "热身"]

    def _answer(self, item: str) -> Classification:
        starts = range(0, max(len(item), 1), WINDOW_CHARS)[:MAX_WINDOWS]
        scores = [_scores(item[start : start + WINDOW_CHARS], self.categories) for start in starts]
        for mark in _MARK.finditer(item):
            window = mark.start() // WINDOW_CHARS
            if window < len(scores) and mark[1] in self.categories:
                scores[window][mark[1]] = float(mark[2])
        scored = tuple(
            Scored(found, (start, min(start + WINDOW_CHARS, len(item))))
            for start, found in zip(starts, scores, strict=True)
        )
        past = MAX_WINDOWS * WINDOW_CHARS
        gaps = (Gap("text_past_window", (past, len(item))),) if len(item) > past else ()
        return Classification(scored, gaps)

    def _is_poison(self, item: str) -> bool:
        return POISON in item


class FakeImageClassifier(_Fake[Image, Classification], Classifier[Image]):
    """Scores by the mean colour of an image, looked up in a table."""

    key = "fake-image.v1"
    modality = Modality.IMAGE

    def __init__(
        self,
        *,
        table: Mapping[tuple[int, int, int], Mapping[str, float]] = IMAGE_SCORES,
        behaviour: Behaviour = Behaviour.ANSWER,
        revision: str = "fake",
    ) -> None:
        super().__init__(behaviour=behaviour, revision=revision)
        self._table = table
        self.categories = frozenset(category for scores in table.values() for category in scores)

    def warm_up_items(self) -> Sequence[Image]:
        return [_plain_image((255, 255, 255))]

    def _answer(self, item: Image) -> Classification:
        scores = _scores(_mean_colour(item).tobytes().hex(), self.categories)
        return Classification((Scored({**scores, **(_by_colour(item, self._table) or {})}),))

    def _is_poison(self, item: Image) -> bool:
        return tuple(item.pixels[0, 0]) == POISON_PIXEL


class FakeOcr(_Fake[Image, Extraction], Extractor[Image]):
    """One passage over the whole image, by its mean colour; no passage for other colours."""

    key = "fake-ocr.v1"
    modality = Modality.IMAGE

    def __init__(
        self,
        *,
        table: Mapping[tuple[int, int, int], str] = IMAGE_TEXTS,
        behaviour: Behaviour = Behaviour.ANSWER,
        revision: str = "fake",
    ) -> None:
        super().__init__(behaviour=behaviour, revision=revision)
        self._table = table

    def warm_up_items(self) -> Sequence[Image]:
        return [_plain_image((255, 255, 255))]

    def _answer(self, item: Image) -> Extraction:
        text = _by_colour(item, self._table)
        return Extraction((Passage(text, 0.99, box=(0, 0, item.width, item.height)),) if text else ())

    def _is_poison(self, item: Image) -> bool:
        return tuple(item.pixels[0, 0]) == POISON_PIXEL


class FakeSpeech(_Fake[Waveform, Extraction], Extractor[Waveform]):
    """One passage over the whole recording, by its mean absolute level; nothing at other levels."""

    key = "fake-speech.v1"
    modality = Modality.AUDIO

    def __init__(
        self,
        *,
        table: Mapping[float, str] = AUDIO_TEXTS,
        behaviour: Behaviour = Behaviour.ANSWER,
        revision: str = "fake",
    ) -> None:
        super().__init__(behaviour=behaviour, revision=revision)
        self._table = table

    def cost(self, item: Waveform) -> int:
        return int(item.duration_s) + 1

    def warm_up_items(self) -> Sequence[Waveform]:
        return [Waveform(np.zeros(1_600, np.float32))]

    def _answer(self, item: Waveform) -> Extraction:
        level = float(np.abs(item.samples).mean()) if len(item.samples) else 0.0
        near = [text for known, text in self._table.items() if abs(known - level) < _LEVEL_TOLERANCE]
        passages = [Passage(text, 0.99, time_s=(0.0, item.duration_s), language="en") for text in near]
        return Extraction(tuple(passages[:1]))

    def _is_poison(self, item: Waveform) -> bool:
        return len(item.samples) > 0 and bool(item.samples[0] == POISON_SAMPLE)


def build_text(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeTextClassifier:  # noqa: ARG001 - builder signature
    return FakeTextClassifier(revision=spec.revision)


def build_image(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeImageClassifier:  # noqa: ARG001 - builder signature
    return FakeImageClassifier(revision=spec.revision)


def build_ocr(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeOcr:  # noqa: ARG001 - builder signature
    return FakeOcr(revision=spec.revision)


def build_speech(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> FakeSpeech:  # noqa: ARG001 - builder signature
    return FakeSpeech(revision=spec.revision)


def _spec(
    key: str,
    builder: str,
    kind: Kind,
    modality: Modality,
    categories: Iterable[str] = (),
    *,
    origin: str = "",
) -> tuple[str, ModelSpec]:
    return key, ModelSpec(
        key,
        f"{__name__}:{builder}",
        kind,
        modality,
        licence="Apache-2.0",
        categories=tuple(categories),
        origin=origin,
    )


SPECS: Mapping[str, ModelSpec] = dict(
    [
        _spec("fake-text.v1", "build_text", Kind.CLASSIFIER, Modality.TEXT, TEXT_CATEGORIES),
        _spec(
            "fake-image.v1",
            "build_image",
            Kind.CLASSIFIER,
            Modality.IMAGE,
            [category for scores in IMAGE_SCORES.values() for category in scores],
        ),
        _spec("fake-ocr.v1", "build_ocr", Kind.EXTRACTOR, Modality.IMAGE, origin="ocr"),
        _spec("fake-speech.v1", "build_speech", Kind.EXTRACTOR, Modality.AUDIO, origin="asr"),
    ]
)


def _scores(text: str, categories: Iterable[str]) -> dict[str, float]:
    return {category: zlib.crc32(f"{category}\0{text}".encode()) % 499 / 10_000 for category in categories}


def _plain_image(colour: tuple[int, int, int], side: int = 32) -> Image:
    return Image(np.full((side, side, 3), colour, np.uint8), side, side)


def _mean_colour(image: Image) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(image.pixels.mean(axis=(0, 1)), np.float64)


def _by_colour(image: Image, table: Mapping[tuple[int, int, int], Any]) -> Any:
    mean = _mean_colour(image)
    for colour, value in table.items():
        if np.abs(mean - colour).max() <= _COLOUR_TOLERANCE:
            return value
    return None
