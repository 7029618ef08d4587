"""The parent's end of one decoder process: start it, ask it, end it. The frame format is in `worker`."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import math
import os
import sys
from typing import Any

from moderation import errors
from moderation.errors import DecodeStageError, ModerationError
from moderation.limits import Limits

_PIPE_BUFFER_BYTES = 1 << 20
_MAX_HEADER_BYTES = 16 << 20  # some hundred bytes for every item that the limits allow
_KINDS = ("TooLargeError", "UndecodableError", "DecodeStageError")


class DecoderProcess:
    """One running worker. After an exception from `ask`, only `kill` and `reap` may be called."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.tasks = 0

    @classmethod
    async def start(cls, limits: Limits) -> DecoderProcess:
        """A worker that said it is ready.

        Raises:
            DecodeStageError: `decoder_failed` when it cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-B", "-m", "moderation.media.worker", json.dumps(dataclasses.asdict(limits)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
                limit=_PIPE_BUFFER_BYTES,
            )  # fmt: skip
        except OSError as error:
            raise DecodeStageError(f"no decoder process can be started: {error.strerror}") from error
        worker = cls(process)
        try:
            await worker._receive(max_bytes=0)
        except BaseException:
            worker.kill()
            await asyncio.shield(worker.reap())
            raise
        return worker

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(
        self, modality: str, data: bytes, *, deadline_s: float, max_bytes: int
    ) -> tuple[dict[str, Any], bytes]:
        """The answer's header and payload.

        Args:
            deadline_s: it answers a little before that with what it has found.

        Raises:
            TooLargeError, UndecodableError: what the worker says of the input; it can be asked again.
            DecodeStageError: `decoder_killed`, `decoder_out_of_memory`, `decoder_failed`; it must be replaced.
        """
        self.tasks += 1
        header = json.dumps(
            {"modality": modality, "size": len(data), "cpu_s": math.ceil(deadline_s), "deadline_s": deadline_s}
        ).encode()
        stdin = self._process.stdin
        if stdin is None:
            raise DecodeStageError("the decoder has no input pipe")
        try:
            stdin.write(len(header).to_bytes(4) + header)
            stdin.write(data)
            await stdin.drain()
        except ConnectionError:
            raise _died() from None
        return await self._receive(max_bytes=max_bytes)

    async def _receive(self, *, max_bytes: int) -> tuple[dict[str, Any], bytes]:
        stdout = self._process.stdout
        if stdout is None:
            raise DecodeStageError("the decoder has no output pipe")
        try:
            length = int.from_bytes(await stdout.readexactly(4))
            if length > _MAX_HEADER_BYTES:
                raise DecodeStageError("the decoder broke the protocol")
            header = json.loads(await stdout.readexactly(length))
            if header["status"] == "error":
                raise _error(header)
            if not 0 <= header["size"] <= max_bytes:
                raise DecodeStageError("the decoder answered more than the limits allow")
            return header, await stdout.readexactly(header["size"])
        except asyncio.IncompleteReadError:
            raise _died() from None
        except (ValueError, LookupError, TypeError):
            raise DecodeStageError("the decoder broke the protocol") from None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def reap(self) -> None:
        """Waits for the end of a killed worker and closes its pipes."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            while await self._process.stdout.read(_PIPE_BUFFER_BYTES):
                pass  # a reader that paused never sees the end of the pipe
        await self._process.wait()


def _environment() -> dict[str, str]:
    """Nothing of the parent's environment, which may hold secrets, but where its modules lie; one thread each."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return threads | {"PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)}


def _died() -> DecodeStageError:
    return DecodeStageError("the decoder process died on this input", code="decoder_killed")


def _error(header: dict[str, Any]) -> ModerationError:
    kind = header["kind"] if header["kind"] in _KINDS else "DecodeStageError"
    error: ModerationError = getattr(errors, kind)(header["message"], code=header["code"])
    return error
