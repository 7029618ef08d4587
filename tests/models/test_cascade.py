"""The cascade: who is asked, what a guard speaks for, and the band against trying all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import ConfigurationError
from moderation.models.cascade import Band, Sample, ceilings, choose_band, looked_at, needs_guard, together
from moderation.taxonomy import with_parents

scores = st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
keys = st.sampled_from(["hate", "hate/threatening", "illicit", "illicit/drugs", "illicit/weapons", "fraud"])


@pytest.mark.parametrize("ends", [(0.6, 0.4), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 1.0), (0.0, float("nan"))])
def test_a_band_that_is_none_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError, match="band"):
        Band(*ends)


@pytest.mark.parametrize(
    ("given_scores", "categories", "expected"),
    [
        ({"hate": 0.2}, {"hate"}, True),
        ({"hate": 0.8}, {"hate"}, True),
        ({"hate": 0.19}, {"hate"}, False),
        ({"hate": 0.81, "fraud": 0.5}, {"hate", "fraud"}, False),
        ({"hate": 0.5, "spam": 0.99}, {"hate"}, True),
        ({"spam": 0.5}, {"hate"}, False),
        ({}, {"hate"}, False),
        # A guard that covers the parent speaks for the child; one that covers the child does not speak for the parent.
        ({"hate": 0.1, "hate/threatening": 0.6}, {"hate"}, True),
        ({"hate": 0.6, "hate/threatening": 0.95}, {"hate"}, False),
        ({"hate": 0.6, "hate/threatening": 0.1}, {"hate/threatening"}, False),
    ],
)
def test_who_needs_the_guard(given_scores: dict[str, float], categories: set[str], *, expected: bool) -> None:
    assert needs_guard(given_scores, Band(0.2, 0.8), categories) is expected
    assert needs_guard(with_parents(given_scores), Band(0.2, 0.8), categories) is expected


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(keys, scores), st.dictionaries(keys, scores))
def test_a_guard_clears_what_it_speaks_for_and_nothing_else(first: dict[str, float], said: dict[str, float]) -> None:
    whole, guard = with_parents(together(first, said, said)), with_parents(said)
    for key, score in first.items():
        parent = key.rpartition("/")[0]
        if key in said:
            assert ceilings(said, said)[key] == guard[key]
        elif parent in said:
            assert ceilings(said, said)[key] == guard[parent]
        else:
            assert whole[key] >= score
    assert all(whole[key] >= score for key, score in said.items())
    assert all(whole[key] == guard[key] for key in said if "/" not in key)
    assert looked_at(first, said) == looked_at(with_parents(first), said)


def f1_of(rows: Sequence[Sample], band: Band | None) -> float:
    flagged = [row.both if band is not None and row.score in band else row.first for row in rows]
    hits = sum(flag and row.truth for flag, row in zip(flagged, rows, strict=True))
    total = sum(flagged) + sum(row.truth for row in rows)
    return 2 * hits / total if total else 0.0


flags = st.booleans()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.builds(Sample, scores, flags, flags, flags, flags), min_size=2, max_size=14), st.floats(0, 1))
def test_no_band_within_the_share_does_better(rows: list[Sample], budget: float) -> None:
    if len({row.truth for row in rows}) == 1:
        rows[0] = replace(rows[0], truth=not rows[0].truth)
    chosen = choose_band(rows, budget=budget)
    share = sum(chosen.band is not None and row.score in chosen.band for row in rows) / len(rows)
    assert chosen.share == pytest.approx(share)
    assert share <= budget + 1e-9
    assert chosen.f1 == pytest.approx(f1_of(rows, chosen.band))
    assert chosen.f1_first == pytest.approx(f1_of(rows, None))
    assert (chosen.band is None) == (chosen.f1 == chosen.f1_first) == (chosen.share == 0)
    ends = [at / 40 for at in range(41)]
    for band in (Band(low, high) for low in ends for high in ends if low <= high):
        inside = sum(row.score in band for row in rows)
        edge = {band.low, band.high} & ({row.score for row in rows} - {0.0, 1.0})
        if inside <= budget * len(rows) and not edge:
            assert chosen.f1 >= f1_of(rows, band) - 1e-12


def test_a_band_that_only_moves_the_first_models_threshold_is_none() -> None:
    rows = [(0.05, 0.1), (0.1, 0.9), (0.2, 0.9), (0.3, 0.9), (0.35, 0.9), (0.4, 0.9)]
    samples = [Sample.of(first, guard, number >= 2) for number, (first, guard) in enumerate(rows)]
    few = choose_band(samples, budget=0.2)  # one text: the guard finds it, above the band nothing is flagged
    assert few.share == pytest.approx(1 / 6)
    assert few.f1 == pytest.approx(0.4)
    none = choose_band(samples, budget=0.1)
    assert (none.band, none.share, none.f1, none.f1_first) == (None, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("apart", [0.2, 1e-4, 1e-9, 2**-51])
def test_ends_keep_apart_scores_however_near(apart: float) -> None:
    """One text in four may be asked about, and only one is worth it."""
    near = 0.5 + apart
    samples = [Sample.of(0.5, 0.9, True), Sample.of(near, 0.1, False), *[Sample.of(1.0, 0.9, True)] * 2]
    band = choose_band(samples, budget=0.25).band
    assert band is not None
    assert [sample.score for sample in samples if sample.score in band] == [near]


def test_a_good_guard_is_sent_what_the_first_model_cannot_tell() -> None:
    drawn = random.Random(0)
    truths = [drawn.random() < 0.3 for _ in range(2_000)]
    first = [min(max(drawn.gauss(0.65 if truth else 0.35, 0.15), 0.0), 1.0) for truth in truths]
    guard = [0.95 if truth else 0.05 for truth in truths]
    samples = list(map(Sample.of, first, guard, truths))
    chosen = choose_band(samples, budget=0.2)
    assert 0.15 < chosen.share <= 0.2
    assert chosen.f1 > chosen.f1_first + 0.05
    assert chosen.f1_guard == 1.0
    everything = choose_band(samples, budget=1.0)
    assert everything.f1 == 1.0
    assert everything.share < 1.0, "of equal bands the one that sends least"
    assert choose_band(samples, budget=0.0).band is None


@pytest.mark.parametrize(
    ("first", "guard", "truths", "budget"),
    [
        ([], [], [], 0.1),
        ([0.5], [0.5], [True], 0.1),
        ([0.5, 0.6], [0.5, 0.5], [False, False], 0.1),
        ([0.5, 0.6], [0.5, 0.5], [True, False], 1.1),
        ([0.5, 1.6], [0.5, 0.5], [True, False], 0.1),
        ([0.5, float("nan")], [0.5, 0.5], [True, False], 0.1),
    ],
)
def test_what_no_band_can_be_chosen_on_is_refused(
    first: list[float], guard: list[float], truths: list[bool], budget: float
) -> None:
    with pytest.raises(ConfigurationError):
        choose_band(list(map(Sample.of, first, guard, truths)), budget=budget)
