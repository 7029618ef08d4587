"""Decoding for the engine: a small pool of warm decoder processes, so that hostile input never meets the
service.

The process that hangs is killed at the caller's deadline, the one that dies is replaced, and the next request
works. Loads no library that reads media itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any, TypeVar

from moderation.errors import DecodeStageError, InputError, TooLargeError, UndecodableError
from moderation.limits import Limits
from moderation.media.answers import most_bytes, unpack
from moderation.media.decoded import Decoded
from moderation.media.process import DecoderProcess
from moderation.schema import Modality

_T = TypeVar("_T")

_TASKS_PER_PROCESS = 500  # then it is replaced, so that what a library leaks stays bounded
_START_TIMEOUT_S = 60.0


class Decoder:
    """Decodes in other processes. Use it after `start`, from any event loop while the loop that started it runs."""

    def __init__(self, limits: Limits, *, processes: int) -> None:
        if processes < 1:
            raise ValueError("a decoder needs at least one process")
        self._limits = limits
        self._processes = processes
        self._idle: list[DecoderProcess] = []
        self._busy: set[DecoderProcess] = set()
        self._reaping: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(processes)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the running workers."""
        return tuple(worker.pid for worker in (*self._idle, *self._busy))

    async def start(self) -> None:
        """Starts all processes.

        Raises:
            DecodeStageError: `decoder_failed` or `decoder_out_of_memory` when they do not come up.
        """
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                for _ in range(self._processes):
                    self._idle.append(await DecoderProcess.start(self._limits))
        except BaseException as error:
            await self.close()
            if isinstance(error, TimeoutError):
                raise DecodeStageError("the decoder processes did not start in time") from None
            raise

    async def close(self) -> None:
        """Ends all processes; decodes under way fail with `decoder_killed`."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        for worker in self._busy:
            worker.kill()
        while self._idle:
            self._discard(self._idle.pop())
        for _ in range(self._processes):
            await self._free.acquire()
        await asyncio.gather(*self._reaping)

    async def decode(self, modality: Modality, data: bytes, *, deadline_s: float) -> Decoded:
        """What is found in a medium that was sent as a part of this type.

        Raises:
            TooLargeError: `media_too_large`, `too_many_pixels`, `too_many_frames`, `audio_too_long`.
            UndecodableError: `empty_media`, `undecodable_…`, `unsupported_…_format`, `truncated_…`, `empty_audio`.
            DecodeStageError: `decoder_timeout`, `decoder_killed`, `decoder_out_of_memory`, `decoder_failed`.
        """
        if not data:
            raise UndecodableError("the medium has no bytes", code="empty_media")
        if len(data) > self._limits.max_media_bytes:
            raise TooLargeError(
                f"the medium has {len(data)} bytes; at most {self._limits.max_media_bytes} are accepted",
                code="media_too_large",
            )
        return await self._on_own_loop(self._in_time(modality, data, deadline_s))

    async def _on_own_loop(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs where the pipes live, whichever loop the caller is on."""
        if self._loop is None:
            work.close()
            raise _not_running()
        if self._loop is asyncio.get_running_loop():
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _in_time(self, modality: Modality, data: bytes, deadline_s: float) -> Decoded:
        until_s = monotonic() + deadline_s
        try:
            async with asyncio.timeout(deadline_s), self._free:
                return await self._with_worker(modality, data, until_s)
        except TimeoutError:
            raise DecodeStageError(f"not decoded within {deadline_s:g} s", code="decoder_timeout") from None

    async def _with_worker(self, modality: Modality, data: bytes, until_s: float) -> Decoded:
        if self._loop is None:
            raise _not_running()
        worker = await self._take()
        self._busy.add(worker)
        usable = False
        try:
            left_s = max(0.0, until_s - monotonic())
            header, payload = await worker.ask(modality, data, deadline_s=left_s, max_bytes=most_bytes(self._limits))
            decoded = unpack(header, payload)
        except InputError:
            usable = True
            raise
        except (ValueError, LookupError, TypeError):
            raise DecodeStageError("the decoder broke the protocol") from None
        else:
            usable = header.get("is_spent") is False
            return decoded
        finally:
            # Whatever else ended it (a death, the deadline, a caller who left) may have cut a frame in two.
            self._busy.discard(worker)
            if usable and self._loop is not None and worker.tasks < _TASKS_PER_PROCESS:
                self._idle.append(worker)
            else:
                self._discard(worker)

    async def _take(self) -> DecoderProcess:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._discard(worker)
        return await DecoderProcess.start(self._limits)

    def _discard(self, worker: DecoderProcess) -> None:
        worker.kill()
        task = asyncio.get_running_loop().create_task(worker.reap())
        self._reaping.add(task)
        task.add_done_callback(self._reaping.discard)


def _not_running() -> DecodeStageError:
    return DecodeStageError("the decoder is not running")
