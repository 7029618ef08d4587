from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.contracts import ClassifierContract

from moderation.errors import ModelError
from moderation.models.base import Classification, Scored
from moderation.models.personal import CATEGORY, MOST_FOUND, PersonalInformation, build
from moderation.models.registry import Registry
from moderation.models.spec import load_spec
from moderation.models.store import ModelStore
from moderation.rooms import room

SPEC = load_spec(room("models") / "personal" / "model.toml")


@pytest.fixture
def model() -> PersonalInformation:
    return build(SPEC, {}, threads=1)


class TestPersonal(ClassifierContract):
    @pytest.fixture
    def model(self) -> Any:
        return build(SPEC, {}, threads=1)

    @pytest.fixture
    def items(self) -> Sequence[Any]:
        return ["plain", "电话：13812345678，邮箱 li@qq.com", "", "x1 " * 5_000, "\x00\ud800 1" * 40, "IP 99.88.77.66"]


def test_every_find_has_its_kind_score_and_span(model: PersonalInformation) -> None:
    (result,) = model.run(["电话：１３８ 1234 5678，邮箱 li@qq.com"])
    assert [(scored.kind, scored.span) for scored in result.scored] == [("cn_mobile", (3, 16)), ("email", (20, 29))]
    assert [scored.scores[CATEGORY] for scored in result.scored] == [0.85, 0.75]


def test_a_text_without_any_is_judged_clean(model: PersonalInformation) -> None:
    assert model.run(["今天天气很好"]) == [Classification((Scored({CATEGORY: 0.0}),))]


def test_the_registry_builds_it_without_files(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model = Registry([room("models")], entry_points=False).load("personal.v1", store=store, threads=1)
    assert model.revision == SPEC.revision
    assert store.verify(SPEC) == ()
    assert not list(tmp_path.iterdir())


def test_another_version_is_another_revision() -> None:
    assert replace(SPEC, version=SPEC.version + 1).revision != SPEC.revision


def test_other_categories_are_refused() -> None:
    with pytest.raises(ModelError, match=r"personal\.v1: categories"):
        build(replace(SPEC, categories=("hate",)), {}, threads=1)


def test_a_long_text_costs_more(model: PersonalInformation) -> None:
    assert model.cost("x" * 200_000) > 100 * model.cost("x")
    assert model.cost("x" * 200_000) <= model.max_batch_cost


def test_more_finds_than_are_told_are_a_gap(model: PersonalInformation) -> None:
    (result,) = model.run(["a@example.org " * (MOST_FOUND + 5)])
    assert len(result.scored) == MOST_FOUND
    assert [gap.reason for gap in result.gaps] == ["finds_past_limit"]
    spans = [scored.span or (0, 0) for scored in result.scored]
    assert spans == sorted(spans)
