"""What a bank holds: hashes of known media, and what those who share them say of each.

The words are those of the exchanges: a signal is a hash of one kind, an opinion what somebody thinks of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from moderation.models.hashing import HASH_BYTES

MAX_FRAMES = 100_000  # of one video


class Kind(StrEnum):
    """PDQ and VPDQ know images and videos again by what they show; the others know a file, byte for byte."""

    PDQ = "pdq"
    VPDQ = "vpdq"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"


BYTES: Mapping[Kind, int] = {Kind.PDQ: HASH_BYTES, Kind.MD5: 16, Kind.SHA1: 20, Kind.SHA256: 32}
OF_FILES = frozenset({Kind.MD5, Kind.SHA1, Kind.SHA256})


class Opinion(StrEnum):
    """What is said of a signal: it is what it is shared for, it may lead there, opinions differ, or it is a mistake."""

    POSITIVE = "positive"
    SEED = "seed"
    DISPUTED = "disputed"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Signal:
    """One hash.

    Attributes:
        value: hexadecimal digits in small letters; of a video, frames as `frames_of` reads them.
        id: what the bank calls it; without one it is called by its hash.
        quality: of the hash, 0 to 100; None if nobody says.
        categories: instead of the bank's.
        tags: words of whoever shares it.
    """

    kind: Kind
    value: str
    id: str = ""
    quality: int | None = None
    opinion: Opinion = Opinion.POSITIVE
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """The hash of one frame of a video."""

    data: bytes
    quality: int
    time_s: float


_HEX = {kind: re.compile(rf"[0-9a-f]{{{2 * count}}}") for kind, count in BYTES.items()}


def checked(kind: Kind, value: str) -> str:
    """A hash as it is kept: small letters, no blanks around it.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if kind is Kind.VPDQ:
        frames_of(value)
        return value
    value = value.strip().lower()
    if not _HEX[kind].fullmatch(value):
        raise ValueError(f"a {kind} hash has {2 * BYTES[kind]} hexadecimal digits; this has {len(value)} characters")
    return value


def frames_of(value: str) -> list[Frame]:
    """The frames of a video's hash: a JSON list of texts `hash,quality,seconds`, as ThreatExchange writes them.

    Raises:
        ValueError: saying what is wrong with it.
    """
    try:
        written = json.loads(value)
    except (ValueError, RecursionError):
        written = None
    if not isinstance(written, list) or not written or not all(isinstance(one, str) for one in written):
        raise ValueError('a vpdq hash is a JSON list of frames such as ["<64 hexadecimal digits>,100,0.0"]')
    if len(written) > MAX_FRAMES:
        raise ValueError(f"a video has over {MAX_FRAMES} frames")
    return [_frame(one, number) for number, one in enumerate(written, start=1)]


def _frame(written: str, number: int) -> Frame:
    parts = written.split(",")
    try:
        digits, quality, time_s = parts
        found = Frame(bytes.fromhex(digits), int(quality), float(time_s))
    except ValueError:
        found = Frame(b"", 0, 0.0)
    if len(found.data) != HASH_BYTES or not 0 <= found.quality <= 100 or not 0 <= found.time_s < float("inf"):
        raise ValueError(f"frame {number} of a vpdq hash is not `hash,quality,seconds`: `{written[:80]}`")
    return found


def frames_written(frames: Sequence[Frame]) -> str:
    """As `frames_of` reads them."""
    return json.dumps([f"{one.data.hex()},{one.quality},{one.time_s:.3f}" for one in frames])
