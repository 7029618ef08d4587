"""What was found in a medium <-> the header and the bytes that a decoder process sends.

The header tells the items in order; the bytes are pixels, then samples (native order), then texts (UTF-8). The reader's
end trusts nothing: a process that met hostile input may say anything.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.limits import Limits
from moderation.media.decoded import SAMPLE_RATE_HZ, Counts, Decoded, FoundText, Image, Place, Unread, Waveform

_MOST_UTF8_BYTES = 4
_NUMBERS = ("frame", "page", "channel")


def most_bytes(limits: Limits) -> int:
    """What one answer may take: the budgets, and the one picture and sound that may go over them."""
    picture = 3 * limits.max_side**2
    sounds = 4 * math.ceil((limits.max_sounds_s + limits.max_duration_s) * SAMPLE_RATE_HZ)
    return limits.max_picture_bytes + picture + sounds + _MOST_UTF8_BYTES * limits.max_found_chars


def pack(decoded: Decoded) -> tuple[dict[str, Any], list[memoryview]]:
    """The header's fields, and the bytes piece by piece."""
    texts = [found.text.encode() for found in decoded.texts]
    header = {
        "images": [
            [image.pixels.shape[:2], (image.width, image.height), _told(image.place)] for image in decoded.images
        ],
        "sounds": [[len(sound.samples), _told(sound.place)] for sound in decoded.sounds],
        "texts": [
            [len(text), found.origin, _told(found.place), found.start]
            for text, found in zip(texts, decoded.texts, strict=True)
        ],
        "unread": [[one.reason, _told(one.place)] for one in decoded.unread],
        "counts": [decoded.counts.frame_count, decoded.counts.page_count, decoded.counts.duration_s],
    }
    pixels = [_bytes_of(np.ascontiguousarray(image.pixels, np.uint8)) for image in decoded.images]
    samples = [_bytes_of(np.ascontiguousarray(sound.samples, np.float32)) for sound in decoded.sounds]
    return header, [*pixels, *samples, *(memoryview(text) for text in texts)]


def unpack(header: dict[str, Any], payload: bytes) -> Decoded:
    """What `pack` was given; the arrays are views of the bytes.

    Raises:
        ValueError, TypeError, LookupError: this is no such answer.
    """
    reading = _Payload(payload)
    decoded = Decoded(
        images=tuple(_image(reading, *row) for row in header["images"]),
        sounds=tuple(
            Waveform(np.frombuffer(reading.take(4 * _whole(count)), np.float32), _place(place))
            for count, place in header["sounds"]
        ),
        texts=tuple(
            FoundText(reading.take(_whole(size)).tobytes().decode(), tuple(origin), _place(place), _whole(start))
            for size, origin, place, start in header["texts"]
        ),
        unread=tuple(Unread(_word(reason), _place(place)) for reason, place in header["unread"]),
        counts=_counts(*header["counts"]),
    )
    if reading.left:
        raise ValueError("bytes that no item has")
    return decoded


def _bytes_of(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


class _Payload:
    """Bytes that are given out from the first to the last."""

    def __init__(self, payload: bytes) -> None:
        self._view = memoryview(payload)
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._view) - self._at

    def take(self, size: int) -> memoryview:
        if size > self.left:
            raise ValueError("fewer bytes than the items have")
        self._at += size
        return self._view[self._at - size : self._at]


def _image(reading: _Payload, size: Any, original: Any, place: Any) -> Image:
    (rows, columns), (width, height) = size, original
    shape = (_whole(rows), _whole(columns), 3)
    pixels = np.frombuffer(reading.take(math.prod(shape)), np.uint8).reshape(shape)
    return Image(pixels, _whole(width), _whole(height), _place(place))


def _counts(frames: Any, pages: Any, duration_s: Any) -> Counts:
    return Counts(
        None if frames is None else _whole(frames),
        None if pages is None else _whole(pages),
        None if duration_s is None else _finite(duration_s),
    )


def _told(place: Place) -> dict[str, Any]:
    return {name: value for name in place.__slots__ if (value := getattr(place, name)) is not None}


def _place(told: Any) -> Place:
    if not isinstance(told, dict):
        raise TypeError("a place is an object")
    fields: dict[str, Any] = {name: _whole(told.pop(name)) for name in _NUMBERS if name in told}
    if "time_s" in told:
        start, end = told.pop("time_s")
        fields["time_s"] = (_finite(start), _finite(end))
    if "box" in told:
        left, top, right, bottom = map(_integer, told.pop("box"))
        fields["box"] = (left, top, right, bottom)
    if "member" in told:
        fields["member"] = _word(told.pop("member"))
    if told:
        raise ValueError("a place has no other fields")
    return Place(**fields)


def _whole(value: Any) -> int:
    if _integer(value) < 0:
        raise ValueError("a number of things is not negative")
    return _integer(value)


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("no whole number")
    return value


def _finite(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError("no finite number")
    return float(value)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()
    return value
