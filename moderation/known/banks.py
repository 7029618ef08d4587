"""Banks together, made ready to look media up in.

What is found is all that there is, nearest first, up to a number. What is left out for that number changes no decision:
the nearest of every bank, and of every set of categories in it, is always told.
"""

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
from moderation.known.prints import Print, Prints, Wanted, nothing
from moderation.known.signals import BYTES, OF_FILES, Kind
from moderation.known.vpdq import Shares, VideoIndex
from moderation.media.decoded import Place
from moderation.models.base import Gap
from moderation.models.hashing import HASH_BYTES, Turn

MAX_MATCHES = 100  # of one medium, but for the nearest of its kind; a bank may hold thousands of copies of one image
_Index = TypeVar("_Index")


@dataclass(frozen=True, slots=True, eq=False)
class _Table(Generic[_Index]):
    """Hashes of one kind of all banks.

    Attributes:
        banks, entries: which each row is of.
        groups: equal where bank and categories are, so that one of them says as much as all.
    """

    index: _Index
    banks: npt.NDArray[np.int64]
    entries: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int32]


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
        self._groups = _groups_of(read)
        self._pictures = self._table(Kind.PDQ, NearIndex, lambda head: not head.turned)
        self._turned = self._table(Kind.PDQ, NearIndex, lambda head: head.turned)
        self._files = {kind: self._table(kind, ExactIndex) for kind in OF_FILES}
        self._videos = self._video_table()

    def wanted(self, tenant: str | None, today: dt.date) -> Wanted:
        """Which hashes of a tenant's media are looked up on this day."""
        own = [one for one in self._read if one.head.is_for(tenant, today)]
        kinds = frozenset(kind for one in own for kind in one.columns)
        return Wanted(kinds, any(one.head.turned and Kind.PDQ in one.columns for one in own))

    def look(
        self,
        prints: Prints,
        *,
        tenant: str | None,
        today: dt.date,
        is_video: bool = False,
        check: Callable[[], object] = nothing,
    ) -> Known:
        """What the banks for a tenant on this day say of a medium; milliseconds for a picture, so call it in a thread.

        Args:
            prints: made with what `wanted` says.
            is_video: whether all pictures are frames of one video. Without it those are that say which frame they are:
                of an animation, or of videos in an archive.
            check: called before each question; what it raises ends the look.
        """
        allowed = np.array([head.is_for(tenant, today) for head in self.heads], bool)
        found: dict[_Key, _Best] = {}
        is_all = self._look_at_pictures(prints.pictures, allowed, found, check)
        for kind, data in prints.files.items():
            table = self._files[kind]
            for row in table.index.find(data):
                if allowed[table.banks[row]]:
                    key = (int(table.banks[row]), int(table.entries[row]), kind)
                    found[key] = _Best(0, WHOLE, Turn.ORIGINAL, {})
        for frames in _videos_of(prints.pictures, is_video=is_video):
            self._look_at_videos(frames, allowed, found, check)
        told = self._told(sorted(found.items(), key=lambda one: (one[1].distance, one[0])))
        unsure = tuple(one.place for one in prints.pictures if not one.is_sure)
        return Known(
            matches=tuple(self._match(key, best) for key, best in told),
            is_all=is_all and len(told) == len(found),
            unsure=unsure,
            gaps=(Gap(LOW_QUALITY),) if unsure and len(unsure) == len(prints.pictures) else (),
        )

    def _told(self, ordered: Sequence[tuple[_Key, _Best]]) -> list[tuple[_Key, _Best]]:
        """The nearest, and of each group the nearest."""
        groups = np.array([self._groups[bank][entry] for (bank, entry, _), _ in ordered], np.int32)
        return [ordered[place] for place in _nearest(groups)]

    def _look_at_pictures(
        self,
        pictures: Iterable[Print],
        allowed: npt.NDArray[np.bool_],
        found: dict[_Key, _Best],
        check: Callable[[], object],
    ) -> bool:
        is_all, asked = True, _Asked(self._thresholds, allowed)
        for picture in pictures:
            for table, turn, data in self._questions(picture):
                check()
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
        self,
        frames: Sequence[Print],
        allowed: npt.NDArray[np.bool_],
        found: dict[_Key, _Best],
        check: Callable[[], object],
    ) -> None:
        if not allowed[self._videos.banks].any():
            return
        hashes = [frame.turns[Turn.ORIGINAL] for frame in frames]
        for seen in self._videos.index.find(hashes, check):
            bank, shares = int(self._videos.banks[seen.video]), seen.shares
            head = self.heads[bank]
            if not allowed[bank] or shares.of_query < head.of_query or shares.of_bank < head.of_bank:
                continue
            places = {frame.place: None for frame, data in zip(frames, hashes, strict=True) if data in seen.hashes}
            nearest = frames[hashes.index(seen.nearest)].place
            key = (bank, int(self._videos.entries[seen.video]), Kind.VPDQ)
            if key not in found or seen.distance < found[key].distance:
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
        banks, entries = self._owners(kind, fits)
        groups = [self._groups[at][one.columns[kind].entries] for at, one in self._holders(kind, fits)]
        return _Table(make(self._hashes(kind, fits)), banks, entries, np.concatenate([np.empty(0, np.int32), *groups]))

    def _holders(self, kind: Kind, fits: Callable[[Bank], bool]) -> list[tuple[int, ReadBank]]:
        return [(at, one) for at, one in enumerate(self._read) if kind in one.columns and fits(one.head)]

    def _hashes(self, kind: Kind, fits: Callable[[Bank], bool] = lambda _: True) -> npt.NDArray[np.uint8]:
        size = BYTES.get(kind, HASH_BYTES)
        own = [one.columns[kind].hashes for _, one in self._holders(kind, fits)]
        return np.concatenate([np.empty((0, size), np.uint8), *own])

    def _owners(
        self, kind: Kind, fits: Callable[[Bank], bool] = lambda _: True
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """By row: bank, entry."""
        own = [(at, one.columns[kind].entries) for at, one in self._holders(kind, fits)]
        banks = [np.full(len(entries), at, np.int64) for at, entries in own]
        empty = np.empty(0, np.int64)
        return np.concatenate([empty, *banks]), np.concatenate([empty, *(entries for _, entries in own)])

    def _video_table(self) -> _Table[VideoIndex]:
        """Its banks and entries are by video, not by row."""
        banks, entries = self._owners(Kind.VPDQ)
        pairs, videos = np.unique(np.stack([banks, entries]), axis=1, return_inverse=True)
        index = VideoIndex(self._hashes(Kind.VPDQ), videos.reshape(-1).astype(np.int64), self._thresholds[pairs[0]])
        groups = np.array([self._groups[bank][entry] for bank, entry in pairs.T.tolist()], np.int32)
        return _Table(index, pairs[0], pairs[1], groups)


class _Asked:
    """What was near to hashes that were asked about before: still scenes have many equal frames."""

    def __init__(self, thresholds: npt.NDArray[np.int64], allowed: npt.NDArray[np.bool_]) -> None:
        self._thresholds = thresholds
        self._allowed = allowed
        self._most = int(thresholds.max(initial=0))
        self._known: dict[tuple[int, bytes], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]] = {}

    def near(self, table: _Table[NearIndex], data: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]:
        """Rows of allowed banks within each bank's threshold, nearest first, of each group the nearest; and whether
        that is all."""
        key = (id(table), data)
        if key not in self._known:
            rows, distances = table.index.find(data, self._most)
            banks = table.banks[rows]
            fits = self._allowed[banks] & (distances <= self._thresholds[banks])
            rows, distances = rows[fits], distances[fits]
            order = np.argsort(distances, kind="stable")
            order = order[_nearest(table.groups[rows[order]])]
            self._known[key] = rows[order], distances[order], len(order) == len(rows)
        return self._known[key]


def _groups_of(read: Sequence[ReadBank]) -> list[npt.NDArray[np.int32]]:
    """By bank and entry, a number that is the same where bank and categories are."""
    numbers: dict[tuple[int, tuple[str, ...]], int] = {}
    found = []
    for at, one in enumerate(read):
        groups = np.full(len(one.names), numbers.setdefault((at, one.head.categories), len(numbers)), np.int32)
        for entry, (categories, _) in one.notes.items():
            if categories:
                groups[entry] = numbers.setdefault((at, categories), len(numbers))
        found.append(groups)
    return found


def _nearest(groups: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Which of some matches are told, in order: as many as may be, and the first of each group.

    Args:
        groups: of each, the nearest first.
    """
    firsts = np.unique(groups, return_index=True)[1]
    return np.union1d(np.arange(min(len(groups), MAX_MATCHES)), firsts).astype(np.int64)


def _videos_of(pictures: Iterable[Print], *, is_video: bool) -> list[list[Print]]:
    """The frames of each file that are compared with those of known videos."""
    videos: dict[str | None, list[Print]] = {}
    for picture in pictures:
        if picture.is_sure and (is_video or picture.place.frame is not None):
            videos.setdefault(picture.place.member, []).append(picture)
    return list(videos.values())


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
