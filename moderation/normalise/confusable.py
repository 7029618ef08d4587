"""Letters that look like Latin ones: styled, full-width, of other scripts.

The table of look-alikes is Unicode's, carried by `confusable-homoglyphs`; a small one of our own adds those that people
use though they look only a little alike. A word is changed only where it mixes scripts or becomes an English word; a
sentence that is Russian or Greek stays. What it does not know: look-alikes among ideographs.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from itertools import pairwise

from moderation.normalise.english import is_word
from moderation.normalise.leet import IsWord
from moderation.normalise.mapped import Edit, Mapped
from moderation.normalise.packaged import packaged_json
from moderation.normalise.sprinkled import ACCENTED

_OWN = dict(
    zip(
        "авекмнопрстухзияьгёйіїєѕԁһԛԝαβγδεζηικνοπρστυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХИЯЬıɑɡʟᴋɪʀɴʜʙᴀᴄᴅᴇᴍᴏᴘꜱᴛᴜᴠᴡʏᴢᴊꜰɢ",
        "abekmhonpctyxenrbreniieSdhqwabydeznikvonpotuxwABEZHIKMNOPTYXABEKMHOPCTYXNRbiagLKIRNHBACDEMOPSTUVWYZJFG".replace(
            "S", "s", 1
        ),
        strict=True,
    )
)
_CIRCLED = {
    **{chr(first + at): chr(65 + at) for first in (0x1F150, 0x1F170) for at in range(26)},
}
_TURNED = dict(zip("ɐɔǝɟƃɓɥıᴉɾʞʃןɯɹʇʌʍʎ", "acefgghiijkllmrtvwy", strict=True))
_STANDS_TURNED = dict(zip("bdpqnuosxz", "qpdbunosxz", strict=True))  # ordinary letters that are others upside down
_INDEX = (  # indices and exponents: single ones are ordinary
    "ªº\u02b0-\u02b8\u02e1-\u02e3\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\u2071\u207f\u2090-\u209c\u2c7c\u2c7d\ua69c\ua69d"
)
# Letters in one sign, long s and Roman numerals: one of them inside a word is enough.
_JOINED = "\u017f\u2160-\u217f\ufb00-\ufb06"
_STYLES = (
    f"{_INDEX}{_JOINED}\u2102-\u2149\u249c-\u24e9\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d6a3\U0001f110-\U0001f189"
)
_IDEOGRAPHS = "\u2e80-\u2fdf\uf900-\ufaff\U0002f800-\U0002fa1f"
_OTHER = (
    "\u0131\u0250-\u02af\u0370-\u058f\u1d00-\u1d2b\u13a0-\u13ff\u1400-\u167f\u2c60-\u2cff\ua4d0-\ua4ff"
    "\ua730-\ua7ff\uab30-\uabbf"
)
_STYLED = re.compile(f"[{_STYLES}{_IDEOGRAPHS}]+")
_DIGITS = "\uff10-\uff19\U0001d7ce-\U0001d7ff"
_STYLED_RUN = re.compile(f"[{_STYLES}{_IDEOGRAPHS}{_DIGITS}]+")
_DIGIT = re.compile(f"[{_DIGITS}]")
_STYLED_WORD = re.compile(f"[{_STYLES}]{{2}}|[A-Za-z](?![{_INDEX}])[{_STYLES}]|(?![{_INDEX}])[{_STYLES}][A-Za-z]")
_APART = "\u24b6-\u24e9\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d6a3\U0001f110-\U0001f189"
_LETTER = re.compile(f"[{_APART}]")
_STYLED_APART = re.compile(f"(?:[{_APART}][ .*_-]){{3}}[{_APART}]")
_IN_WORD = re.compile(f"[A-Za-z]{{2}}[{_JOINED}]|[{_JOINED}][A-Za-z]{{2}}|[A-Za-z][{_JOINED}][A-Za-z]")
_ABBREVIATION = re.compile("[\uff21-\uff3a]+")
_MIXED = re.compile(f"(?<![A-Za-z{_OTHER}])[A-Za-z]*[{_OTHER}][A-Za-z{_OTHER}]*")
_REGIONAL = "\U0001f1e6-\U0001f1ff"  # two side by side are a flag; apart they are letters
_REGIONAL_GAP = "[ .*_\u200b-\u200d\u2060\ufeff-]"
_REGIONAL_ROW = re.compile(
    f"(?<![{_REGIONAL}])[{_REGIONAL}](?:{_REGIONAL_GAP}{{1,3}}[{_REGIONAL}]){{2,}}(?![{_REGIONAL}])"
)
_UNSEEN_GAP = re.compile("[\u200b-\u200d\u2060\ufeff]+")
SUSPECT = re.compile(f"[{_STYLES}{_IDEOGRAPHS}{_OTHER}{ACCENTED}]|[{_REGIONAL}]{_REGIONAL_GAP}{{1,3}}[{_REGIONAL}]")
_TURNED_LETTER = "".join(_TURNED) + "".join(_STANDS_TURNED)
_TURNED_ROW = re.compile(
    rf"(?<![\w'])(?=[a-z]*[{''.join(_TURNED)}])[{_TURNED_LETTER}]+(?:[ ,.']+[{_TURNED_LETTER}]+)*(?![\w'])"
)
_FEW_TURNED = 4
_FEW_STYLED = 3
_FIRST_REGIONAL = 0x1F1E6
_SHORT_WORD = 3
_DOTLESS = "\u0131"
_ACCENT = re.compile(f"(?!{_DOTLESS})[{ACCENTED}\u0259\u018f]")
_TURKIC = re.compile("[ıçğöşüə]")
_CLAUSE = 200
_CLAUSE_END = re.compile(r"[.!?;:…\n]+")
_CLAUSE_WORD = re.compile("[A-Za-z\u00c0-\u024f\u0259]+")
_SOUNDS = ("[", "/", "ˈ", "ˌ")  # what the sounds of a word begin with


def fold_styled(text: Mapped) -> Mapped:
    """Letters and digits among them in their plain form; a radical or a compatibility ideograph as the ordinary one."""
    edits = []
    for found in _STYLED_RUN.finditer(text.text):
        lettered = _LETTER.search(found[0]) is not None
        for at, character in enumerate(found[0], found.start()):
            if not lettered and _DIGIT.match(character):
                continue
            plain = _CIRCLED.get(character) or unicodedata.normalize("NFKC", character).strip("()")
            if plain and plain != character:
                edits.append(Edit(at, at + 1, plain))
    for found in _REGIONAL_ROW.finditer(text.text):
        for at, character in enumerate(found[0], found.start()):
            if ord(character) >= _FIRST_REGIONAL:
                edits.append(Edit(at, at + 1, chr(ord(character) - _FIRST_REGIONAL + ord("a"))))
            elif _UNSEEN_GAP.match(character):
                edits.append(Edit(at, at + 1, ""))
    return text.edited(sorted(edits, key=lambda edit: edit.start))


def styled(text: str) -> bool:
    """Whether styled letters make up words, which is more than a sign, an index or an abbreviation."""
    letters = 0
    for found in _STYLED.finditer(text):
        if re.search(f"[{_IDEOGRAPHS}]", found[0]):
            return True
        around = text[max(0, found.start() - 1) : found.end() + 1]
        if _STYLED_WORD.search(around) and not _ABBREVIATION.fullmatch(found[0]):
            letters += len(found[0])
    apart = any(pattern.search(text) for pattern in (_STYLED_APART, _IN_WORD, _REGIONAL_ROW))
    return letters >= _FEW_STYLED or apart


def fold_turned(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Lines written upside down, from their last letter to the first: ʇǝɹɔǝs."""
    edits = []
    for found in _TURNED_ROW.finditer(text.text):
        plain = "".join(_TURNED.get(sign, _STANDS_TURNED.get(sign, sign)) for sign in reversed(found[0]))
        words = re.findall("[a-z]+", plain)
        turned = sum(sign in _TURNED for sign in found[0])
        if _FEW_TURNED * turned >= len(found[0]) and 2 * sum(map(accepts, words)) >= len(words):
            edits.append(Edit(found.start(), found.end(), plain))
    return text.edited(edits)


def fold_homoglyphs(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words with look-alikes in Latin letters; the sounds between brackets in a dictionary are none."""
    found = list(_MIXED.finditer(text.text))
    whole = [word for word in found if not re.search("[A-Za-z]", word[0])]
    foreign = any(_latin(word[0]) is None or not accepts((_latin(word[0]) or "").lower()) for word in whole)
    edits = []
    for word in found:
        plain = _latin(word[0])
        if plain is None or len(plain) < _SHORT_WORD or _is_of_a_language(text.text, word):
            continue
        mixed = re.search("[A-Za-z]", word[0]) is not None
        switches = sum(a.isascii() != b.isascii() for a, b in pairwise(word[0]))
        usual = accepts(plain.lower())
        if not usual and text.text[word.start() - 1 : word.start()] in _SOUNDS and word.start():
            continue
        if (mixed and (usual or switches > 1)) or (not mixed and not foreign):
            edits.append(Edit(word.start(), word.end(), _cased(plain), aligned=True))
    return text.edited(edits)


def _is_of_a_language(text: str, word: re.Match[str]) -> bool:
    """Whether all that is strange in a word is the `ı` of Turkish and Azerbaijani, and words beside it are of them.

    Letters beside it that have accents (`Bakanlığımız`) are no part of what is found, and of no English word. Slang,
    names and Chinese beside it prove nothing; words with those languages' letters that become no English ones do.
    """
    if any(not letter.isascii() and letter != _DOTLESS for letter in word[0]):
        return False
    if _ACCENT.match(text, word.end()) or (word.start() and _ACCENT.match(text, word.start() - 1)):
        return True
    before = max(
        (end.end() for end in _CLAUSE_END.finditer(text, max(0, word.start() - _CLAUSE), word.start())), default=0
    )
    after = _CLAUSE_END.search(text, word.end(), word.end() + _CLAUSE)
    clause = text[max(before, word.start() - _CLAUSE) : after.start() if after else word.end() + _CLAUSE]
    words = [found.lower() for found in _CLAUSE_WORD.findall(clause)]
    english = [is_word(found.replace(_DOTLESS, "i")) for found in words]
    turkish = any(_TURKIC.search(found) and not usual for found, usual in zip(words, english, strict=True))
    return turkish and 3 * sum(english) < 2 * len(words)


def _latin(word: str) -> str | None:
    """In Latin letters, or nothing if a letter of it looks like none."""
    table = _table()
    plain = [character if character.isascii() else table.get(character, "") for character in word]
    return "".join(plain) if all(plain) else None


def _cased(word: str) -> str:
    """Small capitals and the like leave a word in mixed case, which would be no word to others."""
    return word if word.islower() or word.isupper() or word.istitle() else word.lower()


@functools.cache
def _table() -> Mapping[str, str]:
    data = packaged_json("confusable-homoglyphs")
    table: dict[str, str] = {}
    for character, others in data.items():
        plain = [
            other["c"] for other in others if len(other["c"]) == 1 and other["c"].isascii() and other["c"].isalpha()
        ]
        if plain and len(character) == 1 and not character.isascii() and character.isalpha():
            table[character] = "I" if plain[0] == "l" and character.isupper() else plain[0]
    return {**table, **_OWN}
