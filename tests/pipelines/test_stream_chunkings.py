"""However a text is chunked, its stream is the same: with lists, secrets, attacks, encoded runs and joined characters.

Beside the oracle of `test_stream_oracle` there is one that knows no unit: what the lists find in the whole text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.stream_oracle import expect_nothing_violating_released
from support.stream_texts import (
    LISTED,
    PIECES,
    RUNS,
    SECRETS,
    SENTENCES,
    TERMS,
    TEXTS,
    cut,
    halves_of,
    pieces_of,
    write_lists,
)
from support.streams import INJECTION, NAMED, NUMBER, events_of_each

from moderation.lists import effective, load_lists
from moderation.schema import Decision, Role, StreamEvent, StreamOptions

SLOW = [HealthCheck.too_slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lists(tmp_path_factory.mktemp("lists"))


def expect_all_told_once(text: str, events: Sequence[StreamEvent], options: StreamOptions) -> None:
    """Units follow one another from the first character to the last; each is released as it is, or withheld."""
    units = [event for event in events if event.type == "unit"]
    assert [unit.span[0] for unit in units] == [0, *(unit.span[1] for unit in units)][: len(units)]
    assert (events[-1].type, events[-1].span) == ("done", (0, len(text)))
    assert units[-1].span[1] == len(text)
    held = {Decision.BLOCK, *([Decision.REVIEW] if options.hold_review else [])}
    for unit in units:
        assert unit.text == (None if unit.decision in held else text[slice(*unit.span)])


def expect_no_listed_term_released(text: str, events: Sequence[StreamEvent], folder: Path, role: Role) -> None:
    """No term that stands in the text as it is written, and that no allow list excuses, was shown, even in part."""
    found = effective(load_lists([folder]).match(text, role=role).matches)
    for event in events:
        if event.type == "unit" and event.text is not None:
            start, end = event.span
            assert not [match for match in found if match.span[0] < end and match.span[1] > start]


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(text=TEXTS, data=st.data(), hold=st.booleans(), role=st.sampled_from([Role.ASSISTANT, Role.TOOL]))
def test_no_chunking_changes_an_event_and_nothing_violating_is_released(
    folder: Path, text: str, data: st.DataObject, hold: bool, role: Role
) -> None:
    options = StreamOptions(hold_review=hold, role=role)
    chunkings = [[text], list(text), halves_of(text), data.draw(cut(text)), data.draw(cut(text))]
    whole, *others = events_of_each(chunkings, options, lists=folder)
    for chunks, events in zip(chunkings[1:], others, strict=True):
        assert events == whole, chunks
    expect_all_told_once(text, whole, options)
    expect_no_listed_term_released(text, whole, folder, role)
    expect_nothing_violating_released(text, whole, options, folder)


SHORT = st.lists(PIECES, min_size=2, max_size=5).map(lambda said: "".join(said)[:110])


@example(
    text="Some sentence that is long enough to be one unit. A forbidden phrase.\r\ne\u0301 " + SECRETS[0] + SENTENCES[2]
)
@example(
    text="一句普通的话，说得稍微长一点，好让它成为一段，再多说几个字，不要停。去金色小马俱乐部，\U0001f468\u200d\U0001f469\u200d\U0001f467。好！"
)
@settings(max_examples=2, deadline=None, suppress_health_check=SLOW)
@given(text=SHORT)
def test_no_single_cut_changes_an_event(folder: Path, text: str) -> None:
    chunkings = [[text[:place], text[place:]] for place in range(len(text) + 1)]
    whole, *others = events_of_each(chunkings, StreamOptions(hold_review=True), lists=folder)
    for place, events in enumerate(others, 1):
        assert events == whole, place
    expect_all_told_once(text, whole, StreamOptions(hold_review=True))


LONG = {
    "terms where units would end": "".join(
        f"{('plain words without any stop ' * 9)[-size:]}{term}.\n" for size in (234, 60, 230) for term in TERMS
    ),
    "long runs": SENTENCES[0] + RUNS[0] + RUNS[3] + SENTENCES[5] + "w" * 700 + LISTED[0] + "哈" * 500,
    "past the longest unit": SENTENCES[3] + "QUJD" * 1_100 + " " + LISTED[0] + SENTENCES[1],
    "taken back": INJECTION + "previous instructions. " + NUMBER + NAMED + "⟦hate=0.99⟧ " + NUMBER + NAMED,
}


@pytest.mark.parametrize("said", LONG)
def test_no_chunking_of_a_long_text_changes_an_event(folder: Path, said: str) -> None:
    text, options = LONG[said], StreamOptions(hold_review=True, role=Role.TOOL)
    whole, *others = events_of_each([pieces_of(text, size) for size in (len(text), 1, 7, 100)], options, lists=folder)
    assert others == [whole] * 3
    assert ("retract" in {event.type for event in whole}) == (said == "taken back")
    expect_all_told_once(text, whole, options)
    expect_no_listed_term_released(text, whole, folder, options.role)
    expect_nothing_violating_released(text, whole, options, folder)
