"""Patterns over turns with the policy that a result has: allow lists, parents of categories, parts with a role."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.decided import MODEL, PLAIN, Scores, chat, judged, told

from moderation.lists import Lists, load_lists
from moderation.models.base import Gap, Step
from moderation.pipelines.gather import joined_of
from moderation.pipelines.joining import MOST_TURNS
from moderation.schema import Content, Decision, Part, Role, Turn, Unjudged

ALLOW = 'name = "ok"\nkind = "allow"\ncategory = "illicit"\nterms = ["ricin", "abrin"]\n'


@pytest.fixture
def allowing(tmp_path: Path) -> Lists:
    (tmp_path / "ok.toml").write_text(ALLOW)
    return load_lists([tmp_path])


JOINED = {"ricin": {"illicit": 0.6}, "abrin": {"illicit": 0.6}, "how do I make ricin": {"illicit": 0.99}}


def test_a_turn_that_an_allow_list_let_pass_hides_no_split_payload(allowing: Lists) -> None:
    whole = chat("how do I make", "ricin")
    assert told(judged(whole, JOINED)) == {}  # the turn is found alone
    result = judged(whole, JOINED, lists=allowing)
    assert [finding.category for finding in result.findings] == []
    assert told(result) == {"split_payload": "illicit"}


def test_allowed_terms_joined_are_let_pass_too(allowing: Lists) -> None:
    scores = {**JOINED, "ricin abrin": {"illicit": 0.9}}
    assert told(judged(chat("ricin", "abrin"), scores, lists=allowing)) == {}
    assert told(judged(chat("ricin", "please"), {"ricin please": {"illicit": 0.9}}, lists=allowing))


def test_nothing_is_continued_that_an_allow_list_let_pass(allowing: Lists) -> None:
    whole = chat("ricin", "go on")
    assert told(judged(whole, JOINED)) == {"continuation": "illicit"}
    assert told(judged(whole, JOINED, lists=allowing)) == {}


STRICT_PARENT = f'{PLAIN}\n"illicit" = {{ review = 0.5 }}\n"illicit/weapons" = {{ review = 0.95 }}'
UNNAMED_PARENT = f'{PLAIN}\n"illicit/weapons" = {{ review = 0.95 }}'
WEAPONS = "illicit/weapons"


def weapons(**scores: float) -> Scores:
    return {text.replace("_", " "): {WEAPONS: score} for text, score in scores.items()}


@pytest.mark.parametrize(
    ("texts", "scores", "pattern"),
    [
        (("one", "two"), weapons(one=0.1, two=0.1, one_two=0.8), "split_payload"),
        (("one", "two", "four"), weapons(one=0.3, two=0.4, four=0.48), "crescendo"),
        (("one", "go on"), weapons(one=0.8), "continuation"),
    ],
)
def test_a_child_raises_its_parent_in_patterns_as_in_one_text(
    texts: tuple[str, ...], scores: Scores, pattern: str
) -> None:
    assert judged(chat("all"), weapons(all=0.8), thresholds=STRICT_PARENT).flagged
    assert told(judged(chat(*texts), scores, thresholds=STRICT_PARENT))[pattern] in ("illicit", WEAPONS)
    assert not judged(chat("all"), weapons(all=0.8), thresholds=UNNAMED_PARENT).flagged
    assert (pattern == "crescendo") == (pattern in told(judged(chat(*texts), scores, thresholds=UNNAMED_PARENT)))


def test_a_parent_that_a_turn_alone_raises_over_its_threshold_is_no_pattern() -> None:
    scores = {"one": {WEAPONS: 0.8}, "two": {}, "one two": {"illicit": 0.8}}
    assert told(judged(chat("one", "two"), scores, thresholds=STRICT_PARENT)) == {}
    assert told(judged(chat("one", "two"), scores, thresholds=UNNAMED_PARENT)) == {"split_payload": "illicit"}


def test_children_that_rise_by_turns_are_a_crescendo_of_their_parent_unless_one_is_told_alone() -> None:
    rising = {"one": {WEAPONS: 0.3}, "two": {"illicit/drugs": 0.4}, "four": {WEAPONS: 0.48}}
    assert told(judged(chat("one", "two", "four"), rising)) == {"crescendo": "illicit"}
    lax = f'{PLAIN}\n"illicit" = {{ review = 0.9 }}\n"illicit/drugs" = {{ review = 0.4 }}'
    result = judged(chat("one", "two", "four"), rising, thresholds=lax)
    assert [finding.category for finding in result.findings] == ["illicit/drugs"]
    assert told(result) == {}


@pytest.mark.parametrize("between", [MOST_TURNS - 3, MOST_TURNS - 2])
def test_turns_before_the_last_ones_do_not_count(between: int) -> None:
    rising = {"one": {WEAPONS: 0.3}, "two": {WEAPONS: 0.4}, "four": {WEAPONS: 0.48}}
    whole = chat("one", *["hello"] * between, "two", "four")
    assert told(judged(whole, rising)) == ({"crescendo": WEAPONS} if between + 3 <= MOST_TURNS else {})


def test_a_category_that_the_policy_never_decides_on_makes_no_pattern() -> None:
    never = f'{PLAIN}\n"illicit" = {{ review = "never", block = "never" }}'
    scores = {text: {"illicit": 0.4 + 0.04 * at} for at, text in enumerate(("one", "two", "four"))}
    assert told(judged(chat("one", "two", "four"), scores)) == {"crescendo": "illicit"}
    assert told(judged(chat("one", "two", "four"), {**scores, "one two": {"illicit": 1.0}}, thresholds=never)) == {}


LAX_TOOL = f'{PLAIN}\n[roles.tool]\n"illicit" = {{ review = 0.9 }}'


def quoting(text: str, newest: str) -> Content:
    parts = (Part.from_text(text, role=Role.TOOL), Part.from_text("of a tool"))
    return Content((Part.from_text(newest),), conversation=(Turn(Role.USER, parts),))


def test_a_part_with_a_role_is_judged_by_it_and_joined_with_what_that_role_says() -> None:
    scores = {"found": {"illicit": 0.7}, "of a tool go on": {}, "go on": {}}
    assert told(judged(quoting("found", "go on"), scores, thresholds=LAX_TOOL)) == {}
    assert told(judged(quoting("found", "go on"), scores)) == {"continuation": "illicit"}
    assert [one.text for one in joined_of(quoting("found", "and so")) if one.judged] == ["of a tool and so"]
    alone = Content((Part.from_text("found", role=Role.TOOL),), conversation=quoting("some", "x").conversation)
    (joined,) = (one for one in joined_of(alone) if one.judged)
    assert (joined.text, joined.turns) == ("some found", (0, 2))
    result = judged(alone, {"some found": {"illicit": 0.95}}, thresholds=LAX_TOOL)
    assert [trigger.parts for trigger in result.triggers] == [("conversation[0].input[0]", "input[0]")]


def test_a_turn_without_parts_is_none() -> None:
    empty = Content((Part.from_text("two"),), conversation=(Turn(Role.USER, ()), *chat("one", "x").conversation))
    assert told(judged(empty, {"one two": {"illicit": 0.8}})) == {"split_payload": "illicit"}


PATTERNS: list[tuple[tuple[str, ...], str, Scores]] = [
    (("one", "two"), "split_payload", {"one two": {"hate": 0.88}}),
    (("one", "two", "four"), "crescendo", {"one": {"hate": 0.3}, "two": {"hate": 0.4}, "four": {"hate": 0.48}}),
    (("one", "go on"), "continuation", {"one": {"hate": 0.88}}),
]
BLOCKING = f'{PLAIN}\n[triggers]\n"*" = {{ review = 0.5, block = 0.55 }}'


@pytest.mark.parametrize(("texts", "pattern", "scores"), PATTERNS)
def test_an_experimental_category_blocks_by_no_pattern(
    texts: tuple[str, ...], pattern: str, scores: Mapping[str, Mapping[str, float]]
) -> None:
    whole = chat(*texts)
    sure = judged(whole, scores, thresholds=BLOCKING)
    assert (sure.decision, told(sure)) == (Decision.BLOCK, {pattern: "hate"})
    unsure = judged(whole, scores, thresholds=BLOCKING, experimental=("hate",))
    assert (unsure.decision, unsure.triggers) == (Decision.REVIEW, sure.triggers)


@pytest.mark.parametrize(("texts", "pattern", "scores"), PATTERNS)
def test_a_pattern_that_shows_without_experimental_categories_blocks(
    texts: tuple[str, ...], pattern: str, scores: Mapping[str, Mapping[str, float]]
) -> None:
    said: dict[str, Any] = {"thresholds": BLOCKING, "experimental": ("hate",)}
    alike = judged(chat(*texts), scores, firm=scores, **said)
    assert (alike.decision, told(alike)) == (Decision.BLOCK, {pattern: "hate"})
    lower = {text: {"spam": found["hate"] - 0.01} for text, found in scores.items()}
    beside = judged(chat(*texts), scores, firm=lower, **said)
    assert (beside.decision, told(beside)) == (Decision.BLOCK, {pattern: "spam"})


def test_an_experimental_child_blocks_no_pattern_of_its_parent() -> None:
    scores = {"one two": {WEAPONS: 0.88}}
    assert judged(chat("one", "two"), scores, thresholds=BLOCKING).decision is Decision.BLOCK
    unsure = judged(chat("one", "two"), scores, thresholds=BLOCKING, experimental=(WEAPONS,))
    assert (unsure.decision, set(told(unsure))) == (Decision.REVIEW, {"split_payload"})


def test_what_is_said_of_texts_as_turns_is_reviewed_and_never_blocks() -> None:
    whole = chat("one", "two", "four")
    steps = dict.fromkeys(("one", "two", "four"), Step(9.0, 9.0))
    result = judged(whole, {}, thresholds=BLOCKING, steps=steps)
    assert (result.decision, told(result)) == (Decision.REVIEW, {"crescendo": ""})
    assert result.triggers[0].score > 0.99
    rising = {"one": {"hate": 0.3}, "two": {"hate": 0.4}, "four": {"hate": 0.48}}
    both = judged(whole, rising, thresholds=BLOCKING, steps=steps)
    assert (both.decision, told(both)) == (Decision.BLOCK, {"crescendo": "hate"})  # by what rises
    assert told(judged(chat("one", "two"), {}, thresholds=BLOCKING, steps=steps)) == {}


def test_harmless_parts_of_a_turn_do_not_hide_what_one_says() -> None:
    steps = {"one": Step(0.0, 1.0), "two": Step(0.0, 1.0), "fine": Step(-9.0, 0.0), "bad": Step(1.0, 1.0)}
    content = Content(
        (Part.from_text("bad"), *(Part.from_text("fine"),) * 3), conversation=chat("one", "two", "x").conversation
    )
    (trigger,) = judged(content, {}, steps=steps).triggers
    assert (trigger.pattern, trigger.parts[-4:]) == ("crescendo", tuple(f"input[{number}]" for number in range(4)))


def test_what_a_classifier_left_out_of_joined_turns_is_unjudged() -> None:
    gap = Gap("unreadable_text", (0, 3))
    result = judged(chat("one", "two"), {}, gaps={"one two": gap})
    assert result.decision is Decision.REVIEW
    assert result.unjudged == (Unjudged("input[0]", MODEL, "unreadable_text"),)


def test_terms_past_the_limit_in_joined_turns_are_unjudged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\nkind = "block"\ncategory = "fraud"\nterms = ["riches"]\n')
    lists = load_lists([tmp_path])
    match = lists.match
    monkeypatch.setattr(lists, "match", lambda *given, **more: match(*given, **more, max_matches=4))
    assert judged(chat("riches", "riches riches"), {}, lists=lists).unjudged == ()
    result = judged(chat("riches riches", "riches riches"), {}, lists=lists)
    assert result.unjudged == (Unjudged("input[0]", "lists", "terms_past_limit"),)
