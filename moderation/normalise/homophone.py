"""Chinese words written with other characters of the same sound: restored where the surface is odd and they are not.

A clause is read as the cheapest row of words: the words it shows, or, at a price for each changed character, words that
sound alike. Odd is a clause in which several characters neither stand beside a neighbour of any word nor are words of
their own. What it does not know: dialects, sounds that are only alike (z and zh), tones, and names, which are as odd.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator
from itertools import pairwise

from moderation.normalise.chinese import beside_kana, reads_as_chinese
from moderation.normalise.lexicon import (
    COST_UNITS,
    HAN,
    LONGEST_WORD,
    Lexicon,
    character_cost,
    dictionary,
    pair_hash,
    unpacked,
)
from moderation.normalise.mapped import Edit, Mapped

_CLAUSE = re.compile(f"[{HAN}]{{2,}}")
_LONGER_CLAUSE = re.compile(f"[{HAN}]{{5,}}")
_BADLY = 5
_LONG_CLAUSE = 48  # longer ones are read piece by piece
_MOST_ODD_CLAUSES = 200
_CHANGED = 4.0  # nats for each character that is changed in a word
_CHANGED_ALONE = 7.0  # and in a word of one character
_LEAST_GAIN = 8.0  # of a clause, in nats; chosen so that ordinary headlines stay
_LEAST_GAIN_OWN = 2.0  # where a restored word is the operator's
_KNOWN_PAIR = 3
_FAIR_COST = 65  # tenths of a nat that a character costs at least in any word, if it has to be changed
_LEAST_EXCESS = 80
_MOST_TRIED = 4  # words of one sound, the most usual first


def sounds_odd(text: str, words: Lexicon) -> bool:
    """Whether a clause has characters that fit nowhere, or sounds like an operator's word; cheap."""
    if text.isascii() or not reads_as_chinese(text):
        return False
    clauses = [found[0] for found in _CLAUSE.finditer(text)]
    return any(_is_odd(clause) or (words.words and words.hears_own(clause, sound_of_all(clause))) for clause in clauses)


def _is_odd(clause: str) -> bool:
    """Whether its characters that fit nowhere are so rare that other words could cost so much less."""
    known, costs = dictionary().pair_view, dictionary().cost_view
    codes = [*map(ord, clause), 0]
    before, before_fits, excess = codes[0], False, 0
    for code in codes[1:]:
        fits = known[pair_hash(before, code)] >= _KNOWN_PAIR and code > 0
        if not fits and not before_fits and costs[before & 0xFFFF] > _FAIR_COST:
            excess += costs[before & 0xFFFF] - _FAIR_COST
            if excess >= _LEAST_EXCESS:
                return True
        before, before_fits = code, fits
    return False


def fits_badly(text: str) -> bool:
    """Whether some clause has hardly any neighbours that stand side by side in words, as one read backwards; cheap."""
    if text.isascii() or not reads_as_chinese(text):
        return False
    known = dictionary().pair_view
    for found in _LONGER_CLAUSE.finditer(text):
        codes = [*map(ord, found[0])]
        fitting = sum(known[pair_hash(before, after)] >= _KNOWN_PAIR for before, after in pairwise(codes))
        if _BADLY * fitting <= len(codes):
            return True
    return False


def sound_of_all(text: str) -> str:
    return text.translate(_table())


def restored(text: Mapped, words: Lexicon) -> Mapped:
    """With the words that odd clauses sound like."""
    edits: list[Edit] = []
    looked_at = 0
    for start, end in _clauses(text.text):
        sound = sound_of_all(text.text[start:end])
        if _is_odd(text.text[start:end]) or words.hears_own(text.text[start:end], sound):
            looked_at += 1
            edits += [
                Edit(start + first, start + last, word, aligned=True)
                for first, last, word in read(text.text[start:end], words)
            ]
        if looked_at >= _MOST_ODD_CLAUSES:
            break
    return text.edited(edits)


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    for found in _CLAUSE.finditer(text):
        if beside_kana(text, *found.span()):
            continue
        for start in range(found.start(), found.end(), _LONG_CLAUSE):
            yield start, min(start + _LONG_CLAUSE, found.end())


def read(clause: str, words: Lexicon) -> list[tuple[int, int, str]]:
    """The changes that make a clause much likelier: first, past the last, the word."""
    plain, _ = _cheapest(clause, "", words)
    cost, steps = _cheapest(clause, sound_of_all(clause), words)
    own = any(words.is_own(word) for *_, word in steps)
    return steps if steps and plain - cost >= (_LEAST_GAIN_OWN if own else _LEAST_GAIN) else []


def _cheapest(clause: str, sound: str, words: Lexicon) -> tuple[float, list[tuple[int, int, str]]]:
    """The cost of the cheapest row of words, and those words of it that are not what the clause shows."""
    own_sound = sound or sound_of_all(clause)
    best = [0.0] + [float("inf")] * len(clause)
    step: list[tuple[int, str]] = [(0, "")] * (len(clause) + 1)
    for start in range(len(clause)):
        for end in range(start + 1, min(start + LONGEST_WORD, len(clause)) + 1):
            cost, word = _cheapest_word(clause[start:end], own_sound[start:end], words, may_change=bool(sound))
            if best[start] + cost < best[end]:
                best[end], step[end] = best[start] + cost, (start, word)
    changed, at = [], len(clause)
    while at:
        start, word = step[at]
        if word != clause[start:at]:
            changed.append((start, at, word))
        at = start
    return best[-1], changed[::-1]


def _cheapest_word(surface: str, sound: str, words: Lexicon, *, may_change: bool) -> tuple[float, str]:
    price = _CHANGED if len(surface) > 1 else _CHANGED_ALONE
    best, chosen = (character_cost(surface) if len(surface) == 1 else float("inf")), surface
    for packed in words.packed(sound):
        at = packed.find(surface)
        if at >= 0:
            best = min(best, ord(packed[at + len(surface)]) / COST_UNITS)
        if may_change:
            for word, cost in unpacked(packed[: _MOST_TRIED * (len(surface) + 1)], len(surface)):
                if cost + price < best and word != surface:
                    cost += price * sum(map(operator.ne, word, surface))  # noqa: PLW2901
                    if cost < best:
                        best, chosen = cost, word
    return best, chosen


@functools.cache
def _table() -> dict[int, str]:
    return {ord(character): sound for character, sound in dictionary().readings.items()}
