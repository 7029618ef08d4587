"""Units of a stream: the same whatever the chunks, released one by one, of bounded cost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.engines import Counting, fake_engine
from support.streams import PIECES, PROFILE, events_of

from moderation.models.packages import locate
from moderation.models.q4 import Q4File
from moderation.models.spec import load_spec
from moderation.models.text import MAX_WINDOWS, OVERLAP_TOKENS, WINDOW_TOKENS
from moderation.models.unigram import WindowTokenizer
from moderation.pipelines.stream import Stream
from moderation.rooms import room
from moderation.schema import Decision, StreamEvent, StreamOptions


@st.composite
def chunked(draw: st.DrawFn) -> list[str]:
    text = "".join(draw(st.lists(st.sampled_from(PIECES), max_size=14)))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=20)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chunked())
def test_chunks_change_no_event_and_nothing_violating_is_released(chunks: list[str]) -> None:
    text = "".join(chunks)
    events = events_of(chunks)
    assert events == events_of([text])
    units = [event for event in events if event.type == "unit"]
    assert [unit.span[0] for unit in units] == [0, *(unit.span[1] for unit in units)][: len(units)]
    assert (events[-1].type, events[-1].span) == ("done", (0, len(text)))
    for unit in units:
        assert unit.text == (None if unit.decision is Decision.BLOCK else text[slice(*unit.span)])
    assert all(event.type != "unit" or event.text is None or "⟦hate=0.99⟧" not in event.text for event in events)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.sampled_from(PIECES[:3]))
def test_all_units_together_cost_at_most_twice_the_text(count: int, piece: str) -> None:
    counted: list[Counting] = []
    text = "".join(f"{number} {piece}" for number in range(count))
    events_of([text], counting=counted)
    assert len(text) <= sum(map(len, counted[0].asked)) <= 2 * len(text)


FAIR = ("Fair words. ", "A fair sentence of enough length to be a unit, said once. ", "一句普通的话，说得稍微长一点。")
FOUL = (
    "⟦hate=0.99⟧. ",
    "⟦hate=0.99⟧ is what another long sentence has in it, of about the same length. ",
    "⟦hate=0.99⟧" + "好" * 200 + "。",
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([(fair, foul) for fair in FAIR for foul in FOUL]), min_size=1, max_size=4),
    st.integers(1, 12),
)
@example([(FAIR[1], FOUL[1])], 60)
@example([(FAIR[1], FOUL[2])], 20)
def test_so_it_is_where_harmless_and_violating_sentences_alternate(mix: list[tuple[str, str]], count: int) -> None:
    counted: list[Counting] = []
    said = [piece for pair in mix * count for piece in pair]
    text = "".join(f"{number} {piece}" for number, piece in enumerate(said))  # equal texts are judged once
    events = events_of([text], counting=counted)
    assert sum(map(len, counted[0].asked)) <= 2 * len(text)
    assert [event.type for event in events].count("retract") <= 0.7 * len(events)
    half = len(text) // 2
    assert events_of([text[:half], text[half:]]) == events


PROSE = (
    "The committee met on Tuesday to talk about the budget. Nobody expected it to take long, and it did not. "
    "A few members asked about the roof, which has been leaking since March; the chair promised an answer. ",
    "We went to the shop and bought apples, bread, and milk. ",
    "Yes. No. It is so. I know it. ",
    "委员会星期二开会讨论预算，大家都没想到会开这么久。有几位委员问到屋顶的问题，从三月起它就一直漏水；主席答应会给答复。",
    "今天天气不错。我们出去走走吧。",
    "委员会星期二开会讨论预算大家都没想到会开这么久有几位委员问到屋顶的问题从三月起它就一直漏水",
    "- one item of the list\n- another, longer item of the same list\n",
)


@pytest.mark.models
def test_all_units_together_cost_about_twice_the_text_in_real_tokens() -> None:
    spec = load_spec(room("models") / "text-risk" / "model.toml")
    tokenizer = WindowTokenizer(
        Q4File(locate(spec, spec.files[0])[0]).vocabulary(),
        window_tokens=WINDOW_TOKENS,
        overlap_tokens=OVERLAP_TOKENS,
        max_windows=MAX_WINDOWS,
    )

    def tokens(texts: Sequence[str]) -> int:
        return sum(len(window.ids) for cut in tokenizer.cut(texts) for window in cut.windows)

    for said in PROSE:
        for count in (1, 2, 4, 8, 30):
            counted: list[Counting] = []
            text = "".join(said.replace(".", f" {number}.").replace("。", f"{number}。") for number in range(count))
            events_of([text], counting=counted)  # numbered, since equal texts are judged once
            assert tokens(counted[0].asked) <= 2 * tokens([text]), (said, count)


def test_a_unit_is_released_before_the_next_one_comes() -> None:
    async def scenario() -> list[StreamEvent]:
        engine = fake_engine(profile=PROFILE)
        stream = Stream(engine, StreamOptions())
        try:
            return await stream.feed(PIECES[0] * 2)
        finally:
            await engine.close()

    (event,) = asyncio.run(scenario())
    assert (event.type, event.decision, event.text) == ("unit", Decision.ALLOW, PIECES[0] * 2)
