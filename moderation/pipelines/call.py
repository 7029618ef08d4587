"""One call of the engine: what has been judged in it, so that nothing is judged twice.

Work is handed to the runner in slices, each under the stage's own deadline: a deadline is about a hung stage, not
about how much one caller sent.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

from moderation.errors import InputError, OverloadedError, StageError
from moderation.models.base import Classification
from moderation.pipelines.extract import MediaDecoder, MediaOutcome, ask, examine, texts_of
from moderation.pipelines.profile import Profile, Stage
from moderation.pipelines.runner import Runner
from moderation.schema import Modality, Part

SLICE_ITEMS = 64
SLICE_CHARS = 8_000
Verdict = Classification | StageError


class Places:
    """How much media is worked on at one time, by all calls together: decoded pixels are large."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._taken = 0

    async def __aenter__(self) -> None:
        if self._taken >= self._most:
            raise OverloadedError(f"{self._taken} pieces of media are waiting or judged; try again")
        self._taken += 1
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            self._taken -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._taken -= 1
        self._free.release()


class Call:
    """Texts and media of one call, each judged once."""

    def __init__(self, profile: Profile, runner: Runner, decoder: MediaDecoder, places: Places) -> None:
        self._profile = profile
        self._runner = runner
        self._decoder = decoder
        self._places = places
        self._verdicts: dict[str, list[tuple[Stage, Verdict]]] = {}
        self._outcomes: dict[tuple[Modality, bytes], MediaOutcome | InputError] = {}
        self._digests: dict[int, bytes] = {}
        self.timing_ms: dict[str, float] = {}

    def verdicts(self, text: str) -> list[tuple[Stage, Verdict]]:
        """What each classifier said of a judged text."""
        return self._verdicts[text]

    def outcome(self, part: Part) -> MediaOutcome | InputError:
        """What was found out about judged media."""
        return self._outcomes[self._key(part)]

    async def judge(self, texts: Sequence[str], media: Sequence[Part]) -> None:
        """Judges texts and media side by side, then the texts read from the media.

        Raises:
            OverloadedError: a queue is full.
        """
        if not media:
            await self._judge_texts(texts)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._judge_texts(texts))
                group.create_task(self._judge_media(media))
        except* OverloadedError as errors:
            raise _first(errors) from None
        read = [
            read.text
            for outcome in self._outcomes.values()
            if isinstance(outcome, MediaOutcome)
            for reading in outcome.readings
            for read in texts_of(reading)
        ]
        await self._judge_texts(read)

    async def _judge_texts(self, texts: Sequence[str]) -> None:
        began = perf_counter()
        waiting = [text for text in dict.fromkeys(texts) if text not in self._verdicts]
        for part in _slices(waiting):
            for text in part:
                self._verdicts[text] = []
            for stage in self._profile.classifiers[Modality.TEXT]:
                for text, verdict in zip(part, await ask(self._runner, stage, part), strict=True):
                    self._verdicts[text].append((stage, verdict))
        if waiting:
            spent = (perf_counter() - began) * 1e3
            self.timing_ms["classify"] = self.timing_ms.get("classify", 0.0) + spent

    async def _judge_media(self, media: Sequence[Part]) -> None:
        began = perf_counter()
        distinct = {self._key(part): part for part in media}
        async with asyncio.TaskGroup() as group:
            for key, part in distinct.items():
                group.create_task(self._examine(key, part))
        self.timing_ms["extract"] = (perf_counter() - began) * 1e3

    async def _examine(self, key: tuple[Modality, bytes], part: Part) -> None:
        async with self._places:
            try:
                self._outcomes[key] = await examine(
                    part.modality,
                    part.data or b"",
                    profile=self._profile,
                    runner=self._runner,
                    decoder=self._decoder,
                )
            except InputError as error:
                self._outcomes[key] = error

    def _key(self, part: Part) -> tuple[Modality, bytes]:
        digest = self._digests.get(id(part))
        if digest is None:
            digest = self._digests[id(part)] = hashlib.sha256(part.data or b"").digest()
        return part.modality, digest


def _slices(texts: list[str]) -> Iterator[list[str]]:
    """Runs of texts, bounded in number and in characters."""
    part: list[str] = []
    chars = 0
    for text in texts:
        if part and (len(part) == SLICE_ITEMS or chars + len(text) > SLICE_CHARS):
            yield part
            part, chars = [], 0
        part.append(text)
        chars += len(text)
    if part:
        yield part


def _first(errors: BaseExceptionGroup[Any]) -> BaseException:
    """The first single error of a group, however deep."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
