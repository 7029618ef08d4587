"""Size and time: what is too much, too slow or without an end is ended."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from time import monotonic

import pytest
from support.fetching import (
    HOST,
    NAME,
    Names,
    Respond,
    always,
    answering,
    failed,
    fetched,
    fetcher_for,
    host,
    redirect,
)

from moderation.errors import FetchError, OverloadedError, TooLargeError

# ---- size


def chunked(*chunks: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b"")
    )


def test_the_size_is_bounded_to_the_byte() -> None:
    for form in (answering, lambda body: answering(body, sized=False), chunked):
        assert len(asyncio.run(fetched(always(form(bytes(10_000))), max_bytes=10_000)).data) == 10_000
        error = failed(always(form(bytes(10_001))), max_bytes=10_000)
        assert (error.code, type(error)) == ("url_too_large", TooLargeError)


@pytest.mark.parametrize("stated", ["10001", "9" * 18, "9" * 19, "9" * 5_000])
def test_a_stated_size_is_believed_before_anything_is_read(stated: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {stated}\r\n\r\n".encode()

    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await asyncio.sleep(60)

    began = monotonic()
    assert failed(respond, max_bytes=10_000).code in ("url_too_large", "url_failed")
    assert monotonic() - began < 5


def endless(start: bytes, piece: bytes) -> Respond:
    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return respond


@pytest.mark.parametrize(
    ("start", "piece", "code"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", bytes(65_536), "url_too_large"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n%s\r\n" % bytes(1_024), "url_too_large"),
        # one byte a time, each of which costs time to take apart
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000, "url_failed"),
        # what is not the body, and not counted as such
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1;" + b"y" * 60_000 + b"\r\nx\r\n",
            "url_too_large",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 100, "url_failed"),
        # before the body
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, "url_failed"),
        (b"", b"x" * 1_000, "url_failed"),
        (b"HTTP/1.1 200 OK\r\n", b"a: " + b"b" * 1_000 + b"\r\n", "url_failed"),
        (b"HTTP/1.1 200 OK\r\na: ", b"b" * 1_000, "url_failed"),
    ],
    ids=["body", "chunks", "small", "extensions", "trailers", "hints", "no-http", "headers", "header"],
)
def test_what_has_no_end_is_ended(start: bytes, piece: bytes, code: str) -> None:
    began = monotonic()
    assert failed(endless(start, piece), max_bytes=1_000_000, timeout_s=30.0).code == code
    assert monotonic() - began < 10


def test_headers_are_bounded() -> None:
    for count, fits in ((20, True), (40, False)):
        answer = answering(b"x", headers=[f"X-{number}: {'y' * 1_000}" for number in range(count)])
        if fits:
            assert asyncio.run(fetched(always(answer), max_header_bytes=32_768)).data == b"x"
        else:
            assert failed(always(answer), max_header_bytes=32_768).code == "url_failed"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip", "unknown"])
def test_what_is_compressed_is_refused_and_not_unpacked(coding: str) -> None:
    bomb = gzip.compress(bytes(50_000_000)) if "gzip" in coding else zlib.compress(bytes(50_000_000))
    error = failed(always(answering(bomb, headers=[f"Content-Encoding: {coding}"])))
    assert error.code == "url_failed"
    assert "compressed" in error.message
    twice = ["Content-Encoding: identity", f"Content-Encoding: {coding}"]
    assert failed(always(answering(bomb, headers=twice))).code == "url_failed"


def test_a_compressed_transfer_is_refused() -> None:
    bomb = gzip.compress(bytes(1_000_000))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    assert failed(always(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb))).code == "url_failed"


def test_a_compressed_file_stays_as_it_is() -> None:
    file = gzip.compress(bytes(1_000_000))
    assert asyncio.run(fetched(always(answering(file, headers=["Content-Type: application/gzip"])))).data == file


# ---- time


@pytest.mark.parametrize("stage", ["silent", "head", "body", "redirects"])
def test_the_time_is_bounded_at_every_stage(stage: str) -> None:
    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        start = {"silent": b"", "head": b"HTTP/1.1 200 OK\r\n", "body": answering(b"x" * 1_000)[:-999]}
        if stage == "redirects":
            await asyncio.sleep(0.2)
            writer.write(redirect("/"))
            return
        writer.write(start[stage])
        while stage != "silent":  # a byte from time to time, so that no single wait is long
            writer.write(b"x")
            await asyncio.sleep(0.02)
        await asyncio.sleep(60)

    began = monotonic()
    error = failed(respond, deadline_s=0.4, max_redirects=100)
    assert (error.code, type(error)) == ("url_timeout", FetchError)
    assert 0.3 < monotonic() - began < 3


def test_a_slow_resolver_is_not_waited_for() -> None:
    class Slow(Names):
        async def resolve(self, name: str) -> list[str]:
            await asyncio.sleep(60)
            return []

    async def scenario() -> None:
        async with fetcher_for(80, names=Slow()) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(f"http://{NAME}/", deadline_s=0.1)
            assert caught.value.code == "url_timeout"

    asyncio.run(scenario())


def test_a_slow_handshake_is_not_waited_for() -> None:
    async def scenario() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.read()  # until the other side has gone
            finally:
                writer.close()
                gone.set()

        gone = asyncio.Event()
        server = await asyncio.start_server(silent, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        async with server, fetcher_for(port) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(f"https://{NAME}:{port}/", deadline_s=0.2)
            assert caught.value.code == "url_timeout"
            await asyncio.wait_for(gone.wait(), 5)

    asyncio.run(scenario())


def test_places_are_bounded_and_given_back() -> None:
    at_once, most = 0, 0

    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05 if path == "/" else 60)
        at_once -= 1
        writer.write(answering(b"x"))

    async def scenario() -> None:
        async with host(respond) as own, fetcher_for(own.port, max_at_once=2) as fetcher:
            found = await asyncio.gather(*(fetcher.fetch(own.url()) for _ in range(6)))
            assert [one.data for one in found] == [b"x"] * 6
            assert most == 2
            slow = [asyncio.create_task(fetcher.fetch(own.url("/slow"), deadline_s=0.6)) for _ in range(2)]
            await asyncio.sleep(0.1)
            with pytest.raises(OverloadedError):
                await fetcher.fetch(own.url(), deadline_s=0.1)
            with pytest.raises(FetchError):
                await slow[0]
            assert (await fetcher.fetch(own.url())).data == b"x"
            await asyncio.gather(*slow, return_exceptions=True)

    asyncio.run(scenario())


def test_a_caller_that_leaves_ends_the_fetch() -> None:
    left = asyncio.Event()

    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            left.set()

    async def scenario() -> None:
        async with host(respond) as own, fetcher_for(own.port) as fetcher:
            task = asyncio.create_task(fetcher.fetch(own.url()))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(left.wait(), 5)

    asyncio.run(scenario())
