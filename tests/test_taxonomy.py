"""Categories and cross-walks: total, both ways."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.crosswalks import CROSSWALKS, GB45654, MLCOMMONS, NO_HOME, OPENAI, foreign_codes, foreign_scores
from moderation.taxonomy import CATEGORIES, PARENTS, with_parents

SCORES = st.dictionaries(st.sampled_from(sorted(CATEGORIES)), st.floats(0, 1), max_size=20)


def test_every_category_is_named_in_both_languages_and_has_its_parent() -> None:
    for key, category in CATEGORIES.items():
        assert re.fullmatch(r"[a-z_]+(/[a-z_]+)?", key)
        assert category.name
        assert category.description.endswith(".")
        assert re.search(r"[\u4e00-\u9fff]", category.name_zh)
        if "/" in key:
            assert PARENTS[key] in CATEGORIES


@pytest.mark.parametrize("system", list(CROSSWALKS))
def test_every_foreign_code_has_a_home_or_a_reason(system: str) -> None:
    for code, keys in CROSSWALKS[system].items():
        assert set(keys) <= set(CATEGORIES)
        assert keys or NO_HOME[f"{system} {code}"]


@pytest.mark.parametrize("system", ["GB", "OpenAI", "MLCommons", "Azure"])
def test_every_category_has_a_code_somewhere_or_a_reason(system: str) -> None:
    without = {key for key in CATEGORIES if not foreign_codes(system, key)}
    if system == "GB":
        assert {key for key in without if f"our {key}" not in NO_HOME} == set()
    assert {key.removeprefix("our ") for key in NO_HOME if key.startswith("our ")} <= without


def test_the_counts_are_those_of_the_sources() -> None:
    assert len(OPENAI) == 13
    assert len(MLCOMMONS) == 14
    assert [sum(code.startswith(f"A.{part}") for code in GB45654) for part in range(1, 6)] == [8, 9, 5, 7, 2]


@given(SCORES)
def test_parents_have_the_maximum(scores: dict[str, float]) -> None:
    raised = with_parents(scores)
    assert list(raised) == [key for key in CATEGORIES if key in raised]
    for key, score in raised.items():
        own = [scores[key]] if key in scores else []
        assert score == max(own + [scores[child] for child in scores if PARENTS.get(child) == key])


@given(SCORES)
def test_foreign_scores_are_maxima_and_uncovered_codes_are_absent(scores: dict[str, float]) -> None:
    for code, keys in OPENAI.items():
        known = [scores[key] for key in keys if key in scores]
        assert foreign_scores("OpenAI", scores).get(code) == (max(known) if known else None)
