"""The words of a page in the order of the file: what is seen, and each stretch that is not, with its line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from moderation.media.decoded import NOWHERE, FoundText, Place
from moderation.media.html_looks import Look
from moderation.media.html_tree import Element, Kind, Piece

_MOST_STRETCHES = 100  # of hidden text that are told with their line; the others are told together
_BLOCK_NAMES = (
    "address article aside blockquote br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form frameset h1 h2 h3 h4 h5 h6 header hr legend li listing main menu nav ol optgroup option p "
    "plaintext pre search section select summary table tbody textarea tfoot thead tr ul xmp desc metadata noscript "
    "template"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset({"td", "th", "button", "text"})  # beside one another
_KEPT = frozenset({"pre", "textarea", "listing", "xmp", "plaintext"})  # spaces and line breaks as written
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_SPACES = re.compile(r"[ \t]{2,}")
_BREAKS = re.compile(r"[ \t]*\n[ \t\n]*")


@dataclass(slots=True)
class Words:
    """What was written so far.

    Attributes:
        is_open: the last stretch of hidden text goes on, as nothing seen came in between.
    """

    seen: list[str] = field(default_factory=list)
    stretches: list[tuple[int, list[str]]] = field(default_factory=list)
    is_open: bool = False

    def write(self, text: str, line: int, *, is_hidden: bool) -> None:
        """Adds text. Blanks go to both, since who hides a word between two leaves the blanks around it."""
        if not is_hidden:
            self.seen.append(text)
            self.is_open = self.is_open and not text.strip()
        elif text.strip():
            if not self.is_open:
                self.stretches.append((line, []))
            self.is_open = True
        if self.is_open and (is_hidden or not text.strip()):
            self.stretches[-1][1].append(text)

    def found(self) -> Iterator[FoundText]:
        """One text of all that is seen, one for each hidden stretch."""
        seen = tidy("".join(self.seen))
        yield FoundText(seen, ("document",))
        start = len(seen) + 1
        alone, others = self.stretches[:_MOST_STRETCHES], self.stretches[_MOST_STRETCHES:]
        told = [(tidy("".join(texts)), Place(member=f"line-{line}")) for line, texts in alone]
        told.append(("\n".join(tidy("".join(texts)) for _, texts in others), NOWHERE))
        for text, place in told:
            yield FoundText(text, ("document", "hidden_text"), place, start)
            start += len(text) + 1


def words_of(pieces: list[Piece], looks: list[Look], skipped: frozenset[str], *, keeps_lines: bool) -> Words:
    """Reads the pieces of a tree.

    Args:
        skipped: names of elements whose text is no text of the page.
        keeps_lines: lines end where they end in the file.
    """
    words = Words()
    for piece in pieces:
        look, name = looks[piece.element.number], piece.element.name
        match piece.kind:
            case Kind.START | Kind.END:
                gap = _gap(name, look)
                said = look.before if piece.kind is Kind.START else look.after
                for text in (gap, said) if piece.kind is Kind.START else (said, gap):
                    if text:
                        words.write(text, piece.line, is_hidden=look.is_hidden)
            case Kind.TEXT if name not in skipped:
                text = piece.text if keeps_lines or _is_kept(piece.element) else _BLANKS.sub(" ", piece.text)
                words.write(text, piece.line, is_hidden=look.is_hidden)
    return words


def tidy(text: str) -> str:
    """Without blanks that a page does not show."""
    return _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()


def _gap(name: str, look: Look) -> str:
    if look.breaks is False:
        return ""
    if look.breaks or name in _BLOCKS:
        return "\n"
    return "\t" if name in _CELLS else ""


def _is_kept(element: Element) -> bool:
    return element.name in _KEPT or (element.parent is not None and element.parent.name in _KEPT)
