"""Encoded image -> pixels, under limits. Runs in the decoder process only.

What the header states is checked before anything is decoded. Everything a viewer could show is kept apart: an
image that is partly transparent is laid on white and on black, since text in the colour of one background is
seen on the other. Of an animation, evenly spread frames are judged. Not seen: colours that a fully
transparent pixel hides, and the further pictures of an MPO file.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import PIL.Image

from moderation.errors import TooLargeError, UndecodableError
from moderation.limits import Limits
from moderation.media.decoded import NOWHERE, Counts, Image, Place, Unread
from moderation.media.frames import count_frames, gif_extent, gif_is_cut, webp_size
from moderation.media.readers import File, Find

# `_check_pixels` does the same with the limit that was passed in, and answers with our own error.
PIL.Image.MAX_IMAGE_PIXELS = None

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}

# All that Pillow's readers were seen to raise on hostile bytes; memory running out is none of them.
_HOSTILE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError,
    AssertionError, struct.error, zlib.error,
)  # fmt: skip

_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
_EXIF_ORIENTATION = 0x0112


def read(file: File) -> Iterator[Find]:
    """The judged frames of an image.

    Raises:
        TooLargeError: `too_many_pixels`, `too_many_frames`.
        UndecodableError: `undecodable_image`, `truncated_image`.
        MemoryError: the process's address space ran out.
    """
    mime, data, limits = file.mime, file.data, file.limits
    frame_count = count_frames(mime, data, limit=limits.max_frames)
    if frame_count > limits.max_frames:
        raise TooLargeError(f"the image has more than {limits.max_frames} frames", code="too_many_frames")
    _check_structure(mime, data, limits)
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata, which is neither here nor there.
            warnings.simplefilter("ignore")
            frames = _read_frames(mime, data, frame_count, limits)
    except _HOSTILE as error:
        raise _undecodable(mime, error) from error
    yield Counts(frame_count=frame_count)
    yield from frames
    if len(spread(frame_count, limits.max_judged_frames)) < frame_count:
        yield Unread("frames_past_limit")


def spread(count: int, judged: int) -> list[int]:
    """At most `judged` of `count` indices, evenly spread, the first and (from two on) the last among them."""
    if count <= judged:
        return list(range(count))
    if judged == 1:
        return [0]
    return [round(position * (count - 1) / (judged - 1)) for position in range(judged)]


def _check_structure(mime: str, data: bytes, limits: Limits) -> None:
    """What must be known before Pillow opens the file, because opening allocates."""
    if mime == "image/webp":
        size = webp_size(data)
        if size is None:
            raise UndecodableError("not a WebP image: no picture chunk comes first", code="undecodable_image")
        _check_pixels(size, limits)
        if int.from_bytes(data[4:8], "little") + 8 > len(data):
            raise _truncated("its header names more bytes than there are")
    if mime == "image/gif":
        _check_pixels(gif_extent(data), limits)
        if gif_is_cut(data):
            raise _truncated("it ends inside a block")


def _check_pixels(size: tuple[int, int], limits: Limits) -> None:
    if size[0] * size[1] > limits.max_pixels:
        raise TooLargeError(
            f"the image is {size[0]} x {size[1]} pixels; at most {limits.max_pixels} are accepted",
            code="too_many_pixels",
        )


def _read_frames(mime: str, data: bytes, frame_count: int, limits: Limits) -> list[Image]:
    frames: list[Image] = []
    with PIL.Image.open(io.BytesIO(data), formats=[FORMATS[mime]]) as image:
        _check_pixels(image.size, limits)
        for index in spread(frame_count, limits.max_judged_frames):
            if index:
                image.seek(index)
                _check_pixels(image.size, limits)
            place = NOWHERE if frame_count == 1 else Place(frame=index)
            frames.extend(_read_frame(image, place, limits))
    return frames


def _read_frame(image: PIL.Image.Image, place: Place, limits: Limits) -> list[Image]:
    width, height = image.size
    if image.format in {"JPEG", "MPO"}:
        image.draft("RGB", (limits.max_side, limits.max_side))
    image.load()
    if image.format == "TIFF":  # Pillow turns it while loading
        width, height = image.size
        turn = None
    else:
        turn = _TURNS.get(_orientation(image))
    picture = _fit(_eight_bit(image), max(width, height), limits.max_side)
    if turn is not None:
        picture = picture.transpose(turn)
        if turn in {_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8]}:
            width, height = height, width
    return [Image(pixels, width, height, place) for pixels in _on_backgrounds(picture)]


def _orientation(image: PIL.Image.Image) -> int:
    """The EXIF orientation; 1 when the metadata cannot be read, as viewers do."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except _HOSTILE:
        return 1


def _eight_bit(image: PIL.Image.Image) -> PIL.Image.Image:
    """The image as RGB or RGBA with 8 bits a channel."""
    if image.mode.startswith("I") or image.mode == "F":
        return PIL.Image.fromarray(_grey(np.asarray(image), image.mode)).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _grey(values: npt.NDArray[np.generic], mode: str) -> npt.NDArray[np.uint8]:
    """Grey values of any depth as 8 bits; those without a fixed range are stretched over it."""
    if mode.startswith("I;16"):
        return (values.astype(np.uint16) >> 8).astype(np.uint8)
    exact = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(exact.min()), float(exact.max())
    return ((exact - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)


def _fit(image: PIL.Image.Image, original_side: int, max_side: int) -> PIL.Image.Image:
    """Scaled down, never up, so that the longest side is at most `max_side`; at least one pixel remains."""
    if original_side <= max_side:
        return image
    scale = max_side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, PIL.Image.Resampling.BICUBIC, reducing_gap=3.0)


def _on_backgrounds(image: PIL.Image.Image) -> list[npt.NDArray[np.uint8]]:
    if image.mode != "RGBA":
        return [np.array(image, dtype=np.uint8)]
    low, high = image.getchannel("A").getextrema()
    if low == 255:
        return [np.array(image.convert("RGB"), dtype=np.uint8)]
    backgrounds = ("white", "black") if high else ("white",)
    return [_flat(image, colour) for colour in backgrounds]


def _flat(image: PIL.Image.Image, colour: str) -> npt.NDArray[np.uint8]:
    background = PIL.Image.new("RGBA", image.size, colour)
    return np.array(PIL.Image.alpha_composite(background, image).convert("RGB"), dtype=np.uint8)


def _truncated(why: str) -> UndecodableError:
    return UndecodableError(f"the image is cut off: {why}", code="truncated_image")


def _undecodable(mime: str, error: Exception) -> UndecodableError:
    text = str(error).lower()
    if isinstance(error, EOFError) or "truncat" in text or "unexpected end" in text:
        return _truncated("its data ends too early")
    return UndecodableError(f"broken {mime}: it cannot be decoded", code="undecodable_image")
