"""Terms and texts that differ only in composition are the same, and matches point to the text as it is."""

from __future__ import annotations

import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import moderation.lists
from moderation.lists import Lists, load_lists
from moderation.lists.composing import Composed

LETTERS = st.text(
    "ae\u0301\u0316\u0323é각가\u11a8ᄀ\u1161中Å\u0958\u0915\u093cパハ\u309a\U0001d15e\ud800 ", max_size=40
)
TERMS = ("café", "김치", "パン", "Ångström")


def listed(folder: Path, *terms: str) -> Lists:
    written = ", ".join(f'"{term}"' for term in terms)
    (folder / "own.toml").write_text(f'name = "own"\nkind = "block"\ncategory = "spam"\nterms = [{written}]\n')
    return load_lists([folder])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other", ["NFC", "NFD"])
@pytest.mark.parametrize("term", TERMS)
def test_terms_are_seen_however_they_are_composed(tmp_path: Path, term: str, form: str, other: str) -> None:
    shown = unicodedata.normalize(form, term)  # type: ignore[arg-type]
    lists = listed(tmp_path, unicodedata.normalize(other, term))  # type: ignore[arg-type]
    text = unicodedata.normalize(form, "où ") + shown + " ñ " + shown  # type: ignore[arg-type]
    spans = [match.span for match in lists.match(text).matches]
    assert [text[slice(*span)] for span in spans] == [shown, shown]


def test_a_letter_with_another_accent_is_another(tmp_path: Path) -> None:
    lists = listed(tmp_path, "cafe")
    assert not lists.match("cafe\u0301").matches
    assert lists.match("cafe").matches


def test_what_may_still_become_a_term_is_held_back_however_it_is_composed(tmp_path: Path) -> None:
    lists = listed(tmp_path, "café noir")
    assert lists.held_back("oh cafe\u0301 no") == 3
    other = "un cafe\u0301 cre\u0301me"
    assert lists.held_back(other) == len(other)


@given(LETTERS)
def test_a_composed_text_is_normal_and_points_to_where_it_came_from(text: str) -> None:
    composed = Composed(text)
    whole = unicodedata.normalize("NFC", text)
    assert re.sub(" +", " ", composed.text) == re.sub(" +", " ", whole)
    assert composed.span(0, len(composed.text)) == (0, len(text))
    for place in range(len(composed.text)):
        start, end = composed.span(place, place + 1)
        assert composed.text[place] in unicodedata.normalize("NFC", text[start:end])
        assert start < end


@pytest.mark.parametrize("blanks", ["  ", " \n\n ", "\u3000 ", "\t" * 50, "\u2009\u00a0"])
@pytest.mark.parametrize("term", ["quick riches", "café noir"])
def test_a_run_of_blanks_is_one(tmp_path: Path, term: str, blanks: str) -> None:
    lists = listed(tmp_path, term)
    parted = term.replace(" ", blanks)
    for before in ("", "the ", "the  \n", "où  "):
        text = f"{before}{parted}  is   here"
        assert [text[slice(*match.span)] for match in lists.match(text).matches] == [parted]
    assert lists.held_back(f"now  {parted[:-2]}") == len("now  ")


def test_a_text_of_marks_costs_no_more_than_another() -> None:
    text = "a" + "\u0301\u0316" * 100_000
    began = time.thread_time()
    composed = Composed(text)
    assert time.thread_time() - began < 3.0
    assert composed.span(len(composed.text) - 1, len(composed.text))[1] == len(text)


def test_all_names_of_the_package_are_there() -> None:
    assert all(hasattr(moderation.lists, name) for name in moderation.lists.__all__)
