"""Pinyin with its tones is read without them; accents and digits of others stay."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lists import listed

from moderation.normalise import Lexicon, views_of

MARKED = {
    "dǔ bó": "du bo",
    "dǔbó": "dubo",
    "DǓ BÓ": "DU BO",
    "dǔ-bó": "du-bo",
    "du3 bo2": "du bo",
    "du3bo2": "dubo",
    "Du3 Bo2": "Du Bo",
    "wǒ men qù dǔ bó ba": "wo men qu du bo ba",
    "wo3 men qu4 du3 bo2 ba": "wo men qu du bo ba",
    "He said dǔ bó, and left": "He said du bo, and left",
    "a café with dǔ bó": "a café with du bo",
    "我们去du3bo2吧": "我们去dubo吧",
    "我们去du3 bo2吧": "我们去du bo吧",
    "bīng dú": "bing du",
    "xí jìn píng": "xi jin ping",
    "fǎlún gōng": "falun gong",
    "liù sì": "liu si",
    "lǜ chá biǎo": "lü cha biao",
    "lǜ chá": "lü cha",
    "nǜ cè": "nü ce",
    "sha1 le ni3": "sha le ni",
    "du3, bo2": "du, bo",
    "du3  bo2": "du  bo",
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", MARKED)
def test_tones_are_taken_off(text: str, form: str) -> None:
    shown = unicodedata.normalize(form, text)  # type: ignore[arg-type]
    (view, *_) = views_of(shown).views
    assert unicodedata.normalize("NFC", view.text) == MARKED[text]
    assert view.steps == ("pinyin_tones",)
    assert view.span(0, len(view.text)) == (0, len(shown))


@pytest.mark.parametrize("text", MARKED)
def test_what_is_found_without_tones_is_found_with_them(text: str) -> None:
    lexicon, lists = Lexicon({"du bo": 1.0, "赌博": 1.0}), listed("du bo", "dubo", "赌博", "xi jin ping")
    bare = MARKED[text]
    expected = {match.term for said in (bare, *(v.text for v in views_of(bare, lexicon=lexicon).views))
                for match in lists.match(said).matches}  # fmt: skip
    found = {match.term for said in (text, *(v.text for v in views_of(text, lexicon=lexicon).views))
             for match in lists.match(said).matches}  # fmt: skip
    assert found == expected


def test_a_syllable_with_two_dots() -> None:
    assert [view.text for view in views_of("nü3 ren2").views] == ["nü ren"]


def test_a_term_seen_without_tones_points_to_them() -> None:
    lists = listed("du bo")
    for text in ("qu du3 bo2 ba", "qù dǔ bó ba", unicodedata.normalize("NFD", "qù dǔ bó ba")):
        view = views_of(text).views[0]
        (match,) = lists.match(view.text).matches
        start, end = view.span(*match.span)
        assert (start, end) == (text.index("d"), text.rindex(" "))


@pytest.mark.parametrize(
    "text",
    [
        "café naïve résumé, à la carte, déjà vu",
        "Là où il a été, on a décidé de céder à sa fée.",
        "Cà phê ở đây ngon lắm, má và bà có lá dù bó.",
        "Bà má có là dù bó",
        "Má já nádobí, tě a mě, ně dítě mámě dá.",
        "Tú y él, sí, mí té, así dé fé.",
        "Più lì, là e là, né tè né dì.",
        "Tōkyō, Ōsaka à Kyōto, dōjō, Shōgun, jūdō, kyūshū",
        "Te reo Māori, tāne, wāhine, kāinga, hā mā",
        "Māte ēd ābolu, bērni lēnām iet mājās.",
        "Ní hé sin, tá fá bán sa lá, dé",
        "mp3 h2o a1 b2 e4 e5 he2 me3 ba1 ba2 ba3 v1 utf8 sha256",
        "Room a2, row b3, seat du3.",
        "see /du3/bo2 and user.du3@bo2.com",
        "Mǎ",
        "Use sha1 or md5, mp3 or mp4, h1 to h2",
    ],
)
def test_accents_and_digits_of_others_stay(text: str) -> None:
    for form in ("NFC", "NFD"):
        shown = unicodedata.normalize(form, text)
        assert not [view.text for view in views_of(shown).views if "pinyin_tones" in view.steps]


@given(st.text("dǔbó23 1uo\u030c\u0301,'aāng中é", max_size=30))
def test_what_stays_is_in_its_place(text: str) -> None:
    for view in views_of(text).views:
        for place in range(len(view.text)):
            start, end = view.span(place, place + 1)
            assert 0 <= start < end <= len(text)


@pytest.mark.parametrize("stretch", ["du3", "dǔ", "du3 bo2 ", "dǔ bó ", "a1", "zhuāng", "ma" * 11 + "á ", "u\u030c"])
def test_a_text_of_them_is_bounded(stretch: str) -> None:
    text = stretch * (100_000 // len(stretch))
    views_of("dǔ bó")
    began = time.thread_time()
    views_of(text)
    assert time.thread_time() - began < 10.0
