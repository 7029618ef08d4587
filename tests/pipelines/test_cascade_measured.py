"""What `cascade-band` promises of a band against what an engine with that band then decides."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.engines import fake_engine, fake_models, fake_profile

from moderation.config import Settings
from moderation.datasets.judging import from_outcome
from moderation.datasets.pairs import pair
from moderation.datasets.scores import Run, RunHead, ScoredRow, ScoredSet, SetHead, Verdict
from moderation.models.base import Classification, Classifier, Scored
from moderation.models.cascade import choose_band
from moderation.pipelines.assemble import policies_of
from moderation.pipelines.profile import Stage
from moderation.schema import Content, Decision, Modality, ModerationResult, Part, Role

FIRST = ("hate", "hate/threatening", "illicit", "illicit/drugs", "discrimination/gender", "spam")
# Covers parents as the shipped guards do, one child beside its parent, one child alone, and what the first does not.
GUARD = ("hate", "illicit", "illicit/drugs", "discrimination/gender", "misinformation")
PLAIN = fake_profile(deadline_s=60)
SPEC = PLAIN.classifiers[Modality.TEXT][0].spec
Table = Mapping[str, Mapping[str, float]]


class Toy(Classifier[str]):
    """Says of each text what stands in a table."""

    modality = Modality.TEXT

    def __init__(self, stage: Stage, table: Table) -> None:
        self.key, self.revision, self.categories = stage.key, stage.revision, frozenset(stage.spec.categories)
        self._table = table
        self.asked: list[str] = []

    def preprocess(self, items: Sequence[str]) -> Any:
        return items

    def infer(self, prepared: Any) -> Any:
        return prepared

    def postprocess(self, raw: Any, items: Sequence[str]) -> list[Classification]:
        self.asked += items
        return [Classification((Scored(self._table[item], (0, len(item))),)) for item in items]

    def warm_up_items(self) -> Sequence[str]:
        return list(self._table)[:1]


def stage_of(key: str, categories: tuple[str, ...]) -> Stage:
    return Stage(replace(SPEC, key=key, categories=categories), 60.0)


def served(texts: Sequence[str], *stages: tuple[Stage, Table]) -> tuple[list[ModerationResult], list[Toy]]:
    toys = [Toy(*stage) for stage in stages]
    text_stages = tuple(stage for stage, _ in stages)
    profile = replace(PLAIN, classifiers={**PLAIN.classifiers, Modality.TEXT: text_stages})

    async def scenario() -> list[ModerationResult]:
        engine = fake_engine([*fake_models(), *toys], profile=profile)
        try:
            return [await engine.moderate(Content((Part.from_text(text),))) for text in texts]
        finally:
            await engine.close()

    return asyncio.run(scenario()), toys


def run_of(results: Sequence[ModerationResult], truths: Sequence[bool]) -> Run:
    """As `evaluate` keeps it."""
    table = policies_of(Settings())["default"].tables[Role.USER]
    thresholds = {key: bound.floor for key, bound in table.items() if bound.floor <= 1}
    head = SetHead("s", "1", "", "", "", "both", "user", thresholds, ("hate",), ("a",), 0, 0, {}, {}, {}, 0)
    rows = [
        ScoredRow(0, number, "en", truth, {}, (), (Verdict(from_outcome(result).scores, result.decision, (), 1.0),))
        for number, (result, truth) in enumerate(zip(results, truths, strict=True))
    ]
    return Run(RunHead(("a",), "p 1"), [ScoredSet(head, rows, ((1.0,),))])


def f1_of(results: Sequence[ModerationResult], truths: Sequence[bool]) -> float:
    flagged = [result.decision is not Decision.ALLOW for result in results]
    return 2 * sum(map(min, flagged, truths)) / (sum(flagged) + sum(truths))


@pytest.mark.parametrize("seed", range(4))
def test_the_f1_of_a_band_is_that_of_the_service_that_runs_with_it(seed: int) -> None:
    drawn = random.Random(seed)
    texts = [f"we met at house {number}" for number in range(60)]
    truths = [drawn.random() < 0.4 for _ in texts]

    def said(categories: tuple[str, ...], skill: float) -> Table:
        def score(*, truth: bool) -> float:
            mean = 0.2 + skill * truth
            return min(max(drawn.gauss(mean, 0.25), 0.0), 1.0)

        return {
            text: {key: score(truth=truth) if drawn.random() < 0.4 else 0.01 for key in categories}
            for text, truth in zip(texts, truths, strict=True)
        }

    first, guard = stage_of("first.v1", FIRST), stage_of("guard.v1", GUARD)
    tables = said(FIRST, 0.2), said(GUARD, 0.8)
    alone, _ = served(texts, (first, tables[0]))
    by_guard, _ = served(texts, (guard, tables[1]))
    pairs = pair(run_of(alone, truths), run_of(by_guard, truths))
    assert pairs.left_out == 0
    for budget in (0.2, 0.6, 1.0):
        chosen = choose_band(pairs.samples, budget=budget)
        assert chosen.band is not None
        assert chosen.f1_first == pytest.approx(f1_of(alone, truths))
        assert chosen.f1 > chosen.f1_first
        assert chosen.f1_guard == pytest.approx(f1_of(by_guard, truths))
        stage = replace(guard, after=first.key, band=chosen.band)
        results, (_, toy) = served(texts, (first, tables[0]), (stage, tables[1]))
        assert len(set(toy.asked)) == pytest.approx(chosen.share * len(texts))
        assert f1_of(results, truths) == pytest.approx(chosen.f1)
