"""Hands the pieces of a generated text to a stream, and gives its events as soon as they are known.

In process they are known with the piece. Over HTTP they arrive by themselves, also while the generator pauses, so that
taking pieces and receiving events go on side by side. Pieces are taken one at a time, each only while an event is asked
for, so that a slow reader slows the generator down. What it cannot do: a plain iterable that waits on an event loop
holds up that loop, and with it what arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import Any

from moderation.errors import InvalidRequestError
from moderation.schema import StreamEvent
from moderation.transports import Arriving, Streaming

_GIVEN_UP_S = 5.0  # how long a generator that is given up may take to clean up
_OVER = object()
_Asked = asyncio.Future[str | None]  # the next piece; None after the last


class GenerationError(Exception):
    """Taking a piece in another thread failed; `cause` is what the generator raised, whatever it was."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.cause = cause


def checked_piece(piece: object) -> str:
    """The piece.

    Raises:
        InvalidRequestError: it is no text.
    """
    if not isinstance(piece, str):
        message = f"a stream is made of texts, not of {type(piece).__name__}"
        raise InvalidRequestError(message, code="invalid_type", param="text")
    return piece


async def events_of(opened: Streaming, pieces: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[StreamEvent, None]:
    """All events of a text, `done` the last; the stream is left open.

    Raises:
        ModerationError: as `Streaming.feed`.
    """
    if isinstance(opened, Arriving) and isinstance(pieces, AsyncIterable):
        async with contextlib.aclosing(_beside(opened, pieces)) as events:
            async for event in events:
                yield event
    else:
        async for piece in _each(pieces):
            for event in await opened.feed(checked_piece(piece)):
                yield event
    is_over = False
    while not is_over:
        for event in await (opened.ending() if isinstance(opened, Arriving) else opened.finish()):
            yield event
            is_over = event.type == "done"


async def _each(pieces: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(pieces, AsyncIterable):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece


async def _beside(opened: Arriving, pieces: AsyncIterable[str]) -> AsyncGenerator[StreamEvent, None]:
    """Events while pieces are taken, `done` and what comes after the last piece left out."""
    asked: asyncio.Queue[_Asked] = asyncio.Queue()
    taking = asyncio.create_task(_take(pieces, asked))
    try:
        while True:
            piece: _Asked = asyncio.get_running_loop().create_future()
            asked.put_nowait(piece)
            while not piece.done():
                for event in await _arrived_before(opened, piece):
                    yield event
            text = piece.result()
            if text is None:
                return
            for event in await opened.feed(text):
                yield event
    finally:
        taking.cancel()
        await asyncio.wait([taking], timeout=_GIVEN_UP_S)  # it may hold on, and what ended the stream must be told


async def _arrived_before(opened: Arriving, piece: _Asked) -> list[StreamEvent]:
    """The next events, none if the piece is there first."""
    arriving = asyncio.create_task(opened.arrived())
    both: list[asyncio.Future[Any]] = [piece, arriving]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not arriving.done():
            arriving.cancel()
    return arriving.result() if arriving.done() else []


async def _take(pieces: AsyncIterable[str], asked: asyncio.Queue[_Asked]) -> None:
    """One task takes all pieces, so that a generator may hold what belongs to a task, such as a time-out."""
    piece = await asked.get()
    try:
        async for text in pieces:
            piece.set_result(checked_piece(text))
            piece = await asked.get()
        piece.set_result(None)
    except BaseException as error:
        if not piece.done():
            piece.set_exception(error)
            piece.exception()  # seen, even where nobody waits any more
        if not isinstance(error, Exception):
            raise


class FromThread:
    """A plain iterable as an asynchronous one: a thread takes each piece when it is asked for.

    The thread ends after `stop`, with the piece it waits for; a program need not wait for it.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self._asked: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, _Asked] | None] = queue.SimpleQueue()
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._take,), name="moderation-pieces", daemon=True).start()

    def stop(self) -> None:
        """No further piece is asked for."""
        self._asked.put(None)

    async def __aiter__(self) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        while True:
            piece: _Asked = loop.create_future()
            self._asked.put((loop, piece))
            if (text := await piece) is None:
                return
            yield text

    def _take(self) -> None:
        pieces = None
        while (asked := self._asked.get()) is not None:
            loop, piece = asked
            text, error = None, None
            try:
                pieces = iter(self._pieces) if pieces is None else pieces
                taken = next(pieces, _OVER)
                text = None if taken is _OVER else checked_piece(taken)
            except BaseException as raised:  # noqa: BLE001 - it is raised where the events are asked for
                error = GenerationError(raised)
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(_settle, piece, text, error)


def _settle(piece: _Asked, text: str | None, error: GenerationError | None) -> None:
    if piece.done():
        return
    if error is not None:
        piece.set_exception(error)
    else:
        piece.set_result(text)
