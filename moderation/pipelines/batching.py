"""The scheduler: a late-binding, cost-budgeted micro-batcher.

A batch is closed only when the engine is free to take it, never by a timer: an idle engine runs at once, a busy
one finds everything that queued up meanwhile. What a batch may hold is bounded by (largest cost) x (items), so
that long items do not make short ones pay for padding; the oldest item is always in the next batch, so nothing
starves. A batch that fails is halved until the failing items are alone, so they fail alone.

Pure logic apart from asyncio: what runs a batch is passed in. It does not know models, media or threads.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from moderation.errors import DeadlineError, ModelError, ModerationError, OverloadedError, StalledError

In = TypeVar("In")
Out = TypeVar("Out")

# The batcher looks for items of like cost among WINDOW batches behind the oldest item: bounds the sort, not the queue.
WINDOW = 4


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one batch and one queue may hold.

    Attributes:
        max_batch_size: items in a batch.
        max_batch_cost: (largest cost) x (items) of a batch; a single item above it runs alone.
        max_queue_size: items that wait; over it, `OverloadedError`.
        max_queue_cost: sum of the costs of what waits; over it likewise, unless nothing waits.
        stall_s: a batch that runs longer marks the engine stalled: new items are refused until it ends.
    """

    max_batch_size: int
    max_batch_cost: int
    max_queue_size: int
    stall_s: float
    max_queue_cost: int = 1 << 62


class _Group(Generic[Out]):
    """The items of one call: they are answered together, once."""

    __slots__ = ("done", "pending", "results")

    def __init__(self, size: int, done: asyncio.Future[None]) -> None:
        self.results: list[Out | ModerationError | None] = [None] * size
        self.pending = size
        self.done = done


class _Entry(Generic[In, Out]):
    __slots__ = ("cost", "group", "index", "item")

    def __init__(self, item: In, cost: int, group: _Group[Out], index: int) -> None:
        self.item = item
        self.cost = cost
        self.group = group
        self.index = index


def choose(costs: Sequence[int], *, max_batch_size: int, max_batch_cost: int) -> list[int]:
    """Which waiting items make the next batch.

    The oldest item is always taken; the others by likeness of cost to it, cheaper ones first among equals, as
    long as (largest cost) x (items) stays in the budget.

    Args:
        costs: of the waiting items, oldest first; not empty.

    Returns:
        Indices into `costs`, ascending; 0 is always among them.
    """
    if len(costs) <= max_batch_size and max(costs) * len(costs) <= max_batch_cost:
        return list(range(len(costs)))
    anchor = costs[0]
    by_likeness = sorted(range(1, len(costs)), key=lambda index: (abs(costs[index] - anchor), costs[index], index))
    chosen, largest = [0], anchor
    for index in by_likeness:
        if len(chosen) == max_batch_size:
            break
        grown = max(largest, costs[index])
        if grown * (len(chosen) + 1) <= max_batch_cost:
            chosen.append(index)
            largest = grown
    return sorted(chosen)


class Batcher(Generic[In, Out]):
    """Queues items and runs them in batches, one batch at a time. Belongs to one event loop."""

    def __init__(
        self,
        run: Callable[[list[In]], Awaitable[list[Out]]],
        *,
        cost: Callable[[In], int],
        bounds: Bounds,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        """Args:
        run: answers a batch with a list of the same length and order, or raises.
        cost: relative work of an item, at least 1.
        observe: told the size and the seconds of every batch that ran.
        """
        self._run = run
        self._cost = cost
        self._bounds = bounds
        self._observe = observe
        self._queue: deque[_Entry[In, Out]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._running_since: float | None = None
        self._closed = False

    @property
    def queued(self) -> int:
        """Items that wait."""
        return len(self._queue)

    def stalled(self) -> bool:
        """True while one batch has run for longer than `stall_s`."""
        since = self._running_since
        return since is not None and asyncio.get_running_loop().time() - since > self._bounds.stall_s

    async def submit(self, items: Sequence[In], *, deadline_s: float | None = None) -> list[Out | ModerationError]:
        """Answers each item, in order, with its result or with the error that it met.

        Items not answered after `deadline_s` get `DeadlineError`; the others keep their results. If the caller is
        cancelled, its waiting items are dropped.

        Raises:
            OverloadedError: the queue has no room for all the items; none was queued.
            StalledError: the engine hangs in an earlier batch, or the batcher is closed.
        """
        if not items:
            return []
        costs = [self._cost(item) for item in items]
        self._admit(len(items), sum(costs))
        group: _Group[Out] = _Group(len(items), asyncio.get_running_loop().create_future())
        entries = zip(items, costs, itertools.count(), strict=False)
        self._queue.extend(_Entry(item, cost, group, index) for item, cost, index in entries)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        try:
            async with asyncio.timeout(deadline_s):
                await group.done
        except TimeoutError:
            self._drop_abandoned()
        except asyncio.CancelledError:
            group.done.cancel()
            self._drop_abandoned()
            raise
        return [
            DeadlineError(f"no answer within {deadline_s} s") if result is None else result for result in group.results
        ]

    def _admit(self, count: int, cost: int) -> None:
        if self._closed:
            raise StalledError("the scheduler is closed")
        if self.stalled():
            raise StalledError(f"an earlier batch has run for over {self._bounds.stall_s} s")
        if len(self._queue) + count > self._bounds.max_queue_size:
            raise OverloadedError(f"{len(self._queue)} items wait, {self._bounds.max_queue_size} may; try again")
        if self._queue and sum(entry.cost for entry in self._queue) + cost > self._bounds.max_queue_cost:
            raise OverloadedError("what waits is more work than is done in time; try again", retry_after_s=2)

    def _drop_abandoned(self) -> None:
        self._queue = deque(entry for entry in self._queue if not entry.group.done.done())

    async def _work(self) -> None:
        """Runs batches until nothing waits, then ends: an idle batcher holds no task and no timer."""
        try:
            while batch := self._next_batch():
                await self._answer(batch)
        finally:
            self._worker = None

    def _next_batch(self) -> list[_Entry[In, Out]]:
        if not self._queue:
            return []
        reach = WINDOW * self._bounds.max_batch_size
        waiting = list(itertools.islice(self._queue, reach))
        chosen = choose(
            [entry.cost for entry in waiting],
            max_batch_size=self._bounds.max_batch_size,
            max_batch_cost=self._bounds.max_batch_cost,
        )
        taken = set(chosen)
        for _ in waiting:
            self._queue.popleft()
        self._queue.extendleft(entry for index, entry in reversed(list(enumerate(waiting))) if index not in taken)
        return [waiting[index] for index in chosen]

    async def _answer(self, batch: list[_Entry[In, Out]]) -> None:
        loop = asyncio.get_running_loop()
        began = self._running_since = loop.time()
        try:
            results = await self._run([entry.item for entry in batch])
            if len(results) != len(batch):
                raise ModelError(f"{len(results)} results for {len(batch)} items")  # noqa: TRY301 - one failure path
        except asyncio.CancelledError:
            self._settle(batch, [StalledError("the scheduler is closed")] * len(batch))
            raise
        except BaseException as error:  # noqa: BLE001 - a model may raise anything, SystemExit too; callers must be told
            await self._isolate(batch, error)
        else:
            if self._observe is not None:
                self._observe(len(batch), loop.time() - began)
            self._settle(batch, results)
        finally:
            self._running_since = None

    async def _isolate(self, batch: list[_Entry[In, Out]], error: BaseException) -> None:
        """Halves a failing batch, so that only the items that fail alone are failed."""
        if len(batch) == 1:
            failure = (
                error if isinstance(error, ModerationError) else ModelError(f"inference raised {type(error).__name__}")
            )
            self._settle(batch, [failure])
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            alive = [entry for entry in half if not entry.group.done.done()]
            if alive:
                await self._answer(alive)

    @staticmethod
    def _settle(batch: Sequence[_Entry[In, Out]], results: Sequence[Out | ModerationError]) -> None:
        for entry, result in zip(batch, results, strict=True):
            group = entry.group
            group.results[entry.index] = result
            group.pending -= 1
            if group.pending == 0 and not group.done.done():
                group.done.set_result(None)

    async def close(self) -> None:
        """Refuses new items, fails the waiting ones, and stops."""
        self._closed = True
        waiting, self._queue = list(self._queue), deque()
        self._settle(waiting, [StalledError("the scheduler is closed")] * len(waiting))
        worker = self._worker
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
