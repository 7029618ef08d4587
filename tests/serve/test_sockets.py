"""WebSockets under the routes: what is refused is told, nobody is held for ever, uvicorn has what is asked of it."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, cast

import pytest
import uvicorn
from fastapi import FastAPI
from support.engines import fake_engine
from support.servers import wait_until
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Close, Frame, Opcode

from moderation.limits import Limits
from moderation.pipelines.metrics import Metrics
from moderation.serve import guard, sockets, streaming
from moderation.serve.guard import guarded_protocol
from moderation.serve.ingress import Service, create_app
from moderation.serve.local import configured
from moderation.serve.sockets import guarded_sockets

MOST_CHARS, MOST_BYTES = 100, 1_000
QUIET_S, MOST_S, LAST_WORD_S = 0.3, 0.8, 0.2
SOON_S = 10.0
READING_S = 0.4
BROKEN = b"\xff\xfe"


class Application:
    """Accepts a socket when it is told to, says what it should, and keeps what it is told."""

    def __init__(self, *, says: bytes = b"", works_s: float = 2 * QUIET_S, accepts: bool = True) -> None:
        self.said: list[dict[str, Any]] = []
        self.ended = False
        self._says = says
        self._works_s = works_s
        self._accepts = accepts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if self._accepts:
            await send({"type": "websocket.accept"})
        if self._says:
            await send({"type": "websocket.send", "bytes": self._says})
        await asyncio.sleep(self._works_s)  # as a stream that is judged
        while not self.said or self.said[-1]["type"] != "websocket.disconnect":
            self.said.append(await receive())
        self.ended = True


@contextlib.contextmanager
def served(application: Any, told: list[str], **options: Any) -> Iterator[tuple[uvicorn.Server, int]]:
    """A server in a thread; the system holds little of what it writes, so that who reads nothing is soon noticed."""
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http=guarded_protocol(Limits(header_timeout_s=5, idle_timeout_s=5, body_timeout_s=READING_S)),
            ws=guarded_sockets(MOST_CHARS, told.append),
            log_config=None,
            log_level=None,
            timeout_graceful_shutdown=1,
            **{"lifespan": "off", "ws_max_size": MOST_BYTES, **options},
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield server, listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


@contextlib.contextmanager
def opened(port: int, *, path: str = "/", accepted: bool = True) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(SOON_S)
        connection.connect(("127.0.0.1", port))
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while accepted and not answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(1)
        yield connection


def frame(data: bytes, opcode: Opcode = Opcode.TEXT, *, last: bool = True) -> bytes:
    return Frame(opcode, data, last).serialize(mask=True)


def heard(connection: socket.socket) -> list[tuple[int, bytes]]:
    """All frames until the other side ends the connection; a reset, which throws them away, is an error."""
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    frames = []
    while data:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        frames.append((data[0] & 15, data[start : start + size]))
        data = data[start + size :]
    return frames


def send_on(connection: socket.socket) -> None:
    """Sends more, with pauses in which it could be reset: where it is, this fails."""
    for _ in range(4):
        time.sleep(QUIET_S / 3)
        connection.sendall(frame(b"more"))
    time.sleep(2 * QUIET_S)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_QUIET_S", QUIET_S)
    monkeypatch.setattr(sockets, "_MOST_S", MOST_S)
    monkeypatch.setattr(streaming, "_LAST_WORD_S", LAST_WORD_S)


@pytest.fixture(autouse=True)
def _no_faults(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, the log has no fault of ours."""
    yield
    assert not [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


def left(server: uvicorn.Server) -> bool:
    return not server.server_state.connections and not server.server_state.tasks


# ---- refusals


@pytest.mark.parametrize("before", [frame(b"{}"), frame(BROKEN), b""], ids=["valid", "broken", "nothing"])
def test_what_is_refused_is_told_whatever_came_with_it(before: bytes) -> None:
    """The client still sends when it is refused, and only then reads."""
    told: list[str] = []
    with served(Application(), told) as (_, port), opened(port) as connection:
        connection.sendall(before + frame(BROKEN))
        send_on(connection)
        (text, error), (close, reason) = heard(connection)
    assert (text, close) == (Opcode.TEXT, Opcode.CLOSE)
    assert b'"invalid_encoding"' in error
    assert Close.parse(reason) == Close(1007, "invalid_encoding")
    assert told == ["invalid_encoding"]


@pytest.mark.parametrize("data", [b"a" * (MOST_BYTES + 1), BROKEN], ids=["large", "broken"])
def test_what_cannot_be_refused_yet_ends_the_connection(data: bytes) -> None:
    """Sent before the server has accepted: there is no socket yet to tell it over."""
    application = Application(accepts=False)
    with served(application, []) as (server, port), opened(port, accepted=False) as connection:
        wait_until(lambda: server.server_state.tasks)
        connection.sendall(frame(data) + frame(b"more") + frame(BROKEN))
        assert connection.recv(100) == b""
        wait_until(lambda: application.ended)
    assert [message["type"] for message in application.said] == ["websocket.disconnect"]


def test_who_is_refused_and_reads_nothing_is_not_held() -> None:
    told: list[str] = []
    application = Application(says=b"a" * 1_000_000, works_s=3 * MOST_S)
    with served(application, told) as (server, port), opened(port) as connection:
        connection.sendall(frame(BROKEN))
        wait_until(lambda: not server.server_state.connections)
        assert not application.ended  # not for its end
        wait_until(lambda: application.ended)
    assert told == ["invalid_encoding"]


def test_messages_over_the_limit_after_the_last_word_do_not_take_it_away() -> None:
    """The application has closed, and the client, still sending, has not read that."""

    async def closes(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "the last word"})
        await send({"type": "websocket.close", "code": 1000})

    with served(closes, []) as (_, port), opened(port) as connection:
        connection.sendall(frame(BROKEN) + frame(b"a" * (MOST_BYTES + 1)))
        send_on(connection)
        assert [data for _, data in heard(connection)] == [b"the last word", Close(1000, "").serialize()]


# ---- what a connection holds


def test_fragments_are_few_and_the_message_is_whole() -> None:
    application = Application(works_s=0)
    with served(application, []) as (server, port), opened(port) as connection:
        connection.sendall(frame(b"a", last=False) + frame(b"", Opcode.CONT, last=False) * 20_000)
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, WebSocketsSansIOProtocol)
        connection.sendall(frame(b"", Opcode.PING))
        assert connection.recv(2)[0] & 15 == Opcode.PONG  # all before it is read
        assert len(protocol.frames) < 2_000
        connection.sendall(frame(b"b", Opcode.CONT, last=False) + frame(b"c", Opcode.CONT))
        wait_until(lambda: application.said)
    assert application.said[0]["text"] == "abc"


def test_who_reads_nothing_gets_no_answers_to_pings() -> None:
    application = Application(says=b"a" * 200_000, works_s=0)
    with served(application, []) as (server, port), opened(port) as connection:
        for _ in range(100):
            connection.sendall(frame(b"a" * 125, Opcode.PING) * 100)
        connection.sendall(frame(b"all of it"))
        wait_until(lambda: application.said)
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, WebSocketsSansIOProtocol)
        assert protocol.transport.get_write_buffer_size() < 300_000


# ---- streams


@contextlib.contextmanager
def streaming_to(told: list[str], *, idle_timeout_s: float, **options: Any) -> Iterator[tuple[uvicorn.Server, int]]:
    engine = fake_engine(limits=Limits(idle_timeout_s=idle_timeout_s))

    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> Any:
        await engine.start()
        yield
        await engine.close()

    application = create_app(Service(engine), lifespan=lifespan)
    with served(application, told, lifespan="on", ws_max_size=1_000_000, **options) as serving:
        yield serving


def text_of(size: int) -> bytes:
    return frame(b'{"type": "text", "text": "%b"}' % (b"A sentence that is a unit of its own. " * (size // 38)))


def test_a_stream_that_is_not_read_leaves_nothing_behind() -> None:
    """No task and no connection, though the client stays and its system still answers."""
    with (
        streaming_to([], idle_timeout_s=0.5) as (server, port),
        opened(port, path=streaming.PATH) as connection,
    ):
        connection.sendall(text_of(16_000))
        wait_until(lambda: server.server_state.tasks)
        wait_until(lambda: left(server), seconds=3 * SOON_S)  # four time limits, one after the other


def test_a_client_that_answers_no_ping_and_reads_nothing_is_no_fault() -> None:
    """uvicorn has closed by then, and what it still has to write keeps the connection."""
    with (
        streaming_to([], idle_timeout_s=0.7, ws_ping_interval=0.2, ws_ping_timeout=0.2) as (server, port),
        opened(port, path=streaming.PATH) as connection,
    ):
        connection.sendall(text_of(4_000))  # more than the system holds, and less than would stop the stream
        wait_until(lambda: server.server_state.tasks)
        wait_until(lambda: left(server), seconds=3 * SOON_S)  # four time limits, one after the other


def test_a_client_that_waits_while_its_messages_are_judged_is_not_taken_for_dead() -> None:
    """No answer to a ping is read meanwhile: messages that wait stop uvicorn from reading."""
    application = Application(says=b"done", works_s=8 * QUIET_S)
    config = configured(cast("FastAPI", application), Limits(), Metrics())
    assert config.ws_ping_interval
    late_s = config.ws_ping_timeout and QUIET_S
    options = {"ws_ping_interval": QUIET_S, "ws_ping_timeout": late_s}
    with served(application, [], **options) as (_, port), opened(port) as connection:
        assert connection.recv(65_536) == Frame(Opcode.BINARY, b"done").serialize(mask=False)
        connection.sendall(frame(b"one") + frame(b"two") + frame(b"three"))
        wait_until(lambda: [said.get("text") for said in application.said] == ["one", "two", "three"], seconds=SOON_S)
        connection.sendall(frame(Close(1000, "").serialize(), Opcode.CLOSE))


# ---- answers over HTTP that nobody reads


class Answering:
    """Answers with many bytes, and says when it has."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        length = str(self.size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for start in range(0, self.size, 50_000):
            body = b"a" * min(50_000, self.size - start)
            await send({"type": "http.response.body", "body": body, "more_body": start + len(body) < self.size})


@contextlib.contextmanager
def asked(port: int, requests: int, *, last: bytes = b"") -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(SOON_S)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * (requests - 1))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n" + last + b"\r\n")
        yield connection


@pytest.mark.parametrize(
    ("size", "requests", "last"),
    [(1_000_000, 2, b""), (100, 3_000, b""), (60_000, 1, b"Connection: close\r\n")],
    ids=["large", "many", "closed"],
)
def test_answers_that_are_not_read_leave_nothing_behind(size: int, requests: int, last: bytes) -> None:
    with served(Answering(size), []) as (server, port), asked(port, requests, last=last):
        wait_until(lambda: server.server_state.connections)
        wait_until(lambda: left(server), seconds=SOON_S)


def test_a_slow_reader_gets_all() -> None:
    with served(Answering(300_000), []) as (_, port), asked(port, 1, last=b"Connection: close\r\n") as connection:
        began, got = time.monotonic(), 0
        while piece := connection.recv(8_192):
            got += len(piece)
            time.sleep(0.05)
        assert time.monotonic() - began > 2 * READING_S
        assert got > 300_000


# ---- what is asked of uvicorn


def asked_of_itself(module: ModuleType, name: str) -> tuple[set[str], set[str]]:
    """What a class of ours reads or sets of itself and does not bring, and which functions of others it replaces."""
    tree = ast.parse(inspect.getsource(module))
    (ours,) = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == name)
    assigned = [target for node in ours.body if isinstance(node, ast.Assign) for target in node.targets]
    assigned += [node.target for node in ours.body if isinstance(node, ast.AnnAssign)]
    brought = {target.id for target in assigned if isinstance(target, ast.Name)}
    functions = {node.name for node in ours.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    private = {function for function in functions if function.startswith("_")}
    used = {
        node.attr
        for node in ast.walk(ours)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    return used - brought - private, functions - private


@pytest.mark.parametrize(
    ("module", "name", "theirs"),
    [(sockets, "GuardedSocket", WebSocketsSansIOProtocol), (guard, "GuardedProtocol", H11Protocol)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_uvicorn_has_what_is_asked_of_it(module: ModuleType, name: str, theirs: Callable[..., Any]) -> None:
    """Its protocols promise nothing to who extends them: a version without one of these names must not be taken."""
    used, replaced = asked_of_itself(module, name)
    assert len(used) >= 3
    assert len(replaced) >= 3
    loop = asyncio.new_event_loop()
    try:
        config = uvicorn.Config(Application(), log_config=None)
        config.load()
        instance = theirs(config=config, server_state=ServerState(), app_state={}, _loop=loop)
        assert {one for one in used | replaced if not hasattr(instance, one)} == set()
        if theirs is WebSocketsSansIOProtocol:
            assert all(hasattr(instance.conn, one) for one in ("fail", "close_sent", "data_to_send"))
    finally:
        loop.close()
