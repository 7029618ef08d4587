"""What a URL leads to, and every bound on the way there."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any

import httpcore
import pytest
from support.fetching import (
    HOST,
    NAME,
    Names,
    always,
    answering,
    by_path,
    certificates,
    connections,
    failed,
    fetched,
    fetcher_for,
    host,
    redirect,
)

from moderation.errors import FetchError, InputError
from moderation.fetch.fetcher import Fetched, Fetcher
from moderation.fetch.settings import FetchSettings

BODY = bytes(range(256)) * 300  # more than one read


# ---- what comes back


@pytest.mark.parametrize(
    "answer",
    [
        answering(BODY),
        answering(BODY, sized=False),  # to the end of the connection
        answering(BODY, headers=["Content-Encoding: identity", "Content-Type: text/html", "Set-Cookie: a=b"]),
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answering(BODY),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    ],
)
def test_a_body_in_each_of_its_forms(answer: bytes) -> None:
    assert asyncio.run(fetched(always(answer))).data == BODY


def test_a_body_in_parts() -> None:
    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        for piece in (b"ngth: 6\r\n", b"\r\nab", b"cd", b"ef"):
            await asyncio.sleep(0.01)
            writer.write(piece)

    assert asyncio.run(fetched(respond)).data == b"abcdef"


def test_what_a_request_says() -> None:
    async def scenario() -> None:
        async with host(always(answering(b"x"))) as own, fetcher_for(own.port) as fetcher:
            url = own.url("/a b/ü?q=1&r=%20#part")
            assert await fetcher.fetch(url) == Fetched(b"x", own.url("/a%20b/%C3%BC?q=1&r=%20"))
            request, *headers = own.heads[0].split("\r\n")
            assert request == "GET /a%20b/%C3%BC?q=1&r=%20 HTTP/1.1"
            assert sorted(filter(None, headers)) == [
                "Accept-Encoding: identity",
                "Accept: */*",
                "Connection: close",
                f"Host: {NAME}:{own.port}",
                "User-Agent: moderation",
            ]

    asyncio.run(scenario())


def test_an_address_as_host() -> None:
    async def scenario() -> None:
        async with host(always(answering(b"x"))) as own, fetcher_for(own.port, names=Names()) as fetcher:
            assert (await fetcher.fetch(own.url(name=HOST))).data == b"x"
            assert f"Host: {HOST}:{own.port}" in own.heads[0]

    asyncio.run(scenario())


class Claimed(httpcore.AsyncNetworkStream):
    """A connection to the test's host that has the address it was asked for."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, address: tuple[str, int]) -> None:
        self.inner, self.address = inner, address
        self.read, self.write, self.aclose = inner.read, inner.write, inner.aclose  # type: ignore[method-assign]

    def get_extra_info(self, info: str) -> Any:
        return self.address if info == "server_addr" else self.inner.get_extra_info(info)


def test_an_address_of_version_6_stands_in_brackets() -> None:
    asked: list[str] = []

    async def scenario() -> None:
        async with host(always(answering(b"x"))) as own:

            class Network(httpcore.AsyncNetworkBackend):
                async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
                    asked.append(host)
                    return Claimed(await httpcore.AnyIOBackend().connect_tcp(HOST, port), (host, port))

            async with fetcher_for(own.port) as fetcher:
                fetcher._network._inner = Network()
                url = own.url(name="[2606:4700::1111]")
                assert await fetcher.fetch(url) == Fetched(b"x", url)
            assert asked == ["2606:4700::1111"]
            assert f"Host: [2606:4700::1111]:{own.port}" in own.heads[0]

    asyncio.run(scenario())


def test_cookies_and_passwords_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text(f"machine {NAME} login own password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    cookie = "Set-Cookie: session=1; Path=/"
    answers = {
        "/1": answering(status="302 Found", headers=["Location: /2", cookie]),
        "/2": answering(b"x", headers=[cookie]),
    }

    async def scenario() -> None:
        async with host(by_path(answers)) as own, fetcher_for(own.port) as fetcher:
            for _ in range(2):
                await fetcher.fetch(own.url("/1"))
            assert len(own.heads) == 4
            assert not [head for head in own.heads if "cookie" in head.lower() or "authorization" in head.lower()]
            assert not [head for head in own.heads if "referer" in head.lower()]

    asyncio.run(scenario())


def test_the_next_address_is_tried_where_one_is_dead() -> None:
    async def scenario() -> None:
        names = Names()
        async with host(always(answering(b"x"))) as own:
            names.add(NAME, ["127.0.0.9", HOST])
            fetcher = Fetcher(
                FetchSettings(enabled=True, ports=(own.port,)), resolve=names.resolve, may_connect=lambda *_: True
            )
            async with fetcher:
                with connections() as tried:
                    assert (await fetcher.fetch(own.url())).data == b"x"
            assert tried == [("127.0.0.9", own.port), (HOST, own.port)]

    asyncio.run(scenario())


# ---- redirects


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_redirects_are_followed_and_told(status: str) -> None:
    async def scenario() -> None:
        answers = {
            "/1": redirect("/2?x", status=status),
            "/2?x": redirect(f"//{NAME}:PORT/3", status=status),
            "/3": answering(b"x"),
        }

        async def respond(path: str, writer: asyncio.StreamWriter) -> None:
            writer.write(answers[path].replace(b"PORT", str(own.port).encode()))

        async with host(respond) as own:
            with connections() as tried:
                async with fetcher_for(own.port) as fetcher:
                    assert await fetcher.fetch(own.url("/1")) == Fetched(b"x", own.url("/3"))
            assert tried == [(HOST, own.port)] * 3  # each on a connection of its own

    asyncio.run(scenario())


def test_the_number_of_redirects_is_bounded() -> None:
    answers = {f"/{number}": redirect(f"/{number + 1}") for number in range(3)}
    assert asyncio.run(fetched(by_path(answers, answering(b"x")), "/0", max_redirects=3)).data == b"x"
    assert failed(by_path(answers, answering(b"x")), "/0", max_redirects=2).code == "too_many_redirects"
    assert failed(always(redirect("/"))).code == "too_many_redirects"
    assert failed(always(redirect("/")), max_redirects=0).code == "too_many_redirects"


@pytest.mark.parametrize(
    "headers",
    [[], ["Location: /a", "Location: /b"], ["Location: http://[", "Location: /"], ["Location: /\udcff"]],
)
def test_a_redirect_that_cannot_be_followed(headers: list[str]) -> None:
    lines = "\r\n".join(["HTTP/1.1 302 Found", *headers, "Content-Length: 0", "", ""])
    assert failed(always(lines.encode(errors="surrogateescape"))).code == "url_failed"


@pytest.mark.parametrize("status", ["200 OK", "201 C", "300 M", "304 N", "305 U", "306 S", "399 X", "404 N"])
def test_no_other_status_redirects(status: str) -> None:
    answers = {"/": answering(b"here", status=status, headers=["Location: /there"])}
    if status.startswith("200"):
        assert asyncio.run(fetched(by_path(answers))).data == b"here"
    else:
        assert failed(by_path(answers, answering(b"there"))).code in ("url_failed", "url_not_found")


def test_the_body_of_a_redirect_is_not_read() -> None:
    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        if path != "/":
            writer.write(answering(b"x"))
            return
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    assert asyncio.run(fetched(respond, timeout_s=3.0)).data == b"x"


# ---- hosts that fail


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("404 Not Found", "url_not_found"),
        ("410 Gone", "url_not_found"),
        ("204 No Content", "url_failed"),
        ("206 Partial Content", "url_failed"),
        ("300 Multiple Choices", "url_failed"),
        ("304 Not Modified", "url_failed"),
        ("401 Unauthorized", "url_failed"),
        ("403 Forbidden", "url_failed"),
        ("407 Proxy Authentication Required", "url_failed"),
        ("418 I'm a teapot", "url_failed"),
        ("500 Internal Server Error", "url_failed"),
        ("503 Service Unavailable", "url_failed"),
        ("999 Own", "url_failed"),
    ],
)
def test_another_status_is_told(status: str, code: str) -> None:
    error = failed(always(answering(b"secret page", status=status)))
    assert error.code == code
    assert "secret" not in error.message


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00" * 100,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"-ERR unknown command 'GET'\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",  # cut off
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nab",
        b"HTTP/1.1 200 OK\r\n Folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
    ],
)
def test_what_is_no_sound_answer(answer: bytes) -> None:
    assert failed(always(answer)).code == "url_failed"


def test_nobody_listens() -> None:
    async def scenario() -> None:
        async with host(always(b"")) as gone:
            pass
        async with fetcher_for(gone.port) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(gone.url())
            assert caught.value.code == "url_failed"

    asyncio.run(scenario())


# ---- TLS


def over_tls(
    folder: Path, *, name: str = NAME, certificate: str = NAME, trusted: bool = True
) -> tuple[Fetched | InputError, list[str | None], list[str]]:
    """What comes of a URL over TLS, the name the client asked for, and the requests that came through."""
    server, client = certificates(folder, certificate)
    asked: list[str | None] = []
    server.sni_callback = lambda _, given, __: asked.append(given)

    async def scenario() -> tuple[Fetched | InputError, list[str]]:
        names = Names()
        names.add("other.example.com", [HOST])
        async with (
            host(always(answering(b"over TLS")), context=server) as own,
            fetcher_for(own.port, names=names, context=client if trusted else None) as fetcher,
        ):
            try:
                return await fetcher.fetch(own.url(name=name, scheme="https")), own.heads
            except InputError as error:
                return error, own.heads

    found, heads = asyncio.run(scenario())
    return found, asked, heads


def test_the_name_is_asked_for_and_verified(tmp_path: Path) -> None:
    found, asked, heads = over_tls(tmp_path)
    assert isinstance(found, Fetched)
    assert found.data == b"over TLS"
    assert asked == [NAME]
    assert f"Host: {NAME}:" in heads[0]


@pytest.mark.parametrize(
    "options",
    [{"name": "other.example.com"}, {"certificate": "other.example.com"}, {"trusted": False}, {"name": HOST}],
    ids=["other-name", "other-certificate", "not-trusted", "address-not-in-it"],
)
def test_a_certificate_that_is_not_right(tmp_path: Path, options: dict[str, Any]) -> None:
    found, _, heads = over_tls(tmp_path, **options)
    assert isinstance(found, FetchError)
    assert found.code == "url_failed"
    assert heads == []


def test_what_is_trusted_by_default_verifies() -> None:
    async def scenario() -> ssl.SSLContext | None:
        async with Fetcher(FetchSettings(enabled=True)) as fetcher:
            return fetcher._ssl_context

    context = asyncio.run(scenario())
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_no_tls_where_it_is_asked_for() -> None:
    async def scenario() -> None:
        async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answering(b"x", status="400 Bad Request"))
            writer.close()

        server = await asyncio.start_server(plain, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        async with server, fetcher_for(port) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(f"https://{NAME}:{port}/")
            assert caught.value.code == "url_failed"

    asyncio.run(scenario())


def test_settings_alone_load_no_library_of_http() -> None:
    script = "import sys, moderation.fetch.settings; print({'httpx', 'httpcore', 'anyio'} & set(sys.modules))"

    async def scenario() -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[1]
        )
        return (await process.communicate())[0]

    assert asyncio.run(scenario()).strip() == b"set()"
