"""The plain form in which terms and texts are compared, one code point for one, with the edges of words marked.

Small letters, half-width forms, simplified characters, one kind of blank and of apostrophe: every code point becomes
exactly one, so that places in the plain text are places in the original. Then a letter a-z that begins a word is made a
capital, and one that ends a word a control character 1-26, which nothing else can be any more: a term that must be a
whole word is looked for with these marks, and is never seen inside "class". What takes a change of length to undo
(invisible characters, leet, spacing, composed accents, ß) is the business of others; each form they find is matched as
a text of its own.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.errors import ConfigurationError

OTHER = 0
WORD = 1  # letters of scripts that write blanks between words, their marks, digits
HAN = 2
HANGUL = 3
KANA = 4
UNSEEN = 5  # shows nothing: looked past
FAR = 8  # unseen characters that are looked past at most

_IN_WORD, _LETTER, _SKIPPED = np.uint8(1), np.uint8(2), np.uint8(4)
_ENDS = slice(1, 27)  # the marks of a to z that end a word
_SIZE = 0x110000
# What may change or has a class of its own; between them lie Han, Hangul, private use and what is not assigned.
_TOLD = ((0, 0x3400), (0x4DC0, 0x4E00), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xF900, 0x18000), (0x1AFF0, 0x20000))
_HAN = ((0x3005, 0x3008), (0x3021, 0x302A), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32000))
_HANGUL = ((0x1100, 0x1200), (0x3130, 0x3190), (0xA960, 0xA980), (0xAC00, 0xD800))
_KANA = ((0x3041, 0x3100), (0x31F0, 0x3200), (0xFF66, 0xFFA0), (0x1AFF0, 0x1B170))
# Scripts without blanks between words (Thai, Lao, Tibetan, Myanmar, Khmer, Tai Le and others): no edge is like another.
_RUNNING = ((0x0E00, 0x1000), (0x1000, 0x10A0), (0x1780, 0x1800), (0x1950, 0x1A20), (0xA9E0, 0xAA00), (0xAA60, 0xAA80))
_UNSEEN_MARKS = ((0x034F, 0x0350), (0x180B, 0x1810), (0xFE00, 0xFE10), (0xE0000, 0xE0FFF + 1))
_OWN = {
    **dict.fromkeys(map(ord, "‘’ʼ´"), ord("'")),
    **dict.fromkeys(map(ord, "‐‑"), ord("-")),
    ord("ς"): ord("σ"),
    ord("İ"): ord("i"),
}

Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Tables:
    """What is known of each code point.

    Attributes:
        told: the folded code point, and its flags from bit 24 on.
        fold: the folded code point alone.
        classes: by folded code point, marks included.
        ascii_fold: this and the next for `bytes.translate`.
        ascii_flags: by folded byte.
        word: by folded byte, marks included: 1 for letters and digits.
    """

    told: Codes
    fold: Codes
    classes: bytes
    ascii_fold: bytes
    ascii_flags: bytes
    word: bytes


@dataclass(frozen=True, slots=True)
class Plain:
    """A folded text with marked starts, and its UTF-8 form (lone surrogates passed through)."""

    text: str
    key: bytes


@cache
def tables() -> Tables:
    """Built at the first use, in about a fifth of a second; 5.5 MB.

    Raises:
        ConfigurationError: if `opencc` does not work.
    """
    fold = np.arange(_SIZE, dtype=np.uint32)
    classes = np.zeros(_SIZE, dtype=np.uint8)
    for first, last in _TOLD:
        for code in range(first, last):
            fold[code], classes[code] = _told(chr(code))
    for told, value in ((_HAN, HAN), (_HANGUL, HANGUL), (_KANA, KANA), (_RUNNING, OTHER), (_UNSEEN_MARKS, UNSEEN)):
        for first, last in told:
            classes[first:last] = value
    classes[[0x30FB, 0x30A0]] = OTHER  # katakana's middle dot and double hyphen part words
    for code in range(0x2F800, 0x2FA20):
        fold[code], _ = _told(chr(code))
    fold = _simplified()[fold]
    flags = (
        (classes[fold] == WORD) * _IN_WORD
        | ((fold >= ord("a")) & (fold <= ord("z"))) * _LETTER
        | (classes[fold] == UNSEEN) * _SKIPPED
    ).astype(np.uint32)
    classes = classes[fold]
    classes[_ENDS] = WORD
    ascii_fold = bytes(fold[:128].astype(np.uint8)) + bytes(128)
    ascii_flags = flags[:128].astype(np.uint8).tobytes() + bytes(128)
    word = bytes(classes[:128] == WORD) + bytes(128)
    return Tables(fold | flags << 24, fold, classes.tobytes(), ascii_fold, ascii_flags, word)


def _told(character: str) -> tuple[int, int]:
    """What one character becomes, and its class."""
    code = ord(character)
    kind = unicodedata.category(character)
    if 0 < code < ord(" ") and not character.isspace():
        return 0x7F, OTHER  # room for the marks
    if kind == "Cf":
        return code, UNSEEN
    form = unicodedata.decomposition(character)
    if form and (form[0] != "<" or form.startswith(("<wide>", "<narrow>"))):
        whole = unicodedata.normalize("NFKC" if form[0] == "<" else "NFC", character)
        character = whole if len(whole) == 1 else character
    if character.isspace():
        return ord(" "), OTHER
    character = chr(_OWN.get(ord(character), ord(character)))
    small = character.casefold()
    found = ord(small) if len(small) == 1 else ord(character)
    return found, WORD if kind[0] == "L" or kind in ("Mn", "Mc", "Nd", "Nl") else OTHER


def _simplified() -> Codes:
    """Each Han character's simplified form, by opencc's table for single characters."""
    try:
        import opencc  # noqa: PLC0415 -- loads its tables

        converter: Any = opencc.OpenCC("t2s")
    except (ImportError, OSError, RuntimeError) as error:
        message = f"lists: opencc does not work ({error}); run: pip install --force-reinstall opencc"
        raise ConfigurationError(message) from None
    codes = np.arange(_SIZE, dtype=np.uint32)
    for first, last in ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x32000)):
        # A line each, so that no phrase of several characters is seen.
        lines = str(converter.convert("\n".join(map(chr, range(first, last))))).split("\n")
        codes[first:last] = [
            ord(line) if len(line) == 1 else code for code, line in zip(range(first, last), lines, strict=True)
        ]
    return codes


def plain(text: str, *, goes_on: bool = False) -> Plain:
    """The folded text with its words' edges marked.

    Args:
        goes_on: whether the text's last word may go on, and thus does not end.
    """
    told = tables()
    if text.isascii():
        small = text.encode().translate(told.ascii_fold)
        letters = np.frombuffer(small, dtype=np.uint8)
        flags = np.frombuffer(small.translate(told.ascii_flags), dtype=np.uint8)
        key = (letters - _steps(flags, goes_on)).tobytes()
        return Plain(key.decode(), key)
    both = told.told[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)]
    flags = (both >> 24).astype(np.uint8)
    both &= 0x1FFFFF
    both -= _steps(flags, goes_on)
    marked = both.tobytes().decode("utf-32-le", "surrogatepass")
    return Plain(marked, marked.encode("utf-8", "surrogatepass"))


def _steps(flags: npt.NDArray[np.uint8], goes_on: bool) -> npt.NDArray[np.uint8]:
    """What is taken off each code point to mark it: 32 where a letter begins a word, else 96 where one ends it."""
    inside = flags & _IN_WORD
    letters = (flags & _LETTER) >> np.uint8(1)
    before, after = np.zeros_like(flags), np.full_like(flags, int(goes_on))
    before[1:], after[:-1] = inside[:-1], inside[1:]
    skipped = flags & _SKIPPED
    if skipped.any():
        before = _nearest(inside, skipped, 0)
        after = _nearest(inside[::-1], skipped[::-1], goes_on)[::-1]
    starts = letters & ~before
    return starts * np.uint8(32) + (letters & ~starts & ~after) * np.uint8(96)


def _nearest(inside: npt.NDArray[np.uint8], skipped: npt.NDArray[np.uint8], edge: int) -> npt.NDArray[np.uint8]:
    """`inside` of the nearest character before each place that is not skipped; 0 if it is too far away."""
    places = np.arange(len(inside))
    seen = np.full(len(inside), -1)
    seen[1:] = np.maximum.accumulate(np.where(skipped, -1, places))[:-1]
    found = np.where(seen >= 0, inside[seen], edge)
    return np.where(places - seen <= FAR + 1, found, 0).astype(np.uint8)


def unmarked(text: str) -> str:
    """The folded text alone: what a term is before it is known where it begins."""
    codes = tables().fold[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)]
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def class_of(character: str) -> int:
    return tables().classes[ord(character)]
