"""Results decided from scores that are given, without any model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from moderation.limits import Limits
from moderation.lists import Lists, load_lists
from moderation.models.base import Classification, Gap, Scored, Step
from moderation.pipelines.call import Call
from moderation.pipelines.forms import Forms
from moderation.pipelines.gather import Request, finish, joined_of
from moderation.pipelines.listed import Listed, Scope
from moderation.pipelines.units import check
from moderation.policy import parse_policy
from moderation.schema import Content, ModerationResult, Part, Role, Turn

PLAIN = '"*" = { review = 0.5, block = 0.9 }'
MODEL = "model.v1"
Scores = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class _Source:
    key: str
    experimental: tuple[str, ...] = ()
    revision: str = "r"


class GivenCall:
    """What a call found out, made up: the scores of each text, no disguises.

    Args:
        experimental: categories that are so with the model.
        firm: the scores of a second model, with which no category is.
        gaps: what the model left out of each text.
        steps: what the model says of each text as a turn.
    """

    tenant = None
    timing_ms: Mapping[str, float] = {}

    def __init__(
        self,
        scores: Scores,
        lists: Lists,
        *,
        experimental: tuple[str, ...] = (),
        firm: Scores | None = None,
        gaps: Mapping[str, Gap] | None = None,
        steps: Mapping[str, Step] | None = None,
    ) -> None:
        self.lists = lists
        self._models = {_Source(MODEL, experimental): scores, _Source("firm.v1"): firm or {}}
        self._gaps = gaps or {}
        self._steps = steps or {}

    def listed(self, text: str, role: Role, origin: Sequence[str] = (), *, comes_again: bool = True) -> Listed:
        return Scope.of(self.lists, None, role, origin).look(text)

    def forms(self, _: str) -> Forms:
        return Forms(())

    def verdicts(self, text: str) -> Any:
        gaps = (self._gaps[text],) if text in self._gaps else ()
        return tuple(
            (
                source,
                Classification(
                    (Scored(scores.get(text, {}), (0, len(text))),),
                    () if number else gaps,
                    None if number else self._steps.get(text),
                ),
            )
            for number, (source, scores) in enumerate(self._models.items())
        )


def judged(
    content: Content, scores: Scores, *, thresholds: str = PLAIN, lists: Lists | None = None, **said: Any
) -> ModerationResult:
    policy = parse_policy(f'name = "own"\n[thresholds]\n{thresholds}\n'.encode(), file="own.toml")
    request = Request(content, policy, check(content, Limits()), joined_of(content))
    result = finish(request, cast("Call", GivenCall(scores, lists or load_lists([]), **said)), began=0.0)
    assert isinstance(result, ModerationResult)
    return result


def chat(*texts: str) -> Content:
    turns = tuple(Turn(Role.USER, (Part.from_text(text),)) for text in texts[:-1])
    return Content((Part.from_text(texts[-1]),), conversation=turns)


def told(result: ModerationResult) -> dict[str, str]:
    return {trigger.pattern: trigger.category or "" for trigger in result.triggers}
