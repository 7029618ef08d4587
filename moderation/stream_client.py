"""A stream over a WebSocket, as `moderation.serve.streaming` speaks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from moderation.errors import AuthenticationError, ModerationError
from moderation.schema import StreamEvent, StreamOptions
from moderation.wire import load_error, load_event, parse_json

PATH = "/v1/moderate/stream"
# of a message: with every character escaped it is under what a server takes by default
_PIECE_CHARS = 4_096


async def connect(base_url: str, headers: Mapping[str, str], timeout_s: float, start: StreamOptions) -> RemoteStream:
    """Opens a stream.

    Raises:
        AuthenticationError: the key is not accepted.
        ModerationError: code `connection_failed`.
    """
    address = base_url.rstrip("/").replace("http", "ws", 1) + PATH
    try:
        # no proxy from the environment, as for the other calls; events are small
        socket = await open_socket(
            address, additional_headers=dict(headers), open_timeout=timeout_s, proxy=None, max_size=16 * 1024 * 1024
        )
    except InvalidStatus as error:
        if error.response.status_code in (401, 403):
            raise AuthenticationError("the service does not accept this key") from None
        raise _unreachable(base_url, error) from error
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise _unreachable(base_url, error) from error
    stream = RemoteStream(socket, timeout_s)
    await stream.start(start)
    return stream


def _unreachable(base_url: str, error: Exception) -> ModerationError:
    return ModerationError(f"{base_url} did not answer: {type(error).__name__}: {error}", code="connection_failed")


class RemoteStream:
    """One generation over one connection. Events that arrived are given with the next piece, the others at the end.

    A long piece is sent in several messages, which changes nothing.
    """

    def __init__(self, socket: ClientConnection, timeout_s: float) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._arrived: asyncio.Queue[StreamEvent | ModerationError] = asyncio.Queue()
        self._failure: ModerationError | None = None
        self._reading = asyncio.create_task(self._read())

    async def start(self, start: StreamOptions) -> None:
        """Says how the stream is to be judged."""
        message: dict[str, Any] = {"type": "start", "role": start.role.value, "hold_review": start.hold_review}
        if start.policy is not None:
            message["policy"] = start.policy
        await self._send(message)

    async def feed(self, piece: str) -> list[StreamEvent]:
        """Hands over a piece; the events that have arrived.

        Raises:
            ModerationError: the service refused the stream, or the connection is gone. Events that came before that are
                given first, and the next call raises it.
        """
        for start in range(0, max(len(piece), 1), _PIECE_CHARS):
            await self._send({"type": "text", "text": piece[start : start + _PIECE_CHARS]})
        events: list[StreamEvent] = []
        while self._failure is None and not self._arrived.empty():
            self._sort(self._arrived.get_nowait(), events)
        return self._given(events)

    async def finish(self) -> list[StreamEvent]:
        """All other events, `done` the last.

        Raises:
            ModerationError: as `feed`, or code `connection_failed` if nothing comes within the time-out.
        """
        await self._send({"type": "end"})
        events: list[StreamEvent] = []
        while self._failure is None and not (events and events[-1].type == "done"):
            try:
                async with asyncio.timeout(self._timeout_s):
                    self._sort(await self._arrived.get(), events)
            except TimeoutError:
                self._failure = ModerationError("the service did not answer in time", code="connection_failed")
        return self._given(events)

    def _sort(self, arrived: StreamEvent | ModerationError, events: list[StreamEvent]) -> None:
        if isinstance(arrived, ModerationError):
            self._failure = arrived
        else:
            events.append(arrived)

    def _given(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """Events, or what ended the stream where none came before it."""
        if self._failure is not None and not events:
            raise self._failure
        return events

    async def close(self) -> None:
        """Closes the connection."""
        self._reading.cancel()
        await self._socket.close()

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Sends a message; where the server has closed, what it said before is still to be read, and explains more."""
        if self._failure is not None:
            return
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed:
            await asyncio.wait([self._reading])
            self._arrived.put_nowait(ModerationError("the service closed the stream", code="connection_failed"))

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                value = parse_json(message.encode() if isinstance(message, str) else message)
                if isinstance(value, dict) and "error" in value:
                    self._arrived.put_nowait(load_error(value))
                else:
                    self._arrived.put_nowait(load_event(value))
        except (ConnectionClosed, ModerationError) as error:
            told = error if isinstance(error, ModerationError) else None
            self._arrived.put_nowait(told or ModerationError("the service closed the stream", code="connection_failed"))
