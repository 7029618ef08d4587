"""Every stage, killed, hung and failing: REVIEW with `unjudged`, never ALLOW, and the other stages go on."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from time import perf_counter

import pytest
from support.engines import BLUE, StandInDecoder, fake_engine, fake_models, fake_profile, png, wav

from moderation.config import Settings
from moderation.errors import DecodeStageError, WeightsMissingError
from moderation.limits import Limits
from moderation.media.decoder import Decoder
from moderation.models.fake import Behaviour
from moderation.models.registry import Registry
from moderation.pipelines.assemble import assemble
from moderation.pipelines.engine import Engine
from moderation.schema import Content, Decision, Modality, ModerationResult, Part

CONTENTS = {
    "text": Content((Part.from_text("hello"),)),
    "image": Content((Part.from_bytes(Modality.IMAGE, png()),)),
    "ocr": Content((Part.from_bytes(Modality.IMAGE, png(BLUE)),)),
    "speech": Content((Part.from_bytes(Modality.AUDIO, wav(0.5)),)),
}
REASONS = {
    Behaviour.FAIL: "model_failed",  # raises
    Behaviour.DIE: "model_failed",  # killed: SystemExit in the model's thread
    Behaviour.HANG: "deadline_exceeded",  # hangs
}


def judge(engine: Engine, content: Content) -> ModerationResult:
    async def scenario() -> ModerationResult:
        try:
            return await engine.moderate(content)
        finally:
            await engine.close()

    return asyncio.run(scenario())


@pytest.mark.parametrize("stage", list(CONTENTS))
@pytest.mark.parametrize("behaviour", list(REASONS))
def test_a_broken_model_gives_review(stage: str, behaviour: Behaviour) -> None:
    engine = fake_engine(fake_models(**{stage: behaviour}), deadline_s=0.3)
    began = perf_counter()
    result = judge(engine, CONTENTS[stage])
    assert perf_counter() - began < 3
    assert result.decision is Decision.REVIEW
    assert [(gap.part, gap.stage, gap.reason) for gap in result.unjudged] == [
        ("input[0]", f"fake-{stage}.v1", REASONS[behaviour])
    ]


@pytest.mark.parametrize("code", ["decoder_killed", "decoder_timeout", "decoder_failed"])
@pytest.mark.parametrize("stage", ["image", "speech"])
def test_a_broken_decoder_gives_review(stage: str, code: str) -> None:
    decoder = StandInDecoder(DecodeStageError("gone", code=code))
    result = judge(fake_engine(decoder=decoder), CONTENTS[stage])
    assert result.decision is Decision.REVIEW
    assert [(gap.part, gap.stage, gap.reason) for gap in result.unjudged] == [("input[0]", "decode", code)]


def test_what_the_other_stages_find_still_counts() -> None:
    engine = fake_engine(fake_models(image=Behaviour.FAIL))
    result = judge(engine, CONTENTS["ocr"])
    assert result.decision is Decision.BLOCK
    assert result.flagged
    assert [gap.stage for gap in result.unjudged] == ["fake-image.v1"]


def test_a_poisoned_text_fails_alone() -> None:
    async def scenario() -> None:
        engine = fake_engine(fake_models(text=Behaviour.POISON))
        from moderation.models.fake import POISON

        contents = [Content((Part.from_text(words),)) for words in ("one", f"two {POISON}", "three")]
        results = await engine.moderate_many(contents)
        decisions = [result.decision for result in results if isinstance(result, ModerationResult)]
        assert decisions == [Decision.ALLOW, Decision.REVIEW, Decision.ALLOW]
        await engine.close()

    asyncio.run(scenario())


def test_after_a_hung_call_the_model_is_called_stalled_and_asked_no_more() -> None:
    async def scenario() -> None:
        engine = fake_engine(fake_models(text=Behaviour.HANG), deadline_s=0.1, stall_s=0.05)
        first = await engine.moderate(CONTENTS["text"])
        assert first.unjudged[0].reason == "deadline_exceeded"
        began = perf_counter()
        second = await engine.moderate(CONTENTS["text"])
        assert perf_counter() - began < 0.05
        assert second.unjudged[0].reason == "model_stalled"
        assert second.decision is Decision.REVIEW
        assert engine.not_ready()["fake-text.v1"] == "model_stalled"
        await engine.close()

    asyncio.run(scenario())


def test_a_model_whose_weights_are_missing_is_named_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Start-up says what to install, readiness and every answer say what is not judged."""
    load = Registry.load

    def without_ocr(self: Registry, key: str, **options: object) -> object:
        if key == "fake-ocr.v1":
            raise WeightsMissingError("fake-ocr.v1: run: pip install something")
        return load(self, key, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "load", without_ocr)
    said: list[str] = []
    engine = assemble(Settings(profile="fake"), report=said.append)
    assert said == ["fake-ocr.v1: run: pip install something"]

    async def scenario() -> ModerationResult:
        await engine.start()
        assert engine.not_ready() == {"fake-ocr.v1": "weights_missing"}
        try:
            return await engine.moderate(CONTENTS["ocr"])
        finally:
            await engine.close()

    result = asyncio.run(scenario())
    assert result.decision is Decision.REVIEW
    assert [(gap.stage, gap.reason) for gap in result.unjudged] == [("fake-ocr.v1", "weights_missing")]


def test_it_is_ready_only_after_every_model_answered() -> None:
    async def scenario() -> None:
        engine = fake_engine()
        assert set(engine.not_ready().values()) == {"warming_up"}
        await engine.start()
        assert engine.not_ready() == {}
        await engine.close()

    asyncio.run(scenario())


PATIENCE_S = 120.0


class Halted:
    """A real decoder with one worker that is stopped (SIGSTOP), so that what follows cannot be decoded."""

    def __init__(self, *, decode_deadline_s: float) -> None:
        self.decoder = Decoder(Limits(), processes=1)
        self.engine = fake_engine(decoder=self.decoder)  # type: ignore[arg-type]
        self.set_deadline(decode_deadline_s)

    def set_deadline(self, seconds: float) -> None:
        """Of decoding alone: whatever else is asked answers at once, or as late as the machine is busy."""
        self.engine.profile = replace(fake_profile(deadline_s=PATIENCE_S), decode_deadline_s=seconds)

    async def asked(self) -> None:
        """Waits until the process was asked."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.decoder._busy:  # noqa: ASYNC110 - of that nothing tells
                await asyncio.sleep(0.01)

    async def __aenter__(self) -> Halted:
        await self.engine.start()
        os.kill(self.decoder.pids[0], signal.SIGSTOP)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()


def test_a_hung_decoder_process_gives_review_and_the_next_request_works() -> None:
    async def scenario() -> None:
        async with Halted(decode_deadline_s=0.6) as halted:
            result = await halted.engine.moderate(CONTENTS["image"])
            assert result.decision is Decision.REVIEW
            assert [(gap.stage, gap.reason) for gap in result.unjudged] == [("decode", "decoder_timeout")]
            halted.set_deadline(PATIENCE_S)  # it starts another process
            again = await halted.engine.moderate(CONTENTS["ocr"])
            assert again.decision is Decision.BLOCK
            assert again.unjudged == ()

    asyncio.run(scenario())


def test_a_killed_decoder_process_gives_review_and_the_next_request_works() -> None:
    async def scenario() -> None:
        async with Halted(decode_deadline_s=PATIENCE_S) as halted:
            judging = asyncio.create_task(halted.engine.moderate(CONTENTS["speech"]))
            await halted.asked()
            os.kill(halted.decoder.pids[0], signal.SIGKILL)
            result = await judging
            assert result.decision is Decision.REVIEW
            assert [(gap.stage, gap.reason) for gap in result.unjudged] == [("decode", "decoder_killed")]
            assert (await halted.engine.moderate(CONTENTS["speech"])).decision is Decision.BLOCK

    asyncio.run(scenario())
