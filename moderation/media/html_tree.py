"""Markup -> elements, and the texts between them in the order of the file, by libxml2. Decoder process only.

libxml2 tells of tags one by one and builds no tree of its own: those it builds end where markup is nested deeply or an
element has too many attributes. A tag that ends with `/>` it ends at once, as in XML. It is fed line by line, so that
every element's line is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from lxml import etree

MOST_ELEMENTS = 300_000
_MOST_ATTRIBUTES = 200
_FED_CHARS = 1 << 16
_LONG_LINE_CHARS = 1 << 12
_LOOKED_AT_CHARS = 2_048
_XML = re.compile(r"\s*<\?xml\s|<html[^>]*\sxmlns\s*=", re.IGNORECASE)


class Kind(Enum):
    """What a piece is."""

    START = "start"
    END = "end"
    TEXT = "text"
    COMMENT = "comment"


@dataclass(slots=True, eq=False)
class Element:
    """A tag with where it stands.

    Attributes:
        before: the element before it in the same one.
        position: among the elements of the same one, from 1.
        line: where its tag ends, from 1.
        number: of all elements, from 0 for what holds all others.
    """

    name: str
    attributes: dict[str, str]
    parent: Element | None = None
    before: Element | None = None
    position: int = 1
    line: int = 1
    number: int = 0
    last: Element | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters in an element, or where an element begins or ends."""

    element: Element
    kind: Kind
    text: str
    line: int


@dataclass(slots=True)
class Tree:
    """What a document consists of.

    Attributes:
        elements: in the order of the file, an element after the one it is in; first what holds all others.
        is_whole: all elements are there. If not, the texts of others stand in the last one that is.
        is_cut: there is more text than time.
    """

    elements: list[Element] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    is_whole: bool = True
    is_cut: bool = False


def tree_of(markup: str, is_late: Callable[[], bool]) -> Tree:
    """Builds it; ends early when time is up."""
    is_xml = _XML.search(markup, 0, _LOOKED_AT_CHARS) is not None
    builder = _Builder(is_xml)
    parser = etree.HTMLParser(target=builder, huge_tree=False, no_network=True, recover=True)
    for number, (line, text) in enumerate(_fed(markup)):
        if (number % 256 == 0 or len(text) > _LONG_LINE_CHARS) and is_late():
            builder.tree.is_cut = True
            break
        builder.line = line
        parser.feed(text)
    parser.close()
    return builder.tree


def _fed(markup: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, long ones in pieces. What no encoding can carry is replaced."""
    sound = markup.encode("utf-8", "replace").decode("utf-8")
    for number, line in enumerate(sound.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        for at in range(0, len(line) + 1, _FED_CHARS):
            text = line[at : at + _FED_CHARS]
            yield number, text if at + _FED_CHARS <= len(line) else f"{text}\n"


class _Builder:
    """What libxml2 tells its tags to. It ends every element that it began."""

    def __init__(self, is_xml: bool) -> None:
        root = Element("", {})
        self.tree = Tree([root])
        self.line = 1
        self._open = [root]
        self._texts: list[str] = []
        self._text_line = 1
        self._foreign = int(is_xml)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._flush()
        parent = self._open[-1]
        if len(self.tree.elements) > MOST_ELEMENTS:
            self.tree.is_whole = False
            self._open.append(parent)
            return
        name, before = _local(tag), parent.last
        kept = {key.lower(): value or "" for key, value in list(attributes.items())[:_MOST_ATTRIBUTES]}
        position = before.position + 1 if before else 1
        element = Element(name, kept, parent, before, position, self.line, len(self.tree.elements))
        parent.last = element
        self._foreign += name in {"svg", "math"}
        self._open.append(element)
        self.tree.elements.append(element)
        self.tree.pieces.append(Piece(element, Kind.START, "", self.line))

    def end(self, _tag: str) -> None:
        self._flush()
        if len(self._open) > 1:
            element = self._open.pop()
            if element is not self._open[-1]:
                self._foreign -= element.name in {"svg", "math"}
                self.tree.pieces.append(Piece(element, Kind.END, "", self.line))

    def data(self, text: str) -> None:
        if not self._texts:
            self._text_line = self.line
        self._texts.append(text)

    def comment(self, text: str) -> None:
        if self._foreign and text.startswith("[CDATA["):
            self.data(text.removeprefix("[CDATA[").removesuffix("]]"))
        elif not text.lower().startswith("?xml"):
            self._flush()
            self.tree.pieces.append(Piece(self._open[-1], Kind.COMMENT, text, self.line))

    def close(self) -> None:
        self._flush()

    def _flush(self) -> None:
        """Ends a text, which libxml2 tells of in many pieces."""
        if self._texts:
            piece = Piece(self._open[-1], Kind.TEXT, "".join(self._texts), self._text_line)
            self.tree.pieces.append(piece)
            self._texts.clear()


def _local(tag: str) -> str:
    """Without the prefix of a name space."""
    return tag.rpartition(":")[2].lower()
