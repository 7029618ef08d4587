"""Nothing within the threshold is missed: against a slow look at every hash."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from support.hashes import changed

from moderation.known.index import MAX_THRESHOLD, ExactIndex, NearIndex

Hashes = npt.NDArray[np.uint8]


def drawn(count: int, seed: int = 0) -> Hashes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


def slow(hashes: Hashes, data: bytes, threshold: int) -> dict[int, int]:
    far = np.unpackbits(hashes ^ np.frombuffer(data, np.uint8), axis=1).sum(axis=1)
    return {int(row): int(far[row]) for row in np.flatnonzero(far <= threshold)}


def found(index: NearIndex, data: bytes, threshold: int) -> dict[int, int]:
    rows, distances = index.find(data, threshold)
    assert rows.tolist() == sorted(set(rows.tolist()))
    return dict(zip(rows.tolist(), distances.tolist(), strict=True))


@pytest.mark.parametrize("threshold", [0, 1, 15, 16, 31, 32, 47, MAX_THRESHOLD])
@pytest.mark.parametrize("count", [0, 1, 300, 30_000])
def test_what_is_near_is_found(count: int, threshold: int) -> None:
    own = np.frombuffer(bytes(range(32)), np.uint8)
    near = [changed(own.tobytes(), bits, seed) for seed, bits in enumerate(range(0, 70, 3))]
    hashes = np.concatenate([drawn(count), np.array([list(one) for one in near], np.uint8)])
    index = NearIndex(hashes)
    for data in (own.tobytes(), near[5], drawn(1, seed=9)[0].tobytes()):
        assert found(index, data, threshold) == slow(hashes, data, threshold)


def test_bits_spread_as_badly_as_can_be_are_found() -> None:
    """Two other bits in each piece but one, one in that: 31 bits, and only one piece is nearly the same."""
    hashes = drawn(40_000)
    own = hashes[123].tobytes()
    for spared in range(16):
        number = int.from_bytes(own, "little")
        for piece in range(16):
            for bit in (0, 15) if piece != spared else (7,):
                number ^= 1 << (16 * piece + bit)
        data = number.to_bytes(32, "little")
        assert found(NearIndex(hashes), data, 31)[123] == 31
        assert 123 not in found(NearIndex(hashes), data, 30)


def test_hashes_that_are_much_alike_are_all_found() -> None:
    """Every one shares pieces with every other: picking out would pick nearly all."""
    own = drawn(1)[0].tobytes()
    hashes = np.array([list(changed(own, 20, seed)) for seed in range(8_000)], np.uint8)
    index = NearIndex(hashes)
    assert found(index, own, 31) == slow(hashes, own, 31)
    assert len(found(index, own, 31)) == 8_000


def test_whole_hashes_are_found_as_often_as_they_are_there() -> None:
    hashes = drawn(1_000)[:, :16].copy()
    hashes[10] = hashes[20] = hashes[999]
    hashes[30, :8] = hashes[999, :8]  # the same beginning, another end
    index = ExactIndex(hashes)
    assert index.find(hashes[999].tobytes()) == [10, 20, 999]
    assert index.find(hashes[30].tobytes()) == [30]
    assert index.find(bytes(16)) == []
    assert ExactIndex(hashes[:0]).find(bytes(16)) == []
