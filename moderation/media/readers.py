"""The contract between the decoder and a reader of one kind of file.

A reader is a module with `read(file: File) -> Iterator[Find]`; `kinds` says which one reads what. It gives what it
finds one after the other, and knows nothing of budgets, of files in files, nor of what other readers find: `reading`
counts, and stops asking. It runs in the decoder process only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from moderation.limits import Limits
from moderation.media.decoded import NOWHERE, Counts, FoundText, Image, Place, Unread, Waveform


class PastLimitError(Exception):
    """The medium's budget is used up: what was found stays, the rest of the file is unread for this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Room(Protocol):
    """What is left for all of a medium, the files in it included."""

    @property
    def pictures_left(self) -> int:
        """Pictures that are still taken; at 0 a reader need not make any."""
        ...

    @property
    def is_late(self) -> bool:
        """Whether time is up: who works long without giving anything looks here, and ends."""
        ...

    def unpack(self, size_bytes: int) -> None:
        """Counts what a reader unpacked for itself; called before, or in pieces.

        Raises:
            PastLimitError: leave it to the caller.
        """
        ...


@dataclass(frozen=True, slots=True)
class File:
    """One file to read.

    Attributes:
        mime: what its bytes look like.
        room: what is left for it.
    """

    data: bytes
    mime: str
    limits: Limits
    room: Room


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file in the file, read by whatever reads its kind.

    Attributes:
        name: path in the file; part of its place.
        open: gives its bytes, but not more than one over so many; raises `InputError` where they are broken.
        place: where in the file it stands, its name apart.
    """

    name: str
    open: Callable[[int], bytes]
    place: Place = NOWHERE

    @classmethod
    def of(cls, name: str, data: bytes, place: Place = NOWHERE) -> Embedded:
        """A file whose bytes are at hand."""
        return cls(name, lambda most: data[: most + 1], place)


Find = Image | Waveform | FoundText | Unread | Embedded | Counts
