"""PDQ, the perceptual hash of an image: pixels -> 256 bits that stay nearly the same when the image is saved again.

The arithmetic is that of the published algorithm (a tent filter down to 64 x 64, a cosine transform, the lowest 16 x 16
frequencies compared with their median), so hashes made elsewhere can be compared with these. The filter is linear and
works on each axis alone, so here it is two small weighted sums. A hash says nothing of what an image shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

HASH_BYTES = 32
MIN_QUALITY = 50  # under it, the algorithm's authors advise, an image has too few edges for its hash to mean anything
_SIDE = 64
_KEPT = 16
_SMALLEST_SIDE = 5
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_QUALITY_SCALE = 90


class Turn(StrEnum):
    """How the image was turned or mirrored before it was hashed."""

    ORIGINAL = "original"
    ROTATE_90 = "rotate_90"
    ROTATE_180 = "rotate_180"
    ROTATE_270 = "rotate_270"
    FLIP_VERTICAL = "flip_vertical"
    FLIP_HORIZONTAL = "flip_horizontal"
    TRANSPOSE = "transpose"
    TRANSVERSE = "transverse"


@dataclass(frozen=True, slots=True)
class Pdq:
    """A hash, and from 0 to 100 how far it can be relied on.

    Attributes:
        data: 32 bytes, in the order in which the hash is written in hexadecimal.
    """

    data: bytes
    quality: int

    @property
    def hex(self) -> str:
        return self.data.hex()


def pdq(pixels: npt.NDArray[np.uint8]) -> Pdq:
    """The hash of an image.

    Args:
        pixels: [height, width, 3], RGB. Under five pixels a side there is no hash: zeros, with quality 0.
    """
    small = _shrunk(pixels)
    if small is None:
        return Pdq(bytes(HASH_BYTES), 0)
    return Pdq(_bits(_frequencies(small)), _quality(small))


def pdq_turned(pixels: npt.NDArray[np.uint8]) -> dict[Turn, Pdq]:
    """The hashes of an image as it is, turned and mirrored, for little more than the cost of one."""
    small = _shrunk(pixels)
    if small is None:
        return dict.fromkeys(Turn, Pdq(bytes(HASH_BYTES), 0))
    quality, own = _quality(small), _frequencies(small)
    return {turn: Pdq(_bits(_turned(own, turn)), quality) for turn in Turn}


def _shrunk(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32] | None:
    """64 x 64 brightnesses."""
    height, width = pixels.shape[:2]
    if min(height, width) < _SMALLEST_SIDE:
        return None
    rows = _filtered(pixels.reshape(height, 3 * width)).reshape(_SIDE, width, 3)
    brightness = sum(rows[..., place] * weight for place, weight in enumerate(_LUMA))
    return _filtered(np.ascontiguousarray(np.transpose(brightness))).T


def _filtered(lines: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """The 64 lines that are left of many.

    Not by a product of matrices: that takes threads of its own, and waits for them where cores are busy.
    """
    left = np.empty((_SIDE, lines.shape[1]), np.float32)
    for line, (first, weights) in zip(left, _windows(len(lines)), strict=True):
        some = lines[first : first + len(weights)].astype(np.float32, copy=False)
        np.einsum("k,kl->l", weights, some, out=line)
    return left


@lru_cache(maxsize=256)
def _windows(size: int) -> tuple[tuple[int, npt.NDArray[np.float32]], ...]:
    """For each of the 64 lines that are left of so many: the first line that it is made of, and what each gives to it.

    The mean over a window, twice, the window cut at the edges; then one place in the middle of each 64th.
    """
    window = -(-size // (2 * _SIDE))
    right = (window + 2) // 2 - 1
    left = window - right - 1
    places = np.arange(size)
    first, last = np.maximum(places - left, 0), np.minimum(places + right, size - 1)
    found = []
    for centre in ((np.arange(_SIDE) + 0.5) * size / _SIDE).astype(int):
        inner = range(first[centre], last[centre] + 1)
        start = first[inner[0]]
        weights = np.zeros(last[inner[-1]] - start + 1)
        for place in inner:
            weights[first[place] - start : last[place] - start + 1] += 1 / (last[place] - first[place] + 1) / len(inner)
        found.append((int(start), weights.astype(np.float32)))
    return tuple(found)


def _quality(small: npt.NDArray[np.float32]) -> int:
    """How much neighbours differ, each difference cut to a whole hundredth of the range."""
    steps = sum(
        int(np.abs(np.trunc(np.diff(small, axis=axis) * np.float32(100) / np.float32(255))).sum()) for axis in (0, 1)
    )
    return min(steps // _QUALITY_SCALE, 100)


@cache
def _cosines() -> npt.NDArray[np.float32]:
    rows, columns = np.arange(1, _KEPT + 1)[:, None], 2 * np.arange(_SIDE) + 1
    waves: npt.NDArray[np.float64] = (2 / _SIDE) ** 0.5 * np.cos(np.pi / 2 / _SIDE * rows * columns)
    return waves.astype(np.float32)


def _frequencies(small: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    waves = _cosines()
    found: npt.NDArray[np.float32] = np.matmul(np.matmul(waves, small), waves.T)
    return found


def _bits(frequencies: npt.NDArray[np.float32]) -> bytes:
    flat = frequencies.ravel()
    middle = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    return np.packbits((flat > middle)[::-1]).tobytes()


def _turned(own: npt.NDArray[np.float32], turn: Turn) -> npt.NDArray[np.float32]:
    """The frequencies of a turned image: those of the image with other signs, and rows for columns."""
    odd = np.where(np.arange(_KEPT) % 2, np.float32(1), np.float32(-1))  # the lowest kept is the first, an odd one
    rows, columns = odd[:, None], odd[None, :]
    signs: dict[Turn, npt.NDArray[np.float32]] = {
        Turn.ROTATE_90: columns,
        Turn.ROTATE_180: rows * columns,
        Turn.ROTATE_270: rows,
        Turn.FLIP_VERTICAL: rows,
        Turn.FLIP_HORIZONTAL: columns,
        Turn.TRANSVERSE: rows * columns,
    }
    signed = own * signs[turn] if turn in signs else own
    return signed.T if turn in _TRANSPOSED else signed


_TRANSPOSED = (Turn.ROTATE_90, Turn.ROTATE_270, Turn.TRANSPOSE, Turn.TRANSVERSE)
