"""Streams that cannot go on, stages that fail in one, and what is refused at once."""

from __future__ import annotations

import asyncio

import pytest
from support.engines import fake_engine, fake_models
from support.streams import PIECES, PROFILE

from moderation.errors import InvalidRequestError, TooLargeError
from moderation.limits import Limits
from moderation.models.fake import Behaviour
from moderation.pipelines.stream import Stream
from moderation.schema import Decision, StreamEvent, StreamOptions


def test_units_before_one_that_fails_are_told() -> None:
    async def scenario() -> None:
        engine = fake_engine(profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        events = await stream.feed(PIECES[0] * 2 + "and a wrong one \ud800 in a sentence that is a unit. ")
        assert [(event.type, event.text) for event in events] == [("unit", PIECES[0] * 2)]
        for call in (stream.feed("more"), stream.finish()):
            with pytest.raises(InvalidRequestError) as refused:
                await call
            assert refused.value.code == "invalid_unicode"
        assert stream.failure is refused.value
        await engine.close()

    asyncio.run(scenario())


def test_a_stage_that_fails_shows_in_its_unit() -> None:
    async def scenario() -> list[StreamEvent]:
        engine = fake_engine(fake_models(text=Behaviour.FAIL), profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        try:
            await stream.feed("some words")
            return await stream.finish()
        finally:
            await engine.close()

    unit, done = asyncio.run(scenario())
    assert [gap.reason for gap in unit.unjudged] == ["model_failed"]
    assert unit.decision is done.decision is Decision.REVIEW


def test_bounds_and_wrong_options_are_refused() -> None:
    async def scenario() -> None:
        engine = fake_engine(limits=Limits(max_text_chars=100))
        with pytest.raises(InvalidRequestError) as unknown:
            Stream(engine, StreamOptions(policy="nowhere"))
        assert unknown.value.code == "unknown_policy"
        stream = Stream(engine, StreamOptions())
        await stream.feed("a" * 60)
        with pytest.raises(TooLargeError) as large:
            await stream.feed("a" * 41)
        assert large.value.code == "text_too_long"
        await engine.close()

    asyncio.run(scenario())


def test_a_stream_that_was_given_up_while_a_text_was_judged_is_over() -> None:
    async def scenario() -> None:
        engine = fake_engine(fake_models(text=Behaviour.HANG), profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.feed(PIECES[0] * 2), 0.05)
        for call in (stream.feed("more"), stream.finish()):
            with pytest.raises(InvalidRequestError) as refused:
                await call
            assert refused.value.code == "invalid_stream"
        await engine.close()

    asyncio.run(scenario())
