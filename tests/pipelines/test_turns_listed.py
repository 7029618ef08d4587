"""A growing conversation and the lists: earlier turns are not looked through again, and no old answer is given."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import fake_engine

from moderation.lists import matching
from moderation.lists.allowing import weighed
from moderation.lists.matching import Lists
from moderation.lists.terms import Found, Kind, Match
from moderation.pipelines import call, listed
from moderation.pipelines import engine as engine_module
from moderation.pipelines.cache import digest_of
from moderation.pipelines.call import Kept
from moderation.pipelines.engine import Engine
from moderation.schema import Content, Decision, ModerationResult, Part, Role, Turn

OWN = 'name = "own"\nkind = "block"\ncategory = "fraud"\n'
SENTENCE = "Turn %02d is about quick riches, fl0rb1x and the weather. "


class Looked:
    """Notes the texts that are looked through for terms."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        match = Lists.match

        def noted(lists: Lists, text: str, **said: Any) -> Found:
            self.texts.append(text)
            return match(lists, text, **said)

        monkeypatch.setattr(Lists, "match", noted)

    def take(self) -> list[str]:
        taken, self.texts = self.texts, []
        return taken


def growing(texts: Sequence[str], *, tenant: str | None = None, role: Role = Role.USER) -> list[Content]:
    turns = [Turn(role, (Part.from_text(text),)) for text in texts]
    return [
        Content((Part.from_text(text),), conversation=tuple(turns[:index]), tenant=tenant, role=role)
        for index, text in enumerate(texts)
    ]


def alone(text: str, *, tenant: str | None = None, role: Role = Role.USER) -> Content:
    return growing([text], tenant=tenant, role=role)[0]


def run(engine: Engine, contents: Sequence[Content], between: Callable[[int], None] = lambda _: None) -> list[Any]:
    """Judges one after the other; `between` is told how many were judged."""

    async def scenario() -> list[ModerationResult]:
        results = []
        for content in contents:
            results.append(await engine.moderate(content))
            between(len(results))
        await engine.close()
        return results

    return asyncio.run(scenario())


def found(results: Sequence[ModerationResult]) -> list[set[str | None]]:
    return [{one.evidence.quote for one in result.findings} for result in results]


def test_a_new_turn_is_looked_through_for_terms_and_no_turn_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = ["quick riches", "florbix"]\n')
    looked = Looked(monkeypatch)
    texts: list[list[str]] = []
    contents = growing([SENTENCE % number for number in range(40)])
    engine = fake_engine(cache_entries=20_000, lists=tmp_path)
    results = run(engine, contents, lambda _: texts.append(looked.take()))
    assert found(results) == [{"quick riches", "florbix"}] * 40
    assert [len(result.findings) for result in results] == [3 * number for number in range(1, 41)]
    counts, chars = [len(one) for one in texts], [sum(map(len, one)) for one in texts]
    # The turn and its view; the last turns joined, their view, and both with nothing between the turns.
    assert set(counts[8:]) == {counts[8]}
    assert counts[8] <= 6
    assert set(chars[8:]) == {chars[8]}


def test_what_expires_is_not_answered_from_what_was_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = [{{ term = "florbix", expires = 2027-03-31 }}, "zorbulon"]\n')
    (tmp_path / "all.toml").write_text(f'{OWN.replace("own", "all")}expires = 2027-04-01\nterms = ["quumble"]\n')
    today = dt.date(2027, 3, 31)
    monkeypatch.setattr(engine_module, "utc_day", lambda: today)

    def next_day(judged: int) -> None:
        nonlocal today
        today += dt.timedelta(days=judged % 2 == 0)

    contents = [alone("florbix zorbulon quumble")] * 6
    results = run(fake_engine(cache_entries=1_000, lists=tmp_path), contents, next_day)
    whole = {"florbix", "zorbulon", "quumble"}
    assert found(results) == [whole, whole, whole - {"florbix"}, whole - {"florbix"}, {"zorbulon"}, {"zorbulon"}]


def test_a_call_over_midnight_has_the_terms_of_one_day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = [{{ term = "florbix", expires = 2027-03-31 }}]\n')
    days = iter([dt.date(2027, 3, 31)])

    def next_day() -> dt.date:
        return next(days, dt.date(2027, 4, 1))

    for module in (engine_module, call, matching, listed):
        monkeypatch.setattr(module, "utc_day", next_day)
    contents = [alone("some florbix", tenant=tenant, role=role) for tenant in ("a", "b") for role in Role]
    engine = fake_engine(cache_entries=1_000, lists=tmp_path)

    async def scenario() -> list[Any]:
        results = [*await engine.moderate_many(contents), await engine.moderate(contents[0])]
        await engine.close()
        return results

    *said, later = found(asyncio.run(scenario()))
    assert said == [{"florbix"}] * len(contents)
    assert later == set()


def test_a_replaced_list_is_not_answered_from_what_was_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    terms = ["quick", "riches", "quick"]
    file.write_text(f'{OWN}terms = ["quick"]\n')
    engine = fake_engine(cache_entries=1_000, lists=tmp_path)
    looked = Looked(monkeypatch)

    def replaced(judged: int) -> None:
        if judged < len(terms):
            file.write_text(f'{OWN}terms = ["{terms[judged]}"]\n')
            assert engine.lists.reload_if_changed().changed

    results = run(engine, [alone("quick riches")] * 3, replaced)
    assert found(results) == [{"quick"}, {"riches"}, {"quick"}]
    assert len(looked.texts) == 2  # the third time the lists are what they were the first


def test_what_one_tenant_s_lists_say_is_told_to_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}tenant = "acme"\nterms = ["quick riches"]\n')
    (tmp_path / "all.toml").write_text(f'{OWN.replace("own", "all")}terms = ["zorbulon"]\n')
    looked = Looked(monkeypatch)
    tenants = ["acme", "b", None] * 2
    results = run(
        fake_engine(cache_entries=1_000, lists=tmp_path),
        [alone("quick riches, zorbulon", tenant=tenant) for tenant in tenants],
    )
    assert found(results) == [{"quick riches", "zorbulon"}, {"zorbulon"}, {"zorbulon"}] * 2
    assert len(looked.texts) == 3  # once for each: what one sent does not show in how fast another is answered


def test_a_list_for_one_role_is_not_answered_for_another(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}scope = {{ roles = ["assistant"] }}\nterms = ["quick riches"]\n')
    roles = [Role.USER, Role.ASSISTANT] * 2
    results = run(
        fake_engine(cache_entries=1_000, lists=tmp_path), [alone("quick riches", role=role) for role in roles]
    )
    assert [result.decision for result in results] == [Decision.ALLOW, Decision.BLOCK] * 2


def test_a_list_for_one_origin_is_not_answered_for_another(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}scope = {{ origins = ["base64"] }}\nterms = ["quick riches"]\n')
    plain = "the way to quick riches is long, they say"
    contents = [alone(text) for text in (plain, base64.b64encode(plain.encode()).decode())] * 2
    results = run(fake_engine(cache_entries=1_000, lists=tmp_path), contents)
    assert found(results) == [set(), {"quick riches"}] * 2


PARTS = ["quick riches", "rags to quick riches", "fl0rb1x", "f l o r b i x", "hello", "quick", "riches"]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6), st.sampled_from([None, "acme"]))
def test_with_and_without_what_is_kept_lists_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tenant: str | None
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "own.toml").write_text(f'{OWN}terms = ["quick riches", "florbix"]\n')
    allow = 'name = "fine"\nkind = "allow"\ncategory = "fraud"\ntenant = "acme"\nterms = ["rags to quick riches"]\n'
    (folder / "fine.toml").write_text(allow)
    contents = [*growing(texts, tenant=tenant), *growing(texts[::-1], tenant=tenant)]
    kept, anew = (run(fake_engine(cache_entries=entries, lists=folder), contents) for entries in (1_000, 0))
    for one, other in zip(kept, anew, strict=True):
        assert (one.decision, one.findings, one.allowed, one.triggers, one.category_scores) == (
            other.decision,
            other.findings,
            other.allowed,
            other.triggers,
            other.category_scores,
        )


def test_what_is_kept_of_terms_is_bounded_by_how_many_there_are() -> None:
    kept = Kept.of(100).listed
    match = Match("own", "r", Kind.BLOCK, ("fraud",), "riches", (0, 6), 1.0)
    for count in range(60):
        said = listed.Listed(weighed([match] * count))
        for number in range(20):
            kept.put(None, digest_of(f"{count} {number}"), said, weight=said.weight)
            assert kept.weight <= 100
    assert kept.get(None, digest_of("19 19")) is not None
    assert kept.get(None, digest_of("59 19")) is None  # that alone is a tenth of it and more


def test_an_engine_that_keeps_nothing_looks_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'{OWN}terms = ["quick riches"]\n')
    looked = Looked(monkeypatch)
    run(fake_engine(cache_entries=0, lists=tmp_path), [alone("hello")] * 2)
    assert looked.texts == ["hello"] * 2
