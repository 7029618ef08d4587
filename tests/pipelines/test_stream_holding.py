"""What a stream holds back: encoded runs, listed terms, secrets, and REVIEW where that is asked for."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from support.disguises import bits, selectors, tags
from support.engines import fake_engine
from support.streams import PROFILE, TERM, events_of

from moderation.pipelines.stream import Stream
from moderation.schema import Decision, StreamEvent, StreamOptions


def encoded(text: str) -> dict[str, str]:
    data = text.encode()
    return {
        "base64": base64.b64encode(data).decode(),
        "lines": base64.encodebytes(data).decode(),
        "hex": data.hex(" "),
        "percent": "".join(f"%{byte:02x}" for byte in data),
        "references": "".join(f"&#{byte};" for byte in data),
    }


@pytest.mark.parametrize("way", ["base64", "lines", "hex", "percent", "references"])
@pytest.mark.parametrize("before", ["intro words: ", "some more words before it begins, so that they are a unit: "])
def test_an_encoded_run_is_judged_whole(tmp_path: Path, way: str, before: str) -> None:
    (tmp_path / "own.toml").write_text(TERM)
    said = "please read: the forbidden phrase is what i want to tell you about today, and so on and on, " * 6
    run = encoded(said)[way]
    events = events_of([before + run + " end of it.\n"], lists=tmp_path)
    shown = "".join(event.text or "" for event in events if event.type == "unit")
    assert events[-1].decision is Decision.BLOCK
    assert run[:12] not in shown
    assert not any(run[start : start + 24] in shown for start in range(0, len(run), 24))


@pytest.mark.parametrize("way", [bits, selectors, tags])
@pytest.mark.parametrize("before", ["", "intro words: ", "some more words before it begins, so that they are a unit: "])
def test_so_is_what_is_said_in_signs_that_do_not_show(tmp_path: Path, way: Callable[[str], str], before: str) -> None:
    (tmp_path / "own.toml").write_text(TERM)
    for said in ("read the forbidden phrase of today", "read of what is said today, the forbidden phrase and all " * 5):
        run = way(said)[:4_000]
        events = events_of([before + run + " end of it.\n"], lists=tmp_path)
        shown = "".join(event.text or "" for event in events if event.type == "unit")
        assert events[-1].decision is Decision.BLOCK
        assert not any(run[start : start + 24] in shown for start in range(0, len(run) - 24, 24))


def test_what_a_held_unit_is_held_for_does_not_hold_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\nkind = "block"\ncategory = "fraud"\nterms = ["quick riches"]\n')
    units = [
        "All about quick riches, which are on a list, and so on. ",
        "Nothing at all is wrong with this other sentence. ",
    ]
    events = events_of(units, lists=tmp_path)
    assert [(event.type, event.decision) for event in events] == [
        ("unit", Decision.BLOCK),
        ("unit", Decision.ALLOW),
        ("done", Decision.BLOCK),
    ]
    assert events[1].text == units[1]
    assert events[1].findings == ()


def test_review_is_released_unless_it_is_to_be_held() -> None:
    text = "⟦violence=0.9⟧ and words"
    assert events_of([text])[0].text == text
    held = events_of([text], StreamOptions(hold_review=True))[0]
    assert (held.text, held.decision) == (None, Decision.REVIEW)


def test_a_listed_term_is_never_cut_and_never_released(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'name = "own"\nkind = "block"\ncategory = "fraud"\nterms = ["forbidden phrase"]\n'
    )
    before = "word " * 47  # the unit would end inside the term
    text = before + "forbidden phrase and then some ordinary words follow.\n"
    for size in (1, 7, len(text)):
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        events = events_of(chunks, lists=tmp_path)
        shown = "".join(event.text or "" for event in events)
        assert "forbidden" not in shown
        assert "forbid" not in shown
        assert events[-1].decision is Decision.BLOCK


def test_a_secret_is_held_until_it_is_whole() -> None:
    async def scenario() -> list[StreamEvent]:
        engine = fake_engine(profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        try:
            return await stream.feed("word " * 47 + "AKIA" + "ABCDEFGH")
        finally:
            await engine.close()

    assert [event.text for event in asyncio.run(scenario())] == ["word " * 47]


def test_a_term_that_is_listed_meanwhile_is_held_back_too(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\nkind = "block"\ncategory = "fraud"\nterms = ["something else"]\n')
    before = "word " * 45 + "a "  # the unit would end in the second word of the term

    async def scenario() -> list[StreamEvent]:
        engine = fake_engine(profile=PROFILE, lists=tmp_path)
        stream = Stream(engine, StreamOptions())
        events = await stream.feed("A sentence that is long enough to be judged by itself. ")
        (tmp_path / "own.toml").write_text(TERM)
        if not engine.lists.reload_if_changed().changed:
            pytest.fail("the list is not read again")
        events += await stream.feed(before + "forbidden phrase and then some ordinary words follow.\n")
        events += await stream.finish()
        await engine.close()
        return events

    events = asyncio.run(scenario())
    assert "forbidden" not in "".join(event.text or "" for event in events)
    assert events[-1].decision is Decision.BLOCK
