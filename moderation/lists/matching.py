"""Texts against lists: every term that is seen, where, and of which list.

A text is looked through window by window, so that memory does not grow with it, and no longer than `MAX_STEPS` or until
`max_matches`; what was not looked at is said. A tenant's lists are compiled apart from everybody's and from other
tenants': a text never meets a term of a tenant it does not belong to. Each list and set of categories reports the
longest term at a place, and every place.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from moderation.errors import ConfigurationError
from moderation.lists.boundaries import begins, ends
from moderation.lists.composing import Composed
from moderation.lists.folding import FAR, Plain, plain, tables, unmarked
from moderation.lists.index import ANYWHERE, BEGINS, ENDS, WORD, Index
from moderation.lists.names import stands_alone
from moderation.lists.reading import ReadList
from moderation.lists.terms import MAX_TERM_CHARS, MAX_TERMS, Expired, Found, Kind, Match, Term, TermList
from moderation.schema import Role

MAX_MATCHES = 10_000
MAX_STEPS = 1_000_000  # look-ups in one text, about a second of them
_NAME_STEPS = 20  # what the rule for names costs
_WINDOW = 1 << 16
_BEFORE = FAR + 8  # what the rules look at beside a term
_AFTER = MAX_TERM_CHARS + FAR + 8


@dataclass(frozen=True, slots=True)
class _Group:
    """The lists of one tenant, or of everybody; `pairs` is how many matches one place can have."""

    tenant: str | None
    lists: tuple[TermList, ...]
    categories: tuple[tuple[str, ...], ...]
    index: Index
    pairs: int


@dataclass(slots=True)
class _Look:
    """One text being looked through."""

    role: Role
    origin: Sequence[str]
    today: dt.date
    left: int
    composed: Composed
    steps: int = MAX_STEPS
    matches: list[Match] = field(default_factory=list)
    active: dict[str | None, list[bool]] = field(default_factory=dict)

    def active_in(self, group: _Group) -> list[bool]:
        """Which lists of a group say anything about this text."""
        known = self.active.get(group.tenant)
        if known is None:
            known = [terms.is_for(self.role, self.origin, self.today) for terms in group.lists]
            self.active[group.tenant] = known
        return known


class Lists:
    """Compiled lists; immutable, and safe to share between threads."""

    def __init__(self, read: Iterable[ReadList] = (), *, revision: str = "") -> None:
        whole = sorted(read, key=lambda one: one.head.name)
        if sum(len(one.terms) for one in whole) > MAX_TERMS:
            raise ConfigurationError(f"lists: over {MAX_TERMS} terms together")
        self.lists: tuple[TermList, ...] = tuple(one.head for one in whole)
        self.revision = revision
        self._expiring = [
            Expired(one.head.name, one.head.file, term.line, term.text, term.expires)
            for one in whole
            for term in one.terms
            if term.expires is not None and term.expires != one.head.expires
        ]
        tenants = {one.head.tenant for one in whole if one.terms}
        self._groups = {tenant: _group([one for one in whole if one.head.tenant == tenant]) for tenant in tenants}

    def match(
        self,
        text: str,
        *,
        tenant: str | None = None,
        role: Role = Role.USER,
        origin: Sequence[str] = (),
        today: dt.date | None = None,
        max_matches: int = MAX_MATCHES,
    ) -> Found:
        """All terms seen in a text, of everybody's lists and the tenant's.

        Args:
            origin: what the text was derived by; nothing for an original text.
            today: the day on which terms must not have expired; now, in UTC, if it is left out.
        """
        groups = self._of(tenant)
        if not groups or not text:
            return Found()
        composed = Composed(text)
        look = _Look(role, origin, today or utc_day(), max_matches, composed)
        rest = None
        for start in range(0, len(composed.text), _WINDOW):
            stopped = _window(groups, composed.text, start, look)
            if stopped is not None:
                rest = composed.span(stopped, len(composed.text)) if stopped < len(composed.text) else None
                break
        look.matches.sort(key=lambda match: (match.span[0], -match.span[1], match.list))
        return Found(tuple(look.matches), rest)

    def held_back(
        self,
        text: str,
        *,
        tenant: str | None = None,
        role: Role = Role.USER,
        origin: Sequence[str] = (),
        today: dt.date | None = None,
    ) -> int:
        """The place from which the end of a text may still grow into a term of a block list; its length if it cannot.

        The longest end that a term begins with and does not end with. What already is a whole term counts only if a
        longer one begins with it: `match` sees it now. A combining accent that comes next is not foreseen.
        """
        groups = self._of(tenant)
        if not groups or not text:
            return len(text)
        composed = Composed(text)
        text = composed.text
        look = _Look(role, origin, today or utc_day(), 0, composed)
        first = max(0, len(text) - MAX_TERM_CHARS)
        context = max(0, first - _BEFORE)
        ended, open_ = plain(text[context:]), plain(text[context:], goes_on=True)
        places = _places(ended)
        for place in range(first - context, len(ended.text)):
            byte = place if places is None else int(places[place])
            if any(_may_grow(group, form, place, byte, look) for group in groups for form in (ended, open_)):
                return composed.span(context + place, len(text))[0]
        return composed.span(0, len(text))[1]

    def expired(self, today: dt.date | None = None) -> list[Expired]:
        """The lists and the terms that match no more, for operators to tidy up."""
        day = today or utc_day()
        heads = [
            Expired(head.name, head.file, None, None, head.expires) for head in self.lists if head.expires is not None
        ]
        return [entry for entry in (*heads, *self._expiring) if entry.expires < day]

    def blocked(self, tenant: str | None = None) -> Iterator[str]:
        """The plain forms of all terms of block lists that are for a tenant's texts; some come more than once."""
        for group in self._of(tenant):
            columns, block = group.index.columns, [terms.kind is Kind.BLOCK for terms in group.lists]
            for number, written in zip(columns.lists, columns.written, strict=True):
                if block[number]:
                    yield (form := unmarked(unicodedata.normalize("NFC", written)))
                    if not form.isascii() and (other := unmarked(Composed(written).text)) != form:
                        yield other

    def has_own(self, tenant: str | None) -> bool:
        """Whether a tenant has lists beside everybody's."""
        return tenant is not None and tenant in self._groups

    def has_any(self, tenant: str | None) -> bool:
        """Whether any terms are looked for in a tenant's texts."""
        return bool(self._of(tenant))

    def _of(self, tenant: str | None) -> list[_Group]:
        wanted = (None,) if tenant is None else (None, tenant)
        return [self._groups[one] for one in wanted if one in self._groups]


def utc_day() -> dt.date:
    """The day by which terms expire."""
    return dt.datetime.now(dt.UTC).date()


def _group(read: Sequence[ReadList]) -> _Group:
    categories: dict[tuple[str, ...], int] = {}
    rows: list[tuple[int, int, Term]] = [
        (number, categories.setdefault(term.categories, len(categories)), term)
        for number, one in enumerate(read)
        for term in one.terms
    ]
    pairs = len({row[:2] for row in rows})
    return _Group(read[0].head.tenant, tuple(one.head for one in read), tuple(categories), Index(rows), pairs)


def _window(groups: Sequence[_Group], text: str, start: int, look: _Look) -> int | None:
    """Looks for terms that start in one window; where it stopped, if it had to."""
    end = min(len(text), start + _WINDOW)
    context = max(0, start - _BEFORE)
    form = plain(text[context : end + _AFTER])
    places: npt.NDArray[np.intp] | None = None
    counted = False
    stopped: int | None = None
    for group in groups:
        seen = group.index.seen(form.key)
        if seen and not counted:
            places, counted = _places(form), True
        starts = [byte for byte, _ in seen]
        found = starts if places is None else np.searchsorted(places, starts).tolist()
        report = _Reporter(group, form, context, look)
        for (byte, root), place in zip(seen, found, strict=True):
            where = context + place
            if not start <= where < (end if stopped is None else stopped):
                continue
            report.at(place, byte, root)
            if len(look.matches) >= look.left or look.steps <= 0:
                stopped = where + 1
                break
    return stopped


class _Reporter:
    """Notes the matches in one window of a text."""

    def __init__(self, group: _Group, form: Plain, context: int, look: _Look) -> None:
        self._group = group
        self._index = group.index
        self._columns = group.index.columns
        self._form = form
        self._ascii = len(form.key) == len(form.text)
        self._context = context
        self._look = look
        self._active = look.active_in(group)
        self._today = look.today.toordinal()
        self._word = tables().word

    def at(self, place: int, byte: int, root: int) -> None:
        """Notes the longest match of each list and its categories where a root is seen."""
        columns, look, text = self._columns, self._look, self._form.key
        done: set[tuple[int, int]] = set()
        for length in self._index.lengths(root):
            stop = byte + length
            look.steps -= 1
            if stop > len(text):
                continue
            key = text[byte:stop]
            for row in self._index.rows(key, root):
                look.steps -= 1
                number, categories = columns.lists[row], columns.categories[row]
                if not self._active[number] or columns.expires[row] < self._today or (number, categories) in done:
                    continue
                end = place + (length if self._ascii else len(key.decode("utf-8", "surrogatepass")))
                if columns.rules[row] == ANYWHERE or self._holds(row, place, end, stop):
                    done.add((number, categories))
                    self._note(row, place, end)
            if len(done) == self._group.pairs:
                return

    def _note(self, row: int, start: int, end: int) -> None:
        columns, context = self._columns, self._context
        terms = self._group.lists[columns.lists[row]]
        categories = self._group.categories[columns.categories[row]]
        span = self._look.composed.span(context + start, context + end)
        self._look.matches.append(
            Match(terms.name, terms.revision, terms.kind, categories, columns.written[row], span, terms.score)
        )

    def _holds(self, row: int, start: int, end: int, stop: int) -> bool:
        """Whether the rule of a row holds; the common cases of words are told by the next byte alone."""
        text, key = self._form.text, self._form.key
        if self._columns.rules[row] != WORD:
            self._look.steps -= _NAME_STEPS
            return stands_alone(text, start, end)
        edges = self._columns.edges[row]
        after = key[stop] if stop < len(key) else ord(" ")
        if edges & ENDS and self._word[after]:
            return False
        # The mark has told that a letter a-z begins a word.
        plain_end = edges & ENDS and after < 0x80 and after != ord("'")
        return bool(plain_end or ends(text, end)) and bool(edges & BEGINS or begins(text, start))


def _may_grow(group: _Group, form: Plain, place: int, byte: int, look: _Look) -> bool:
    """Whether a term of a block list begins with all of a text from a place on, and goes on."""
    index = group.index
    if index.reach.get(form.key[byte], 0) <= len(form.key) - byte:
        return False
    low, high = index.longer(form.key[byte:])
    if low >= high:
        return False
    columns = index.columns
    active = np.array(
        [on and terms.kind is Kind.BLOCK for on, terms in zip(look.active_in(group), group.lists, strict=True)]
    )
    first = begins(form.text, place)
    for some in (slice(low, min(high, low + 64)), slice(low + 64, high)):
        live = active[np.asarray(columns.lists)[some]] & (np.asarray(columns.expires)[some] >= look.today.toordinal())
        if not first:
            live &= np.frombuffer(columns.rules, dtype=np.uint8)[some] != WORD
        if live.any():
            return True
    return False


def _places(form: Plain) -> npt.NDArray[np.intp] | None:
    """The byte at which each code point starts; None where they are the same."""
    if len(form.key) == len(form.text):
        return None
    return np.flatnonzero((np.frombuffer(form.key, dtype=np.uint8) & 0xC0) != 0x80)
