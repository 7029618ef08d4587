"""A cascade: a dear model judges only where a cheap one is unsure. Pure.

Unsure means that the highest of the first model's scores which the guard speaks for lies in a band, both ends included.
Outside it the first model's scores stand, inside it the guard's word counts for what it speaks for. A guard that covers
a parent category speaks for its children; one that covers children alone does not speak for the parent. The band is
chosen on labelled texts; on others than those it may do worse.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from moderation.errors import ConfigurationError
from moderation.taxonomy import PARENTS

THRESHOLD = 0.5
_MAX_BOUNDS = 600


@dataclass(frozen=True, slots=True)
class Band:
    """Scores from `low` to `high`, both included.

    Raises:
        ConfigurationError: the ends are no scores, or the wrong way round.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.high <= 1.0:
            raise ConfigurationError(
                f"a band is two scores, the lower first, from 0 to 1; not {self.low} and {self.high}"
            )

    def __contains__(self, score: float) -> bool:
        return self.low <= score <= self.high


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of one labelled text.

    Attributes:
        score: the first model's, that may lie in a band.
        first: whether the text is flagged if the first model alone is asked.
        both: whether it is flagged if the guard is asked too.
        guard: whether it is flagged if the guard alone is asked.
        truth: whether it is violating.
    """

    score: float
    first: bool
    both: bool
    guard: bool
    truth: bool

    @classmethod
    def of(cls, first: float, guard: float, truth: bool) -> Sample:
        """From one score of each model about one and the same thing, flagged from `THRESHOLD` on."""
        said = guard >= THRESHOLD
        return cls(first, first >= THRESHOLD, said, said, truth)


@dataclass(frozen=True, slots=True)
class Choice:
    """A band and what it did on the texts it was chosen on.

    Attributes:
        band: None if the first model alone does as well as with any band.
        share: of the texts that go to the guard.
        f1: of the cascade; of the first model and of the guard alone on all texts.
    """

    band: Band | None
    share: float
    f1: float
    f1_first: float
    f1_guard: float


def speaks_for(guard: Collection[str], category: str) -> bool:
    """Whether a guard that covers these categories can say that there is nothing of this one."""
    return category in guard or PARENTS.get(category) in guard


def looked_at(scores: Mapping[str, float], guard: Collection[str]) -> float | None:
    """The first model's score that a band is about; None if the guard speaks for nothing that it judged.

    A child raises its parent, and a guard that speaks for the parent speaks for the child: so it is one and the same
    with scores as a model gives them and with those of a result.
    """
    return max((score for key, score in scores.items() if speaks_for(guard, key)), default=None)


def needs_guard(scores: Mapping[str, float], band: Band, guard: Collection[str]) -> bool:
    """Whether the first model is unsure of what a guard that covers these categories speaks for."""
    score = looked_at(scores, guard)
    return score is not None and score in band


def ceilings(said: Mapping[str, float], guard: Collection[str]) -> dict[str, float]:
    """The most that the first model's scores still count, after the word of a guard that covers these categories.

    A child is no higher than what the guard says of it, or else of its parent, whose score is at least its children's.
    """
    own = {key: score for key, score in said.items() if key in guard}
    for key, score in said.items():
        parent = PARENTS.get(key)
        if parent in own:
            own[parent] = max(own[parent], score)
    parents = {key: own[parent] for key, parent in PARENTS.items() if parent in own}
    return {**parents, **own}


def together(first: Mapping[str, float], said: Mapping[str, float], guard: Collection[str]) -> dict[str, float]:
    """The scores of a text that both were asked about, parents not raised."""
    most = ceilings(said, guard)
    merged = {key: min(score, most.get(key, 1.0)) for key, score in first.items()}
    for key, score in said.items():
        merged[key] = max(score, merged.get(key, 0.0))
    return merged


def choose_band(samples: Sequence[Sample], *, budget: float) -> Choice:
    """The band with the highest F1 among those that send at most a share `budget` of the texts to the guard.

    Outside the band the first model decides, as it does when a service runs with the band. Of equal bands the one that
    sends least is taken, then the lowest; no band, if none does better than the first model alone. Bounds lie between
    neighbouring scores (at 600 places at most), so no text of the sample stands on one, but for the ends 0 and 1.

    Raises:
        ConfigurationError: nothing to choose from: no texts, one truth alone, a wrong score or share.
    """
    if len({sample.truth for sample in samples}) < 2:
        raise ConfigurationError(
            "a band is chosen on texts of both kinds, each with both scores and a label; there are none such"
        )
    if not 0.0 <= budget <= 1.0:
        raise ConfigurationError(f"the share that may go to the guard is from 0 to 1, not {budget}")
    if not all(0.0 <= sample.score <= 1.0 for sample in samples):  # false for NaN, too
        raise ConfigurationError("a score is a number from 0 to 1")
    rows = sorted(samples, key=lambda sample: sample.score)
    # Sums over the first n rows: flagged, and rightly flagged, by the first model and once the guard was asked.
    first, first_right = _running(row.first for row in rows), _running(row.first and row.truth for row in rows)
    both, both_right = _running(row.both for row in rows), _running(row.both and row.truth for row in rows)
    true = sum(row.truth for row in rows)
    alone = _f1(first_right[-1], first[-1], true)
    best: tuple[float, int, float, float] = (-alone, 0, 0.0, 0.0)
    for start, end, low, high in _bands([row.score for row in rows], int(budget * len(rows) + 1e-9)):
        right = first_right[-1] + (both_right[end] - both_right[start]) - (first_right[end] - first_right[start])
        flagged = first[-1] + (both[end] - both[start]) - (first[end] - first[start])
        best = min(best, (-_f1(right, flagged, true), end - start, low, high))
    return Choice(
        Band(best[2], best[3]) if best[1] else None,
        share=best[1] / len(rows),
        f1=-best[0],
        f1_first=alone,
        f1_guard=_f1(sum(row.guard and row.truth for row in rows), sum(row.guard for row in rows), true),
    )


def _bands(scores: Sequence[float], most: int) -> Iterator[tuple[int, int, float, float]]:
    """All bands that hold some of the sorted scores, and at most so many: from which to before which, and the ends."""
    between = (_between(one, other) for one, other in itertools.pairwise(sorted(set(scores))))
    bounds = [0.0, *(bound for bound in between if bound is not None), 1.0]
    if len(bounds) > _MAX_BOUNDS:
        bounds = [bounds[round(at * (len(bounds) - 1) / (_MAX_BOUNDS - 1))] for at in range(_MAX_BOUNDS)]
    starts = [bisect_left(scores, bound) for bound in bounds]
    ends = [bisect_right(scores, bound) for bound in bounds]
    for at, (low, start) in enumerate(zip(bounds, starts, strict=True)):
        for high, end in zip(bounds[at:], ends[at:], strict=True):
            if 0 < end - start <= most:
                yield start, end, low, high


def _between(one: float, other: float) -> float | None:
    """About the middle, with as few digits as keep it apart from both, since people copy it into a file."""
    middle = (one + other) / 2
    rounded = (round(middle, digits) for digits in range(3, 18))
    return next((bound for bound in (*rounded, middle) if one < bound < other), None)


def _running(flags: Iterable[bool]) -> list[int]:
    return [0, *itertools.accumulate(map(int, flags))]


def _f1(right: int, flagged: int, true: int) -> float:
    return 2 * right / (flagged + true) if flagged + true else 0.0
