"""Looks hashes up among millions, exactly: what is within the threshold is found, always.

Two hashes of 256 bits that differ in at most 31 agree, but for one bit, in at least one of their 16 pieces of 16 bits:
if each piece differed in two, that would be 32. So the hashes are sorted by each of their pieces, and a look compares
only those that share a piece with it, or nearly. Where that would be too many of them (a bank whose hashes are much
alike, a threshold far from the usual one), all are compared: the answer is the same.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

HASH_BITS = 256
MAX_THRESHOLD = (
    64  # two images that have nothing to do with one another differ in about 128 bits, hardly ever in under 80
)
_WORDS = 4
_PIECES = 16
_PIECE_VALUES = 1 << 16
_SORTED_FROM = 1 << 12  # fewer hashes are compared faster than picked out
_AT_ONCE = 1 << 15  # hashes compared at once: they and their distances stay in the processor's cache
_ALL_IF_OVER = 16  # comparing all costs about as much as picking out one in so many

Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # rows, and the distance of each


class NearIndex:
    """Hashes of 256 bits, looked up by how many bits differ.

    It takes 100 bytes for each hash, and 8 MB.

    Args:
        hashes: uint8 [n, 32].
    """

    def __init__(self, hashes: npt.NDArray[np.uint8]) -> None:
        self._count = len(hashes)
        whole = np.ascontiguousarray(hashes)
        self._words = np.ascontiguousarray(whole.view(np.uint64).reshape(-1, _WORDS).T)
        if self._count >= _SORTED_FROM:
            self._sort(whole.view(np.uint16).reshape(-1, _PIECES))

    def _sort(self, pieces: npt.NDArray[np.uint16]) -> None:
        self._rows = np.empty((_PIECES, self._count), np.uint32)
        self._starts = np.zeros((_PIECES, _PIECE_VALUES + 1), np.int64)
        for place in range(_PIECES):
            piece = np.ascontiguousarray(pieces[:, place])
            self._rows[place] = np.argsort(piece, kind="stable")
            np.cumsum(np.bincount(piece, minlength=_PIECE_VALUES), out=self._starts[place, 1:])
        self._starts += (np.arange(_PIECES) * self._count)[:, None]

    def __len__(self) -> int:
        return self._count

    def find(self, data: bytes, threshold: int) -> Found:
        """The rows that differ in at most so many bits, in order, each once."""
        words = np.frombuffer(data, np.uint64)
        rows = self._candidates(np.frombuffer(data, np.uint16), threshold // _PIECES)
        if rows is None:
            return self._among_all(words, threshold)
        far = np.zeros(len(rows), np.uint16)
        for place in range(_WORDS):
            far += np.bitwise_count(self._words[place][rows] ^ words[place])
        near = far <= threshold
        found, first = np.unique(rows[near], return_index=True)
        return found.astype(np.int64), far[near][first].astype(np.int64)

    def _candidates(self, pieces: npt.NDArray[np.uint16], most_bits: int) -> npt.NDArray[np.uint32] | None:
        """Rows that share a piece but for so many bits, some several times; None if they are too many."""
        changes = _changes(most_bits)
        if self._count < _SORTED_FROM or len(changes) * _PIECES * _ALL_IF_OVER > self._count:
            return None
        values = (pieces[:, None] ^ changes).astype(np.intp)
        places = np.arange(_PIECES)[:, None]
        starts = self._starts[places, values].ravel()
        counts = self._starts[places, values + 1].ravel() - starts
        ends = np.cumsum(counts)
        if ends[-1] * _ALL_IF_OVER > self._count:
            return None
        picked = np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)
        rows: npt.NDArray[np.uint32] = self._rows.ravel()[picked]
        return rows

    def _among_all(self, words: npt.NDArray[np.uint64], threshold: int) -> Found:
        rows, distances = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for start in range(0, self._count, _AT_ONCE):
            some = self._words[:, start : start + _AT_ONCE]
            far = np.bitwise_count(some[0] ^ words[0]).astype(np.uint16)
            for place in range(1, _WORDS):
                far += np.bitwise_count(some[place] ^ words[place])
            near = np.flatnonzero(far <= threshold)
            rows.append(near + start)
            distances.append(far[near].astype(np.int64))
        return np.concatenate(rows), np.concatenate(distances)


@cache
def _changes(most_bits: int) -> npt.NDArray[np.uint16]:
    """All ways to change a piece in at most so many bits."""
    places = range(HASH_BITS // _PIECES)
    found = [sum(1 << bit for bit in bits) for count in range(most_bits + 1) for bits in combinations(places, count)]
    return np.array(found, np.uint16)


class ExactIndex:
    """Hashes of one length, looked up whole.

    Args:
        hashes: uint8 [n, length], of 8 bytes and more each.
    """

    def __init__(self, hashes: npt.NDArray[np.uint8]) -> None:
        heads = np.ascontiguousarray(hashes[:, :8]).view(np.uint64).ravel()
        self._hashes = hashes
        self._rows = np.argsort(heads, kind="stable")
        self._heads = heads[self._rows]

    def __len__(self) -> int:
        return len(self._heads)

    def find(self, data: bytes) -> list[int]:
        """The rows with this hash, in order."""
        head = np.frombuffer(data[:8], np.uint64)[0]
        start, end = (int(np.searchsorted(self._heads, head, side)) for side in ("left", "right"))
        return [int(row) for row in self._rows[start:end] if self._hashes[row].tobytes() == data]
