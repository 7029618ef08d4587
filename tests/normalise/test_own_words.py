"""An operator's own words in disguise, and the same letters in ordinary prose."""

from __future__ import annotations

import pytest

from moderation.normalise.own import OwnForms

FORMS = OwnForms(["sex toy", "kill yourself", "free money now", "heroin"])


def seen(text: str) -> list[str]:
    return [edit.text for edit in FORMS.edits(text, lambda _: 0)]


@pytest.mark.parametrize(
    "text",
    [
        "They sell sex. Toy cars too.",
        "Gender / Sex\nToy preference: car",
        "male sex / toy preference",
        "Don't kill. Yourself matters.",
        "Don't kill, yourself included.",
        'He said "kill." Yourself he left out.',
        "Are you free? Money now, please",
    ],
)
def test_a_phrase_over_the_end_of_a_clause_is_none(text: str) -> None:
    assert seen(text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("kill-yourself", "kill yourself"),
        ("kill_yourself", "kill yourself"),
        ("kill.yourself", "kill yourself"),
        ("kill...yourself", "kill yourself"),
        ("kill . yourself", "kill yourself"),
        ("kill!!! yourself", "kill yourself"),
        ("kill\nyourself", "kill yourself"),
        ("k1ll. yourself", "kill yourself"),
        ("k i l l   y o u r s e l f", "kill yourself"),
        ("free-money-now", "free money now"),
        ("h.e.r.o.i.n", "heroin"),
    ],
)
def test_a_phrase_whose_gaps_are_filled_otherwise_is_one(text: str, word: str) -> None:
    assert seen(text) == [word]
