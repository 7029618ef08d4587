from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.contracts import ExtractorContract
from support.media_files import SHARED_MEDIA, tone

from moderation.limits import Limits
from moderation.media.decoded import Waveform
from moderation.media.reading import read
from moderation.models.base import Extraction
from moderation.models.registry import Registry
from moderation.models.speech import Heard, Segment, Speech, is_loop
from moderation.models.store import ModelStore
from moderation.models.voice import FRAME_S, Span, speech_share, speech_spans
from moderation.schema import Modality

ROOMS = Path(__file__).resolve().parents[2] / "models"


def sample(name: str) -> Waveform:
    data = (SHARED_MEDIA / "audio-samples" / "files" / name).read_bytes()
    return read(Modality.AUDIO, data, Limits()).sounds[0]


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Speech]:
    store = ModelStore(tmp_path_factory.mktemp("store"))
    model = Registry([ROOMS], entry_points=False).load("speech.v1", store=store, threads=2)
    assert isinstance(model, Speech)
    yield model
    model.close()


@pytest.mark.models
@pytest.mark.shared_data
class TestContract(ExtractorContract):
    @pytest.fixture
    def model(self, speech: Speech) -> Speech:
        return speech

    @pytest.fixture
    def items(self) -> Sequence[Waveform]:
        return [sample("silero_vad_test.mp3"), Waveform(tone(1.0)), Waveform(np.zeros(0, np.float32))]


@pytest.mark.models
@pytest.mark.shared_data
def test_english(speech: Speech) -> None:
    (result,) = speech.run([sample("jfk.flac")])
    text = " ".join(passage.text for passage in result.passages)
    words = "".join(character for character in text.lower() if character.isalpha() or character == " ").split()
    wanted = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    assert words == wanted.split()
    assert {passage.language for passage in result.passages} == {"en"}
    assert result.gaps == ()
    times = [passage.time_s for passage in result.passages if passage.time_s]
    assert times == sorted(times)
    assert times[-1][1] <= 11.5


@pytest.mark.models
@pytest.mark.shared_data
def test_mandarin_comes_in_simplified_characters(speech: Speech) -> None:
    (result,) = speech.run([sample("aishell-BAC009S0724W0121.wav")])
    text = "".join(passage.text for passage in result.passages)
    assert text.startswith("广州市")
    assert not set(text) & set("廣東產協會")
    assert {passage.language for passage in result.passages} == {"zh"}


@pytest.mark.models
@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["beep.wav", "tone-3s.wav", "silence_5s.wav", "whitenoise_5s.wav", "pinknoise_5s.wav", "cat_meow.wav"]
)
def test_what_is_no_speech_never_reaches_the_decoder(
    speech: Speech, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "_whisper", None)
    assert speech.run([sample(name)]) == [Extraction(())]


def answer(speech: Any, segments: list[Segment], *, voice: float, spans: list[Span]) -> Extraction:
    probabilities = np.full(round(10 / FRAME_S), voice, np.float32)
    (result,) = Speech.postprocess(speech, [Heard(probabilities, spans, segments)], [Waveform(tone(10.0))])
    return result


def said(text: str, start_s: float = 0.0, end_s: float = 5.0) -> Segment:
    return Segment(text, start_s, end_s, -0.3, 1.2, "en")


@pytest.fixture
def unloaded() -> Speech:
    """Only what `postprocess` needs: no weights."""
    return object.__new__(Speech)


def test_speech_without_text_is_a_gap(unloaded: Speech) -> None:
    result = answer(unloaded, [said("...")], voice=0.9, spans=[Span(0.0, 4.0), Span(6.0, 6.2)])
    assert [(gap.reason, gap.time_s) for gap in result.gaps] == [("speech_not_transcribed", (0.0, 4.0))]
    assert result.passages == ()


def test_text_without_speech_is_a_gap(unloaded: Speech) -> None:
    result = answer(unloaded, [said("Thanks for watching!")], voice=0.05, spans=[Span(0.0, 5.0)])
    assert [gap.reason for gap in result.gaps] == ["possible_asr_hallucination"]
    assert result.passages == ()


def test_a_loop_is_a_gap(unloaded: Speech) -> None:
    result = answer(unloaded, [said("you you you you")], voice=0.9, spans=[Span(0.0, 5.0)])
    assert [gap.reason for gap in result.gaps] == ["possible_asr_hallucination"]


def test_text_where_speech_is_needs_no_gap(unloaded: Speech) -> None:
    result = answer(unloaded, [said("Good morning.")], voice=0.9, spans=[Span(0.0, 5.0)])
    assert [passage.text for passage in result.passages] == ["Good morning."]
    assert result.passages[0].confidence == pytest.approx(np.exp(-0.3))
    assert result.gaps == ()


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("you you you", True),
        ("Thank you. Thank you. Thank you.", True),
        ("谢谢谢谢谢谢", True),
        ("no, no", False),
        ("no no no, I will not", False),
        ("ask not what your country can do for you", False),
        ("", False),
    ],
)
def test_loops(text: str, loop: bool) -> None:
    assert is_loop(text) is loop


@given(st.lists(st.floats(0, 1, width=32), max_size=300))
def test_spans_lie_apart_and_within_the_sound(values: list[float]) -> None:
    duration_s = len(values) * FRAME_S
    spans = speech_spans(np.array(values, np.float32), duration_s)
    for span in spans:
        assert 0 <= span.start_s < span.end_s <= duration_s
    for one, other in itertools.pairwise(spans):
        assert one.end_s < other.start_s


def test_whispered_speech_is_speech_and_a_click_is_none() -> None:
    quiet = np.zeros(200, np.float32)
    quiet[50:80] = 0.4
    (span,) = speech_spans(quiet, 6.4)
    assert span.overlap_s(50 * FRAME_S, 80 * FRAME_S) == pytest.approx(30 * FRAME_S)
    click = np.zeros(200, np.float32)
    click[50:52] = 0.9
    assert speech_spans(click, 6.4) == []
    assert speech_share(quiet, 0.0, 6.4) == pytest.approx(0.06, abs=0.01)
