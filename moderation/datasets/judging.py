"""What is measured: anything that answers texts with scores, brought to one form.

A judge takes labelled texts and answers a `Judgement` for each, in order. Scores are by canonical category; a category
that is absent was not judged, and is never taken as 0.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

from moderation.crosswalks import OPENAI
from moderation.datasets.loader import Example
from moderation.errors import (
    AuthenticationError,
    InvalidRequestError,
    ModelError,
    ModerationError,
    OverloadedError,
)
from moderation.policy import Policy, worst
from moderation.schema import Decision, ModerationResult, Role
from moderation.taxonomy import CATEGORIES, with_parents
from moderation.wire import clean

_FAILED = ModelError.code
_NO_ANSWER = "the service answered with something that is no moderation"
_OPENAI_TEXTS = 32  # what OpenAI's own service takes in one request is not documented; this is well within


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a classifier said of one text.

    Attributes:
        scores: canonical category -> 0 to 1; what is absent was not judged.
        decision: what the service decided; None where it only scores.
        unjudged: stable codes of what was not judged, in whole or in part.
        time_ms: what the classifier says the text took; None if it does not say.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    decision: Decision | None = None
    unjudged: tuple[str, ...] = ()
    time_ms: float | None = None


Judge = Callable[[Sequence[Example]], Sequence[Judgement]]
Score = Callable[[Sequence[str]], Sequence[Mapping[str, float] | None]]
Post = Callable[[Any], Any]


def from_outcome(outcome: ModerationResult | ModerationError) -> Judgement:
    """A result of this project's own service; an error in its place is unjudged.

    Raises:
        AuthenticationError, OverloadedError: these are about the caller, not about the text.
        ModerationError: code `invalid_response`, for a score that is none.
    """
    if isinstance(outcome, AuthenticationError | OverloadedError):
        raise outcome
    if isinstance(outcome, ModerationError):
        return Judgement(unjudged=(outcome.code,))
    reasons = tuple(dict.fromkeys(gap.reason for gap in outcome.unjudged))
    scores = {key: _answered(key, score) for key, score in outcome.category_scores.items() if key in CATEGORIES}
    return Judgement(scores, outcome.decision, reasons, time_ms=outcome.timing_ms.get("total"))


def decide(judgement: Judgement, policy: Policy, role: Role) -> Decision:
    """The decision of the classifier, or what the policy makes of its scores."""
    if judgement.decision is not None:
        return judgement.decision
    table = policy.tables[role]
    decisions = [table[category].decide(score) for category, score in judgement.scores.items()]
    if judgement.unjudged or not judgement.scores:
        decisions.append(policy.unjudged)
    return worst(decisions)


def load_function(name: str) -> Score:
    """The callable `module:function`, looked for in the working folder too.

    Raises:
        InvalidRequestError: there is none.
    """
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), function)
    except (Exception, SystemExit) as error:
        message = f"{name}: cannot be imported: {type(error).__name__}: {error}"
        raise InvalidRequestError(clean(message, limit=500)) from error
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise InvalidRequestError(f"{name}: is no function")
    return found  # type: ignore[no-any-return]  # what it answers is checked at each call


def from_function(score: Score, name: str, *, told: Callable[[BaseException], None] = lambda _: None) -> Judge:
    """A judge from a function: texts -> for each a mapping of category to score, or None for one it cannot judge.

    A call that raises is tried again text by text, so that one text takes no other along. One that ends the program
    (`sys.exit`) has raised like any other.

    Args:
        told: gets what was raised, once for each text that is unjudged by it.
    """

    def judge(batch: Sequence[Example]) -> list[Judgement]:
        texts = [example.text for example in batch]
        try:
            answers = score(texts)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - another's code; a text that fails it is unjudged
            if len(batch) == 1:
                told(error)
                return [Judgement(unjudged=(_FAILED,))]
            return [answer for example in batch for answer in judge([example])]
        if not isinstance(answers, Sequence) or len(answers) != len(texts):
            raise InvalidRequestError(f"{name}: must answer a list as long as the one it is given")
        return [_checked(answer, name) for answer in answers]

    return judge


def _checked(answer: object, name: str) -> Judgement:
    if answer is None:
        return Judgement(unjudged=(_FAILED,))
    if not isinstance(answer, Mapping):
        raise InvalidRequestError(f"{name}: answers a mapping of category to score, or None, for each text")
    scores = {}
    for category, score in answer.items():
        if category not in CATEGORIES:
            message = f"{name}: `{clean(str(category))}` is no category; the list is in docs/categories.md"
            raise InvalidRequestError(message)
        if not 0 <= (number := _number(score)) <= 1:  # false for NaN, too
            raise InvalidRequestError(f"{name}: the score of {category} must be between 0 and 1")
        scores[category] = number
    return Judgement(with_parents(scores), unjudged=() if scores else (_FAILED,))


def _number(value: Any) -> float:
    """The number that a score is, plain or of an array library; NaN for all else, a truth value and a text included."""
    try:
        plain = value.item() if callable(getattr(value, "item", None)) else value
        return math.nan if isinstance(plain, bool) or not isinstance(plain, Real | Decimal) else float(plain)
    except Exception:  # noqa: BLE001 - another's object, which is no number if it cannot say which
        return math.nan


def _answered(category: object, score: object) -> float:
    """A score that came over the wire: one outside its range means another scale, and no clamp makes that good."""
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:  # false for NaN, too
        message = f"the service answered something else: the score of {clean(str(category))} must be between 0 and 1"
        raise ModerationError(message, code="invalid_response")
    return float(score)


def from_openai(post: Post) -> Judge:
    """A judge from a service that speaks OpenAI's POST /v1/moderations.

    Args:
        post: sends a JSON body to it, and answers its JSON.
    """

    def judge(batch: Sequence[Example]) -> list[Judgement]:
        judged: list[Judgement] = []
        for start in range(0, len(batch), _OPENAI_TEXTS):
            judged += _asked(post, [example.text for example in batch[start : start + _OPENAI_TEXTS]])
        return judged

    return judge


def _asked(post: Post, texts: list[str]) -> list[Judgement]:
    try:
        answer = post({"input": texts})
    except (AuthenticationError, OverloadedError):
        raise
    except ModerationError as error:
        if error.code in ("connection_failed", "invalid_response"):
            raise
        if len(texts) == 1:
            return [Judgement(unjudged=(error.code,))]
        return [judgement for text in texts for judgement in _asked(post, [text])]
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) != len(texts):
        raise ModerationError(_NO_ANSWER, code="invalid_response")
    return [_from_openai(row) for row in rows]


def _from_openai(row: Any) -> Judgement:
    """Scores by our categories, as the cross-walk has them; codes said to be uncovered are left out."""
    try:
        extension = row.get("moderation") or {}
        uncovered = set(extension.get("uncovered") or ())
        given = {
            code: _answered(code, score) for code, score in row["category_scores"].items() if code not in uncovered
        }
        unjudged = tuple(str(gap["reason"]) for gap in extension.get("unjudged") or ())
        decision = Decision(extension["decision"]) if "decision" in extension else None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ModerationError(_NO_ANSWER, code="invalid_response") from None
    scores: dict[str, float] = {}
    for code, score in given.items():
        for category in OPENAI.get(code, ()):
            scores[category] = max(scores.get(category, 0.0), score)
    reasons = tuple(dict.fromkeys(unjudged)) or (() if scores else ("invalid_response",))
    return Judgement(with_parents(scores), decision, reasons)
