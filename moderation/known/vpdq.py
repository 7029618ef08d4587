"""The same video by its frames, as vPDQ: how many of its frames are in the other, and how many of the other's in it.

Frames are compared as pictures are, equal ones once, and only those whose hash can be relied on. Their order does not
count. A cut of a known video has most of its own frames in the known one; a known video within a longer one has most of
the known one's in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.known.index import NearIndex
from moderation.known.prints import nothing
from moderation.known.signals import Frame
from moderation.models.hashing import HASH_BYTES, MIN_QUALITY


@dataclass(frozen=True, slots=True)
class Shares:
    """Percent of the frames of the video that was looked up, and of the known one, that are in the other."""

    of_query: float
    of_bank: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A known video that some frames are of.

    Attributes:
        video: number of the known video.
        distance: the least between two frames.
        hashes: of the frames that are in it.
        nearest: that of the nearest.
    """

    video: int
    shares: Shares
    distance: int
    hashes: frozenset[bytes]
    nearest: bytes


class VideoIndex:
    """Known videos.

    Args:
        hashes: uint8 [n, 32], of frames.
        videos: the number of the video that each is of, from 0 and without a gap.
        thresholds: by video, the bits in which two hashes of the same frame differ at most.
    """

    def __init__(
        self, hashes: npt.NDArray[np.uint8], videos: npt.NDArray[np.int64], thresholds: npt.NDArray[np.int64]
    ) -> None:
        self._near = NearIndex(hashes)
        self._videos = videos
        self._thresholds = thresholds
        self._counts = np.bincount(videos, minlength=len(thresholds))

    def find(self, frames: Collection[bytes], check: Callable[[], object] = nothing) -> list[Seen]:
        """The known videos that have any of these frames, by number; equal frames count once.

        Args:
            check: called before each frame; what it raises ends the look.
        """
        queries = list(dict.fromkeys(frames))
        most = int(self._thresholds.max(initial=0))
        rows, distances, askers = [], [], []
        for number, data in enumerate(queries):
            check()
            found, far = self._near.find(data, most)
            near = far <= self._thresholds[self._videos[found]]
            rows.append(found[near])
            distances.append(far[near])
            askers.append(np.full(int(near.sum()), number))
        if not rows:
            return []
        return self._together(queries, np.concatenate(rows), np.concatenate(distances), np.concatenate(askers))

    def _together(
        self,
        queries: Sequence[bytes],
        rows: npt.NDArray[np.int64],
        distances: npt.NDArray[np.int64],
        askers: npt.NDArray[np.int64],
    ) -> list[Seen]:
        videos = self._videos[rows]
        order = np.argsort(videos, kind="stable")
        found = []
        for part in np.split(order, np.flatnonzero(np.diff(videos[order])) + 1):
            if not len(part):
                continue
            video = int(videos[part[0]])
            own = np.unique(askers[part])
            shares = Shares(100 * len(own) / len(queries), 100 * len(np.unique(rows[part])) / int(self._counts[video]))
            best = part[int(np.argmin(distances[part]))]
            hashes = frozenset(queries[int(one)] for one in own)
            found.append(Seen(video, shares, int(distances[best]), hashes, queries[int(askers[best])]))
        return found


def compare(query: Sequence[Frame], known: Sequence[Frame], *, threshold: int) -> Shares:
    """Two videos, frame by frame; nothing of a video without a frame that can be relied on."""
    frames = _sure(known)
    if not frames:
        return Shares(0.0, 0.0)
    hashes = np.frombuffer(b"".join(frames), np.uint8).reshape(-1, HASH_BYTES)
    index = VideoIndex(hashes, np.zeros(len(frames), np.int64), np.array([threshold], np.int64))
    seen = index.find(_sure(query))
    return seen[0].shares if seen else Shares(0.0, 0.0)


def _sure(frames: Sequence[Frame]) -> list[bytes]:
    return list(dict.fromkeys(frame.data for frame in frames if frame.quality >= MIN_QUALITY))
