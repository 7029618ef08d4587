"""What decoding gives: the only forms of media the models see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One frame, alpha already laid on a background.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, at working size (the longest side bounded by the limits).
        width: pixels of the original, after the EXIF turn.
        height: pixels of the original, after the EXIF turn.
        frame: index in an animation, 0 for a still image.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    frame: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """The judged frames of an image.

    Attributes:
        frames: at most the limit's number, evenly spread.
        frame_count: how many the file has.
    """

    frames: tuple[Image, ...]
    frame_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono speech-model input.

    Attributes:
        samples: float32 [n] in -1..1 at 16 kHz.
    """

    samples: npt.NDArray[np.float32]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ
