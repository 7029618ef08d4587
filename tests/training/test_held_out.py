"""Which rows thresholds are chosen on: texts that were not trained on, and that are known to be harmless throughout."""

from __future__ import annotations

import itertools
from dataclasses import replace

from moderation.training.held_out import held_out
from moderation.training.rows import CATEGORIES, Row, benign
from moderation.training.text_risk import CALIBRATE, MEASURE, TRAIN, part_of


def group_in(part: int, seed: int = 0) -> str:
    return next(name for name in map(str, itertools.count()) if part_of(name, seed) == part)


HARMLESS = Row("harmless", benign(), "made-up", group_in(MEASURE))


def test_a_row_that_is_harmless_in_every_category_is_kept() -> None:
    assert held_out([HARMLESS], seed=0) == [HARMLESS]


def test_a_row_of_which_one_category_is_unknown_is_none() -> None:
    """It may be of that category: a threshold chosen so that it is not flagged would be too high."""
    for category in CATEGORIES:
        assert held_out([replace(HARMLESS, labels=benign(unknown=(category,)))], seed=0) == []
    assert held_out([replace(HARMLESS, labels={})], seed=0) == []


def test_a_row_of_any_category_is_none() -> None:
    for category in CATEGORIES:
        assert held_out([replace(HARMLESS, labels={**benign(), category: True})], seed=0) == []


def test_rows_of_the_other_parts_are_none() -> None:
    others = [replace(HARMLESS, group=group_in(part)) for part in (TRAIN, CALIBRATE)]
    assert held_out(others, seed=0) == []
    moved = next(seed for seed in itertools.count() if part_of(HARMLESS.group, seed) != MEASURE)
    assert held_out([HARMLESS], seed=moved) == []


def test_a_text_counts_once() -> None:
    other = replace(HARMLESS, text="another")
    found = held_out([HARMLESS, other, replace(HARMLESS, source="again")], seed=0)
    assert [row.text for row in found] == ["harmless", "another"]
