"""What is in a text and does not show: zero-width characters, controls, private use, tags, variation selectors, floods.

Where such characters have a meaning (joiners in Persian and in Indic scripts, word breaks in Thai, emoji with joiners
and skin tones, flags, marks of direction in Hebrew and Arabic) they stay. What it does not know: secrets hidden in the
choice of ordinary spaces or of letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from moderation.normalise.hidden_bits import Run, decoded, spelled
from moderation.normalise.mapped import Mapped

_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNSEEN = (
    "\x00-\x08\x0e-\x1f\x7f\x80-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff\U000f0000-\U0010ffff" + _SELECTORS
)
# Neighbours beside which an unseen character may be spelling: it stays.
_SPELLING = (
    "\u0590-\u08ff\u0900-\u109f\u1100-\u11ff\u1780-\u18af\u1900-\u1aaf\u1b00-\u1cff\ua840-\ua87f\ua8e0-\uabff"
    "\u20e3\u2190-\u2bff\u3130-\u318f\uac00-\ud7ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00011fff\U0001f000-\U0001faff"
    "#*©®‼⁉™〰〽㊗㊙"
)
_LETTERS = (
    "0-9A-Za-z\u00c0-\u024f\u0370-\u058f\u1e00-\u1fff\u2e80-\u2fdf\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff10-\uff5a"
    "\U0001d400-\U0001d7ff\U00020000-\U0003ffff"
)
SUSPECT = re.compile(f"[{_UNSEEN}]")
_DROPPED = re.compile(f"(?<![{_SPELLING}{_UNSEEN}])[{_UNSEEN}]+(?![{_SPELLING}{_UNSEEN}])")
# What ordinary texts have at the edge of a word: hyphens, breaks, marks of direction and of order, a glyph's choice.
_USUAL = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff"
_ODD_EDGE = re.compile(f"(?<=[{_LETTERS}])(?![{_USUAL}])[{_UNSEEN}]|(?![{_USUAL}])[{_UNSEEN}](?=[{_LETTERS}])")
_BETWEEN_LETTERS = re.compile(f"(?<=[{_LETTERS}])[{_UNSEEN}]+(?=[{_LETTERS}])")

_TAGS = re.compile("(\U0001f3f4?)([\U000e0020-\U000e007f]+)")
_FLAG = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_SELECTED = re.compile(f"[{_SELECTORS}]{{3,}}")
_BITS = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff]{16,}")
_SHORT_RUN = 3

_OVERRIDDEN = re.compile("\u202e([^\u202c-\u202e\n]+)\u202c?")
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc\u20e5-\u20f0\ufe20-\ufe2f"
_MOST_MARKS = 2
_OF_THE_LETTER = re.compile(f"[{_MARKS}]+|[{_SELECTORS}](?![{_SELECTORS}])")
_FLOOD = re.compile(
    f"[{_MARKS}]{{{_MOST_MARKS + 1},}}|(?<=[0-9A-Za-z\u3400-\u9fff])[\u0334-\u0338\u20d2\u20d3\u20e5\u20e6]+"
)


def unspelled(text: str) -> Iterator[re.Match[str]]:
    """Runs of characters that do not show, where they are no spelling."""
    return _DROPPED.finditer(text)


def drop_invisible(text: Mapped) -> Mapped:
    """Without characters that do not show, where they are no spelling."""
    return _without(text, unspelled(text.text))


def _without(text: Mapped, found: Iterable[re.Match[str]]) -> Mapped:
    """Without these; what is a part of the letter before them, marks and selectors, goes with that letter."""
    mask = np.ones(len(text.text), np.bool_)
    ends = text.ends.copy()
    for run in found:
        start, end = run.span()
        mask[start:end] = False
        if start and (own := _OF_THE_LETTER.match(text.text, start, end)):
            ends[start - 1] = max(ends[start - 1], ends[own.end() - 1])
    return Mapped(text.text, text.starts, ends).kept(mask)


def parts_words(text: str) -> bool:
    """Whether what does not show stands between letters, or what no text has beside one: words are not read with it.

    A selector that chooses the glyph of an ideograph counts as well: without it the text says the same, and who looks
    for a word does not look past it.
    """
    return _BETWEEN_LETTERS.search(text) is not None or _ODD_EDGE.search(text) is not None


def turn_overridden(text: Mapped) -> Mapped:
    """In the order in which it shows: what stands behind a right-to-left override is read backwards."""
    order = np.arange(len(text.text))
    for found in _OVERRIDDEN.finditer(text.text):
        start, end = found.span(1)
        order[start:end] = order[start:end][::-1]
    return text.taken(order)


def overridden(text: str) -> bool:
    """Whether a right-to-left override reaches over more than one character that is written left to right."""
    return any(re.search("[A-Za-z\u3400-\u9fff].", found[1]) for found in _OVERRIDDEN.finditer(text))


def drop_floods(text: Mapped) -> Mapped:
    """Without marks stacked higher than any script stacks them, and without strokes through letters."""
    return _without(text, _FLOOD.finditer(text.text))


def flooded(text: str) -> bool:
    return _FLOOD.search(text) is not None


def hidden(text: Mapped) -> list[tuple[str, Mapped]]:
    """Texts that only unseen characters spell, each with the name of the way it was hidden in."""
    tags = []
    for found in _TAGS.finditer(text.text):
        if not (found[1] and _FLAG.match(found[2])):
            pairs = [(at, at + 1, chr(ord(text.text[at]) - 0xE0000)) for at in range(*found.span(2))]
            tags.append([pair for pair in pairs if pair[2] != "\x7f"])
    selected = [decoded([_byte(code) for code in found[0]], found.start()) for found in _SELECTED.finditer(text.text)]
    bits = [spelled(found[0], found.start()) for found in _BITS.finditer(text.text)]
    named = (("tag_characters", tags), ("variation_selectors", selected), ("zero_width_bits", bits))
    return [(name, joined) for name, runs in named if (joined := _joined(text, [run for run in runs if run]))]


def _byte(character: str) -> int:
    code = ord(character)
    return code - 0xFE00 if code < 0x10000 else code - 0xE0100 + 16


def _joined(text: Mapped, runs: list[Run]) -> Mapped | None:
    """All runs as one text: on lines of their own, unless they are so short that they spell words only together."""
    pieces = [piece for run in runs for piece in run]
    if sum(piece[2].isalpha() for piece in pieces) < 2:
        return None
    if len(pieces) >= _SHORT_RUN * len(runs):
        lines: Run = []
        for run in runs:
            if lines:
                lines.append((lines[-1][1], lines[-1][1], "\n"))
            lines += run
        pieces = lines
    starts = np.array([text.starts[min(start, len(text.text) - 1)] for start, _, _ in pieces], np.int32)
    ends = np.array([text.ends[end - 1] for _, end, _ in pieces], np.int32)
    return Mapped("".join(piece[2] for piece in pieces), starts, ends)
