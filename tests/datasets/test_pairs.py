"""Two runs side by side: which rows a band may be chosen on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from moderation.datasets.pairs import Pairs, pair
from moderation.datasets.scores import Run, RunHead, ScoredRow, ScoredSet, SetHead, Verdict
from moderation.errors import InvalidRequestError
from moderation.models.cascade import Sample
from moderation.schema import Decision

HEAD = SetHead(
    name="s",
    revision="1",
    description="",
    licence="",
    use="",
    sides="both",
    role="user",
    thresholds={"hate": 0.5, "hate/threatening": 0.3, "violence": 0.5, "illicit": 0.5, "spam": 0.9},
    categories=("hate",),
    files=("a",),
    rows=0,
    used=0,
    left_out={},
    malformed={},
    malformed_at={},
    unmapped=0,
)


def run_of(*rows: tuple[int, dict[str, float], bool | None], head: SetHead = HEAD) -> Run:
    def row(number: int, scores: dict[str, float], violating: bool | None) -> ScoredRow:
        said = Verdict(scores, Decision.ALLOW, (), 1.0)
        return ScoredRow(0, number, "en", violating, {}, (), (said, replace(said, scores={"hate": 0.123})))

    return Run(RunHead(("a", "peer"), "p 1"), [ScoredSet(head, [row(*one) for one in rows], ((1.0,), (1.0,)))])


def test_rows_meet_by_their_place_over_what_the_guard_speaks_to() -> None:
    first = run_of((1, {"hate": 0.4, "spam": 0.99}, True), (2, {"hate": 0.1, "violence": 0.2}, False))
    guard = run_of((2, {"hate": 0.0, "violence": 0.3}, False), (1, {"hate": 0.9, "violence": 0.0}, True))
    # What the guard does not speak for is flagged whatever it says.
    assert pair(first, guard) == Pairs((Sample(0.4, True, True, True, True), Sample(0.2, *[False] * 4)), 0)


def sample_of(first: dict[str, float], guard: dict[str, float], *others: dict[str, float]) -> Sample:
    rows: Any = [(number, other, None) for number, other in enumerate(others, start=2)]
    (sample,) = pair(run_of((1, first, True)), run_of((1, guard, True), *rows)).samples
    return sample


def test_a_guard_of_the_parent_clears_the_child() -> None:
    first = {"hate": 0.45, "hate/threatening": 0.45}  # the child is over its threshold, the parent is not
    assert sample_of(first, {"hate": 0.02}) == Sample(0.45, True, False, False, True)


def test_a_guard_of_the_child_alone_is_not_taken_to_speak_for_the_parent() -> None:
    guard = {"hate": 0.02, "hate/threatening": 0.02}  # the parent is raised, as in any result
    assert sample_of({"hate": 0.6, "hate/threatening": 0.1}, guard) == Sample(0.1, True, True, False, True)
    assert sample_of({"hate": 0.6, "hate/threatening": 0.6}, guard) == Sample(0.6, True, False, False, True)
    # Once it said more of the parent than of the child, it covers both.
    whole = {"hate": 0.2, "hate/threatening": 0.1}
    assert sample_of({"hate": 0.6, "hate/threatening": 0.1}, guard, whole) == Sample(0.6, True, False, False, True)


@pytest.mark.parametrize(
    ("first", "guard"),
    [
        ((2, {"hate": 0.5}, None), (2, {"hate": 0.5}, None)),
        ((2, {}, True), (2, {"hate": 0.5}, True)),
        ((2, {"spam": 0.5}, True), (2, {"hate": 0.5}, True)),
        ((2, {"hate": 0.5}, True), (2, {}, True)),
    ],
)
def test_a_row_that_one_did_not_judge_is_left_out_and_counted(first: Any, guard: Any) -> None:
    shared: Any = (1, {"hate": 0.5}, True)
    assert pair(run_of(shared, first), run_of(guard, shared)) == Pairs((Sample(0.5, *[True] * 4),), 1)
    assert pair(run_of(shared, first), run_of(shared)).left_out == 1


def test_runs_over_other_sets_are_refused() -> None:
    row = (1, {"hate": 0.5}, True)
    with pytest.raises(InvalidRequestError, match="no set in common"):
        pair(run_of(row), run_of(row, head=replace(HEAD, name="other")))
    with pytest.raises(InvalidRequestError, match="manifest of s changed"):
        pair(run_of(row), run_of(row, head=replace(HEAD, revision="2")))
