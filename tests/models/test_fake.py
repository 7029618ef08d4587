from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.contracts import ClassifierContract, ExtractorContract

from moderation.errors import ModelError
from moderation.media.decoded import Image, Waveform
from moderation.models.base import Gap
from moderation.models.fake import (
    POISON,
    SPECS,
    Behaviour,
    FakeImageClassifier,
    FakeOcr,
    FakeSpeech,
    FakeTextClassifier,
)
from moderation.models.registry import Registry
from moderation.models.store import ModelStore

BLUE, RED = (0, 0, 255), (255, 0, 0)


def plain(colour: tuple[int, int, int]) -> Image:
    return Image(np.full((8, 8, 3), colour, np.uint8), 80, 40)


def square_wave(level: float) -> Waveform:
    samples = np.full(16_000, level, np.float32)
    samples[::2] *= -1
    return Waveform(samples)


class TestFakeText(ClassifierContract):
    @pytest.fixture
    def model(self) -> Any:
        return FakeTextClassifier()

    @pytest.fixture
    def items(self) -> Sequence[Any]:
        return ["plain", "⟦hate=0.99⟧ said", "", "x" * 20_000]


class TestFakeImage(ClassifierContract):
    @pytest.fixture
    def model(self) -> Any:
        return FakeImageClassifier()

    @pytest.fixture
    def items(self) -> Sequence[Any]:
        return [plain(RED), plain(BLUE)]


class TestFakeOcr(ExtractorContract):
    @pytest.fixture
    def model(self) -> Any:
        return FakeOcr()

    @pytest.fixture
    def items(self) -> Sequence[Any]:
        return [plain(RED), plain(BLUE)]


class TestFakeSpeech(ExtractorContract):
    @pytest.fixture
    def model(self) -> Any:
        return FakeSpeech()

    @pytest.fixture
    def items(self) -> Sequence[Any]:
        return [square_wave(0.5), square_wave(0.0), Waveform(np.empty(0, np.float32))]


def test_marks_score_in_the_window_they_begin_in() -> None:
    (result,) = FakeTextClassifier().run(["x" * 995 + "⟦hate=0.99⟧" + "⟦fraud=0.5⟧" + "y" * 989])
    assert [scored.span for scored in result.scored] == [(0, 1_000), (1_000, 2_000), (2_000, 2_006)]
    assert result.scored[0].scores["hate"] == 0.99
    assert result.scored[1].scores["hate"] < 0.05
    assert result.scored[1].scores["fraud"] == 0.5


def test_what_lies_past_the_windows_is_a_gap() -> None:
    (result,) = FakeTextClassifier().run(["x" * 16_001])
    assert result.gaps == (Gap("text_past_window", (16_000, 16_001)),)
    assert len(result.scored) == 16


def test_colours_and_levels_score_and_read() -> None:
    (image,) = FakeImageClassifier().run([plain(RED)])
    assert image.scored[0].scores["sexual"] == 0.97
    (reading,) = FakeOcr().run([plain(BLUE)])
    assert reading.passages[0].box == (0, 0, 80, 40)
    (heard,) = FakeSpeech().run([square_wave(0.5)])
    assert heard.passages[0].time_s == (0.0, 1.0)


def test_failing_dying_and_poison() -> None:
    with pytest.raises(ModelError, match="told to fail"):
        FakeTextClassifier(behaviour=Behaviour.FAIL).run(["a"])
    with pytest.raises(SystemExit):
        FakeTextClassifier(behaviour=Behaviour.DIE).run(["a"])
    poisoned = FakeTextClassifier(behaviour=Behaviour.POISON)
    assert len(poisoned.run(["a", "b"])) == 2
    with pytest.raises(ModelError, match="poison"):
        poisoned.run(["a", POISON])
    black = np.zeros((4, 4, 3), np.uint8)
    black[0, 0] = (1, 2, 3)
    with pytest.raises(ModelError, match="poison"):
        FakeOcr(behaviour=Behaviour.POISON).run([Image(black, 4, 4)])
    with pytest.raises(ModelError, match="poison"):
        FakeSpeech(behaviour=Behaviour.POISON).run([Waveform(np.array([-1.0], np.float32))])


def test_hanging_ends_when_closed() -> None:
    model = FakeTextClassifier(behaviour=Behaviour.HANG)
    raised = threading.Event()

    def run() -> None:
        with pytest.raises(ModelError, match="hung"):
            model.run(["a"])
        raised.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert not raised.wait(0.1)
    model.close()
    assert raised.wait(5)
    thread.join()


@pytest.mark.parametrize("key", sorted(SPECS))
def test_the_registry_builds_every_fake(key: str, tmp_path: Path) -> None:
    model = Registry([], entry_points=False).load(key, store=ModelStore(tmp_path), threads=1)
    assert model.key == key
    assert len(model.run(model.warm_up_items())) == len(model.warm_up_items())
