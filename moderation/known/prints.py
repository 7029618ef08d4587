"""Media -> what it is known again by: the hashes of its pictures, and of the file itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from moderation.known.signals import Kind
from moderation.media.decoded import Image, Place
from moderation.models.hashing import MIN_QUALITY, Turn, pdq, pdq_turned


@dataclass(frozen=True, slots=True)
class Print:
    """A picture's hashes.

    Attributes:
        turns: by how the picture was turned before; the original is always there.
    """

    place: Place
    quality: int
    turns: Mapping[Turn, bytes]

    @property
    def is_sure(self) -> bool:
        """Whether it may be compared: of a picture with next to nothing on it, the hash is chance."""
        return self.quality >= MIN_QUALITY


@dataclass(frozen=True, slots=True)
class Prints:
    """All that one medium is known again by.

    Attributes:
        files: hashes of all its bytes.
    """

    pictures: tuple[Print, ...] = ()
    files: Mapping[Kind, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What there are banks for; the rest need not be hashed.

    Attributes:
        turned: whether pictures are looked up turned and mirrored too.
    """

    kinds: Collection[Kind]
    turned: bool = False


def nothing() -> None:
    """Checks nothing."""


def prints_of(
    images: Sequence[Image], data: bytes | None, wanted: Wanted, check: Callable[[], object] = nothing
) -> Prints:
    """The hashes of a medium; a millisecond or two for a picture, so call it in a thread.

    Args:
        images: its pictures or frames, decoded.
        data: the whole file; None if it is not at hand.
        check: called before each picture; what it raises ends the work.
    """
    pictures: list[Print] = []
    if Kind.PDQ in wanted.kinds or Kind.VPDQ in wanted.kinds:
        for image in images:
            check()
            pictures.append(_print(image, turned=wanted.turned))
    files = {} if data is None else {kind: _digest(kind, data) for kind in wanted.kinds if kind in _DIGESTS}
    return Prints(tuple(pictures), files)


def _print(image: Image, *, turned: bool) -> Print:
    if not turned:
        own = pdq(image.pixels)
        return Print(image.place, own.quality, {Turn.ORIGINAL: own.data})
    every = pdq_turned(image.pixels)
    return Print(image.place, every[Turn.ORIGINAL].quality, {turn: one.data for turn, one in every.items()})


_DIGESTS: Mapping[Kind, str] = {Kind.MD5: "md5", Kind.SHA1: "sha1", Kind.SHA256: "sha256"}


def _digest(kind: Kind, data: bytes) -> bytes:
    return hashlib.new(_DIGESTS[kind], data, usedforsecurity=False).digest()
