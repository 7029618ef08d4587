"""Banks together, made ready to look media up in. What is found is all that there is, nearest first, up to a number."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from moderation.known.bank import Bank, ReadBank
from moderation.known.index import ExactIndex, NearIndex
from moderation.known.matches import LOW_QUALITY, WHOLE, Known, KnownMatch
from moderation.known.prints import Print, Prints, Wanted
from moderation.known.signals import BYTES, OF_FILES, Kind
from moderation.known.vpdq import Shares, VideoIndex
from moderation.media.decoded import Place
from moderation.models.base import Gap
from moderation.models.hashing import HASH_BYTES, Turn

MAX_MATCHES = 100  # of one medium; a bank may hold thousands of copies of one image
_Index = TypeVar("_Index")


@dataclass(frozen=True, slots=True, eq=False)
class _Table(Generic[_Index]):
    """Hashes of one kind of all banks, and which bank and entry each row is of."""

    index: _Index
    banks: npt.NDArray[np.int64]
    entries: npt.NDArray[np.int64]


_Key = tuple[int, int, Kind]


@dataclass(slots=True)
class _Best:
    """The nearest that was found of an entry, and where else it was."""

    distance: int
    place: Place
    turn: Turn
    places: dict[Place, None]
    shares: Shares | None = None


class Banks:
    """Some banks; they do not change.

    Args:
        read: each of another name.
    """

    def __init__(self, read: Sequence[ReadBank]) -> None:
        self._read = tuple(read)
        self.heads: tuple[Bank, ...] = tuple(one.head for one in read)
        self.revision = revision_of(read)
        self._thresholds = np.array([head.threshold for head in self.heads], np.int64)
        self._pictures = self._table(Kind.PDQ, NearIndex, lambda head: not head.turned)
        self._turned = self._table(Kind.PDQ, NearIndex, lambda head: head.turned)
        self._files = {kind: self._table(kind, ExactIndex) for kind in OF_FILES}
        self._videos = self._video_table()

    def wanted(self, tenant: str | None, today: dt.date) -> Wanted:
        """Which hashes of a tenant's media are looked up on this day."""
        own = [one for one in self._read if one.head.is_for(tenant, today)]
        kinds = frozenset(kind for one in own for kind in one.columns)
        return Wanted(kinds, any(one.head.turned and Kind.PDQ in one.columns for one in own))

    def look(self, prints: Prints, *, tenant: str | None, today: dt.date, is_video: bool = False) -> Known:
        """What the banks for a tenant on this day say of a medium; milliseconds for a picture, so call it in a thread.

        Args:
            prints: made with what `wanted` says.
            is_video: whether the pictures are frames of a video, which known videos are compared with.
        """
        allowed = np.array([head.is_for(tenant, today) for head in self.heads], bool)
        found: dict[_Key, _Best] = {}
        is_all = self._look_at_pictures(prints.pictures, allowed, found)
        for kind, data in prints.files.items():
            table = self._files[kind]
            for row in table.index.find(data):
                if allowed[table.banks[row]]:
                    key = (int(table.banks[row]), int(table.entries[row]), kind)
                    found[key] = _Best(0, WHOLE, Turn.ORIGINAL, {})
        if is_video:
            self._look_at_videos([one for one in prints.pictures if one.is_sure], allowed, found)
        ordered = sorted(found.items(), key=lambda one: (one[1].distance, one[0]))
        unsure = tuple(one.place for one in prints.pictures if not one.is_sure)
        return Known(
            matches=tuple(self._match(key, best) for key, best in ordered[:MAX_MATCHES]),
            is_all=is_all and len(ordered) <= MAX_MATCHES,
            unsure=unsure,
            gaps=(Gap(LOW_QUALITY),) if unsure and len(unsure) == len(prints.pictures) else (),
        )

    def _look_at_pictures(
        self, pictures: Iterable[Print], allowed: npt.NDArray[np.bool_], found: dict[_Key, _Best]
    ) -> bool:
        is_all, asked = True, _Asked(self._thresholds, allowed)
        for picture in pictures:
            for table, turn, data in self._questions(picture):
                rows, distances, all_rows = asked.near(table, data)
                is_all &= all_rows
                for row, distance in zip(rows, distances, strict=True):
                    key = (int(table.banks[row]), int(table.entries[row]), Kind.PDQ)
                    _note(found, key, int(distance), picture.place, turn)
        return is_all

    def _questions(self, picture: Print) -> Iterator[tuple[_Table[NearIndex], Turn, bytes]]:
        if not picture.is_sure:
            return
        yield self._pictures, Turn.ORIGINAL, picture.turns[Turn.ORIGINAL]
        for turn, data in picture.turns.items():
            yield self._turned, turn, data

    def _look_at_videos(
        self, frames: Sequence[Print], allowed: npt.NDArray[np.bool_], found: dict[_Key, _Best]
    ) -> None:
        if not allowed[self._videos.banks].any():
            return
        hashes = [frame.turns[Turn.ORIGINAL] for frame in frames]
        for seen in self._videos.index.find(hashes):
            bank, shares = int(self._videos.banks[seen.video]), seen.shares
            head = self.heads[bank]
            if not allowed[bank] or shares.of_query < head.of_query or shares.of_bank < head.of_bank:
                continue
            places = {frame.place: None for frame, data in zip(frames, hashes, strict=True) if data in seen.hashes}
            nearest = frames[hashes.index(seen.nearest)].place
            key = (bank, int(self._videos.entries[seen.video]), Kind.VPDQ)
            found[key] = _Best(seen.distance, nearest, Turn.ORIGINAL, places, shares)

    def _match(self, key: _Key, best: _Best) -> KnownMatch:
        bank, entry, kind = key
        read = self._read[bank]
        categories, tags = read.notes.get(entry, ((), ()))
        return KnownMatch(
            bank=read.head.name,
            revision=read.head.revision,
            entry=read.names[entry] or _hash_of(read, kind, entry),
            kind=kind,
            categories=categories or read.head.categories,
            score=read.head.score,
            distance=best.distance,
            place=best.place,
            places=tuple(best.places),
            turn=best.turn,
            shares=best.shares,
            tags=tags,
        )

    def _table(
        self,
        kind: Kind,
        make: Callable[[npt.NDArray[np.uint8]], _Index],
        fits: Callable[[Bank], bool] = lambda _: True,
    ) -> _Table[_Index]:
        return _Table(make(self._hashes(kind, fits)), *self._owners(kind, fits))

    def _hashes(self, kind: Kind, fits: Callable[[Bank], bool] = lambda _: True) -> npt.NDArray[np.uint8]:
        size = BYTES.get(kind, HASH_BYTES)
        own = [one.columns[kind].hashes for one in self._read if kind in one.columns and fits(one.head)]
        return np.concatenate([np.empty((0, size), np.uint8), *own])

    def _owners(
        self, kind: Kind, fits: Callable[[Bank], bool] = lambda _: True
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """By row: bank, entry."""
        own = [(at, one.columns[kind].entries) for at, one in enumerate(self._read) if kind in one.columns]
        own = [(at, entries) for at, entries in own if fits(self.heads[at])]
        banks = [np.full(len(entries), at, np.int64) for at, entries in own]
        empty = np.empty(0, np.int64)
        return np.concatenate([empty, *banks]), np.concatenate([empty, *(entries for _, entries in own)])

    def _video_table(self) -> _Table[VideoIndex]:
        """Its banks and entries are by video, not by row."""
        banks, entries = self._owners(Kind.VPDQ)
        pairs, videos = np.unique(np.stack([banks, entries]), axis=1, return_inverse=True)
        index = VideoIndex(self._hashes(Kind.VPDQ), videos.reshape(-1).astype(np.int64), self._thresholds[pairs[0]])
        return _Table(index, pairs[0], pairs[1])


class _Asked:
    """What was near to hashes that were asked about before: still scenes have many equal frames."""

    def __init__(self, thresholds: npt.NDArray[np.int64], allowed: npt.NDArray[np.bool_]) -> None:
        self._thresholds = thresholds
        self._allowed = allowed
        self._most = int(thresholds.max(initial=0))
        self._known: dict[tuple[int, bytes], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]] = {}

    def near(self, table: _Table[NearIndex], data: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]:
        """Rows of allowed banks within each bank's threshold, nearest first; and whether that is all."""
        key = (id(table), data)
        if key not in self._known:
            rows, distances = table.index.find(data, self._most)
            banks = table.banks[rows]
            fits = self._allowed[banks] & (distances <= self._thresholds[banks])
            rows, distances = rows[fits], distances[fits]
            order = np.argsort(distances, kind="stable")[:MAX_MATCHES]
            self._known[key] = rows[order], distances[order], len(rows) <= MAX_MATCHES
        return self._known[key]


def _note(found: dict[_Key, _Best], key: _Key, distance: int, place: Place, turn: Turn) -> None:
    best = found.get(key)
    if best is None:
        found[key] = _Best(distance, place, turn, {place: None})
        return
    best.places[place] = None
    if distance < best.distance:
        best.distance, best.place, best.turn = distance, place, turn


def _hash_of(read: ReadBank, kind: Kind, entry: int) -> str:
    column = read.columns[kind]
    row = int(np.searchsorted(column.entries, entry))
    data: bytes = column.hashes[row].tobytes()
    return data.hex()


def revision_of(read: Sequence[ReadBank]) -> str:
    """12 hex digits that say which banks these are."""
    heads = sorted(f"{one.head.name}\0{one.head.revision}" for one in read)
    return hashlib.sha256("\0".join(heads).encode()).hexdigest()[:12]
