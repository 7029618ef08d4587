"""A guard after a first stage: who is asked, and whose word counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from support.engines import Counting, fake_engine, fake_models, fake_profile

from moderation.config import Settings
from moderation.errors import ModelError, SettingsError
from moderation.lists import load_lists
from moderation.models.base import Classification, Gap, Scored
from moderation.models.cascade import Band
from moderation.pipelines.assemble import registry_of
from moderation.pipelines.call import Call, Kept, Places
from moderation.pipelines.cascading import Entry, added, highest, wanted
from moderation.pipelines.profile import Stage, load_profile
from moderation.schema import Content, Finding, Modality, Part

FIRST = fake_profile().classifiers[Modality.TEXT][0]
GUARD_SPEC = replace(FIRST.spec, key="guard.v1", categories=("hate", "violence"))
GUARD = Stage(GUARD_SPEC, 1.0, after=FIRST.key, band=Band(0.2, 0.8))


def said(*windows: dict[str, float]) -> Classification:
    return Classification(tuple(Scored(scores) for scores in windows))


def entry(*windows: dict[str, float]) -> Entry:
    return [(FIRST, said(*windows))]


def test_the_guard_is_asked_where_the_first_stage_is_unsure() -> None:
    entries: list[Entry] = [
        entry({"hate": 0.1, "fraud": 0.5}),  # unsure only of what the guard cannot speak to
        entry({"hate": 0.2, "fraud": 0.9}),
        entry({"hate": 0.1}, {"hate": 0.8}),
        entry({"hate": 0.9}),
        [(FIRST, ModelError("down"))],
    ]
    assert wanted(GUARD, entries) == [1, 2, 4]
    nothing: list[Entry] = [[], []]
    assert wanted(FIRST, nothing) == [0, 1]


def test_the_guards_word_replaces_the_first_stages() -> None:
    whole = added(entry({"hate": 0.7, "fraud": 0.6}), GUARD, said({"hate": 0.1, "violence": 0.95}))
    assert [stage.key for stage, _ in whole] == [FIRST.key, "guard.v1"]
    first, guard = (verdict for _, verdict in whole)
    assert isinstance(first, Classification)
    assert highest(first) == {"hate": 0.1, "fraud": 0.6}
    assert guard == said({"hate": 0.1, "violence": 0.95})


def test_a_guard_that_covers_a_parent_is_asked_about_its_children_and_clears_them() -> None:
    whole = entry({"hate": 0.1, "hate/threatening": 0.6, "illicit/drugs": 0.6})
    assert wanted(GUARD, [whole, entry({"hate": 0.6, "hate/threatening": 0.95})]) == [0]
    (_, first), _ = added(whole, GUARD, said({"hate": 0.02, "violence": 0.0}))
    assert first == said({"hate": 0.02, "hate/threatening": 0.02, "illicit/drugs": 0.6})


def test_a_guard_that_covers_a_child_alone_does_not_speak_for_the_parent() -> None:
    guard = replace(GUARD, spec=replace(GUARD_SPEC, categories=("hate/threatening",)))
    assert wanted(guard, [entry({"hate": 0.6, "hate/threatening": 0.1})]) == []
    (_, first), _ = added(entry({"hate": 0.6, "hate/threatening": 0.7}), guard, said({"hate/threatening": 0.02}))
    assert first == said({"hate": 0.6, "hate/threatening": 0.02})


def test_where_the_guard_fails_the_first_scores_stand() -> None:
    (_, first), (_, guard) = added(entry({"hate": 0.7}), GUARD, ModelError("down"))
    assert first == said({"hate": 0.7})
    assert isinstance(guard, ModelError)


@pytest.mark.parametrize(
    ("gaps", "scores"),
    [
        ((), (0.01, 0.01, 0.01)),
        ([Gap("text_past_window", (600, 1_000))], (0.01, 0.75, 0.8)),
        ([Gap("text_past_window", (500, 1_000))], (0.01, 0.75, 0.8)),
        ([Gap("text_past_window", (700, 1_000))], (0.01, 0.01, 0.8)),
        ([Gap("unreadable_text", (0, 1)), Gap("text_past_window", (900, 1_000))], (0.6, 0.01, 0.8)),
        ([Gap("deadline_exceeded")], (0.6, 0.75, 0.8)),
    ],
)
def test_what_the_guard_did_not_read_it_does_not_clear(gaps: Sequence[Gap], scores: tuple[float, ...]) -> None:
    spans = ((0, 500), (500, 700), None)
    first = tuple(Scored({"hate": score}, span) for score, span in zip((0.6, 0.75, 0.8), spans, strict=True))
    guard = Classification((Scored({"hate": 0.01}, (0, 600)),), tuple(gaps))
    (_, whole), _ = added([(FIRST, Classification(first))], GUARD, guard)
    assert isinstance(whole, Classification)
    assert tuple(one.scores["hate"] for one in whole.scored) == scores
    assert [one.span for one in whole.scored] == list(spans)


class _Saying:
    """A runner of which each model says one thing of every text."""

    def __init__(self, scores: dict[str, float]) -> None:
        self._scores = scores

    async def submit(self, model: str, items: Sequence[str], **_: object) -> list[Classification]:
        return [said({"hate": self._scores[model]})] * len(items)


@pytest.mark.parametrize("order", [("g1.v1", "g2.v1"), ("g2.v1", "g1.v1")])
def test_the_order_of_two_guards_behind_one_model_changes_nothing(order: Sequence[str]) -> None:
    stages = (FIRST, *(replace(GUARD, spec=replace(GUARD_SPEC, key=key)) for key in order))
    profile = replace(fake_profile(), classifiers={Modality.TEXT: stages})
    runner = _Saying({FIRST.key: 0.5, "g1.v1": 0.05, "g2.v1": 0.95})
    call = Call(profile, cast("Any", runner), cast("Any", None), Places(1, 1), Kept.of(0), load_lists([]))
    asyncio.run(call.judge(["a text"], []))
    told = {
        stage.key: highest(verdict) for stage, verdict in call.verdicts("a text") if not isinstance(verdict, Exception)
    }
    assert told == {FIRST.key: {"hate": 0.05}, "g1.v1": {"hate": 0.05}, "g2.v1": {"hate": 0.95}}


STAGES = """decode_deadline_s = 1
[[stage]]
model = "fake-text.v1"
deadline_s = 1
"""


def test_a_profile_says_after_whom_and_in_which_band(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    guard = '[[stage]]\nmodel = "attack-forms.v1"\ndeadline_s = 1\nafter = "fake-text.v1"\nband = [0.2, 0.8]\n'
    find = registry_of(Settings()).spec
    file.write_text(STAGES + guard)
    stage = load_profile(file, find).classifiers[Modality.TEXT][1]
    assert (stage.after, stage.band) == ("fake-text.v1", Band(0.2, 0.8))
    for wrong in (
        guard.replace("[0.2, 0.8]", "[0.8, 0.2]"),
        guard.replace("[0.2, 0.8]", "[0.2]"),
        guard.replace("[0.2, 0.8]", '"wide"'),
        guard.replace("[0.2, 0.8]", '"01"'),
        guard.replace("[0.2, 0.8]", "0.5"),
        guard.replace("[0.2, 0.8]", "[false, true]"),
        guard.replace("[0.2, 0.8]", f"[0, {2**62}]"),
        guard.replace("[0.2, 0.8]", "[0.2, 0.4, 0.8]"),
        guard.replace("deadline_s = 1", "deadline_s = nan"),
        guard.replace("deadline_s = 1", "deadline_s = inf"),
        guard.replace('"attack-forms.v1"', "1"),
        guard.replace('"attack-forms.v1"', '["attack-forms.v1"]'),
        guard.replace("fake-text.v1", "fake-image.v1"),
        guard.replace("band = [0.2, 0.8]\n", ""),
        guard.replace("attack-forms.v1", "fake-ocr.v1"),
    ):
        file.write_text(STAGES + wrong)
        with pytest.raises(SettingsError, match=r"own\.toml:5:"):
            load_profile(file, find)
    file.write_text(STAGES + guard.replace("deadline_s = 1", f"deadline_s = 1{'0' * 400}"))
    with pytest.raises(SettingsError, match=r"own\.toml:7: an integer does not fit into 64 bits"):
        load_profile(file, find)


def test_a_guard_behind_a_guard_does_not_load(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    stage = '[[stage]]\nmodel = "{}"\ndeadline_s = 1\nafter = "{}"\nband = [0.2, 0.8]\n'
    find = registry_of(Settings()).spec
    first = STAGES + stage.format("attack-forms.v1", "fake-text.v1")
    file.write_text(first + stage.format("qwen-guard.v1", "fake-text.v1"))
    load_profile(file, find)
    file.write_text(first + stage.format("llama-guard.v1", "attack-forms.v1"))
    with pytest.raises(
        SettingsError, match=r"own\.toml:10: llama-guard\.v1 comes `after` attack-forms\.v1, itself `after`"
    ):
        load_profile(file, find)
    strange = STAGES.replace("fake-text.v1", "personal.v1") + stage.format("attack-forms.v1", "personal.v1")
    file.write_text(strange)
    with pytest.raises(SettingsError, match=r"own\.toml:5: attack-forms\.v1 speaks for no category of personal\.v1"):
        load_profile(file, find)
    file.write_text(STAGES + stage.format("fake-text.v1", "fake-text.v1"))
    with pytest.raises(SettingsError, match=r"own\.toml:5: fake-text\.v1 is a stage already"):
        load_profile(file, find)
    for stages in ("5", '"fake-text.v1"', "[1]"):
        file.write_text(f"stage = {stages}\ndecode_deadline_s = 1\n")
        with pytest.raises(SettingsError, match=r"own\.toml:1: "):
            load_profile(file, find)
    file.write_text(STAGES.replace("decode_deadline_s = 1", "decode_deadline_s = nan"))
    with pytest.raises(SettingsError, match=r"own\.toml:1: `decode_deadline_s`"):
        load_profile(file, find)


@pytest.mark.torch
def test_a_guard_in_a_cascade_is_asked_through_the_engine_and_its_word_stands(tmp_path: Path) -> None:
    """A real guard with small random weights: what counts is who is asked, and that its scores reach the findings."""
    from support.tiny_guards import make_guard, spec_of

    texts = ["⟦hate=0.99⟧ sure", "⟦hate=0.55⟧ unsure", "plain", "⟦fraud=0.5⟧ not its own"]
    guards = (make_guard(tmp_path / "guard", "qwen3", seed=seed)[0] for seed in range(40))
    guard = next(one for one in guards if max(highest(one.run([texts[1]])[0]).values()) > 0.6)
    whole = fake_profile(deadline_s=60)
    stage = Stage(spec_of("qwen3"), 60.0, after=FIRST.key, band=Band(0.2, 0.8))
    text = (*whole.classifiers[Modality.TEXT], stage)
    profile = replace(whole, classifiers={**whole.classifiers, Modality.TEXT: text})
    counting = Counting(guard)

    async def scenario() -> list[tuple[Finding, ...]]:
        engine = fake_engine([*fake_models(), guard], profile=profile)
        try:
            return [(await engine.moderate(Content((Part.from_text(text),)))).findings for text in texts]
        finally:
            await engine.close()

    sure, unsure, _, not_its_own = asyncio.run(scenario())
    assert [str(item) for item in counting.asked] == [texts[1]]
    assert {finding.classifier for finding in (*sure, *not_its_own)} == {FIRST.key}
    scores = highest(guard.run(counting.asked[:1])[0])
    mine = {finding.category: finding.score for finding in unsure if finding.classifier == stage.key}
    assert mine
    assert mine == pytest.approx({category: scores[category] for category in mine})
    assert all(f.score <= scores["hate"] for f in unsure if (f.classifier, f.category) == (FIRST.key, "hate"))
