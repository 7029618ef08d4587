"""Events over HTTP are given as they arrive, also while the generator of the text pauses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from typing import Any, cast

import pytest

from moderation.client import _Async, _Sync
from moderation.errors import InvalidRequestError, ModerationError
from moderation.schema import Content, Decision, StreamEvent, StreamOptions
from moderation.stream_client import RemoteStream
from moderation.stream_pieces import events_of
from moderation.transports import Outcome

WAIT_S = 20.0  # a test that waits so long has failed
PIECES = ["One sentence. ", "and an", "other. ", "the end"]


class Socket:
    """Decides a sentence a little after its end came; `refuses` one that says so."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str | None] = asyncio.Queue()
        self.closed = False
        self._start = self._end = 0

    async def send(self, message: str) -> None:
        value = json.loads(message)
        text = value.get("text", "")
        self._end += len(text)
        if "refuse" in text:
            self._later({"error": {"type": "invalid_request", "code": "unknown_policy", "message": "no"}})
        elif text.endswith(". ") or value["type"] == "end":
            self._later(self._event("unit"))
            self._start = self._end
        if value["type"] == "end":
            self._later(self._event("done"))

    def _event(self, kind: str) -> dict[str, Any]:
        start = 0 if kind == "done" else self._start
        return {"type": kind, "span": [start, self._end], "decision": "allow", "findings": [], "unjudged": [],
                "category_scores": {}}  # fmt: skip

    def _later(self, said: dict[str, Any]) -> None:
        asyncio.get_running_loop().call_later(0.01, self.told.put_nowait, json.dumps(said))

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> str:
        said = await self.told.get()
        if said is None:
            raise StopAsyncIteration
        return said

    async def close(self) -> None:
        self.closed = True


class Remote:
    def __init__(self) -> None:
        self.socket = Socket()

    async def send(self, contents: Sequence[Content]) -> list[Outcome]:
        raise NotImplementedError

    async def open_stream(self, options: StreamOptions) -> RemoteStream:
        return RemoteStream(cast("Any", self.socket), WAIT_S)

    async def close(self) -> None:
        pass


def spans(events: Sequence[StreamEvent]) -> list[tuple[str, tuple[int, int]]]:
    return [(event.type, event.span) for event in events]


EXPECTED = [("unit", (0, 14)), ("unit", (14, 27)), ("unit", (27, 34)), ("done", (0, 34))]


def test_an_asynchronous_generator_that_pauses_holds_no_event_up() -> None:
    async def scenario() -> None:
        given: list[StreamEvent] = []
        first = asyncio.Event()

        async def generated() -> AsyncIterator[str]:
            async with asyncio.timeout(WAIT_S):  # one task takes all pieces
                yield PIECES[0]
                await first.wait()
                for piece in PIECES[1:]:
                    yield piece

        async for event in _Async(Remote()).stream(generated()):
            given.append(event)
            first.set()
        assert spans(given) == EXPECTED

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


def test_a_plain_generator_that_pauses_holds_no_event_up() -> None:
    first = threading.Event()
    waited: list[bool] = []

    def generated() -> Iterator[str]:
        yield PIECES[0]
        waited.append(first.wait(WAIT_S))
        yield from PIECES[1:]

    remote = Remote()
    client = _Sync(_Async(remote))
    given = []
    for event in client.stream(generated()):
        given.append(event)
        first.set()
    client.close()
    assert waited == [True]
    assert spans(given) == EXPECTED
    assert remote.socket.closed


def test_a_refusal_is_raised_while_the_generator_pauses() -> None:
    over = threading.Event()

    def generated() -> Iterator[str]:
        yield "refuse"
        over.wait(WAIT_S)
        yield "more"

    client = _Sync(_Async(Remote()))
    with pytest.raises(ModerationError) as refused:
        list(client.stream(generated()))
    assert refused.value.code == "unknown_policy"
    assert not over.is_set()
    over.set()
    client.close()


def test_pieces_are_taken_one_at_a_time_as_events_are_asked_for() -> None:
    taken: list[int] = []

    def generated() -> Iterator[str]:
        for number in count():
            taken.append(number)
            yield "One sentence. "

    client = _Sync(_Async(Remote()))
    events = cast("Any", client.stream(generated()))
    next(events)
    before = len(taken)
    threading.Event().wait(0.1)
    assert len(taken) <= before + 1  # the one that was asked for
    events.close()
    client.close()
    assert len(taken) <= before + 1


@pytest.mark.parametrize(
    "failure", [ValueError("mine"), StopAsyncIteration(), SystemExit(3), ModerationError("mine", code="x")]
)
def test_what_the_generator_raises_is_raised(failure: BaseException) -> None:
    def generated() -> Iterator[str]:
        yield "One"
        raise failure

    client = _Sync(_Async(Remote()))
    with pytest.raises(type(failure)) as raised:
        list(client.stream(generated()))
    assert raised.value is failure
    client.close()


@pytest.mark.parametrize("wrong", [None, b"bytes", 1])
def test_what_is_no_text_is_refused(wrong: object) -> None:
    async def generated() -> AsyncIterator[str]:
        yield "One"
        yield cast("str", wrong)

    async def scenario() -> None:
        with pytest.raises(InvalidRequestError):
            [event async for event in _Async(Remote()).stream(generated())]

    asyncio.run(scenario())
    client = _Sync(_Async(Remote()))
    with pytest.raises(InvalidRequestError):
        list(client.stream([cast("str", wrong)]))
    client.close()


def test_a_reader_that_leaves_ends_the_generator() -> None:
    async def scenario() -> None:
        ended: list[str] = []

        async def generated() -> AsyncIterator[str]:
            try:
                yield PIECES[0]
                await asyncio.Event().wait()
            finally:
                ended.append("generator")

        events = events_of(await Remote().open_stream(StreamOptions()), generated())
        assert (await anext(events)).decision is Decision.ALLOW
        await events.aclose()
        assert ended == ["generator"]

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


def test_a_generator_that_does_not_let_go_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.stream_pieces._GIVEN_UP_S", 0.1)

    async def scenario() -> None:
        over = asyncio.Event()

        async def generated() -> AsyncIterator[str]:
            yield "refuse"
            while not over.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await over.wait()

        opened = await Remote().open_stream(StreamOptions())
        with pytest.raises(ModerationError) as refused:
            [event async for event in events_of(opened, generated())]
        assert refused.value.code == "unknown_policy"
        over.set()
        await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


def test_an_open_stream_can_be_waited_for() -> None:
    async def scenario() -> None:
        remote = Remote()
        opened = await remote.open_stream(StreamOptions())
        assert await opened.feed(PIECES[0]) == []
        waiting = asyncio.create_task(opened.arrived())
        await asyncio.sleep(0)
        waiting.cancel()  # loses nothing
        assert spans(await opened.arrived()) == [EXPECTED[0]]
        remote.socket.told.put_nowait(None)
        with pytest.raises(ModerationError) as closed:
            await opened.arrived()
        assert closed.value.code == "connection_failed"
        with pytest.raises(ModerationError):
            await opened.finish()
        await opened.close()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


class Slow(Socket):
    """Takes a message only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []
        self.open = asyncio.Event()

    async def send(self, message: str) -> None:
        self.taken.append(json.loads(message).get("text", ""))
        await self.open.wait()


def test_a_piece_that_was_given_up_while_it_was_sent_ends_the_stream() -> None:
    async def scenario() -> None:
        socket = Slow()
        opened = RemoteStream(cast("Any", socket), WAIT_S)
        waiting = asyncio.create_task(opened.arrived())
        sending = asyncio.create_task(opened.feed("a" * 10_000))
        await asyncio.sleep(0.01)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        socket.open.set()
        for call in (lambda: waiting, lambda: opened.feed("b"), opened.arrived, opened.ending, opened.finish):
            with pytest.raises(InvalidRequestError) as refused:
                await call()
            assert refused.value.code == "invalid_stream"
        assert len(socket.taken) == 1  # not the text with a hole in it
        await opened.close()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


def test_after_the_end_no_piece_is_taken() -> None:
    async def scenario() -> None:
        remote = Remote()
        opened = await remote.open_stream(StreamOptions())
        await opened.feed(PIECES[0])
        given = [event.type for event in await opened.ending()]
        with pytest.raises(InvalidRequestError) as refused:
            await opened.feed("more")
        assert refused.value.code == "invalid_stream"
        given += [event.type for event in await opened.finish()] if "done" not in given else []
        assert given[-1] == "done"
        await opened.close()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


def test_two_pieces_at_once_are_sent_one_after_the_other() -> None:
    async def scenario() -> None:
        socket = Slow()
        opened = RemoteStream(cast("Any", socket), WAIT_S)
        both = [asyncio.create_task(opened.feed(letter * 10_000)) for letter in "ab"]
        await asyncio.sleep(0.01)
        socket.open.set()
        await asyncio.gather(*both)
        assert "".join(socket.taken) == "a" * 10_000 + "b" * 10_000
        await opened.close()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))
