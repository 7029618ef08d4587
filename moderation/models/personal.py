"""`personal.v1`: personal information and secrets in a text, each with its kind and its place.

Rules and check digits (`moderation.personal`), no weights: it costs microseconds and says nothing of what has no form.
The rules' own libraries know assigned telephone numbers and account formats, so their versions are part of the
revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from moderation.errors import ModelError
from moderation.models.base import Classification, Classifier, Gap, Scored
from moderation.models.spec import ModelSpec
from moderation.personal.find import Found, find
from moderation.schema import Modality

CATEGORY = "privacy/personal_information"
MOST_FOUND = 1_000  # told of one text, the surest; more is a gap
_CHARS_PER_COST = 1_000


class PersonalInformation(Classifier[str]):
    """See the module. Build it with `build`."""

    modality = Modality.TEXT
    max_batch_size = 32
    # A thousand characters take 0.1 to 0.4 ms, a thousand of nothing but numbers 3 ms: a batch at most half a second.
    max_batch_cost = 256
    max_queue_cost = 16_000

    def __init__(self, spec: ModelSpec) -> None:
        self.key = spec.key
        self.revision = spec.revision
        self.categories = frozenset(spec.categories)

    def cost(self, item: str) -> int:
        """Thousands of characters."""
        return 1 + len(item) // _CHARS_PER_COST

    def preprocess(self, items: Sequence[str]) -> list[str]:
        return list(items)

    def infer(self, prepared: list[str]) -> list[list[Found]]:
        return [find(text) for text in prepared]

    def postprocess(self, raw: list[list[Found]], items: Sequence[str]) -> list[Classification]:  # noqa: ARG002 - the contract's signature
        return [_classification(found) for found in raw]

    def warm_up_items(self) -> Sequence[str]:
        return ["The weather is fine.", "今天天气很好。", "+1 212 736 5000", "password: qwmzplkrta"]


def _classification(found: Sequence[Found]) -> Classification:
    if not found:
        return Classification((Scored({CATEGORY: 0.0}),))
    told = sorted(sorted(found, key=lambda one: -one.score)[:MOST_FOUND], key=lambda one: one.span)
    gaps = (Gap("finds_past_limit"),) if len(told) < len(found) else ()
    return Classification(tuple(Scored({CATEGORY: one.score}, one.span, one.kind) for one in told), gaps)


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> PersonalInformation:  # noqa: ARG001 - the registry's signature
    """The registry's builder; rules have no weights, so there are no files.

    Raises:
        ModelError: the spec promises another category than the one these rules answer.
    """
    if spec.categories != (CATEGORY,):
        raise ModelError(f"{spec.key}: categories must be [{CATEGORY!r}]")
    return PersonalInformation(spec)
