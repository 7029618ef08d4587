"""An engine that looks at its lists again while it serves, and ends: what breaks there breaks nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.engines import StandInDecoder, fake_engine, fake_models, fake_profile

from moderation.config import Settings
from moderation.limits import Limits
from moderation.lists.matching import Lists
from moderation.lists.store import ListStore
from moderation.pipelines import engine as engine_module
from moderation.pipelines.assemble import policies_of
from moderation.pipelines.engine import Engine, Options
from moderation.pipelines.runner import LocalRunner
from moderation.schema import Content, Decision, Part


class Broken:
    """Makes no words of lists, and counts how often it is asked to; of those with `zorbulon` it makes them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self._error = error
        self.asked = 0
        monkeypatch.setattr(engine_module, "_learn_words", self._learn)

    def _learn(self, lists: Lists) -> None:
        if lists.lists and not lists.match("zorbulon").matches:
            self.asked += 1
            raise self._error


def reloading(lists: Path, report: Callable[[str], None]) -> Engine:
    return Engine(
        profile=fake_profile(),
        policies=policies_of(Settings()),
        default_policy="default",
        runner=LocalRunner(fake_models(), max_queue_size=64, stall_s=60.0),
        decoder=StandInDecoder(),
        limits=Limits(),
        lists=ListStore([lists]),
        options=Options(lists_reload_s=0.01, report=report),
    )


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - what it waits for is no event
            await asyncio.sleep(0.01)


def take_over_lists_after_broken_ones(folder: Path, broken: Broken, report: Callable[[str], None]) -> Decision:
    own = 'name = "own"\nkind = "block"\ncategory = "fraud"\n'

    async def scenario() -> Decision:
        engine = reloading(folder, report)
        await engine.start()
        (folder / "own.toml").write_text(f'{own}terms = ["florbix"]\n')
        await until(lambda: broken.asked >= 3)
        assert not engine.lists.lists.lists
        (folder / "own.toml").write_text(f'{own}terms = ["zorbulon"]\n')
        await until(lambda: bool(engine.lists.lists.lists))
        result = await engine.moderate(Content((Part.from_text("some zorbulon"),)))
        await engine.close()
        return result.decision

    return asyncio.run(scenario())


@pytest.mark.parametrize("error", [RuntimeError("an odd term"), MemoryError()])
def test_lists_that_break_something_are_told_once_and_later_ones_are_taken_over(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[str] = []
    decision = take_over_lists_after_broken_ones(tmp_path, Broken(monkeypatch, error), told.append)
    assert decision is Decision.BLOCK
    assert told == [f"the lists stay as they were: {type(error).__name__}: {error}"]


def test_lists_are_taken_over_though_nobody_can_be_told_what_was_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def report(_: str) -> None:
        raise BrokenPipeError

    with caplog.at_level(logging.ERROR, logger="moderation"):
        broken = Broken(monkeypatch, RuntimeError("an odd term"))
        assert take_over_lists_after_broken_ones(tmp_path, broken, report) is Decision.BLOCK
    assert caplog.messages == ["the lists stay as they were: RuntimeError: an odd term"]


def test_after_a_long_look_that_broke_the_next_one_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    began: list[float] = []

    def late(lists: ListStore, **_: object) -> None:
        began.append(time.perf_counter())
        time.sleep(0.03)
        raise RuntimeError

    monkeypatch.setattr(ListStore, "reload_if_changed", late)

    async def scenario() -> None:
        engine = reloading(tmp_path, lambda _: None)
        await engine.start()
        await until(lambda: len(began) > 1)
        await engine.close()

    asyncio.run(scenario())
    assert began[1] - began[0] > 0.3


class Closing(StandInDecoder):
    closed = False

    async def close(self) -> None:
        self.closed = True


def test_what_does_not_close_keeps_nothing_else_open(monkeypatch: pytest.MonkeyPatch) -> None:
    close = LocalRunner.close

    async def broken(runner: LocalRunner) -> None:
        await close(runner)
        raise RuntimeError("no")

    monkeypatch.setattr(LocalRunner, "close", broken)
    decoder = Closing()
    with pytest.raises(RuntimeError, match="no"):
        asyncio.run(fake_engine(decoder=decoder).close())
    assert decoder.closed
