"""Chinese words of which a part is in ideographs and a part in Latin letters: 毒pin, 自sha; and an operator's initials.

A part is read if it makes a usual word with the ideographs beside it. What it does not know: words over four
characters, and a single letter in place of a character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from moderation.normalise.english import is_word, known
from moderation.normalise.lexicon import HAN, LONGEST_WORD, Lexicon, dictionary, sound_of
from moderation.normalise.mapped import Edit

_MOST_NATS = 12.5  # of a word of the dictionary
_SURE_WEIGHT = 15
_JOINS = 6
_LEAST_LETTERS = 2
_LEFT = re.compile(f"([{HAN}]{{1,3}})( ?)$")
_RIGHT = re.compile(f"( ?)([{HAN}]{{1,3}})")
_INITIALS = re.compile(rf"(?<![A-Za-z0-9_.@:/#&=-])[a-z]{{2,{LONGEST_WORD}}}(?![A-Za-z0-9_.@:/#&=-])")
_FEW = 2
# Short ones that ordinary Chinese text writes in small letters.
_ORDINARY = (
    "kg km cm mm nm ml mg gb mb tb kb kw hz ok pc tv dj ai ip id "
    "hr pk qq cp up cd it vr ar ui ps pt ml kpi nba cba cpu gpu usb app "
    "ppt pdf vip bgm diy vpn url sql api ios mp rpg mvp wifi html http www com jpg png "
    "gif gdp ceo cto cfo ktv dna rna atm suv eva led lcd ssd hdd ram rom ssr fps moba "
    "pvp pve npc btw lol hhh emo yyds plmm"
)
_ORDINARY_SET = frozenset(_ORDINARY.split())


def half_written(text: str, found: re.Match[str], syllables: list[str], words: Lexicon) -> Edit | None:
    """The word that syllables and the ideographs beside them make; nothing if none is usual."""
    token = found[0].lower()
    if len(token) < _LEAST_LETTERS or found[0].isupper() or len(syllables) >= LONGEST_WORD:
        return None
    before = _LEFT.search(text[max(0, found.start() - 4) : found.start()])
    after = _RIGHT.match(text[found.end() : found.end() + 4])
    left, right = before[1] if before else "", after[2] if after else ""
    if is_word(token):  # that may be English: it must be one piece with the ideographs
        left, right = left if before and not before[2] else "", right if after and not after[1] else ""
    middle = "".join(dictionary().syllables[syllable] for syllable in syllables)
    best: tuple[bool, int, float, str, int, int] | None = None
    room = LONGEST_WORD - len(middle)
    for first, last in product(range(min(len(left), room) + 1), range(min(len(right), room) + 1)):
        if not 0 < first + last <= room:
            continue
        head, tail = left[len(left) - first :], right[:last]
        for word, cost in words.same_sound(sound_of(head) + middle + sound_of(tail)):
            own = words.is_own(word)
            same = word.startswith(head) and word.endswith(tail) and cost <= _MOST_NATS
            if len(word) != first + len(middle) + last or not (own or same):
                continue
            ends = (left[-first - 1 :][:2] if 0 < first < len(left) else "", right[last - 1 : last + 1] if last else "")
            if own or _is_sure(token, word, ends, (first, last), words):
                candidate = (own, len(word), -cost, word, first, last)
                best = candidate if best is None else max(best, candidate)
    if best is None or (len(syllables) > 1 and not best[0]):
        return None
    *_, word, first, last = best
    start = found.start() - (first + len(before[2]) if before and first else 0)
    end = found.end() + (last + len(after[1]) if after and last else 0)
    return Edit(start, end, word)


def _is_sure(token: str, word: str, ends: tuple[str, str], parts: tuple[int, int], words: Lexicon) -> bool:
    """Whether the ideographs need the syllable: the word's pairs are usual, and in doubt they join nobody else."""
    first, last = parts
    pairs = [word[first - 1 : first + 1]] if first else []
    pairs += [word[-last - 1 :][:2]] if last else []
    if any(words.pair_weight(pair) < _SURE_WEIGHT for pair in pairs):
        return False
    return token not in known() or not any(len(pair) > 1 and words.pair_weight(pair) >= _JOINS for pair in ends)


def own_initials(text: str, words: Lexicon) -> Iterator[Edit]:
    """An operator's words by their initials in Chinese text: three letters and more, or two that one word alone has."""
    if not words.words:
        return
    for found in _INITIALS.finditer(text):
        letters = found[0]
        several = words.own_by_initials(letters)
        if not several or letters in _ORDINARY_SET or is_word(letters) or not _beside(text, found):
            continue
        if len(letters) > _FEW or len(several) == 1:
            yield Edit(found.start(), found.end(), max(several, key=lambda word: words.words[word]))


def _beside(text: str, found: re.Match[str]) -> bool:
    around = text[max(0, found.start() - 2) : found.start()].rstrip(), text[found.end() : found.end() + 2].lstrip()
    return re.match(f"[{HAN}]", around[0][-1:]) is not None or re.match(f"[{HAN}]", around[1]) is not None
