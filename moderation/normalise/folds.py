"""The folds that make the canonical view, in their order, each with the cheap question whether it is worth applying.

Ordinary text answers no to all of them and costs nothing more. A fold only sees what the ones before it left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from moderation.normalise import (
    accents,
    chinese,
    confusable,
    encodings,
    invisible,
    leet,
    pictures,
    rotation,
    rows,
    spacing,
    tones,
    written,
)
from moderation.normalise.homophone import fits_badly, sounds_odd
from moderation.normalise.lexicon import Lexicon
from moderation.normalise.mapped import Edit, Mapped


@dataclass(frozen=True, slots=True)
class Fold:
    """One disguise: its name in `View.steps`, a cheap question and the way to take it off."""

    name: str
    suspects: Callable[[str, Lexicon], bool]
    apply: Callable[[Mapped, Lexicon], Mapped]


def _spaced(text: Mapped, words: Lexicon) -> Mapped:
    if spacing.has_spaced(text.text):
        text = spacing.fold_spaced(text, words.accepts)
    return spacing.fold_cut(text, words.accepts) if spacing.has_cut(text.text) else text


def _homoglyph(text: Mapped, words: Lexicon) -> Mapped:
    text = confusable.fold_turned(text, words.accepts)
    return accents.fold_accents(confusable.fold_homoglyphs(text, words.accepts), words.accepts)


def _is_spaced(text: str, _: Lexicon) -> bool:
    return spacing.has_spaced(text) or spacing.has_cut(text)


def _is_spaced_han(text: str, words: Lexicon) -> bool:
    if text.isascii():
        return False
    if spacing.SUSPECT_HAN.search(text) or spacing.has_han_digits(text, words.pair_weight):
        return True
    return rows.has_row(text)


def _own(text: str, words: Lexicon) -> list[Edit]:
    return words.own_forms.edits(text, words.pair_weight) if words.own_forms else []


def _own_words(text: Mapped, words: Lexicon) -> Mapped:
    return text.edited(_own(text.text, words))


FOLDS = (
    Fold("homoglyph", lambda text, _: not text.isascii() and confusable.SUSPECT.search(text) is not None, _homoglyph),
    Fold(
        "own_words",
        lambda text, words: bool(_own(text, words)),
        lambda text, words: text.edited(_own(text.text, words)),
    ),
    Fold("spacing", _is_spaced, _spaced),
    Fold(
        "leet",
        lambda text, _: leet.has_leet(text),
        lambda text, words: leet.fold_leet(text, words.accepts),
    ),
    Fold(
        "repeats",
        lambda text, _: leet.SUSPECT_REPEATS.search(text) is not None,
        lambda text, words: leet.fold_repeats(text, words.accepts),
    ),
    Fold(
        "traditional",
        lambda text, _: not text.isascii() and chinese.is_traditional(text),
        lambda text, _: chinese.fold_traditional(text),
    ),
    Fold(
        "spacing",
        _is_spaced_han,
        spacing.fold_spaced_han,
    ),
    Fold("split_characters", written.has_parts, written.join_parts),
    Fold(
        "emoji",
        lambda text, _: not text.isascii() and pictures.SUSPECT.search(text) is not None,
        pictures.read_pictures,
    ),
    Fold("homophone", written.has_puns, written.read_puns),
    Fold("initials", written.has_initials, written.read_initials),
    Fold("pinyin", written.has_syllables, written.read_syllables),
)


def is_suspect(text: str, words: Lexicon) -> bool:
    """Whether any disguise is worth looking for."""
    if encodings.is_suspect(text) or rotation.is_suspect(text) or any(fold.suspects(text, words) for fold in FOLDS):
        return True
    if tones.has_tones(text):
        return True
    if text.isascii():
        return not text.isprintable() and invisible.SUSPECT.search(text) is not None
    return (
        invisible.SUSPECT.search(text) is not None
        or confusable.SUSPECT.search(text) is not None
        or invisible.flooded(text)
        or sounds_odd(text, words)
        or fits_badly(text)
    )
