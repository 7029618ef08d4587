"""What a later unit of a stream makes of a released one, and what it says of it."""

from __future__ import annotations

import pytest
from support.streams import INJECTION, NAMED, NUMBER, PIECES, events_of

from moderation.schema import Decision, Role, StreamOptions


def test_what_only_shows_together_takes_back_what_was_released() -> None:
    first = "w" * 234 + "⟦hate="  # a mark that is cut in two by the end of the unit
    events = events_of([first + "0.99⟧ and some more words after it"])
    assert [event.type for event in events] == ["unit", "retract", "unit", "done"]
    assert events[0].text == first
    assert events[1].span == events[0].span
    assert events[1].findings[0].category == "hate"
    assert events[2].text is None
    assert events[-1].decision is Decision.BLOCK


def test_a_violating_unit_takes_back_nothing_that_is_not_about_it() -> None:
    events = events_of([PIECES[0] * 2, "⟦hate=0.99⟧ said alone, with enough words to be a unit.\n"])
    # the fake judges the whole window, context included, so its finding starts in the unit before
    assert [event.type for event in events] == ["unit", "unit", "done"]
    assert events[1].text is None
    assert events[1].findings[0].evidence.span is not None
    assert events[1].findings[0].evidence.span[0] < events[1].span[0]


@pytest.mark.parametrize("more", ["And some more harmless words.\n", "And a key AKIAQ3EGRT7WLK2ZP9XY is here too.\n"])
def test_another_finding_of_the_unit_hides_no_retraction(more: str) -> None:
    options = StreamOptions(role=Role.TOOL, hold_review=True)
    events = events_of([INJECTION + "previous instructions. " + more], options, forms=True)
    assert [event.type for event in events][:3] == ["unit", "retract", "unit"]
    assert events[0].text == INJECTION
    assert {finding.category for finding in events[1].findings} == {"prompt_injection"}
    assert events[1].span == events[0].span


def test_what_a_later_unit_makes_of_a_released_one_is_told() -> None:
    first, back, second, done = events_of([NUMBER + NAMED], StreamOptions(hold_review=True), forms=True)
    assert (first.type, first.decision, first.text) == ("unit", Decision.ALLOW, NUMBER)
    assert (back.type, back.span, back.decision) == ("retract", first.span, Decision.REVIEW)
    assert [finding.category for finding in back.findings] == ["privacy/personal_information"]
    assert (second.type, second.decision, second.text) == ("unit", Decision.ALLOW, NAMED)
    assert done.decision is Decision.REVIEW


def test_what_would_have_been_released_anyhow_is_told_with_the_later_unit() -> None:
    first, second, done = events_of([NUMBER + NAMED], forms=True)
    assert first.decision is Decision.ALLOW
    assert [finding.evidence.span for finding in second.findings] == [(227, 236)]
    assert second.decision is done.decision is Decision.REVIEW
    assert second.text is not None


def test_a_finding_of_a_released_unit_is_told_once() -> None:
    text = "A number of hers, passport E12345678, is said right here. And then other words for another unit.\n"
    first, second, _ = events_of([text], forms=True)
    assert (first.decision, second.decision) == (Decision.REVIEW, Decision.ALLOW)
    assert second.findings == ()
