"""A cascade in a profile: a dear stage judges only the texts of which an earlier one is unsure. Pure.

Inside the band the guard's word counts for every category that it speaks for, children of what it covers included;
where the guard fails, or leaves out a stretch, the earlier scores stand, and that is unjudged like any other gap. The
stage before a guard is asked about every text: a profile with a guard behind a guard does not load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moderation.errors import StageError
from moderation.models.base import Classification, Gap
from moderation.models.cascade import ceilings, needs_guard
from moderation.pipelines.profile import Stage

Verdict = Classification | StageError
Entry = list[tuple[Stage, Verdict]]


def wanted(stage: Stage, entries: Sequence[Entry]) -> list[int]:
    """Which texts a stage is asked about: all, or those of which the stage before it is unsure.

    A text that the stage before did not judge goes to the guard too: nobody has looked at it yet.
    """
    return [index for index, entry in enumerate(entries) if _is_unsure(stage, entry)]


def _is_unsure(stage: Stage, entry: Entry) -> bool:
    if stage.after is None or stage.band is None:
        return True
    verdict = next(said for one, said in entry if one.key == stage.after)
    if isinstance(verdict, StageError):
        return True
    return needs_guard(highest(verdict), stage.band, stage.spec.categories)


def added(entry: Entry, stage: Stage, verdict: Verdict) -> Entry:
    """What was said of a text, with one more word; a guard's caps what the stage before it said of what it read."""
    if stage.after is None or isinstance(verdict, StageError):
        return [*entry, (stage, verdict)]
    caps = ceilings(highest(verdict), stage.spec.categories)
    capped = ((one, _capped(said, caps, verdict.gaps) if one.key == stage.after else said) for one, said in entry)
    return [*capped, (stage, verdict)]


def highest(verdict: Classification) -> dict[str, float]:
    """The highest score of each category over all windows."""
    found: dict[str, float] = {}
    for scored in verdict.scored:
        for category, score in scored.scores.items():
            found[category] = max(score, found.get(category, 0.0))
    return found


def _capped(verdict: Verdict, caps: dict[str, float], gaps: Sequence[Gap]) -> Verdict:
    if isinstance(verdict, StageError):
        return verdict
    return replace(
        verdict,
        scored=tuple(
            one
            if any(_touch(one.span, gap.span) for gap in gaps)
            else replace(one, scores={key: min(score, caps.get(key, 1.0)) for key, score in one.scores.items()})
            for one in verdict.scored
        ),
    )


def _touch(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    """Whether two stretches of a text share something; none given is all of it."""
    return one is None or other is None or (one[0] < other[1] and other[0] < one[1])
