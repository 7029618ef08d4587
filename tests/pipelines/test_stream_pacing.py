"""A long piece of a stream holds up nothing else, and a stream is one call after the other until it is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from time import thread_time

import pytest
from support.engines import fake_engine, fake_models
from support.streams import PIECES, PROFILE

from moderation.errors import InvalidRequestError, OverloadedError
from moderation.models.fake import Behaviour
from moderation.personal.find import held_back
from moderation.pipelines.stream import Stream
from moderation.schema import Content, StreamEvent, StreamOptions

SENTENCE = "The weather in Paris is lovely today. "
HELD_S = 0.06  # it is a quarter of that, but other machines are slower
KEY = "-----BEGIN PRIVATE KEY-----\n"


async def longest_hold(stream: Stream, piece: str) -> tuple[float, float]:
    """The most processor time that the loop's thread spent before anything else had its turn; and all of it."""
    holds: list[float] = []

    async def beat() -> None:
        since = thread_time()
        while True:
            await asyncio.sleep(0)
            now = thread_time()
            holds.append(now - since)
            since = now

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0)
    began = thread_time()
    with contextlib.suppress(OverloadedError):
        await stream.feed(piece)
    took = thread_time() - began
    await asyncio.sleep(0)
    beating.cancel()
    return max(holds), took


@pytest.mark.parametrize("sentence", [SENTENCE, "好。", KEY, KEY + "a.b@c。" * 60])
def test_a_long_piece_is_cut_a_moment_at_a_time(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(contents: Sequence[Content]) -> None:
        raise OverloadedError("the text was cut, and that is all")

    async def scenario() -> tuple[float, float]:
        held_back("")  # the forms are made once
        engine = fake_engine(profile=PROFILE)
        monkeypatch.setattr(engine, "moderate_many", refuse)
        held = await longest_hold(Stream(engine, StreamOptions()), (sentence * 30_000)[:30_000])
        await engine.close()
        return held

    held_s, took_s = asyncio.run(scenario())
    if held_s >= HELD_S:  # a collection of garbage may have fallen into it
        held_s, took_s = asyncio.run(scenario())
    assert held_s < HELD_S, f"{held_s} of {took_s}"


def test_pieces_at_once_are_judged_as_if_one_came_after_the_other() -> None:
    pieces = [(f"{place} " + SENTENCE) * 60 for place in range(4)]

    async def events(*, together: bool) -> list[StreamEvent]:
        engine = fake_engine(profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        given = (
            await asyncio.gather(*map(stream.feed, pieces))
            if together
            else [await stream.feed(piece) for piece in pieces]
        )
        told = [event for some in given for event in some] + await stream.finish()
        await engine.close()
        return told

    assert asyncio.run(events(together=True)) == asyncio.run(events(together=False))


@pytest.mark.parametrize("end", ["finish", "close"])
def test_nothing_is_told_after_the_end(end: str) -> None:
    async def scenario() -> None:
        engine = fake_engine(profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        await stream.feed(PIECES[0])
        await getattr(stream, end)()
        for call in (stream.feed(PIECES[0] * 2), stream.finish()):
            with pytest.raises(InvalidRequestError) as refused:
                await call
            assert refused.value.code == "invalid_stream"
        await engine.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("waits", [False, True])
def test_a_piece_given_up_before_it_was_judged_ends_the_stream(waits: bool) -> None:
    async def scenario() -> None:
        engine = fake_engine(fake_models(text=Behaviour.HANG if waits else Behaviour.ANSWER), profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        before = asyncio.create_task(stream.feed(PIECES[0] * 2 if waits else ""))
        await asyncio.sleep(0.02)
        given_up = asyncio.create_task(stream.feed(SENTENCE * 1_000))  # waits for the one before, or is being cut
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert stream.failure is not None
        assert stream.failure.code == "invalid_stream"
        before.cancel()
        await asyncio.wait([before])
        with pytest.raises(InvalidRequestError, match="given up"):
            await stream.finish()
        await engine.close()

    asyncio.run(scenario())
