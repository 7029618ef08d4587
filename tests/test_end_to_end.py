"""The whole service on real models, over HTTP: what is harmful is seen in every form, what is harmless is let be.

The sentences are mild; how good the models are is measured elsewhere (models/*/README.md), not here.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from support.servers import Server, resident_mb, serving, wait_until
from support.written import cjk_font, picture_of, speech_of

from moderation import Client, Content, Decision, Modality, ModerationResult, Part

pytestmark = [pytest.mark.models, pytest.mark.slow]

HARMFUL = "I will find you and kill you tonight"
HARMLESS = "The weather in Paris is lovely today"
HARMFUL_ZH = "你这个蠢货，我今晚就去杀了你"
HARMLESS_ZH = "今天的天气很好，我们去公园散步吧"
SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "data" / "media"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(ready_s=120) as server:
        wait_until(server.ready, seconds=60)
        yield server


def judge(server: Server, *parts: Part | str) -> ModerationResult:
    with Client(server.url) as client:
        content = tuple(Part.from_text(part) if isinstance(part, str) else part for part in parts)
        return client.moderate(Content(content, derived=True))


def image(*lines: str, chinese: bool = False) -> Part:
    return Part.from_bytes(Modality.IMAGE, picture_of(*lines, font=cjk_font() if chinese else None))


@pytest.mark.parametrize("text", [HARMFUL, HARMFUL_ZH, HARMFUL.upper()])
def test_a_harmful_text(server: Server, text: str) -> None:
    result = judge(server, text)
    assert result.flagged
    assert result.decision is not Decision.ALLOW
    assert result.findings[0].evidence.quote == text
    assert result.unjudged == ()


@pytest.mark.parametrize("text", [HARMLESS, HARMLESS_ZH, "How do I kill a process in Linux?"])
def test_a_harmless_text(server: Server, text: str) -> None:
    result = judge(server, text)
    assert result.decision is Decision.ALLOW
    assert not result.flagged


@pytest.mark.parametrize(("text", "chinese"), [(HARMFUL, False), (HARMFUL_ZH, True)])
def test_a_harmful_sentence_in_an_image(server: Server, text: str, chinese: bool) -> None:
    result = judge(server, image(text, chinese=chinese))
    assert result.flagged
    assert result.decision is not Decision.ALLOW
    finding = result.findings[0]
    assert finding.origin == ("ocr",)
    assert finding.evidence.box is not None
    assert finding.evidence.quote is not None
    assert finding.evidence.quote.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(("text", "chinese"), [(HARMLESS, False), (HARMLESS_ZH, True)])
def test_a_harmless_sentence_in_an_image(server: Server, text: str, chinese: bool) -> None:
    result = judge(server, image(text, chinese=chinese))
    assert result.decision is Decision.ALLOW
    assert result.derived is not None
    assert result.derived[0].text == text


def test_a_harmful_sentence_over_two_lines_of_an_image(server: Server) -> None:
    result = judge(server, image("I will find you and", "kill you tonight"))
    assert result.decision is Decision.BLOCK
    assert result.categories["violence"]


def test_a_harmful_and_a_harmless_sentence_are_told_apart_by_part(server: Server) -> None:
    result = judge(server, image(HARMLESS), image(HARMFUL), HARMLESS)
    assert {finding.part for finding in result.findings} == {"input[1]"}


def test_speech_is_judged_by_what_is_said(server: Server) -> None:
    result = judge(server, Part.from_bytes(Modality.AUDIO, speech_of(HARMFUL)))
    assert result.decision is Decision.BLOCK
    assert result.categories["violence"]
    finding = result.findings[0]
    assert finding.origin == ("asr",)
    assert finding.evidence.time_s is not None


@pytest.mark.shared_data
def test_a_recording_of_a_person_is_transcribed_and_allowed(server: Server) -> None:
    result = judge(
        server, Part.from_bytes(Modality.AUDIO, (SHARED_MEDIA / "audio-samples/files/jfk.flac").read_bytes())
    )
    assert result.decision is Decision.ALLOW
    said = " ".join(part.text for part in result.derived or ()).lower()
    assert "ask what you can do for your country" in said


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["skimage_coffee.png", "skimage_rocket.jpg", "sklearn_china.jpg", "skimage_chelsea.png"]
)
def test_a_plain_photo_is_allowed(server: Server, name: str) -> None:
    photo = (SHARED_MEDIA / "benign-images" / "files" / name).read_bytes()
    assert judge(server, Part.from_bytes(Modality.IMAGE, photo)).decision is Decision.ALLOW


def test_what_follows_a_nul_is_judged(server: Server) -> None:
    assert judge(server, f"hello\0{HARMFUL}").flagged


def test_a_harmful_sentence_at_the_end_of_a_long_text(server: Server) -> None:
    result = judge(server, f"{HARMLESS}. " * 200 + HARMFUL + ".")
    assert result.flagged
    span = result.findings[0].evidence.span
    assert span is not None
    assert span[1] >= len(HARMLESS) * 200
    assert result.unjudged == ()


def test_the_openai_client_on_real_models(server: Server) -> None:
    picture = f"data:image/png;base64,{base64.b64encode(picture_of(HARMFUL)).decode()}"
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", max_retries=0) as client:
        texts = client.moderations.create(input=[HARMFUL, HARMLESS]).results
        part: Any = {"type": "image_url", "image_url": {"url": picture}}
        (pictured,) = client.moderations.create(input=[part]).results
    assert [result.flagged for result in texts] == [True, False]
    assert texts[0].categories.violence
    assert pictured.flagged


def test_it_stays_within_its_memory(server: Server) -> None:
    judge(server, HARMFUL, image(HARMLESS), Part.from_bytes(Modality.AUDIO, speech_of(HARMLESS)))
    assert resident_mb(server.process.pid) < 1_400  # the benchmark holds it to 1,200 with each model used once


def test_readiness_names_no_stage(server: Server) -> None:
    assert httpx.get(f"{server.url}/readyz").json() == {"ready": True, "not_ready": {}}


def cpu_s(pid: int) -> float:
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_one_thread_means_one_core() -> None:
    """With `threads` = 1 no engine uses more than one core, and an idle service uses none (no spinning)."""
    texts = [Content((Part.from_text(f"{HARMLESS}, and so it will be on day {number}."),)) for number in range(96)]
    with serving(environment={"MODERATION_THREADS": "1"}, ready_s=120) as server, Client(server.url) as client:
        wait_until(server.ready, seconds=60)
        pid = server.process.pid
        for work in (
            lambda: client.moderate_many(texts),
            lambda: client.moderate(Part.from_bytes(Modality.IMAGE, picture_of(*[HARMLESS] * 12))),
            lambda: client.moderate(Part.from_bytes(Modality.AUDIO, speech_of(HARMLESS))),
        ):
            began, used = time.monotonic(), cpu_s(pid)
            work()
            assert cpu_s(pid) - used < 1.35 * (time.monotonic() - began) + 0.1
        used = cpu_s(pid)
        time.sleep(2)
        assert cpu_s(pid) - used < 0.2
