"""The cache of what is known of texts: bounded, and apart for each tenant."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import STAGE_CODES
from moderation.models.base import Gap
from moderation.pipelines.cache import TextCache, digest_of, lasts


@given(st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.text(max_size=3)), max_size=60), st.integers(0, 5))
def test_it_answers_like_a_dictionary_of_the_last_used(calls: list[tuple[str | None, str]], most: int) -> None:
    cache: TextCache[int] = TextCache(most)
    recent: list[tuple[tuple[str | None, str], int]] = []
    for number, key in enumerate(calls):
        held = dict(recent).get(key)
        known_by = key[0], digest_of(key[1])
        assert cache.get(*known_by) == held
        recent = [entry for entry in recent if entry[0] != key]
        if held is None:
            cache.put(*known_by, number)  # each weighs 1
        recent.append((key, number if held is None else held))
        recent = recent[-most:] if most else []
        assert len(cache) == len(recent)


@given(st.lists(st.tuples(st.text(max_size=2), st.integers(1, 30)), max_size=80))
def test_its_weight_is_bounded_and_what_is_heavy_is_not_held(puts: list[tuple[str, int]]) -> None:
    cache: TextCache[int] = TextCache(100)
    for text, weight in puts:
        cache.put(None, digest_of(text), weight, weight=weight)
        held = cache.get(None, digest_of(text))
        assert held == weight or weight > 10
        assert cache.weight <= 100


def test_what_belongs_to_another_revision_is_not_taken() -> None:
    cache: TextCache[int] = TextCache(10)
    text = digest_of("a")
    cache.put(None, text, 1, revision="r1")
    cache.put(None, text, 2, revision="r2")
    assert [cache.get(None, text, revision=revision) for revision in ("r1", "r2", "")] == [1, 2, None]


@pytest.mark.parametrize("reason", sorted(STAGE_CODES))
def test_a_gap_that_a_stage_is_to_blame_for_does_not_last(reason: str) -> None:
    assert lasts([Gap("text_past_window")])
    assert not lasts([Gap("text_past_window"), Gap(reason)])


def test_threads_may_share_it() -> None:
    cache: TextCache[int] = TextCache(3)
    texts = [digest_of(str(number)) for number in range(5)]

    def use(seed: int) -> None:
        for step in range(4_000):
            text = texts[(seed + step * 7) % len(texts)]
            if cache.get(None, text) is None:
                cache.put(None, text, step)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(use, range(4)))
    finally:
        sys.setswitchinterval(switch)
    assert cache.weight == len(cache) <= 3
