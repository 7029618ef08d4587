"""Each form of disguise: some view says the phrase, and points to all of the disguise and to nothing else."""

from __future__ import annotations

import random
import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.disguises import CHINESE, ENGLISH, encoded, hexadecimal, leet, percent, rot13, spaced, zero_width

from moderation.errors import ConfigurationError
from moderation.normalise import STEPS, Lexicon, View, homophone, views_of
from moderation.training.disguise import FORMS, disguise

PHRASES = ("they open the secret door", "please free the eleven green horses", "someone took those yellow boxes")
PHRASES_ZH = ("明天我们去公园喝茶", "老师喜欢吃红色苹果", "朋友昨天买了新的电脑")
CARRIERS = (("", ""), ("My friend wrote: ", " (that is all)"), ("First line.\n", "\nLast line, with 3 more words."))
CARRIERS_ZH = (("", ""), ("他写道：", "。就这些。"), ("第一行。\n", "\n最后一行，还有几个字。"))


def found(original: str, phrase: str) -> list[tuple[View, str]]:
    """The views with the phrase, and what they point to."""
    selected = []
    for view in views_of(original).views:
        assert set(view.steps) <= STEPS
        at = view.text.lower().find(phrase)
        if at >= 0:
            start, end = view.span(at, at + len(phrase))
            selected.append((view, original[start:end]))
    return selected


def planted(carrier: tuple[str, str], disguised: str, phrase: str) -> None:
    original = disguised.join(carrier)
    selected = found(original, phrase)
    assert selected, views_of(original)
    assert {piece for _, piece in selected} == {disguised.strip("\u202e\u202c")}, selected


@pytest.mark.parametrize("form", ENGLISH)
def test_english(form: str) -> None:
    for phrase, carrier in product(PHRASES, CARRIERS):
        disguised = ENGLISH[form](phrase)
        assert disguised != phrase
        planted(carrier, disguised, phrase)


@pytest.mark.parametrize("form", CHINESE)
def test_chinese(form: str) -> None:
    for phrase, carrier in product(PHRASES_ZH, CARRIERS_ZH):
        planted(carrier, CHINESE[form](phrase), phrase)


@pytest.mark.parametrize(
    "layers",
    [
        (encoded, encoded, encoded),
        (leet, encoded),
        (spaced, encoded),
        (rot13, encoded),
        (encoded, hexadecimal),
        (encoded, percent),
        (rot13, zero_width),
        (leet, zero_width),
        (rot13, hexadecimal, zero_width),
    ],
    ids=lambda layers: "-".join(layer.__name__ for layer in layers),
)
def test_one_in_the_other(layers: tuple) -> None:  # type: ignore[type-arg]
    for phrase, carrier in product(PHRASES, CARRIERS[:2]):
        disguised = phrase
        for layer in layers:
            disguised = layer(disguised)
        planted(carrier, disguised, phrase)


@pytest.mark.parametrize(
    ("disguised", "plain", "piece", "step"),
    [
        ("他想买木仓。", "枪", "木仓", "split_characters"),
        ("这是弓虽盗。", "强盗", "弓虽盗", "split_characters"),
        ("亻尔好，世界", "你好", "亻尔好", "split_characters"),
        ("晚上喝🍵吧", "喝茶", "喝🍵", "emoji"),
        ("草原上骑🐴真好", "骑马", "骑🐴", "emoji"),
        ("我们去xuexiao玩", "学校", "xuexiao", "pinyin"),
        ("他在xue xi数学", "学习", "xue xi", "pinyin"),
        ("ming tian wo men qu xue xiao", "明天我们去学校", "ming tian wo men qu xue xiao", "pinyin"),
        ("加我vx聊聊", "微信", "vx", "initials"),
        ("加/微/信，聊", "加微信", "加/微/信", "spacing"),
        ("我们去喝*茶吧", "喝茶", "喝*茶", "spacing"),
        ("我要買槍", "我要买枪", "我要買槍", "traditional"),
        ("讀書 and music", "读书", "讀書", "traditional"),
        ("⼥⼦", "女子", "⼥⼦", "nfkc"),
        ("he said goood mooorning", "good morning", "goood mooorning", "repeats"),
        ("a go*od day", "good", "go*od", "spacing"),
        ("c0mput3r games", "computer", "c0mput3r", "leet"),
        ("рlеаsе соmе", "please come", "рlеаsе соmе", "homoglyph"),
        ("ᴘʟᴇᴀsᴇ come", "please", "ᴘʟᴇᴀsᴇ", "homoglyph"),
        ("p̂lèäsê come", "please", "p̂lèäsê", "homoglyph"),
    ],
)
def test_by_example(disguised: str, plain: str, piece: str, step: str) -> None:
    selected = [(view, part) for view, part in found(disguised, plain) if step in view.steps]
    assert [part for _, part in selected] == [piece], views_of(disguised)


def test_words_of_the_same_sound() -> None:
    assert found("明恬我门去图叔馆堪书", "明天我们去图书馆看书")


@pytest.mark.parametrize(
    ("text", "plain", "piece"),
    [
        ("我想去图苏馆借书", "图书馆", "图苏馆"),
        ("他出售毒聘和枪知", "枪支", "枪知"),
    ],
)
def test_words_of_nearly_the_same_sound(text: str, plain: str, piece: str) -> None:
    assert {part for view, part in found(text, plain) if view.steps == ("homophone",)} == {piece}


def test_oddness_of_long_texts_is_that_of_their_clauses() -> None:
    text = "今天天气很好，明恬我门去图叔馆堪书。王，我们 abc 散步" * 12
    sums = homophone._sums_of_excess(text)
    for clause in homophone._CLAUSE.finditer(text):
        odd = sums[clause.end()] - sums[clause.start()] >= homophone._LEAST_EXCESS
        assert odd == homophone._is_odd(clause[0])


def test_an_operators_words_are_looked_for_harder() -> None:
    text = "来这里独播吧"
    assert not views_of(text).views
    (view,) = views_of(text, lexicon=Lexicon({"赌博": 3.0})).views
    assert view.text == "来这里赌博吧"
    assert view.steps == ("homophone",)
    start, end = view.span(3, 5)
    assert text[start:end] == "独播"
    assert not views_of("fl0rbix").views
    assert views_of("fl0rbix", lexicon=Lexicon({"florbix": 1.0})).views[0].text == "florbix"


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(["leet", "homoglyph", "zero_width"]),
    seed=st.integers(0, 10_000),
    phrase=st.sampled_from(PHRASES),
)
def test_what_training_disguises_is_taken_off(form: str, seed: int, phrase: str) -> None:
    disguised = disguise(phrase, form, random.Random(seed))
    assert disguise(phrase, form, random.Random(seed)) == disguised
    if disguised != phrase and not re.search(r"\d\d\b", disguised):  # a name and its number, as `bus35`
        assert found(disguised, phrase)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_disguises_something(form: str) -> None:
    text = "明天我们去图书馆看书，晚上喝茶骑马，买新的电脑。 Please open these yellow boxes."
    disguised = {disguise(text, form, random.Random(seed)) for seed in range(8)}
    assert disguised - {text}
    assert disguise("", form, random.Random(1)) == ""


def test_no_such_form() -> None:
    with pytest.raises(ConfigurationError, match="no disguise is called 'nothing'"):
        disguise("a", "nothing", random.Random(1))


@pytest.mark.parametrize("form", ENGLISH)
def test_a_view_has_no_view(form: str) -> None:
    for view in views_of(ENGLISH[form](PHRASES[0])).views:
        if PHRASES[0] in view.text.lower():
            assert not views_of(view.text).views
