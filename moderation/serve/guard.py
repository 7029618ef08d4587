"""Around every route: keys, counters, and a watch on connections that never finish their headers."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from moderation.errors import AuthenticationError
from moderation.pipelines.metrics import Metrics
from moderation.serve.answering import answer_error
from moderation.serve.keys import ApiKeys

OPEN_ROUTES = frozenset({"/healthz", "/readyz"})


class Guard:
    """ASGI middleware: refuses requests without an accepted key, and counts every answer."""

    def __init__(self, app: ASGIApp, *, keys: ApiKeys | None, metrics: Metrics) -> None:
        self._app = app
        self._keys = keys
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._admitted(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(perf_counter() - began)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._keys is not None and scope["path"] not in OPEN_ROUTES:
            try:
                self._keys.check(Request(scope))
            except AuthenticationError as error:
                await answer_error(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def guarded_protocol(header_timeout_s: float) -> type[H11Protocol]:
    """uvicorn's HTTP protocol, closing connections that take too long to send a request's headers.

    uvicorn itself waits for headers without end: a few thousand open connections would use up the process.
    """

    class GuardedProtocol(H11Protocol):
        _watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._start_watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_watch()
            elif self._watch is None:
                self._start_watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_watch()
            super().connection_lost(exc)

        def _start_watch(self) -> None:
            self._watch = self.loop.call_later(header_timeout_s, self._expire)

        def _stop_watch(self) -> None:
            if self._watch is not None:
                self._watch.cancel()
                self._watch = None

        def _expire(self) -> None:
            self._watch = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return GuardedProtocol
