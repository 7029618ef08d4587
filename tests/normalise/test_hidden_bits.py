"""Texts spelt by zero-width characters, in bits and in digits of three and four signs, however a writer chose them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.normalise import views_of
from moderation.normalise.hidden_bits import spelled

SIGNS = "\u200b\u200c\u200d\ufeff\u2060"
PHRASES = ("open the secret door", "请打开那扇秘密的门")


def numerals(number: int, base: int, width: int) -> list[int]:
    digits: list[int] = []
    while number or len(digits) < width:
        number, digit = divmod(number, base)
        digits.append(digit)
    return digits[::-1]


def written(phrase: str, way: str, signs: str) -> str:
    """The phrase as a writer of zero-width characters would spell it."""
    base, width, unit = {
        "7 bits": (2, 7, 1), "8 bits": (2, 8, 1), "16 bits": (2, 16, 2), "5 of 3": (3, 5, 1), "6 of 3": (3, 6, 1),
        "11 of 3": (3, 11, 2), "4 of 4": (4, 4, 1), "8 of 4": (4, 8, 2), "parted": (2, 1, 2),
    }[way]  # fmt: skip
    data = phrase.encode("utf-16-be" if unit == 2 else "utf-8")
    numbers = [int.from_bytes(data[at : at + unit]) for at in range(0, len(data), unit)]
    groups = ["".join(signs[digit] for digit in numerals(number, base, width)) for number in numbers]
    return signs[base].join(groups) if way == "parted" else "".join(groups)


WAYS = ["7 bits", "8 bits", "16 bits", "5 of 3", "6 of 3", "11 of 3", "4 of 4", "8 of 4", "parted"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("signs", [SIGNS, SIGNS[::-1], "\u200c\u200b\ufeff\u200d"])
def test_whatever_the_width_and_the_signs(way: str, signs: str) -> None:
    for phrase in PHRASES:
        if not phrase.isascii() and way in ("7 bits", "5 of 3"):
            continue
        hidden = written(phrase, way, signs)
        original = f"Hello{hidden} there"
        (view,) = [view for view in views_of(original).views if view.steps == ("zero_width_bits",)]
        assert view.text == phrase
        assert view.span(0, len(phrase)) == (5, 5 + len(hidden))


def test_marks_at_the_ends_are_no_digits() -> None:
    hidden = "\ufeff" + written(PHRASES[0], "7 bits", SIGNS) + "\ufeff"
    assert PHRASES[0] in {view.text for view in views_of(f"Hello{hidden} there").views}


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet=SIGNS[:4], min_size=16, max_size=80), st.integers(0, 9))
def test_stretches_lie_in_order_inside_the_signs(signs: str, start: int) -> None:
    last = start
    for first, end, character in spelled(signs, start):
        assert last <= first < end <= start + len(signs)
        assert len(character) == 1
        last = end


@pytest.mark.parametrize("signs", ["\u200b\u200c", "\u200b\u200c\u200d", "\u200b\u200c\u200d\ufeff"])
def test_many_signs_that_say_nothing_cost_little(signs: str) -> None:
    begun = time.process_time()
    assert "ab" in {view.text for view in views_of("a" + signs * (120_000 // len(signs)) + "b").views}
    assert time.process_time() - begun < 4
