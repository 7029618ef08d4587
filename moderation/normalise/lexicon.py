"""Which Chinese words there are, how usual they are and how they sound, in a compact form; and an operator's own words.

Words and frequencies come from jieba's dictionary, readings from pypinyin's tables; both are read as files, neither
package is imported. Loaded once, at the first text that needs it or by `warm_up`. What it does not know: tones,
words of more than four characters, and slang younger than the dictionary, unless the operator names it.
"""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from ahocorasick_rs import AhoCorasick

from moderation.normalise.english import is_word
from moderation.normalise.mapped import Codes, codes_of
from moderation.normalise.own import OwnForms
from moderation.normalise.packaged import own_rows, packaged_json, packaged_text

HAN = "\u3400-\u9fff"
LONGEST_WORD = 4
_LONGEST_ENTRY = 6
_ENTRY = re.compile(f"^([{HAN}]{{1,{_LONGEST_ENTRY}}}) (\\d+)", re.MULTILINE)
_ALL_HAN = re.compile(f"[{HAN}]+")
_LEAST_FREQUENCY = {1: 1, 2: 3, 3: 5, 4: 5}
_MOST_SAME_SOUND = 12
COST_UNITS = 100  # of cost in a nat
_UNKNOWN_CHARACTER = 15.0  # nats
_OWN_COST = 9.0  # nats of an operator's word of weight 1: as usual as a usual word
_LEAST_LONG = 3
_PAIR_BITS = 23
_SYLLABLE_BASE = 0x100
_USUAL_ALONE = 40_000  # frequency from which a character is ordinarily a word of its own

_Code = TypeVar("_Code", int, np.ndarray[tuple[int], np.dtype[np.int64]])
Weights = np.ndarray[tuple[int], np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words of the operator's own lists, beside those of the dictionary.

    Attributes:
        words: word -> weight, 1 for a usual word, more for one to look for harder. Chinese words of up to four
            characters go to the decoders of sound; words in Latin letters are accepted wherever English ones are.
    """

    words: Mapping[str, float] = field(default_factory=dict)
    _sounds: Mapping[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)
    _pairs: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    _latin: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    _initials: Mapping[str, list[str]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _heard: AhoCorasick | None = field(init=False, repr=False, compare=False, default=None)
    own_forms: OwnForms | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not self.words:
            return
        han = {
            word: weight
            for word, weight in self.words.items()
            if _ALL_HAN.fullmatch(word) and len(word) <= LONGEST_WORD
        }
        sounds: dict[str, str] = defaultdict(str)
        for word, weight in han.items():
            cost = max(1.0, _OWN_COST - math.log(max(weight, 1e-3)))
            if (key := sound_of(word)) and len(sounds[key]) < _MOST_OWN_SAME_SOUND:
                sounds[key] += word + chr(int(cost * COST_UNITS))
        initials: dict[str, list[str]] = defaultdict(list)
        for word in han:
            if len(word) > 1 and (letters := initials_of(word)):
                initials[letters].append(word)
        latin = {word.lower() for word in self.words if word.isascii() and word.isalpha()}
        object.__setattr__(self, "_sounds", dict(sounds))
        object.__setattr__(self, "_pairs", frozenset(word[at : at + 2] for word in han for at in range(len(word) - 1)))
        object.__setattr__(self, "_latin", frozenset(latin))
        object.__setattr__(self, "_initials", dict(initials))
        object.__setattr__(self, "_heard", AhoCorasick([key for key in sounds if len(key) > 1], store_patterns=False))
        object.__setattr__(self, "own_forms", OwnForms(self.words))

    def accepts(self, word: str) -> bool:
        """Whether letters in lower case are a word."""
        return is_word(word) or word in self._latin

    def is_pair(self, pair: str) -> bool:
        """Whether two ideographs stand side by side in some word."""
        return self.pair_weight(pair) > 0

    def pair_weight(self, pair: str) -> int:
        """How usual two ideographs side by side are inside words, as a logarithm."""
        return _OWN_PAIR if pair in self._pairs else dictionary().pair_weight(pair)

    def is_usual_pair(self, pair: str) -> bool:
        return self.pair_weight(pair) >= _USUAL_PAIR

    def has(self, word: str) -> bool:
        """Whether it is a word of up to four ideographs, of the dictionary's or the operator's."""
        if word in self.words:
            return True
        sound = sound_of(word) if 1 < len(word) <= LONGEST_WORD else ""
        return bool(sound) and any(other == word for other, _ in self.same_sound(sound))

    def hears_own(self, clause: str, sound: str) -> bool:
        """Whether ideographs sound like an operator's word, and are no usual word themselves."""
        if self._heard is None:
            return False
        for _, start, end in self._heard.find_matches_as_indexes(sound, overlapping=True):
            strange = any(self.pair_weight(clause[at : at + 2]) < _USUAL_PAIR for at in range(start, end - 1))
            if strange and not self._joins(clause[max(0, start - 1) : start + 1], clause[end - 1 : end + 1]):
                return True
        return False

    def _joins(self, *pairs: str) -> bool:
        return any(len(pair) > 1 and self.pair_weight(pair) >= _JOINED_PAIR for pair in pairs)

    def own_by_initials(self, letters: str) -> list[str]:
        """The operator's words whose syllables begin with these letters."""
        return self._initials.get(letters, [])

    def is_own(self, word: str) -> bool:
        """Whether it is a word of the operator's."""
        return word in self.words

    def packed(self, sound: str) -> Iterator[str]:
        """Words of a sound, of the operator's and of the dictionary, as `Dictionary.sounds` has them."""
        if found := self._sounds.get(sound):
            yield found
        if found := dictionary().sounds.get(sound):
            yield found

    def same_sound(self, sound: str) -> Iterator[tuple[str, float]]:
        """Words of a sound with their costs in nats."""
        for found in self.packed(sound):
            yield from unpacked(found, len(sound))


def unpacked(packed: str, length: int) -> Iterator[tuple[str, float]]:
    """Words of one length with their costs in nats, the cheapest first."""
    for at in range(0, len(packed), length + 1):
        yield packed[at : at + length], ord(packed[at + length]) / COST_UNITS


_USUAL_PAIR = 4
_JOINED_PAIR = 12
_MOST_OWN_SAME_SOUND = 60  # characters of words and costs
_OWN_PAIR = 24


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The dictionary.

    Attributes:
        sounds: sound -> words of it, one after the other, each followed by its cost as one character.
        readings: ideograph -> its usual sound.
        syllables: syllable in letters -> sound.
        pairs: how often two ideographs stand side by side inside words, as a logarithm, by a hash of both.
        alone: ideographs that are ordinarily words of their own.
        pair_view: `pairs` again, for one at a time.
        cost_view: by code point, what an ideograph costs as a word of its own, in tenths of a nat; 0 for `alone`.
    """

    sounds: Mapping[str, str]
    readings: Mapping[str, str]
    syllables: Mapping[str, str]
    pairs: Weights
    alone: frozenset[str]
    pair_view: memoryview
    cost_view: memoryview

    def pair_weight(self, pair: str) -> int:
        return int(self.pair_view[pair_hash(ord(pair[0]), ord(pair[1]))])

    def pair_weights(self, codes: Codes) -> Weights:
        """The weight of each code point and its neighbour, all at once."""
        wide = codes.astype(np.int64)
        return self.pairs[pair_hash(wide[:-1], wide[1:])]


def pair_hash(first: _Code, second: _Code) -> _Code:
    return (first * 40_503 + second * 2_654_435) % ((1 << _PAIR_BITS) - 3)


_USUAL_COST = 100  # tenths of a nat of a character as a word of its own
_NEIGHBOUR = 8  # weight from which a character counts among another's neighbours


@functools.lru_cache(1_000)
def likeness(pair: str) -> float:
    """How alike the neighbours are that two ideographs have in words, from 0 to 1: of 父 and 母 very; 毒 and 品 not."""
    first, second = (_neighbours(character) for character in pair)
    product = float((first * second).sum())
    return product / math.sqrt(float((first * first).sum() * (second * second).sum()) + 1)


def _neighbours(character: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The weight of each usual ideograph after a character, then of each before it."""
    usual = _usual_codes()
    code = np.full_like(usual, ord(character))
    pairs = dictionary().pairs
    weights = np.concatenate([pairs[pair_hash(code, usual)], pairs[pair_hash(usual, code)]]).astype(np.float32)
    return np.where(weights >= _NEIGHBOUR, weights, np.float32(0))


@functools.cache
def _usual_codes() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    costs = np.frombuffer(dictionary().cost_view, np.uint8)[0x4E00:0xA000]
    return np.flatnonzero(costs < _USUAL_COST).astype(np.int64) + 0x4E00


@functools.cache
def dictionary() -> Dictionary:
    """The one dictionary of the process."""
    readings, syllables = _readings()
    table = {ord(character): sound for character, sound in readings.items()}
    text = _entries()
    found = [(match.start(), match.end(1), int(match[2])) for match in _ENTRY.finditer(text)]
    entries = np.array(found, np.int32)
    del found
    least = np.array([_LEAST_FREQUENCY.get(length, _LEAST_LONG) for length in range(_LONGEST_ENTRY + 1)])
    entries = entries[entries[:, 2] >= least[entries[:, 1] - entries[:, 0]]]
    pairs = _pair_table(codes_of(text), entries)
    entries = entries[entries[:, 1] - entries[:, 0] <= LONGEST_WORD]
    entries = entries[np.argsort(-entries[:, 2], kind="stable")]
    total = math.log(float(entries[:, 2].sum(dtype=np.int64)))
    costs = ((total - np.log(entries[:, 2])) * COST_UNITS).astype(np.int32)
    sounds: dict[str, str] = {}
    for start, end, cost in zip(entries[:, 0].tolist(), entries[:, 1].tolist(), costs.tolist(), strict=True):
        key = text[start:end].translate(table)
        packed = sounds.get(key, "")
        if len(packed) < _most(key):
            sounds[key] = packed + text[start:end] + chr(cost)
    single = entries[(entries[:, 1] - entries[:, 0] == 1) & (entries[:, 2] > _USUAL_ALONE)]
    alone = frozenset(text[start] for start in single[:, 0])
    own_costs = _own_costs(sounds, alone)
    return Dictionary(sounds, readings, syllables, pairs, alone, memoryview(pairs.data), memoryview(own_costs.data))


def _own_costs(sounds: Mapping[str, str], alone: frozenset[str]) -> Weights:
    table = np.full(1 << 16, int(_UNKNOWN_CHARACTER * 10), np.uint8)
    for sound, packed in sounds.items():
        if len(sound) == 1:
            for character, cost in unpacked(packed, 1):
                table[ord(character)] = min(int(cost * 10), int(_UNKNOWN_CHARACTER * 10))
    table[[ord(character) for character in alone]] = 0
    return table


def _pair_table(codes: Codes, entries: np.ndarray[tuple[int, int], np.dtype[np.int32]]) -> Weights:
    """Of all neighbours inside words, the logarithm of how often they are, by hash."""
    sums = np.zeros(1 << _PAIR_BITS, np.float32)
    for at in range(_LONGEST_ENTRY - 1):
        first = entries[entries[:, 0] + at + 1 < entries[:, 1]]
        places = first[:, 0] + at
        np.add.at(sums, pair_hash(codes[places].astype(np.int64), codes[places + 1].astype(np.int64)), first[:, 2])
    weights: Weights = np.minimum(255, 2 * np.log2(sums + 1)).astype(np.uint8)
    return weights


def _most(key: str) -> int:
    return _MOST_SAME_SOUND * (len(key) + 1) * (1 if len(key) > 1 else 4)


def sound_of(word: str) -> str:
    """The sounds of its characters, or nothing if one has none."""
    readings = dictionary().readings
    key = "".join(readings.get(character, "") for character in word)
    return key if len(key) == len(word) else ""


def initials_of(word: str) -> str:
    """The first letters of its syllables, or nothing if one has no reading."""
    first, readings = _first_letters(), dictionary().readings
    letters = "".join(first.get(readings.get(character, ""), "") for character in word)
    return letters if len(letters) == len(word) else ""


@functools.cache
def _first_letters() -> Mapping[str, str]:
    return {sound: syllable[0] for syllable, sound in dictionary().syllables.items() if syllable}


def character_cost(character: str) -> float:
    """Nats of an ideograph as a word of its own."""
    key = dictionary().readings.get(character, "")
    found = dictionary().sounds.get(key, "")
    at = found.find(character)
    return ord(found[at + 1]) / COST_UNITS if at >= 0 and at % 2 == 0 else _UNKNOWN_CHARACTER


def _entries() -> str:
    """The dictionary, a word and its frequency in a line; our own list adds what is younger than it."""
    own = "\n".join(f"{word} {frequency}" for word, frequency in own_rows("words.tsv"))
    return packaged_text("jieba") + "\n" + own


def _readings() -> tuple[dict[str, str], dict[str, str]]:
    """The first reading of each ideograph, without tone, and a sign for each syllable."""
    readings: dict[str, str] = {}
    syllables: dict[str, str] = {}
    for code, sounds in packaged_json("pypinyin").items():
        if 0x4E00 <= int(code) <= 0x9FFF:
            syllable = toneless(sounds.partition(",")[0])
            readings[chr(int(code))] = syllables.setdefault(syllable, chr(_SYLLABLE_BASE + len(syllables)))
    return readings, syllables


_TONES = {
    ord(marked): plain
    for plain, row in {
        "a": "āáǎà",
        "e": "ēéěèê",
        "i": "īíǐì",
        "o": "ōóǒò",
        "u": "ūúǔù",
        "v": "ǖǘǚǜü",
        "n": "ńňǹ",
        "m": "ḿ",
    }.items()
    for marked in row
} | {0x300: "", 0x301: "", 0x304: "", 0x30C: ""}


def toneless(syllable: str) -> str:
    """`lǜ` -> `lv`, `zhōng` -> `zhong`."""
    return syllable.translate(_TONES)
