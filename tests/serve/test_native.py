"""`POST /v1/moderate` on a live server with fake models: forms, golden answers, clients."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.engines import BLUE, png, wav
from support.servers import Server, serving, wait_until

from moderation import AsyncClient, Client, Content, Decision, Modality, ModerationError, Moderator, Part, Role, Turn
from moderation.errors import InvalidRequestError, UndecodableError

GOLDEN = Path(__file__).parent / "golden"
HATE = "well ⟦hate=0.99⟧"
IMAGE = {"type": "image", "data": base64.b64encode(png(BLUE)).decode()}
AUDIO = {"type": "audio", "data": base64.b64encode(wav(0.5)).decode()}


def post(server: Server, body: Any, status: int = 200) -> Any:
    response = httpx.post(f"{server.url}/v1/moderate", json=body, timeout=30)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def settled(value: Any) -> Any:
    """An answer without what differs from run to run."""
    if isinstance(value, list):
        return [settled(one) for one in value]
    if isinstance(value, dict):
        changing = {"id": "mod_…", "timing_ms": "…", "revision": "…", "tables": "…"}
        return {key: changing.get(key, settled(one)) for key, one in value.items()}
    return value


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("text_clean", {"input": "hello"}),
        ("text_flagged", {"input": HATE, "role": "assistant"}),
        ("parts_derived", {"input": [{"type": "text", "text": "hi"}, IMAGE, AUDIO], "derived": True}),
        (
            "conversation",
            {"input": "hi", "conversation": [{"role": "tool", "input": [{"type": "text", "text": HATE}]}]},
        ),
        ("text_past_window", {"input": "a" * 16_500}),
        ("batch", {"requests": [{"input": "a"}, {"input": ""}, {"inptu": "a"}, {"input": HATE}]}),
    ],
)
def test_golden_answers(fake_server: Server, update_golden: bool, name: str, body: Any) -> None:
    answer = settled(post(fake_server, body))
    file = GOLDEN / f"{name}.json"
    if update_golden:
        file.write_text(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    assert answer == json.loads(file.read_text())


def test_multipart_files_are_named_in_the_request(fake_server: Server) -> None:
    request = {"input": [{"type": "image", "file": "a"}, {"type": "audio", "file": "b"}]}
    response = httpx.post(
        f"{fake_server.url}/v1/moderate",
        files={"request": (None, json.dumps(request)), "a": ("x.png", png(BLUE)), "b": ("y.wav", wav(0.5))},
        timeout=30,
    )
    assert response.status_code == 200
    assert {finding["part"] for finding in response.json()["findings"]} == {"input[0]", "input[1]"}


def test_a_batch_of_256_comes_back_in_order_and_257_are_refused(fake_server: Server) -> None:
    bodies = [{"input": f"⟦hate={index / 1000:.3f}⟧"} for index in range(256)]
    results = post(fake_server, {"requests": bodies})["results"]
    assert [row["category_scores"]["hate"] for row in results] == [index / 1000 for index in range(256)]
    assert post(fake_server, {"requests": [*bodies, {"input": "a"}]}, 413)["error"]["code"] == "batch_too_large"
    assert post(fake_server, {"requests": []}, 400)["error"]["code"] == "empty_batch"


def test_the_openapi_document_describes_the_routes(fake_server: Server) -> None:
    document = httpx.get(f"{fake_server.url}/openapi.json").json()
    assert {"/v1/moderate", "/v1/moderations", "/healthz", "/readyz", "/metrics"} <= set(document["paths"])
    schemas = document["components"]["schemas"]
    assert {"WireRequest", "WireBatch", "ModerationResult", "Finding", "Error"} <= set(schemas)
    text = json.dumps(document)
    references = {name.partition('"')[0] for name in text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)


def test_metrics_count_what_happened(fake_server: Server) -> None:
    post(fake_server, {"input": HATE})
    post(fake_server, {"input": ""}, 400)
    text = httpx.get(f"{fake_server.url}/metrics").text
    for line in (
        'moderation_decisions_total{decision="block"}',
        'moderation_flagged_total{category="hate"}',
        'moderation_http_requests_total{route="/v1/moderate",status="400"}',
        'moderation_batch_size_count{model="fake-text.v1"}',
        'moderation_stage_not_ready{stage="fake-text.v1"} 0.0',
    ):
        assert line in text


def contents() -> list[Content]:
    return [
        Content((Part.from_text("hello"),)),
        Content((Part.from_text(HATE),), role=Role.ASSISTANT),
        Content((Part.from_bytes(Modality.IMAGE, png(BLUE)), Part.from_bytes(Modality.AUDIO, wav(0.5))), derived=True),
        Content((Part.from_text("a"),), conversation=(Turn(Role.USER, (Part.from_text(HATE),)),)),
        Content((Part.from_text(""),)),
        Content((Part.from_bytes(Modality.IMAGE, b"no image"),)),
    ]


def comparable(outcome: object) -> object:
    if isinstance(outcome, ModerationError):
        return type(outcome), outcome.code, outcome.param, outcome.message
    from dataclasses import replace

    return replace(outcome, id="", timing_ms={})  # type: ignore[type-var]


def test_in_process_and_over_http_give_the_same(fake_server: Server) -> None:
    with Moderator(profile="fake") as moderator, Client(fake_server.url) as client:
        ours, theirs = moderator.moderate_many(contents()), client.moderate_many(contents())
        assert [comparable(one) for one in ours] == [comparable(one) for one in theirs]
        assert ours[1].decision is Decision.BLOCK  # type: ignore[union-attr]
        for judge in (moderator, client):
            assert judge.moderate(HATE, role="tool").flagged
            assert judge.moderate_many([]) == []
            with pytest.raises(InvalidRequestError) as refused:
                judge.moderate("")
            assert (refused.value.code, refused.value.param) == ("empty_text", "input[0].text")
            with pytest.raises(UndecodableError):
                judge.moderate(Part.from_bytes(Modality.AUDIO, b"no audio"))


def test_the_asynchronous_client(fake_server: Server) -> None:
    async def scenario() -> None:
        async with AsyncClient(fake_server.url) as client:
            first, second = await asyncio.gather(client.moderate("hello"), client.moderate([HATE, "b"]))
            assert (first.decision, second.decision) == (Decision.ALLOW, Decision.BLOCK)
            assert len(await client.moderate_many(["a"] * 300)) == 300

    asyncio.run(scenario())


def test_a_server_that_is_not_there_is_named() -> None:
    with Client("http://127.0.0.1:9", timeout_s=2) as client, pytest.raises(ModerationError) as refused:
        client.moderate("hello")
    assert refused.value.code == "connection_failed"


def test_the_synchronous_client_works_inside_a_running_loop(fake_server: Server) -> None:
    async def scenario() -> Decision:
        with Client(fake_server.url) as client:
            return client.moderate("hello").decision

    assert asyncio.run(scenario()) is Decision.ALLOW


def test_the_client_cuts_batches_to_what_a_server_takes() -> None:
    """By default limits, and by halving where a server takes less."""
    with serving("--profile", "fake", environment={"MODERATION_LIMITS_MAX_REQUESTS": "5"}) as server:
        wait_until(server.ready)
        with Client(server.url) as client:
            outcomes = client.moderate_many([f"⟦hate={index / 100}⟧" for index in range(23)])
    scores = [outcome.category_scores["hate"] for outcome in outcomes if not isinstance(outcome, ModerationError)]
    assert scores == [index / 100 for index in range(23)]


def test_the_client_sends_much_media_in_several_bodies(fake_server: Server) -> None:
    large = [Part.from_bytes(Modality.AUDIO, wav(0.1 + index / 100, seconds=100)) for index in range(12)]  # 3.2 MB each
    with Client(fake_server.url) as client:
        assert [isinstance(one, ModerationError) for one in client.moderate_many(large)] == [False] * 12


def test_errors_are_counted_by_their_code(fake_server: Server) -> None:
    def count(code: str) -> float:
        text = httpx.get(f"{fake_server.url}/metrics").text
        found = [line for line in text.splitlines() if line.startswith(f'moderation_errors_total{{code="{code}"}}')]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    for body, code in (
        (b"{", "invalid_json"),
        (b'{"input": ""}', "empty_text"),
        (b'{"requests": [{"input": ""}, {"input": 3}, {"input": "a"}]}', "invalid_type"),
    ):
        before = count(code)
        httpx.post(f"{fake_server.url}/v1/moderate", content=body, headers={"Content-Type": "application/json"})
        assert count(code) == before + 1
    before = count("not_found")
    httpx.get(f"{fake_server.url}/nowhere")
    assert count("not_found") == before + 1
