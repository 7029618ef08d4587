"""Spoken words: Whisper base by faster-whisper, behind a voice detector.

Both ways of disagreeing are reported, since both are seen in the wild: text where the detector hears no voice is a
hallucination, and voice without text may be an attack that mutes the recogniser. Neither reads as a clean pass. Not
seen: sounds that are no speech, and what is sung or shouted; the model card says how well it hears.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.vad import SileroVADModel, SpeechTimestampsMap
from opencc import OpenCC

from moderation.media.decoded import SAMPLE_RATE_HZ, Waveform
from moderation.models.base import Extraction, Extractor, Gap, Passage
from moderation.models.spec import ModelSpec
from moderation.models.voice import Span, speech_share, speech_spans

_FRAME_SAMPLES = 512
_MIN_VOICE = 0.25  # mean probability of speech under which a text is not believed
_MIN_UNHEARD_S = 0.5
_MIN_COVERED = 0.3
_MIN_LANGUAGE = 0.5
_MAX_TOKENS = 160  # in 30 s; fast speech needs about 120

# Bounded: greedy, one second try, and no text carried from one window to the next, where loops feed on themselves.
_OPTIONS: Mapping[str, Any] = {
    "task": "transcribe",
    "multilingual": True,
    "beam_size": 1,
    "best_of": 1,
    "temperature": [0.0, 0.4],
    "condition_on_previous_text": False,
    "max_new_tokens": _MAX_TOKENS,
    "compression_ratio_threshold": 2.4,
    "log_prob_threshold": -1.0,
    "no_speech_threshold": 0.6,
    "vad_filter": False,
}

_LOOP = re.compile(r"(.{1,40}?)\1{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text as Whisper gave it, in seconds of the original sound."""

    text: str
    start_s: float
    end_s: float
    log_probability: float
    compression_ratio: float
    language: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What both models say of one item."""

    probabilities: Floats
    spans: list[Span]
    segments: list[Segment]


class Speech(Extractor[Waveform]):
    """Transcribes one item after the other: each is cut into windows of its own."""

    max_batch_size = 1

    def __init__(self, spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> None:
        self.key = spec.key
        self.revision = spec.revision
        self.modality = spec.modality
        self._voice = SileroVADModel(str(files["silero_vad_v6.onnx"]))
        self._whisper = WhisperModel(
            str(files["model.bin"].parent),
            device="cpu",
            compute_type="int8",
            cpu_threads=threads,
            num_workers=1,
            local_files_only=True,
        )
        self._simplified = OpenCC("t2s")
        found, _ = self._whisper.transcribe(np.zeros(SAMPLE_RATE_HZ, np.float32), language="en", max_new_tokens=1)
        list(found)  # the segments are made as they are asked for

    def cost(self, item: Waveform) -> int:
        """Milliseconds of sound."""
        return max(1, len(item.samples) * 1000 // SAMPLE_RATE_HZ)

    def preprocess(self, items: Sequence[Waveform]) -> list[Floats]:
        """float32 [n] of each item, padded with silence to whole frames of the voice detector."""
        return [np.pad(item.samples, (0, -len(item.samples) % _FRAME_SAMPLES)) for item in items]

    def infer(self, prepared: list[Floats]) -> list[Heard]:
        return [self._hear(samples) for samples in prepared]

    def postprocess(self, raw: list[Heard], items: Sequence[Waveform]) -> list[Extraction]:  # noqa: ARG002 - the contract's
        return [self._extraction(heard) for heard in raw]

    def warm_up_items(self) -> Sequence[Waveform]:
        """Silence: it goes through the voice detector. The decoder, which it does not reach, ran when it was loaded."""
        return [Waveform(np.zeros(SAMPLE_RATE_HZ, np.float32))]

    def close(self) -> None:
        self._whisper.model.unload_model()

    def _hear(self, samples: Floats) -> Heard:
        if not len(samples):
            return Heard(np.zeros(0, np.float32), [], [])
        probabilities: Floats = self._voice(samples).reshape(-1)
        spans = speech_spans(probabilities, len(samples) / SAMPLE_RATE_HZ)
        return Heard(probabilities, spans, self._transcribe(samples, spans) if spans else [])

    def _transcribe(self, samples: Floats, spans: list[Span]) -> list[Segment]:
        """Whisper on the speech alone; times are mapped back to the whole."""
        chunks = [
            {"start": int(span.start_s * SAMPLE_RATE_HZ), "end": int(span.end_s * SAMPLE_RATE_HZ)} for span in spans
        ]
        speech = np.concatenate([samples[chunk["start"] : chunk["end"]] for chunk in chunks])
        original = SpeechTimestampsMap(chunks, SAMPLE_RATE_HZ)
        found, info = self._whisper.transcribe(speech, **_OPTIONS)
        sure = info.language_probability >= _MIN_LANGUAGE
        segments = []
        for segment in found:
            middle = (segment.start + segment.end) / 2
            chunk = original.get_chunk_index(middle)
            start_s = original.get_original_time(segment.start, chunk)
            end_s = original.get_original_time(segment.end, chunk)
            # The language was found in the first window; the others may be in another one.
            language = info.language if sure and segment.seek == 0 else None
            segments.append(
                Segment(
                    segment.text.strip(), max(0.0, start_s), max(0.0, end_s),
                    segment.avg_logprob, segment.compression_ratio, language,
                )
            )  # fmt: skip
        return segments

    def _extraction(self, heard: Heard) -> Extraction:
        passages, gaps = [], []
        for segment in heard.segments:
            if not any(character.isalnum() for character in segment.text):
                continue
            time_s = (segment.start_s, segment.end_s)
            if is_loop(segment.text) or speech_share(heard.probabilities, *time_s) < _MIN_VOICE:
                gaps.append(Gap("possible_asr_hallucination", time_s=time_s))
                continue
            confidence = min(1.0, math.exp(segment.log_probability))
            text = self._fold(segment.text, segment.language)
            passages.append(Passage(text, confidence, time_s=time_s, language=segment.language))
        told = [passage.time_s for passage in passages] + [gap.time_s for gap in gaps]
        for span in heard.spans:
            covered = sum(span.overlap_s(*time_s) for time_s in told if time_s is not None)
            if span.duration_s >= _MIN_UNHEARD_S and covered < _MIN_COVERED * span.duration_s:
                gaps.append(Gap("speech_not_transcribed", time_s=(span.start_s, span.end_s)))
        return Extraction(tuple(passages), tuple(gaps))

    def _fold(self, text: str, language: str | None) -> str:
        """Chinese in simplified characters, which the text models know better; Japanese stays as it is."""
        chinese = language == "zh" or (language is None and _HAN.search(text) and not _KANA.search(text))
        return str(self._simplified.convert(text)) if chinese else text


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> Speech:
    """The registry's entry."""
    return Speech(spec, files, threads=threads)


def is_loop(text: str) -> bool:
    """Whether a text is nothing but one word or phrase, said three times or more."""
    bare = "".join(character for character in text.casefold() if character.isalnum())
    return _LOOP.fullmatch(bare) is not None
