"""English under accents sprinkled on it, few to a word: `kíll yoúrsélf`.

Clause by clause. A word that no language but English spells so (`fínd`, `kíll`) is enough where most of the words
beside it are English too; one that others may spell so (`múrder`) is read only in a clause that is English beyond
doubt, by words such as `the` and `you`. Names, loan words (`data/loans.tsv`), a diaeresis that parts vowels
(`coöperate`) and what may be Vietnamese or pinyin prove nothing. What it does not know: single words and short phrases
of the second kind, and words in capitals at their beginning amid a clause, which are taken for names.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from moderation.normalise.english import is_word, names
from moderation.normalise.leet import IsWord
from moderation.normalise.packaged import own_rows
from moderation.normalise.tones import is_toned

ACCENTED = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\u0300-\u036f"
_CLAUSE = re.compile("[^.!?;:…\n]+")
_WORD = re.compile(f"[A-Za-z{ACCENTED}]+")
_MARKED = re.compile(f"(?<![A-Za-z{ACCENTED}])[A-Za-z]*[{ACCENTED}][A-Za-z{ACCENTED}]*")
MARKS = re.compile("[\u0300-\u036f]+")
_LONGEST = 24
_USUAL_RANK = 10_000
_TAILS = frozenset("s t d m l j c n b r u ll re ve qu don isn didn doesn".split())  # noqa: SIM905 - beside an apostrophe
# In plain letters: what English spells so, and hardly any other language that writes accents.
_ENGLISH = re.compile(
    r"w|ck|sh|gh|tch|^k[in]|[nrl]k|th$|th[iou]|^th(?:at|em|en|ey|ere|eir|ese|ank|anks)$|^you|ould|ound|ouse"
    r"|(?:ll|ff|ss|nd|ld|lf|lt|ft|ngs?)$"
)
_VIETNAMESE = re.compile("(?:ngh?|nh|kh|gh|gi|ch|ph|qu|th|tr|[bcdghklmnprstvxy])?[aeiouy]{1,3}(?:ch|ng|nh|[cmnpt])?")
# Letters of languages that have words like English ones under them: hånd, wäre, stând, polską.
_OTHERS = frozenset("äöüåøæßâăąęłńœ")
_PARTED = re.compile("[aeo][ëöï]")  # coöperate
_SPOKEN = "èd"  # blessèd
_TELLS = frozenset(
    "the you your and will with this that what have are not they she it of would should could who him his them their "  # noqa: SIM905
    "we my is be been how why when from".split()
)
_TELL = re.compile(rf"\b(?:{'|'.join(sorted(_TELLS))})\b", re.IGNORECASE)
_LEAST_WORDS = 3


class _Word(NamedTuple):
    """A word of a clause.

    Attributes:
        text: composed.
        plain: in small letters without accents.
    """

    start: int
    end: int
    text: str
    plain: str

    @property
    def marked(self) -> bool:
        return not self.text.isascii()


def sprinkled(text: str, accepts: IsWord = is_word) -> Iterator[tuple[int, int]]:
    """Where words stand whose accents are a disguise."""
    for clause in _CLAUSE.finditer(text):
        if clause[0].isascii():
            continue
        marked = [_word(found) for found in _MARKED.finditer(text, *clause.span())]
        likely = [word for word in marked if _is_read(word, accepts)]
        if not likely or 2 * len(likely) < sum(len(word.plain) != 1 for word in marked):
            continue
        english = {word.start for word in likely if _is_english(word)}
        if english or _TELL.search(clause[0]):  # otherwise it is another language: most are
            words = [_word(found) for found in _WORD.finditer(text, *clause.span())]
            yield from _hidden(words, {word.start for word in likely}, english, accepts)


def _word(found: re.Match[str]) -> _Word:
    """What it is without accents; nothing if it is too long for a word."""
    if found[0].isascii():
        return _Word(*found.span(), found[0], found[0].lower())
    if len(found[0]) > 2 * _LONGEST:
        return _Word(*found.span(), found[0], "")
    plain = MARKS.sub("", unicodedata.normalize("NFD", found[0].lower()))
    return _Word(*found.span(), unicodedata.normalize("NFC", found[0]), plain if plain.isascii() else "")


def _hidden(clause: list[_Word], read: set[int], sure: set[int], accepts: IsWord) -> Iterator[tuple[int, int]]:
    """The words of a clause that are English without their accents, if their accents are a disguise.

    Args:
        read: where those of them begin that English writes without accents.
        sure: where those of these begin that only English spells so.
    """
    headed = all(word.text[0].isupper() for word in clause)
    small = {word.start for at, word in enumerate(clause) if headed or not at or word.text[0].islower()}
    sure = sure & small
    counted = [word for word in clause if word.plain not in _TAILS and (word.marked or word.start in small)]
    english = sum(accepts(word.plain) for word in counted)
    if not (sure and 3 * english >= 2 * len(counted)):
        doubtful = any(word.start in read and (word.text[0].islower() or word.text.isupper()) for word in clause)
        told = any(word.plain in _TELLS for word in clause if not word.marked or word.start in sure)
        if not (doubtful and told and len(counted) >= _LEAST_WORDS and 5 * english >= 4 * len(counted)):
            return
    for word in clause:
        if word.marked and (word.start in read or (len(word.plain) < _LEAST_WORDS and accepts(word.plain))):
            yield word.start, word.end


def _is_read(word: _Word, accepts: IsWord) -> bool:
    """Whether it is a usual word of English without its accents that English itself writes without any."""
    if not word.plain or word.plain in _loans() or not accepts(word.plain):
        return False
    if word.text[0].isupper() and word.plain in names():
        return False
    lower = word.text.lower()
    others = _PARTED.sub("", lower)
    return not (others != lower and others.isascii()) and not (lower.endswith(_SPOKEN) and lower[:-2].isascii())


def _is_english(word: _Word) -> bool:
    """Whether no other language is likely to spell it so."""
    lower = word.text.lower()
    return (
        len(word.plain) >= _LEAST_WORDS
        and is_word(word.plain, rank=_USUAL_RANK)
        and _ENGLISH.search(word.plain) is not None
        and _VIETNAMESE.fullmatch(word.plain) is None
        and not _OTHERS.issuperset(letter for letter in lower if not letter.isascii())
        and not is_toned(lower)
    )


@functools.cache
def _loans() -> frozenset[str]:
    return frozenset(row[0] for row in own_rows("loans.tsv"))
