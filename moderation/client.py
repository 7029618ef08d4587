"""How programs judge: in process (`Moderator`, `AsyncModerator`) or over HTTP (`Client`, `AsyncClient`).

All four have the same methods and answer the same `ModerationResult`. The synchronous ones run the asynchronous ones
on an event loop in a thread of their own, so they work from any thread, with or without a running loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from moderation.config import Settings, load_settings
from moderation.errors import InvalidRequestError, ModerationError
from moderation.schema import Content, ModerationResult, Part, Role, StreamEvent, StreamOptions, Turn
from moderation.stream_pieces import FromThread, GenerationError, checked_piece, events_of
from moderation.transports import Arriving, Http, InProcess, Outcome, Streaming, Transport

if TYPE_CHECKING:
    import httpx

Input = str | Part | Sequence[str | Part]
_T = TypeVar("_T")


def content_of(
    judged: Input | Content,
    *,
    role: Role | str = Role.USER,
    conversation: Sequence[Turn] = (),
    policy: str | None = None,
    derived: bool = False,
    redact: bool = False,
) -> Content:
    """A content from a text, a part, or several of either; a content is returned as it is.

    Raises:
        InvalidRequestError: it is something else: what was not understood is not judged as if it were.
    """
    if isinstance(judged, Content):
        return judged
    several = [judged] if isinstance(judged, str | Part) else judged
    if not isinstance(several, list | tuple):
        message = f"a text, a Part, a list of these or a Content is judged, not {type(judged).__name__}"
        raise InvalidRequestError(message, code="invalid_type", param="input")
    parts = tuple(_part(one, f"input[{index}]") for index, one in enumerate(several))
    return Content(
        parts, role=_role(role), conversation=tuple(conversation), policy=policy, derived=derived, redact=redact
    )


def _part(one: object, path: str) -> Part:
    part = Part.from_text(one) if isinstance(one, str) else one
    if not isinstance(part, Part):
        message = f"a text or a Part is judged, not {type(one).__name__}"
        raise InvalidRequestError(message, code="invalid_type", param=path)
    return part


def _role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        message = f"there is no role of that name; there are: {', '.join(Role)}"
        raise InvalidRequestError(message, code="invalid_value", param="role") from None


def _content_or_error(one: Input | Content) -> Content | ModerationError:
    try:
        return content_of(one)
    except ModerationError as error:
        return error


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
        redact: bool = False,
    ) -> ModerationResult:
        """Judges one content.

        Args:
            judged: a text, a part, several of either, or a whole `Content` (the options are then in it).
            role: who wrote it.
            conversation: earlier turns, judged with it.
            policy: name of a policy; the service's default if `None`.
            derived: whether what was extracted (OCR text, transcript) is returned too.
            redact: whether text parts are returned with personal information and secrets taken out.

        Raises:
            ModerationError: its subclass and `code` say why; `InputError` for what cannot be judged.
        """
        content = content_of(
            judged, role=role, conversation=conversation, policy=policy, derived=derived, redact=redact
        )
        (outcome,) = await self._transport.send([content])
        if isinstance(outcome, ModerationError):
            raise outcome
        return outcome

    async def moderate_many(self, contents: Sequence[Input | Content]) -> list[Outcome]:
        """Judges many contents: a result, or an error of its own, for each, in order.

        Raises:
            InvalidRequestError: `contents` is no list; a single text would be taken for a list of its letters.
        """
        if not isinstance(contents, list | tuple):
            message = f"give a list of contents, not {type(contents).__name__}"
            raise InvalidRequestError(message, code="invalid_type", param="contents")
        made = [_content_or_error(one) for one in contents]
        asked = [one for one in made if isinstance(one, Content)]
        answers = iter(await self._transport.send(asked) if asked else [])
        return [next(answers) if isinstance(one, Content) else one for one in made]

    async def stream(
        self,
        pieces: Iterable[str] | AsyncIterable[str],
        *,
        role: Role | str = Role.ASSISTANT,
        policy: str | None = None,
        hold_review: bool = False,
    ) -> AsyncIterator[StreamEvent]:
        """Judges a text as it comes: what may be shown, unit by unit, each after its decision.

        Args:
            pieces: the text in whatever pieces it comes; one may end in half a character (a surrogate).
            role, policy: as in `moderate`.
            hold_review: whether REVIEW is held back like BLOCK.

        Raises:
            ModerationError: nothing more of the text is released.
        """
        opened = await self.open_stream(StreamOptions(_role(role), policy, hold_review))
        try:
            async for event in events_of(opened, pieces):
                yield event
        finally:
            await opened.close()

    async def open_stream(self, start: StreamOptions) -> Streaming:
        """A stream to feed by hand; close it when it is over."""
        return await self._transport.open_stream(start)

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
        super().__init__(InProcess(settings or load_settings(**overrides)))


class AsyncClient(_Async):
    """A service over HTTP, for asynchronous programs."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Args:
        base_url: address of the service; http://127.0.0.1:8080 if left out.
        api_key: sent as a bearer token.
        timeout_s: per request; 60 if left out.
        http: a client of one's own instead of all these (proxies, certificates). A stream opens a connection of its
            own: of this client it has base address, headers, cookies, `auth` and the time limit for reading, no more.
        """
        super().__init__(Http(base_url, api_key=api_key, timeout_s=timeout_s, http=http))


class _LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open = True
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._loop.run_forever, name="moderation", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """The result of a coroutine that is run on the loop.

        Raises:
            ModerationError: code `closed`: the loop is, or was closed meanwhile.
        """
        with self._turn:
            if not self._open:
                raise ModerationError("this is closed; make another", code="closed")
            future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise ModerationError("closed while it was judging", code="closed") from None
        except BaseException:
            future.cancel()
            raise

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Runs one more coroutine, ends what else is running, and ends the thread."""
        with self._turn:
            self._open = False
        asyncio.run_coroutine_threadsafe(self._end(last), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self, last: Coroutine[Any, Any, None]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await last


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
        redact: bool = False,
    ) -> ModerationResult:
        """Judges one content; arguments, result and errors as in `AsyncModerator.moderate`."""
        return self._thread.run(
            lambda: self._asynchronous.moderate(
                judged, role=role, conversation=conversation, policy=policy, derived=derived, redact=redact
            )
        )

    def moderate_many(self, contents: Sequence[Input | Content]) -> list[Outcome]:
        """Judges many contents: a result, or an error of its own, for each, in order."""
        return self._thread.run(lambda: self._asynchronous.moderate_many(contents))

    def stream(
        self,
        pieces: Iterable[str],
        *,
        role: Role | str = Role.ASSISTANT,
        policy: str | None = None,
        hold_review: bool = False,
    ) -> Iterator[StreamEvent]:
        """Judges a text as it comes; arguments, events and errors as in `AsyncModerator.stream`.

        The pieces are taken one at a time, as events are asked for; over HTTP in a thread of their own, so that what
        arrives while the next piece is waited for is given at once.
        """
        start = StreamOptions(_role(role), policy, hold_review)
        opened = self._thread.run(lambda: self._asynchronous.open_stream(start))
        try:
            if isinstance(opened, Arriving):
                yield from self._arriving(opened, pieces)
                return
            for piece in pieces:
                checked = checked_piece(piece)
                yield from self._thread.run(partial(opened.feed, checked))
            is_over = False
            while not is_over:
                for event in self._thread.run(opened.finish):
                    yield event
                    is_over = event.type == "done"
        finally:
            self._thread.run(opened.close)

    def _arriving(self, opened: Arriving, pieces: Iterable[str]) -> Iterator[StreamEvent]:
        taken = FromThread(pieces)
        events = events_of(opened, taken)

        async def following() -> StreamEvent | None:
            return await anext(events, None)

        async def ended() -> None:
            with contextlib.suppress(RuntimeError):  # it was interrupted, and ends by itself
                await events.aclose()

        try:
            while (event := self._thread.run(following)) is not None:
                yield event
        except GenerationError as error:
            raise error.cause from None
        finally:
            taken.stop()
            self._thread.run(ended)

    def close(self) -> None:
        """Frees models, connections and the thread; may be called twice. Calls that run get a `closed` error."""
        if not self._closed:
            self._closed = True
            self._thread.stop(self._asynchronous.close())

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
        self, base_url: str | None = None, *, api_key: str | None = None, timeout_s: float | None = None
    ) -> None:
        """Args:
        base_url: address of the service; http://127.0.0.1:8080 if left out.
        api_key: sent as a bearer token.
        timeout_s: per request; 60 if left out.
        """
        super().__init__(AsyncClient(base_url, api_key=api_key, timeout_s=timeout_s))
