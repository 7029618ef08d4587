"""`GET /v1/moderate/stream`, a WebSocket: the text of one generation as it comes, decided unit by unit.

The client sends `{"type": "start", "role": …, "policy": …, "hold_review": …}` (or nothing of it), then
`{"type": "text", "text": …}` as often as it likes, then `{"type": "end"}`. The server answers with stream events and,
last, `done`; or with an error object, and closes. Who sends no text, or does not read, is not waited for longer than
`idle_timeout_s`; a client that sends a character now and then is, up to the limit of a text.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import Any

from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from moderation.errors import (
    InvalidRequestError,
    ModerationError,
    NotReadyError,
    OverloadedError,
    RequestTimeoutError,
    TooLargeError,
)
from moderation.limits import Limits
from moderation.pipelines.engine import Engine
from moderation.pipelines.metrics import Metrics
from moderation.pipelines.pacing import Pace
from moderation.pipelines.stream import Stream
from moderation.schema import Role, StreamEvent, StreamOptions
from moderation.wire import dump_error, dump_event, parse_json, parse_stream_message

PATH = "/v1/moderate/stream"
# RFC 6455 section 7.4.1
_POLICY_VIOLATION, _TOO_BIG, _TRY_AGAIN, _INTERNAL = 1008, 1009, 1013, 1011
_LAST_WORD_S = 5.0
_CHARS_AT_ONCE = 2_000  # of a long message: of what stands first a client hears while the rest is judged


def add_stream(app: FastAPI, engine: Engine, metrics: Metrics, *, starting: Sequence[str]) -> None:
    """Adds the route.

    Args:
        starting: reasons of `Engine.not_ready` for which a stream is refused.
    """
    open_streams = 0

    async def stream(socket: WebSocket) -> None:
        nonlocal open_streams
        await socket.accept()
        open_streams += 1
        try:
            if open_streams > engine.limits.max_streams:
                raise OverloadedError(f"{open_streams - 1} streams are open; try again")
            if any(reason in starting for reason in engine.not_ready().values()):
                raise NotReadyError("the models are still being loaded; see /readyz")
            await _serve(socket, engine, metrics)
        except WebSocketDisconnect:
            pass  # the client has gone: nobody is left to tell
        except ModerationError as error:
            metrics.error(error.code)
            await _refuse(socket, error)
        finally:
            open_streams -= 1
            metrics.requests.labels(PATH, "101").inc()
        if socket.application_state is WebSocketState.CONNECTED:
            async with _last_word():
                await socket.close()

    app.add_api_websocket_route(PATH, stream)


async def _serve(socket: WebSocket, engine: Engine, metrics: Metrics) -> None:
    reader = Reader(socket, engine.limits)
    message = await reader.next()
    options = StreamOptions(tenant=socket.state.tenant)
    if message["type"] == "start":
        options = StreamOptions(
            role=Role(message["role"]),
            policy=message["policy"],
            hold_review=message["hold_review"],
            tenant=socket.state.tenant,
        )
    judged = Stream(engine, options)  # before the next message is waited for: refuses a policy that it does not know
    if message["type"] == "start":
        message = await reader.next()
    while message["type"] == "text":
        text = message["text"]
        for start in range(0, len(text), _CHARS_AT_ONCE):
            await send(socket, await judged.feed(text[start : start + _CHARS_AT_ONCE]), engine.limits)
            if judged.failure is not None:
                raise judged.failure
        message = await reader.next()
    if message["type"] == "start":
        raise InvalidRequestError("`start` comes first, and once", code="invalid_stream", param="type")
    last = await judged.finish()
    await send(socket, last, engine.limits)
    metrics.stream(last[-1])


class Reader:
    """The messages of a client, one after the other."""

    def __init__(self, socket: WebSocket, limits: Limits) -> None:
        self._socket = socket
        self._limits = limits
        self._left_s = limits.idle_timeout_s

    async def next(self) -> dict[str, Any]:
        """The next message; its text may hold what is no Unicode.

        Raises:
            InputError: it is too large, late, no text or no message of ours.
        """
        limits = self._limits
        began = monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                received = await self._socket.receive()
        except TimeoutError:
            message = f"no text came for {limits.idle_timeout_s} s"
            raise RequestTimeoutError(message, code="stream_timeout") from None
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        text = received.get("text")
        if text is None:
            raise InvalidRequestError("messages are JSON texts, not bytes", code="invalid_stream")
        if len(text) > limits.max_stream_message_chars:
            message = f"a message of {len(text)} characters; at most {limits.max_stream_message_chars}"
            raise TooLargeError(message, code="message_too_large")
        value = parse_json(text.encode("utf-8", "surrogatepass"), max_values=limits.max_json_values, what="message")
        says = isinstance(value, dict) and isinstance(value.get("text"), str) and value["text"] != ""
        # an empty text is no sign of life
        self._left_s = limits.idle_timeout_s if says else max(0.0, self._left_s - (monotonic() - began))
        return _checked(value)


def _checked(value: Any) -> dict[str, Any]:
    """A message, checked but for the signs of its text: what is no Unicode ends a stream where it stands, in `Stream`.

    What stands before it in the same message is judged and told first, and half a character may wait for the next one.
    """
    if not isinstance(value, dict):
        raise InvalidRequestError("a message is a JSON object with a `type`", code="invalid_type")
    text = value.get("text")
    try:
        checked = parse_stream_message({**value, "text": ""} if isinstance(text, str) else value)
    except InvalidRequestError as error:  # the path begins with the type of the message, which is no field
        field = (error.param or "").partition(".")[2] or "type"
        raise InvalidRequestError(error.message, code=error.code, param=field) from None
    return {**checked, "text": text} if isinstance(text, str) else checked


async def send(socket: WebSocket, events: Sequence[StreamEvent], limits: Limits) -> None:
    """Sends events.

    Raises:
        RequestTimeoutError: code `stream_timeout`, when the client reads nothing.
        WebSocketDisconnect: closed under our hands, as for a client that answers no ping.
    """
    pace = Pace()
    for event in events:
        await pace.rest()
        try:
            async with asyncio.timeout(limits.idle_timeout_s):
                await socket.send_text(dump_event(event).decode())
        except TimeoutError:
            message = f"nothing was read for {limits.idle_timeout_s} s"
            raise RequestTimeoutError(message, code="stream_timeout") from None
        except RuntimeError:  # uvicorn's and Starlette's, of what is sent after a close
            raise WebSocketDisconnect(1006) from None


async def _refuse(socket: WebSocket, error: ModerationError) -> None:
    code = _INTERNAL
    if isinstance(error, TooLargeError):
        code = _TOO_BIG
    elif isinstance(error, OverloadedError | NotReadyError):
        code = _TRY_AGAIN
    elif isinstance(error, InvalidRequestError | RequestTimeoutError):
        code = _POLICY_VIOLATION
    async with _last_word():
        await socket.send_json(dump_error(error))
        await socket.close(code, error.code)


@contextlib.asynccontextmanager
async def _last_word() -> AsyncIterator[None]:
    """For a while only: it may be closed from the other side meanwhile, or nobody reads."""
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(_LAST_WORD_S):
            yield
