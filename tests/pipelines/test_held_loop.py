"""The event loop goes on while a call is worked on, however many short texts or turns it has; what is late is a gap."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest
from support.beating import beating
from support.engines import fake_engine

from moderation.normalise.views import views_of, warm_up
from moderation.pipelines import forms, gather
from moderation.pipelines.forms import Forms, forms_of
from moderation.pipelines.gather import joined_aside
from moderation.pipelines.joining import joined_texts
from moderation.pipelines.pacing import slices
from moderation.schema import Content, Decision, ModerationResult, Part, Role, Turn

# Twenty milliseconds are meant; held without a pause, each of these calls takes half a second and more.
MOST_S = 0.1
_RANDOM = random.Random(7)


def odd_chinese(count: int) -> str:
    """Chinese letters that make no words, which take longest of all that is written."""
    return "".join(chr(0x4E00 + _RANDOM.randrange(3_000)) for _ in range(count))


def content(*texts: str) -> Content:
    return Content(tuple(Part.from_text(text) for text in texts))


def chat(*texts: str) -> Content:
    turns = tuple(Turn(Role.USER, (Part.from_text(text),)) for text in texts[:-1])
    return Content((Part.from_text(texts[-1]),), conversation=turns)


def longest_hold(contents: list[Content]) -> tuple[float, float]:
    """The longest that the loop was held, and the processor time of the call, all threads together."""

    async def scenario() -> tuple[float, float]:
        engine = fake_engine()
        warm_up()
        try:
            await engine.moderate(content("hello"))
            began = time.process_time()
            async with beating() as gaps:
                await engine.moderate_many(contents)
            return max(gaps), time.process_time() - began
        finally:
            await engine.close()

    return asyncio.run(scenario())


@pytest.mark.parametrize("chars", [100, 300, 400])
def test_a_batch_of_short_texts_in_disguise_does_not_hold_the_loop(chars: int) -> None:
    contents = [content(*(odd_chinese(chars) for _ in range(8))) for _ in range(12_000 // (8 * chars))]
    held, took = longest_hold(contents)
    assert held < MOST_S < took


def test_turns_that_are_joined_do_not_hold_the_loop() -> None:
    held, took = longest_hold([chat(*(f'"{number}""a"' + '"a""a"' * 300 for number in range(16))) for _ in range(4)])
    assert held < MOST_S < took


def test_results_that_are_put_together_one_by_one_do_not_hold_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    finish = gather.finish

    def slow(*given: Any, **more: Any) -> object:
        until = time.thread_time() + 0.003
        while time.thread_time() < until:
            pass
        return finish(*given, **more)

    monkeypatch.setattr(gather, "finish", slow)
    held, took = longest_hold([content(f"short text number {number}") for number in range(100)])
    assert held < MOST_S < took


def test_each_text_has_its_forms_whether_it_is_looked_at_at_once_or_aside() -> None:
    texts = [*(odd_chinese(300) for _ in range(12)), "h3llo w0rld", "plain words " * 30, *(["twice"] * 2)]
    found = asyncio.run(forms_of(texts))
    assert set(found) == set(texts)
    for text in texts:
        (alone,) = asyncio.run(forms_of([text])).values()
        assert found[text] == alone
    assert found["plain words " * 30] == Forms() == Forms(views_of("plain words " * 30).views)


def slow_views(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[str]:
    looked_at: list[str] = []

    def slow(text: str, **_: object) -> Any:
        looked_at.append(text)
        time.sleep(seconds)
        return forms.Forms()

    monkeypatch.setattr(forms, "views_of", slow)
    return looked_at


def test_disguises_that_are_not_taken_off_in_time_are_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_views(monkeypatch, 0.3)
    (found,) = asyncio.run(forms_of(["a long text " * 200], deadline_s=0.02)).values()
    assert found.views == ()
    assert [(gap.reason, gap.span) for gap in found.gaps] == [("deadline_exceeded", None)]


def test_texts_for_which_no_time_is_left_are_not_looked_at_and_are_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = slow_views(monkeypatch, 0.2)
    texts = [f"{number} " + "a long text " * 200 for number in range(8)]
    found = asyncio.run(forms_of(texts, phase_s=0.1))
    assert set(found) == set(texts)
    assert {gap.reason for forms in found.values() for gap in forms.gaps} == {"deadline_exceeded"}
    assert len(looked_at) <= 1


def test_what_nobody_waits_for_any_more_is_looked_at_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = slow_views(monkeypatch, 0.1)
    texts = [f"{number} " + "a text" * 90 for number in range(3)]
    assert len(list(slices(texts, most_chars=2_000))) == 1
    asyncio.run(forms_of(texts, deadline_s=0.02))  # ends when its thread has
    assert len(looked_at) <= 1


@pytest.mark.parametrize("broken", [True, False])
def test_turns_that_could_not_be_joined_are_unjudged(monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    def joined(*given: Any, **chosen: Any) -> Any:
        if broken:
            raise ValueError
        time.sleep(0.3)
        return joined_texts(*given, **chosen)

    monkeypatch.setattr(gather, "joined_texts", joined)
    if not broken:
        monkeypatch.setattr(gather, "DEADLINE_S", 0.02)
    whole = chat("one half of it " * 60, "and the other half " * 60)
    reason = "stage_failed" if broken else "deadline_exceeded"

    async def scenario() -> ModerationResult:
        engine = fake_engine()
        try:
            assert await joined_aside(whole, deadline_s=5.0) == ((), reason)
            assert await joined_aside(whole, deadline_s=-1.0) == ((), "deadline_exceeded")
            return await engine.moderate(whole)
        finally:
            await engine.close()

    result = asyncio.run(scenario())
    assert [(gap.part, gap.stage, gap.reason) for gap in result.unjudged] == [("input[0]", "conversation", reason)]
    assert result.decision is Decision.REVIEW
