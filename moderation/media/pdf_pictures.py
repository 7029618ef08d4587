"""The pictures on a page of a PDF, each as it lies in the file. Runs in the decoder process only.

JPEG goes to the reader of JPEG as it is; all others are unpacked here. A mask that hides a part of a picture is not
laid on, so what it hides is judged, too.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator

import numpy as np
import PIL.Image
import pypdfium2.raw as pdfium

from moderation.limits import Limits
from moderation.media.decoded import Image, Place, Unread
from moderation.media.pdf_native import Handle, content, narrow
from moderation.media.pdf_objects import Drawn, Picture, show
from moderation.media.pdf_render import Pixels
from moderation.media.readers import Embedded, File, Find, Room

LEAST_SIDE = 8  # pixels; smaller ones show nothing by themselves, and the page is drawn as a whole
_CHANNELS = {
    pdfium.FPDFBitmap_Gray: 1, pdfium.FPDFBitmap_BGR: 3, pdfium.FPDFBitmap_BGRx: 4, pdfium.FPDFBitmap_BGRA: 4,
    pdfium.FPDFBitmap_BGRA_Premul: 4,
}  # fmt: skip


def leave_out_large(shown: Drawn, file: File) -> None:
    """Pictures of more pixels than are unpacked are not drawn either."""
    show([one.handle for one in shown.pictures if _is_too_large(one, file.limits)], on=False)


def pictures_of(pictures: list[Picture], page: int, limits: Limits, room: Room, known: set[bytes]) -> Iterator[Find]:
    """The pictures of a page that were not on an earlier one.

    Args:
        known: digests of those read; what is read is added.
    """
    place = Place(page=page)
    for number, picture in enumerate(pictures, 1):
        if room.is_late:
            return
        if min(picture.size) < LEAST_SIDE:
            continue
        if _is_too_large(picture, limits):
            yield Unread("too_many_pixels", place)
            continue
        digest = hashlib.sha256(content(pdfium.FPDFImageObj_GetImageDataRaw, picture.handle)).digest()
        if digest in known:
            continue
        known.add(digest)
        if not room.pictures_left:
            yield Unread("pictures_past_limit", place)
            continue
        encoded = _jpeg(picture.handle)
        if encoded:
            yield Embedded.of(f"page-{page}/image-{number}.jpg", encoded, place)
            continue
        pixels = _pixels(picture.handle, limits.max_side)
        yield Unread("undecodable_image", place) if pixels is None else Image(pixels, *picture.size, place)


def _is_too_large(picture: Picture, limits: Limits) -> bool:
    return picture.size[0] * picture.size[1] > limits.max_pixels


def _jpeg(handle: Handle) -> bytes:
    """The file of a picture that is one, else nothing."""
    filters = pdfium.FPDFImageObj_GetImageFilterCount(handle)
    if filters < 1 or narrow(pdfium.FPDFImageObj_GetImageFilter, handle, filters - 1) not in {"DCTDecode", "DCT"}:
        return b""
    data = content(pdfium.FPDFImageObj_GetImageDataDecoded, handle)
    return data if data[:3] == b"\xff\xd8\xff" else b""


def _pixels(handle: Handle, max_side: int) -> Pixels | None:
    bitmap = pdfium.FPDFImageObj_GetBitmap(handle)
    if not bitmap:
        return None
    try:
        channels = _CHANNELS.get(pdfium.FPDFBitmap_GetFormat(bitmap), 0)
        width, height = pdfium.FPDFBitmap_GetWidth(bitmap), pdfium.FPDFBitmap_GetHeight(bitmap)
        stride, start = pdfium.FPDFBitmap_GetStride(bitmap), pdfium.FPDFBitmap_GetBuffer(bitmap)
        if not channels or not start or min(width, height) < 1:
            return None
        rows = np.frombuffer(ctypes.string_at(start, stride * height), np.uint8).reshape(height, stride)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    values = rows[:, : width * channels].reshape(height, width, channels)
    coloured = values if channels == 1 else values[:, :, 2::-1]
    return _fit(np.ascontiguousarray(coloured), max_side)


def _fit(pixels: Pixels, max_side: int) -> Pixels:
    """RGB, scaled down so that the longest side is at most `max_side`."""
    height, width, channels = pixels.shape
    image = PIL.Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    scale = max_side / max(width, height)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = image.resize(size, PIL.Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.array(image.convert("RGB"), dtype=np.uint8)
