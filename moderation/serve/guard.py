"""Around every route: keys, counters, and a watch on connections that never finish their headers or never read."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

import h11
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from moderation.errors import AuthenticationError, InvalidRequestError, OverloadedError
from moderation.limits import Limits
from moderation.pipelines.metrics import Metrics
from moderation.serve.answering import answer_error
from moderation.serve.keys import ApiKeys

OPEN_ROUTES = frozenset({"/healthz", "/readyz"})


class Guard:
    """ASGI middleware: refuses requests without an accepted key, bounds what all bodies hold, counts every answer."""

    def __init__(
        self, app: ASGIApp, *, keys: ApiKeys | None, metrics: Metrics, max_held_bytes: int, tenant: str | None
    ) -> None:
        self._app = app
        self._default_tenant = tenant
        self._keys = keys
        self._metrics = metrics
        self._max_held_bytes = max_held_bytes
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._connected(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, held = perf_counter(), 500, 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            size = len(message.get("body", b""))
            held += size
            self._held_bytes += size
            if self._held_bytes > self._max_held_bytes and held < self._held_bytes:
                raise OverloadedError("the bodies of other requests fill the memory; try again")
            return message

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._admitted(scope, counted, watched)
        finally:
            self._held_bytes -= held
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(perf_counter() - began)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope.setdefault("state", {})["tenant"] = self._tenant_of(scope)
        except AuthenticationError as error:
            self._metrics.error(error.code)
            await answer_error(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _connected(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket; without an accepted key it is never opened, and the client gets 403 (RFC 6455 section 4.2.2)."""
        try:
            scope.setdefault("state", {})["tenant"] = self._tenant_of(scope)
        except AuthenticationError as error:
            self._metrics.error(error.code)
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": error.code})
            return
        await self._app(scope, receive, send)

    def _tenant_of(self, scope: Scope) -> str | None:
        """Whose request it is.

        Raises:
            AuthenticationError: keys are asked for, and there is no accepted one.
        """
        if self._keys is None or scope["path"] in OPEN_ROUTES:
            return self._default_tenant
        return self._keys.check(HTTPConnection(scope)) or self._default_tenant


def guarded_protocol(limits: Limits) -> type[H11Protocol]:
    """uvicorn's HTTP protocol, ending connections that send no headers in time, or take nothing of their answer.

    uvicorn itself waits for both without end: a few thousand open connections would use up the process, and a few
    answers that nobody reads hold the bodies that came after them.
    """
    times = {
        "header_timeout_s": limits.header_timeout_s,
        "idle_timeout_s": limits.idle_timeout_s,
        "reading_timeout_s": limits.body_timeout_s,
    }
    return type("Guarded", (GuardedProtocol,), times)


class GuardedProtocol(H11Protocol):
    """One connection.

    Attributes:
        header_timeout_s: from the first byte of a request to the end of its headers.
        idle_timeout_s: from the connection to its first byte.
        reading_timeout_s: in which a client has to take something of what is written for it.
    """

    header_timeout_s: float
    idle_timeout_s: float
    reading_timeout_s: float
    _watch: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _receiving = False
    _unread = 0  # bytes, when it was last looked at

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expire_after(self.idle_timeout_s)
        self._look_again()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a WebSocket by now, which has time limits of its own
            self._expire_after(None)
            return
        whole = self.cycle is not None and not self.cycle.response_complete
        if whole:
            self._expire_after(None)
        elif not self._receiving:
            self._expire_after(self.header_timeout_s)
        self._receiving = not whole

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets our form of error, too."""
        refused = answer_error(InvalidRequestError(f"this is no HTTP request: {msg}", code="invalid_http"))
        headers = [*refused.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(refused.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expire_after(None)
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The client has read what was too much to write on."""
        self._unread = 0
        super().resume_writing()

    def on_response_complete(self) -> None:
        """What is unread from here on may be another answer."""
        self._unread = 0
        super().on_response_complete()

    def _look_again(self) -> None:
        self._reading = self.loop.call_later(self.reading_timeout_s, self._end_unread)

    def _end_unread(self) -> None:
        """A connection of which nothing was read since the last look is ended, also one that is closed already."""
        if self.transport.get_protocol() is not self:  # a WebSocket by now
            return
        unread = self.transport.get_write_buffer_size()
        if unread and 0 < self._unread <= unread:
            self.transport.abort()
            return
        self._unread = unread
        self._look_again()

    def _expire_after(self, seconds: float | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = None if seconds is None else self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._watch = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
