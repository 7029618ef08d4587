"""What a call found out -> the units of one content, its patterns over turns, and its result."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from moderation.errors import ModerationError
from moderation.lists.allowing import weighed
from moderation.lists.terms import Match
from moderation.models.base import Classification, Scored
from moderation.normalise.views import View
from moderation.pipelines.call import Call
from moderation.pipelines.cascading import highest
from moderation.pipelines.conversation import Said, Together, triggers_of
from moderation.pipelines.evidence import LISTED, original_span
from moderation.pipelines.extract import MediaOutcome, texts_of
from moderation.pipelines.forms import SHORT_CHARS
from moderation.pipelines.forms import STAGE as NORMALISE
from moderation.pipelines.fuse import fuse
from moderation.pipelines.joining import Joined, joined_texts
from moderation.pipelines.units import ListSource, Piece, Source, Unit
from moderation.policy import Policy
from moderation.schema import (
    Content,
    DerivedPart,
    Evidence,
    Modality,
    ModerationResult,
    Part,
    Role,
    Trigger,
    Unjudged,
)


@dataclass(frozen=True, slots=True)
class Request:
    """One content that was let in.

    Attributes:
        pieces: its parts, as `units.check` gave them.
        joined: as `joined_of` gave it.
    """

    content: Content
    policy: Policy
    pieces: Sequence[Piece]
    joined: tuple[Joined, ...]


@dataclass(slots=True)
class _Gathered:
    """What is known of one content, piece by piece."""

    call: Call
    units: list[Unit]
    unjudged: dict[Unjudged, None]
    derived: list[DerivedPart]
    decode_s: float = 0.0

    def note(self, entry: Unjudged) -> None:
        """Once: a stage that failed on each of forty lines is one gap of the part."""
        self.unjudged[entry] = None


def joined_of(content: Content) -> tuple[Joined, ...]:
    """The texts in which a payload that is split over turns shows."""
    if not content.conversation:
        return ()
    return joined_texts([(turn.role, turn.text) for turn in _turns(content, {})])


def finish(request: Request, call: Call, *, began: float) -> ModerationResult | ModerationError:
    """The result of one content, or the error of its first part that could not be decoded.

    Args:
        call: what judged its texts, `joined` among them, and its media.
        began: `perf_counter` when the call came in.
    """
    gathered = _Gathered(call, [], {}, [])
    for piece in request.pieces:
        if piece.part.text is not None:
            unit = Unit(piece, (), piece.part.text, Evidence(), [])
            _add_text(gathered, unit)
            continue
        outcome = call.outcome(piece.part)
        if isinstance(outcome, ModerationError):
            # a copy that names the part: the same bytes may stand in several places
            return type(outcome)(outcome.message, code=outcome.code, param=f"{piece.path}.data")
        gathered.decode_s += outcome.decode_s
        _add_media(gathered, piece, outcome)
    triggers = _triggers(request, gathered)  # notes what could not be judged, so before that is handed on
    timing = {"total": (perf_counter() - began) * 1e3, **call.timing_ms}
    if gathered.decode_s:
        timing["decode"] = gathered.decode_s * 1e3
    return fuse(
        request.content,
        gathered.units,
        tuple(gathered.unjudged),
        policy=request.policy,
        triggers=triggers,
        timing_ms={key: round(value, 3) for key, value in timing.items()},
        derived=gathered.derived,
    )


async def finish_aside(request: Request, call: Call, *, began: float) -> ModerationResult | ModerationError:
    """As `finish`, in a thread if texts are long or were read from media: lists may look at them for a second."""
    if all(piece.part.text is not None for piece in request.pieces):
        chars = sum(len(piece.part.text or "") for piece in request.pieces)
        if chars <= SHORT_CHARS:
            return finish(request, call, began=began)
    return await asyncio.to_thread(finish, request, call, began=began)


def _add_text(gathered: _Gathered, unit: Unit) -> None:
    """A text, and what it says under each disguise."""
    text = unit.text or ""
    forms = gathered.call.forms(text)
    for gap in forms.gaps:
        span = gap.span if unit.piece.part.modality is Modality.TEXT else None
        gathered.note(Unjudged(unit.piece.path, NORMALISE, gap.reason, span))
    _add_form(gathered, unit)
    for view in forms.views:
        _add_form(gathered, _seen_through(unit, view))


def _seen_through(unit: Unit, view: View) -> Unit:
    return replace(unit, origin=(*unit.origin, *view.steps), text=view.text, classifications=[], view=view)


def _add_form(gathered: _Gathered, unit: Unit) -> None:
    """One form of a text with what classifiers and lists say of it."""
    text = unit.text or ""
    verdicts = gathered.call.verdicts(text)
    if not verdicts:  # the profile has no classifier for texts
        gathered.note(Unjudged(unit.piece.path, Modality.TEXT, "no_model"))
    for stage, verdict in verdicts:
        if isinstance(verdict, ModerationError):
            gathered.note(Unjudged(unit.piece.path, stage.key, verdict.code))
        else:
            unit.classifications.append((stage, verdict))
    tenant, role = gathered.call.tenant, unit.piece.role
    found = gathered.call.lists.match(text, tenant=tenant, role=role, origin=unit.origin)
    if found.matches:
        told = weighed(found.matches)
        unit.classifications.extend(_said_by_lists(told.standing))
        unit.allowed = told.allowed
        unit.excused = told.excused
    if found.rest is not None:
        span = original_span(unit, *found.rest)
        gathered.note(Unjudged(unit.piece.path, "lists", "terms_past_limit", span))
    gathered.units.append(unit)


def _said_by_lists(standing: Sequence[Match]) -> Iterator[tuple[Source, Classification]]:
    for match in standing:
        scores = dict.fromkeys(match.categories, match.score)
        source = ListSource(f"list:{match.list}", match.revision)
        yield source, Classification((Scored(scores, match.span, LISTED),))


def _add_media(gathered: _Gathered, piece: Piece, outcome: MediaOutcome) -> None:
    gathered.units += [
        Unit(piece, (), None, Evidence(frame=frame), [(stage, classification)])
        for frame, stage, classification in outcome.classified
    ]
    for stage_name, gap in outcome.gaps:
        gathered.note(Unjudged(piece.path, stage_name, gap.reason, gap.span, gap.time_s))
    for reading in outcome.readings:
        origin = (reading.stage.spec.origin,)
        for read in texts_of(reading):
            _add_text(gathered, Unit(piece, origin, read.text, Evidence(frame=reading.frame), [], read.lines))
        gathered.derived.extend(
            DerivedPart(
                part=piece.path,
                origin=origin,
                text=passage.text,
                confidence=passage.confidence,
                evidence=Evidence(box=passage.box, time_s=passage.time_s, frame=reading.frame),
                language=passage.language,
            )
            for passage in reading.passages
        )


def _turns(content: Content, scores: Mapping[str, Mapping[str, float]]) -> list[Said]:
    """The turns of a conversation, the input being the last; each with the highest scores of its parts."""
    rows = [
        (turn.role, [(f"conversation[{number}].input[{index}]", part) for index, part in enumerate(turn.parts)])
        for number, turn in enumerate(content.conversation)
    ]
    rows.append((content.role, [(f"input[{index}]", part) for index, part in enumerate(content.parts)]))
    return [Said(role, tuple(path for path, _ in parts), _text(parts), _highest(parts, scores)) for role, parts in rows]


def _text(parts: Sequence[tuple[str, Part]]) -> str:
    return " ".join(part.text for _, part in parts if part.text is not None)


def _highest(parts: Sequence[tuple[str, Part]], scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    highest: dict[str, float] = {}
    for path, _ in parts:
        for category, score in scores.get(path, {}).items():
            highest[category] = max(score, highest.get(category, 0.0))
    return highest


def _triggers(request: Request, gathered: _Gathered) -> list[Trigger]:
    content, joined = request.content, request.joined
    if not content.conversation:
        return []
    scores: dict[str, dict[str, float]] = {}
    for unit in gathered.units:
        found = scores.setdefault(unit.piece.path, {})
        for _, classification in unit.classifications:
            _raise(found, classification)
    turns = _turns(content, scores)
    together = [
        said
        for one in joined
        for said in _said_together(one, gathered, role=content.role, path=turns[max(one.turns)].paths[0])
    ]
    return triggers_of(turns, together, request.policy.tables[content.role])


def _said_together(one: Joined, gathered: _Gathered, *, role: Role, path: str) -> Iterator[Together]:
    """What classifiers and lists say of turns joined; of the lists only terms that no turn has alone.

    Args:
        path: of the newest turn, which what could not be judged is told of.
    """
    forms: list[tuple[str, View | None]] = [(one.text, None)]
    if one.judged:
        said = gathered.call.forms(one.text)
        forms += [(view.text, view) for view in said.views]
        for gap in said.gaps:
            gathered.note(Unjudged(path, NORMALISE, gap.reason))
    scores: dict[str, float] = {}
    for text, view in forms:
        for stage, verdict in gathered.call.verdicts(text) if one.judged else ():
            if isinstance(verdict, Classification):
                _raise(scores, verdict)
            else:
                gathered.note(Unjudged(path, stage.key, verdict.code))
        origin = () if view is None else view.steps
        found = gathered.call.lists.match(text, tenant=gathered.call.tenant, role=role, origin=origin)
        for match in weighed(found.matches).standing:
            turns = one.across(*(match.span if view is None else view.span(*match.span)))
            if turns:
                yield Together(turns, dict.fromkeys(match.categories, match.score), f"list:{match.list}")
    yield Together(one.turns, scores)


def _raise(found: dict[str, float], classification: Classification) -> None:
    for category, score in highest(classification).items():
        found[category] = max(score, found.get(category, 0.0))
