"""Where speech is, from the frame probabilities of a voice detector. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FRAME_S = 0.032
_ENTER = 0.35  # whispered speech scores low; noise, music and animals stayed below 0.32
_LEAVE = 0.2
_MIN_SPEECH_S = 0.1
_MIN_SILENCE_S = 0.6
_PAD_S = 0.2

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds, half open."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def overlap_s(self, start_s: float, end_s: float) -> float:
        return max(0.0, min(self.end_s, end_s) - max(self.start_s, start_s))


def speech_spans(probabilities: Floats, duration_s: float) -> list[Span]:
    """Stretches of speech with a little room around them, in order, apart from each other.

    Args:
        probabilities: of each frame of 32 ms.
        duration_s: end of the sound; no span goes past it.
    """
    bare: list[Span] = []
    start: int | None = None
    last = 0
    for frame, probability in enumerate(probabilities):
        if start is None:
            if probability >= _ENTER:
                start, last = frame, frame
        elif probability >= _LEAVE:
            last = frame
        elif (frame - last) * FRAME_S > _MIN_SILENCE_S:
            bare.append(Span(start * FRAME_S, (last + 1) * FRAME_S))
            start = None
    if start is not None:
        bare.append(Span(start * FRAME_S, (last + 1) * FRAME_S))
    padded = [
        Span(max(0.0, span.start_s - _PAD_S), min(duration_s, span.end_s + _PAD_S))
        for span in bare
        if span.duration_s >= _MIN_SPEECH_S
    ]
    return _joined(padded)


def speech_share(probabilities: Floats, start_s: float, end_s: float) -> float:
    """Mean probability of speech between two times."""
    frames = probabilities[int(start_s / FRAME_S) : max(int(end_s / FRAME_S), int(start_s / FRAME_S) + 1)]
    return float(frames.mean()) if len(frames) else 0.0


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span.start_s <= joined[-1].end_s:
            joined[-1] = Span(joined[-1].start_s, max(joined[-1].end_s, span.end_s))
        else:
            joined.append(span)
    return joined
