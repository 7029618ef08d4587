"""What was found out of texts before, so that a conversation's earlier turns are not looked at a second time.

Keyed by tenant and by a hash of the text: what one tenant sent never shows in how fast another is answered. It belongs
to one engine, whose models and tables do not change while it lives; what does change, the operator's lists, is part of
the key of what depends on it. Held are scores, forms and what lists found, never decisions, and nothing that trying
again might change (`lasts`). Threads may share it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, NewType, TypeVar

from moderation.errors import STAGE_CODES
from moderation.models.base import Gap

Value = TypeVar("Value")
_SHARE = 10

Digest = NewType("Digest", bytes)
Key = tuple[str | None, str, Digest]


def digest_of(text: str) -> Digest:
    """What a text is known by; made once for all caches."""
    return Digest(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())


def lasts(gaps: Iterable[Gap]) -> bool:
    """Whether the same text has these gaps every time: they lie with the text, and no stage failed."""
    return not any(gap.reason in STAGE_CODES for gap in gaps)


class TextCache(Generic[Value]):
    """The most recently used entries, of a bounded weight together.

    Args:
        most: weight of all entries; 0 holds none. One that alone weighs over a tenth of it is not held.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, tenant: str | None, text: Digest, *, revision: str = "") -> Value | None:
        """What is held of a text.

        Args:
            revision: of what the value depends on beside the text, and what may change while the engine lives.
        """
        key = tenant, revision, text
        with self._lock:
            held = self._entries.get(key)
            if held is None:
                return None
            self._entries.move_to_end(key)
            return held[0]

    def put(self, tenant: str | None, text: Digest, value: Value, *, revision: str = "", weight: int = 1) -> None:
        """Holds it; the least recently used go."""
        if weight > max(self._most // _SHARE, min(self._most, 1)):
            return
        key = tenant, revision, text
        with self._lock:
            self.weight += weight - self._entries.pop(key, (value, 0))[1]
            self._entries[key] = value, weight
            while self.weight > self._most:
                self.weight -= self._entries.popitem(last=False)[1][1]
