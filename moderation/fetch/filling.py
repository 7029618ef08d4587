"""Parts with a URL become parts with bytes: what one call fetches, together and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from time import monotonic
from typing import Self

from moderation.errors import InvalidRequestError, ModerationError, OverloadedError, TooLargeError
from moderation.fetch.fetcher import Fetched, Fetcher
from moderation.schema import Part


class Filling:
    """The fetches of one call: each URL once, a few at a time, all under one deadline.

    An async context manager around all that uses the bytes: they count as held until it ends, and fetches that nobody
    waits for any more end with it.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._places = asyncio.Semaphore(fetcher.settings.max_call_at_once)
        self._until = monotonic() + fetcher.settings.timeout_s
        self._fetches: dict[str, asyncio.Task[Fetched]] = {}
        self._held_bytes = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._fetches.values():
            task.cancel()
        await asyncio.gather(*self._fetches.values(), return_exceptions=True)
        self._fetches.clear()
        self._fetcher.held_bytes -= self._held_bytes
        self._held_bytes = 0

    async def fill(self, parts: Mapping[str, Part]) -> dict[str, Part]:
        """Parts by their paths (`input[1]`), those with a URL with the bytes it leads to in its place.

        Raises:
            InputError: of the first part that cannot be had; `param` is its path and `.url`.
            OverloadedError: try again later.
        """
        tasks = {path: self._task(part.url, path) for path, part in parts.items() if part.url is not None}
        filled = dict(parts)
        for path, task in tasks.items():
            try:
                data = (await asyncio.shield(task)).data
            except ModerationError as error:
                raise _at(error, path) from None
            if not data:
                raise _at(InvalidRequestError("the URL leads to no bytes", code="empty_media"), path)
            filled[path] = replace(parts[path], data=data, url=None)
        return filled

    def _task(self, url: str, path: str) -> asyncio.Task[Fetched]:
        if url not in self._fetches:
            most = self._fetcher.settings.max_urls
            if len(self._fetches) >= most:
                raise _at(TooLargeError(f"over {most} URLs in one call", code="too_many_urls"), path)
            self._fetches[url] = asyncio.create_task(self._fetch(url))
        return self._fetches[url]

    async def _fetch(self, url: str) -> Fetched:
        async with self._places:
            return await self._fetcher.fetch(url, deadline_s=self._until - monotonic(), count=self._count)

    def _count(self, more_bytes: int) -> None:
        settings = self._fetcher.settings
        self._held_bytes += more_bytes
        self._fetcher.held_bytes += more_bytes
        if self._held_bytes > settings.max_call_bytes:
            message = f"the URLs lead to over {settings.max_call_bytes} bytes together"
            raise TooLargeError(message, code="url_too_large")
        if self._fetcher.held_bytes > settings.max_held_bytes:
            raise OverloadedError("too much fetched media is being judged; try again later")


def _at(error: ModerationError, path: str) -> ModerationError:
    """The error with its place; a copy, since two parts may have one URL."""
    located = copy(error)
    located.param = f"{path}.url"
    return located
