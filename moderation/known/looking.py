"""A medium -> what banks say of it, in one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from moderation.known.banks import Banks
from moderation.known.matches import Known
from moderation.known.prints import prints_of
from moderation.media.decoded import Image


def look_up(
    banks: Banks,
    images: Sequence[Image],
    data: bytes | None,
    *,
    tenant: str | None = None,
    today: dt.date,
    is_video: bool = False,
) -> Known:
    """What the banks for a tenant on this day say of a medium; milliseconds for each picture, so call it in a thread.

    Args:
        images: its pictures or frames, decoded; one laid on several backgrounds is several, at one place.
        data: the whole file; None if it is not at hand.
        is_video: whether the pictures are frames of a video, which known videos are compared with.
    """
    prints = prints_of(images, data, banks.wanted(tenant, today))
    return banks.look(prints, tenant=tenant, today=today, is_video=is_video)
