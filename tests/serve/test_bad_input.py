"""Whatever a client sends: its 4xx with a stable code, in bounded time and memory, and the server goes on."""

from __future__ import annotations

import base64
import gzip
import io
import json
import socket
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from support.engines import png, wav
from support.servers import Server, resident_mb, serving

LIMITS = {
    "MODERATION_LIMITS_BODY_TIMEOUT_S": "2",
    "MODERATION_LIMITS_HEADER_TIMEOUT_S": "2",
    "MODERATION_LIMITS_IDLE_TIMEOUT_S": "3",
}
BOUND_S = 20.0
JSON = {"Content-Type": "application/json"}
BOUND_MB = 1_000.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--profile", "fake", environment=LIMITS) as server:
        httpx.post(f"{server.url}/v1/moderate", json={"input": [image(png())]}, timeout=30).raise_for_status()
        yield server


@pytest.fixture(autouse=True)
def _goes_on(server: Server) -> Iterator[None]:
    """After each test: it was quick, memory is bounded, and the next request is answered."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < BOUND_S
    assert httpx.post(f"{server.url}/v1/moderate", json={"input": "hello"}, timeout=10).status_code == 200
    assert server.ready()
    assert resident_mb(server.process.pid) < BOUND_MB


def image(data: bytes) -> dict[str, str]:
    return {"type": "image", "data": base64.b64encode(data).decode()}


def audio(data: bytes) -> dict[str, str]:
    return {"type": "audio", "data": base64.b64encode(data).decode()}


def refused(response: httpx.Response, status: int, code: str, param: str | None = None) -> None:
    assert response.status_code == status, response.text[:500]
    error = response.json()["error"]
    assert set(error) == {"code", "message", "param", "type"}
    assert error["code"] == code
    assert error["param"] == param
    assert error["message"]


def post(server: Server, **options: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/moderate", timeout=BOUND_S, **options)


def huge_png_header() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def many_frames() -> bytes:
    frames = [Image.new("P", (4, 4), index % 2) for index in range(10_000)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], optimize=False)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x" * 100)
    return buffer.getvalue()


def truncated_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((300, 300), 80).save(buffer, "JPEG")
    return buffer.getvalue()[:2_000]


@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        (lambda: image(b"hello"), 415, "undecodable_image"),
        (lambda: image(wav()), 415, "undecodable_image"),
        (lambda: image(truncated_jpeg()), 415, "truncated_image"),
        (lambda: image(zipped()), 415, "undecodable_image"),
        (lambda: image(huge_png_header()), 413, "too_many_pixels"),
        (lambda: image(many_frames()), 413, "too_many_frames"),
        (lambda: image(b""), 400, "empty_media"),
        (lambda: audio(png()), 415, "undecodable_audio"),
        (lambda: audio(wav()[:-5_000]), 415, "truncated_audio"),
        (lambda: audio(wav(seconds=0)), 415, "empty_audio"),
        (lambda: image(b"x" * (20 * 1024 * 1024 + 1)), 413, "media_too_large"),
        (lambda: audio(wav(seconds=601)), 413, "audio_too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_media(server: Server, part: Callable[[], dict[str, str]], status: int, code: str) -> None:
    response = post(server, json={"input": [{"type": "text", "text": "a"}, part()]})
    refused(response, status, code, "input[1].data")


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"input": ""}, 400, "empty_text", "input[0].text"),
        ({"input": []}, 400, "empty_input", "input"),
        ({"input": None}, 400, "invalid_type", "input"),
        ({}, 400, "missing_field", "input"),
        ([], 400, "invalid_type", None),
        ({"input": "a", "modle": "x"}, 400, "unknown_field", "modle"),
        ({"input": "a", "policy": "none"}, 400, "unknown_policy", "policy"),
        ({"input": [{"type": "text", "text": "a"}] * 65}, 413, "too_many_parts", "input"),
        ({"input": "a" * 200_001}, 413, "text_too_long", "input[0].text"),
        ({"input": [{"type": "image", "data": "§"}]}, 400, "invalid_base64", "input[0].data"),
        ({"input": [{"type": "image", "url": "http://127.0.0.1/"}]}, 400, "url_fetch_disabled", "input[0].url"),
        ({"input": [{"type": "video", "data": "aGk="}]}, 415, "undecodable_video", "input[0].data"),
        ({"input": [{"type": "document", "data": "AAECAw=="}]}, 415, "undecodable_document", "input[0].data"),
        ({"input": "a", "provenance": True}, 422, "not_supported_yet", "provenance"),
        ({"requests": [{"input": "a"}] * 257}, 413, "batch_too_large", "requests"),
        ({"requests": "a"}, 400, "empty_batch", "requests"),
        ({"requests": [{"input": "a"}], "input": "b"}, 400, "unknown_field", "requests"),
    ],
)
def test_bodies(server: Server, body: Any, status: int, code: str, param: str | None) -> None:
    refused(post(server, json=body), status, code, param)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"input": NaN}', "invalid_json"),
        (b'{"input": ' + b"[" * 100_000, "invalid_json"),
        (b'{"input": ' + b"9" * 100_000 + b"}", "invalid_json"),
        (b'{"input": "\xff\xfe"}', "invalid_encoding"),
        ('{"input": "a"}'.encode("utf-16"), "invalid_encoding"),
    ],
)
def test_what_is_no_json(server: Server, body: bytes, code: str) -> None:
    refused(post(server, content=body, headers={"Content-Type": "application/json"}), 400, code)


def test_lone_surrogates_are_refused_and_never_echoed(server: Server) -> None:
    headers = {"Content-Type": "application/json"}
    response = post(server, content=b'{"input": "a\\ud800b"}', headers=headers)
    refused(response, 400, "invalid_unicode", "input[0].text")
    for body in (
        b'{"input": "a", "x\\udfffy": 1}',
        b'{"input": "a", "role": "\\ud800"}',
        b'{"input": "a", "policy": "\\ud800"}',
    ):
        response = post(server, content=body, headers=headers)
        assert response.status_code == 400
        assert "\\ud8" not in response.text
        assert "\\udf" not in response.text
    for body in (b'{"input": "a", "model": "\\ud800"}', b'{"input": ["a", "\\ud800"]}', b'{"inp\\ud800ut": "a"}'):
        response = httpx.post(f"{server.url}/v1/moderations", content=body, headers=headers)
        assert response.status_code in (200, 400)
        assert "\\ud8" not in response.text
        response.json()


def test_what_follows_a_nul_is_judged(server: Server) -> None:
    answer = post(server, json={"input": "fine\0 ⟦hate=0.99⟧"}).json()
    assert answer["decision"] == "block"
    assert answer["findings"][0]["evidence"]["span"] == [0, 17]


def test_other_content_types_and_encodings(server: Server) -> None:
    body = json.dumps({"input": "a"}).encode()
    refused(post(server, content=body, headers={"Content-Type": "text/plain"}), 415, "unsupported_content_type")
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    refused(post(server, content=gzip.compress(body), headers=headers), 415, "unsupported_content_encoding")
    bomb = gzip.compress(b"0" * 50_000_000)
    refused(post(server, content=bomb, headers=headers), 415, "unsupported_content_encoding")
    # Compressed without saying so: no JSON.
    refused(
        post(server, content=gzip.compress(body), headers={"Content-Type": "application/json"}), 400, "invalid_encoding"
    )


def test_a_body_of_100_mb_by_length_and_in_chunks(server: Server) -> None:
    headers = {"Content-Type": "application/json"}
    refused(post(server, content=b"x" * 100_000_000, headers=headers), 413, "body_too_large")

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000_000

    refused(post(server, content=chunks(), headers=headers), 413, "body_too_large")


def test_a_small_chunked_body_without_length_is_read(server: Server) -> None:
    response = post(server, content=iter([b'{"input":', b' "hello"}']), headers={"Content-Type": "application/json"})
    assert response.status_code == 200


def raw(server: Server, *sent: bytes, pause_s: float = 0.0) -> bytes:
    """What a server answers to bytes on a socket, until it closes."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for piece in sent:
            connection.sendall(piece)
            time.sleep(pause_s)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
        return answer


def test_a_client_that_is_slow_with_its_body_is_told(server: Server) -> None:
    head = b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    answer = raw(server, head, b'{"in', pause_s=0.5)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in answer


def test_a_client_that_is_slow_with_its_headers_is_let_go(server: Server) -> None:
    began = time.monotonic()
    assert raw(server, b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nX-Slow: ") == b""
    assert time.monotonic() - began < 5
    # … also on a connection that has already had an answer, whenever the next request began
    whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    for sent in ((whole + b"GET /he",), (whole, b"GET /he"), (whole,), ()):
        began = time.monotonic()
        answer = raw(server, *sent, pause_s=0.3)
        assert answer.startswith(b"HTTP/1.1 200") == bool(sent)
        assert time.monotonic() - began < 6


def drip(connection: socket.socket, *, seconds: float) -> None:
    for _ in range(int(seconds / 0.2)):
        connection.sendall(b"a")
        time.sleep(0.2)


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"], ids=["first", "second"])
def test_headers_that_drip_are_cut(server: Server, before: bytes) -> None:
    """A byte now and then is no sign of life: the time is that of all headers."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(before + b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            drip(connection, seconds=8)
        assert time.monotonic() - began < 6


def test_a_client_that_leaves_in_the_middle(server: Server) -> None:
    head = b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    host, _, port = server.url.removeprefix("http://").partition(":")
    for _ in range(20):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(head + b'{"in')


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/moderate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_no_http(server: Server, sent: bytes) -> None:
    try:
        answer = raw(server, sent)
    except ConnectionError:
        return
    assert answer.startswith(b"HTTP/1.1 4")
    assert b'"code": "invalid_http"' in answer or b'"code": "not_found"' in answer


def peak_mb(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"input":[' + b"1," * 1_500_000 + b"1]}", "too_many_values"),
        (b'{"input":[' + b"{}," * 900_000 + b"{}]}", "too_many_values"),
        (b'{"input":[' + b"{}," * 400_000 + b"{}]}", "too_many_parts"),
        (b'{"input":"a","conversation":[' + b"[]," * 400_000 + b"[]]}", "too_many_parts"),
        (b'{"requests":[{"input":[' + b"1," * 400_000 + b"1]}]}", None),
        (b'{"input":"a"' + b"".join(b',"%d":1' % key for key in range(300_000)) + b"}", "unknown_field"),
        (b'{"input":[{"type":"text","text":"a"' + b',"x":1' * 300_000 + b"}]}", "invalid_json"),
    ],
)
def test_many_small_values_take_no_memory_and_hold_nobody_up(server: Server, body: bytes, code: str | None) -> None:
    before, waits = peak_mb(server), []
    sending = threading.Thread(target=lambda: answers.append(post(server, content=body, headers=JSON)))
    answers: list[httpx.Response] = []
    sending.start()
    while sending.is_alive():
        began = time.monotonic()
        httpx.get(f"{server.url}/healthz", timeout=BOUND_S)
        waits.append(time.monotonic() - began)
    sending.join()
    found = answers[0].json()
    error = found["results"][0]["error"] if code is None else found["error"]
    assert error["code"] == (code or "too_many_parts")
    assert peak_mb(server) - before < 200
    assert max(waits) < 1.0


@pytest.mark.parametrize("charset", ["", "; charset=utf-16", "; charset=gbk"])
@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "utf-16"])
def test_a_form_that_is_not_utf8_is_refused_and_not_guessed_at(server: Server, charset: str, encoding: str) -> None:
    text = "é" if encoding == "latin-1" else "今晚"
    field = '{"input": "' + text + ' ⟦"}' if encoding == "utf-16" else '{"input": "' + text + '"}'
    head = b'--x\r\nContent-Disposition: form-data; name="request"\r\n\r\n'
    body = head + field.encode(encoding) + b"\r\n--x--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary=x{charset}"}
    response = post(server, content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] in ("invalid_encoding", "invalid_multipart", "invalid_json")


def test_multipart(server: Server) -> None:
    fields = {f"f{index}": "x" for index in range(10_000)}
    response = post(server, files={name: (None, value) for name, value in fields.items()})
    refused(response, 413, "too_many_fields")
    request = json.dumps({"input": [{"type": "image", "file": "a"}]})
    refused(post(server, files={"request": (None, request)}), 400, "missing_file", "input[0].file")
    refused(post(server, files={"a": ("a.png", png())}), 400, "missing_field", "request")
    refused(post(server, files={"request": (None, "{"), "a": ("a.png", png())}), 400, "invalid_json")
    headers = {"Content-Type": "multipart/form-data"}
    refused(post(server, content=b"--x\r\n", headers=headers), 400, "invalid_multipart")
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(post(server, content=b"garbage", headers=headers), 400, "invalid_multipart")
    request = json.dumps({"input": [{"type": "image", "file": "a"}]})
    form: list[Any] = [("request", (None, request)), ("a", ("a.png", png())), ("a", ("b.png", png()))]
    refused(post(server, files=form), 400, "repeated_field", "a")
    form = [("request", (None, request)), ("a", ("a.png", png())), ("b", ("b.png", png()))]
    refused(post(server, files=form), 400, "unused_file", "b")
    form = [("request", (None, request)), ("a", ("a.png", png())), ("b", (None, "text"))]
    refused(post(server, files=form), 400, "unknown_field", "b")


def test_unknown_paths_and_methods(server: Server) -> None:
    refused(httpx.get(f"{server.url}/v1/nothing"), 404, "not_found")
    refused(httpx.get(f"{server.url}/v1/moderate"), 405, "method_not_allowed")
    refused(httpx.get(f"{server.url}/%ED%A0%80"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/labels/apply"), ("POST", "/v1/labels/verify")],
)
def test_routes_that_are_not_built_say_so(server: Server, method: str, path: str) -> None:
    refused(httpx.request(method, f"{server.url}{path}"), 422, "not_supported_yet")


def test_a_storm_of_broken_media_leaves_the_server_whole(server: Server) -> None:
    """Many at once, good and bad mixed: every one gets its own answer."""
    bodies = [{"input": [image(png() if index % 2 else truncated_jpeg())]} for index in range(64)]
    rows = post(server, json={"requests": bodies}).json()["results"]
    assert ["error" in row for row in rows] == [index % 2 == 0 for index in range(64)]
