"""The WebSocket of a stream: the same events as in process, refusals, keys."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect
from support.engines import fake_engine, fake_models
from support.servers import Server, serving, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from moderation import AsyncClient, Client, Moderator
from moderation.errors import (
    AuthenticationError,
    InvalidRequestError,
    ModerationError,
    RequestTimeoutError,
    TooLargeError,
)
from moderation.limits import Limits
from moderation.models.base import Classification
from moderation.models.fake import FakeTextClassifier
from moderation.pipelines.metrics import Metrics
from moderation.schema import Decision, StreamEvent
from moderation.serve.streaming import Reader, _serve, send

PATH = "/v1/moderate/stream"
TEXT = (
    "A sentence that is long enough to be a unit of its own. "
    "⟦hate=0.99⟧ stands in the second one, which is held. The end."
)
KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--profile", "fake", environment={"MODERATION_LIMITS_MAX_STREAMS": "2"}) as server:
        yield server


def address(server: Server) -> str:
    return server.url.replace("http", "ws") + PATH


def talk(server: Server, messages: Sequence[Any]) -> tuple[list[dict[str, Any]], int]:
    """What the server says to messages until it closes, and the code it closes with."""
    with connect(address(server), proxy=None) as socket:
        for message in messages:
            socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        said = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                said.append(json.loads(socket.recv(20)))
        return said, socket.close_code or 0


def pieces(size: int) -> list[str]:
    return [TEXT[start : start + size] for start in range(0, len(TEXT), size)]


def settled(events: Sequence[StreamEvent]) -> list[tuple[Any, ...]]:
    return [(event.type, event.span, event.decision, event.text, len(event.findings)) for event in events]


def test_over_http_and_in_process_a_stream_has_the_same_events(server: Server) -> None:
    with Moderator(profile="fake") as moderator, Client(server.url) as client:
        expected = list(moderator.stream([TEXT]))
        assert [event.type for event in expected] == ["unit", "unit", "unit", "done"]
        for size in (1, 10, len(TEXT)):
            assert settled(list(client.stream(pieces(size)))) == settled(expected)
            assert list(moderator.stream(pieces(size))) == expected
        held = list(client.stream(["⟦violence=0.9⟧ and words"], hold_review=True))
        assert held[0].text is None


def test_the_asynchronous_client_takes_both_kinds_of_iterables(server: Server) -> None:
    async def generated() -> Any:
        for piece in pieces(9):
            yield piece

    async def scenario() -> None:
        async with AsyncClient(server.url) as client:
            first = [event async for event in client.stream(generated(), role="user", policy="default")]
            second = [event async for event in client.stream(pieces(9), role="user")]
            assert settled(first) == settled(second)
            assert first[-1].type == "done"

    asyncio.run(scenario())


def test_a_stream_may_begin_without_start(server: Server) -> None:
    said, code = talk(server, [{"type": "text", "text": "hello"}, {"type": "end"}])
    assert [event["type"] for event in said] == ["unit", "done"]
    assert said[0]["text"] == "hello"
    assert code == 1000


@pytest.mark.parametrize(
    ("messages", "code", "param"),
    [
        (["{"], "invalid_json", None),
        ([b"bytes"], "invalid_stream", None),
        (["[1]"], "invalid_type", None),
        ([{"type": "shout"}], "invalid_value", "type"),
        ([{"text": "a"}], "missing_field", "type"),
        ([{"type": "text"}], "missing_field", "text"),
        ([{"type": "text", "text": 1}], "invalid_type", "text"),
        ([{"type": "text", "text": "a", "more": 1}], "unknown_field", "more"),
        ([{"type": "end", "a.b": 1}], "unknown_field", "a.b"),
        ([{"type": "end", "text": "a"}], "unknown_field", "text"),
        (['{"type": "text", "text": "\\ud800a"}'], "invalid_unicode", "text"),
        (['{"type": "text", "text": "\\ud800"}', '{"type": "text", "text": "a"}'], "invalid_unicode", "text"),
        (['{"type": "text", "text": "a\\ud800"}', {"type": "end"}], "invalid_unicode", "text"),
        (['{"type": "text", "text": "\\udc00"}'], "invalid_unicode", "text"),
        ([{"type": "start", "policy": "nowhere"}, {"type": "end"}], "unknown_policy", "policy"),
        ([{"type": "start", "role": "king"}], "invalid_value", "role"),
        ([{"type": "start"}, {"type": "start"}], "invalid_stream", "type"),
        ([{"type": "text", "text": "a" * 70_000}], "message_too_large", None),
    ],
)
def test_what_is_wrong_is_refused_with_its_code_and_field(
    server: Server, messages: list[Any], code: str, param: str | None
) -> None:
    said, how = talk(server, messages)
    assert (said[-1]["error"]["code"], said[-1]["error"]["param"]) == (code, param)
    assert "body" not in said[-1]["error"]["message"]
    assert how == (1009 if code == "message_too_large" else 1008)
    assert talk(server, [{"type": "end"}])[0][-1]["type"] == "done"  # and the next is served


def test_an_unknown_policy_is_refused_at_start_as_by_a_request(server: Server) -> None:
    request = httpx.post(f"{server.url}/v1/moderate", json={"input": "a", "policy": "nowhere"}, timeout=20)
    with connect(address(server), proxy=None) as socket:
        socket.send(json.dumps({"type": "start", "policy": "nowhere"}))
        refused = json.loads(socket.recv(20))["error"]
        with pytest.raises(ConnectionClosed):
            socket.recv(20)
        assert socket.close_code == 1008
    assert refused["code"] == "unknown_policy"
    assert request.json()["error"] | {"request_id": None} == refused | {"request_id": None}


def test_a_character_may_be_cut_in_two_by_a_message(server: Server) -> None:
    halves = ['{"type": "text", "text": "a \\ud83d"}', '{"type": "text", "text": "\\ude00 smile"}']
    said, code = talk(server, [*halves, {"type": "end"}])
    assert [event["type"] for event in said] == ["unit", "done"]
    assert said[0]["text"] == "a \N{GRINNING FACE} smile"
    assert code == 1000


class Chatty:
    """A client that says nothing, again and again, and reads nothing."""

    def __init__(self) -> None:
        self.sent = 0

    async def receive(self) -> dict[str, str]:
        await asyncio.sleep(0.03)
        self.sent += 1
        return {"type": "websocket.receive", "text": '{"type": "text", "text": ""}'}

    async def send_text(self, _: str) -> None:
        await asyncio.Event().wait()


def test_empty_texts_keep_no_stream_open() -> None:
    async def scenario() -> int:
        async def all_of(reader: Reader) -> None:
            while client.sent < 100:
                await reader.next()

        client = Chatty()
        reader = Reader(cast("WebSocket", client), Limits(idle_timeout_s=0.2))
        with pytest.raises(RequestTimeoutError) as late:
            await all_of(reader)
        assert late.value.code == "stream_timeout"
        return client.sent

    assert 1 <= asyncio.run(scenario()) < 20


class Wide(Chatty):
    """A client that sends a message of many values."""

    async def receive(self) -> dict[str, str]:
        return {"type": "websocket.receive", "text": json.dumps({"type": "text", "text": "," * 60})}


@pytest.mark.parametrize(("most", "refused"), [(50, True), (100, False)])
def test_a_message_has_no_more_values_than_a_body(most: int, refused: bool) -> None:
    reader = Reader(cast("WebSocket", Wide()), Limits(max_json_values=most))
    if not refused:
        assert asyncio.run(reader.next())["text"] == "," * 60
        return
    with pytest.raises(TooLargeError) as error:
        asyncio.run(reader.next())
    assert error.value.code == "too_many_values"


def test_a_client_that_reads_nothing_is_not_waited_for() -> None:
    event = StreamEvent("unit", (0, 1), Decision.ALLOW, text="a")
    with pytest.raises(RequestTimeoutError) as late:
        asyncio.run(asyncio.wait_for(send(cast("WebSocket", Chatty()), [event], Limits(idle_timeout_s=0.1)), 20))
    assert late.value.code == "stream_timeout"


class Long(Chatty):
    """A client that says much in one message, and what was judged when it was first told of something."""

    state = SimpleNamespace(tenant=None)

    def __init__(self, text: str, judged: list[str]) -> None:
        super().__init__()
        self.said = [{"type": "text", "text": text}, {"type": "end"}]
        self.judged = judged
        self.told: list[int] = []

    async def receive(self) -> dict[str, str]:
        return {"type": "websocket.receive", "text": json.dumps(self.said.pop(0))}

    async def send_text(self, _: str) -> None:
        self.told.append(len(self.judged))


def test_of_a_long_message_the_first_units_are_told_while_the_rest_is_judged() -> None:
    asked: list[str] = []

    class Noting(FakeTextClassifier):
        def _answer(self, item: str) -> Classification:
            asked.append(item)
            return super()._answer(item)

    async def scenario() -> Long:
        engine = fake_engine([Noting(), *fake_models()[1:]])
        await engine.start()
        asked.clear()
        client = Long("".join(f"This is sentence {number} of many more. " for number in range(400)), asked)
        await _serve(cast("WebSocket", client), engine, Metrics())
        await engine.close()
        return client

    told = asyncio.run(scenario()).told
    assert told[0] < len(asked) / 4
    assert told == sorted(told)


class Closed(Chatty):
    """A client that uvicorn has given up meanwhile."""

    async def send_text(self, _: str) -> None:
        raise RuntimeError("after sending 'websocket.close'")


def test_what_is_closed_meanwhile_is_no_fault() -> None:
    event = StreamEvent("unit", (0, 1), Decision.ALLOW, text="a")
    with pytest.raises(WebSocketDisconnect):
        asyncio.run(send(cast("WebSocket", Closed()), [event], Limits()))


def test_a_stream_that_is_too_long_is_refused(server: Server) -> None:
    with Client(server.url) as client, pytest.raises(TooLargeError) as refused:
        list(client.stream(["a" * 60_000] * 4))
    assert refused.value.code == "text_too_long"


def test_too_many_streams_are_told_to_come_back(server: Server) -> None:
    with connect(address(server), proxy=None), connect(address(server), proxy=None):
        said, how = talk(server, [])
    assert (said[0]["error"]["code"], how) == ("overloaded", 1013)


def test_a_client_that_goes_away_leaves_its_place(server: Server) -> None:
    for _ in range(5):
        with connect(address(server), proxy=None) as socket, contextlib.suppress(ConnectionClosed):
            socket.send(json.dumps({"type": "text", "text": TEXT}))
    wait_until(lambda: talk(server, [{"type": "end"}])[0][-1].get("type") == "done")  # what was begun is judged first


def test_wrong_pieces_and_servers_that_are_not_there() -> None:
    with Moderator(profile="fake") as moderator:
        with pytest.raises(InvalidRequestError) as wrong:
            list(moderator.stream([b"bytes"]))  # type: ignore[list-item]
        assert wrong.value.code == "invalid_type"
        with pytest.raises(InvalidRequestError) as surrogate:
            list(moderator.stream(["\ud800"]))
        assert surrogate.value.code == "invalid_unicode"
        with pytest.raises(InvalidRequestError):
            list(moderator.stream(["a"], policy="nowhere"))
    with Client("http://127.0.0.1:9") as client, pytest.raises(ModerationError) as gone:
        list(client.stream(["a"]))
    assert gone.value.code == "connection_failed"


def test_keys_and_tenants(tmp_path: Path) -> None:
    rooms = tmp_path / "rooms" / "pipelines" / "lists"
    rooms.mkdir(parents=True)
    (rooms / "own.toml").write_text(
        'name = "own"\nkind = "block"\ncategory = "fraud"\ntenant = "acme"\nterms = ["quick riches"]\n'
    )
    keys = tmp_path / "keys"
    keys.write_text(f"acme {KEY}\nanother-key-without-tenant\n")
    options = ("--profile", "fake", "--api-key-file", str(keys), "--rooms", str(tmp_path / "rooms"))
    with serving(*options) as server:
        with pytest.raises(InvalidStatus) as refused, connect(address(server), proxy=None):
            pass
        assert refused.value.response.status_code == 403
        with Client(server.url, api_key="wrong") as client, pytest.raises(AuthenticationError):
            list(client.stream(["a"]))
        for key, decision in ((KEY, "block"), ("another-key-without-tenant", "allow")):
            with Client(server.url, api_key=key) as client:
                assert list(client.stream(["quick riches"]))[-1].decision.value == decision
                assert client.moderate("quick riches").decision.value == decision


def test_lists_are_reloaded_while_it_serves(tmp_path: Path) -> None:
    rooms = tmp_path / "rooms" / "pipelines" / "lists"
    rooms.parents[1].mkdir()
    environment = {"MODERATION_LISTS_RELOAD_S": "0.2"}
    with serving("--profile", "fake", "--rooms", str(tmp_path / "rooms"), environment=environment) as server:
        with Client(server.url) as client:
            assert client.moderate("quick riches").decision.value == "allow"
            rooms.mkdir(parents=True)
            (rooms / "own.toml").write_text(
                'name = "own"\nkind = "block"\ncategory = "fraud"\nterms = ["quick riches"]\n'
            )
            for _ in range(50):
                if client.moderate("quick riches").decision.value == "block":
                    break
                asyncio.run(asyncio.sleep(0.1))
            assert client.moderate("quick riches").decision.value == "block"
            (rooms / "own.toml").write_text("name = ")
            asyncio.run(asyncio.sleep(1))
            assert client.moderate("quick riches").decision.value == "block"
        assert any("lists stay as they were" in line for line in server.said)
