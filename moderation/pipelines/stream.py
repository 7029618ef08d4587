"""Risk over a stream of units: text is judged as it is generated, and released unit by unit after its decision.

Each unit is judged together with the end of the unit before it, its left context, and some once more, alone; all of
that together is at most twice the text. Nothing of a unit is released before its decision. What a later unit shows
about the released one before it is told by a `retract`. How the text was chunked changes nothing; of a long piece the
event loop goes on between one place where a unit may end and the next. What it does not
know: what only shows over more than two units; and where every second unit violates, whether the one before one of
them does too, as there is no room left to look at it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from moderation.errors import InvalidRequestError, ModerationError
from moderation.personal.find import held_back as held_back_personal
from moderation.pipelines.cutting import LEAST_CHARS, Cutter, context_of, encoded_from
from moderation.pipelines.engine import Engine
from moderation.pipelines.intake import Intake
from moderation.pipelines.pacing import Pace
from moderation.policy import worst
from moderation.schema import (
    SEVERITY,
    Content,
    Decision,
    Finding,
    ModerationResult,
    Part,
    StreamEvent,
    StreamOptions,
    Unjudged,
)
from moderation.taxonomy import PARENTS

_TAIL_CHARS = 4_096

# What says of a stretch that it is violating, not where in it; of the others each names its form.
_NO_FORM = (None, "listed_term")
_Entry = Finding | Unjudged


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of the text: where it starts, what it says, and the end of what stood before it.

    Attributes:
        in_word: whether the context begins inside a word or a number.
    """

    start: int
    text: str
    context: str
    in_word: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def offset(self) -> int:
        return self.start - len(self.context)

    def is_cut(self, entry: Finding) -> bool:
        """Whether a finding in the context may be there only because the context begins where it does."""
        at_edge = entry.evidence.span is not None and entry.evidence.span[0] == self.offset
        return at_edge and (self.in_word or entry.evidence.kind in _NO_FORM)


@dataclass(frozen=True, slots=True)
class _Ruled:
    """A judged unit: what is about it, and what of the unit before it is about both, or about that one alone.

    Attributes:
        own: what decides it; in the order of the result.
        shared: those of them that hold it and begin in the context.
        before: what lies in the context alone.
    """

    unit: _Unit
    result: ModerationResult
    own: tuple[_Entry, ...]
    shared: tuple[_Entry, ...]
    before: tuple[_Entry, ...]
    decision: Decision


class Stream:
    """One generation. `feed` it as it comes, then `finish`; both give events in the order of the text.

    Calls at once are taken one after the other. After `finish`, and after a call that was given up, the stream is over.

    Raises:
        InvalidRequestError: code `unknown_policy`.
    """

    def __init__(self, engine: Engine, options: StreamOptions) -> None:
        self._policy = engine.policy(options.policy)
        self._engine = engine
        self._options = options
        self._intake = Intake(engine.limits.max_text_chars)
        self._cutter = Cutter(_Holding(engine, options))
        self._chars = 0
        self._before = ""
        self._judged_chars = 0
        self._released: tuple[tuple[int, int], Decision] | None = None
        self._decisions: list[Decision] = []
        self._scores: dict[str, float] = {}
        self._experimental = {stage.key: stage.experimental for stage in engine.profile.stages}
        self._turn = asyncio.Lock()
        self.failure: ModerationError | None = None

    async def feed(self, chunk: str) -> list[StreamEvent]:
        """What became of the units that end in this chunk.

        Raises:
            TooLargeError: code `text_too_long`.
            InvalidRequestError: code `invalid_unicode`, or `invalid_stream`: the stream is over.
            ModerationError: as `Engine.moderate`. Whatever it is, the text is not released and the stream is over. If
                units before it were decided, their events are given first, and `failure` is raised by the next call.
        """
        async with self._one_call():
            text, error = self._intake.take(chunk)
            units, pace = [], Pace()
            for unit in self._cutter.looks(text):
                if unit:
                    units.append(self._unit(unit, len(unit)))
                await pace.rest()
            events = await self._rule(units) if units else []
            if error is not None and self.failure is None:
                self.failure = error
                if not events:
                    raise error
            return events

    async def finish(self) -> list[StreamEvent]:
        """What became of the rest, and `done`.

        Raises:
            ModerationError: as `feed`.
        """
        async with self._one_call():
            self._intake.end()
            rest = self._cutter.rest()
            events: list[StreamEvent] = []
            if rest:
                room = 2 * self._chars - self._judged_chars + len(rest)
                events = await self._rule([self._unit(rest, room)])
            last = StreamEvent("done", (0, self._chars), worst(self._decisions), category_scores=dict(self._scores))
            self.failure = _over("the stream is over")
            return [*events, last]

    async def close(self) -> None:
        """Nothing is held but the text that waits."""
        self.failure = self.failure or _over("the stream is closed")
        self._cutter.rest()

    @contextlib.asynccontextmanager
    async def _one_call(self) -> AsyncIterator[None]:
        try:
            async with self._turn:
                self._go_on()
                yield
        except ModerationError as error:
            self.failure = self.failure or error
            raise
        except BaseException:  # given up by whoever waited: this text is gone, and nobody judged all of it
            self.failure = self.failure or _over("the stream was given up while a text was judged")
            raise

    def _go_on(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def _rule(self, units: Sequence[_Unit]) -> list[StreamEvent]:
        results = await self._judged(units, with_context=True)
        ruled: list[_Ruled] = []
        pace = Pace()
        for unit, result in zip(units, results, strict=True):
            if isinstance(result, ModerationError):
                self.failure = result
                break
            ruled.append(self._ruled(unit, result))
            await pace.rest()
        if not ruled:
            self._go_on()
        alone = await self._alone(ruled)
        events = []
        for one in ruled:
            events += self._events(one, alone.get(one.unit.start))
            await pace.rest()
        return events

    def _unit(self, text: str, most_context: int) -> _Unit:
        context = context_of(self._before, most_context)
        cut = self._before[: len(self._before) - len(context)]
        unit = _Unit(self._chars, text, context, cut[-1:].isalnum() and context[:1].isalnum())
        self._chars += len(text)
        self._before = text
        return unit

    async def _judged(self, units: Sequence[_Unit], *, with_context: bool) -> list[ModerationResult | ModerationError]:
        """What is found in each unit, by its place in the stream."""
        options = self._options
        texts = [unit.context + unit.text if with_context else unit.text for unit in units]
        results = await self._engine.moderate_many(
            [
                Content((Part.from_text(text),), role=options.role, policy=options.policy, tenant=options.tenant)
                for text in texts
            ]
        )
        pace = Pace()
        for place, unit in enumerate(units):
            result = results[place]
            if not isinstance(result, ModerationError):
                results[place] = _moved(result, unit.offset if with_context else unit.start)
            await pace.rest()
        return results

    def _ruled(self, unit: _Unit, result: ModerationResult) -> _Ruled:
        entries: list[_Entry] = [*result.findings, *result.unjudged]
        own: list[_Entry] = []
        shared: list[_Entry] = []
        before: list[_Entry] = []
        for entry in entries:
            span = _span(entry)
            if span is not None and span[1] <= unit.start:
                before.append(entry)
                continue
            own.append(entry)
            if span is not None and span[0] < unit.start and self._is_held(self._decided(entry, result)):
                shared.append(entry)
        decision = worst([self._decided(entry, result) for entry in own])
        return _Ruled(unit, result, tuple(own), tuple(shared), tuple(before), decision)

    async def _alone(self, ruled: Sequence[_Ruled]) -> dict[int, ModerationResult]:
        """Units without their context, by their start: those with which a released one would be taken back.

        A classifier that judges a whole stretch says nothing about where in it something is. No unit for which it would
        make all that was judged more than twice the text up to its end: then what was seen counts as being about both.
        """
        released = [self._released is not None, *(not self._is_held(one.decision) for one in ruled)]
        doubtful: list[_Unit] = []
        for one, before in zip(ruled, released, strict=False):
            unit = one.unit
            self._judged_chars += unit.end - unit.offset
            is_doubtful = any(isinstance(entry, Unjudged) or entry.evidence.kind is None for entry in one.shared)
            if before and is_doubtful and self._judged_chars + len(unit.text) <= 2 * unit.end:
                self._judged_chars += len(unit.text)
                doubtful.append(unit)
        if not doubtful:
            return {}
        try:
            results = await self._judged(doubtful, with_context=False)
        except ModerationError:
            return {}  # then it counts as being about both
        return {
            unit.start: result
            for unit, result in zip(doubtful, results, strict=True)
            if not isinstance(result, ModerationError)
        }

    def _events(self, ruled: _Ruled, alone: ModerationResult | None) -> list[StreamEvent]:
        """The decision of a unit, and before it a retraction if it shows that the released unit before it violates."""
        unit, result, released = ruled.unit, ruled.result, self._released
        for category, score in result.category_scores.items():
            self._scores[category] = max(score, self._scores.get(category, 0.0))
        taken = [] if released is None else [one for one in ruled.shared if not self._is_explained(one, alone)]
        own = list(ruled.own)
        for entry in ruled.before:
            decision = self._decided(entry, result)
            if isinstance(entry, Finding) and unit.is_cut(entry):
                continue
            self._decisions.append(decision)
            if released is not None and SEVERITY[decision] > SEVERITY[released[1]]:
                (taken if self._is_held(decision) else own).append(entry)
        decision = worst([self._decided(entry, result) for entry in own])
        self._decisions.append(decision)
        events = []
        if released is not None and taken:
            why = worst([self._decided(entry, result) for entry in taken])
            events.append(StreamEvent("retract", released[0], why, findings=_findings(taken), unjudged=_gaps(taken)))
        held, span = self._is_held(decision), (unit.start, unit.end)
        self._released = None if held else (span, decision)
        events.append(
            StreamEvent(
                "unit",
                span,
                decision,
                text=None if held else unit.text,
                findings=_findings(own),
                unjudged=_gaps(own),
                category_scores=result.category_scores,
            )
        )
        return events

    def _is_held(self, decision: Decision) -> bool:
        return decision is Decision.BLOCK or (decision is Decision.REVIEW and self._options.hold_review)

    def _decided(self, entry: _Entry, result: ModerationResult) -> Decision:
        """The decision on one finding or gap alone; never more severe than that on all of them."""
        if isinstance(entry, Unjudged):
            own = self._policy.unjudged
        else:
            bounds = partial(self._policy.threshold, self._options.role)
            categories = (entry.category, PARENTS.get(entry.category, entry.category))
            own = worst([bounds(category, entry.category).decide(entry.score) for category in categories])
            if own is Decision.BLOCK and entry.category in self._experimental.get(entry.classifier, ()):
                own = Decision.REVIEW
        return min(own, result.decision, key=SEVERITY.__getitem__)

    def _is_explained(self, entry: _Entry, alone: ModerationResult | None) -> bool:
        """Whether what was seen over both units is in the later one by itself, so that it says nothing of the other."""
        if alone is None:
            return False
        if isinstance(entry, Unjudged):
            return any((gap.stage, gap.reason) == (entry.stage, entry.reason) for gap in alone.unjudged)
        return entry.evidence.kind is None and any(
            (one.category, one.classifier, one.evidence.kind) == (entry.category, entry.classifier, None)
            and _is_inside(_span(one), _span(entry))
            and self._is_held(self._decided(one, alone))
            for one in alone.findings
        )


class _Holding:
    """What the end of a text may still grow into: a listed term (as lists are now), a secret or an encoded run."""

    def __init__(self, engine: Engine, options: StreamOptions) -> None:
        self._engine = engine
        self._options = options

    def __call__(self, text: str) -> int:
        tail = max(0, len(text) - _TAIL_CHARS)
        end = text[tail:]
        encoded = tail + encoded_from(end)
        if encoded < LEAST_CHARS:  # no unit ends here whatever the others say, and they take much longer
            return encoded
        options = self._options
        listed = self._engine.lists.lists.held_back(end, tenant=options.tenant, role=options.role)
        return min(encoded, tail + listed, tail + held_back_personal(end))


def _over(why: str) -> InvalidRequestError:
    return InvalidRequestError(f"{why}; open another one", code="invalid_stream")


def _span(entry: _Entry) -> tuple[int, int] | None:
    return entry.span if isinstance(entry, Unjudged) else entry.evidence.span


def _is_inside(span: tuple[int, int] | None, whole: tuple[int, int] | None) -> bool:
    return span is not None and whole is not None and whole[0] <= span[0] and span[1] <= whole[1]


def _findings(entries: Sequence[_Entry]) -> tuple[Finding, ...]:
    return tuple(entry for entry in entries if isinstance(entry, Finding))


def _gaps(entries: Sequence[_Entry]) -> tuple[Unjudged, ...]:
    return tuple(entry for entry in entries if isinstance(entry, Unjudged))


def _moved(result: ModerationResult, offset: int) -> ModerationResult:
    """The same with spans that count from the beginning of the stream."""

    def moved(span: tuple[int, int] | None) -> tuple[int, int] | None:
        return None if span is None else (span[0] + offset, span[1] + offset)

    return replace(
        result,
        findings=tuple(
            replace(one, evidence=replace(one.evidence, span=moved(one.evidence.span))) for one in result.findings
        ),
        unjudged=tuple(replace(gap, span=moved(gap.span)) for gap in result.unjudged),
    )
