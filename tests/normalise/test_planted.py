"""Whatever phrase is planted in whatever carrier: each view that says it points to its disguise and to nothing else."""

# ruff: noqa: SIM905 - words that are read by people

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support import disguises as ways

from moderation.normalise import views_of, warm_up
from moderation.normalise.english import is_word

WORDS = tuple(
    "open close garden winter money teacher secret yellow window please people bring number travel kitchen morning "
    "friend paper river street doctor building market station letter picture answer question summer".split()
)
WORDS_ZH = tuple(
    "明天 老师 学校 公园 朋友 电脑 图书馆 苹果 喜欢 工作 城市 天气 音乐 电影 医院 火车 早上 晚上 吃饭 喝茶 看书 "
    "回家 上班 买菜 开车 旅游 我们 他们 一起 时间".split()
)
# Sentences that are read backwards; of words at random only what hardly ever stands so beside each other would be.
SENTENCES_ZH = tuple(
    who + when + what
    for who in ("我们", "他们", "老师")
    for when in ("早上", "晚上", "昨天")
    for what in ("去公园散步", "在图书馆看书", "坐火车回家", "开车去医院")
)
BEFORE = st.sampled_from(
    [
        *("", "My friend wrote: ", "Note 12: ", "Room 12, ", "to be ", "Face ", "see ", "x = ", "A/B: ", "10:30 "),
        *("(", "[", "“", 'He said "', "First line.\n", "\n\n", "- ", "1. ", "* ", "3) ", "> ", "# ", "| ", "• ", "— "),
        *("2024-05-06 ", "12 - ", "... ", "第一，", "他说：", "你好，", "看这里【", "见"),
    ]
)
AFTER = st.sampled_from(
    [
        *("", " ", ".", "。", "!", "?", ";", ")", "]", "”", '" to me', "\n", "\n- more", "\nLast line, 3 more words."),
        *(", and so on", " - end", " - 12", " / end", " | ", " — so", ": 5", " 12 times", ", 12", " be good", " ok"),
        *(" (that is all)", "）", "】", "吧", "，完", "…"),
    ]
)
LAYERS = (
    *(ways.encoded, ways.url_safe, ways.hexadecimal, ways.percent),
    *(ways.entities, ways.escapes, ways.dashed, ways.prefixed),
)
INNERMOST = (ways.rot13, ways.leet, ways.backwards, ways.morse, ways.zero_width)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    warm_up()


def points_to_it(before: str, disguised: str, after: str, phrase: str) -> None:
    """Some view says the phrase, and all that do point to the disguise.

    The controls of a text that stands right to left are on both sides of what they turn.
    """
    original = f"{before}{disguised}{after}"
    found = [view for view in views_of(original).views if phrase in view.text.lower()]
    assert found, (original, views_of(original))
    for view in found:
        at = view.text.lower().index(phrase)
        start, end = view.span(at, at + len(phrase))
        assert original[start:end] == disguised.strip("\u202e\u202c"), (original, view)


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def phrases(words: tuple[str, ...], joint: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=3, max_size=6).map(joint.join)


@pytest.mark.parametrize("form", ways.ENGLISH)
@settings(max_examples=25, deadline=None)
@given(phrase=phrases(WORDS, " "), before=BEFORE, after=AFTER)
@example(phrase="travel yellow open", before="Note 12: ", after=" - end")
@example(phrase="close number open please", before="", after=".")
def test_english(form: str, phrase: str, before: str, after: str) -> None:
    disguised = ways.ENGLISH[form](phrase)
    assume(disguised != phrase)  # no letter in it that has a look-alike
    assume(form != "morse" or not (after[:2] in (" -", " —") and is_word(f"{phrase}t".split(" ")[-1])))  # close, closet
    points_to_it(before, disguised, after, phrase)


@pytest.mark.parametrize("form", [form for form in ways.CHINESE if form != "backwards"])
@settings(max_examples=25, deadline=None)
@given(phrase=phrases(WORDS_ZH, ""), before=BEFORE, after=AFTER)
@example(phrase="早上喝茶看书公园图书馆", before="10:30 ", after=" be good")
def test_chinese(form: str, phrase: str, before: str, after: str) -> None:
    disguised = ways.CHINESE[form](phrase)
    assume(disguised != phrase)  # nothing in it that traditional characters write otherwise
    if form == "wide_base64":  # these bytes are another text in UTF-8, or with the halves the other way round
        assume("一" not in phrase and not _is_utf_8(phrase.encode("utf-16-le")))
    points_to_it(before, disguised, after, phrase)


@settings(max_examples=60, deadline=None)
@given(phrase=st.sampled_from(SENTENCES_ZH), before=BEFORE, after=AFTER)
def test_chinese_backwards(phrase: str, before: str, after: str) -> None:
    said = (before + phrase[::-1])[-len(phrase) - 1 :], after[:1]
    if said[0].startswith(phrase[::-1]) and not said[1].isalpha():  # a clause of its own: a neighbour is turned with it
        points_to_it(before, phrase[::-1], after, phrase)


@pytest.mark.parametrize(
    ("form", "place"), [(form, at) for form, rows in ways.IN_CHINESE.items() for at in range(len(rows))]
)
@settings(max_examples=15, deadline=None)
@given(before=BEFORE, after=AFTER)
def test_words_that_hang_on_their_neighbours(form: str, place: int, before: str, after: str) -> None:
    sentence, phrase, disguised = ways.IN_CHINESE[form][place]
    left, right = sentence.split("{}")
    points_to_it(f"{before}他说：{left}", disguised, f"{right}。{after}", phrase)


@settings(max_examples=100, deadline=None)
@given(
    phrase=phrases(WORDS, " "),
    inner=st.sampled_from([None, *INNERMOST]),
    layers=st.lists(st.sampled_from(LAYERS), min_size=2, max_size=3),
    before=BEFORE,
    after=AFTER,
)
def test_one_in_the_other(
    phrase: str, inner: Callable[[str], str] | None, layers: list[Callable[[str], str]], before: str, after: str
) -> None:
    disguised = inner(phrase) if inner else phrase
    for layer in layers:
        disguised = layer(disguised)
    assume(len(disguised) < 3_900)  # longer texts are read stretch by stretch
    points_to_it(before, disguised, after, phrase)


@settings(max_examples=60, deadline=None)
@given(
    phrase=phrases(WORDS, " "),
    way=st.sampled_from([ways.decimal, ways.morse, ways.grouped]),
    sign=st.sampled_from(["99 ", "116 ", "- ", "be ", "... "]),
)
def test_what_could_be_a_sign_of_it_is_all_that_is_taken_in(phrase: str, way: Callable[[str], str], sign: str) -> None:
    """A number beside numbers is a letter: the stretch of that edit may begin earlier by it, and by no more."""
    disguised = way(phrase)
    original = f"see {sign}{disguised}"
    found = [view for view in views_of(original).views if phrase in view.text]
    for view in found:
        at = view.text.index(phrase)
        start, end = view.span(at, at + len(phrase))
        assert end == len(original)
        assert original[start:] in (disguised, f"{sign}{disguised}")
    assert found
