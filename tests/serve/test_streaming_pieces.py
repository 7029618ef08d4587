"""Pieces of a stream over HTTP: of any size, past the limit, in halves of a character; as in process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pytest
from support.servers import Server, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from moderation import Client, Moderator
from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.limits import Limits
from moderation.schema import StreamEvent

LIMIT = 9_000
SENTENCE = "A sentence of ordinary words that is long enough to be a unit of its own. "
SMILE = "\N{GRINNING FACE}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--profile", "fake", environment={"MODERATION_LIMITS_MAX_TEXT_CHARS": str(LIMIT)}) as server:
        yield server


def told(events: Iterable[StreamEvent]) -> tuple[list[StreamEvent], ModerationError | None]:
    """Events, and what ended them."""
    given = []
    try:
        for event in events:
            given.append(event)  # noqa: PERF402 - those before an error are kept
    except ModerationError as error:
        return given, error
    return given, None


def test_what_is_released_before_the_limit_is_told_over_http_too(server: Server) -> None:
    text = "".join(f"{number} {SENTENCE}" for number in range(200))
    with Client(server.url) as client, Moderator(profile="fake", limits=Limits(max_text_chars=LIMIT)) as moderator:
        expected, _ = told(moderator.stream([text]))
        assert LIMIT - 100 < sum(len(event.text or "") for event in expected) <= LIMIT
        for size in (500, len(text)):
            pieces = [text[place : place + size] for place in range(0, len(text), size)]
            events, error = told(client.stream(pieces))
            assert isinstance(error, TooLargeError)
            assert error.code == "text_too_long"
            assert [(event.span, event.text) for event in events] == [(event.span, event.text) for event in expected]


@pytest.mark.parametrize(
    ("text", "code", "closed"),
    [
        (f"1 {SENTENCE}2 {SENTENCE}\ud83d and more", "invalid_unicode", 1008),
        (SENTENCE * 200, "text_too_long", 1009),
    ],
)
def test_what_ends_a_stream_is_told_after_the_units_before_it_and_not_with_the_next_message(
    server: Server, text: str, code: str, closed: int
) -> None:
    text = text[: LIMIT + 100]
    with connect(f"{server.url.replace('http', 'ws')}/v1/moderate/stream", proxy=None) as socket:
        socket.send(json.dumps({"type": "text", "text": text}))
        said = [json.loads(socket.recv(20))]
        while "error" not in said[-1]:
            said.append(json.loads(socket.recv(20)))
        with pytest.raises(ConnectionClosed):
            socket.recv(20)
        assert (said[-1]["error"]["code"], socket.close_code) == (code, closed)
    *units, _ = said
    assert units
    assert text.startswith("".join(unit["text"] for unit in units))


def test_a_long_piece_is_sent_in_several_messages(server: Server) -> None:
    text = SMILE * (LIMIT - 100)  # escaped, this is more than a message may have
    with Client(server.url) as client:
        events = list(client.stream([text]))
    assert "".join(event.text or "" for event in events) == text
    assert events[-1].type == "done"


def test_halves_of_a_character_over_two_pieces_are_joined(server: Server) -> None:
    with Client(server.url) as client:
        for pieces in (["a \ud83d", "\ude00 smile"], ["a \ud83d\ude00 smile"], ["a " + SMILE, " smile"]):
            assert [event.text for event in client.stream(pieces)] == [f"a {SMILE} smile", None]
        for wrong in (["a \ud83d"], ["a \ud83d", "b"], ["\ude00"]):
            with pytest.raises(InvalidRequestError) as refused:
                list(client.stream(wrong))
            assert refused.value.code == "invalid_unicode"


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_what_stands_before_a_fault_is_told_as_in_process(server: Server, cut: int) -> None:
    text = f"1 {SENTENCE}2 {SENTENCE}3 {SENTENCE}{SMILE} \ud83d and more"
    pieces = [text[place : place + cut] for place in range(0, len(text), cut)]
    with Client(server.url) as client, Moderator(profile="fake") as moderator:
        expected, refused = told(moderator.stream([text]))
        events, error = told(client.stream(pieces))
    assert [(event.type, event.span, event.text) for event in events] == [
        (event.type, event.span, event.text) for event in expected
    ]
    assert len(events) == 3
    assert isinstance(error, InvalidRequestError)
    assert isinstance(refused, InvalidRequestError)
    assert (error.code, str(error)) == (refused.code, str(refused))
    assert error.code == "invalid_unicode"
