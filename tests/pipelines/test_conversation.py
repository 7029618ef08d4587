"""Patterns over turns, on scores that are given."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.pipelines.conversation import Said, Together, marks, triggers_of
from moderation.pipelines.joining import MOST_CHARS, joined_texts
from moderation.policy import parse_policy
from moderation.schema import Role

POLICY = parse_policy(b'name = "own"\n[thresholds]\n"*" = { review = 0.5, block = 0.9 }\n', file="own.toml")


def said(index: int, score: float, *, role: Role = Role.USER, text: str = "…", category: str = "illicit") -> Said:
    return Said(role, (f"conversation[{index}].input[0]",), text, marks({category: score}, role, POLICY))


def patterns(turns: list[Said], joined: dict[str, float] | None = None) -> dict[str, tuple[str, ...]]:
    return {trigger.pattern: trigger.parts for trigger in triggers_of(turns, together(turns, joined or {}))}


def together(turns: list[Said], scores: dict[str, float]) -> list[Together]:
    """The scores, as said of the last turns joined."""
    said = marks(scores, Role.USER, POLICY)
    return [Together(one.turns, said) for one in joined_texts([(turn.role, turn.text) for turn in turns])[:1]]


def rising(*scores: float) -> list[Said]:
    """Turns of the user, each answered."""
    turns = []
    for index, score in enumerate(scores):
        turns += [said(2 * index, score), said(2 * index + 1, 0.05, role=Role.ASSISTANT)]
    return turns[:-1]


def test_a_theme_that_rises_under_the_threshold_is_a_crescendo_and_names_its_turns() -> None:
    turns = rising(0.02, 0.2, 0.3, 0.4, 0.48)
    (trigger,) = triggers_of(turns, [])
    assert (trigger.pattern, trigger.category) == ("crescendo", "illicit")
    assert trigger.parts == tuple(f"conversation[{2 * index}].input[0]" for index in (1, 2, 3, 4))
    assert 0.5 < trigger.score < 1
    assert "from 0.20 to 0.48" in trigger.explanation


@pytest.mark.parametrize(
    "scores",
    [
        (0.1, 0.1, 0.12, 0.14),  # noise
        (0.48, 0.4, 0.3, 0.2),  # falls
        (0.2, 0.3, 0.45, 0.05),  # the newest turn has nothing of it
        (0.2, 0.45),  # too few
    ],
)
def test_what_does_not_rise_is_none(scores: tuple[float, ...]) -> None:
    assert patterns(rising(*scores)) == {}


def test_a_turn_over_the_threshold_needs_no_pattern() -> None:
    assert patterns(rising(0.2, 0.3, 0.4, 0.6)) == {}


def test_a_payload_that_only_shows_joined_names_all_its_turns() -> None:
    turns = [said(0, 0.1), said(1, 0.0, role=Role.ASSISTANT), said(2, 0.2)]
    assert patterns(turns, {"illicit": 0.8}) == {
        "split_payload": ("conversation[0].input[0]", "conversation[2].input[0]")
    }
    assert patterns(turns, {"illicit": 0.4}) == {}
    assert patterns([said(0, 0.7), said(2, 0.2)], {"illicit": 0.8}) == {}


@pytest.mark.parametrize(
    "text",
    [
        "continue",
        "Go on.",
        "ok, please continue!",
        "yes, keep going",
        "step 3",
        "继续",
        "请继续吧",
        "然后呢？",
        "好的，接着写",
        "ok go ahead",
        "tell me more please",
        "keep writing",
        "嗯 说吧",
        "sigue, por favor",
        "Weiter bitte",
        "продолжай",
        "続けてください",
        "تابع",
    ],
)
@pytest.mark.parametrize("role", [Role.USER, Role.ASSISTANT])
def test_a_bare_go_on_carries_the_risk_of_what_it_continues(text: str, role: Role) -> None:
    before = said(0, 0.8, role=role)
    assert patterns([before, said(1, 0.0, text=text)]) == {
        "continuation": ("conversation[0].input[0]", "conversation[1].input[0]")
    }
    assert patterns([said(0, 0.2, role=role), said(1, 0.0, text=text)]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "continue to improve my garden plan",
        "go on holiday",
        "what is the next train",
        "继续教育有什么用",
        "hello",
        "step 3 of the recipe burns",
        "tell me more about gardens",
        "go ahead and book the train",
        "说吧台在哪里",
        "continua a piovere",
    ],
)
def test_a_new_question_continues_nothing(text: str) -> None:
    assert "continuation" not in patterns([said(0, 0.8), said(1, 0.0, text=text)])


def test_go_on_and_on_still_points_to_what_it_continues() -> None:
    turns = [said(0, 0.8), said(1, 0.0, text="continue"), said(2, 0.0, text="continue")]
    assert patterns(turns)["continuation"][0] == "conversation[0].input[0]"


@pytest.mark.parametrize("text", [" " * 200_000, "," * 200_000, "yes " * 50_000, "好" * 200_000])
def test_a_long_earlier_turn_costs_no_time(text: str) -> None:
    began = time.perf_counter()
    triggers_of([said(0, 0.8, text=text), said(1, 0.0, text="continue")], [])
    assert time.perf_counter() - began < 1


def joined_tail(turns: Sequence[tuple[Role, str]]) -> str | None:
    return next((one.text for one in joined_texts(turns)), None)


def test_joined_are_the_last_texts_of_the_newest_writer() -> None:
    turns = [(Role.USER, "how do I"), (Role.ASSISTANT, "yes?"), (Role.USER, "bake"), (Role.USER, "bread")]
    assert joined_tail(turns) == "how do I bake bread"
    assert joined_tail(turns[:1]) is None
    assert joined_tail([(Role.USER, "a"), (Role.USER, "  ")]) is None
    assert joined_tail([]) is None


@pytest.mark.parametrize(
    ("chars", "carrying"),
    [
        ((5, 5, 5), (0, 1, 2)),
        ((900, 900, 900), (0, 1, 2)),
        ((5, 5, 900, 1_200), (2, 3)),
        ((5, MOST_CHARS - 7, 5), (1, 2)),  # the first would need one more
        ((5, MOST_CHARS - 1), ()),  # a blank and the newest fill it
        ((5, 3 * MOST_CHARS), ()),
    ],
)
def test_only_turns_that_the_joined_text_has_something_of_are_named(
    chars: tuple[int, ...], carrying: tuple[int, ...]
) -> None:
    turns = [said(index, 0.1, text=chr(ord("a") + index) * count) for index, count in enumerate(chars)]
    joined = joined_tail([(turn.role, turn.text) for turn in turns])
    letters = "" if joined is None else "".join(sorted(set(joined) - {" "}))
    assert letters == "".join(chr(ord("a") + index) for index in carrying)
    named = patterns(turns, {"illicit": 0.8}).get("split_payload", ())
    assert named == tuple(turns[index].paths[0] for index in carrying)


@given(st.lists(st.tuples(st.sampled_from(list(Role)), st.text(max_size=900)), max_size=40))
def test_what_is_joined_is_bounded_and_ends_with_the_newest_text(turns: list[tuple[Role, str]]) -> None:
    joined = joined_tail(turns)
    if joined is not None:
        assert len(joined) <= MOST_CHARS
        own = [text for role, text in turns if role is turns[-1][0] and text.strip()]
        assert joined.endswith(own[-1][-MOST_CHARS:])
        assert " ".join(own[-6:]).endswith(joined)


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0, 1))
def test_scores_of_triggers_are_probabilities(scores: list[float], joined: float) -> None:
    turns = [said(index, score) for index, score in enumerate(scores)]
    found = triggers_of(turns, together(turns, {"illicit": joined}))
    assert all(0 <= trigger.score <= 1 and trigger.parts for trigger in found)
