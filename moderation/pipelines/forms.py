"""The forms in which a text is judged: as it stands, and as what it says under each disguise.

A disguise that cannot be followed to its end, or not in time, is a gap, never silence. The terms of the operator's
block lists are words that disguises are looked for in. What runs past its deadline is not waited for, but it cannot be
stopped: it ends by the limits of `views_of`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from itertools import islice
from weakref import WeakKeyDictionary

from moderation.errors import DeadlineError
from moderation.lists.matching import Lists
from moderation.models.base import Gap
from moderation.normalise.lexicon import Lexicon
from moderation.normalise.views import View, Views, views_of

STAGE = "normalise"
DEADLINE_S = 10.0
SHORT_CHARS = 500  # what is longer is looked at in a thread, so that the event loop goes on
MAX_WORDS = 100_000  # of one tenant's lists that disguises are looked for in
_LEAST_LATIN = 3
_LEAST_OTHER = 2

_LEXICONS: WeakKeyDictionary[Lists, dict[str | None, Lexicon]] = WeakKeyDictionary()
_LOCK = threading.Lock()


async def forms_of(
    text: str, *, lexicon: Lexicon | None = None, deadline_s: float = DEADLINE_S
) -> tuple[tuple[View, ...], tuple[Gap, ...]]:
    """The views of a text and what limits, or the deadline, left out of them.

    Args:
        lexicon: the words of the tenant's block lists, as `lexicon_of` has them.
    """
    try:
        if len(text) <= SHORT_CHARS:
            found: Views = views_of(text, lexicon=lexicon)
        else:
            async with asyncio.timeout(deadline_s):
                found = await asyncio.to_thread(views_of, text, lexicon=lexicon)
    except TimeoutError:
        return (), (Gap(DeadlineError.code),)
    except Exception:  # noqa: BLE001 - whatever a hostile text breaks there, it is a gap and the text itself is judged
        return (), (Gap("stage_failed"),)
    return found.views, tuple(Gap(reason, span) for reason, span in found.gaps)


async def lexicon_aside(lists: Lists, tenant: str | None) -> Lexicon:
    """As `lexicon_of`, the first time in a thread."""
    made = _LEXICONS.get(lists, {}).get(_own(lists, tenant))
    return await asyncio.to_thread(lexicon_of, lists, tenant) if made is None else made


def lexicon_of(lists: Lists, tenant: str | None) -> Lexicon:
    """The words of the block lists for a tenant's texts; made once for each tenant that has lists of its own.

    Terms with letters, of three characters or more if they are plain Latin and of two or more if they are not. Past
    `MAX_WORDS` of them, terms are matched as they are written, and under the disguises that ordinary words show.
    """
    own = _own(lists, tenant)
    with _LOCK:
        made = _LEXICONS.setdefault(lists, {})
        if own not in made:
            made[own] = Lexicon(dict.fromkeys(_words(lists.blocked(own)), 1.0))
        return made[own]


def _own(lists: Lists, tenant: str | None) -> str | None:
    return tenant if lists.has_own(tenant) else None


def _words(terms: Iterable[str]) -> Iterable[str]:
    """Terms that have letters, and enough of them to be known in disguise."""
    words = (term for term in terms if len(term) >= (_LEAST_LATIN if term.isascii() else _LEAST_OTHER))
    distinct = dict.fromkeys(word for word in words if any(map(str.isalpha, word)))
    return islice(distinct, MAX_WORDS)
