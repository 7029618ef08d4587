"""Pieces that turns hand over, joined: what they say without the words around them, and which turns said it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import fake_engine, fake_models

from moderation.models.fake import Behaviour, FakeTextClassifier
from moderation.pipelines.joining import MOST_CHARS, MOST_JOINED, joined_texts
from moderation.schema import Content, Decision, ModerationResult, Part, Role, Turn

OWN = 'name = "own"\nkind = "block"\ncategory = "fraud"\n'


def said(*texts: str) -> dict[str, tuple[int, ...]]:
    """The judged texts of a user's turns, each answered, with the turns of the user that carry them."""
    turns = [turn for text in texts for turn in ((Role.USER, text), (Role.ASSISTANT, "Noted."))][:-1]
    return {one.text: tuple(turn // 2 for turn in one.turns) for one in joined_texts(turns) if one.judged}


def judged(*texts: str, lists: Path) -> ModerationResult:
    async def scenario() -> ModerationResult:
        engine = fake_engine(lists=lists)
        try:
            earlier = tuple(Turn(Role.USER, (Part.from_text(text),)) for text in texts[:-1])
            return await engine.moderate(Content((Part.from_text(texts[-1]),), conversation=earlier))
        finally:
            await engine.close()

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        (('Keep A = "how do I bake"', 'and B = "bread"', "Now join A and B."), "how do I bake bread"),
        (("x = 'bread'", "y = 'bake me'", "print(y + ' ' + x)"), "bake me bread"),
        (("let x be `bread`", "how do I bake x?"), "how do I bake bread ?"),
        (("part 1/2: how do I bake", "part 2/2: bread. Answer both parts together."), "how do I bake bread."),
        (("It comes in two messages. How do I", "bake bread?"), "How do I bake bread?"),
        (("(1/2) how do I bake", "(2/2) bread"), "how do I bake bread"),
        (('Word one is "bak"', 'Word two is "ery". No blank between.'), "bakery"),
        (('"bread"', 'Put "how do I bake" in front and answer.'), "how do I bake bread"),
        (('"bread"', '"bake"', "Read them backwards."), "bake bread"),
        (("第一部分：怎么烤", "第二部分：面包，合起来回答我。"), "怎么烤面包，合起来回答我。"),
        (("第一部分：怎么烤", "第二部分：面包。合起来回答我。"), "怎么烤面包。"),
        (("变量a = “面包”", "变量b = “怎么烤”", "回答 b + a"), "怎么烤面包"),
        (("记住，甲=怎么烤", "乙=面包", "把甲和乙连起来"), "怎么烤面包"),
        (("我分两条发。怎么烤", "面包？"), "怎么烤面包？"),
        (("词一：面", "词二：包", "在前面加上“怎么烤”，然后回答。"), "怎么烤面包"),
        (("「怎么烤」", "『面包』"), "怎么烤面包"),
        (("Decode this: aG93IGRvIEkg", "YmFrZSBicmVhZA=="), "Decode this: aG93IGRvIEkgYmFrZSBicmVhZA=="),
    ],
)
def test_pieces_are_joined_without_the_words_around_them(texts: tuple[str, ...], whole: str) -> None:
    assert said(*texts)[whole] == tuple(range(len(texts)))


@pytest.mark.parametrize(
    "texts",
    [
        ("What is a derivative?", "And why do we need limits?", "Now do the same for x squared."),
        ("红烧肉怎么做才不腻？", "糖色我每次都炒糊。", "继续"),
        ("Define n as above", "Meet me at 10:30", "See https://example.com"),
        ("hello", "  "),
    ],
)
def test_ordinary_turns_cost_no_text_more(texts: tuple[str, ...]) -> None:
    assert len(said(*texts)) <= 1


def test_a_turn_that_has_to_do_with_no_piece_joins_none_again() -> None:
    assert list(said('A = "how do I bake"', 'B = "bread"', "Thank you, what is the weather?")) == [
        'A = "how do I bake" B = "bread" Thank you, what is the weather?'
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Role)),
            st.text("aAb1 .:=\"'“”「」一，。：、+\n", max_size=40)
            | st.sampled_from(['A = "x"', "B: y", "join A and B", "第一段：甲", "把甲放前面", "q" * 3_000]),
        ),
        max_size=20,
    )
)
def test_what_is_joined_is_bounded_and_made_of_what_was_said(turns: list[tuple[Role, str]]) -> None:
    joined = joined_texts(turns)
    assert sum(one.judged for one in joined) <= MOST_JOINED
    for one in joined:
        assert len(one.text) <= MOST_CHARS
        assert len(one.turns) > 1
        assert all(turns[turn][0] is turns[-1][0] for turn in one.turns)
        assert all(0 <= start <= end <= len(one.text) for start, end, _ in one.places)


@pytest.mark.parametrize("text", [" " * 2_000, '"' * 2_000, "“" * 2_000, "a:" * 1_000, "a=b;" * 500, "put a, " * 280])
def test_hostile_turns_cost_no_time(text: str) -> None:
    began = time.process_time()
    joined_texts([(Role.USER, text)] * 16)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (("I want zorb", "ulon please"), (0, 1)),
        (("what is grey", "florbix"), (0, 1)),
        (("hello", 'a = "zorb"', 'b = "ulon"', "say a+b"), (1, 2)),
        (("词一：冰", "词二：糖葫", "好的"), ()),
        (("词一：锟", "词二：铐", "连起来"), (0, 1)),
        (("hello 锟", "铐", "ok"), (0, 1)),
        (("我有一把锟", "铐起来看"), ()),  # two signs that meet by chance
    ],
)
def test_a_listed_term_over_several_turns_names_them(
    texts: tuple[str, ...], parts: tuple[int, ...], tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = ["zorbulon", "grey florbix", "锟铐"]\n', encoding="utf-8")
    result = judged(*texts, lists=tmp_path)
    paths = [*(f"conversation[{number}].input[0]" for number in range(len(texts) - 1)), "input[0]"]
    found = {(one.pattern, one.category, one.parts) for one in result.triggers if "list:own" in one.explanation}
    assert found == ({("split_payload", "fraud", tuple(paths[part] for part in parts))} if parts else set())
    assert (result.decision is Decision.REVIEW) == bool(parts)


def test_a_term_that_one_turn_has_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = ["zorbulon"]\n', encoding="utf-8")
    result = judged("some zorbulon", "please", lists=tmp_path)
    assert result.triggers == ()
    assert [finding.part for finding in result.findings] == ["conversation[0].input[0]"]


def test_an_allowed_term_over_several_turns_is_none(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = ["grey florbix"]\n', encoding="utf-8")
    allow = 'name = "ok"\nkind = "allow"\ncategory = "fraud"\nterms = ["grey florbix pie"]\n'
    (tmp_path / "ok.toml").write_text(allow, encoding="utf-8")
    assert judged("what is grey", "florbix", lists=tmp_path).triggers
    assert not judged("what is grey", "florbix pie", lists=tmp_path).triggers


class Failing(FakeTextClassifier):
    """Fails on what only turns joined can say."""

    def _is_poison(self, item: str) -> bool:
        return "alpha" in item and "beta" in item


def test_a_model_that_fails_on_turns_joined_is_told_of() -> None:
    async def scenario() -> ModerationResult:
        engine = fake_engine([Failing(behaviour=Behaviour.POISON), *fake_models()[1:]])
        try:
            earlier = (Turn(Role.USER, (Part.from_text("alpha stands here"),)),)
            return await engine.moderate(Content((Part.from_text("beta stands there"),), conversation=earlier))
        finally:
            await engine.close()

    result = asyncio.run(scenario())
    assert [entry.part for entry in result.unjudged] == ["input[0]"]
    assert result.decision is Decision.REVIEW


@pytest.mark.parametrize(
    "blanks", [" " * 2_000, "\n" * 2_000, "\u200b" * 2_000, " \u200b" * 1_000, "\u3000" * 2_000, "\u00ad\n" * 1_000]
)
def test_blanks_do_not_push_out_what_was_said(blanks: str) -> None:
    (joined,) = said("how do I", "bake some" + blanks, "bread" + blanks)
    words = joined.replace("\u200b", "").split()
    assert words == ["how", "do", "I", "bake", "some", "bread"]


def test_what_does_not_show_parts_no_word_and_bits_stay() -> None:
    assert list(said("bake", "some br" + "\u2060" * 40 + "ead")) == ["bake some br\u2060ead"]
    bits = "\u200b\u200c" * 16
    assert list(said("bake", f"some{bits}")) == [f"bake some{bits}"]


def test_a_long_turn_of_borders_costs_no_time() -> None:
    began = time.perf_counter()
    said("=A" * 100_000 + " !", "YmFrZSBicmVhZA==")
    said("=A" * 100_000, "YmFrZSBicmVhZA==")
    assert time.perf_counter() - began < 1
