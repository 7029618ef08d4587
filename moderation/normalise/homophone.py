"""Chinese words written with other characters of the same sound: restored where the surface is odd and they are not.

A clause is read as the cheapest row of words: the words it shows, or, at a price for each changed character, words that
sound alike. Odd is a clause in which several characters neither stand beside a neighbour of any word nor are words of
their own. Sounds that many do not tell apart (z and zh, n and l, an and ang) count where the characters shown are no
word. What it does not know: dialects, tones, and names, which are as odd: changes beside a family name are dearer.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

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
from moderation.normalise.mapped import Edit, Mapped, codes_of

_CLAUSE = re.compile(f"[{HAN}]{{2,}}")
_LONGER_CLAUSE = re.compile(f"[{HAN}]{{5,}}")
_BADLY = 5  # weight of its pairs of neighbours, on average, up to which a clause may be one read backwards
_LONG_TEXT = 200  # from which all characters at once are quicker
_LONG_CLAUSE = 48  # longer ones are read piece by piece
_MOST_ODD_CLAUSES = 200
_CHANGED = 3.5  # nats for each character that is changed in a word
_CHANGED_ALONE = 7.0  # and in a word of one character
_LEAST_GAIN = 8.0  # of a clause, in nats; chosen so that ordinary headlines stay
_LEAST_GAIN_OWN = 2.0  # where a restored word is the operator's
_NEARLY = 1.5  # and of a word that only nearly sounds so
_NAMED = 6.0  # and of one beside a family name: given names are as odd
_FAMILIES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_KNOWN_PAIR = 3
_FAIR_COST = 65  # tenths of a nat that a character costs at least in any word, if it has to be changed
_LEAST_EXCESS = 80
_MOST_TRIED = 4  # words of one sound, the most usual first


def sounds_odd(text: str, words: Lexicon) -> bool:
    """Whether a clause has characters that fit nowhere, or sounds like an operator's word; cheap."""
    if text.isascii() or not reads_as_chinese(text):
        return False
    spans = [found.span() for found in _CLAUSE.finditer(text)]
    if len(text) < _LONG_TEXT:
        odd = any(_is_odd(text[start:end]) for start, end in spans)
    else:
        sums = _sums_of_excess(text)
        odd = any(sums[end] - sums[start] >= _LEAST_EXCESS for start, end in spans)
    if odd or not words.words:
        return odd
    return any(words.hears_own(clause, sound_of_all(clause)) for clause in (text[start:end] for start, end in spans))


def _sums_of_excess(text: str) -> list[int]:
    """How much the characters before each place that fit nowhere cost too much, all at once: as `_is_odd`."""
    codes = codes_of(text)
    han = (codes >= ord(HAN[0])) & (codes <= ord(HAN[-1]))
    fits = (dictionary().pair_weights(codes) >= _KNOWN_PAIR) & han[:-1] & han[1:]
    costs = np.frombuffer(dictionary().cost_view, np.uint8)[codes & 0xFFFF].astype(np.int64) - _FAIR_COST
    costs[~han] = 0
    costs[:-1][fits] = 0
    costs[1:][fits] = 0
    sums: list[int] = np.concatenate([[0], np.cumsum(np.maximum(costs, 0))]).tolist()
    return sums


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
    """Whether some clause has few neighbours that stand side by side in words, as one read backwards; cheap."""
    if text.isascii() or not reads_as_chinese(text):
        return False
    known = dictionary().pair_view
    for found in _LONGER_CLAUSE.finditer(text):
        codes = [*map(ord, found[0])]
        if sum([known[pair_hash(before, after)] for before, after in pairwise(codes)]) <= _BADLY * (len(codes) - 1):
            return True
    return False


def sound_of_all(text: str) -> str:
    return text.translate(_table())


def restored(text: Mapped, words: Lexicon) -> Mapped:
    """With the words that odd clauses sound like."""
    edits: list[Edit] = []
    looked_at = 0
    for start, end in _clauses(text.text):
        clause = text.text[start:end]
        if _is_odd(clause) or (words.words and words.hears_own(clause, sound_of_all(clause))):
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
    plain, cost, steps = _cheapest(clause, words)
    own = any(words.is_own(word) for *_, word in steps)
    return steps if steps and plain - cost >= (_LEAST_GAIN_OWN if own else _LEAST_GAIN) else []


def _cheapest(clause: str, words: Lexicon) -> tuple[float, float, list[tuple[int, int, str]]]:
    """The cost of the cheapest row of words as it stands, of the cheapest with changes, and those changes."""
    sound = sound_of_all(clause)
    plain = [0.0] + [float("inf")] * len(clause)
    best = plain.copy()
    step: list[tuple[int, str]] = [(0, "")] * (len(clause) + 1)
    for start in range(len(clause)):
        named = _NAMED if clause[start] in _FAMILIES or clause[start - 1 : start] in _FAMILIES else 0.0
        for end in range(start + 1, min(start + LONGEST_WORD, len(clause)) + 1):
            shown, cost, word = _cheapest_word(clause[start:end], sound[start:end], words, named)
            plain[end] = min(plain[end], plain[start] + shown)
            if best[start] + cost < best[end]:
                best[end], step[end] = best[start] + cost, (start, word)
    changed, at = [], len(clause)
    while at:
        start, word = step[at]
        if word != clause[start:at]:
            changed.append((start, at, word))
        at = start
    return plain[-1], best[-1], changed[::-1]


def _cheapest_word(surface: str, sound: str, words: Lexicon, dearer: float) -> tuple[float, float, str]:
    """The cost of a word as it stands, of the cheapest word that sounds like it, and that word."""
    price = _CHANGED if len(surface) > 1 else _CHANGED_ALONE
    best, chosen = (character_cost(surface) if len(surface) == 1 else float("inf")), surface
    shown = best
    others = []
    for packed in words.packed(sound):
        at = packed.find(surface)
        if at >= 0:
            shown = best = min(best, ord(packed[at + len(surface)]) / COST_UNITS)
        others.append((packed, 0.0))
    if shown == float("inf"):
        others += [(packed, _NEARLY) for near in _near(sound) for packed in words.packed(near)]
    for packed, nearly in others:
        for word, cost in unpacked(packed[: _MOST_TRIED * (len(surface) + 1)], len(surface)):
            if cost + price + nearly + dearer < best and word != surface:
                cost += price * sum(map(operator.ne, word, surface)) + nearly + dearer  # noqa: PLW2901
                if cost < best:
                    best, chosen = cost, word
    return shown, best, chosen


def _near(sound: str) -> Iterator[str]:
    """Sounds that many speakers do not tell from this one, in one of its syllables, or in both."""
    if len(sound) < 2:
        return
    table = _near_sounds()
    places = [(at, other) for at, syllable in enumerate(sound) for other in table.get(syllable, ())]
    for at, other in places:
        one = sound[:at] + other + sound[at + 1 :]
        yield one
        for later, second in places if len(sound) == 2 else ():  # of longer ones there are too many
            if later > at:
                yield one[:later] + second + one[later + 1 :]


_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


@functools.cache
def _near_sounds() -> dict[str, tuple[str, ...]]:
    syllables = dictionary().syllables
    near: dict[str, set[str]] = {}
    for syllable in syllables:
        heads = {syllable} | {
            other + syllable.removeprefix(one)
            for pair in _INITIALS
            for one, other in (pair, pair[::-1])
            if syllable.startswith(one) and (len(one) > 1 or syllable[1:2] != "h")
        }
        tails = heads | {
            head.removesuffix(one) + other
            for head in heads
            for pair in _FINALS
            for one, other in (pair, pair[::-1])
            if head.endswith(one)
        }
        near[syllables[syllable]] = {syllables[other] for other in tails if other in syllables and other != syllable}
    return {sound: tuple(sorted(others)) for sound, others in near.items() if others}


@functools.cache
def _table() -> dict[int, str]:
    return {ord(character): sound for character, sound in dictionary().readings.items()}
