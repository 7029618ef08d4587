"""What a bank is: its hashes, whom and what they are for, and what a match of them means.

Plain data; reading it from files is the business of `reading`. A bank shows no content: what stands behind a hash is
known only to whoever made it.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from moderation.known.exchange import Left
from moderation.known.signals import BYTES, Kind, Opinion, Signal, frames_of
from moderation.models.hashing import HASH_BYTES, MIN_QUALITY

THRESHOLD = 31  # what the authors of PDQ take for the same image
OF_QUERY, OF_BANK = 80.0, 0.0  # what the authors of vPDQ take for the same video, in percent
KNOWN = "known_content"
Note = tuple[tuple[str, ...], tuple[str, ...]]  # categories and tags


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank, as its file says.

    Attributes:
        revision: 12 hex digits of the SHA-256 of its files' bytes.
        categories: of its matches, unless a hash has its own.
        score: of its matches.
        threshold: bits in which two PDQ hashes of the same image differ at most.
        turned: whether images are looked up turned and mirrored too.
        of_query, of_bank: percent of the frames of a video, and of the bank's, that must be in the other.
        opinions: of which signals are taken.
        tenant: whose media it is for; None is everybody's.
        expires: the last day (UTC) on which it matches.
        licence: on what terms its hashes are had.
        count: of its entries.
        left: how many were left out, and why.
    """

    name: str
    revision: str
    file: str
    categories: tuple[str, ...] = (KNOWN,)
    score: float = 1.0
    threshold: int = THRESHOLD
    turned: bool = False
    of_query: float = OF_QUERY
    of_bank: float = OF_BANK
    opinions: tuple[Opinion, ...] = (Opinion.POSITIVE, Opinion.SEED, Opinion.DISPUTED)
    tenant: str | None = None
    expires: dt.date | None = None
    licence: str = ""
    description: str = ""
    count: int = 0
    left: Mapping[Left, int] = field(default_factory=dict)

    def is_for(self, tenant: str | None, today: dt.date) -> bool:
        """Whether it says anything of a tenant's media on this day."""
        return self.tenant in (None, tenant) and (self.expires is None or self.expires >= today)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The hashes of one kind.

    Attributes:
        hashes: uint8 [n, bytes of a hash]; of a video, one for each of its frames.
        entries: which entry of the bank each is of.
    """

    hashes: npt.NDArray[np.uint8]
    entries: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ReadBank:
    """A bank with what it holds.

    Attributes:
        names: of its entries; empty for one that is called by its hash.
        notes: categories and tags of the entries that have their own.
    """

    head: Bank
    columns: Mapping[Kind, Column]
    names: list[str]
    notes: Mapping[int, Note]


class Filling:
    """The entries of a bank while they are read."""

    def __init__(self, opinions: tuple[Opinion, ...]) -> None:
        self.left: Counter[Left] = Counter()
        self.names: list[str] = []
        self.notes: dict[int, Note] = {}
        self._opinions = opinions
        # Each once: a million more objects would be looked through again and again by Python's collector.
        self._notes: dict[Note, Note] = {}
        self._hashes: dict[Kind, bytearray] = {}
        self._entries: dict[Kind, array[int]] = {}

    def take(self, signal: Signal | Left) -> None:
        if isinstance(signal, Left):
            self.left[signal] += 1
            return
        if signal.opinion not in self._opinions:
            self.left[Left.OPINION] += 1
            return
        hashes = _hashes(signal)
        if not hashes:
            self.left[Left.LOW_QUALITY] += 1
            return
        number = len(self.names)
        self._hashes.setdefault(signal.kind, bytearray()).extend(b"".join(hashes))
        self._entries.setdefault(signal.kind, array("q")).extend([number] * len(hashes))
        self.names.append(signal.id)
        if signal.categories or signal.tags:
            note = (signal.categories, signal.tags)
            self.notes[number] = self._notes.setdefault(note, note)

    def columns(self) -> dict[Kind, Column]:
        found = {}
        for kind, data in self._hashes.items():
            hashes = np.frombuffer(data, np.uint8).reshape(-1, BYTES.get(kind, HASH_BYTES))
            found[kind] = Column(hashes, np.frombuffer(self._entries[kind], np.int64))
        return found


def _hashes(signal: Signal) -> list[bytes]:
    """Those of a signal that can be relied on: all different frames of a video, the one of anything else."""
    if signal.kind is Kind.VPDQ:
        return list(dict.fromkeys(frame.data for frame in frames_of(signal.value) if frame.quality >= MIN_QUALITY))
    if signal.kind is Kind.PDQ and signal.quality is not None and signal.quality < MIN_QUALITY:
        return []
    return [bytes.fromhex(signal.value)]
