"""Fillers that a screen shows as a blank, and what shows nothing at all, between words and inside them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.normalise import Lexicon, views_of
from moderation.normalise.blanks import with_blanks
from moderation.normalise.mapped import Mapped

FILLERS = "\u115f\u1160\u2800\u3164\uffa0"


@pytest.mark.parametrize("sign", FILLERS)
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("please|open|the|secret|door", "please open the secret door"),
        ("please|open the|secret|door|now.|Then|go", "please open the secret door now. Then go"),
        ("pl|ease|open|the|sec|r|et|door", "please open the secret door"),
        ("o|p|e|n|the|door", "open the door"),
        ("please||open|\u200bthe|door", "please open the door"),
        ("you|are|an|1d10t", "you are an idiot"),
        ("please|b3BlbiB0aGUgZG9vcg==|now", "please open the door now"),
        ("请|open|the|door", "请 open the door"),
    ],
)
def test_between_words_a_blank_and_inside_a_word_nothing(sign: str, text: str, plain: str) -> None:
    original = text.replace("|", sign)
    views = views_of(original).views
    view = next(view for view in views if view.text == plain)
    assert len(views) <= 2
    at = plain.index("the") if "the" in plain else 0
    assert view.span(at, len(plain))[1] == len(original)


@pytest.mark.parametrize("sign", FILLERS)
def test_where_both_make_words_both_are_views(sign: str) -> None:
    assert {view.text for view in views_of(f"to{sign}get{sign}her").views} == {"to get her", "together"}


@pytest.mark.parametrize("sign", FILLERS)
@pytest.mark.parametrize("text", ["加|微|信", "打开|秘密的门", "see ig|nore there", "so |open| the door"])
def test_in_chinese_in_a_word_and_beside_a_blank_it_is_none(sign: str, text: str) -> None:
    views = views_of(text.replace("|", sign)).views
    assert [view.text for view in views] == [text.replace("|", "")]


OWN = Lexicon({"sex toy": 1.0, "florbix": 1.0})


@pytest.mark.parametrize("sign", [*FILLERS, "\0", "\x07", "\u200b", "\u2060", "\ue000"])
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("go|sex|toy|x", "go sex toy x"),
        ("go|florbix|x", "go florbix x"),
        ("a fl|or|bix|now", "a florbix now"),
    ],
)
def test_where_every_blank_is_one_listed_words_stand_apart(sign: str, text: str, plain: str) -> None:
    views = views_of(text.replace("|", sign), lexicon=OWN).views
    assert plain in {view.text for view in views}
    assert len(views) <= 2


@pytest.mark.parametrize("sign", "\0\u200b\u2060\ue000")
@pytest.mark.parametrize("text", ["exam|ple", "some|thing and ev|ery|thing", "x|y|z"])
def test_what_shows_nothing_inside_a_word_parts_none(sign: str, text: str) -> None:
    assert [view.text for view in views_of(text.replace("|", sign)).views] == [text.replace("|", "")]


@pytest.mark.parametrize("sign", "\0\u200b\u2060\ue000")
@pytest.mark.parametrize("text", ["go|brx", "brx|up", "Na|do|ji", "i|brx", "xqi|a"])
def test_short_words_beside_what_shows_nothing_are_parts(sign: str, text: str) -> None:
    assert [view.text for view in views_of(text.replace("|", sign)).views] == [text.replace("|", "")]


def test_fillers_of_hangul_and_braille_stay() -> None:
    for text in ("한국\u3164어", "\u1100\u1160\u11a8 \u115f\u1161", "⠓⠑⠇⠇⠕\u2800⠺⠕⠗⠇⠙"):
        assert views_of(text).views == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*FILLERS, "\u200b", " ", ".", "a", "open", "the", "door", "sec", "ret", "公", "한"])))
def test_none_is_left_between_letters_and_all_else_stays(pieces: list[str]) -> None:
    text = "".join(pieces)
    parted = with_blanks(Mapped.of(text))
    unseen = f"{FILLERS}\u200b "
    assert [sign for sign in parted.text if sign not in unseen] == [sign for sign in text if sign not in unseen]
    assert with_blanks(parted) is parted
