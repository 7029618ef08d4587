"""What a call found out -> the units of one content, its patterns over turns, and its result."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from time import perf_counter

from moderation.errors import DeadlineError, ModerationError
from moderation.lists.allowing import Passes
from moderation.lists.terms import Match
from moderation.models.base import Classification, Gap, Scored, Step
from moderation.normalise.views import View
from moderation.pipelines.call import Call
from moderation.pipelines.conversation import Said, Together, marks, triggers_of
from moderation.pipelines.evidence import LISTED, evidence_at, gap_at
from moderation.pipelines.extract import MediaOutcome
from moderation.pipelines.forms import DEADLINE_S, SHORT_CHARS
from moderation.pipelines.forms import STAGE as NORMALISE
from moderation.pipelines.fuse import fuse
from moderation.pipelines.joining import MOST_TURNS, Joined, joined_texts
from moderation.pipelines.recognising import units_of
from moderation.pipelines.units import ListSource, Piece, Source, Unit
from moderation.policy import TRIGGERS, Policy
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

STAGE = "conversation"
_JOINED_AT_ONCE = 1_000  # characters of all turns; more are joined in a thread


@dataclass(frozen=True, slots=True)
class Request:
    """One content that was let in.

    Attributes:
        pieces: its parts, as `units.check` gave them.
        joined, unjoined: as `joined_aside` gave them.
    """

    content: Content
    policy: Policy
    pieces: Sequence[Piece]
    joined: tuple[Joined, ...]
    unjoined: str = ""


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
    """The texts in which a payload that is split over turns shows, or over the parts of the newest."""
    turns = _turns(content)
    parts = [_text(row.parts) for row in _part_rows(turns[-1])]
    return joined_texts([(turn.role, _text(turn.parts)) for turn in turns], parts=parts)


async def joined_aside(content: Content, *, deadline_s: float) -> tuple[tuple[Joined, ...], str]:
    """As `joined_of`, in a thread if turns are long; and why there is nothing, if that is no answer."""
    if not content.conversation and len(content.parts) < 2:
        return (), ""
    parts = (*content.parts, *(part for turn in content.conversation for part in turn.parts))
    deadline_s = min(deadline_s, DEADLINE_S)
    try:
        if sum(len(part.text or "") for part in parts) <= _JOINED_AT_ONCE:
            return joined_of(content), ""
        if deadline_s > 0:
            async with asyncio.timeout(deadline_s):
                return await asyncio.to_thread(joined_of, content), ""
    except TimeoutError:
        pass
    except Exception:  # noqa: BLE001 - whatever a hostile text breaks there, the turns themselves are judged
        return (), "stage_failed"
    return (), DeadlineError.code


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
    # They note what could not be judged, so before that is handed on.
    triggers, firm = _triggers(request, gathered), _firm_triggers(request, gathered)
    timing = {"total": (perf_counter() - began) * 1e3, **call.timing_ms}
    if gathered.decode_s:
        timing["decode"] = gathered.decode_s * 1e3
    return fuse(
        request.content,
        gathered.units,
        tuple(gathered.unjudged),
        policy=request.policy,
        triggers=triggers,
        firm=firm,
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
        gathered.note(gap_at(unit, NORMALISE, gap))
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
    found = gathered.call.listed(text, unit.piece.role, unit.origin)
    unit.classifications.extend(_said_by_lists(found.told.standing))
    unit.allowed, unit.excused = found.told.allowed, found.told.excused
    if found.rest is not None:
        gathered.note(gap_at(unit, "lists", Gap("terms_past_limit", found.rest)))
    gathered.units.append(unit)


def _said_by_lists(standing: Sequence[Match]) -> Iterator[tuple[Source, Classification]]:
    for match in standing:
        scores = dict.fromkeys(match.categories, match.score)
        source = ListSource(f"list:{match.list}", match.revision)
        yield source, Classification((Scored(scores, match.span, LISTED),))


def _add_media(gathered: _Gathered, piece: Piece, outcome: MediaOutcome) -> None:
    gathered.units += [
        Unit(piece, (), None, evidence_at(place), [(stage, classification)])
        for place, stage, classification in outcome.classified
    ]
    if outcome.recognised is not None:
        gathered.units += units_of(piece, outcome.recognised)
    for stage_name, gap, place in outcome.gaps:
        at = evidence_at(place)
        gathered.note(
            Unjudged(
                piece.path,
                stage_name,
                gap.reason,
                time_s=gap.time_s or at.time_s,
                frame=at.frame,
                page=at.page,
                member=at.member,
                channel=at.channel,
            )
        )
    for read in outcome.texts():
        _add_text(gathered, Unit(piece, read.origin, read.text, evidence_at(read.place), [], read.lines, read.start))
    gathered.derived += _derived(piece, outcome)


def _derived(piece: Piece, outcome: MediaOutcome) -> Iterator[DerivedPart]:
    """What was read, heard and found in a medium."""
    for reading in outcome.readings:
        at = evidence_at(reading.place)
        for passage in reading.passages:
            evidence = replace(at, box=passage.box or at.box, time_s=passage.time_s or at.time_s)
            origin = (reading.stage.spec.origin,)
            yield DerivedPart(piece.path, origin, passage.text, passage.confidence, evidence, passage.language)
    for found in outcome.found:
        evidence = replace(evidence_at(found.place), span=(found.start, found.start + len(found.text)))
        yield DerivedPart(piece.path, found.origin, found.text, 1.0, evidence)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one writer says in a turn: the parts with their paths."""

    role: Role
    parts: Sequence[tuple[str, Part]]


def _turns(content: Content) -> list[_Turn]:
    """The turns of a conversation that patterns look at, the input being the last.

    They are the last `MOST_TURNS`, so a long conversation costs what a short one does; what was said of earlier ones
    comes from the cache.
    Parts with a role of their own are a turn of that role, before the one they stand in.
    """
    found = _turns_of(content.role, "", content.parts)
    number = len(content.conversation)
    while number and len(found) < MOST_TURNS:
        number -= 1
        turn = content.conversation[number]
        found = [*_turns_of(turn.role, f"conversation[{number}].", turn.parts), *found]
    return found[-MOST_TURNS:]


def _turns_of(writer: Role, place: str, parts: Sequence[Part]) -> list[_Turn]:
    said: dict[Role, list[tuple[str, Part]]] = {}
    for index, part in enumerate(parts):
        said.setdefault(part.role or writer, []).append((f"{place}input[{index}]", part))
    return [_Turn(role, said[role]) for role in sorted(said, key=lambda role: role is writer)]


def _part_rows(newest: _Turn) -> list[_Turn]:
    """The texts of a turn, if there are several, each as a turn: a payload may be split over them too."""
    texts = [(path, part) for path, part in newest.parts if part.text is not None]
    return [_Turn(newest.role, [one]) for one in texts] if len(texts) > 1 else []


def _text(parts: Sequence[tuple[str, Part]]) -> str:
    return " ".join(part.text for _, part in parts if part.text is not None)


def _firm_triggers(request: Request, gathered: _Gathered) -> list[Trigger] | None:
    """The patterns that show without what is experimental or a rank; `None` if nothing is, or none may block."""
    if all(request.policy.trigger(pattern).block is None for pattern in TRIGGERS):
        return None
    said = (one for unit in gathered.units for one in unit.classifications)
    unsure = any(source.experimental or classification.step is not None for source, classification in said)
    return _triggers(request, gathered, firm=True) if unsure else None


def _triggers(request: Request, gathered: _Gathered, *, firm: bool = False) -> list[Trigger]:
    """The patterns over turns.

    Args:
        firm: without what is said of a category that is experimental with who says it, and without what is said of
            texts as turns, which is a rank and no probability.
    """
    content, policy = request.content, request.policy
    if not content.conversation and not request.joined and not request.unjoined:
        return []
    looked_at = _turns(content)
    scores: dict[str, dict[str, float]] = {path: {} for turn in looked_at for path, _ in turn.parts}
    steps: dict[str, Step] = {}
    for unit in gathered.units:
        found = scores.get(unit.piece.path)
        if found is None:
            continue
        passes = Passes(unit.text or "", unit.allowed) if unit.allowed else None
        for source, classification in unit.classifications:
            # Allow lists have been asked about what lists found.
            own = None if isinstance(source, ListSource) else passes
            _raise(found, classification, own, source.experimental if firm else ())
            if classification.step is not None and not unit.origin and not firm:
                steps[unit.piece.path] = classification.step

    def said(turn: _Turn) -> Said:
        paths = tuple(path for path, _ in turn.parts)
        own = marks(_highest(scores[path] for path in paths), turn.role, policy)
        return Said(turn.role, paths, _text(turn.parts), own, _step([steps[path] for path in paths if path in steps]))

    turns = [said(turn) for turn in looked_at]
    rows = [*turns, *(said(part) for part in _part_rows(looked_at[-1]))]
    if request.unjoined:
        gathered.note(Unjudged(turns[-1].paths[0], STAGE, request.unjoined))
    together: list[Together] = []
    for one in request.joined:
        path = rows[max(one.turns)].paths[0]
        together += _said_together(one, gathered, role=turns[-1].role, path=path, policy=policy, firm=firm)
    return triggers_of(turns, together, rows)


def _step(parts: Sequence[Step]) -> Step | None:
    """What the parts of a turn say as one turn: their mean, but no harmless part hides what a newest one says."""
    return Step(max(step.newest for step in parts), fmean(step.each for step in parts)) if parts else None


def _highest(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    highest: dict[str, float] = {}
    for scores in rows:
        for category, score in scores.items():
            highest[category] = max(score, highest.get(category, 0.0))
    return highest


def _said_together(
    one: Joined, gathered: _Gathered, *, role: Role, path: str, policy: Policy, firm: bool
) -> Iterator[Together]:
    """What classifiers and lists say of turns joined; of the lists only terms that no turn has alone.

    Args:
        path: of the newest turn, which what could not be judged is told of.
        firm: as in `_triggers`.
    """
    forms: list[tuple[str, View | None]] = [(one.text, None)]
    if one.judged:
        said = gathered.call.forms(one.text)
        forms += [(view.text, view) for view in said.views]
        for gap in said.gaps:
            gathered.note(Unjudged(path, NORMALISE, gap.reason))
    scores: dict[str, float] = {}
    for text, view in forms:
        origin = () if view is None else view.steps
        found = gathered.call.listed(text, role, origin, comes_again=False)
        if found.rest is not None:
            gathered.note(Unjudged(path, "lists", "terms_past_limit"))
        passes = Passes(text, found.told.allowed) if found.told.allowed else None
        for stage, verdict in gathered.call.verdicts(text) if one.judged else ():
            if not isinstance(verdict, Classification):
                gathered.note(Unjudged(path, stage.key, verdict.code))
                continue
            _raise(scores, verdict, passes, stage.experimental if firm else ())
            for gap in verdict.gaps:
                gathered.note(Unjudged(path, stage.key, gap.reason))
        for match in found.told.standing:
            turns = one.across(*(match.span if view is None else view.span(*match.span)), match.term)
            if turns:
                listed = marks(dict.fromkeys(match.categories, match.score), role, policy)
                yield Together(turns, listed, f"list:{match.list}")
    yield Together(one.turns, marks(scores, role, policy))


def _raise(
    found: dict[str, float], classification: Classification, passes: Passes | None, left_out: Collection[str]
) -> None:
    """Takes in what was said, without some categories and what an allow list lets pass."""
    for scored in classification.scored:
        for category, score in scored.scores.items():
            if category in left_out:
                continue
            if score > found.get(category, -1.0) and (passes is None or passes.by(scored.span, category) is None):
                found[category] = score
