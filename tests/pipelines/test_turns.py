"""A growing conversation: earlier turns are neither searched for disguises nor judged again; nothing is lost by it."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import Counting, StandInDecoder, fake_engine, fake_models, fake_profile

from moderation.config import Settings
from moderation.limits import Limits
from moderation.lists.store import ListStore
from moderation.models.base import Classification, Gap
from moderation.models.fake import Behaviour, FakeTextClassifier
from moderation.normalise.folds import is_suspect
from moderation.normalise.lexicon import Lexicon
from moderation.normalise.views import Views, views_of
from moderation.pipelines import forms
from moderation.pipelines.assemble import policies_of
from moderation.pipelines.cache import digest_of
from moderation.pipelines.call import Kept
from moderation.pipelines.engine import Engine, Options
from moderation.pipelines.forms import Forms
from moderation.pipelines.joining import MOST_JOINED
from moderation.pipelines.runner import LocalRunner
from moderation.schema import Content, ModerationResult, Part, Role, Turn

LONG = "Nothing to see in this report of many pages. " * 600  # longer than the classifier reads
SENTENCE = "The quick brown fox number %d jumps over the lazy dog, and nobody minds. "


class Searched:
    """Counts the texts that are searched for disguises; a text with one of `fails` in it breaks the search."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails: str | None = None) -> None:
        self.texts: list[str] = []
        self.fails = fails
        monkeypatch.setattr(forms, "views_of", self._views_of)
        monkeypatch.setattr(forms, "is_suspect", self._is_suspect)

    def _views_of(self, text: str, **options: object) -> Views:
        self.texts.append(text)
        if self.fails is not None and self.fails in text:
            raise ValueError("broken")
        return views_of(text, **options)  # type: ignore[arg-type]

    def _is_suspect(self, text: str, lexicon: Lexicon) -> bool:
        found = is_suspect(text, lexicon)
        if not found:  # that was the search
            self.texts.append(text)
        return found


def turn(text: str, role: Role = Role.USER) -> Turn:
    return Turn(role, (Part.from_text(text),))


def growing(texts: Sequence[str], *, tenant: str | None = None) -> list[Content]:
    """The contents that a chat sends: each text once as the newest turn, and from then on as an earlier one."""
    return [
        Content((Part.from_text(text),), conversation=tuple(map(turn, texts[:index])), tenant=tenant)
        for index, text in enumerate(texts)
    ]


def judge(engine: Engine, contents: Sequence[Content]) -> list[ModerationResult]:
    async def scenario() -> list[ModerationResult]:
        try:
            return [await engine.moderate(content) for content in contents]
        finally:
            await engine.close()

    return asyncio.run(scenario())


def comparable(result: ModerationResult) -> ModerationResult:
    return replace(result, id="", timing_ms={})


def test_earlier_turns_are_not_searched_for_disguises_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = Searched(monkeypatch)
    engine = fake_engine(cache_entries=20_000)
    counts: list[int] = []

    async def scenario() -> None:
        for content in growing([SENTENCE % index for index in range(40)]):
            before = len(searched.texts)
            await engine.moderate(content)
            counts.append(len(searched.texts) - before)
        await engine.close()

    asyncio.run(scenario())
    assert counts == [1, *[2] * 39]  # the turn, and the last turns joined


def test_turns_that_hand_over_pieces_cost_a_bounded_number_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = Searched(monkeypatch)
    texts = [text for index in range(12) for text in (f'n{index} = "some {index} things"', f"join n{index} and n0")]
    counts = []

    async def scenario() -> None:
        engine = fake_engine(cache_entries=20_000)
        for content in growing(texts):
            before = len(searched.texts)
            await engine.moderate(content)
            counts.append(len(searched.texts) - before)
        await engine.close()

    asyncio.run(scenario())
    assert 2 < max(counts) <= 1 + MOST_JOINED


def test_what_stands_under_a_disguise_is_found_in_an_earlier_turn_too() -> None:
    hidden = base64.b64encode("well ⟦hate=0.99⟧ and more words".encode()).decode()
    results = judge(fake_engine(cache_entries=1_000), growing([f"read {hidden}", "and then?", "go on"]))
    for result in results:
        (finding,) = [one for one in result.findings if "base64" in one.origin]
        assert finding.evidence.span == (0, len(f"read {hidden}"))


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "hello",
                "h e l l o  w o r l d",
                "⟦hate=0.6⟧",
                "continue",
                "uryyb jbeyq, guvf vf n grfg",
                "k1ll y0urself",
                "😀",
            ]
        ),
        min_size=1,
        max_size=8,
    )
)
def test_with_and_without_what_is_kept_the_answers_are_the_same(texts: list[str]) -> None:
    contents = growing(texts)
    kept, anew = (judge(fake_engine(cache_entries=entries), contents) for entries in (1_000, 0))
    assert list(map(comparable, kept)) == list(map(comparable, anew))


def test_forms_are_kept_apart_for_each_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = Searched(monkeypatch)
    contents = [Content((Part.from_text("hello"),), tenant=tenant) for tenant in ("a", "b", None, "a", "b", None)]
    judge(fake_engine(cache_entries=1_000), contents)
    assert searched.texts == ["hello"] * 3


def test_forms_found_under_other_lists_are_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    searched = Searched(monkeypatch)
    file = tmp_path / "own.toml"
    own = 'name = "own"\nkind = "block"\ncategory = "fraud"\n'
    file.write_text(f'{own}terms = ["zorbulon"]\n')
    engine = fake_engine(cache_entries=1_000, lists=tmp_path)
    earlier, newest = growing(["some fl0rb1x for sale", "hello"])

    async def scenario() -> None:
        assert not (await engine.moderate(earlier)).findings
        assert not (await engine.moderate(earlier)).findings
        assert len(searched.texts) == 1
        file.write_text(f'{own}terms = ["florbix"]\n')
        assert engine.lists.reload_if_changed().changed
        (finding,) = (await engine.moderate(newest)).findings
        assert (finding.part, finding.classifier) == ("conversation[0].input[0]", "list:own")
        assert searched.texts.count("some fl0rb1x for sale") == 2
        await engine.close()

    asyncio.run(scenario())


class SlowWords:
    """Makes the words of lists as `Lexicon` does, those with `slow` among them when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
        self._slow = slow
        self.made: list[set[str]] = []
        self.begun, self.may_end = threading.Event(), threading.Event()
        monkeypatch.setattr(forms, "Lexicon", self._lexicon)

    def _lexicon(self, words: Mapping[str, float]) -> Lexicon:
        self.made.append(set(words))
        if self._slow in words:
            self.begun.set()
            assert self.may_end.wait(30)
        return Lexicon(words)


def reloading(lists: Path) -> Engine:
    return Engine(
        profile=fake_profile(),
        policies=policies_of(Settings()),
        default_policy="default",
        runner=LocalRunner(fake_models()),
        decoder=StandInDecoder(),
        limits=Limits(),
        lists=ListStore([lists]),
        options=Options(cache_entries=100, lists_reload_s=0.01),
    )


def test_no_request_waits_for_the_words_of_the_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = 'kind = "block"\ncategory = "fraud"\n'
    (tmp_path / "all.toml").write_text(f'name = "all"\n{own}terms = ["florbix"]\n')
    (tmp_path / "acme.toml").write_text(f'name = "acme"\n{own}tenant = "acme"\nterms = ["zorbulon"]\n')
    words = SlowWords(monkeypatch, "quumble")
    engine = reloading(tmp_path)
    asked = [Content((Part.from_text("fl0rb1x or quumb1e"),), tenant=tenant) for tenant in (None, "acme", "b")]

    async def quotes() -> list[set[str | None]]:
        async with asyncio.timeout(10):
            results = await engine.moderate_many(asked)
        assert all(isinstance(result, ModerationResult) for result in results)
        return [{one.evidence.quote for one in result.findings} for result in results]  # type: ignore[union-attr]

    async def until(reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not reached():  # noqa: ASYNC110 - threads set it
                await asyncio.sleep(0.01)

    async def scenario() -> None:
        await engine.start()
        old = engine.lists.lists
        assert sorted(map(len, words.made)) == [1, 2]  # for everybody, and for the tenant
        (tmp_path / "all.toml").write_text(f'name = "all"\n{own}terms = ["quumble"]\n')
        await until(words.begun.is_set)
        for _ in range(3):
            assert await quotes() == [{"florbix"}] * 3  # while the new words are made
        assert engine.lists.lists is old
        words.may_end.set()
        await until(lambda: engine.lists.lists is not old)
        made = len(words.made)
        assert await quotes() == [{"quumble"}] * 3
        assert len(words.made) == made == 4

    async def whole() -> None:
        try:
            await scenario()
        finally:
            words.may_end.set()
            await engine.close()

    asyncio.run(whole())


def test_a_search_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = Searched(monkeypatch, fails="hello")
    engine = fake_engine(cache_entries=1_000)
    content = Content((Part.from_text("hello"),))

    async def scenario() -> list[ModerationResult]:
        first = await engine.moderate(content)
        searched.fails = None
        second, third = await engine.moderate(content), await engine.moderate(content)
        await engine.close()
        return [first, second, third]

    results = asyncio.run(scenario())
    assert [[gap.reason for gap in result.unjudged] for result in results] == [["stage_failed"], [], []]
    assert len(searched.texts) == 2


def test_a_text_past_the_window_is_judged_once_and_its_gap_is_told_every_time() -> None:
    models = fake_models()
    counting = Counting(models[0])
    results = judge(fake_engine(models, cache_entries=20_000), growing([LONG, "a question", "another", "and one more"]))
    assert counting.asked.count(LONG) == 1
    for result in results:
        ((gap,),) = [[one for one in result.unjudged if one.reason == "text_past_window"]]
        assert gap.span == (16_000, len(LONG))


@pytest.mark.parametrize(("reason", "asked"), [("unreadable_text", 1), ("deadline_exceeded", 3), ("model_failed", 3)])
def test_a_gap_is_kept_where_trying_again_changes_nothing(reason: str, asked: int) -> None:
    class Partly(FakeTextClassifier):
        def _answer(self, item: str) -> Classification:
            return Classification((), (Gap(reason, (0, 2)),)) if item == "hello" else super()._answer(item)

    models = [Partly(), *fake_models()[1:]]
    counting = Counting(models[0])
    results = judge(fake_engine(models, cache_entries=20_000), [Content((Part.from_text("hello"),))] * 3)
    assert counting.asked.count("hello") == asked
    assert [[gap.reason for gap in result.unjudged] for result in results] == [[reason]] * 3


def test_a_failed_stage_is_asked_again() -> None:
    models = fake_models(text=Behaviour.FAIL)
    counting = Counting(models[0])
    judge(fake_engine(models, cache_entries=20_000), [Content((Part.from_text("hello"),))] * 3)
    assert counting.asked.count("hello") == 3


def test_what_is_kept_of_forms_is_bounded_in_characters() -> None:
    kept = Kept.of(100)
    disguised = views_of("h e l l o   w o r l d   a n d   a l l")
    assert disguised.views
    for index in range(2_000):
        kept.forms.put(None, digest_of(f"{index}"), Forms(disguised.views), weight=60)
    assert kept.forms.weight <= 20_000
    assert len(kept.forms) == 20_000 // 60


def test_an_engine_that_keeps_nothing_keeps_no_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = Searched(monkeypatch)
    judge(fake_engine(cache_entries=0), [Content((Part.from_text("hello"),))] * 2)
    assert searched.texts == ["hello"] * 2


def test_a_long_newest_turn_accuses_no_turn_before_it() -> None:
    """A classifier that sees in the tail of a text what it did not see in the whole finds no split payload."""

    class Tail(FakeTextClassifier):
        def _answer(self, item: str) -> Classification:
            return super()._answer(f"{item} ⟦hate=0.8⟧" if "needle" in item and len(item) <= 2_000 else item)

    models = [Tail(), *fake_models()[1:]]
    newest = "word " * 500 + "needle"
    (result,) = judge(fake_engine(models), growing(["innocent one", "innocent two", newest])[-1:])
    assert result.triggers == ()
