"""The scheduler, against what its docstring promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import DeadlineError, ModelError, ModerationError, OverloadedError, StalledError
from moderation.pipelines.batching import WINDOW, Batcher, Bounds, choose

COSTS = st.lists(st.integers(1, 60), min_size=1, max_size=60)


class Engine:
    """A model's stand-in: doubles its items, notes its batches, and fails, waits or miscounts when told to."""

    def __init__(self, *, poison: frozenset[int] = frozenset(), gate: asyncio.Event | None = None) -> None:
        self.batches: list[list[int]] = []
        self.poison = poison
        self.gate = gate

    async def run(self, batch: list[int]) -> list[int]:
        self.batches.append(list(batch))
        if self.gate is not None:
            await self.gate.wait()
        else:
            await asyncio.sleep(0)
        if self.poison & set(batch):
            raise ValueError("poisoned")
        return [2 * item for item in batch]


def batcher(
    engine: Engine,
    *,
    size: int = 8,
    cost: int = 10**9,
    queue: int = 10**6,
    stall_s: float = 60.0,
    costs: Callable[[int], int] = lambda item: 1,
) -> Batcher[int, int]:
    return Batcher(engine.run, cost=costs, bounds=Bounds(size, cost, queue, stall_s))


@given(costs=COSTS, size=st.integers(1, 16), budget=st.integers(1, 400))
def test_a_chosen_batch_keeps_its_bounds_and_holds_the_oldest(costs: list[int], size: int, budget: int) -> None:
    chosen = choose(costs, max_batch_size=size, max_batch_cost=budget)
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0
    assert len(chosen) <= size
    assert len(chosen) == 1 or max(costs[index] for index in chosen) * len(chosen) <= budget


@given(costs=COSTS, size=st.integers(1, 16), budget=st.integers(1, 400))
def test_a_chosen_batch_could_not_take_one_more_like_item(costs: list[int], size: int, budget: int) -> None:
    """Slow reference: whatever was left out breaks a bound when it is added."""
    chosen = choose(costs, max_batch_size=size, max_batch_cost=budget)
    for index in set(range(len(costs))) - set(chosen):
        grown = [*chosen, index]
        assert len(grown) > size or max(costs[one] for one in grown) * len(grown) > budget


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=12), min_size=1, max_size=12),
    size=st.integers(1, 9),
    budget=st.integers(1, 300),
    poison=st.frozensets(st.integers(0, 99), max_size=8),
)
def test_every_item_is_answered_once_in_order_and_failures_stay_alone(
    groups: list[list[int]], size: int, budget: int, poison: frozenset[int]
) -> None:
    async def scenario() -> tuple[Engine, list[list[int | ModerationError]]]:
        engine = Engine(poison=poison)
        queue = batcher(engine, size=size, cost=budget, costs=lambda item: item + 1)
        return engine, await asyncio.gather(*(queue.submit(group) for group in groups))

    engine, answers = asyncio.run(scenario())
    for group, answer in zip(groups, answers, strict=True):
        assert len(answer) == len(group)
        for item, result in zip(group, answer, strict=True):
            if item in poison:
                assert isinstance(result, ModelError)
            else:
                assert result == 2 * item
    good = [batch for batch in engine.batches if not poison & set(batch)]
    ran = sorted(item for batch in good for item in batch)
    assert ran == sorted(item for group in groups for item in group if item not in poison)
    assert all(len(batch) <= size for batch in engine.batches)


def test_a_batch_is_closed_when_the_engine_is_free_and_not_before() -> None:
    async def scenario() -> list[list[int]]:
        gate = asyncio.Event()
        engine = Engine(gate=gate)
        queue = batcher(engine)
        first = asyncio.create_task(queue.submit([0]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        rest = []
        for item in range(1, 6):  # these come one by one while the engine is busy …
            rest.append(asyncio.create_task(queue.submit([item])))
            await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *rest)
        return engine.batches

    assert asyncio.run(scenario()) == [[0], [1, 2, 3, 4, 5]]  # … and run together


def test_an_idle_batcher_runs_at_once_and_then_holds_no_task_and_no_timer() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        timers: list[object] = []
        schedule = loop.call_at

        def watched(*args: object, **options: object) -> asyncio.TimerHandle:
            timers.append(args)
            return schedule(*args, **options)  # type: ignore[arg-type]

        loop.call_at = watched  # type: ignore[method-assign]
        queue = batcher(Engine())
        assert await queue.submit([3]) == [6]
        await asyncio.sleep(0)
        assert timers == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_a_cancelled_callers_waiting_items_are_dropped() -> None:
    async def scenario() -> list[list[int]]:
        gate = asyncio.Event()
        engine = Engine(gate=gate)
        queue = batcher(engine)
        first = asyncio.create_task(queue.submit([0]))
        await asyncio.sleep(0.01)
        gone, stays = asyncio.create_task(queue.submit([1, 2])), asyncio.create_task(queue.submit([3]))
        await asyncio.sleep(0.01)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert queue.queued == 1
        gate.set()
        assert await first == [0]
        assert await stays == [6]
        return engine.batches

    assert asyncio.run(scenario()) == [[0], [3]]


def test_a_caller_cancelled_while_its_batch_runs_leaves_the_others_their_answers() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()
        queue = batcher(Engine(gate=gate))
        tasks = [asyncio.create_task(queue.submit([item])) for item in (1, 2)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        assert await tasks[1] == [4]
        assert await queue.submit([5]) == [10]

    asyncio.run(scenario())


def test_a_full_queue_sheds_whole_calls() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()
        queue = batcher(Engine(gate=gate), queue=3)
        running = asyncio.create_task(queue.submit([0]))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(queue.submit([1, 2]))
        await asyncio.sleep(0.01)
        with pytest.raises(OverloadedError) as shed:
            await queue.submit([3, 4])
        assert shed.value.retry_after_s >= 1
        assert queue.queued == 2
        gate.set()
        assert await running == [0]
        assert await waiting == [2, 4]
        assert await queue.submit([3, 4]) == [6, 8]

    asyncio.run(scenario())


def test_after_the_deadline_the_answered_items_keep_their_results() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()
        engine = Engine()
        queue = batcher(engine, size=1)
        original = engine.run

        async def slow_second(batch: list[int]) -> list[int]:
            if batch == [2]:
                await gate.wait()
            return await original(batch)

        queue._run = slow_second
        first, second, third = await queue.submit([1, 2, 3], deadline_s=0.05)
        assert first == 2
        assert isinstance(second, DeadlineError)
        assert isinstance(third, DeadlineError)
        assert queue.queued == 0
        gate.set()
        assert await queue.submit([4]) == [8]

    asyncio.run(scenario())


def test_a_stalled_engine_refuses_new_items_until_it_returns() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()
        queue = batcher(Engine(gate=gate), stall_s=0.02)
        (timed_out,) = await queue.submit([1], deadline_s=0.05)
        assert isinstance(timed_out, DeadlineError)
        assert queue.stalled()
        with pytest.raises(StalledError):
            await queue.submit([2])
        gate.set()
        await asyncio.sleep(0.01)
        assert not queue.stalled()
        assert await queue.submit([2]) == [4]

    asyncio.run(scenario())


def test_an_engine_that_miscounts_is_an_error_not_a_shift() -> None:
    async def scenario() -> Sequence[object]:
        async def short(batch: list[int]) -> list[int]:
            return batch[:-1]

        queue: Batcher[int, int] = Batcher(short, cost=lambda item: 1, bounds=Bounds(8, 100, 100, 60.0))
        return await queue.submit([1, 2, 3])

    assert all(isinstance(result, ModelError) for result in asyncio.run(scenario()))


@pytest.mark.parametrize("raised", [SystemExit("gone"), KeyboardInterrupt(), MemoryError(), RuntimeError("x")])
def test_whatever_a_model_raises_its_callers_are_told(raised: BaseException) -> None:
    async def scenario() -> list[int | ModerationError]:
        async def broken(batch: list[int]) -> list[int]:
            raise raised

        queue: Batcher[int, int] = Batcher(broken, cost=lambda item: 1, bounds=Bounds(8, 100, 100, 60.0))
        return await queue.submit([1, 2])

    assert [type(result) for result in asyncio.run(scenario())] == [ModelError, ModelError]


def test_long_items_do_not_starve() -> None:
    """A long item among a steady stream of short ones is run within the window."""

    async def scenario() -> list[list[int]]:
        engine = Engine()
        queue = batcher(engine, size=4, cost=40, costs=lambda item: item)
        items = [1] * 3 + [40] + [1] * 60
        await queue.submit(items)
        return engine.batches

    batches = asyncio.run(scenario())
    assert [40] in batches[: WINDOW + 2]


def test_closing_answers_those_who_wait() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()
        queue = batcher(Engine(gate=gate))
        running = asyncio.create_task(queue.submit([1]))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(queue.submit([2]))
        await asyncio.sleep(0.01)
        await queue.close()
        (first,), (second,) = await asyncio.wait_for(asyncio.gather(running, waiting), 1)
        assert isinstance(first, StalledError)
        assert isinstance(second, StalledError)
        with pytest.raises(StalledError):
            await queue.submit([3])

    asyncio.run(scenario())


def test_more_work_than_is_done_in_time_is_shed_but_a_single_call_is_not() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()
        engine = Engine(gate=gate)
        bounds = Bounds(8, 10**9, 1_000, 60.0, max_queue_cost=100)
        queue: Batcher[int, int] = Batcher(engine.run, cost=lambda item: item, bounds=bounds)
        running = asyncio.create_task(queue.submit([1]))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(queue.submit([500]))  # nothing waits: taken, however much it is
        await asyncio.sleep(0.01)
        with pytest.raises(OverloadedError):
            await queue.submit([1])
        gate.set()
        assert await running == [2]
        assert await waiting == [1000]

    asyncio.run(scenario())
