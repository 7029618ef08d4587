"""What decoding gives: the only forms of media that models see, the texts found, and what was not read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moderation.media.origins import WORDS

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


NOWHERE = Place()


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One picture, frame or page, alpha already laid on a background.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, at working size (the longest side bounded by the limits).
        width: pixels of the original, after the EXIF turn.
        height: pixels of the original, after the EXIF turn.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono speech-model input.

    Attributes:
        samples: float32 [n] in -1..1 at 16 kHz.
        place: its `time_s` is when the sound begins and ends; models count from the first sample.
    """

    samples: npt.NDArray[np.float32]
    place: Place = NOWHERE

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class FoundText:
    """A text that stands in a medium and was read, not recognised.

    Attributes:
        origin: words of `origins`, from what it stands in to what it is: `("document", "comment")`.
        start: characters that come before it on its page, or in its file; spans of findings count from there.
    """

    text: str
    origin: tuple[str, ...]
    place: Place = NOWHERE
    start: int = 0

    def __post_init__(self) -> None:
        if not self.origin or not WORDS.issuperset(self.origin):
            raise ValueError(f"no origin of a text: {self.origin}")


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not read, and the stable code of the reason; it is `unjudged` in the answer."""

    reason: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a medium has, read or not; what does not apply is None."""

    frame_count: int | None = None
    page_count: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """All that was found in one medium, in the order in which it was found."""

    images: tuple[Image, ...] = ()
    sounds: tuple[Waveform, ...] = ()
    texts: tuple[FoundText, ...] = ()
    unread: tuple[Unread, ...] = ()
    counts: Counts = Counts()
