"""Characters as people see them are not cut in two, in a text and in the units of a stream."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.streams import events_of

from moderation.pipelines.clusters import REACH, is_inside, whole_before
from moderation.pipelines.cutting import LEAST_CHARS, LONGEST_CHARS, MOST_CHARS, Cutter
from moderation.schema import StreamEvent

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
WHOLE = [
    FAMILY,
    SCOTLAND,
    "\U0001f44d\U0001f3fd",  # a skin tone
    "\u2764\ufe0f\u200d\U0001f525",  # a heart on fire
    "1\ufe0f\u20e3",  # a keycap
    "\U0001f1e9\U0001f1ea",  # a flag
    "e\u0301",
    "\u8fbb\U000e0100",  # an ideograph and its variant
    "\u0e01\u0e33",  # Thai
    "\u0915\u094d\u0937\u093f",  # Devanagari, two letters in one
    "\u1112\u1161\u11ab",  # Korean in parts
    "\uff76\uff9e",  # half-wide Japanese
    "\r\n",
]
APART = ["ab", "中文", "한국", "a ", "\n\u0301", "\u200d ", "ｱｲ", "\U0001f468\U0001f469", "ㅋㅋ"]


@pytest.mark.parametrize("cluster", WHOLE)
def test_a_character_is_whole(cluster: str) -> None:
    text = f"a{cluster}{cluster}b"
    inside = {place for place in range(len(text) + 1) if is_inside(text, place)}
    edges = {0, 1, 1 + len(cluster), 1 + 2 * len(cluster), len(text)}
    assert inside == set(range(len(text) + 1)) - edges
    assert all(whole_before(text, place) == max(edge for edge in edges if edge <= place) for place in range(len(text)))


@pytest.mark.parametrize("two", APART)
def test_two_characters_are_two(two: str) -> None:
    assert not is_inside(two, 1)


@given(st.integers(1, 9), st.integers(0, 18))
def test_flags_are_told_by_their_number(count: int, place: int) -> None:
    text = "x" + "\U0001f1e9\U0001f1ea" * count
    assert is_inside(text, 1 + place) == (place % 2 == 1 and place < 2 * count)


@given(st.text(st.sampled_from("a中\u200d\u0301\U0001f1e9\U0001f468\r\n"), max_size=3 * REACH), st.data())
def test_the_last_whole_place_is_near_or_given_up(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    found = whole_before(text, place)
    assert place - REACH <= found <= place
    assert not is_inside(text, found) or all(is_inside(text, near) for near in range(max(place - REACH, 0), place))


@pytest.mark.parametrize("cluster", [one for one in WHOLE if one != "\r\n"])
@pytest.mark.parametrize("before", ["", "x", "xyz"])
def test_a_unit_without_a_stop_ends_with_a_whole_character(cluster: str, before: str) -> None:
    text = before + cluster * (1_000 // len(cluster))
    units = [event.text for event in events_of([text]) if event.type == "unit"]
    assert len(units) > 2
    assert "".join(map(str, units)) == text
    for unit in units[:-1]:
        assert MOST_CHARS - len(cluster) < len(str(unit)) <= MOST_CHARS
        assert str(unit).endswith(cluster)
    assert events_of(list(text)) == events_of([text[:239], text[239:240], text[240:241], text[241:]])


@pytest.mark.parametrize("words", ["委员会星期二开会讨论预算大家都没想到", "many words after one another "])
def test_ordinary_text_is_cut_where_it_was(words: str) -> None:
    units = Cutter(len).feed(words * 60 + "x")
    assert {len(unit) for unit in units} == {MOST_CHARS}


@pytest.mark.parametrize("endless", ["\u0301", "\u200d", "\U0001f468\u200d", "\u1161"])
def test_a_character_without_end_is_cut_all_the_same(endless: str) -> None:
    text = "\u1112" + endless * 1_200
    units = Cutter(len).feed(text)  # in a stream, joiners alone are held as what may be bits of a code
    assert {len(unit) for unit in units} == {MOST_CHARS}
    assert events_of([text[place : place + 7] for place in range(0, len(text), 7)]) == events_of([text])


def test_a_character_over_the_place_of_a_term_waits_for_the_next_look() -> None:
    text = "a" + "\u0301" * 60 + "b" * LONGEST_CHARS
    places = {240: 55}

    def held_back(seen: str) -> int:  # says once that a term begins within the marks
        return places.get(len(seen), len(seen))

    def units_of(size: int) -> list[str]:
        cutter = Cutter(held_back)
        return [unit for place in range(0, len(text), size) for unit in cutter.feed(text[place : place + size])]

    assert len(units_of(1)[0]) == 304 > LEAST_CHARS
    assert units_of(1) == units_of(100) == units_of(len(text))


def test_a_sentence_is_told_at_once() -> None:
    """What comes after it is not waited for, so a mark after its end begins the next unit."""
    from support.engines import fake_engine

    from moderation.pipelines.stream import Stream
    from moderation.schema import StreamOptions

    async def scenario() -> list[StreamEvent]:
        engine = fake_engine()
        stream = Stream(engine, StreamOptions())
        try:
            return await stream.feed("x" * (MOST_CHARS - 2) + ". ")
        finally:
            await engine.close()

    (event,) = asyncio.run(scenario())
    assert event.span == (0, MOST_CHARS)
