"""A stream over a WebSocket, as `moderation.serve.streaming` speaks it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from moderation.errors import AuthenticationError, InvalidRequestError, ModerationError
from moderation.schema import StreamEvent, StreamOptions
from moderation.wire import load_error, load_event, parse_json

PATH = "/v1/moderate/stream"
# of a message: with every character escaped it is under what a server takes by default
_PIECE_CHARS = 4_096


async def connect(
    base_url: str, headers: Sequence[tuple[str, str]], timeout_s: float | None, start: StreamOptions
) -> RemoteStream:
    """Opens a stream.

    Args:
        timeout_s: to open it, and later for the next events once the text is over; None waits for ever.

    Raises:
        AuthenticationError: the key is not accepted.
        ModerationError: code `connection_failed`.
    """
    address = base_url.rstrip("/").replace("http", "ws", 1) + PATH
    try:
        # no proxy from the environment, as for the other calls; events are small
        socket = await open_socket(
            address, additional_headers=headers, open_timeout=timeout_s, proxy=None, max_size=16 * 1024 * 1024
        )
    except InvalidStatus as error:
        if error.response.status_code in (401, 403):
            raise AuthenticationError("the service does not accept this key") from None
        raise _unreachable(base_url, error) from error
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:  # the address: of a client of one's own
        raise _unreachable(base_url, error) from error
    stream = RemoteStream(socket, timeout_s)
    await stream.start(start)
    return stream


def _unreachable(base_url: str, error: Exception) -> ModerationError:
    return ModerationError(f"{base_url} did not answer: {type(error).__name__}: {error}", code="connection_failed")


class RemoteStream:
    """One generation over one connection. Events that arrived are given with the next piece, or by `arrived` before it.

    A long piece is sent in several messages, which changes nothing.
    """

    def __init__(self, socket: ClientConnection, timeout_s: float | None) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._arrived: deque[StreamEvent | ModerationError] = deque()
        self._is_there = asyncio.Event()  # something that is not given yet
        self._sending = asyncio.Lock()
        self._ended = False
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
                given first, and the next call raises it. Code `invalid_stream`: a call before was given up while its
                piece was sent, so the service may have a part of it; or the text was said to be over.
        """
        if self._ended and self._failure is None:
            raise InvalidRequestError("the stream is over; open another one", code="invalid_stream")
        try:
            async with self._sending:  # of two pieces at once, one is sent after the other
                for start in range(0, max(len(piece), 1), _PIECE_CHARS):
                    await self._send({"type": "text", "text": piece[start : start + _PIECE_CHARS]})
        except BaseException:
            self._failure = self._failure or InvalidRequestError(
                "the stream was given up while a piece was sent; open another one", code="invalid_stream"
            )
            self._is_there.set()
            raise
        return self._given()

    async def arrived(self) -> list[StreamEvent]:
        """Waits until there are events that no call has given, and gives them; may be cancelled, which loses none.

        Raises:
            ModerationError: as `feed`.
        """
        if self._failure is None:
            await self._is_there.wait()
        return self._given()

    async def ending(self) -> list[StreamEvent]:
        """The text is over: the events that arrive next. Asked for until `done` is among them.

        Raises:
            ModerationError: as `feed`, or code `connection_failed` if nothing comes within the time-out.
        """
        if not self._ended:
            self._ended = True
            async with self._sending:
                await self._send({"type": "end"})
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self.arrived()
        except TimeoutError:
            self._failure = ModerationError("the service did not answer in time", code="connection_failed")
            raise self._failure from None

    async def finish(self) -> list[StreamEvent]:
        """All other events, `done` the last.

        Raises:
            ModerationError: as `ending`.
        """
        events: list[StreamEvent] = []
        while not (events and events[-1].type == "done"):
            try:
                events += await self.ending()
            except ModerationError:
                if not events:
                    raise
                break
        return events

    def _given(self) -> list[StreamEvent]:
        """Events that have arrived, or what ended the stream where none came before it."""
        events: list[StreamEvent] = []
        while self._failure is None and self._arrived:
            told = self._arrived.popleft()
            if isinstance(told, ModerationError):
                self._failure = told
            else:
                events.append(told)
        self._is_there.clear()
        if self._failure is not None and not events:
            raise self._failure
        return events

    def _put(self, told: StreamEvent | ModerationError) -> None:
        self._arrived.append(told)
        self._is_there.set()

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
            self._put(_closed())

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                value = parse_json(message.encode() if isinstance(message, str) else message)
                if isinstance(value, dict) and "error" in value:
                    self._put(load_error(value))
                else:
                    self._put(load_event(value))
        except ConnectionClosed:
            pass
        except ModerationError as error:
            self._put(error)
        self._put(_closed())


def _closed() -> ModerationError:
    return ModerationError("the service closed the stream", code="connection_failed")
