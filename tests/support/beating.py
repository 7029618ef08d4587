"""How long an event loop is held in one go, in processor time of its own thread: a busy machine changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_EVERY_S = 0.001


@asynccontextmanager
async def beating() -> AsyncIterator[list[float]]:
    """Gives a list that in the end holds the processor seconds between any two beats of a heart in the loop."""
    gaps: list[float] = []

    async def beat() -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(_EVERY_S)
            now = time.thread_time()
            gaps.append(now - last)
            last = now

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0)
    try:
        yield gaps
    finally:
        await asyncio.sleep(2 * _EVERY_S)
        heart.cancel()
        with suppress(asyncio.CancelledError):
            await heart
