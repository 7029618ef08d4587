"""What a stream must have done, told by the engine itself, asked afresh for every unit with its context."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.engines import fake_engine
from support.streams import with_forms

from moderation.config import Settings
from moderation.pipelines.assemble import policies_of
from moderation.pipelines.cutting import context_of
from moderation.schema import SEVERITY, Content, Decision, ModerationResult, Part, Role, StreamEvent, StreamOptions

POLICY = policies_of(Settings())["default"]


def expect_nothing_violating_released(
    text: str, events: Sequence[StreamEvent], options: StreamOptions, lists: Path
) -> None:
    units = [event for event in events if event.type == "unit"]
    back = {event.span for event in events if event.type == "retract"}
    befores = ["", *(text[slice(*one.span)] for one in units)]
    contexts = [context_of(before, one.span[1] - one.span[0]) for before, one in zip(befores, units, strict=False)]
    starts = [one.span[0] - len(context) for context, one in zip(contexts, units, strict=True)]
    pairs = judged([text[start : one.span[1]] for start, one in zip(starts, units, strict=True)], lists, options.role)
    alone = judged([text[slice(*one.span)] for one in units], lists, options.role)
    least = Decision.REVIEW if options.hold_review else Decision.BLOCK
    for index, (unit, start, pair) in enumerate(zip(units, starts, pairs, strict=True)):
        for finding in violating(pair, least, options.role):
            assert finding.evidence.span is not None
            first, last = (start + place for place in finding.evidence.span)
            if last > unit.span[0]:
                assert unit.text is None, finding
            if index and first < unit.span[0] and first > start:
                assert units[index - 1].text is None or units[index - 1].span in back, finding
            if index and first == start < unit.span[0] < last:  # a whole window: about both, unless it is in one alone
                own = {one.category for one in violating(alone[index], least, options.role)}
                is_out = units[index - 1].text is None or units[index - 1].span in back
                assert is_out or (finding.evidence.kind is None and finding.category in own), finding
    told = [SEVERITY[event.decision] for event in events[:-1]]
    assert SEVERITY[events[-1].decision] >= max(told, default=0)


def judged(texts: Sequence[str], lists: Path, role: Role) -> list[ModerationResult]:
    async def scenario() -> list[Any]:
        profile, models = with_forms()
        engine = fake_engine(models, lists=lists, profile=profile)
        try:
            return await engine.moderate_many([Content((Part.from_text(text),), role=role) for text in texts])
        finally:
            await engine.close()

    return asyncio.run(scenario())


def violating(result: ModerationResult, least: Decision, role: Role) -> list[Any]:
    """Findings that alone would hold a text, as the default policy says for words of this role."""
    table = POLICY.tables[role]
    return [
        finding
        for finding in result.findings
        if SEVERITY[table[finding.category].decide(finding.score)] >= SEVERITY[least]
        and SEVERITY[result.decision] >= SEVERITY[least]
    ]
