"""How a call shares the event loop with all others: long work in pieces, however much one caller sent.

What takes long is done in a thread, a slice at a time; what takes little is done at once, and after `HELD_S` of it the
loop goes on before there is more. A single piece of work is not interrupted: whoever does it keeps it short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter

HELD_S = 0.005
PHASE_S = 30.0  # for the work of one kind of a whole call, its thread's queue included
SLICE_ITEMS = 64
SLICE_CHARS = 8_000


class Pace:
    """How long the loop has been held."""

    def __init__(self) -> None:
        self._since = perf_counter()

    @property
    def is_long(self) -> bool:
        return perf_counter() - self._since >= HELD_S

    async def rest(self) -> None:
        """Lets the loop go on if it was held for long."""
        if self.is_long:
            await asyncio.sleep(0)
            self._since = perf_counter()


def slices(texts: Sequence[str], *, most_chars: int = SLICE_CHARS) -> Iterator[list[str]]:
    """Runs of texts, bounded in number and in characters."""
    part: list[str] = []
    chars = 0
    for text in texts:
        if part and (len(part) == SLICE_ITEMS or chars + len(text) > most_chars):
            yield part
            part, chars = [], 0
        part.append(text)
        chars += len(text)
    if part:
        yield part
