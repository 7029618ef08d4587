"""Other classifiers, brought to one form: what they answer is checked, what they do not judge is no 0."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.datasets.judging import Judgement, decide, from_function, from_openai, from_outcome, load_function
from moderation.datasets.loader import Example
from moderation.errors import AuthenticationError, InvalidRequestError, ModelError, ModerationError
from moderation.policy import parse_policy
from moderation.schema import Decision, ModerationResult, PolicyReference, Role

POLICY = parse_policy(b'name = "p"\nunjudged = "block"\n[thresholds]\n"*" = { review = 0.5, block = 0.9 }', file="p")


def batch(*texts: str) -> list[Example]:
    return [Example((0, number), text, Role.USER, "", True, {}) for number, text in enumerate(texts)]


def answering(answer: Any) -> Any:
    return from_function(lambda texts: [answer] * len(texts), "m:f")


def result_of(scores: Mapping[str, float]) -> ModerationResult:
    return ModerationResult(
        id="x",
        decision=Decision.REVIEW,
        flagged=False,
        categories={},
        category_scores=scores,
        findings=(),
        triggers=(),
        uncovered=(),
        policy=PolicyReference("p", "1"),
        unjudged=(),
    )


def test_a_category_of_a_newer_service_is_passed_over() -> None:
    assert from_outcome(result_of({"hate": 0.5, "new": 0.7})) == Judgement({"hate": 0.5}, Decision.REVIEW)


def test_a_function_answers_scores_with_parents() -> None:
    (found,) = answering({"illicit/drugs": 0.4})(batch("a"))
    assert found == Judgement({"illicit": 0.4, "illicit/drugs": 0.4})


@pytest.mark.parametrize(
    "score", [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")]
)
def test_a_score_may_be_any_kind_of_number(score: object) -> None:
    assert answering({"hate": score})(batch("a"))[0].scores["hate"] == 0.5


@pytest.mark.parametrize("answer", [None, {}])
def test_what_a_function_does_not_judge_is_unjudged(answer: object) -> None:
    assert answering(answer)(batch("a")) == [Judgement(unjudged=("model_failed",))]


@pytest.mark.parametrize(
    "answer",
    [
        3,
        {"hat": 0.5},
        *({"hate": score} for score in (1.5, math.nan, 10**400, "high", True, np.bool_(1), np.zeros(2), [0.5])),
        *({"hate": score} for score in ("0.5", b"0.5", bytearray(b"0.5"), np.str_("0.5"), np.array("0.5"))),
    ],
)
def test_a_wrong_answer_is_an_error_that_names_the_function(answer: object) -> None:
    with pytest.raises(InvalidRequestError, match="m:f"):
        answering(answer)(batch("a"))


def test_a_short_answer_is_an_error() -> None:
    with pytest.raises(InvalidRequestError, match="as long as"):
        from_function(lambda texts: [], "m:f")(batch("a"))


def test_one_text_that_a_function_fails_at_takes_no_other_along() -> None:
    def score(texts: Sequence[str]) -> list[Mapping[str, float]]:
        if "bad" in texts:
            raise RuntimeError
        return [{"hate": 0.5} for _ in texts]

    found = from_function(score, "m:f")(batch("a", "bad", "b"))
    assert [judgement.unjudged for judgement in found] == [(), ("model_failed",), ()]


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(3), RecursionError()])
def test_what_a_function_raises_is_told_once_for_each_text_it_fails(error: BaseException) -> None:
    told: list[BaseException] = []

    def score(texts: Sequence[str]) -> list[Mapping[str, float]]:
        if "bad" in texts:
            raise error
        return [{"hate": 0.5} for _ in texts]

    found = from_function(score, "m:f", told=told.append)(batch("bad", "b", "bad"))
    assert [judgement.unjudged for judgement in found] == [("model_failed",), (), ("model_failed",)]
    assert told == [error, error]


def test_a_person_who_stops_the_run_is_no_failure_of_the_function() -> None:
    def score(texts: Sequence[str]) -> list[Mapping[str, float]]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        from_function(score, "m:f")(batch("a"))


def test_a_function_is_found_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scorer_of_this_test.py").write_text(
        "def score(texts):\n    return [{'hate': 0.5}] * len(texts)\nx = 1\n"
    )
    (tmp_path / "broken_of_this_test.py").write_text("1 / 0\n")
    (tmp_path / "leaving_of_this_test.py").write_text("raise SystemExit(0)\n")
    monkeypatch.chdir(tmp_path)
    assert load_function("scorer_of_this_test:score")(["a"]) == [{"hate": 0.5}]
    for name in (
        "scorer_of_this_test:none",
        "scorer_of_this_test:x",
        "no_such_module:f",
        "broken_of_this_test:f",
        "leaving_of_this_test:f",
    ):
        with pytest.raises(InvalidRequestError, match=name):
            load_function(name)


def test_openai_scores_come_by_our_categories() -> None:
    scores = {"hate": 0.9, "illicit": 0.2, "self-harm": 0.1, "new-code": 0.5}
    extension = {"uncovered": ["self-harm"], "unjudged": [{"reason": "text_past_window"}], "decision": "review"}
    plain, ours = from_openai(
        lambda body: {"results": [{"category_scores": scores}, {"category_scores": scores, "moderation": extension}]}
    )(batch("a", "b"))
    assert plain.scores == {
        "hate": 0.9, "discrimination": 0.9, "self_harm": 0.1, "illicit": 0.2, "fraud": 0.2, "cyber": 0.2
    }  # fmt: skip
    assert "self_harm" not in ours.scores
    assert (ours.unjudged, ours.decision) == (("text_past_window",), Decision.REVIEW)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {"results": []},
        {"results": [3]},
        {"results": [{"category_scores": [1]}]},
        {"results": [{"categories": {}}]},
    ],
)
def test_what_is_no_moderation_is_an_error(answer: object) -> None:
    with pytest.raises(ModerationError) as raised:
        from_openai(lambda body: answer)(batch("a"))
    assert raised.value.code == "invalid_response"


WRONG = [1.5, -0.1, math.nan, math.inf, 10**400, True, "0.5", None, [0.5]]


@pytest.mark.parametrize("score", WRONG, ids=[repr(score)[:8] for score in WRONG])
def test_a_score_that_is_none_is_an_error_that_names_it(score: object) -> None:
    with pytest.raises(ModerationError, match="the score of hate must be between 0 and 1") as raised:
        from_openai(lambda body: {"results": [{"category_scores": {"hate": score, "violence": 0.1}}]})(batch("a"))
    assert raised.value.code == "invalid_response"


@pytest.mark.parametrize("score", [1.5, -0.1, math.nan])
def test_a_score_that_is_none_in_our_own_form_is_an_error(score: float) -> None:
    with pytest.raises(ModerationError, match="the score of hate must be") as raised:
        from_outcome(result_of({"hate": score}))
    assert raised.value.code == "invalid_response"


def test_a_text_that_a_service_refuses_is_unjudged_alone_and_a_refused_key_ends_it() -> None:
    def post(body: Any) -> Any:
        if "bad" in body["input"]:
            raise InvalidRequestError("no", code="empty_input")
        return {"results": [{"category_scores": {"hate": 0.5}} for _ in body["input"]]}

    found = from_openai(post)(batch("a", "bad"))
    assert [judgement.unjudged for judgement in found] == [(), ("empty_input",)]

    def closed(body: Any) -> Any:
        raise AuthenticationError("no")

    with pytest.raises(AuthenticationError):
        from_openai(closed)(batch("a"))


def test_errors_of_the_service_are_unjudged_and_errors_of_the_caller_are_raised() -> None:
    assert from_outcome(ModelError("x")).unjudged == ("model_failed",)
    with pytest.raises(AuthenticationError):
        from_outcome(AuthenticationError("x"))


@pytest.mark.parametrize(
    ("judgement", "decision"),
    [
        (Judgement({"hate": 0.4}), Decision.ALLOW),
        (Judgement({"hate": 0.5, "spam": 0.95}), Decision.BLOCK),
        (Judgement({"hate": 0.95}, Decision.ALLOW), Decision.ALLOW),
        (Judgement({"hate": 0.1}, unjudged=("x",)), Decision.BLOCK),
        (Judgement(), Decision.BLOCK),
    ],
)
def test_the_policy_decides_where_the_classifier_does_not(judgement: Judgement, decision: Decision) -> None:
    assert decide(judgement, POLICY, Role.USER) is decision
