"""`Retry-After`: how long another server asks its clients to wait, whatever it wrote there."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MOST_S = 3_600
_DEFAULT_S = 1
_LONGEST = 64  # characters; a date has 29


def _now() -> datetime:
    return datetime.now(UTC)


def retry_after_s(header: str | None, *, now: Callable[[], datetime] = _now) -> int:
    """Whole seconds to wait, 0 to `MOST_S`; 1 where the header is missing or says nothing that can be read.

    Args:
        header: a number of seconds, or an HTTP date, which is held against this machine's clock.
    """
    told = (header or "").strip()
    if told.isascii() and told.isdigit():
        digits = told.lstrip("0")  # a number of thousands of digits is refused by `int`
        return min(int(digits or "0"), MOST_S) if len(digits) <= len(str(MOST_S)) else MOST_S
    if not told or len(told) > _LONGEST:
        return _DEFAULT_S
    try:
        until = parsedate_to_datetime(told)
        left_s = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now()).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return _DEFAULT_S
    return min(max(math.ceil(left_s), 0), MOST_S)
