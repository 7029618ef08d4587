"""The engine: contents -> results. Extract, classify, fuse, decide; the same behind every way in.

It knows `Runner`, never where models run, and keeps nothing between calls but what it was built with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from moderation.errors import InvalidRequestError, ModerationError
from moderation.limits import Limits
from moderation.pipelines.call import Call, Places
from moderation.pipelines.extract import MediaDecoder, MediaOutcome, texts_of
from moderation.pipelines.fuse import fuse
from moderation.pipelines.profile import Profile
from moderation.pipelines.runner import Runner
from moderation.pipelines.units import Piece, Unit, check
from moderation.policy import Policy
from moderation.schema import Content, DerivedPart, Evidence, Modality, ModerationResult, Unjudged


@dataclass(slots=True)
class _Request:
    """One content on its way."""

    content: Content
    policy: Policy
    pieces: list[Piece]


class Engine:
    """Judges contents with a profile's models under named policies."""

    def __init__(
        self,
        *,
        profile: Profile,
        policies: Mapping[str, Policy],
        default_policy: str,
        runner: Runner,
        decoder: MediaDecoder,
        limits: Limits,
    ) -> None:
        self.profile = profile
        self.policies = policies
        self.runner = runner
        self.limits = limits
        self._default_policy = default_policy
        self._decoder = decoder
        self._places = Places(limits.max_media_at_once, limits.max_media_waiting)
        self._started = False

    async def start(self) -> None:
        """Starts the decoders and lets every model answer once; until then `not_ready` says what is missing."""
        await self._decoder.start()
        await self.runner.warm_up()
        self._started = True

    async def close(self) -> None:
        """Ends the decoders and the models; waiting calls get their stage errors."""
        await self.runner.close()
        await self._decoder.close()

    def not_ready(self) -> Mapping[str, str]:
        """Stages that cannot answer now, each with its reason; empty when all can."""
        unavailable = self.runner.unavailable()
        reasons = {stage.key: unavailable[stage.key] for stage in self.profile.stages if stage.key in unavailable}
        return reasons if self._started or reasons else {"decode": "starting"}

    async def moderate(self, content: Content) -> ModerationResult:
        """Judges one content.

        Raises:
            InputError: what was sent cannot be judged; `param` says where.
            OverloadedError: try again later.
        """
        (result,) = await self.moderate_many([content])
        if isinstance(result, ModerationError):
            raise result
        return result

    async def moderate_many(self, contents: Sequence[Content]) -> list[ModerationResult | ModerationError]:
        """Judges contents together: a result, or an error of its own, for each, in order.

        Equal texts and equal media of the whole call are judged once.

        Raises:
            OverloadedError: try again later; nothing was judged.
        """
        began = perf_counter()
        call = Call(self.profile, self.runner, self._decoder, self._places)
        requests = [self._admit(content) for content in contents]
        pieces = [piece for request in requests if isinstance(request, _Request) for piece in request.pieces]
        await call.judge(
            [piece.part.text for piece in pieces if piece.part.text is not None],
            [piece.part for piece in pieces if piece.part.modality is not Modality.TEXT],
        )
        return [
            request if isinstance(request, ModerationError) else _finish(request, call, began) for request in requests
        ]

    def _admit(self, content: Content) -> _Request | ModerationError:
        try:
            name = self._default_policy if content.policy is None else content.policy
            policy = self.policies.get(name)
            if policy is None:
                known = ", ".join(sorted(self.policies))
                message = f"there is no policy of that name; there are: {known}"
                return InvalidRequestError(message, code="unknown_policy", param="policy")
            return _Request(content, policy, check(content, self.limits))
        except ModerationError as error:
            return error


def _finish(request: _Request, call: Call, began: float) -> ModerationResult | ModerationError:
    """The units of one request, from what the call found out, fused."""
    units: list[Unit] = []
    unjudged: list[Unjudged] = []
    derived: list[DerivedPart] = []
    decode_s = 0.0
    for piece in request.pieces:
        text = piece.part.text
        if text is not None:
            units.append(_text_unit(Unit(piece, (), text, Evidence(), []), call, unjudged))
            continue
        outcome = call.outcome(piece.part)
        if isinstance(outcome, ModerationError):
            return _located(outcome, piece)
        decode_s += outcome.decode_s
        units.extend(_media_units(piece, outcome, call, unjudged, derived))
    timing = {"total": (perf_counter() - began) * 1e3, **call.timing_ms}
    if decode_s:
        timing["decode"] = decode_s * 1e3
    return fuse(
        units,
        unjudged,
        policy=request.policy,
        timing_ms={key: round(value, 3) for key, value in timing.items()},
        derived=derived if request.content.derived else None,
    )


def _located(error: ModerationError, piece: Piece) -> ModerationError:
    """A copy of a media error that names the part: the same bytes may stand in several places."""
    return type(error)(error.message, code=error.code, param=f"{piece.path}.data")


def _text_unit(unit: Unit, call: Call, unjudged: list[Unjudged]) -> Unit:
    verdicts = call.verdicts(unit.text or "")
    if not verdicts:  # the profile has no classifier for texts
        _note(unjudged, Unjudged(unit.piece.path, Modality.TEXT, "no_model"))
    for stage, verdict in verdicts:
        if isinstance(verdict, ModerationError):
            _note(unjudged, Unjudged(unit.piece.path, stage.key, verdict.code))
        else:
            unit.classifications.append((stage, verdict))
    return unit


def _note(unjudged: list[Unjudged], entry: Unjudged) -> None:
    """Once: a stage that failed on each of forty lines is one gap of the part."""
    if entry not in unjudged:
        unjudged.append(entry)


def _media_units(
    piece: Piece, outcome: MediaOutcome, call: Call, unjudged: list[Unjudged], derived: list[DerivedPart]
) -> list[Unit]:
    units = [
        Unit(piece, (), None, Evidence(frame=frame), [(stage, classification)])
        for frame, stage, classification in outcome.classified
    ]
    for stage_name, gap in outcome.gaps:
        _note(unjudged, Unjudged(piece.path, stage_name, gap.reason, gap.span, gap.time_s))
    for reading in outcome.readings:
        origin = (reading.stage.spec.origin,)
        for read in texts_of(reading):
            unit = Unit(piece, origin, read.text, Evidence(frame=reading.frame), [], read.lines)
            units.append(_text_unit(unit, call, unjudged))
        derived.extend(
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
    return units
