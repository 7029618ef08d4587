"""URLs over HTTP: statuses and codes, with fetching switched on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.fetching import canary
from support.servers import Server, serving

from moderation.errors import FetchError
from moderation.serve.answering import status_of
from moderation.wire import dump_error, load_error


@pytest.fixture(scope="module")
def fetching() -> Iterator[Server]:
    environment = {"MODERATION_FETCH_ENABLED": "true", "MODERATION_FETCH_PORTS": "80,443,8080"}
    with serving("--profile", "fake", environment=environment) as server:
        yield server


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/", "url_not_allowed"),
        ("http://[::ffff:169.254.169.254]/latest/meta-data/", "url_not_allowed"),
        ("http://localhost/", "url_not_allowed"),
        ("http://10.0.0.1:8080/", "url_not_allowed"),
        ("http://93.184.216.34:22/", "url_not_allowed"),
        ("http://2130706433/", "invalid_url"),
        ("ftp://example.com/", "invalid_url"),
        ("http://user:password@example.com/", "invalid_url"),
        ("", "invalid_url"),
        ("\ud800", "invalid_url"),
    ],
)
def test_a_url_that_is_not_fetched_is_bad_input(fetching: Server, url: str, code: str) -> None:
    body: dict[str, Any] = {"input": [{"type": "text", "text": "hello"}, {"type": "image", "url": url}]}
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{fetching.url}/v1/moderate", content=json.dumps(body), headers=headers, timeout=30)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, "input[1].url")
    if url.startswith("http"):
        body = {"input": [{"type": "image_url", "image_url": {"url": url}}]}
        answer = httpx.post(f"{fetching.url}/v1/moderations", json=body, timeout=30)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, code, "input[0].image_url.url")


def test_the_service_is_no_way_to_itself_or_its_neighbours(fetching: Server) -> None:
    port = int(fetching.url.rpartition(":")[2])

    async def scenario() -> None:
        async with canary() as bird:
            with serving(
                "--profile",
                "fake",
                environment={"MODERATION_FETCH_ENABLED": "true", "MODERATION_FETCH_PORTS": f"{bird.port},{port}"},
            ) as server:
                for address in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"):
                    for asked in (bird.port, port):
                        body = {"input": [{"type": "image", "url": f"http://{address}:{asked}/"}]}
                        async with httpx.AsyncClient() as client:
                            answer = await client.post(f"{server.url}/v1/moderate", json=body, timeout=30)
                        assert answer.json()["error"]["code"] == "url_not_allowed"
        assert bird.came == []

    asyncio.run(scenario())


@pytest.mark.parametrize("code", ["url_failed", "url_not_found", "url_timeout", "too_many_redirects"])
def test_what_a_host_did_wrong_is_422_and_the_clients_own_error(code: str) -> None:
    error = FetchError("m", code=code, param="input[0].url")
    assert status_of(error) == 422
    back = load_error(dump_error(error))
    assert (type(back), vars(back)) == (FetchError, vars(error))


def test_switched_off_it_says_so(fake_server: Server) -> None:
    body = {"input": [{"type": "image", "url": "http://example.com/"}]}
    answer = httpx.post(f"{fake_server.url}/v1/moderate", json=body, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "url_fetch_disabled")
