"""Media -> what is judged of it: the scores of its pictures and sounds, and the texts read and found in it.

Media that cannot be decoded is the caller's error; a stage that fails, hangs or dies is a gap (`Unjudged` later),
and the other stages go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from moderation.errors import OverloadedError, StageError
from moderation.media.decoded import NOWHERE, Decoded, FoundText, Image, Place, Waveform
from moderation.models.base import Classification, Extraction, Gap, Passage
from moderation.pipelines.profile import Profile, Stage
from moderation.pipelines.recognising import STAGE as KNOWN_STAGE
from moderation.pipelines.recognising import Recognised, Recogniser
from moderation.pipelines.runner import Runner
from moderation.schema import Modality

# An image with many lines is judged as one text and, up to so many, line by line.
MAX_LINES_JUDGED_ALONE = 32
# A long text of a document is judged in pieces: classifiers read only so much of one.
PIECE_CHARS = 4_000
OVERLAP_CHARS = 400  # so that what stands where a piece ends is whole in the next
_ITEMS_AT_ONCE = 8


class MediaDecoder(Protocol):
    """Bytes -> what is found in them, under a deadline."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def decode(self, modality: Modality, data: bytes, *, deadline_s: float) -> Decoded: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What one extractor read in one picture, or heard in one sound."""

    stage: Stage
    passages: tuple[Passage, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text to judge that comes from media.

    Attributes:
        lines: of a text joined from passages: (start, end, passage) of each in it.
        start: as in `Unit`.
    """

    text: str
    origin: tuple[str, ...]
    place: Place
    lines: tuple[tuple[int, int, Passage], ...] = ()
    start: int | None = None


@dataclass(slots=True)
class MediaOutcome:
    """Everything known of one piece of media.

    Attributes:
        classified: what stages said of its pictures and sounds.
        readings: what was read or heard in those.
        found: the texts that stand in it.
        gaps: (stage name, gap, place) of what was not judged.
        recognised: what banks of known content say of it, if any was asked.
        decode_s: seconds spent decoding.
    """

    classified: list[tuple[Place, Stage, Classification]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    found: tuple[FoundText, ...] = ()
    gaps: list[tuple[str, Gap, Place]] = field(default_factory=list)
    recognised: Recognised | None = None
    decode_s: float = 0.0

    def texts(self) -> Iterator[ReadText]:
        """All that is judged as text."""
        for reading in self.readings:
            yield from texts_of(reading)
        for found in self.found:
            yield from pieces_of(found)


async def examine(
    modality: Modality,
    data: bytes,
    *,
    profile: Profile,
    runner: Runner,
    decoder: MediaDecoder,
    recogniser: Recogniser,
) -> MediaOutcome:
    """Decodes one piece of media, asks every stage that takes what is in it, and beside them the banks.

    Raises:
        InputError: the bytes are not what they are said to be, or over a limit.
        OverloadedError: a queue is full.
    """
    outcome = MediaOutcome()
    decoded = await _decoded(outcome, modality, data, profile=profile, decoder=decoder)
    outcome.found = decoded.texts
    outcome.gaps += [("decode", Gap(one.reason), one.place) for one in decoded.unread]
    is_video = modality is Modality.VIDEO
    look = asyncio.create_task(
        recogniser.look(decoded.images, data, is_video=is_video, deadline_s=profile.decode_deadline_s)
    )
    try:
        await _ask_all(outcome, decoded, profile, runner)
        outcome.recognised = await look
    finally:
        look.cancel()  # nobody waits for it where a queue was full
    if outcome.recognised is not None:
        outcome.gaps += [(KNOWN_STAGE, gap, NOWHERE) for gap in outcome.recognised.gaps]
    return outcome


async def _decoded(
    outcome: MediaOutcome, modality: Modality, data: bytes, *, profile: Profile, decoder: MediaDecoder
) -> Decoded:
    """What is found in a medium; nothing, and a gap, where that is the service's fault."""
    began = asyncio.get_running_loop().time()
    try:
        return await decoder.decode(modality, data, deadline_s=profile.decode_deadline_s)
    except StageError as error:
        outcome.gaps.append(("decode", Gap(error.code), NOWHERE))
        return Decoded()
    finally:
        outcome.decode_s = asyncio.get_running_loop().time() - began


async def _ask_all(outcome: MediaOutcome, decoded: Decoded, profile: Profile, runner: Runner) -> None:
    """Asks every stage that takes what was decoded, and notes what they say."""
    work: list[tuple[Modality, Sequence[Image | Waveform]]] = [
        (Modality.IMAGE, decoded.images),
        (Modality.AUDIO, decoded.sounds),
    ]
    asked: list[tuple[Stage, Sequence[Image | Waveform]]] = []
    for kind, items in work:
        stages = (*profile.classifiers[kind], *profile.extractors[kind])
        if items and not stages:
            outcome.gaps.append((kind, Gap("no_model"), NOWHERE))
        asked += [(stage, items) for stage in stages if items]
    answers = await asyncio.gather(*(_ask_in_slices(runner, stage, items) for stage, items in asked))
    for (stage, items), results in zip(asked, answers, strict=True):
        for item, result in zip(items, results, strict=True):
            _note(outcome, stage, item.place, result)


async def _ask_in_slices(runner: Runner, stage: Stage, items: Sequence[Any]) -> list[Any | StageError]:
    """A stage's results, each slice under its deadline; one that a whole slice failed on is asked no more."""
    results: list[Any | StageError] = []
    for start in range(0, len(items), _ITEMS_AT_ONCE):
        part = await ask(runner, stage, items[start : start + _ITEMS_AT_ONCE])
        results += part
        if all(isinstance(result, StageError) for result in part):
            return results + part[-1:] * (len(items) - len(results))
    return results


async def ask(runner: Runner, stage: Stage, items: Sequence[Any]) -> list[Any | StageError]:
    """A stage's results; where it cannot be asked at all, that error for every item.

    Raises:
        OverloadedError: a queue is full; the caller should hear of it rather than get an unjudged answer.
    """
    try:
        results: list[Any] = await runner.submit(stage.key, items, deadline_s=stage.deadline_s)
    except OverloadedError:
        raise
    except StageError as error:
        return [error] * len(items)
    return results


def _note(outcome: MediaOutcome, stage: Stage, place: Place, result: object) -> None:
    start_s = place.time_s[0] if place.time_s else 0.0
    if isinstance(result, Classification):
        gaps = tuple(replace(gap, time_s=_later(gap.time_s, start_s)) for gap in result.gaps)
        outcome.classified.append((place, stage, replace(result, gaps=gaps)))
    elif isinstance(result, Extraction):
        passages = tuple(replace(one, time_s=_later(one.time_s, start_s)) for one in result.passages)
        outcome.readings.append(Reading(stage, passages, place))
        # Which of many frames it is, is not told: that would be an entry for each of them.
        at = Place(page=place.page, member=place.member, channel=place.channel)
        outcome.gaps += [(stage.key, replace(gap, time_s=_later(gap.time_s, start_s)), at) for gap in result.gaps]
    else:
        outcome.gaps.append((stage.key, Gap(getattr(result, "code", "stage_failed")), NOWHERE))


def _later(time_s: tuple[float, float] | None, by_s: float) -> tuple[float, float] | None:
    """A time of a sound as one of the medium it is in."""
    return (time_s[0] + by_s, time_s[1] + by_s) if time_s is not None and by_s else time_s


def texts_of(reading: Reading) -> list[ReadText]:
    """The texts of a reading: all of it joined, then each passage alone (up to a number)."""
    origin, place = (reading.stage.spec.origin,), reading.place
    passages = [passage for passage in reading.passages if passage.text.strip()]
    lines, start = [], 0
    for passage in passages:
        lines.append((start, start + len(passage.text), passage))
        start += len(passage.text) + 1
    if not lines:
        return []
    joined = ReadText("\n".join(passage.text for passage in passages), origin, place, tuple(lines))
    if len(passages) == 1:
        return [joined]
    alone = [ReadText(passage.text, origin, place, ((0, len(passage.text), passage),)) for passage in passages]
    return [joined, *alone[:MAX_LINES_JUDGED_ALONE]]


def pieces_of(found: FoundText) -> Iterator[ReadText]:
    """A text that stands in a medium; a long one in pieces that overlap, cut between words where there are any."""
    text, start = found.text, 0
    while True:
        end = min(start + PIECE_CHARS, len(text))
        if end < len(text):
            end = _last_blank(text, end - OVERLAP_CHARS // 2, end)
        yield ReadText(text[start:end], found.origin, found.place, start=found.start + start)
        if end == len(text):
            return
        start = _last_blank(text, end - OVERLAP_CHARS, end - OVERLAP_CHARS // 2)


def _last_blank(text: str, first: int, last: int) -> int:
    """Where the last word of a stretch begins, or its end if it is one word."""
    return next((place for place in range(last, first, -1) if text[place - 1].isspace()), last)
