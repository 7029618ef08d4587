"""How programs judge: in process (`Moderator`, `AsyncModerator`) or over HTTP (`Client`, `AsyncClient`).

All four have the same methods and answer the same `ModerationResult`. The synchronous ones run the asynchronous ones
on an event loop in a thread of their own, so they work from any thread, with or without a running loop.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Coroutine, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from moderation.config import Settings, load_settings
from moderation.errors import ModerationError, TooLargeError
from moderation.schema import Content, ModerationResult, Part, Role, Turn
from moderation.wire import dump_request, load_error, load_result

if TYPE_CHECKING:
    import httpx

    from moderation.pipelines.engine import Engine

Input = str | Part | Sequence[str | Part]
Outcome = ModerationResult | ModerationError
_T = TypeVar("_T")
_LOG = logging.getLogger("moderation")

# Bodies, and their bytes, in one batch form: a little under what a server takes by default.
BATCH = 256
BATCH_BYTES = 24 * 1024 * 1024
_JSON = {"Content-Type": "application/json"}


def content_of(
    judged: Input | Content,
    *,
    role: Role | str = Role.USER,
    conversation: Sequence[Turn] = (),
    policy: str | None = None,
    derived: bool = False,
) -> Content:
    """A content from a text, a part, or several of either; a content is returned as it is."""
    if isinstance(judged, Content):
        return judged
    several = [judged] if isinstance(judged, str | Part) else judged
    parts = tuple(Part.from_text(one) if isinstance(one, str) else one for one in several)
    return Content(parts, role=Role(role), conversation=tuple(conversation), policy=policy, derived=derived)


class Transport(Protocol):
    """What carries contents to an engine."""

    async def send(self, contents: Sequence[Content]) -> list[Outcome]: ...

    async def close(self) -> None: ...


class _Async:
    """The asynchronous methods, over any transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def moderate(
        self,
        judged: Input | Content,
        *,
        role: Role | str = Role.USER,
        conversation: Sequence[Turn] = (),
        policy: str | None = None,
        derived: bool = False,
    ) -> ModerationResult:
        """Judges one content.

        Args:
            judged: a text, a part, several of either, or a whole `Content` (the options are then in it).
            role: who wrote it.
            conversation: earlier turns, judged with it.
            policy: name of a policy; the service's default if `None`.
            derived: whether what was extracted (OCR text, transcript) is returned too.

        Raises:
            ModerationError: its subclass and `code` say why; `InputError` for what cannot be judged.
        """
        content = content_of(judged, role=role, conversation=conversation, policy=policy, derived=derived)
        (outcome,) = await self._transport.send([content])
        if isinstance(outcome, ModerationError):
            raise outcome
        return outcome

    async def moderate_many(self, contents: Sequence[Input | Content]) -> list[Outcome]:
        """Judges many contents: a result, or an error of its own, for each, in order."""
        return await self._transport.send([content_of(one) for one in contents]) if contents else []

    async def close(self) -> None:
        """Frees models and connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncModerator(_Async):
    """The engine in this process, for asynchronous programs; loads its models on first use.

    Weights that are missing are named in the log `moderation`, and their stages are `unjudged` in every result.
    """

    def __init__(self, settings: Settings | None = None, **overrides: Any) -> None:
        """Args:
        settings: as `load_settings` makes them if left out.
        overrides: single settings, such as `profile="embedded"`.
        """
        if settings is not None and overrides:
            raise TypeError("give settings or single settings, not both")
        super().__init__(_InProcess(settings or load_settings(**overrides)))


class AsyncClient(_Async):
    """A service over HTTP, for asynchronous programs."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8080",
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Args:
        base_url: address of the service.
        api_key: sent as a bearer token.
        timeout_s: per request.
        http: a client of one's own instead (proxies, certificates).
        """
        super().__init__(_Http(base_url, api_key=api_key, timeout_s=timeout_s, http=http))


class _LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="moderation", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Sync:
    """The synchronous methods, over the asynchronous ones."""

    def __init__(self, asynchronous: _Async) -> None:
        self._asynchronous = asynchronous
        self._thread = _LoopThread()
        self._closed = False

    def moderate(
        self,
        judged: Input | Content,
        *,
        role: Role | str = Role.USER,
        conversation: Sequence[Turn] = (),
        policy: str | None = None,
        derived: bool = False,
    ) -> ModerationResult:
        """Judges one content; arguments, result and errors as in `AsyncModerator.moderate`."""
        return self._thread.run(
            self._asynchronous.moderate(judged, role=role, conversation=conversation, policy=policy, derived=derived)
        )

    def moderate_many(self, contents: Sequence[Input | Content]) -> list[Outcome]:
        """Judges many contents: a result, or an error of its own, for each, in order."""
        return self._thread.run(self._asynchronous.moderate_many(contents))

    def close(self) -> None:
        """Frees models, connections and the thread; may be called twice."""
        if not self._closed:
            self._closed = True
            self._thread.run(self._asynchronous.close())
            self._thread.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Moderator(_Sync):
    """The engine in this process; loads its models on first use."""

    def __init__(self, settings: Settings | None = None, **overrides: Any) -> None:
        """Args:
        settings: as `load_settings` makes them if left out.
        overrides: single settings, such as `profile="embedded"`.
        """
        super().__init__(AsyncModerator(settings, **overrides))


class Client(_Sync):
    """A service over HTTP."""

    def __init__(
        self, base_url: str = "http://127.0.0.1:8080", *, api_key: str | None = None, timeout_s: float = 60.0
    ) -> None:
        """Args:
        base_url: address of the service.
        api_key: sent as a bearer token.
        timeout_s: per request.
        """
        super().__init__(AsyncClient(base_url, api_key=api_key, timeout_s=timeout_s))


class _InProcess:
    """Calls an engine that it assembles on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._loading = asyncio.Lock()

    async def send(self, contents: Sequence[Content]) -> list[Outcome]:
        engine = self._engine or await self._load()
        return await engine.moderate_many(contents)

    async def _load(self) -> Engine:
        from moderation.pipelines.assemble import assemble  # noqa: PLC0415 - loading models is for first use

        async with self._loading:
            if self._engine is None:
                engine = await asyncio.to_thread(assemble, self._settings, report=_LOG.warning)
                await engine.start()
                self._engine = engine
            return self._engine

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


class _Http:
    """Speaks the native form over HTTP."""

    def __init__(self, base_url: str, *, api_key: str | None, timeout_s: float, http: httpx.AsyncClient | None) -> None:
        import httpx  # noqa: PLC0415 - programs that judge in process need no HTTP

        headers = {"Authorization": f"Bearer {api_key}"} if api_key is not None else {}
        self._failure = httpx.HTTPError
        self._own = http is None
        self._http = http or httpx.AsyncClient(base_url=base_url, headers=headers, timeout=timeout_s, trust_env=False)

    async def send(self, contents: Sequence[Content]) -> list[Outcome]:
        if len(contents) == 1:
            answer = await self._post(_encoded(contents[0]))
            return [answer if isinstance(answer, ModerationError) else load_result(answer)]
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
        return [load_error(row) if "error" in row else load_result(row) for row in answer["results"]]

    async def _post(self, body: bytes) -> Any:
        try:
            response = await self._http.post("/v1/moderate", content=body, headers=_JSON)
        except self._failure as error:
            message = f"{self._http.base_url} did not answer: {type(error).__name__}: {error}"
            raise ModerationError(message, code="connection_failed") from error
        try:
            answer = response.json()
        except ValueError:
            return load_error(None)
        if response.is_success:
            return answer
        wait = response.headers.get("retry-after", "1")
        return load_error(answer, retry_after_s=int(wait) if wait.isdigit() else 1)

    async def close(self) -> None:
        if self._own:
            await self._http.aclose()


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
