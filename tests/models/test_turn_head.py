"""What `text-risk.v1` says of a text as a turn of a conversation."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from moderation.errors import ModelError, WeightsError
from moderation.models.base import Classification, Step
from moderation.models.fake import FakeTextClassifier
from moderation.models.registry import Registry
from moderation.models.store import ModelStore
from moderation.models.turn_head import TurnHead, load_turn_head
from moderation.rooms import room

HEAD = TurnHead(np.array([1, 0, 2], np.float32), np.array([0, 1, -1], np.float32), np.array([0.5, -0.25], np.float32))


def test_a_text_says_the_mean_of_its_windows() -> None:
    windows = np.array([[1, 2, 3], [3, 0, 1], [0, 0, 0]], np.float32)
    assert HEAD.steps(windows, [2, 1]) == [Step(6.5, -1.25), Step(0.5, -0.25)]


def test_a_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "turns.safetensors"
    HEAD.save(path)
    read = load_turn_head(path, dimensions=3)
    assert all((getattr(read, name) == getattr(HEAD, name)).all() for name in ("newest", "each", "bias"))


@pytest.mark.parametrize("fault", ["dimensions", "missing", "no safetensors", "bias"])
def test_what_is_no_such_head_is_refused(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "turns.safetensors"
    HEAD.save(path)
    if fault == "missing":
        save_file({"newest": HEAD.newest}, path)
    elif fault == "no safetensors":
        path.write_bytes(b"nothing")
    elif fault == "bias":
        replace(HEAD, bias=np.zeros(1, np.float32)).save(path)
    with pytest.raises(WeightsError, match=r"for turns|do not fit"):
        load_turn_head(path, dimensions=4 if fault == "dimensions" else 3)


@pytest.mark.parametrize("step", [Step(math.nan, 0.0), Step(0.0, math.inf)])
def test_a_step_that_is_no_number_is_an_error_of_the_model(step: Step) -> None:
    model = FakeTextClassifier()
    with pytest.raises(ModelError, match="step"):
        model.check([Classification((), step=step)])


@pytest.mark.models
def test_the_shipped_model_says_it_of_every_text_alike_in_any_batch(tmp_path: Path) -> None:
    model = Registry([room("models")], entry_points=False).load("text-risk.v1", store=ModelStore(tmp_path), threads=1)
    texts = ["How do I bake bread?", "", "他每天几点回家？", "A longer text about gardens. " * 80]
    together = [one.step for one in model.run(texts)]
    for text, step in zip(texts, together, strict=True):
        (alone,) = model.run([text])
        assert step is not None
        assert alone.step is not None
        assert (alone.step.newest, alone.step.each) == pytest.approx((step.newest, step.each), abs=1e-3)


def test_what_ships_says_how_often_it_is_wrong() -> None:
    folder = room("models") / "text-risk"
    numbers = json.loads((folder / "turns.json").read_text())
    assert numbers["harmless, written"]["over_half"] <= 0.051
    assert numbers["harmless, thrown together"]["over_half"] <= 0.005
    assert numbers["crescendo"]["over_half"] >= 0.4
    assert numbers["crescendo"]["conversations"] >= 100
    card = (folder / "README.md").read_text(encoding="utf-8")
    for kind in ("crescendo", "harmless, written", "harmless, thrown together"):
        row = f"| {kind} | {numbers[kind]['conversations']} | {numbers[kind]['over_half']:.1%} |"
        assert row in card
