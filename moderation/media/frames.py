"""Size and number of frames of an image from its structure alone, before any decoder sees the bytes.

Pure and bounded: counting stops one past the limit. Decoders allocate when they open a file (libwebp its
whole canvas) or decode every frame to count them (Pillow's GIF reader); reading the structure costs neither.
What a format's structure does not tell here is answered by None, and the caller asks the decoder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

_GIF_BLOCK = re.compile(rb"[!,;]")


def count_frames(mime: str, data: bytes, *, limit: int) -> int:
    """Frames in `data`, or `limit + 1` as soon as there are more.

    A file whose structure breaks off counts up to there; decoding will say that it is broken.
    """
    walks = {
        "image/gif": _gif_frames,
        "image/png": _png_frames,
        "image/webp": _webp_frames,
        "image/tiff": _tiff_frames,
    }
    walk = walks.get(mime)
    return 1 if walk is None else max(1, sum(1 for _ in islice(walk(data), limit + 1)))


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP's canvas; None when the first chunk is none that WebP knows."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def gif_extent(data: bytes) -> tuple[int, int]:
    """Width and height that hold the canvas and every frame: a frame may reach out of the canvas it is drawn on."""
    width, height = _short(data, 6), _short(data, 8)
    for kind, at in _gif_blocks(data):
        if kind == 0x2C:
            width = max(width, _short(data, at + 1) + _short(data, at + 5))
            height = max(height, _short(data, at + 3) + _short(data, at + 7))
    return width, height


def gif_is_cut(data: bytes) -> bool:
    """Whether a GIF ends inside a block; one that only lacks its trailer is whole to every viewer."""
    return any(kind < 0 for kind, _ in _gif_blocks(data))


def _gif_frames(data: bytes) -> Iterator[int]:
    return (at for kind, at in _gif_blocks(data) if kind == 0x2C)


def _gif_blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Introducer and offset of each whole block; (-1, offset) last when the bytes end inside one."""
    if len(data) < 13:
        yield -1, 0
        return
    offset = 13 + _colour_table_bytes(data[10])
    # stray bytes between blocks end the file for some viewers and not for others
    while (found := _GIF_BLOCK.search(data, offset)) and found[0] != b";":
        start = found.start()
        kind = data[start]
        offset = start + 2
        if kind == 0x2C and start + 10 < len(data):
            offset = start + 11 + _colour_table_bytes(data[start + 9])
        while offset < len(data) and data[offset]:
            offset += 1 + data[offset]
        if offset >= len(data):
            yield -1, start
            return
        offset += 1
        yield kind, start


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _colour_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _png_frames(data: bytes) -> Iterator[int]:
    """As many as `acTL` announces, or more if more are there; a PNG without it has one.

    Pixels before the first `fcTL` are no frame of the animation. Viewers that know none show them, and the others do
    not, so they count too.
    """
    announced = controls = alone = 0
    pixels = False
    for kind, at in _png_chunks(data):
        if kind == b"acTL" and not pixels:
            announced = max(announced, int.from_bytes(data[at + 8 : at + 12]))
        elif kind == b"fcTL":
            controls += 1
        elif kind == b"IDAT":
            if not announced:
                break
            alone += not pixels and not controls
            pixels = True
    return iter(range(max(announced, controls) + alone if announced else 1))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Kind and offset of each chunk."""
    offset = 8
    while offset + 12 <= len(data):
        yield data[offset + 4 : offset + 8], offset
        offset += 12 + int.from_bytes(data[offset : offset + 4])


def _webp_frames(data: bytes) -> Iterator[int]:
    offset = 12
    while offset + 8 <= len(data):
        if data[offset : offset + 4] == b"ANMF":
            yield offset
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        offset += 8 + size + (size & 1)


def _tiff_frames(data: bytes) -> Iterator[int]:
    """Directories of a TIFF or BigTIFF; a chain that comes back to itself ends there."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"

    def number(at: int, width: int) -> int:
        return int.from_bytes(data[at : at + width], order)

    big = number(2, 2) == 43
    count_bytes, entry_bytes, offset_bytes = (8, 20, 8) if big else (2, 12, 4)
    seen: set[int] = set()
    offset = number(8 if big else 4, offset_bytes)
    while 0 < offset < len(data) and offset not in seen:
        seen.add(offset)
        yield offset
        offset = number(offset + count_bytes + entry_bytes * number(offset, count_bytes), offset_bytes)
