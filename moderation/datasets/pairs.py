"""Two runs over the same rows -> what a cascade's band is chosen on: what a service flags with either and with both.

The scores are those that a cascade looks at and the thresholds those of the first run's policy, so that what is
measured here is what a service then does. Two things a run does not hold. Which categories a model itself covers, as
every parent has its children's score: one that is never higher than its children in the whole run is taken for raised
by them. And what the first model says of a parent under the score of its child: where the guard speaks for that child
alone, nothing is taken to be left of the parent when it clears the child. It does not know either whether the scores
are what the sets' labels are about; a set about other things makes a poor band.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from moderation.datasets.scores import Run, ScoredRow
from moderation.errors import InvalidRequestError
from moderation.models.cascade import Sample, looked_at, together
from moderation.taxonomy import PARENTS, with_parents


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that can be used.

    Attributes:
        left_out: rows that are in one run alone, without a label, or not judged by both.
    """

    samples: tuple[Sample, ...]
    left_out: int


def pair(first: Run, guard: Run) -> Pairs:
    """Brings together what the first classifier of each run said of a row.

    Raises:
        InvalidRequestError: the runs have no set in common, or one whose manifest changed in between.
    """
    ours, theirs = _sets(first), _sets(guard)
    common = [name for name in ours if name in theirs]
    if not common:
        raise InvalidRequestError("the two runs have no set in common; evaluate the same sets with both profiles")
    if changed := [name for name in common if ours[name] != theirs[name]]:
        raise InvalidRequestError(f"the manifest of {', '.join(changed)} changed between the two runs")
    mine, other = dict(_rows(first)), dict(_rows(guard))
    covered = _covered(row.verdicts[0].scores for row in other.values())
    thresholds = {scored.head.name: scored.head.thresholds for scored in first.sets}
    samples = []
    for place, row in mine.items():
        facing = other.get(place)
        if facing is not None and row.violating is not None:
            said = row.verdicts[0].scores, facing.verdicts[0].scores
            sample = _sample(*said, covered, thresholds[place[0]], truth=row.violating)
            samples += [sample] if sample is not None else []
    return Pairs(tuple(samples), len(mine.keys() | other.keys()) - len(samples))


def _sample(
    first: Mapping[str, float],
    guard: Mapping[str, float],
    covered: set[str],
    thresholds: Mapping[str, float],
    *,
    truth: bool,
) -> Sample | None:
    """None for a row that one of them did not judge."""

    def flagged(scores: Mapping[str, float]) -> bool:
        return any(score >= thresholds.get(key, math.inf) for key, score in scores.items())

    score = looked_at(first, covered)
    if score is None or not guard:
        return None
    both = with_parents(together(_own(first), guard, covered))
    return Sample(score, flagged(first), flagged(both), flagged(guard), truth)


def _covered(said: Iterable[Mapping[str, float]]) -> set[str]:
    """What a model covers, from all that it said."""
    return {key for scores in said for key in _own(scores)}


def _own(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores without the parents that have theirs from a child."""
    raised: dict[str, float] = {}
    for key, score in scores.items():
        if parent := PARENTS.get(key):
            raised[parent] = max(score, raised.get(parent, 0.0))
    return {key: score for key, score in scores.items() if score > raised.get(key, -1.0)}


def _sets(run: Run) -> dict[str, str]:
    return {scored.head.name: scored.head.revision for scored in run.sets}


def _rows(run: Run) -> Iterator[tuple[tuple[str, int, int], ScoredRow]]:
    for scored in run.sets:
        for row in scored.rows:
            yield (scored.head.name, row.file, row.number), row
