"""A medium -> what banks say of it, in one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from moderation.known.banks import Banks
from moderation.known.matches import Known
from moderation.known.prints import nothing, prints_of
from moderation.media.decoded import Image


def look_up(
    banks: Banks,
    images: Sequence[Image],
    data: bytes | None,
    *,
    tenant: str | None = None,
    today: dt.date,
    is_video: bool = False,
    check: Callable[[], object] = nothing,
) -> Known:
    """What the banks for a tenant on this day say of a medium; milliseconds for each picture, so call it in a thread.

    Args:
        images: its pictures or frames, decoded; one laid on several backgrounds is several, at one place.
        data: the whole file; None if it is not at hand.
        is_video: whether all pictures are frames of one video. Without it those are that say which frame they are.
        check: called again and again; what it raises ends the look. A thread cannot be stopped from outside.
    """
    prints = prints_of(images, data, banks.wanted(tenant, today), check)
    return banks.look(prints, tenant=tenant, today=today, is_video=is_video, check=check)
