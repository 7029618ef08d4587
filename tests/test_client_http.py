"""Clients over HTTP: what is raised for one content as for many, and what a stream has of a client of one's own."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve

from moderation import AsyncClient, Client
from moderation.errors import (
    AuthenticationError,
    InvalidRequestError,
    ModerationError,
    NotReadyError,
    OverloadedError,
    TooLargeError,
)
from moderation.schema import StreamOptions
from moderation.stream_client import RemoteStream


def _error(kind: str, code: str) -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": "no", "param": None}}


def _client(respond: Any) -> AsyncClient:
    """One whose service is a function: body -> (status, JSON or bytes)."""

    def answer(request: httpx.Request) -> httpx.Response:
        status, said = respond(json.loads(request.content))
        return httpx.Response(status, content=said) if isinstance(said, bytes) else httpx.Response(status, json=said)

    return AsyncClient(http=httpx.AsyncClient(base_url="http://a", transport=httpx.MockTransport(answer)))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("status", "answer", "kind", "code"),
    [
        (429, _error("overloaded_error", "overloaded"), OverloadedError, "overloaded"),
        (401, _error("authentication_error", "invalid_api_key"), AuthenticationError, "invalid_api_key"),
        (503, _error("not_ready_error", "not_ready"), NotReadyError, "not_ready"),
        (502, b"<html>", ModerationError, "invalid_response"),
        (404, _error("invalid_request_error", "not_found"), InvalidRequestError, "not_found"),
    ],
)
def test_what_concerns_the_whole_call_is_raised_however_many_contents_it_has(
    number: int, status: int, answer: Any, kind: type[ModerationError], code: str
) -> None:
    with pytest.raises(kind) as refused:
        asyncio.run(_client(lambda _: (status, answer)).moderate_many(["a"] * number))
    assert refused.value.code == code


def test_what_concerns_one_content_is_returned_in_its_place() -> None:
    def respond(body: dict[str, Any]) -> tuple[int, Any]:
        return 200, {"results": [_error("invalid_request_error", "empty_text") for _ in body["requests"]]}

    for number in (1, 2):
        outcomes = asyncio.run(_client(respond).moderate_many(["a"] * number))
        assert [getattr(one, "code", None) for one in outcomes] == ["empty_text"] * number
    with pytest.raises(InvalidRequestError):
        asyncio.run(_client(respond).moderate("a"))


def test_a_content_that_is_too_large_for_a_body_has_its_own_error() -> None:
    too_large = (413, _error("too_large_error", "body_too_large"))
    outcomes = asyncio.run(_client(lambda _: too_large).moderate_many(["a", "b", "c"]))
    assert [type(one) for one in outcomes] == [TooLargeError] * 3


@pytest.mark.parametrize("key", ["", "a-key\n", "a key", "a\tkey", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_named_before_it_is_sent(key: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Client(api_key=key)
    assert refused.value.param == "api_key"
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8080", "localhost:8080", "http://", "ftp://httpx", "http://a:99999", "http://a/?b=1"]
)
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Client(address)
    assert refused.value.param == "base_url"


def test_a_password_in_an_address_is_in_no_message() -> None:
    with Client("http://user:secret@127.0.0.1:9", timeout_s=2) as client:
        for ask in (lambda: client.moderate("a"), lambda: list(client.stream(["a"]))):
            with pytest.raises(ModerationError) as refused:
                ask()
            assert refused.value.code == "connection_failed"
            assert "127.0.0.1" in str(refused.value)
            assert "secret" not in str(refused.value)


# ---- a client of one's own


@pytest.mark.parametrize("given", [{"api_key": "a-key"}, {"timeout_s": 3.0}, {"base_url": "http://a"}])
def test_a_client_of_ones_own_and_what_it_brings_are_not_given_together(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        AsyncClient(http=httpx.AsyncClient(base_url="http://a"), **given)


async def _opened(userinfo: str = "", **options: Any) -> tuple[Any, float | None]:
    """The headers a stream was opened with, and its time limit."""
    seen = []

    async def hear(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append(socket.request)
        await socket.wait_closed()

    async with serve(hear, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        base_url = f"http://{userinfo}127.0.0.1:{port}/below"
        async with (
            httpx.AsyncClient(base_url=base_url, trust_env=False, **options) as http,
            AsyncClient(http=http) as client,
        ):
            stream = await client.open_stream(StreamOptions())
            assert isinstance(stream, RemoteStream)
            await stream.close()
    assert seen[0].path == "/below/v1/moderate/stream"
    return seen[0].headers, stream._timeout_s


def test_a_stream_has_headers_cookies_and_time_limit_of_a_client_of_ones_own() -> None:
    options: dict[str, Any] = {
        "headers": {"Authorization": "Bearer k", "X-Tenant": "shop"},
        "cookies": {"a": "b"},
        "timeout": httpx.Timeout(3, connect=1),
    }
    headers, limit = asyncio.run(_opened(**options))
    assert (headers["Authorization"], headers["X-Tenant"], headers["Cookie"]) == ("Bearer k", "shop", "a=b")
    assert headers["Connection"] == "Upgrade"
    assert len(headers.get_all("Host")) == 1
    assert limit == 3


@pytest.mark.parametrize("given", [{"auth": ("u", "p")}, {"userinfo": "u:p@"}])
def test_a_stream_has_the_authorisation_of_a_client_of_ones_own(given: dict[str, Any]) -> None:
    headers, _ = asyncio.run(_opened(**given))
    assert headers.get_all("Authorization") == ["Basic " + base64.b64encode(b"u:p").decode()]


def test_a_client_of_ones_own_without_an_address_opens_no_stream() -> None:
    async def open_one() -> None:
        async with httpx.AsyncClient() as http, AsyncClient(http=http) as client:
            await client.open_stream(StreamOptions())

    with pytest.raises(ModerationError) as refused:
        asyncio.run(open_one())
    assert refused.value.code == "connection_failed"
