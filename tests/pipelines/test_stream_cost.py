"""What a stream costs beside its text at once: at most twice, with disguises in it and with lists too.

Counted are the characters that classifiers are given, readings of disguises among them. Where all of a text is in
disguise it may be a little more: half of an encoded sentence, in the context of the next one, does not become shorter
by being read.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.disguises import CHINESE, ENGLISH, IN_CHINESE, overridden
from support.engines import Counting, fake_engine
from support.stream_texts import PIECES, TERMS, write_lists
from support.streams import with_forms

from moderation.pipelines.stream import Stream
from moderation.schema import Content, Modality, Part, Role, StreamOptions

ALL_IN_DISGUISE = 2.5
TURNED_ROUND = 4.0  # cut off from the sign that turns it round, a sentence is read in more ways than as a whole
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lists(tmp_path_factory.mktemp("lists"))


def costs(text: str, folder: Path) -> list[tuple[int, int]]:
    """Characters that each text classifier is given: for the text at once, and for its stream."""

    async def given(streamed: bool) -> list[int]:
        profile, models = with_forms()
        counted = [Counting(model) for model in models if model.modality is Modality.TEXT]
        engine = fake_engine(models, lists=folder, profile=profile)
        try:
            if streamed:
                stream = Stream(engine, StreamOptions())
                await stream.feed(text)
                await stream.finish()
            else:
                await engine.moderate(Content((Part.from_text(text),), role=Role.ASSISTANT))
        finally:
            await engine.close()
        return [sum(map(len, one.asked)) for one in counted]

    async def both() -> list[tuple[int, int]]:
        return list(zip(await given(False), await given(True), strict=True))

    return asyncio.run(both())


def expect_at_most(text: str, folder: Path, *, most: float = 2) -> None:
    told = costs(text, folder)
    assert len(told) == 3
    for at_once, streamed in told:
        assert len(text) <= at_once
        assert len(text) * 0.8 <= streamed <= most * at_once  # some of it may be said twice and judged once


@pytest.mark.parametrize("form", sorted(ENGLISH))
def test_of_english_in_disguise_it_is_at_most_twice(folder: Path, form: str) -> None:
    disguise = ENGLISH[form]
    said = [f"please open the {TERMS[0]} and bring number {number} to the garden" for number in NUMBERS]
    most = TURNED_ROUND if disguise is overridden else ALL_IN_DISGUISE
    expect_at_most("".join(f"{disguise(one)}. " for one in said), folder, most=most)
    amid = "".join(f"On day {day} they said: {disguise(one[:30])}, and so on. " for day, one in enumerate(said))
    expect_at_most(amid, folder)


@pytest.mark.parametrize("form", sorted(CHINESE))
def test_of_chinese_in_disguise_it_is_at_most_twice(folder: Path, form: str) -> None:
    disguise = CHINESE[form]
    said = [f"明天我们去{TERMS[1]}看书第{number}次晚上喝茶聊天" for number in "一二三四五六七八九十"]
    most = TURNED_ROUND if disguise is overridden else ALL_IN_DISGUISE
    expect_at_most("".join(f"{disguise(one)}。" for one in said), folder, most=most)
    amid = "".join(f"第{day}天他说：{disguise(one[:10])}，然后就回家了。" for day, one in enumerate(said))
    expect_at_most(amid, folder)


@pytest.mark.parametrize("form", sorted(IN_CHINESE))
def test_of_words_in_disguise_it_is_at_most_twice(folder: Path, form: str) -> None:
    for carrier, _, said in IN_CHINESE[form]:
        expect_at_most("".join(f"第{day}天，{carrier.format(said)}，然后回家。" for day in range(20)), folder)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, min_size=1, max_size=30).map("".join))
def test_of_whatever_is_said_with_lists_it_is_at_most_twice(folder: Path, text: str) -> None:
    for at_once, streamed in costs(text, folder):
        assert streamed <= 2 * at_once
