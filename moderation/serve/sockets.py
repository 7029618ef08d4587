"""uvicorn's WebSockets, telling a client why a message is not even read, and holding nothing for who does not read.

A message over what the protocol holds, or one that is no UTF-8, never reaches the route. uvicorn closes with the right
code, but with the library's words, and drops the connection at once: where the client still sends, the system then
resets it and throws the answer away unread. Here the error object and its code come first, and what the client still
sends is read and dropped for a while.

Most names of `WebSocketsSansIOProtocol` are no promise of uvicorn's: `pyproject.toml` takes only versions that have
them as they are used here, and a test holds the names to it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import ClassVar

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, CloseCode, Frame, Opcode

from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.wire import dump_error

_QUIET_S = 1.0  # with nothing more from the client, it has read why, or never will
_MOST_S = 10.0  # as uvicorn waits for a client to close
_MOST_FRAGMENTS = 1_000  # of one message, held one by one


def guarded_sockets(most_chars: int, told: Callable[[str], None]) -> type[asyncio.Protocol]:
    """The protocol for `uvicorn.Config(ws=…)`.

    Args:
        most_chars: characters of one message, for the words of the error.
        told: the code of what was refused, to be counted.
    """
    words = f"the message is far over {most_chars} characters, and was not read"

    class Guarded(GuardedSocket):
        refusals: ClassVar = {
            CloseCode.MESSAGE_TOO_BIG: TooLargeError(words, code="message_too_large"),
            CloseCode.INVALID_DATA: InvalidRequestError("a message that is not UTF-8", code="invalid_encoding"),
        }

        def _tell(self, code: str) -> None:
            told(code)

    return Guarded


class GuardedSocket(WebSocketsSansIOProtocol):
    """One connection.

    Attributes:
        refusals: what to say of a message, by the code that the library closes with.
    """

    refusals: ClassVar[Mapping[int, ModerationError]] = {}
    _refused = False
    _end: asyncio.TimerHandle | None = None

    def _tell(self, code: str) -> None:
        """Told of what was refused."""

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._close_when_quiet()
        else:
            super().data_received(data)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= _MOST_FRAGMENTS:  # empty ones count as nothing where the size is looked at
            self.frames = [b"".join(self.frames)]
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """No answer to who reads none: a client may send pings without end, and each would be held for it."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """As before, but what is no UTF-8 leaves no trace of a fault in the log."""
        if self.curr_msg_data_type == "text":
            self.frames = [b"".join(self.frames)]
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        sent = self.conn.close_sent
        refusal = None if sent is None else self.refusals.get(sent.code)
        if sent is None:  # nothing is accepted yet: there is no WebSocket to say it over
            self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})
            self.transport.close()
        elif self.close_sent:  # the route has had its last word, which the client is still to read
            self._drop()
        elif refusal is None:
            super().handle_parser_exception()
        else:
            self._tell(refusal.code)
            self.transport.write(_frame(Opcode.TEXT, json.dumps(dump_error(refusal)).encode()))
            self.transport.write(_frame(Opcode.CLOSE, Close(sent.code, refusal.code).serialize()))
            self.queue.put_nowait({"type": "websocket.disconnect", "code": sent.code, "reason": refusal.code})
            self.close_sent = self.disconnected = True  # the route learns that nobody hears it any more
            self._drop()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if self in self.connections:
            self._end_at_last(2 * _MOST_S)  # uvicorn's wait for the client to close, and then for it to read

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)

    def _drop(self) -> None:
        """Reads on, for nothing, until the client is quiet or time is up; a pause would look like quiet."""
        self._refused = True
        self.conn.data_to_send()  # the close in the library's words, and the end of the connection
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._close_when_quiet()
        self._end_at_last(_MOST_S)

    def _close_when_quiet(self) -> None:
        """uvicorn leaves a connection open that has a timer to close it."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(_QUIET_S, self.transport.close)

    def _end_at_last(self, seconds: float) -> None:
        """A transport that is closed still waits, without end, for the client to read what is written."""
        if self._end is None:
            self._end = self.loop.call_later(seconds, self.transport.abort)


def _frame(opcode: Opcode, data: bytes) -> bytes:
    return Frame(opcode, data).serialize(mask=False)
