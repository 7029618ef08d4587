"""English words under accents that no English word has.

A language of its own is no disguise: a word whose accents are all of one language is changed only in an English text in
which several words have accents and every one of them is English without. What it does not know: one or two words under
the accents of a single language (`râpé`), which are that language's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from moderation.normalise.english import is_word
from moderation.normalise.leet import IsWord
from moderation.normalise.mapped import Edit, Mapped
from moderation.normalise.sprinkled import ACCENTED, MARKS, sprinkled

_MARKED = re.compile(f"(?<![A-Za-z{ACCENTED}])[A-Za-z]*[{ACCENTED}][A-Za-z{ACCENTED}]*")
_PLAIN = re.compile(f"[{ACCENTED}]+")
_WORD = re.compile("[a-z]+")
_SHORT_WORD = 3
_SEVERAL = 3
# Letters under accents by the languages that are written with them, near ones together.
_LANGUAGES = tuple(
    map(
        frozenset,
        (
            "àâæçéèêëîïôœùûüÿ",  # French
            "áéíóúüñçàèòïâêôãõ",  # Spanish, Catalan, Portuguese
            "àèéìíîòóùú",  # Italian
            "äöüßéèàåæøáíóúýðþ",  # German, Scandinavian, Finnish, Icelandic
            "äëïöüéèáíóúêç",  # Dutch
            "áčďéěíňóřšťúůýžäĺľôŕ",  # Czech, Slovak
            "ąćęłńóśźż",  # Polish
            "áéíóöőúüű",  # Hungarian
            "âçğıiîöşüûə",  # Turkish, Azeri
            "ăâîșțşţ",  # Romanian
            "čćđšžāēģīķļņūōŗąęėįųõäöü",  # Croatian, Slovene, Latvian, Lithuanian, Estonian
            "áâéêíóôúàèìòùŵŷïëö",  # Welsh, Irish, Gaelic
            "ĉĝĥĵŝŭ",  # Esperanto
            "āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹ",  # Pinyin
            "àáãạảăằắẵặẳâầấẫậẩđèéẽẹẻêềếễệểìíĩịỉòóõọỏôồốỗộổơờớỡợởùúũụủưừứữựửỳýỹỵỷ",  # Vietnamese
        ),
    )
)


def fold_accents(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words with accents on more than a third of their letters, in plain ones."""
    words = list(_MARKED.finditer(text.text))
    hidden = [word for word in words if _is_hidden(word[0], accepts)]
    if hidden and not _is_english(text.text, words, accepts):
        hidden = [word for word in hidden if not _is_of_a_language(word[0])]
    places = {word.span() for word in hidden} | (set(sprinkled(text.text, accepts)) if words else set())
    return text.edited(edit for start, end in sorted(places) for edit in _without_marks(text.text[start:end], start))


def _is_hidden(word: str, accepts: IsWord) -> bool:
    parts = unicodedata.normalize("NFD", word)
    plain = MARKS.sub("", parts)
    marked = len(parts) - len(plain)
    return len(plain) > _SHORT_WORD and 3 * marked > len(plain) and plain.isascii() and accepts(plain.lower())


def _is_of_a_language(word: str) -> bool:
    """Whether one language has all these letters."""
    accented = {letter for letter in unicodedata.normalize("NFC", word.lower()) if not letter.isascii()}
    return any(accented <= language for language in _LANGUAGES)


def _is_english(text: str, words: list[re.Match[str]], accepts: IsWord) -> bool:
    """Whether several words are English without their accents, all that have some, and most of the others are, too."""
    plain = {_PLAIN.sub("", unicodedata.normalize("NFD", word[0].lower())) for word in words}
    others = _WORD.findall(_MARKED.sub(" ", text).lower())
    return len(plain) >= _SEVERAL and all(map(accepts, plain)) and 3 * sum(map(accepts, others)) >= 2 * len(others)


def _without_marks(word: str, start: int) -> Iterator[Edit]:
    for at, character in enumerate(word, start):
        base = unicodedata.normalize("NFD", character)[0]
        if base != character or unicodedata.combining(character):
            yield Edit(at, at + 1, "" if unicodedata.combining(character) else base)
