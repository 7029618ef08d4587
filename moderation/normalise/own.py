"""An operator's own words behind separators, leet and letters drawn out: whatever the language, whatever the sign.

Text and words are reduced to the same skeleton (small letters, signs as the letters they look like, nothing between
letters, no letter twice) and the words' skeletons are looked for with one automaton; each place is then compared letter
by letter with the word. What it does not know: letters left out or exchanged, and words under three letters.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

import ahocorasick_rs

from moderation.normalise.chinese import simplified_forms
from moderation.normalise.english import is_word
from moderation.normalise.mapped import Edit

_LEET = dict(zip("013456789@$€£¡+!|", "oieasgtbgaselitii", strict=True))
_OTHER_LEET = {"1": "l", "|": "l", "!": "l"}
_BOTH_WAYS = "@$!|€£¡+"  # letters, or signs between letters
_MORE_READINGS = re.compile("[1!|]")
_SIGNS = re.compile(f"[{re.escape(_BOTH_WAYS)}]")
_TWICE = re.compile(r"(.)\1+", re.DOTALL)
_LEAST = 3
_MOST_BETWEEN = 4  # characters between two letters
_DRAWN_OUT = 3
_MOST_PLACES = 20_000
_HARD = frozenset("*_|~^`#•=+")
_LAST = 0x20000
_USUAL_WEIGHT = 12
_CLAUSES = re.compile(r"[^\W_]['\"”’)]?[,.;:?!，。；：？！]['\"”’)]?\s+\w|\s/\s|\n\s*[A-Z]")  # of prose: no disguise
_HAN_PAIR = re.compile("[\u3400-\u9fff]{2}")

Weight = Callable[[str], int]  # how usual two ideographs side by side are inside words


class OwnForms:
    """The words of one lexicon, compiled; immutable."""

    def __init__(self, words: Iterable[str]) -> None:
        table = skeletons()
        self._words: dict[str, list[str]] = {}
        for word in words:
            letters = word.translate(table)
            if len(letters) >= _LEAST or (len(letters) > 1 and _is_cjk(letters[0])):
                self._words.setdefault(_TWICE.sub(r"\1", letters), []).append(word)
        self._keys = list(self._words)
        self._automaton = ahocorasick_rs.AhoCorasick(
            self._keys, store_patterns=False, implementation=ahocorasick_rs.Implementation.ContiguousNFA
        )

    def edits(self, text: str, weight: Weight) -> list[Edit]:
        """The words as they are, in place of what disguises them."""
        found: list[tuple[int, int, str]] = []
        tables = [skeletons()]
        if _MORE_READINGS.search(text):
            tables.append(_skeletons_other())
        if _SIGNS.search(text):
            tables.append(_skeletons_parted())
        for table in tables:
            found += self._places(text, table, weight)
        edits, at = [], 0
        for start, end, word in sorted(found, key=lambda place: (place[0], -place[1])):
            if start >= at:
                edits.append(Edit(start, end, word))
                at = end
        return edits

    def _places(self, text: str, table: Mapping[int, str | None], weight: Weight) -> Iterator[tuple[int, int, str]]:
        letters = text.translate(table)
        short = _TWICE.sub(r"\1", letters)
        seen = self._automaton.find_matches_as_indexes(short, overlapping=True)[:_MOST_PLACES]
        if not seen:
            return
        places = [at for at, character in enumerate(text) if table.get(ord(character), character) is not None]
        runs = [run.start() for run in re.finditer(r"(.)\1*", letters, re.DOTALL)] + [len(letters)]
        begins = [not at or _may_stand_beside(text[at - 1], text[at]) for at in places]
        for number, first, last in seen:
            start, end = runs[first], runs[last]
            if begins[start] and (end == len(places) or _ends_word(text, places[end - 1])):
                for word in self._words[self._keys[number]]:
                    if place := _compared(word, text, letters[start:end], places[start:end], weight):
                        yield (*place, word)
                        break


def _ends_word(text: str, at: int) -> bool:
    return at + 1 == len(text) or _may_stand_beside(text[at + 1], text[at])


def _may_stand_beside(outer: str, inner: str) -> bool:
    """Whether a word may begin or end between two characters."""
    return not outer.isalnum() or _is_cjk(outer) or _is_cjk(inner)


def _compared(word: str, text: str, letters: str, places: list[int], weight: Weight) -> tuple[int, int] | None:
    """Where the word stands, if it is what the letters say and they say it in disguise."""
    start, end = places[0], places[-1] + 1
    shown = text[start:end]
    if shown.lower() == word.lower() or not _fits(word, letters, [text[at] for at in places]):
        return None
    gaps = [text[before + 1 : after] for before, after in pairwise(places)]
    if max(map(len, gaps), default=0) > _MOST_BETWEEN:
        return None
    if _is_cjk(letters[0]):
        return (start, end) if _may_part_cjk(text, start, end, gaps, weight) else None
    if any(gaps) and not all(gaps) and not _may_cut(shown, gaps, word):
        return None
    if any(gaps) and all(gaps):
        outer = text[max(0, start - len(gaps[0]) - 2) : start], text[end : end + len(gaps[-1]) + 2]
        return None if _goes_on(*outer, gaps) else (start, end)
    return start, end


def _fits(word: str, letters: str, shown: list[str]) -> bool:
    """Whether each letter is there as often as in the word, or drawn out; and not too many are signs."""
    wanted = [run[0] for run in re.finditer(r"(.)\1*", word.translate(skeletons()), re.DOTALL)]
    given = [run[0] for run in re.finditer(r"(.)\1*", letters, re.DOTALL)]
    if any(a != b and len(b) < max(_DRAWN_OUT, len(a)) for a, b in zip(wanted, given, strict=True)):
        return False
    signs = sum(character in _LEET for character in shown) - sum(character in _LEET for character in word)
    return 2 * signs <= len(letters) + (len(letters) > 4)


def _may_part_cjk(text: str, start: int, end: int, gaps: list[str], weight: Weight) -> bool:
    """Two ideographs parted by what parts clauses must not go with what stands outside: 喝毒。品味."""
    if len(gaps) > 1 or not gaps[0] or _HARD.intersection(gaps[0]):
        return True
    outer = (text[start - 1 : start + 1] if start else "", text[end - 1 : end + 1])
    return not any(_HAN_PAIR.fullmatch(pair) and weight(pair) >= _USUAL_WEIGHT for pair in outer)


def _goes_on(before: str, after: str, gaps: list[str]) -> bool:
    """Whether more single letters stand before or after, parted in the same way: a part of a longer word."""
    gap = gaps[0]
    left = before.removesuffix(gap) if before.endswith(gap) else ""
    right = after.removeprefix(gap) if after.startswith(gap) else ""
    return (left[-1:].isalpha() and not left[-2:-1].isalnum() and left[-1] not in "aAiI") or (
        right[:1].isalpha() and not right[1:2].isalnum() and right[:1] not in "aAiI"
    )


def _may_cut(shown: str, gaps: list[str], word: str) -> bool:
    """Whether signs inside it may cut a word: soft ones only where not all parts are words, blanks where none is."""
    parts = [part for part in re.split(r"[\W_]+", shown.lower()) if part]
    usual = [part for part in parts if is_word(part)]
    inner = [gap for gap in gaps if gap]
    if len(re.findall(r"[\W_]+", word)) >= len(inner):
        is_plain = "".join(parts) == re.sub(r"[\W_]+", "", word.lower())
        return not (is_plain and _CLAUSES.search(shown))  # the word's own gaps, otherwise filled
    if any(map(str.isspace, "".join(inner))):
        return not usual
    return bool(_HARD.intersection("".join(inner))) or len(usual) < len(parts)


def _is_cjk(character: str) -> bool:
    return "\u3041" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"


@functools.cache
def skeletons() -> dict[int, str | None]:
    """What each character is in a skeleton; nothing for what only parts letters."""
    table: dict[int, str | None] = {}
    for code in range(_LAST):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind[0] in "PSZCM" and kind not in ("Co", "Cn", "Mc"):
            table[code] = None
        elif kind == "Lu" and len(character.lower()) == 1:
            table[code] = character.lower()
    table |= dict.fromkeys(range(0xE0000, 0xE1000))
    table |= {ord(before): after for before, after in simplified_forms().items()}
    return table | {ord(sign): letter for sign, letter in _LEET.items()}


@functools.cache
def _skeletons_other() -> dict[int, str | None]:
    return skeletons() | {ord(sign): letter for sign, letter in _OTHER_LEET.items()}


@functools.cache
def _skeletons_parted() -> dict[int, str | None]:
    return skeletons() | dict.fromkeys(map(ord, _BOTH_WAYS), None)
