"""What banks say of a medium. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from moderation.known.signals import Kind
from moderation.known.vpdq import Shares
from moderation.media.decoded import Place
from moderation.models.base import Gap
from moderation.models.hashing import Turn

LOW_QUALITY = "hash_quality_low"
WHOLE = Place()  # of the medium, or of a still picture


@dataclass(frozen=True, slots=True)
class KnownMatch:
    """An entry of a bank that a medium is, or shows.

    Attributes:
        entry: what the bank calls it.
        distance: bits in which the nearest two hashes differ; 0 for a hash of the file.
        place: of the nearest picture; `WHOLE` for a hash of the file.
        places: of all pictures that are near enough.
        turn: how the picture had to be turned.
        shares: of a video, how much of it and of the known one is the same.
    """

    bank: str
    revision: str
    entry: str
    kind: Kind
    categories: tuple[str, ...]
    score: float
    distance: int
    place: Place = WHOLE
    places: tuple[Place, ...] = ()
    turn: Turn = Turn.ORIGINAL
    shares: Shares | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What banks say of one medium.

    Attributes:
        matches: nearest first; the nearest of each bank, and of each set of categories in it, is among them.
        is_all: whether there are no more than these. More of them would lead to the same decision.
        unsure: pictures that could not be looked up: there is too little on them.
        gaps: why nothing that the medium shows could be looked up, if so.
    """

    matches: tuple[KnownMatch, ...] = ()
    is_all: bool = True
    unsure: tuple[Place, ...] = ()
    gaps: tuple[Gap, ...] = ()
