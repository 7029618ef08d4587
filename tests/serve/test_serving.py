"""The server's life: readiness, shedding, clients that leave, ports that are taken."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from support.engines import Counting, fake_engine, fake_models
from support.servers import Server, wait_until
from uvicorn.server import ServerState

from moderation.cli.main import main
from moderation.config import Settings
from moderation.errors import ModelError
from moderation.limits import Limits
from moderation.models.fake import Behaviour
from moderation.pipelines.engine import Engine
from moderation.serve.guard import guarded_protocol
from moderation.serve.ingress import Service, create_app
from moderation.serve.local import serve_local


@contextlib.contextmanager
def served(engine: Engine, *, start: bool = True) -> Iterator[str]:
    """An application around an engine, in a thread, on a real port."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> Any:
        if start:
            engine._started = True
            engine.runner._cold.clear()  # type: ignore[attr-defined]
        yield
        await engine.close()

    server = uvicorn.Server(
        uvicorn.Config(create_app(Service(engine), lifespan=lifespan), port=0, log_level="critical", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


def test_until_every_model_has_answered_it_is_not_ready_and_says_so() -> None:
    with served(fake_engine(), start=False) as url:
        response = httpx.get(f"{url}/readyz")
        assert response.status_code == 503
        assert set(response.json()["not_ready"]) == {"fake-text.v1", "fake-image.v1", "fake-ocr.v1", "fake-speech.v1"}
        assert httpx.get(f"{url}/healthz").status_code == 200
        for path in ("/v1/moderate", "/v1/moderations"):
            refused = httpx.post(f"{url}{path}", json={"input": "a"})
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "not_ready"
            assert int(refused.headers["retry-after"]) <= 5


def test_a_full_queue_answers_429_with_retry_after() -> None:
    engine = fake_engine(fake_models(text=Behaviour.HANG), max_queue_size=2, deadline_s=2)
    with served(engine) as url:

        async def scenario() -> list[httpx.Response]:
            async with httpx.AsyncClient(timeout=30) as client:
                return await asyncio.gather(
                    *(client.post(f"{url}/v1/moderate", json={"input": f"text {index}"}) for index in range(12))
                )

        responses = asyncio.run(scenario())
        statuses = sorted(response.status_code for response in responses)
        assert statuses[-1] == 429
        assert statuses[0] == 200
        shed = next(response for response in responses if response.status_code == 429)
        assert shed.json()["error"]["code"] == "overloaded"
        assert int(shed.headers["retry-after"]) >= 1


def test_a_failing_stage_is_503_in_the_dialect_that_knows_only_yes_and_no() -> None:
    with served(fake_engine(fake_models(text=Behaviour.FAIL))) as url:
        native = httpx.post(f"{url}/v1/moderate", json={"input": "a"})
        assert native.status_code == 200
        assert native.json()["decision"] == "review"
        dialect = httpx.post(f"{url}/v1/moderations", json={"input": "a"})
        assert dialect.status_code == 503
        assert dialect.json()["error"]["code"] == "unjudged"
        assert int(dialect.headers["retry-after"]) <= 5


def test_a_client_that_leaves_takes_its_waiting_work_along() -> None:
    models = fake_models(text=Behaviour.HANG)
    running = Counting(models[0]).asked
    engine = fake_engine(models, deadline_s=30)
    with served(engine) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        connections = []
        for index in range(4):
            body = json.dumps({"input": f"text {index}"}).encode()
            connection = socket.create_connection((host, int(port)))
            connection.sendall(
                b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            connections.append(connection)
            wait_until(lambda: running)  # the first is at work before the others come
        queued = engine.runner.queued  # type: ignore[attr-defined]
        wait_until(lambda: queued()["fake-text.v1"] == 3)
        for connection in connections:
            connection.close()
        wait_until(lambda: queued()["fake-text.v1"] == 0)


def test_a_port_that_is_taken_is_an_error_before_anything_is_loaded(
    fake_server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    port = fake_server.url.rpartition(":")[2]
    began = time.monotonic()
    assert main(["serve", "--profile", "fake", "--port", port]) == 2
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err
    assert time.monotonic() - began < 5


def test_what_it_says_at_start(fake_server: Server) -> None:
    said = "".join(fake_server.said)
    assert f"moderation serves on {fake_server.url}" in said
    assert f"curl -s {fake_server.url}/v1/moderate" in said


@pytest.mark.parametrize("failure", [ModelError("the model is broken"), OSError("no more processes")])
def test_a_service_that_cannot_warm_up_ends_and_says_why(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    async def fails(self: Engine) -> None:
        raise failure

    monkeypatch.setattr(Engine, "start", fails)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # uvicorn's, which a test must not keep
    said: list[str] = []
    assert serve_local(Settings(profile="fake", port=0), say=said.append) == 1
    assert str(failure) in said[-1]
    assert not any("serves on" in line for line in said)


def test_bodies_that_fill_the_memory_are_shed_and_room_comes_back() -> None:
    engine = fake_engine(limits=Limits(max_held_bytes=100_000))
    with served(engine) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        head = (
            b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 95000\r\n\r\n"
        )
        body = {"input": "a" * 20_000}
        assert httpx.post(f"{url}/v1/moderate", json=body).status_code == 200
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(head + b"x" * 90_000)
            wait_until(lambda: httpx.post(f"{url}/v1/moderate", json=body).status_code == 429)
            shed = httpx.post(f"{url}/v1/moderate", json=body)
            assert shed.json()["error"]["code"] == "overloaded"
            assert httpx.post(f"{url}/v1/moderate", json={"input": "short"}).status_code == 200
        wait_until(lambda: httpx.post(f"{url}/v1/moderate", json=body).status_code == 200)


def test_a_body_alone_is_served_whatever_it_holds() -> None:
    with served(fake_engine(limits=Limits(max_held_bytes=100_000))) as url:
        alone = httpx.post(f"{url}/v1/moderate", json={"input": "a" * 190_000}, timeout=30)
        assert alone.status_code == 200, alone.text


class Unread:
    """A transport whose client has not read so much."""

    def __init__(self) -> None:
        self.size = 0
        self.aborted = False
        self.get_protocol: Any = None

    def get_write_buffer_size(self) -> int:
        return self.size

    def is_closing(self) -> bool:
        return True

    def abort(self) -> None:
        self.aborted = True


def test_an_answer_is_not_taken_for_the_one_before_it_that_was_read() -> None:
    """Looked at twice, as much is unread both times: but it is not the same. Of one answer it is."""
    loop = asyncio.new_event_loop()
    config = uvicorn.Config(Unread, log_config=None)
    config.load()
    protocol: Any = guarded_protocol(Limits())(config=config, server_state=ServerState(), app_state={}, _loop=loop)
    protocol.transport = transport = Unread()
    transport.get_protocol = lambda: protocol
    try:
        for size, complete, aborted in ((50, True, False), (60, False, False), (60, False, True)):
            transport.size = size
            protocol._end_unread()
            assert transport.aborted is aborted
            if complete:
                protocol.on_response_complete()
    finally:
        loop.close()
