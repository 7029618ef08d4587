"""The contract between the scheduler and a model.

A model answers lists with lists of the same length and order, in three steps: `preprocess` (CPU, pure),
`infer` (the only step that may touch a device) and `postprocess` (CPU, pure). The scheduler knows nothing
more of a model than what stands here.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from moderation.errors import ModelError
from moderation.schema import Modality

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Scored:
    """Calibrated scores 0..1 by canonical category, for the whole item or for a span of its text.

    Attributes:
        kind: what was found there, where a category is too coarse: `cn_mobile`, `many_shot`. A stable word.
    """

    scores: Mapping[str, float]
    span: tuple[int, int] | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of an item that the model did not judge, and why (a stable code)."""

    reason: str
    span: tuple[int, int] | None = None
    time_s: tuple[float, float] | None = None


MOST_STEPS = 8  # what a head for turns is fitted on


@dataclass(frozen=True, slots=True)
class Step:
    """What a text adds to the risk of a conversation that it is a turn of, as log-odds.

    The risk is what the newest turn says as the newest, and the mean of what each of the last `MOST_STEPS` turns says
    as one of them.

    Attributes:
        newest: as the newest turn.
        each: as any turn; 0 is what harmless ones have on the average.
    """

    newest: float
    each: float


@dataclass(frozen=True, slots=True)
class Classification:
    """What a classifier says of one item: one `Scored` per window, and what it left out.

    Attributes:
        step: what the item is as a turn of a conversation, if the classifier knows that.
    """

    scored: tuple[Scored, ...]
    gaps: tuple[Gap, ...] = ()
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that an extractor found, and where.

    Attributes:
        box: left, top, right, bottom in pixels of the original image after the EXIF turn.
        time_s: start and end, seconds.
        confidence: 0..1, the extractor's own.
    """

    text: str
    confidence: float
    box: tuple[int, int, int, int] | None = None
    time_s: tuple[float, float] | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor found in one item, in reading order, and what it left out."""

    passages: tuple[Passage, ...]
    gaps: tuple[Gap, ...] = ()


class Model(ABC, Generic[In, Out]):
    """One loaded model. Instances are used from one thread at a time.

    Attributes:
        key: registry key, `name.vN`.
        revision: changes whenever the same input may get another answer.
        modality: what an item is.
        max_batch_size: items in one `infer`.
        max_batch_cost: bound on (largest `cost` in the batch) x (items in it).
        max_queue_cost: bound on the cost of all that waits: about what is done within half a deadline.
    """

    key: str
    revision: str
    modality: Modality
    max_batch_size: int = 32
    max_batch_cost: int = 1 << 62
    max_queue_cost: int = 1 << 62

    def cost(self, item: In) -> int:  # noqa: ARG002 - where all items cost the same
        """Relative work of an item, at least 1; cheap, since it is asked for every queued item."""
        return 1

    @abstractmethod
    def preprocess(self, items: Sequence[In]) -> Any: ...

    @abstractmethod
    def infer(self, prepared: Any) -> Any: ...

    @abstractmethod
    def postprocess(self, raw: Any, items: Sequence[In]) -> list[Out]: ...

    @abstractmethod
    def warm_up_items(self) -> Sequence[In]:
        """Real items; the service is ready only after they were answered."""

    def run(self, items: Sequence[In]) -> list[Out]:
        """All three steps.

        Raises:
            ModelError: if the model answered with another number of results than items, or with what is no result.
        """
        results = self.postprocess(self.infer(self.preprocess(items)), items)
        if len(results) != len(items):
            raise ModelError(f"{self.key} answered {len(results)} results for {len(items)} items")
        self.check(results)
        return results

    def check(self, results: Sequence[Out]) -> None:
        """Looks at the numbers of results once, where they leave the model.

        Raises:
            ModelError: they cannot be right.
        """

    def close(self) -> None:
        """Frees what the model holds outside Python's memory."""


class Classifier(Model[In, Classification]):
    """A model whose output is scores for `categories`, a set of canonical keys."""

    categories: frozenset[str]

    def check(self, results: Sequence[Classification]) -> None:
        for result in results:
            for scored in result.scored:
                if not all(0.0 <= score <= 1.0 for score in scored.scores.values()):  # false for NaN, too
                    raise ModelError(f"{self.key} answered a score that is not between 0 and 1")
            if result.step and not (math.isfinite(result.step.newest) and math.isfinite(result.step.each)):
                raise ModelError(f"{self.key} answered a step that is no number")


class Extractor(Model[In, Extraction]):
    """A model whose output is derived parts; the word for their `origin` stands in its `ModelSpec`."""
