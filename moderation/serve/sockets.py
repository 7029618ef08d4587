"""uvicorn's WebSockets, telling a client why a message is not even read.

A message over what the protocol holds, or one that is no UTF-8, never reaches the route. uvicorn closes with the right
code, but with the library's words, and drops the connection at once: where the client still sends, the system then
resets it and throws the answer away unread. Here the error object and its code come first, and what the client still
sends is read and dropped for a while.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, CloseCode, Frame, Opcode

from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.wire import dump_error

_QUIET_S = 1.0  # with nothing more from the client, it has read why, or never will
_MOST_S = 10.0  # as uvicorn waits for a client to close


def guarded_sockets(most_chars: int, told: Callable[[str], None]) -> type[asyncio.Protocol]:
    """The protocol for `uvicorn.Config(ws=…)`.

    Args:
        most_chars: characters of one message, for the words of the error.
        told: the code of what was refused, to be counted.
    """
    large = TooLargeError(
        f"the message is far over {most_chars} characters, and was not read", code="message_too_large"
    )
    broken = InvalidRequestError("a message that is not UTF-8", code="invalid_encoding")
    refusals: dict[int, ModerationError] = {CloseCode.MESSAGE_TOO_BIG: large, CloseCode.INVALID_DATA: broken}

    class GuardedSocket(WebSocketsSansIOProtocol):
        _drops_until: float | None = None

        def data_received(self, data: bytes) -> None:
            if self._drops_until is None:
                super().data_received(data)
            else:
                self._drop(self._drops_until)

        def send_receive_event_to_app(self) -> None:
            """As before, but what is no UTF-8 leaves no trace of a fault in the log."""
            try:
                if self.curr_msg_data_type == "text":
                    b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
            super().send_receive_event_to_app()

        def handle_parser_exception(self) -> None:
            sent = self.conn.close_sent
            refused = None if sent is None or self.close_sent else refusals.get(sent.code)
            if sent is None or refused is None:
                super().handle_parser_exception()
                return
            told(refused.code)
            self.conn.data_to_send()  # the close in the library's words, and the end of the connection
            self.transport.write(_frame(Opcode.TEXT, json.dumps(dump_error(refused)).encode()))
            self.transport.write(_frame(Opcode.CLOSE, Close(sent.code, refused.code).serialize()))
            self.queue.put_nowait({"type": "websocket.disconnect", "code": sent.code, "reason": refused.code})
            self.close_sent = self.disconnected = True  # the route learns that nobody hears it any more
            self._drops_until = self.loop.time() + _MOST_S
            self._drop(self._drops_until)

        def _drop(self, until: float) -> None:
            """Waits for quiet, then closes; uvicorn leaves a connection open that has a timer to close it."""
            if self.close_timer is not None:
                self.close_timer.cancel()
            wait_s = min(_QUIET_S, max(0.0, until - self.loop.time()))
            self.close_timer = self.loop.call_later(wait_s, self.transport.close)

    return GuardedSocket


def _frame(opcode: Opcode, data: bytes) -> bytes:
    return Frame(opcode, data).serialize(mask=False)
