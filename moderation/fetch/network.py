"""Connections to public addresses alone, whatever names say.

A name is resolved once, here, where the connection is made; every address it has is checked, the connection goes to one
of those and not to the name, and the peer of the connected socket is checked again before a byte is sent.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore

from moderation.errors import InvalidRequestError, ModerationError
from moderation.fetch.addresses import Address, read_address

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""All addresses of a name; none, or an `OSError`, if it has none."""
MayConnect = Callable[[Address, int], bool]
"""Whether an address and a port may be connected to."""

# Of a host with many addresses so many are tried, each for so long: one that is dead is not the host's end.
TRIED_ADDRESSES = 4
CONNECT_TIMEOUT_S = 3.0


class Names:
    """Resolves names as the system does, in threads of its own: a slow server of names holds up nothing else."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def resolve(self, host: str) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _addresses_of, host)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses_of(host: str) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to hosts whose addresses may all be connected to.

    Args:
        max_header_bytes: what may be read of a connection before `BoundedStream.allow` raises it.
        inner: what connects to an address.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        may_connect: MayConnect,
        max_header_bytes: int,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._resolve = resolve
        self._may_connect = may_connect
        self._max_header_bytes = max_header_bytes
        self._inner = httpcore.AnyIOBackend() if inner is None else inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses.

        Raises:
            InvalidRequestError: code `url_not_allowed`.
            httpcore.ConnectError, httpcore.ConnectTimeout: none of the addresses answers.
        """
        addresses = await self._addresses(host)
        # A name with one private address is refused whole: it is an attack, or a name of an inner network.
        if not addresses or not all(self._may_connect(address, port) for address in addresses):
            raise _not_public()
        failed: Exception | None = None
        wait_s = CONNECT_TIMEOUT_S if timeout is None else min(timeout, CONNECT_TIMEOUT_S)
        for address in addresses[:TRIED_ADDRESSES]:
            try:
                stream = await self._inner.connect_tcp(str(address), port, wait_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            if not self._is_right(stream, address, port):
                await stream.aclose()
                raise _not_public()
            return BoundedStream(stream, self._max_header_bytes)
        raise failed or httpcore.ConnectError()

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise _not_public()

    async def _addresses(self, host: str) -> list[Address]:
        literal = read_address(host)
        if literal is not None:
            return [literal]
        try:
            found = [read_address(text) for text in await self._resolve(host)]
        except (OSError, UnicodeError):
            return []
        return [address for address in found if address is not None] if None not in found else []

    def _is_right(self, stream: httpcore.AsyncNetworkStream, address: Address, port: int) -> bool:
        """Whether the socket is connected to where it should be, and that is not this machine itself.

        Only a connection of a machine to itself has one address at both ends: what listens there, even on an address
        that is public, may be shut off from everybody else.
        """
        peer, own = (stream.get_extra_info(end) or ("", 0) for end in ("server_addr", "client_addr"))
        connected = read_address(peer[0])
        return (
            connected == address
            and peer[1] == port
            and self._may_connect(address, port)
            and connected != read_address(own[0])
        )


class BoundedStream(httpcore.AsyncNetworkStream):
    """A connection of which no more is read than is allowed by now."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, left_bytes: int) -> None:
        self._inner = inner
        self._left_bytes = left_bytes
        self._over: ModerationError | None = None

    def allow(self, more_bytes: int, over: ModerationError) -> None:
        """Lets so much more be read; `over` is raised when it is used up."""
        self._left_bytes += more_bytes
        self._over = over

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self._left_bytes <= 0:
            raise self._over or httpcore.RemoteProtocolError("the headers are too large")
        data = await self._inner.read(min(max_bytes, self._left_bytes), timeout)
        self._left_bytes -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:  # also when the time is up, where nobody else closes it
            await self._inner.aclose()
            raise
        return BoundedStream(inner, self._left_bytes)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _not_public() -> InvalidRequestError:
    """One answer for a name without an address and for one with a private address: which it is, is not told."""
    return InvalidRequestError("the host has no public address", code="url_not_allowed")
