"""Media -> what the operator's banks of known content say of it, beside what the models say.

A look is bounded by the deadline for decoding. What it cannot tell in time is a gap; it never holds up a model.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from moderation.errors import DeadlineError
from moderation.known.bank import KNOWN
from moderation.known.banks import Banks
from moderation.known.looking import look_up
from moderation.known.matches import KnownMatch
from moderation.known.signals import OF_FILES, Kind
from moderation.lists.matching import utc_day
from moderation.media.decoded import Image
from moderation.models.base import Classification, Gap, Scored
from moderation.models.hashing import Turn
from moderation.pipelines.evidence import evidence_at
from moderation.pipelines.units import ListSource, Piece, Unit
from moderation.schema import Evidence, KnownEvidence

STAGE = "known"
AT_ONCE = 2  # looks, of all calls together: they share the threads of everything else that is done aside


@dataclass(frozen=True, slots=True)
class Recognised:
    """What banks say of one medium.

    Attributes:
        revision: of the banks.
        is_compared: whether anything of it was compared with anything.
        gaps: why it was not, if that is the service's fault.
    """

    revision: str
    matches: tuple[KnownMatch, ...] = ()
    is_compared: bool = False
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Recogniser:
    """The banks as one call sees them.

    Attributes:
        tenant: whose media it is.
        today: the day, in UTC, on which a bank must not have expired.
        free: a place for each look, of all calls.
    """

    banks: Banks
    tenant: str | None = None
    today: dt.date = field(default_factory=utc_day)
    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def look(
        self, images: Sequence[Image], data: bytes, *, is_video: bool, deadline_s: float
    ) -> Recognised | None:
        """What banks say of a medium; None where no bank for this tenant has anything to compare it with.

        Args:
            images: its pictures or frames.
            data: the file as it was sent.
            is_video: whether all pictures are frames of one video.
        """
        kinds = self.banks.wanted(self.tenant, self.today).kinds
        by_file = not OF_FILES.isdisjoint(kinds)
        shown = _comparable(images, kinds, is_video=is_video)
        if not by_file and not shown:
            return None
        try:
            async with asyncio.timeout(deadline_s), self.free:
                return await self._look(shown, data, is_video=is_video, by_file=by_file)
        except TimeoutError:
            return Recognised(self.banks.revision, gaps=(Gap(DeadlineError.code),))
        except Exception:  # noqa: BLE001 - whatever it is, the models' word is to be heard
            return Recognised(self.banks.revision, gaps=(Gap("stage_failed"),))

    async def _look(self, images: Sequence[Image], data: bytes, *, is_video: bool, by_file: bool) -> Recognised:
        left = threading.Event()

        def check() -> None:
            if left.is_set():
                raise TimeoutError

        try:
            known = await asyncio.to_thread(
                look_up,
                self.banks,
                images,
                data,
                tenant=self.tenant,
                today=self.today,
                is_video=is_video,
                check=check,
            )
        finally:
            left.set()  # where nobody waits any more, the thread ends too
        is_compared = by_file or len(known.unsure) < len(images)
        return Recognised(self.banks.revision, known.matches, is_compared=is_compared)


def _comparable(images: Sequence[Image], kinds: Collection[Kind], *, is_video: bool) -> Sequence[Image]:
    """Those pictures that some bank has anything for: pictures, or frames alone."""
    if Kind.PDQ in kinds:
        return images
    if Kind.VPDQ not in kinds:
        return ()
    return images if is_video else [one for one in images if one.place.frame is not None]


def units_of(piece: Piece, recognised: Recognised) -> Iterator[Unit]:
    """A unit for each match; without one, that what was compared is not known."""
    for match in recognised.matches:
        evidence = evidence_of(match)
        source = ListSource(f"bank:{match.bank}", match.revision)
        scored = Scored(dict.fromkeys(match.categories, match.score))
        yield Unit(piece, (), None, evidence, [(source, Classification((scored,)))])
    if recognised.is_compared and not recognised.matches:
        source = ListSource("banks", recognised.revision)
        yield Unit(piece, (), None, Evidence(), [(source, Classification((Scored({KNOWN: 0.0}),)))])


def evidence_of(match: KnownMatch) -> Evidence:
    """Where the nearest is, and which entry it is near to."""
    of_file, shares = match.kind in OF_FILES, match.shares
    known = KnownEvidence(
        bank=match.bank,
        entry=match.entry,
        kind=match.kind,
        distance=None if of_file else match.distance,
        turn=None if match.turn is Turn.ORIGINAL else match.turn,
        places=len(match.places) if len(match.places) > 1 else None,
        of_query=None if shares is None else round(shares.of_query, 1),
        of_bank=None if shares is None else round(shares.of_bank, 1),
    )
    return replace(evidence_at(match.place), known=known)
