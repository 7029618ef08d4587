"""Letters whose capitals are several: `Straße` is `STRASSE`, and what is seen points to the text as it is written."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.lists import listed

from moderation.errors import ListError
from moderation.lists.composing import Composed

MANY = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x20000)) if len(chr(code).casefold()) > 1]
WORDS = st.text(st.sampled_from([*MANY, *"sSftiIjJhnʼαΑιΙςΣſKÅåéÉeẞuü\u0301\u0307\u0308\u030c\u0345 中x"]), max_size=12)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Straße", "STRASSE"),
        ("STRASSE", "Straße"),
        ("STRASSE", "STRAẞE"),
        ("straẞe", "strasse"),
        ("office", "oﬀice"),
        ("oﬃce", "OFFICE"),
        ("Maß", "MASS"),
        ("ᾠδή", "ὨΙΔΉ"),
        ("istanbul", "İSTANBUL"),
        ("İstanbul", "i\u0307stanbul"),
        ("Wachstube", "Wachſtube"),
    ],
)
def test_a_term_is_seen_in_either_case(term: str, text: str) -> None:
    text = f"中 x {text}, ß and {text}."
    shown = text[4:].partition(",")[0]
    found = listed(term).match(text).matches
    assert [text[slice(*match.span)] for match in found] == [shown, shown]


def test_a_part_of_a_letter_stands_for_all_of_it() -> None:
    (match,) = listed("sen", rule="anywhere").match("fließen").matches
    assert match.span == (4, 7)
    assert listed("sen").match("fließen").matches == ()
    assert listed("strasse").held_back("Die Straß") == 4
    assert listed("strasse").match("Straßen").matches == ()


@pytest.mark.parametrize("written", [str, str.upper])
def test_every_letter_of_several(written: Callable[[str], str]) -> None:
    words = [f"a{letter}{number}" for number, letter in enumerate(MANY)]
    lists = listed(*map(written, words))
    for word in words:
        for shown in (word, word.upper(), word.lower(), word.casefold(), unicodedata.normalize("NFD", word.upper())):
            (match,) = lists.match(f"- {shown} -").matches
            assert match.span == (2, 2 + len(shown))
            assert match.term == written(word)


@example(word="ς\u0345")
@example(word="ᾀ\u0308")
@settings(max_examples=100, deadline=None)
@given(word=WORDS)
def test_what_differs_in_case_alone_is_the_same_term(word: str) -> None:
    word = " ".join(unicodedata.normalize("NFC", word).split())  # of others, `upper` moves accents
    if not any(map(str.isalnum, word)) or unicodedata.combining(word[0]) or "İ" in word.upper():
        return
    lists = listed(word, rule="anywhere")
    for way in (str.upper, str.lower, str.casefold):
        shown = way(word)
        spans = [match.span for match in lists.match(f"- {shown} -").matches]
        assert (2, 2 + len(shown)) in spans


@given(WORDS)
def test_every_place_of_an_unfolded_text_is_one_of_the_text(text: str) -> None:
    composed, past = Composed(text), 0
    assert composed.span(0, len(composed.text)) == (0, len(text))
    for place in range(len(composed.text)):
        start, end = composed.span(place, place + 1)
        assert start <= past <= end <= len(text)
        assert start < end
        past = end
    assert Composed(composed.text).text == composed.text


def test_a_term_may_not_become_longer_than_a_term_may_be() -> None:
    with pytest.raises(ListError, match="unfolded"):
        listed("ﬃ" * 100)


def test_a_text_of_such_letters_is_bounded() -> None:
    lists, text = listed("strasse"), "ß" * 200_000
    began = time.thread_time()
    lists.match(text)
    assert time.thread_time() - began < 5.0
