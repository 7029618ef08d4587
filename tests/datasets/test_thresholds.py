"""Thresholds keep the budget on the sample, and no lower one would."""

from __future__ import annotations

import json
import tomllib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.datasets.metrics import clopper_pearson, rows_needed, upper_bound
from moderation.datasets.scores import Run, RunHead, ScoredRow, ScoredSet, SetHead, Verdict
from moderation.datasets.thresholds import STEPS, Picked, pick, pick_all, thresholds_document, toml_of
from moderation.errors import InvalidRequestError
from moderation.policy import parse_policy
from moderation.schema import Decision, Role

SCORES = st.lists(
    st.one_of(
        st.floats(0, 1), st.integers(0, 10).map(lambda n: n / 10), st.integers(0, STEPS).map(lambda n: n / STEPS)
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(scores=SCORES, budget=st.one_of(st.floats(0.001, 0.6), st.sampled_from([0.01, 0.05, 0.29, 0.5])))
def test_the_budget_is_kept_and_the_next_lower_threshold_would_break_it(scores: list[float], budget: float) -> None:
    found = pick(np.array(scores), budget)
    if found.threshold is None:
        assert Fraction(sum(score >= 1.0 for score in scores), len(scores)) > budget - 1e-9
        return
    step = round(found.threshold * STEPS)
    assert found.threshold == step / STEPS == float(f"{found.threshold:.4f}")
    assert found.alarms == sum(score >= found.threshold for score in scores)
    assert found.alarms / len(scores) <= budget + 1e-9
    if step > 1:
        assert sum(score >= (step - 1) / STEPS for score in scores) / len(scores) > budget
    assert found.interval[0] <= found.alarms / len(scores) <= found.bound


def test_a_small_sample_is_called_too_small() -> None:
    small, large = pick(np.zeros(100), 0.01), pick(np.zeros(1_000), 0.01)
    assert (small.alarms, small.too_small, small.supported, small.needed) == (0, True, False, 299)
    assert (large.too_small, large.supported) == (False, True)
    used_up = pick(np.linspace(0, 1, 1_000), 0.01)
    assert (used_up.alarms, used_up.too_small, used_up.supported) == (10, False, False)
    with pytest.raises(InvalidRequestError):
        pick(np.zeros(0), 0.01)


def run_of(scores: list[dict[str, float]], truths: dict[str, bool]) -> Run:
    rows = [
        ScoredRow(0, number, "", False, truths, (), (Verdict(one, Decision.ALLOW, (), 1.0),))
        for number, one in enumerate(scores)
    ]
    rows.append(ScoredRow(0, 999, "", True, {"hate": True}, (), (Verdict({"hate": 1.0}, Decision.BLOCK, (), 1.0),)))
    head = SetHead("a-set", "", "", "", "", "both", "user", {}, ("hate", "spam"), ("f",), 1, 1, {}, {}, {}, 0)
    return Run(RunHead(("me",), "p"), [ScoredSet(head, rows, ((1.0,),))])


def test_only_rows_that_are_safe_for_a_category_count() -> None:
    scores = [{"hate": n / 100, "spam": 0.5, "fraud": 1.0} for n in range(100)] + [{}]
    picked = pick_all(run_of(scores, {"hate": False, "spam": False}), review_budget=0.1, block_budget=0.02)
    assert set(picked.review) == {"hate", "spam"}
    assert (picked.review["hate"].threshold, picked.review["hate"].alarms) == (0.8901, 10)
    assert (picked.block["hate"].threshold, picked.block["hate"].alarms) == (0.9701, 2)
    assert picked.review["spam"].threshold == 0.5001
    assert (picked.rows, picked.unjudged, picked.flagged) == (101, 1, {"review": 10, "block": 2})
    assert "fraud" in picked.uncovered


def test_the_table_can_be_pasted_into_a_policy_and_is_honest() -> None:
    scores = [{"hate": n / 100, "spam": 1.0} for n in range(100)]
    picked = pick_all(run_of(scores, {"hate": False, "spam": False}), review_budget=0.1, block_budget=0.001)
    text = toml_of(picked, classifier="me\nand = 1", sets=["a-set"])
    table = tomllib.loads(text)["thresholds"]
    assert table == {"hate": {"review": 0.8901, "block": 0.9901}, "spam": {"review": "never", "block": "never"}}
    policy = parse_policy(f'name = "p"\n{text}"*" = {{ review = 0.5 }}\n'.encode(), file="p.toml")
    assert policy.tables[Role.USER]["hate"].review == 0.8901
    assert "TOO FEW ROWS" in text
    assert "2995" in text
    document = thresholds_document(picked, classifier="me", sets=["a-set"])
    assert document["thresholds"]["hate"]["block"]["too_small"] is True


def test_budgets_and_sets_that_make_no_sense() -> None:
    with pytest.raises(InvalidRequestError, match="BLOCK budget"):
        pick_all(run_of([{"hate": 0.1}], {"hate": False}), review_budget=0.01, block_budget=0.1)
    with pytest.raises(InvalidRequestError, match="no row that is labelled as allowed"):
        pick_all(run_of([], {}), review_budget=0.1, block_budget=0.1)
    for together in (False, True):  # no empty table, in whatever form it is asked for
        with pytest.raises(InvalidRequestError, match="none of the categories"):
            pick_all(run_of([{"fraud": 0.1}], {"hate": False}), review_budget=0.1, block_budget=0.1, together=together)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"hate": st.floats(0, 1), "spam": st.floats(0, 1)}), min_size=20, max_size=60),
    st.sampled_from([0.05, 0.1, 0.3]),
)
def test_together_all_categories_keep_the_budget_and_one_alarm_more_would_break_it(
    scores: list[dict[str, float]], budget: float
) -> None:
    truths = {"hate": False, "spam": False}
    run = run_of(scores, truths)
    picked = pick_all(run, review_budget=budget, block_budget=budget / 2, together=True)
    for name, share in (("review", budget), ("block", budget / 2)):
        assert picked.flagged[name] <= share * len(scores) + 1e-9
    apart = pick_all(run, review_budget=budget, block_budget=budget / 2)
    for category, one in picked.review.items():
        other = apart.review[category].threshold
        assert one.threshold is None or (other is not None and one.threshold >= other)


# ---- the budget of all categories together


def joint(scores: list[dict[str, float]], budget: float, *, together: bool = True) -> Picked:
    run = run_of(scores, {"hate": False, "spam": False})
    return pick_all(run, review_budget=budget, block_budget=budget / 2, together=together)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({}, optional={"hate": st.floats(0, 1), "spam": st.floats(0, 1)}), max_size=80),
    st.sampled_from([0.02, 0.1, 0.3]),
    st.booleans(),
)
def test_the_rate_of_all_categories_has_its_interval_and_its_budget(
    scores: list[dict[str, float]], budget: float, together: bool
) -> None:
    picked = joint([*scores, {"hate": 0.5}], budget, together=together)
    judged = sum(map(bool, scores)) + 1
    for rate, share, count in (
        (picked.joint["review"], budget, picked.flagged["review"]),
        (picked.joint["block"], budget / 2, picked.flagged["block"]),
    ):
        assert (rate.alarms, rate.rows) == (count, judged)
        assert rate.interval == clopper_pearson(count, judged)
        assert rate.bound == upper_bound(count, judged)
        assert rate.budget == (share if together else None)
        assert rate.supported is (rate.bound <= share if together else None)
        assert rate.too_small is (judged < rows_needed(share) if together else None)
        assert not together or rate.alarms <= share * judged + 1e-9, "rows that were not judged are in no rate"
    for one in (*picked.review.values(), *picked.block.values()):
        assert (one.budget is None) is together
        assert (one.supported is None) is (one.too_small is None) is (one.needed is None) is together


def words_of(picked: Picked) -> str:
    return toml_of(picked, classifier="me", sets=["a-set"])


def test_a_table_of_a_joint_budget_says_so_and_marks_no_single_category() -> None:
    few = [{"hate": n / 100, "spam": 1 - n / 100} for n in range(100)]
    text = words_of(joint(few, 0.1))
    assert "# budgets of false alarms, of all categories together: review 10%, block 5%" in text
    assert "per category" not in text
    assert "# all categories together: review 10 of 100 rows (10%) [4.9%, 17.6%] at most 16.4% (!)" in text
    assert "# review: kept on this sample, and not supported with 95% confidence beyond it" in text
    table = text.split("[thresholds]")[1]
    assert "at most" in table
    assert "(!)" not in table
    assert "(!) is over the budget, which is of the joint rates alone" in text
    assert "for every category" not in text
    assert tomllib.loads(text)["thresholds"].keys() == {"hate", "spam"}
    assert "TOO FEW ROWS" not in text
    tiny = words_of(joint(few[:30], 0.1))
    assert "# block: TOO FEW ROWS for this budget: even without one false alarm it takes 59 to support it" in tiny
    many = words_of(joint([{"hate": 0.1, "spam": 0.1}] * 400, 0.1))
    assert "(0%) [0%, 0.918%] at most 0.746%\n" in many
    assert "not supported" not in many


def test_each_category_within_the_budget_does_not_make_the_joint_rate_so() -> None:
    scores = [{"hate": float(n < 5), "spam": float(5 <= n < 10)} for n in range(100)]
    apart, together = (joint([*scores], 0.12, together=word) for word in (False, True))
    assert all(one.supported for one in apart.review.values())
    assert (apart.flagged["review"], apart.joint["review"].supported) == (10, None)
    assert "at most 16.4%" in words_of(apart).split("[thresholds]")[0]
    assert "per category" in words_of(apart)
    assert together.joint["review"].supported is False
    assert "all categories together: review 10 of 100 rows (10%) [4.9%, 17.6%] at most 16.4% (!)" in words_of(together)


def test_the_document_says_which_budget_it_is() -> None:
    scores = [{"hate": n / 100, "spam": 1 - n / 100} for n in range(100)]
    for together in (False, True):
        picked = joint(scores, 0.1, together=together)
        document = json.loads(json.dumps(thresholds_document(picked, classifier="me", sets=["a-set"])))
        assert document["together"] is together
        assert document["budgets"] == {"review": 0.1, "block": 0.05}
        rate, hate = document["all_categories"]["review"], document["thresholds"]["hate"]["review"]
        assert rate["false_alarms"] == document["flagged"]["review"]
        assert len(rate["interval"]) == 2
        assert rate["bound"] > rate["interval"][0]
        for one, known in ((rate, together), (hate, not together)):
            assert (one["budget"], one["supported"]) == ((0.1, False) if known else (None, None))
            assert isinstance(one["rows_needed"], int) is isinstance(one["too_small"], bool) is known


def test_rows_of_which_none_was_judged_give_no_rate() -> None:
    for together in (False, True):
        with pytest.raises(InvalidRequestError, match="was judged"):
            joint([{}, {}], 0.1, together=together)
