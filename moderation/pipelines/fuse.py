"""Fusion: what the classifiers said of every unit -> one result. Pure.

Every decision has its evidence: a category decides only through a finding or a trigger, and each of them points to
parts.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from moderation.lists.allowing import Excused, Passes
from moderation.models.base import Scored
from moderation.normalise.packaged import tables_revision
from moderation.pipelines.evidence import LISTED_TERMS, Private, evidence_of, gaps_of, original_span, private_spans
from moderation.pipelines.units import ListSource, Source, Unit
from moderation.policy import Policy, worst
from moderation.schema import (
    Allowed,
    Content,
    Decision,
    DerivedPart,
    Finding,
    Modality,
    ModerationResult,
    PolicyReference,
    Role,
    Trigger,
    Unjudged,
)
from moderation.taxonomy import CATEGORIES, PARENTS

MAX_PLACES = 100  # of a list and a category in one form of a text that are findings of their own


def fuse(
    content: Content,
    units: Sequence[Unit],
    unjudged: Sequence[Unjudged],
    *,
    policy: Policy,
    triggers: Sequence[Trigger] = (),
    firm: Sequence[Trigger] | None = None,
    timing_ms: Mapping[str, float],
    derived: Sequence[DerivedPart],
) -> ModerationResult:
    """The result for one content.

    Args:
        triggers: patterns that were seen, each once; those under the policy's threshold are left out.
        firm: those of them that show without any experimental category: only they block. `None` is all.
    """
    tally = _Tally(policy)
    for unit in units:
        tally.read(unit)
    decided = _decided(triggers, firm, policy)
    tally.decisions += [decision for _, decision in decided]
    gaps = tuple(dict.fromkeys((*unjudged, *gaps_of(units))))
    if gaps:
        tally.decisions.append(policy.unjudged)
    covered = {category: tally.scores[category] for category in CATEGORIES if category in tally.scores}
    seen = tuple(trigger for trigger, decision in decided if decision is not Decision.ALLOW)
    return ModerationResult(
        id=f"mod_{secrets.token_hex(12)}",
        decision=worst(tally.decisions),
        flagged=bool(tally.flagged or seen),
        categories={category: category in tally.flagged for category in covered},
        category_scores=covered,
        findings=tuple(sorted(tally.findings, key=lambda finding: -finding.score)),
        triggers=seen,
        uncovered=tuple(category for category in CATEGORIES if category not in covered),
        policy=PolicyReference(policy.name, policy.revision),
        unjudged=gaps,
        timing_ms=timing_ms,
        derived=tuple(derived) if content.derived else None,
        allowed=tuple(tally.allowed),
        redacted=_redacted(units, policy) if content.redact else None,
        tables=tables_revision(),
    )


def _decided(
    triggers: Sequence[Trigger], firm: Sequence[Trigger] | None, policy: Policy
) -> list[tuple[Trigger, Decision]]:
    """Each pattern with its decision: that of what is not experimental where it blocks, else REVIEW at most."""
    decided = {one.pattern: (one, policy.trigger(one.pattern).decide(one.score)) for one in triggers}
    if firm is None:
        return list(decided.values())
    for pattern, (trigger, decision) in decided.items():
        if decision is Decision.BLOCK:
            decided[pattern] = trigger, Decision.REVIEW
    for trigger in firm:
        if policy.trigger(trigger.pattern).decide(trigger.score) is Decision.BLOCK:
            decided[trigger.pattern] = trigger, Decision.BLOCK
    return list(decided.values())


class _Places:
    """Where lists found something in one unit: past `MAX_PLACES` of one kind, all others are one place.

    Attributes:
        others: for each kind the first of them, and the place from there to the last.
    """

    def __init__(self) -> None:
        self._count: Counter[tuple[str, ...]] = Counter()
        self.others: dict[tuple[str, ...], tuple[Any, tuple[int, int]]] = {}

    def past(self, kind: tuple[str, ...], what: Any, span: tuple[int, int]) -> bool:
        """Whether a place is one of the others."""
        self._count[kind] += 1
        if self._count[kind] <= MAX_PLACES:
            return False
        first, (start, end) = self.others.get(kind, (what, span))
        self.others[kind] = first, (min(start, span[0]), max(end, span[1]))
        return True


class _Tally:
    """Maxima, flags, decisions and findings, gathered scored window by scored window."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._least: dict[Role, float] = {}
        self.scores: dict[str, float] = {}
        self.flagged: set[str] = set()
        self.decisions: list[Decision] = []
        self.findings: list[Finding] = []
        self.allowed: dict[Allowed, None] = {}  # in order, each once

    def read(self, unit: Unit) -> None:
        """Takes in all that was said of one unit."""
        if unit.excused:
            self._excuse(unit)
        passes = Passes(unit.text or "", unit.allowed) if unit.allowed else None
        private, places = Private(unit), _Places()
        for source, classification in unit.classifications:
            listed = isinstance(source, ListSource)
            for scored in classification.scored:
                # Allow lists have been asked about what lists found.
                for category, score in self._standing(unit, source, scored, None if listed else passes):
                    if listed and scored.span and places.past((source.key, category), (source, score), scored.span):
                        continue
                    self._tell(unit, source, replace(scored, scores={category: score}), private)
        for (_, category), ((source, score), span) in places.others.items():
            self._tell(unit, source, Scored({category: score}, span, LISTED_TERMS), private)

    def _standing(
        self, unit: Unit, source: Source, scored: Scored, passes: Passes | None
    ) -> Iterator[tuple[str, float]]:
        """Counts what was said, and gives the categories that findings are made of."""
        role, scores, least = unit.piece.role, self.scores, self._least_of(unit.piece.role)
        for category, score, said in each_with_parents(scored.scores):
            if score > scores.get(category, -1.0):
                scores[category] = score
            if score < least:
                continue
            threshold = self._policy.threshold(role, category, said)
            if score < threshold.floor:
                continue
            if passes is not None and (name := passes.by(scored.span, said)):
                self._let_pass(unit, source, scored, category, name)
                continue
            decision = threshold.decide(score)
            if decision is Decision.BLOCK and said in source.experimental:
                decision = Decision.REVIEW  # measured on too few texts to refuse alone (model card)
            self.flagged.add(category)
            self.decisions.append(decision)
            if said == category or score < self._policy.threshold(role, said, said).floor:
                yield category, score

    def _least_of(self, role: Role) -> float:
        """The lowest score of a role's texts that is not ALLOW whatever it is for: most scores are under it."""
        least = self._least.get(role)
        if least is None:
            least = self._least[role] = min(one.floor for one in self._policy.tables[role].values())
        return least

    def _tell(self, unit: Unit, source: Source, said: Scored, private: Private) -> None:
        evidence = evidence_of(unit, said.span, said.kind, mask=self._policy.privacy.mask, private=private)
        self.findings += [
            Finding(category, score, source.key, source.revision, unit.piece.path, unit.origin, evidence)
            for category, score in said.scores.items()
        ]

    def _excuse(self, unit: Unit) -> None:
        """Notes what a block list found and an allow list excused."""
        places = _Places()
        for one in unit.excused:
            for category in one.match.categories:
                if not places.past((one.match.list, category, one.by), one, one.match.span):
                    self._pass(unit, one, category, one.match.span)
        for (_, category, _), (one, span) in places.others.items():
            self._pass(unit, one, category, span)

    def _pass(self, unit: Unit, one: Excused, category: str, span: tuple[int, int]) -> None:
        match, place = one.match, original_span(unit, *span)
        at = unit.evidence
        entry = Allowed(category, match.score, f"list:{match.list}", unit.piece.path, one.by, place, at.page, at.member)
        self.allowed[entry] = None

    def _let_pass(self, unit: Unit, source: Source, scored: Scored, category: str, name: str) -> None:
        span = original_span(unit, *(scored.span or (0, len(unit.text or ""))))
        score = scored.scores.get(category, 0.0)
        at = unit.evidence
        entry = Allowed(category, score, source.key, unit.piece.path, name, span, at.page, at.member)
        if category in scored.scores:
            self.allowed[entry] = None


def each_with_parents(scores: Mapping[str, float]) -> Iterator[tuple[str, float, str]]:
    """(category, score, the category that the model gave it to): direct scores, then parents raised by a child."""
    raised: dict[str, tuple[float, str]] = {}
    for category, score in scores.items():
        yield category, score, category
        parent = PARENTS.get(category)
        if parent is not None and score > raised.get(parent, (scores.get(parent, -1.0), ""))[0]:
            raised[parent] = (score, category)
    for parent, (score, child) in raised.items():
        yield parent, score, child


def _redacted(units: Sequence[Unit], policy: Policy) -> dict[str, str]:
    """Text parts with what is personal replaced by its kind, also what only shows under a disguise."""
    texts: dict[str, str] = {}
    spans: dict[str, list[tuple[int, int, str]]] = {}
    for unit in units:
        if unit.piece.part.modality is not Modality.TEXT:
            continue
        path = unit.piece.path
        texts[path] = unit.piece.part.text or ""
        found = spans.setdefault(path, [])
        for start, end, kind, score in private_spans(unit):
            if score >= policy.privacy.redact_from:
                first, last = (start, end) if unit.view is None else unit.view.span(start, end)
                found.append((first, last, kind))
    return {path: _replaced(text, sorted(spans[path])) for path, text in texts.items()}


def _replaced(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    pieces, at = [], 0
    for start, end, kind in spans:
        if end <= at:
            continue
        pieces += [text[at : max(start, at)], f"[{kind}]"]
        at = end
    return "".join((*pieces, text[at:]))
