"""What the last turns of one writer say together: joined as they stand, and what they give in pieces, joined. Pure.

The last turns joined show a payload that goes on from turn to turn. Where turns hand over pieces (`pieces`), the words
around those hide it; then the pieces alone are joined: in the order of the turns, in the order in which the newest turn
names them, and put where it names them. At most `MOST_JOINED` texts of `MOST_CHARS` characters, whatever was said.

What it does not know: an order that is said in other words than names, "backwards" or "in front"; arithmetic.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from moderation.normalise.invisible import SUSPECT
from moderation.pipelines.crossing import are_halves, is_chance, without_end
from moderation.pipelines.pieces import LOOKED_AT, Fragment, Reading, read
from moderation.schema import Role

MOST_TURNS = 16
MOST_CHARS = 2_000
MOST_JOINED = 6
JOINED_TURNS = 6
_MOST_NAMES = 32
_LEAST_CROSSING = 4
_LEAST_HAN = 3

_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff，。！？、；：]")
_BACKWARDS = re.compile(r"\b(?:backwards?|revers\w+)\b|倒过来|倒序|反过来|逆序|从后往前", re.IGNORECASE)
_BETWEEN = re.compile(
    r"[\s\0+,，、&|~.(){}\[\]$\"'-]*(?:(?:and|then|plus|with|和|与|跟|加上?|再加?)[\s+,，、]*)?", re.IGNORECASE
)
# A run of an encoding (Base64, hex, percent codes) up to the end of a turn, and from the beginning of the next.
_RUN_END = re.compile(r"(?<![^\s\"'“‘:：=])(?=\S{0,199}[0-9A-Z+/%])[A-Za-z0-9+/_=%-]{12,2000}+\Z")
_RUN_START = re.compile(r"(?=\S{0,199}[0-9A-Z+/%=])[A-Za-z0-9+/_=%-]{4,200}+")
_BLANKS = re.compile(rf"(?:\s|{SUSPECT.pattern}){{16,}}+")
_PLAIN_WORDS = frozenset({"a", "i", "one", "it", "this", "that", "the", "is", "in", "you", "me"})

Stretch = tuple[str, int]  # a text, and the turn it is of


@dataclass(frozen=True, slots=True)
class Joined:
    """A text made of several turns.

    Attributes:
        places: start, end and turn of each stretch in it, in order.
        asked: the turns that only say what to do with it.
        judged: whether classifiers are asked about it; lists are in any case.
        fields: whether it is made of the parts of one message, which may be fields of a form.
    """

    text: str
    places: tuple[tuple[int, int, int], ...]
    asked: tuple[int, ...] = ()
    judged: bool = True
    fields: bool = False

    @property
    def turns(self) -> tuple[int, ...]:
        """The turns that carry it, in order."""
        return tuple(sorted({*self.asked, *(turn for _, _, turn in self.places)}))

    def across(self, start: int, end: int, term: str) -> tuple[int, ...]:
        """The turns that a term is put together of; none if it stands in one of them, or came about by chance.

        By chance: a short one of which no turn gave a whole piece, or of parts if one gave more than that; and where
        nobody asked to put pieces together what `is_chance` tells of.
        """
        touched = [place for place in self.places if place[0] < end and start < place[1]]
        turns = {turn for _, _, turn in touched}
        inside = [start <= first and last <= end for first, last, _ in touched]
        whole = all(inside) if self.fields and not self.asked else any(inside)
        least = _LEAST_HAN if _HAN.match(self.text, start) else _LEAST_CROSSING
        if len(turns) < 2 or not (whole or len("".join(self.text[start:end].split())) >= least):
            return ()
        if not self.asked and is_chance(self.text, touched, (start, end), term, fields=self.fields):
            return ()
        return tuple(sorted(turns))


def joined_texts(turns: Sequence[tuple[Role, str]], *, parts: Sequence[str] = ()) -> tuple[Joined, ...]:
    """What the turns of the newest one's writer say together, and the parts of the newest; nothing if there is but one.

    Turns and parts have `MOST_JOINED` judged texts each, so that neither push out the others.

    Args:
        turns: all that count, the newest last; who asks leaves out those before the last `MOST_TURNS`.
        parts: the texts of the newest turn. Where there are several they have the numbers after the turns'.
    """
    if not turns:
        return ()
    own = [(_BLANKS.sub(_short, text), at) for at, (writer, text) in enumerate(turns) if writer is turns[-1][0]]
    of_turns = _together(own, JOINED_TURNS)
    if len(parts) < 2:
        return of_turns
    rows = [(_BLANKS.sub(_short, text), at) for at, text in enumerate(parts, len(turns))]
    found = (*(replace(one, fields=True) for one in _together(rows, len(rows))), *of_turns)
    known = {one.text for one in found}
    more = dict.fromkeys(_for_lists([*own[:-1][1 - JOINED_TURNS :], *rows]))
    return (*found, *(one for one in more if one.text not in known))


def _together(own: Sequence[Stretch], most: int) -> tuple[Joined, ...]:
    """What several texts of one writer say together, `most` of the last as they stand."""
    if len(own) < 2:
        return ()
    tail = _tail(own, most)
    found: dict[str, Joined] = {}
    for one in (*([tail] if tail else []), *_runs(own, most), *_pieces(own)):
        found.setdefault(one.text, one)
    judged = list(found.values())[:MOST_JOINED]
    glued = _glued(judged)
    return (*judged, *(one for one in glued if one.text not in found))


def _short(blanks: re.Match[str]) -> str:
    """Many blanks are one: they fill what is joined, and say nothing. Two unseen signs may be the bits of something."""
    signs = set(blanks[0])
    unseen = {sign for sign in signs if not sign.isspace()}
    if len(unseen) > 1:
        return blanks[0]
    return "\n" if "\n" in signs else " " if signs > unseen else blanks[0][0]


def _tail(own: Sequence[Stretch], most: int) -> Joined | None:
    inside = _inside([text for text, _ in own], most)
    return _of([own[index] for index in inside], space=True) if len(inside) > 1 else None


def _runs(own: Sequence[Stretch], most: int) -> Iterator[Joined]:
    """The last turns without a blank where one ends, and the next begins, inside an encoded run."""
    last = [own[index] for index in _inside([text for text, _ in own], most)]
    if any(_in_one_run(before, after) for (before, _), (after, _) in pairwise(last)):
        yield _of(last, runs=True)


def _in_one_run(before: str, after: str) -> bool:
    return bool(_RUN_START.match(after) and _RUN_END.search(before[-MOST_CHARS:]))


def _inside(texts: Sequence[str], most: int) -> list[int]:
    """Which of one writer's texts the joined one has something of, in order."""
    found: list[int] = []
    left = MOST_CHARS
    for index in range(len(texts) - 1, -1, -1):
        if left <= 0 or len(found) == most:
            break
        if texts[index][-left:].strip():
            found.append(index)
        if found and texts[index].strip():
            left -= len(texts[index]) + 1  # and the space before it
    return found[::-1]


def _of(
    stretches: Iterable[Stretch],
    *,
    space: bool = False,
    halves: bool = False,
    runs: bool = False,
    asked: Sequence[int] = (),
) -> Joined:
    """Stretches joined, the last `MOST_CHARS` of them.

    Args:
        space: a space between any two; else none where both are Chinese.
        halves: no space between two that may be halves of one word either.
        runs: nor between two that may be halves of one encoded run.
    """
    text, before, places = "", "", []
    for said, turn in stretches:
        close = bool(before) and bool(_HAN.match(before[-1]) and _HAN.match(said))
        one_run = runs and _in_one_run(before, said)
        if before and (space or not (close or one_run or (halves and _halves(before, said)))):
            text += " "
        places.append((len(text), len(text) + len(said), turn))
        text += said
        before = said
    return _cut(text, places, asked)


def _cut(text: str, places: Sequence[tuple[int, int, int]], asked: Sequence[int]) -> Joined:
    off = max(0, len(text) - MOST_CHARS)
    kept = tuple((max(0, start - off), end - off, turn) for start, end, turn in places if end > off)
    return Joined(text[off:], kept, tuple(asked))


def _pieces(own: Sequence[Stretch]) -> Iterator[Joined]:
    """The pieces that turns hand over, joined in each order; nothing where the newest turn has to do with none."""
    readings = [(read(text), at) for text, at in own]
    newest, last = readings[-1]
    earlier = [(fragment, at) for reading, at in readings[:-1] for fragment in reading.fragments]
    named = _named(newest.order, _names(earlier))
    orders = len({stretch for _, _, stretch in named}) > 1
    added = newest.quoted if orders or named else newest.fragments
    whole = [(fragment.text, at) for fragment, at in earlier]
    whole += [(fragment.text, last) for fragment in added if not fragment.front]
    whole[:0] = [(fragment.text, last) for fragment in added if fragment.front]
    asked = [last] if named or newest.glue or _BACKWARDS.search(newest.order) else []
    if len(whole) > 1 and (added or asked):
        yield from (one for one in _ordered(whole, newest, named if orders else [], asked) if len(one.turns) > 1)
    if named:
        yield _substituted(newest.order, own[-1][0], named, last)
    if any(reading.glue for reading, _ in readings):
        yield from _rests(readings)


def _ordered(
    whole: Sequence[Stretch], newest: Reading, named: Sequence[tuple[int, int, Stretch]], asked: Sequence[int]
) -> Iterator[Joined]:
    """The pieces in the order of the newest turn, if it says one, and of the turns."""
    if named:
        order = list(dict.fromkeys(stretch for _, _, stretch in named))
        front = sum(1 for fragment in newest.quoted if fragment.front)
        last = [stretch for stretch in whole[front:] if stretch[1] in asked]
        yield _of([*whole[:front], *order, *last], asked=asked)
    if _BACKWARDS.search(newest.order):
        yield _of(whole[::-1], asked=asked)
    yield _of(whole, asked=asked)
    if any(_halves(before[0], after[0]) for before, after in pairwise(whole)):
        yield _of(whole, halves=True, asked=asked)


def _names(earlier: Sequence[tuple[Fragment, int]]) -> dict[str, Stretch]:
    """What pieces may be called; not by a last word that the labels of several have."""
    last = Counter(name for fragment, _ in earlier for name in fragment.names[1:])
    return {
        name: (fragment.text, at)
        for fragment, at in earlier
        for number, name in enumerate(fragment.names)
        if number == 0 or last[name] == 1
    }


def _halves(before: str, after: str) -> bool:
    """Whether two pieces may be halves of one word: each is one plain word."""
    return before.isascii() and after.isascii() and before.isalpha() and after.isalpha()


def _named(order: str, names: dict[str, Stretch]) -> list[tuple[int, int, Stretch]]:
    """Where the newest turn names pieces of turns before it."""
    known = sorted(names, key=len, reverse=True)[:_MOST_NAMES]
    if not known:
        return []
    either = "|".join(
        rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])" if name.isascii() else re.escape(name) for name in known
    )
    found = [(match.start(), match.end(), match[0]) for match in re.finditer(either, order)]
    if {name.lower() for _, _, name in found} <= _PLAIN_WORDS:
        distinct = {name for _, _, name in found}
        if len(distinct) < 2:  # an "a" is no name of a piece, a "+ b" with it makes it one
            return []
    return [(start, end, names[name]) for start, end, name in found]


def _substituted(order: str, text: str, named: Sequence[tuple[int, int, Stretch]], last: int) -> Joined:
    """The newest turn with the pieces in the places of their names; an "and" between two of them is left out."""
    stretches: list[Stretch] = []
    at = 0
    for start, end, stretch in named:
        between = order[at:start]
        if not (at and _BETWEEN.fullmatch(between)):
            stretches.append((text[at:start].strip(), last))
        stretches.append(stretch)
        at = end
    stretches.append((text[at:LOOKED_AT].strip(), last))
    return _of((stretch for stretch in stretches if stretch[0]), asked=[last])


def _rests(readings: Sequence[tuple[Reading, int]]) -> Iterator[Joined]:
    """From the first turn that speaks of pieces on: the pieces, and of turns without any what else they say."""
    first = next(index for index, (reading, _) in enumerate(readings) if reading.glue or reading.fragments)
    stretches = [
        (said, at)
        for reading, at in readings[first:]
        for said in ([fragment.text for fragment in reading.fragments] or [reading.rest])
        if said
    ]
    asked = [at for reading, at in readings[first:] if reading.glue]
    if len({turn for _, turn in stretches}) > 1:
        yield _of(stretches, asked=asked)


def _glued(joined: Sequence[Joined]) -> Iterator[Joined]:
    """The same stretches with nothing between them, in which terms that are cut in their middle are whole."""
    for one in joined:
        text, places = "", []
        for start, end, turn in one.places:
            said = one.text[start:end].strip()
            places.append((len(text), len(text) + len(said), turn))
            text += said
        yield Joined(text, tuple(places), one.asked, judged=False)


def _for_lists(rows: Sequence[Stretch]) -> Iterator[Joined]:
    """The last turns with the newest in its parts, without the signs after which one goes on.

    With a blank only between whole words; and, where a sign was left out, with one between any two.
    """
    inside = [(rows[index][0].strip(), rows[index][1]) for index in _inside([text for text, _ in rows], len(rows))]
    if len(inside) < 2:
        return
    open_ended = [(without_end(said, after), row) for (said, row), (after, _) in pairwise(inside)] + inside[-1:]
    yield _by_words(open_ended, halves=True)
    if open_ended != inside:
        yield _by_words(open_ended, halves=False)


def _by_words(stretches: Sequence[Stretch], *, halves: bool) -> Joined:
    text, before, places = "", "", []
    for said, row in stretches:
        is_one = (halves and are_halves(before, said)) or (_HAN.match(before[-1:]) and _HAN.match(said))
        if before and not is_one:
            text += " "
        places.append((len(text), len(text) + len(said), row))
        text += said
        before = said
    return replace(_cut(text, places, ()), judged=False, fields=True)
