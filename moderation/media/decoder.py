"""Decoding for the engine: a small pool of warm decoder processes, so that hostile input never meets the
service.

The process that hangs is killed at the caller's deadline, the one that dies is replaced, and the next request
works. Loads no image or audio library itself.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any, TypeVar

import numpy as np

from moderation.errors import DecodeStageError, InputError, TooLargeError, UndecodableError
from moderation.limits import Limits
from moderation.media.decoded import SAMPLE_RATE_HZ, DecodedImage, Image, Place, Waveform
from moderation.media.process import DecoderProcess

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

    async def image(self, data: bytes, *, deadline_s: float) -> DecodedImage:
        """The judged frames of an encoded image.

        Raises:
            TooLargeError: `media_too_large`, `too_many_pixels`, `too_many_frames`.
            UndecodableError: `empty_media`, `undecodable_image`, `unsupported_image_format`, `truncated_image`.
            DecodeStageError: `decoder_timeout`, `decoder_killed`, `decoder_out_of_memory`, `decoder_failed`.
        """
        # Each judged frame may come twice, on white and on black.
        bound = 2 * self._limits.max_judged_frames * 3 * self._limits.max_side**2
        header, payload = await self._decode("image", data, bound, deadline_s)
        if sum(3 * frame["rows"] * frame["columns"] for frame in header["frames"]) != len(payload):
            raise DecodeStageError("the decoder broke the protocol")
        frames, offset = [], 0
        for frame in header["frames"]:
            shape = (frame["rows"], frame["columns"], 3)
            pixels = np.frombuffer(payload, np.uint8, math.prod(shape), offset).reshape(shape)
            frames.append(Image(pixels, frame["width"], frame["height"], Place(frame=frame["frame"])))
            offset += pixels.nbytes
        return DecodedImage(tuple(frames), header["frame_count"])

    async def audio(self, data: bytes, *, deadline_s: float) -> Waveform:
        """The samples of encoded sound.

        Raises:
            TooLargeError: `media_too_large`, `audio_too_long`.
            UndecodableError: `empty_media`, `undecodable_audio`, `unsupported_audio_format`, `truncated_audio`,
                `empty_audio`.
            DecodeStageError: `decoder_timeout`, `decoder_killed`, `decoder_out_of_memory`, `decoder_failed`.
        """
        bound = 4 * math.ceil(self._limits.max_duration_s * SAMPLE_RATE_HZ)
        _, payload = await self._decode("audio", data, bound, deadline_s)
        return Waveform(np.frombuffer(payload, np.float32))

    async def _decode(self, op: str, data: bytes, bound: int, deadline_s: float) -> tuple[dict[str, Any], bytes]:
        if not data:
            raise UndecodableError("the medium has no bytes", code="empty_media")
        if len(data) > self._limits.max_media_bytes:
            raise TooLargeError(
                f"the medium has {len(data)} bytes; at most {self._limits.max_media_bytes} are accepted",
                code="media_too_large",
            )
        return await self._on_own_loop(self._in_time(op, data, bound, deadline_s))

    async def _on_own_loop(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs where the pipes live, whichever loop the caller is on."""
        if self._loop is None:
            work.close()
            raise _not_running()
        if self._loop is asyncio.get_running_loop():
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _in_time(self, op: str, data: bytes, bound: int, deadline_s: float) -> tuple[dict[str, Any], bytes]:
        try:
            async with asyncio.timeout(deadline_s), self._free:
                return await self._with_worker(op, data, bound, deadline_s)
        except TimeoutError:
            raise DecodeStageError(f"not decoded within {deadline_s:g} s", code="decoder_timeout") from None

    async def _with_worker(self, op: str, data: bytes, bound: int, deadline_s: float) -> tuple[dict[str, Any], bytes]:
        if self._loop is None:
            raise _not_running()
        worker = await self._take()
        self._busy.add(worker)
        usable = False
        try:
            answer = await worker.ask(op, data, cpu_s=math.ceil(deadline_s), max_bytes=bound)
        except InputError:
            usable = True
            raise
        else:
            usable = True
            return answer
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
