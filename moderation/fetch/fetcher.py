"""What a URL leads to: requests, redirects and bodies, each under its bound.

A request carries nothing of this service or its callers: no cookies, no credentials, no proxy of the environment. The
final answer must come uncompressed, so that nothing is ever unpacked here.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import httpcore
import httpx

from moderation.errors import FetchError, InvalidRequestError, OverloadedError, TooLargeError
from moderation.fetch.addresses import Address, is_public
from moderation.fetch.network import BoundedStream, MayConnect, Names, PublicNetwork, Resolve
from moderation.fetch.settings import FetchSettings
from moderation.fetch.urls import next_url, port_of, read_url

_HEADERS = [
    (b"User-Agent", b"moderation"),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
]
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
# What the form of chunks may add to a body: as much again, and a little for short ones.
_CHUNKS_BYTES = 64 * 1024
# Each piece costs time of the loop, however small: beyond so many they must be of some size.
_PIECES = 16_384
_PIECE_BYTES = 128
_LENGTH = re.compile(rb"[0-9]{1,18}")
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError, OSError)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL leads to.

    Attributes:
        url: where it was found, after redirects.
    """

    data: bytes
    url: str


class Fetcher:
    """Fetches URLs from public addresses; an async context manager.

    Args:
        resolve: the addresses of a name; as the system says if left out.
        may_connect: which addresses are public; for a test, its own loopback.
        ssl_context: which certificates are trusted; those of the web if left out. It must verify.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolve: Resolve | None = None,
        may_connect: MayConnect | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.held_bytes = 0
        self._names = Names(settings.max_at_once)
        self._network = PublicNetwork(
            resolve=self._names.resolve if resolve is None else resolve,
            may_connect=_is_public if may_connect is None else may_connect,
            max_header_bytes=settings.max_header_bytes,
        )
        self._ssl_context = ssl_context
        self._places = asyncio.Semaphore(settings.max_at_once)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Reads the certificates; nothing is connected."""
        if self._ssl_context is None and self.settings.enabled:
            self._ssl_context = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)

    async def close(self) -> None:
        self._names.close()

    async def fetch(
        self, url: str, *, deadline_s: float | None = None, count: Callable[[int], None] | None = None
    ) -> Fetched:
        """What a URL leads to.

        Args:
            deadline_s: time for all of it, redirects and waiting for a place included; `timeout_s` if left out.
            count: told how many bytes came, as they come; what it raises ends the fetch.

        Raises:
            InvalidRequestError: codes `url_fetch_disabled`, `invalid_url`, `url_not_allowed`.
            TooLargeError: code `url_too_large`.
            FetchError: codes `url_not_found`, `url_failed`, `url_timeout`, `too_many_redirects`.
            OverloadedError: no place came free in time.
        """
        if not self.settings.enabled:
            message = "URLs are not fetched; send the bytes as `data`"
            raise InvalidRequestError(message, code="url_fetch_disabled")
        first = read_url(url, self.settings)
        has_place = False
        try:
            async with asyncio.timeout(self.settings.timeout_s if deadline_s is None else deadline_s):
                async with self._places:
                    has_place = True
                    return await self._follow(first, count)
        except TimeoutError:
            if not has_place:
                raise OverloadedError("too many URLs are being fetched; try again later") from None
            raise FetchError("the URL was not fetched in time; send the bytes as `data`", code="url_timeout") from None

    async def _follow(self, url: httpx.URL, count: Callable[[int], None] | None) -> Fetched:
        """Each redirect is a request of its own, on a connection of its own, checked like the first."""
        for _ in range(self.settings.max_redirects + 1):
            try:
                found = await self._get(url, count)
            except _FAILURES:
                message = "the host does not answer, or not with sound HTTP; send the bytes as `data`"
                raise FetchError(message, code="url_failed") from None
            if isinstance(found, bytes):
                return Fetched(found, str(url))
            url = found
        message = f"over {self.settings.max_redirects} redirects; give the last URL itself"
        raise FetchError(message, code="too_many_redirects")

    async def _get(self, url: httpx.URL, count: Callable[[int], None] | None) -> bytes | httpx.URL:
        """The body of one answer, or where it redirects to."""
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=url.raw_path)
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._ssl_context, network_backend=self._network, max_keepalive_connections=0
        )
        headers = [(b"Host", url.netloc), *_HEADERS]
        async with pool, pool.stream("GET", target, headers=headers) as answer:
            if answer.status in _REDIRECTS:
                return next_url(url, _location(answer), self.settings)
            _check_answer(answer)
            return await self._body(answer, count)

    async def _body(self, answer: httpcore.Response, count: Callable[[int], None] | None) -> bytes:
        most = self.settings.max_bytes
        too_large = TooLargeError(f"the URL leads to over {most} bytes", code="url_too_large")
        stated = _one(answer, b"content-length")
        if stated is not None and not (_LENGTH.fullmatch(stated) and int(stated) <= most):
            raise too_large
        stream = answer.extensions["network_stream"]
        if isinstance(stream, BoundedStream):
            stream.allow(2 * most + _CHUNKS_BYTES, too_large)
        body = bytearray()
        pieces = 0
        async for piece in answer.aiter_stream():
            body += piece
            pieces += 1
            if len(body) > most:
                raise too_large
            if pieces > _PIECES + len(body) // _PIECE_BYTES:
                raise FetchError("the host sends in too small pieces; send the bytes as `data`", code="url_failed")
            if count is not None:
                count(len(piece))
        return bytes(body)


def _is_public(address: Address, port: int) -> bool:  # noqa: ARG001 - which ports, is checked in the URL
    return is_public(address)


def _check_answer(answer: httpcore.Response) -> None:
    """Refuses what is not the thing itself, whole and unpacked."""
    if answer.status != 200:
        code = "url_not_found" if answer.status in _GONE else "url_failed"
        raise FetchError(f"the host answers with status {answer.status}", code=code)
    coded = [value.strip().lower() for name, value in answer.headers if name.lower() == b"content-encoding"]
    if any(value not in (b"", b"identity") for value in coded):
        message = "the host answers compressed, which it was asked not to; send the bytes as `data`"
        raise FetchError(message, code="url_failed")


def _location(answer: httpcore.Response) -> str:
    location = _one(answer, b"location")
    if location is None:
        raise FetchError("the host redirects to nowhere", code="url_failed")
    try:
        return location.decode()
    except UnicodeDecodeError:
        raise FetchError("a redirect leads to what is no URL", code="url_failed") from None


def _one(answer: httpcore.Response, wanted: bytes) -> bytes | None:
    """The value of a header that may be there once."""
    values = {value.strip() for name, value in answer.headers if name.lower() == wanted}
    if len(values) > 1:
        raise FetchError("the host answers with contrary headers", code="url_failed")
    return next(iter(values), None)
