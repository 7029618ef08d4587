"""What decoding gives: the only forms of media the models see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a medium something stands; what does not apply is None.

    Attributes:
        frame: index of the frame of an animation or a video, from 0.
        page: page, slide or sheet, from 1.
        time_s: start and end, in seconds of the medium.
        member: path of the file within the medium: `letters.zip/one.docx/word/media/image1.png` without the first.
        channel: of several judged apart, from 0.
        box: left, top, right, bottom; pixels after the EXIF turn in a picture, points from the top left on a page.
    """

    frame: int | None = None
    page: int | None = None
    time_s: tuple[float, float] | None = None
    member: str | None = None
    channel: int | None = None
    box: tuple[int, int, int, int] | None = None

    def within(self, outer: Place) -> Place:
        """The same place, told from the medium that holds the file which it is in."""
        own = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        if self.member is not None and outer.member is not None:
            own["member"] = f"{outer.member}/{self.member}"
        return replace(outer, **own)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One frame, alpha already laid on a background.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, at working size (the longest side bounded by the limits).
        width: pixels of the original, after the EXIF turn.
        height: pixels of the original, after the EXIF turn.
        place: its `frame` is the index in an animation; None for a still image.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    place: Place = Place()


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
