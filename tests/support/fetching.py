"""Hosts on the loopback that answer as told, names that resolve as told, and ears for every connection.

A test's own host listens on `HOST`, and not on 127.0.0.1: a connection of this machine to itself is refused, and only
one to another address of the loopback has two ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from moderation.errors import InputError
from moderation.fetch.addresses import Address, is_public
from moderation.fetch.fetcher import Fetched, Fetcher
from moderation.fetch.network import MayConnect
from moderation.fetch.settings import FetchSettings

HOST = "127.0.0.2"
NAME = "media.example.com"
Respond = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Host:
    """A host: its port, and the whole head of every request it got."""

    port: int
    heads: list[str] = field(default_factory=list)

    def url(self, path: str = "/", *, name: str = NAME, scheme: str = "http") -> str:
        return f"{scheme}://{name}:{self.port}{path}"


@contextlib.asynccontextmanager
async def host(respond: Respond, *, context: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    """Serves one request a connection; `respond` gets its path and writes what it likes."""
    told = Host(0)
    busy: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            told.heads.append(head)
            await respond(head.split(" ")[1], writer)
            await writer.drain()
        writer.close()
        busy.discard(task)

    server = await asyncio.start_server(serve, HOST, 0, ssl=context)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()
        for task in list(busy):
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


def answering(body: bytes = b"", *, status: str = "200 OK", headers: Sequence[str] = (), sized: bool = True) -> bytes:
    """One whole answer."""
    lines = [f"HTTP/1.1 {status}", *headers, *([f"Content-Length: {len(body)}"] if sized else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


def always(answer: bytes) -> Respond:
    return by_path({}, answer)


def by_path(answers: dict[str, bytes], otherwise: bytes = b"") -> Respond:
    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.get(path, otherwise))

    return respond


def redirect(location: str, *, status: str = "302 Found") -> bytes:
    return answering(status=status, headers=[f"Location: {location}"])


class Names:
    """A resolver: each name has a list of answers, the last of which stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers: dict[str, list[list[str]]] = {NAME: [[HOST]]}
        self.answers |= {name: [list(one) for one in each] for name, each in answers.items()}
        self.asked: list[str] = []

    def add(self, name: str, *answers: Sequence[str]) -> None:
        self.answers[name] = [list(one) for one in answers]

    async def resolve(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        left = self.answers.get(name)
        if left is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return left.pop(0) if len(left) > 1 else left[0]


def only(port: int) -> MayConnect:
    """The real rule, and beside it one port of the test's own host."""

    def may_connect(address: Address, asked: int) -> bool:
        return (address == ip_address(HOST) and asked == port) or is_public(address)

    return may_connect


def fetcher_for(
    port: int,
    *,
    names: Names | None = None,
    ports: tuple[int, ...] = (),
    context: ssl.SSLContext | None = None,
    **settings: Any,
) -> Fetcher:
    return Fetcher(
        FetchSettings(enabled=True, ports=(port, *ports), **settings),
        resolve=(names or Names()).resolve,
        may_connect=only(port),
        ssl_context=context or _web(),
    )


async def fetched(respond: Respond, path: str = "/", *, deadline_s: float | None = None, **settings: Any) -> Fetched:
    async with host(respond) as own, fetcher_for(own.port, **settings) as fetcher:
        return await fetcher.fetch(own.url(path), deadline_s=deadline_s)


def failed(respond: Respond, path: str = "/", **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        asyncio.run(fetched(respond, path, **options))
    return caught.value


@functools.cache
def _web() -> ssl.SSLContext:
    """What a fetcher trusts by default; reading it takes time."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass
class Canary:
    """Listens on every address of this machine; nothing may come."""

    port: int
    came: list[Any] = field(default_factory=list)  # who connected
    told: bytes = b""  # what they sent


@contextlib.asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    bird = Canary(0)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bird.came.append(writer.get_extra_info("peername"))
        with contextlib.suppress(OSError):
            writer.write(answering(b"secret"))
            bird.told += await reader.read(1_000)
        writer.close()

    listener = (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        if socket.has_dualstack_ipv6()
        else socket.create_server(("0.0.0.0", 0))
    )
    server = await asyncio.start_server(hear, sock=listener)
    bird.port = listener.getsockname()[1]
    try:
        yield bird
        await asyncio.sleep(0.01)
    finally:
        server.close()


_HEARD: list[list[tuple[Any, ...]]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _HEARD:
        for heard in _HEARD:
            heard.append(arguments[1])


@contextlib.contextmanager
def connections() -> Iterator[list[tuple[Any, ...]]]:
    """The addresses of every connection this process tries to open, whoever opens it."""
    if not hasattr(sys, "_connections_are_heard"):
        sys.addaudithook(_hear)
        sys._connections_are_heard = True  # type: ignore[attr-defined]
    heard: list[tuple[Any, ...]] = []
    _HEARD.append(heard)
    try:
        yield heard
    finally:
        _HEARD.remove(heard)


def certificates(folder: Path, name: str = NAME) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A host's context with a certificate for a name, and a client's that trusts who signed it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    authority = _certificate(authority_name, authority_name, authority_key.public_key(), authority_key, [])
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(IPv4Address("127.0.0.3"))]
    certificate = _certificate(own_name, authority_name, key.public_key(), authority_key, names)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "host.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cadata=authority.public_bytes(pem).decode())
    return server, client


def _certificate(
    own: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    names: list[x509.GeneralName],
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())
