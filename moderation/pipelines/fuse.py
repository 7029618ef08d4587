"""Fusion: what the classifiers said of every unit -> one result. Pure.

Every decision has its evidence: a category decides only through a finding, and each finding points to a part.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence

from moderation.models.base import Scored
from moderation.pipelines.profile import Stage
from moderation.pipelines.units import Unit
from moderation.policy import Policy, worst
from moderation.schema import (
    Decision,
    DerivedPart,
    Evidence,
    Finding,
    ModerationResult,
    PolicyReference,
    Unjudged,
)
from moderation.taxonomy import CATEGORIES, PARENTS


def fuse(
    units: Sequence[Unit],
    unjudged: Sequence[Unjudged],
    *,
    policy: Policy,
    timing_ms: Mapping[str, float],
    derived: Sequence[DerivedPart] | None,
) -> ModerationResult:
    """The result for one content."""
    tally = _Tally(policy)
    for unit in units:
        for stage, classification in unit.classifications:
            for scored in classification.scored:
                tally.add(unit, stage, scored)
    gaps = (*unjudged, *_gaps(units))
    if gaps:
        tally.decisions.append(policy.unjudged)
    covered = {category: tally.scores[category] for category in CATEGORIES if category in tally.scores}
    return ModerationResult(
        id=f"mod_{secrets.token_hex(12)}",
        decision=worst(tally.decisions),
        flagged=bool(tally.flagged),
        categories={category: category in tally.flagged for category in covered},
        category_scores=covered,
        findings=tuple(sorted(tally.findings, key=lambda finding: -finding.score)),
        triggers=(),
        uncovered=tuple(category for category in CATEGORIES if category not in covered),
        policy=PolicyReference(policy.name, policy.revision),
        unjudged=gaps,
        timing_ms=timing_ms,
        derived=None if derived is None else tuple(derived),
    )


class _Tally:
    """Maxima, flags, decisions and findings, gathered scored window by scored window."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.scores: dict[str, float] = {}
        self.flagged: set[str] = set()
        self.decisions: list[Decision] = []
        self.findings: list[Finding] = []

    def add(self, unit: Unit, stage: Stage, scored: Scored) -> None:
        table = self._policy.tables[unit.piece.role]
        scores = self.scores
        for category, score, source in _with_parents(scored.scores):
            if score > scores.get(category, -1.0):
                scores[category] = score
            threshold = table[category]
            if score < threshold.floor:
                continue
            decision = threshold.decide(score)
            if decision is Decision.BLOCK and source in stage.spec.experimental:
                decision = Decision.REVIEW  # measured on too few texts to refuse alone (model card)
            self.flagged.add(category)
            self.decisions.append(decision)
            if source == category or score < table[source].floor:
                self.findings.append(_finding(unit, stage, scored, category, score))


def _with_parents(scores: Mapping[str, float]) -> Iterator[tuple[str, float, str]]:
    """(category, score, the category that the model gave it to): direct scores, then parents raised by a child."""
    raised: dict[str, tuple[float, str]] = {}
    for category, score in scores.items():
        yield category, score, category
        parent = PARENTS.get(category)
        if parent is not None and score > raised.get(parent, (scores.get(parent, -1.0), ""))[0]:
            raised[parent] = (score, category)
    for parent, (score, child) in raised.items():
        yield parent, score, child


def _finding(unit: Unit, stage: Stage, scored: Scored, category: str, score: float) -> Finding:
    return Finding(
        category=category,
        score=score,
        classifier=stage.key,
        revision=stage.spec.revision,
        part=unit.piece.path,
        origin=unit.origin,
        evidence=_evidence(unit, scored.span),
    )


def _evidence(unit: Unit, span: tuple[int, int] | None) -> Evidence:
    """The place of a finding: a span of the original text, or box and time of the passages under the span."""
    if unit.text is None:
        return unit.evidence
    start, end = span or (0, len(unit.text))
    quote = unit.text[start:end]
    if not unit.origin:
        return Evidence(quote=quote, span=(start, end))
    place = unit.evidence
    touched = [passage for first, last, passage in unit.lines if first < end and start < last]
    if touched:
        boxes = [passage.box for passage in touched if passage.box is not None]
        times = [passage.time_s for passage in touched if passage.time_s is not None]
        place = Evidence(box=_union(boxes), time_s=_hull(times), frame=place.frame)
    return Evidence(quote=quote, box=place.box, time_s=place.time_s, frame=place.frame)


def _union(boxes: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int] | None:
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _hull(times: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    if not times:
        return None
    starts, ends = zip(*times, strict=True)
    return min(starts), max(ends)


def _gaps(units: Sequence[Unit]) -> Iterator[Unjudged]:
    for unit in units:
        for stage, classification in unit.classifications:
            for gap in classification.gaps:
                span = None if unit.origin else gap.span
                yield Unjudged(unit.piece.path, stage.key, gap.reason, span, gap.time_s)
