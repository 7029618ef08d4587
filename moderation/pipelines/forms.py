"""The forms in which a text is judged: as it stands, and as what it says under each disguise.

A disguise that cannot be followed to its end, or not in time, is a gap, never silence. The terms of the operator's
block lists are words that disguises are looked for in. A few short texts, and those that show no sign of a disguise,
are looked at at once; all others in a thread, slice by slice, each slice and all of them together under a deadline. The
text that runs past it is not waited for, but it cannot be stopped: it ends by the limits of `views_of`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from weakref import WeakKeyDictionary

from moderation.errors import DeadlineError
from moderation.lists.matching import Lists
from moderation.models.base import Gap
from moderation.normalise.folds import is_suspect
from moderation.normalise.lexicon import Lexicon
from moderation.normalise.views import View, views_of
from moderation.pipelines.pacing import PHASE_S, Pace, slices

STAGE = "normalise"
DEADLINE_S = 10.0
SHORT_CHARS = 500  # what is longer is looked at in a thread, so that the event loop goes on
_SLICE_CHARS = 2_000
_SUSPECT_CHARS = 300  # likewise of what may be in a disguise, which takes a hundred times as long
MAX_WORDS = 100_000  # of one tenant's lists that disguises are looked for in
_LEAST_LATIN = 3
_LEAST_OTHER = 2

_LEXICONS: WeakKeyDictionary[Lists, dict[str | None, Lexicon]] = WeakKeyDictionary()
_LOCK = threading.Lock()
_NO_WORDS = Lexicon()


@dataclass(frozen=True, slots=True)
class Forms:
    """The disguises of one text: a view for each, and the gaps where one could not be followed."""

    views: tuple[View, ...] = ()
    gaps: tuple[Gap, ...] = ()


_LATE = Forms((), (Gap(DeadlineError.code),))
_FAILED = Forms((), (Gap("stage_failed"),))


async def forms_of(
    texts: Iterable[str],
    *,
    lexicon: Lexicon | None = None,
    deadline_s: float = DEADLINE_S,
    phase_s: float = PHASE_S,
) -> dict[str, Forms]:
    """The views of each text and what limits, or a deadline, left out of them.

    Args:
        lexicon: the words of the tenant's block lists, as `lexicon_of` has them.
        deadline_s: for a slice of the texts.
        phase_s: for all of them.
    """
    found: dict[str, Forms] = {}
    waiting: list[str] = []
    pace = Pace()
    for text in texts:
        forms = None if pace.is_long else _at_once(text, lexicon)
        if forms is None:
            waiting.append(text)
        else:
            found[text] = forms
    until = perf_counter() + phase_s
    for part in slices(waiting, most_chars=_SLICE_CHARS):
        found |= await _aside(part, lexicon, min(deadline_s, until - perf_counter()))
    return found


def _at_once(text: str, lexicon: Lexicon | None) -> Forms | None:
    """The forms of a text, if that takes little."""
    if len(text) <= _SUSPECT_CHARS:
        return _looked_at(text, lexicon)
    try:
        return Forms() if len(text) <= SHORT_CHARS and not is_suspect(text, lexicon or _NO_WORDS) else None
    except Exception:  # noqa: BLE001 - it breaks again where that is a gap
        return None


async def _aside(part: Sequence[str], lexicon: Lexicon | None, deadline_s: float) -> Mapping[str, Forms]:
    """The forms of a slice, in a thread; of what is not done in time, a gap."""
    done: dict[str, Forms] = {}
    over = threading.Event()
    if deadline_s > 0:
        try:
            async with asyncio.timeout(deadline_s):
                await asyncio.to_thread(_look_at, part, lexicon, done, over)
        except TimeoutError:
            pass
        finally:
            over.set()
    return {text: done.get(text, _LATE) for text in part}


def _look_at(part: Sequence[str], lexicon: Lexicon | None, done: dict[str, Forms], over: threading.Event) -> None:
    """Looks at text after text until nobody waits for them any more."""
    for text in part:
        if over.is_set():
            return
        done[text] = _looked_at(text, lexicon)


def _looked_at(text: str, lexicon: Lexicon | None) -> Forms:
    try:
        found = views_of(text, lexicon=lexicon)
    except Exception:  # noqa: BLE001 - whatever a hostile text breaks there, it is a gap and the text itself is judged
        return _FAILED
    return Forms(found.views, tuple(Gap(reason, span) for reason, span in found.gaps))


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
