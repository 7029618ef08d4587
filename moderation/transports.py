"""What carries contents to an engine: a call in this process, or HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from moderation.config import Settings
from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.retry_after import retry_after_s
from moderation.schema import Content, ModerationResult, StreamEvent, StreamOptions
from moderation.wire import dump_request, load_error, load_result

if TYPE_CHECKING:
    import httpx

    from moderation.pipelines.engine import Engine

Outcome = ModerationResult | ModerationError
# Bodies, and their bytes, in one batch form: a little under what a server takes by default.
BATCH = 256
BATCH_BYTES = 24 * 1024 * 1024
BASE_URL = "http://127.0.0.1:8080"
TIMEOUT_S = 60.0
_JSON = {"Content-Type": "application/json"}
_KEY = re.compile(r"[!-~]+")
# Headers that are of a connection, or of its answer's body: a WebSocket has its own.
_OF_ONE_CONNECTION = frozenset({"host", "connection", "accept", "accept-encoding", "content-length"})
_LOG = logging.getLogger("moderation")


class Streaming(Protocol):
    """One generation on its way."""

    async def feed(self, piece: str) -> list[StreamEvent]:
        """Hands over a piece of the text; the events that are known by now.

        Raises:
            ModerationError: the stream is over. Events from before are given first; then the next call raises it.
        """
        ...

    async def finish(self) -> list[StreamEvent]:
        """The text is over; all other events, `done` the last.

        Raises:
            ModerationError: as `feed`; where events are given without `done`, by the next call of `finish`.
        """
        ...

    async def close(self) -> None:
        """Frees what it holds, finished or not."""
        ...


@runtime_checkable
class Arriving(Streaming, Protocol):
    """One whose events come by themselves, also while there is no further piece."""

    async def arrived(self) -> list[StreamEvent]:
        """Waits for the next events; may be cancelled, which loses none.

        Raises:
            ModerationError: as `feed`.
        """
        ...

    async def ending(self) -> list[StreamEvent]:
        """The text is over; the next events, asked for until `done` is among them.

        Raises:
            ModerationError: as `feed`.
        """
        ...


class Transport(Protocol):
    """What carries contents to an engine."""

    async def send(self, contents: Sequence[Content]) -> list[Outcome]: ...

    async def open_stream(self, options: StreamOptions) -> Streaming: ...

    async def close(self) -> None: ...


class InProcess:
    """Calls an engine that it assembles on first use, on the event loop of that use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._loading = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def send(self, contents: Sequence[Content]) -> list[Outcome]:
        engine = await self._ready()
        tenant = self._settings.tenant
        if tenant is not None:
            contents = [replace(content, tenant=content.tenant or tenant) for content in contents]
        return await engine.moderate_many(contents)

    async def open_stream(self, options: StreamOptions) -> Streaming:
        from moderation.pipelines.stream import Stream  # noqa: PLC0415 - as the engine

        engine = await self._ready()
        return Stream(engine, replace(options, tenant=options.tenant or self._settings.tenant))

    async def _ready(self) -> Engine:
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            message = "this belongs to another event loop; make one for each loop"
            raise ModerationError(message, code="other_event_loop")
        self._loop = loop
        return self._engine or await self._load()

    async def _load(self) -> Engine:
        from moderation.pipelines.assemble import assemble  # noqa: PLC0415 - loading models is for first use

        async with self._loading:
            if self._closed:
                raise ModerationError("this is closed; make another", code="closed")
            if self._engine is None:
                engine = await asyncio.to_thread(assemble, self._settings, report=_LOG.warning)
                await engine.start()
                self._engine = engine
            return self._engine

    async def close(self) -> None:
        self._closed = True
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


class Http:
    """Speaks the native form over HTTP."""

    def __init__(
        self, base_url: str | None, *, api_key: str | None, timeout_s: float | None, http: httpx.AsyncClient | None
    ) -> None:
        import httpx  # noqa: PLC0415 - programs that judge in process need no HTTP

        if http is not None and any(one is not None for one in (base_url, api_key, timeout_s)):
            raise TypeError("give `http`, which has all of these, or `base_url`, `api_key` and `timeout_s`, not both")
        if api_key is not None and not _KEY.fullmatch(api_key):
            raise InvalidRequestError("an API key is plain ASCII without spaces", code="invalid_value", param="api_key")
        self._failure = httpx.HTTPError
        self._own = http is None
        self._http = http or httpx.AsyncClient(
            base_url=_address(BASE_URL if base_url is None else base_url),
            headers={"Authorization": f"Bearer {api_key}"} if api_key is not None else {},
            timeout=TIMEOUT_S if timeout_s is None else timeout_s,
            trust_env=False,
        )

    async def send(self, contents: Sequence[Content]) -> list[Outcome]:
        """Always the batch form: in it the service itself says what concerns the whole call and what one content."""
        outcomes: list[Outcome] = []
        for bodies in _batches([_encoded(content) for content in contents]):
            outcomes += await self._send_batch(bodies)
        return outcomes

    async def _send_batch(self, bodies: list[bytes]) -> list[Outcome]:
        """One batch form; halved where the server takes fewer or smaller ones than it does by default."""
        answer = await self._post(b'{"requests":[' + b",".join(bodies) + b"]}")
        if isinstance(answer, TooLargeError) and len(bodies) > 1:
            middle = len(bodies) // 2
            return [*await self._send_batch(bodies[:middle]), *await self._send_batch(bodies[middle:])]
        if isinstance(answer, ModerationError):
            if len(bodies) == 1 and isinstance(answer, TooLargeError):
                return [answer]
            raise answer
        rows = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != len(bodies):
            raise load_error(None)
        return [_outcome(row) for row in rows]

    async def _post(self, body: bytes) -> Any:
        try:
            response = await self._http.post("/v1/moderate", content=body, headers=_JSON)
        except self._failure as error:
            address = self._http.base_url.copy_with(userinfo=b"")
            message = f"{address} did not answer: {type(error).__name__}: {error}"
            raise ModerationError(message, code="connection_failed") from error
        try:
            answer = response.json()
        except (ValueError, RecursionError):  # no JSON, or brackets in brackets without end
            return load_error(None)
        if response.is_success:
            return answer
        return load_error(answer, retry_after_s=retry_after_s(response.headers.get("retry-after")))

    async def open_stream(self, options: StreamOptions) -> Streaming:
        from moderation.stream_client import connect  # noqa: PLC0415 - most programs stream nothing

        address = str(self._http.base_url.copy_with(userinfo=b""))
        return await connect(address, await _said_of_itself(self._http), self._http.timeout.read, options)

    async def close(self) -> None:
        if self._own:
            await self._http.aclose()


def _address(base_url: str) -> httpx.URL:
    """The address of a service.

    Raises:
        InvalidRequestError: it is none.
    """
    import httpx  # noqa: PLC0415 - as above

    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError) as error:
        raise InvalidRequestError(f"no address: {error}", code="invalid_value", param="base_url") from None
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65_536 or url.query:
        message = "the address of a service begins with http:// or https:// and a host"
        raise InvalidRequestError(message, code="invalid_value", param="base_url")
    return url


async def _said_of_itself(http: httpx.AsyncClient) -> list[tuple[str, str]]:
    """The headers a client sends with every request, for a connection that it does not open itself."""
    import httpx  # noqa: PLC0415 - as above

    request = http.build_request("GET", "/")
    auth, url = http.auth, request.url
    if auth is None and (url.username or url.password):
        auth = httpx.BasicAuth(url.username, url.password)
    if auth is not None:
        flow = auth.async_auth_flow(request)
        request = await anext(flow)
        await flow.aclose()
    return [(name, value) for name, value in request.headers.multi_items() if name not in _OF_ONE_CONNECTION]


def _outcome(row: Any) -> Outcome:
    """A result, or the error in its place.

    Raises:
        ModerationError: code `invalid_response`.
    """
    if isinstance(row, dict) and "error" in row:
        return load_error(row)
    try:
        return load_result(row)
    except ValueError:
        raise load_error(None) from None


def _encoded(content: Content) -> bytes:
    """The JSON body of one request; a lone surrogate is written as it is escaped, for the server to refuse."""
    return json.dumps(dump_request(content)).encode()


def _batches(bodies: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Runs of bodies that fit into one batch form, by number and by bytes."""
    batch: list[bytes] = []
    size = 0
    for body in bodies:
        if batch and (len(batch) == BATCH or size + len(body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += len(body)
    yield batch
