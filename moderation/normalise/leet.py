"""Words with digits and signs in place of letters, and words with letters drawn out.

A word is changed only if it becomes a usual English word; names of products, versions, ordinals and formulas do not.
The more signs a word has and the more it looks like a name or a number, the more of the words beside it must be such
words, too. What it does not know: words of other languages, and new words; an operator's come with a `Lexicon`.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from moderation.normalise.english import COMMON_RANK, is_word, known, ranks
from moderation.normalise.lexicon import HAN
from moderation.normalise.mapped import Edit, Mapped

IsWord = Callable[[str], bool]

_SIGNS = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "li", "€": "e", "£": "l", "¡": "i", "+": "t",
}  # fmt: skip
# A sign at the end is mostly punctuation, at the beginning mostly a name or a price: there only some are letters.
# Ideographs are letters, but part words from it.
_TOKEN = re.compile(
    rf"(?<!(?![{HAN}])[\w@$!|€£¡+.\-])(?:[0-9A-Za-z$|¡]|@(?=[a-z]))[0-9A-Za-z@$!|€£¡+]*[0-9A-Za-z$](?!(?![{HAN}])[\w@])"
)
_MIXED = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=.*[0-9@$!|€£¡+])")
_NUMBER = re.compile("[0-9]{2,6}")
SUSPECT_LEET = re.compile(
    r"[A-Za-z][0-9@$!|€£¡+]+[A-Za-z]|[0-9$¡][A-Za-z]{2}|@[a-z]|[A-Za-z]{2}[0-9$]|[A-Za-z][@$!|€£¡+][0-9$]"
    r"|[0-9][A-Za-z][0-9]"
)
_NUMERONYM = re.compile(r"[A-Za-z](?!00|33)\d\d[A-Za-z]")  # i18n, a11y
_NAMES = frozenset({"sha1"})  # whose letters are a word, too
_SIGN = re.compile("[0-9@$!|€£¡+]")
_LONGEST = 24
_MOST_READINGS = 16
_SHORT_RANK = 1_500
_SURE, _LIKELY, _DOUBTFUL = range(3)  # words in signs that are read alone; beside such words; among hardly any others
_NEAR = 6  # words to both sides
_SEVERAL = 2
_LONG_WORD = 5
_HEX_GROUP = re.compile("[0-9](?:[0-9a-f]{3}|[0-9A-F]{3})")
_COLOUR = re.compile("[0-9A-Fa-f]{6}")
_MOST_GROUPS = 3  # to either side
_WORD = re.compile("[0-9A-Za-z$@|¡][0-9A-Za-z@$!|€£¡+]*")
_SWITCH = re.compile("(?<=[A-Za-z])(?=[^A-Za-z])|(?<=[^A-Za-z])(?=[A-Za-z])")
_DIGITS_FIRST = re.compile("[0-9]{3,}[a-z]{2,}")
_PART = re.compile(r"[-./:_#=&%~?\\'][0-9A-Za-z]")  # behind a word, it is one part of an identifier
_ORDINAL = re.compile(
    r"\d*(?:1st|2nd|3rd)|\d+(?:th|s|k|m|b|g|x|d|h|am|pm|bit|in|ml|mb|gb|tb|kg|km|cm|mm|px|hz|fps|ft|lbs?|oz)",
    re.IGNORECASE,
)

SUSPECT_REPEATS = re.compile(r"([A-Za-z])\1(?:\1|([A-Za-z])\2([A-Za-z])\3)", re.IGNORECASE)
_DRAWN_OUT = re.compile(
    rf"(?<!(?![{HAN}])[\w.])[A-Za-z]*([A-Za-z])\1\1[A-Za-z]*(?!(?![{HAN}])\w|\.(?![{HAN}])\w)", re.IGNORECASE
)
_PAIRED = re.compile(rf"(?<!(?![{HAN}])[\w.])(?:([A-Za-z])\1){{4,}}(?!(?![{HAN}])\w|\.\w)", re.IGNORECASE)
_RUN = re.compile(r"([a-z])\1+")
_FEW_RUNS = 6


def has_leet(text: str) -> bool:
    """Whether signs stand among letters."""
    return _SIGN.search(text) is not None and SUSPECT_LEET.search(text) is not None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A token that says a word, and how sure that is without those around it."""

    start: int
    end: int
    word: str
    doubt: int


def fold_leet(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words in their letters."""
    readings = [reading for found in _TOKEN.finditer(text.text) if (reading := _reading(found, accepts))]
    if any(reading.doubt for reading in readings):
        readings = list(_proven(text.text, readings))
    return text.edited(Edit(reading.start, reading.end, reading.word, aligned=True) for reading in readings)


def _reading(found: re.Match[str], accepts: IsWord) -> _Reading | None:
    token = found[0]
    if len(token) > _LONGEST or not (_MIXED.match(token) or _NUMBER.fullmatch(token)):
        return None
    doubt = _doubt(token)
    if doubt == _LIKELY and _is_sure_of_itself(found):
        doubt = _SURE
    if doubt == _SURE and _is_of_a_key(found):
        doubt = _DOUBTFUL
    elif doubt == _SURE and _is_a_group(found):
        doubt = _LIKELY
    word = word_in_signs(token, accepts, shortest=2 if doubt == _DOUBTFUL else 3)
    return _Reading(found.start(), found.end(), word, doubt) if word else None


def _doubt(token: str) -> int:
    """How little a token looks like a word, and how much like a name, a number or a measure."""
    letters = sum(character.isalpha() for character in token)
    if not letters or len(token) < 3 or token in _NAMES or _ORDINAL.fullmatch(token):
        return _DOUBTFUL
    if _NUMERONYM.fullmatch(token) or (len(token) == 3 and token.isupper()):
        return _LIKELY  # `A1R`
    if token[-1].isdigit() and not re.search(r"[^A-Za-z]", token.rstrip("0123456789")):
        if not token.islower():
            return _DOUBTFUL
        if len(token) < 5 and token[-2].isalpha() and token[-1] not in "0173":
            return _LIKELY  # `web3`, `mp4`: a name and its number
        if token[-2:].isdigit() and token[-2] != token[-1]:
            return _LIKELY
    return _LIKELY if len(token) - letters > letters + (len(token) > 4) else _SURE


def _is_sure_of_itself(found: re.Match[str]) -> bool:
    """Whether many signs stand among its letters, rather than before or behind them as in a name."""
    token = found[0]
    if len(token) < _LONG_WORD or not token.islower() or _PART.match(found.string, found.end()):
        return False
    if found.start() and _PART.match(found.string, found.start() - 1):
        return False
    return len(_SWITCH.findall(token)) > 1 or _DIGITS_FIRST.fullmatch(token) is not None


def _is_of_a_key(found: re.Match[str]) -> bool:
    """Whether it looks like a part of a code: capitals before a hyphen and more, four hexadecimal digits, a colour."""
    token, text = found[0], found.string
    if _HEX_GROUP.fullmatch(token) or (_COLOUR.fullmatch(token) and text[max(0, found.start() - 1)] == "#"):
        return True
    if not token.isupper() or _PART.match(text, found.end()) is None:
        return False
    letters = sum(character.isalpha() for character in token)
    return 2 * letters < len(token) or text[found.end() + 1].isdigit()


def _is_a_group(found: re.Match[str]) -> bool:
    """Whether it stands among groups of its length, most of them no words and none in signs: `O8XH B00K DG5D`."""
    others = [*_groups(found, -1), *_groups(found, 1)]
    strange = sum(other.lower() not in known() and word_in_signs(other) is None for other in others)
    return len(others) >= _SEVERAL and 2 * strange > len(others)


def _groups(found: re.Match[str], step: int) -> Iterator[str]:
    """Runs of letters and digits on one side of a token, of its length, with one sign between; the nearest first."""
    text, length = found.string, len(found[0])
    for count in range(1, _MOST_GROUPS + 1):
        start = found.start() + step * count * (length + 1)
        group = text[max(0, start) : start + length] if start + length > 0 else ""
        joint, outer = (start + length, start - 1) if step < 0 else (start - 1, start + length)
        if len(group) < length or not (group.isascii() and group.isalnum()) or text[joint] not in " -":
            return
        if 0 <= outer < len(text) and text[outer].isalnum():
            return
        yield group


def _proven(text: str, readings: list[_Reading]) -> Iterator[_Reading]:
    """Those that are sure, or have enough others beside them."""
    doubts = {reading.start: reading.doubt for reading in readings}
    words = (found for found in _WORD.finditer(text) if found.start() in doubts or not found[0].isdigit())
    starts = [found.start() for found in words]  # of a date, say, nothing is a word
    by_doubt = [[0] for _ in range(3)]  # how many there are before each word
    for start in starts:
        for doubt, counts in enumerate(by_doubt):
            counts.append(counts[-1] + (doubts.get(start) == doubt))
    for reading in readings:
        at = bisect_left(starts, reading.start)
        first, last = max(0, at - _NEAR), min(len(starts), at + _NEAR + 1)
        sure, likely, doubtful = (counts[last] - counts[first] for counts in by_doubt)
        most = 2 * (sure + likely) >= last - first - doubtful  # of the words around, itself too
        others = sure + likely - (reading.doubt != _DOUBTFUL)
        if (
            reading.doubt == _SURE
            or (reading.doubt == _LIKELY and (sure or (most and others >= _SEVERAL)))
            or (most and others >= _SEVERAL)
        ):
            yield reading


def word_in_signs(token: str, accepts: IsWord = is_word, *, shortest: int = 3) -> str | None:
    """The most usual word a token may be, whatever else it looks like."""
    if len(token) < shortest:
        return None
    choices = [_SIGNS.get(character, character) for character in token.lower()]
    words = []
    for reading in itertools.islice(itertools.product(*choices), _MOST_READINGS):
        word = "".join(reading)
        if accepts(word) and (len(word) > 3 or is_word(word, rank=_SHORT_RANK)):
            words.append(word)
    return min(words, key=lambda word: ranks().get(word, COMMON_RANK), default=None)


def fold_repeats(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words without the letters that are there three times and more: once or twice, as makes a word."""
    edits: list[Edit] = []
    for found in _DRAWN_OUT.finditer(text.text):
        token = found[0].lower()
        if len(token) > 10 * _LONGEST:
            token = _RUN.sub(lambda run: run[1] * min(3, len(run[0])), token)
        runs = [run for run in _RUN.finditer(found[0].lower()) if len(run[0]) > 2]
        if accepts(token) or len(runs) > _LONGEST:
            continue
        if lengths := _lengths(found[0].lower(), runs, accepts):
            edits += [
                Edit(found.start() + run.start(), found.start() + run.end(), found[0][run.start()] * length)
                for run, length in zip(runs, lengths, strict=True)
            ]
    read = {edit.start for edit in edits}
    for found in _PAIRED.finditer(text.text):  # `kkiillll`: each letter twice
        if accepts(found[0][::2].lower()) and read.isdisjoint(range(*found.span())):
            edits += [Edit(at, at + 2, text.text[at]) for at in range(*found.span(), 2)]
    return text.edited(sorted(edits, key=lambda edit: edit.start))


def _lengths(token: str, runs: list[re.Match[str]], accepts: IsWord) -> tuple[int, ...] | None:
    """How often each drawn-out letter stands in the most usual word that comes of it."""
    best: tuple[int, tuple[int, ...]] | None = None
    for lengths in _choices(len(runs)):
        pieces, at = [], 0
        for run, length in zip(runs, lengths, strict=True):
            pieces += [token[at : run.start()], run[1] * length]
            at = run.end()
        word = "".join(pieces) + token[at:]
        found = (ranks().get(word, COMMON_RANK), lengths)
        if len(word) > 1 and accepts(word) and (best is None or found < best):
            best = found
    return best[1] if best else None


def _choices(runs: int) -> Iterator[tuple[int, ...]]:
    """Once or twice for each of so many letters; of many, twice only for a few."""
    if runs <= _FEW_RUNS:
        yield from itertools.product((1, 2), repeat=runs)
        return
    for doubled in range(3 if runs > 2 * _FEW_RUNS else 4):
        for places in itertools.combinations(range(runs), doubled):
            yield tuple(1 + (at in places) for at in range(runs))


__all__ = ["SUSPECT_REPEATS", "IsWord", "fold_leet", "fold_repeats", "has_leet", "word_in_signs"]
