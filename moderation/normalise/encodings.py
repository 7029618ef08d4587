"""Texts written as base64, numbers of bytes or characters, references, escapes or Morse: decoded in their place.

A run is decoded only if what comes out is text beyond doubt, so that names, hashes and identifiers stay; what is nearly
text is told of. What it does not know: encryption, compression and rarer alphabets (base32, base85).
"""

from __future__ import annotations

import codecs
import re
import string
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from moderation.normalise.decode_base64 import base64s, is_text
from moderation.normalise.decoders import Found, entities, escapes, hexes, morse, numbers, percents
from moderation.normalise.mapped import Edit, Mapped

# All ways of writing, in the order in which a run is tried: the name of the step, what must stand in the text, and how.
_WAYS = (
    ("escapes", re.compile(r"\\[xuU0-3]|[Uu]\+|%u"), escapes),
    ("html_entities", re.compile("&"), entities),
    ("percent", re.compile("%[0-9A-Fa-f]"), percents),
    ("morse", re.compile("[.·•–—−_-] [.·•–—−_-]|[.·•–—−_-]/[.·•–—−_-]"), morse),
    ("hex", re.compile("(?:[0-9A-Fa-f]{2}[ :,._-]?){4}|0[xX]"), hexes),
    ("numbers", re.compile(r"[0-9]{2}[ ,;:_\r\n-]{1,2}[0-9]{2}|[01]{16}"), numbers),
    ("base64", re.compile("[A-Za-z0-9+/_-]{4}"), base64s),
)
STEPS = frozenset(name for name, _, _ in _WAYS)
_CODE_SIGNS = f"{string.ascii_letters}{string.digits}%&#;=/+-_\\{{}}"
_FIRST_SIGN = re.compile(r"[=%&\\0-9]")
_SIGNS = re.compile(
    r"[A-Za-z0-9]=|%[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]|&#|&[A-Za-z]{2,}[0-9]*;|\\[xuU0-3]|[Uu]\+[0-9A-F]|[0-9][A-Fa-f]|"
    r"0[xX][0-9A-Fa-f]|[A-Fa-f][0-9]|"
    r"[0-9]{2}[ :,_;-]{0,2}[0-9]{2}[ :,_;-]{0,2}[0-9]{2}|[0-3][0-9]{2}(?:[ ,;:-]{1,2}[0-3][0-9]{2}){3}|"
    r"[0-9]{2}(?:\r?\n[0-9]{2,3}){4}|0[oO][0-7]|[a-z][0-9][A-Za-z]|[A-Z][0-9][a-z]"
)
_MAY_BE_MORSE = re.compile("[.·•–—−_-] [.·•–—−_-]")
_GROUPED = re.compile("[A-Z](?<=[a-z][A-Z])[A-Za-z0-9+/]{0,14}[\\s\"'`+]{1,8}[A-Za-z0-9+/]{3}")  # base64 without digits
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_-]{16}")
_TURNABLE = re.compile(r"[A-Za-z0-9+/_=%&#;\\-]{16,}")
_CODED = re.compile(r"[0-9=%&\\+/]|[a-z][A-Z]")
# Letters, digits and the signs of encodings, full-width or styled: each is one sign of ASCII.
_WIDE = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0) in _CODE_SIGNS},
    **{code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0x1D400, 0x1D6A4), *range(0x1D7CE, 0x1D800))},
    0x3000: " ",
}
_MAY_BE_WIDE = re.compile("[\uff03\uff05\uff06\uff0f-\uff19\uff1d\uff3c\U0001d7ce-\U0001d7ff]")
_HEXADECIMAL = re.compile("[0-9A-Fa-f-]+")
_LONG_WORD = 16


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text with its runs decoded, one layer of each.

    Attributes:
        names: the ways they were written in.
        runs: where they stood.
        refused: where something stands that may well be text and could not be read.
    """

    text: Mapped
    names: tuple[str, ...]
    runs: list[tuple[int, int]]
    refused: list[tuple[int, int]]


def is_suspect(text: str) -> bool:
    """Whether anything in it may be an encoding; cheap."""
    text = in_ascii(text)
    if (_FIRST_SIGN.search(text) and _SIGNS.search(text)) or _MAY_BE_MORSE.search(text) or _GROUPED.search(text):
        return True
    if text.isascii():
        return max(map(len, text.split()), default=0) >= _LONG_WORD
    return _LONG_RUN.search(text) is not None


def in_ascii(text: str) -> str:
    """With full-width and styled letters, digits and signs of encodings as plain ones, sign by sign."""
    return text if text.isascii() or not _MAY_BE_WIDE.search(text) else text.translate(_WIDE)


def decode_runs(text: Mapped) -> Decoded:
    """One layer of all encodings taken off, those in full-width or styled signs too; what stands beside them stays."""
    edits: list[Edit] = []
    names: list[str] = []
    refused: list[tuple[int, int]] = []
    for name, found in _found(in_ascii(text.text)):
        before = len(edits)
        for item in found:
            if not isinstance(item, Edit):
                refused.append(item)
            else:
                edits.append(item)
        edits[before:] = _apart(edits[before:], edits[:before])
        names += [name] if len(edits) > before else []
    edits.sort(key=lambda edit: edit.start)
    runs = [(edit.start, edit.end) for edit in edits]
    refused = [span for span in dict.fromkeys(refused) if not any(_overlap(span, run) for run in runs)]
    return Decoded(text.edited(edits), tuple(names), runs, refused)


def _found(text: str) -> Iterator[tuple[str, Iterator[Found]]]:
    for name, sign, way in _WAYS:
        if sign.search(text):
            yield name, way(text)


def _apart(fresh: list[Edit], others: list[Edit]) -> list[Edit]:
    """Those that overlap no other, and of each other the first."""
    ends = sorted((edit.start, edit.end) for edit in others)
    kept: list[Edit] = []
    at = 0
    for edit in sorted(fresh, key=lambda edit: (edit.start, -edit.end)):
        while at < len(ends) and ends[at][1] <= edit.start:
            at += 1
        clear = at == len(ends) or ends[at][0] >= edit.end
        if clear and (not kept or kept[-1].end <= edit.start):
            kept.append(edit)
    return kept


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def moved(text: str) -> dict[str, list[tuple[int, int]]]:
    """Runs that can be decoded only in ROT13, or only backwards: where they stand, by what is to be done with them."""
    found: dict[str, list[tuple[int, int]]] = {}
    for run in _TURNABLE.finditer(text):
        if not _CODED.search(run[0]):
            continue
        for name, other in (("rot13", codecs.encode(run[0], "rot13")), ("reversed", run[0][::-1])):
            if other != run[0] and _is_code(other):
                found.setdefault(name, []).append(run.span())
                break
    return found


def _is_code(run: str) -> bool:
    if not _HEXADECIMAL.fullmatch(run) and is_text(run.lstrip("=")):
        return True
    found = chain.from_iterable(way(run) for _, sign, way in (*_WAYS[:3], _WAYS[4]) if sign.search(run))
    return 2 * sum(item.end - item.start for item in found if isinstance(item, Edit)) > len(run)
