"""Engines on the fake models, whole or broken on purpose."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from moderation.config import Settings
from moderation.errors import StageError
from moderation.fetch.fetcher import Fetcher
from moderation.known.store import BankStore
from moderation.limits import Limits
from moderation.lists.store import ListStore
from moderation.media.decoded import Decoded
from moderation.media.reading import read
from moderation.models.base import Model
from moderation.models.fake import Behaviour, FakeImageClassifier, FakeOcr, FakeSpeech, FakeTextClassifier
from moderation.pipelines.assemble import policies_of, profile_of, registry_of
from moderation.pipelines.engine import Engine, Options
from moderation.pipelines.profile import Profile
from moderation.pipelines.runner import LocalRunner
from moderation.schema import Modality

FAKES: dict[str, Any] = {
    "fake-text.v1": FakeTextClassifier,
    "fake-image.v1": FakeImageClassifier,
    "fake-ocr.v1": FakeOcr,
    "fake-speech.v1": FakeSpeech,
}
BLUE = (0, 0, 255)  # FakeOcr reads a hateful text in it
GREY = (128, 128, 128)  # nothing to read


class StandInDecoder:
    """Decodes in this process, so that a test of the engine starts no workers; fails where it is told to."""

    def __init__(self, failure: StageError | None = None) -> None:
        self.failure = failure
        self.decoded = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def decode(self, modality: Modality, data: bytes, *, deadline_s: float) -> Decoded:
        self.decoded += 1
        if self.failure is not None:
            raise self.failure
        return read(modality, data, Limits())


class Counting:
    """Wraps a model and notes every item it was asked for."""

    def __init__(self, model: Model[Any, Any]) -> None:
        self.asked: list[Any] = []
        run = model.run

        def counted(items: Sequence[Any]) -> list[Any]:
            self.asked.extend(items)
            return run(items)

        model.run = counted  # type: ignore[method-assign]


def fake_profile(*, deadline_s: float = 5.0) -> Profile:
    settings = Settings(profile="fake")
    profile = profile_of(settings, registry_of(settings))
    return Profile(
        name="fake",
        decode_deadline_s=deadline_s,
        classifiers=_with_deadline(profile.classifiers, deadline_s),
        extractors=_with_deadline(profile.extractors, deadline_s),
    )


def _with_deadline(stages: dict[Modality, Any], deadline_s: float) -> dict[Modality, Any]:
    return {key: tuple(replace(stage, deadline_s=deadline_s) for stage in group) for key, group in stages.items()}


def fake_models(**behaviours: Behaviour) -> list[Model[Any, Any]]:
    """The four fakes; `text=Behaviour.FAIL` and so on breaks one."""
    names = {"text": "fake-text.v1", "image": "fake-image.v1", "ocr": "fake-ocr.v1", "speech": "fake-speech.v1"}
    broken = {names[name]: behaviour for name, behaviour in behaviours.items()}
    return [make(behaviour=broken.get(key, Behaviour.ANSWER)) for key, make in FAKES.items()]


def fake_engine(
    models: Sequence[Model[Any, Any]] | None = None,
    *,
    decoder: StandInDecoder | None = None,
    deadline_s: float = 5.0,
    limits: Limits | None = None,
    max_queue_size: int = 4096,
    stall_s: float = 60.0,
    lists: Path | None = None,
    banks: Path | None = None,
    cache_entries: int = 0,
    banks_reload_s: float = 0.0,
    report: Callable[[str], None] | None = None,
    profile: Profile | None = None,
    fetcher: Fetcher | None = None,
) -> Engine:
    return Engine(
        profile=profile or fake_profile(deadline_s=deadline_s),
        policies=policies_of(Settings()),
        default_policy="default",
        runner=LocalRunner(models or fake_models(), max_queue_size=max_queue_size, stall_s=stall_s),
        decoder=decoder or StandInDecoder(),
        limits=limits or Limits(),
        lists=ListStore([] if lists is None else [lists]),
        options=Options(cache_entries=cache_entries, banks_reload_s=banks_reload_s, report=report),
        banks=BankStore([] if banks is None else [banks]),
        fetcher=fetcher,
    )


def png(colour: tuple[int, int, int] = GREY, side: int = 32) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(buffer, "PNG")
    return buffer.getvalue()


def wav(level: float = 0.0, seconds: float = 0.5) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.full(int(16_000 * seconds), int(level * 32767), np.int16).tobytes())
    return buffer.getvalue()
