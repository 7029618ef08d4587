"""The pieces of a streamed text: past its limit, in halves of a character, with what is no Unicode."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.engines import fake_engine
from support.streams import PIECES, PROFILE

from moderation import Moderator
from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.limits import Limits
from moderation.pipelines.intake import Intake
from moderation.pipelines.stream import Stream
from moderation.schema import StreamEvent, StreamOptions

LIMIT = 600
SMILE = "\N{GRINNING FACE}"
HALVES = "\ud83d", "\ude00"


def told(chunks: Sequence[str], limit: int = LIMIT) -> tuple[list[StreamEvent], tuple[str, str] | None]:
    """The events of a stream up to its end, and what ended it if not the end of the text."""

    async def scenario() -> tuple[list[StreamEvent], tuple[str, str] | None]:
        engine = fake_engine(profile=PROFILE, limits=Limits(max_text_chars=limit))
        stream, events = Stream(engine, StreamOptions()), []
        try:
            for chunk in chunks:
                events += await stream.feed(chunk)
            return events + await stream.finish(), None
        except ModerationError as error:
            refused = [error, stream.failure]
            for call in (stream.feed("more"), stream.finish()):
                with pytest.raises(type(error)) as again:
                    await call
                refused.append(again.value)
            if any(one is not error for one in refused):
                pytest.fail("each call raises the same")
            return events, (error.code, str(error))
        finally:
            await engine.close()

    return asyncio.run(scenario())


@st.composite
def chunked(draw: st.DrawFn) -> list[str]:
    said = draw(st.lists(st.sampled_from([*PIECES, *HALVES, "".join(HALVES), SMILE, "word " * 60]), max_size=25))
    text = "".join(said)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@example(chunks=["x" * LIMIT + "\ud83d", "\ude00"])
@example(chunks=["x" * LIMIT, "\ud83d", "x"])
@example(chunks=["x" * LIMIT, "\ude00"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chunked())
def test_how_a_text_comes_changes_no_event_and_no_refusal(chunks: list[str]) -> None:
    assert told(chunks) == told(["".join(chunks)]) == told(list("".join(chunks)))


def test_a_piece_past_the_limit_releases_what_smaller_ones_would() -> None:
    text = "An ordinary sentence that is said again and again. " * 40
    events, refused = told([text])
    assert (events, refused) == told([text[place : place + 10] for place in range(0, len(text), 10)])
    assert refused is not None
    assert refused[0] == "text_too_long"
    assert LIMIT - 51 < len("".join(event.text or "" for event in events)) <= LIMIT
    assert told([text[:LIMIT]])[1] is None


def test_a_stream_that_was_too_long_is_over() -> None:
    assert told(["a" * 60, "a" * 41], 100)[0] == []


def test_halves_of_a_character_are_one_of_it() -> None:
    whole, _ = told([f"a {SMILE} smile"])
    assert whole[-1].span == (0, 9)
    for pieces in (["a \ud83d", "\ude00 smile"], ["a ", "\ud83d", "", "\ude00", " smile"], ["a \ud83d\ude00 smile"]):
        assert told(pieces) == (whole, None)
    with Moderator(profile="fake") as moderator:
        assert [event.text for event in moderator.stream(["a \ud83d", "\ude00 smile"])] == [f"a {SMILE} smile", None]


@pytest.mark.parametrize(
    ("pieces", "place"),
    [
        (["a\ud83d"], 1),
        (["a\ud83d", "b"], 1),
        (["\ude00"], 0),
        (["ab", "\ud83d\ud83d\ude00"], 2),
        ([f"{SMILE}\ude00"], 1),
    ],
)
def test_a_half_that_stays_alone_is_refused(pieces: list[str], place: int) -> None:
    events, refused = told(pieces)
    assert events == []
    assert refused == ("invalid_unicode", f"a lone surrogate at character {place}: this is not valid Unicode")


def test_the_first_fault_counts() -> None:
    intake = Intake(3)
    assert intake.take("a\ud83d") == ("a", None)
    text, error = intake.take("\ude00bcd\udc00")
    assert text == f"{SMILE}b"
    assert isinstance(error, TooLargeError)
    assert isinstance(Intake(3).take("ab\udc00cd")[1], InvalidRequestError)
