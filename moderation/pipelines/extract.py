"""Media -> what is judged of it: decoded frames with their pixel scores, and the passages read from it.

Media that cannot be decoded is the caller's error; a stage that fails, hangs or dies is a gap (`Unjudged` later),
and the other stages go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from moderation.errors import OverloadedError, StageError
from moderation.media.decoded import DecodedImage, Image, Waveform
from moderation.models.base import Classification, Extraction, Gap, Passage
from moderation.pipelines.profile import Profile, Stage
from moderation.pipelines.runner import Runner
from moderation.schema import Modality

# An image with many lines is judged as one text and, up to so many, line by line.
MAX_LINES_JUDGED_ALONE = 32


class MediaDecoder(Protocol):
    """Bytes -> decoded media, each under its deadline."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def image(self, data: bytes, *, deadline_s: float) -> DecodedImage: ...

    async def audio(self, data: bytes, *, deadline_s: float) -> Waveform: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What one extractor read from one frame or recording."""

    stage: Stage
    passages: tuple[Passage, ...]
    frame: int | None


@dataclass(slots=True)
class MediaOutcome:
    """Everything known of one piece of media.

    Attributes:
        classified: (frame, stage, classification) of its pixels or samples.
        readings: what was read from it.
        gaps: (stage name, gap) of what was not judged.
        decode_s: seconds spent decoding.
    """

    classified: list[tuple[int | None, Stage, Classification]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    gaps: list[tuple[str, Gap]] = field(default_factory=list)
    decode_s: float = 0.0


async def examine(
    modality: Modality, data: bytes, *, profile: Profile, runner: Runner, decoder: MediaDecoder
) -> MediaOutcome:
    """Decodes one piece of media and asks every stage of its modality.

    Raises:
        InputError: the bytes are not what they are said to be, or over a limit.
        OverloadedError: a queue is full.
    """
    outcome = MediaOutcome()
    began = asyncio.get_running_loop().time()
    try:
        items, frames = await _decode(modality, data, profile, decoder, outcome)
    except StageError as error:
        outcome.gaps.append(("decode", Gap(error.code)))
        return outcome
    finally:
        outcome.decode_s = asyncio.get_running_loop().time() - began
    stages = (*profile.classifiers[modality], *profile.extractors[modality])
    if not stages:
        outcome.gaps.append((modality, Gap("no_model")))
    answers = await asyncio.gather(*(ask(runner, stage, items) for stage in stages))
    for stage, results in zip(stages, answers, strict=True):
        for frame, result in zip(frames, results, strict=True):
            _note(outcome, stage, frame, result)
    return outcome


async def _decode(
    modality: Modality, data: bytes, profile: Profile, decoder: MediaDecoder, outcome: MediaOutcome
) -> tuple[Sequence[Image | Waveform], Sequence[int | None]]:
    if modality is Modality.AUDIO:
        return [await decoder.audio(data, deadline_s=profile.decode_deadline_s)], [None]
    image = await decoder.image(data, deadline_s=profile.decode_deadline_s)
    judged = {frame.place.frame for frame in image.frames}
    if len(judged) < image.frame_count:
        outcome.gaps.append(("decode", Gap("frames_past_limit")))
    return image.frames, [frame.place.frame for frame in image.frames]


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


def _note(outcome: MediaOutcome, stage: Stage, frame: int | None, result: object) -> None:
    if isinstance(result, Classification):
        outcome.classified.append((frame, stage, result))
    elif isinstance(result, Extraction):
        outcome.readings.append(Reading(stage, result.passages, frame))
        outcome.gaps.extend((stage.key, gap) for gap in result.gaps)
    else:
        outcome.gaps.append((stage.key, Gap(getattr(result, "code", "stage_failed"))))


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text to judge that was read from media: one passage, or all of a reading joined by line breaks."""

    text: str
    lines: tuple[tuple[int, int, Passage], ...]


def texts_of(reading: Reading) -> list[ReadText]:
    """The texts of a reading: all of it joined, then each passage alone (up to a number)."""
    passages = [passage for passage in reading.passages if passage.text.strip()]
    lines, start = [], 0
    for passage in passages:
        lines.append((start, start + len(passage.text), passage))
        start += len(passage.text) + 1
    if not lines:
        return []
    joined = ReadText("\n".join(passage.text for passage in passages), tuple(lines))
    if len(passages) == 1:
        return [joined]
    alone = [ReadText(passage.text, ((0, len(passage.text), passage),)) for passage in passages]
    return [joined, *alone[:MAX_LINES_JUDGED_ALONE]]
