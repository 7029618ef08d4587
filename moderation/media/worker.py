"""A decoder process: `python -P -m moderation.media.worker '<limits as JSON>'`, spoken to over pipes.

Frame, both ways: 4 bytes, big endian, the length of a JSON header; the header (UTF-8, an object); then as
many raw bytes as the header's `size` says.

- At start the worker sends `{"status": "ready", "size": 0}`, or an error.
- Request: `{"modality", "size": n, "cpu_s": seconds, "deadline_s": seconds}` and the encoded bytes. It may burn so many
  seconds of processor time, then the kernel ends it; a little before the deadline it answers with what it has found.
- Answer: `{"status": "ok", "size": n, "is_spent": …}` with what `answers` adds, and the bytes of the items. One that
  is spent met a failure that may have left a library in disorder: it should be replaced.
- Error: `{"status": "error", "size": 0, "kind": <class in moderation.errors>, "code", "message"}`.

The worker ends at the end of its input. Libraries are loaded when something first needs them. It writes no files, and
nothing else to standard output: the descriptor is moved away before that. Where the platform has no `resource` module
it does not start.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from typing import Any, BinaryIO

from moderation.errors import STAGE_CODES, DecodeStageError, ModerationError
from moderation.limits import Limits
from moderation.schema import Modality

MAX_HEADER_BYTES = 1 << 20

Answer = tuple[dict[str, Any], list[memoryview]]


def main() -> int:
    """Serves requests until the input ends."""
    requests = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    with open(os.devnull, "r+b", buffering=0) as nothing:  # noqa: PTH123 - the device, not a path
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    try:
        limits = Limits(**json.loads(sys.argv[1]))
        _confine(limits)
        importlib.import_module("moderation.media.answers")
    except Exception as error:  # noqa: BLE001 - the parent must hear of any failure to start
        _send(answers, _failure(error), [])
        return 1
    _send(answers, {"status": "ready"}, [])
    while (header := _read_header(requests)) is not None:
        _allow_cpu(header["cpu_s"])
        data = requests.read(header["size"])
        if len(data) < header["size"]:
            break
        reply, payload = _answer(header, data, limits)
        _send(answers, reply, payload)
    return 0


def _confine(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.decoder_memory_bytes, limits.decoder_memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def _answer(header: dict[str, Any], data: bytes, limits: Limits) -> Answer:
    from moderation.media.answers import pack  # noqa: PLC0415 - after the limits are set, and nowhere but here
    from moderation.media.reading import read  # noqa: PLC0415

    try:
        decoded = read(Modality(header["modality"]), data, limits, deadline_s=header["deadline_s"])
        reply, payload = pack(decoded)
    except Exception as error:  # noqa: BLE001 - whatever a reader raises, the parent gets an answer
        return _failure(error), []
    is_spent = any(one.reason in STAGE_CODES for one in decoded.unread)
    return {"status": "ok", "is_spent": is_spent, **reply}, payload


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        error = DecodeStageError("the decoder ran out of memory", code="decoder_out_of_memory")
    elif not isinstance(error, ModerationError):
        error = DecodeStageError(f"the decoder failed: {type(error).__name__}")
    return {"status": "error", "kind": type(error).__name__, "code": error.code, "message": error.message}


def _read_header(requests: BinaryIO) -> dict[str, Any] | None:
    prefix = requests.read(4)
    if len(prefix) < 4:
        return None
    length = int.from_bytes(prefix)
    if length > MAX_HEADER_BYTES:
        return None
    header: dict[str, Any] = json.loads(requests.read(length))
    return header


def _send(answers: BinaryIO, header: dict[str, Any], payload: list[memoryview]) -> None:
    header["size"] = sum(piece.nbytes for piece in payload)
    text = json.dumps(header).encode()
    for piece in [memoryview(len(text).to_bytes(4) + text), *payload]:
        while piece:
            piece = piece[answers.write(piece) :]  # noqa: PLW2901 - what a raw pipe did not take yet


if __name__ == "__main__":
    sys.exit(main())
