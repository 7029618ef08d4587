"""Words with digits and signs in place of letters, and words with letters drawn out.

A word is changed only if it becomes a usual English word; names of products, versions, ordinals and formulas do not.
What it does not know: words of other languages, and new words; an operator's own words come with a `Lexicon`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from moderation.normalise.english import COMMON_RANK, is_word, ranks
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
SUSPECT_LEET = re.compile(
    r"[A-Za-z][0-9@$!|€£¡+]+[A-Za-z]|[0-9$¡][A-Za-z]{2}|@[a-z]|[A-Za-z]{2}[0-9$]|[A-Za-z][@$!|€£¡+][0-9$]"
)
_NUMERONYM = re.compile(r"[A-Za-z](?!00|33)\d\d[A-Za-z]")  # i18n, a11y
_NAMES = frozenset({"sha1"})  # whose letters are a word, too
_SIGN = re.compile("[0-9@$!|€£¡+]")
_LONGEST = 24
_MOST_READINGS = 16
_SHORT_RANK = 1_500
_ORDINAL = re.compile(
    r"\d+(?:st|nd|rd|th|s|k|m|b|g|x|d|h|am|pm|bit|in|ml|mb|gb|tb|kg|km|cm|mm|px|hz|fps|ft|lbs?|oz)", re.IGNORECASE
)

SUSPECT_REPEATS = re.compile(r"([A-Za-z])\1\1", re.IGNORECASE)
_DRAWN_OUT = re.compile(
    rf"(?<!(?![{HAN}])[\w.])[A-Za-z]*([A-Za-z])\1\1[A-Za-z]*(?!(?![{HAN}])\w|\.(?![{HAN}])\w)", re.IGNORECASE
)
_RUN = re.compile(r"([a-z])\1+")


def has_leet(text: str) -> bool:
    """Whether signs stand among letters."""
    return _SIGN.search(text) is not None and SUSPECT_LEET.search(text) is not None


def fold_leet(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words in their letters."""
    edits = []
    for found in _TOKEN.finditer(text.text):
        token = found[0]
        if len(token) > _LONGEST or not _MIXED.match(token) or _ORDINAL.fullmatch(token):
            continue
        if plain := _word(token, accepts):
            edits.append(Edit(found.start(), found.end(), plain, aligned=True))
    return text.edited(edits)


def _word(token: str, accepts: IsWord) -> str | None:
    letters = sum(character.isalpha() for character in token)
    signs = len(token) - letters
    if len(token) < 3 or signs > letters + (len(token) > 4):
        return None
    if token[-1].isdigit() and not re.search(r"[^A-Za-z]", token.rstrip("0123456789")):
        if len(token) < 5 and token[-2].isalpha() and token[-1] not in "0173":
            return None  # `web3`, `mp4`: a name and its number
        if token in _NAMES or not token.islower() or (token[-2:].isdigit() and token[-2] != token[-1]):
            return None
    if _NUMERONYM.fullmatch(token):
        return None
    choices = [_SIGNS.get(character, character) for character in token.lower()]
    for reading in itertools.islice(itertools.product(*choices), _MOST_READINGS):
        word = "".join(reading)
        if accepts(word) and (len(word) > 3 or is_word(word, rank=_SHORT_RANK)):
            return word
    return None


def fold_repeats(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words without the letters that are there three times and more: once or twice, as makes a word."""
    edits: list[Edit] = []
    for found in _DRAWN_OUT.finditer(text.text):
        token = found[0].lower()
        if len(token) > 10 * _LONGEST:
            token = _RUN.sub(lambda run: run[1] * min(3, len(run[0])), token)
        runs = [run for run in _RUN.finditer(found[0].lower()) if len(run[0]) > 2]
        if accepts(token) or len(runs) > 6:
            continue
        if lengths := _lengths(found[0].lower(), runs, accepts):
            edits += [
                Edit(found.start() + run.start(), found.start() + run.end(), found[0][run.start()] * length)
                for run, length in zip(runs, lengths, strict=True)
            ]
    return text.edited(edits)


def _lengths(token: str, runs: list[re.Match[str]], accepts: IsWord) -> tuple[int, ...] | None:
    """How often each drawn-out letter stands in the most usual word that comes of it."""
    best: tuple[int, tuple[int, ...]] | None = None
    for lengths in itertools.product((1, 2), repeat=len(runs)):
        pieces, at = [], 0
        for run, length in zip(runs, lengths, strict=True):
            pieces += [token[at : run.start()], run[1] * length]
            at = run.end()
        word = "".join(pieces) + token[at:]
        found = (ranks().get(word, COMMON_RANK), lengths)
        if len(word) > 1 and accepts(word) and (best is None or found < best):
            best = found
    return best[1] if best else None


__all__ = ["SUSPECT_REPEATS", "IsWord", "fold_leet", "fold_repeats", "has_leet"]
