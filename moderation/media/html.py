"""HTML: what is seen, what is hidden and where, comments, metadata, nested files. Runs in the decoder process only.

Nothing is loaded from elsewhere, no script is run, no page is drawn. What scripts say, and what a page shows from
elsewhere, is a gap.
"""

from __future__ import annotations

from collections.abc import Iterator

from moderation.media.decoded import FoundText, Unread
from moderation.media.html_encodings import markups
from moderation.media.html_looks import Look, looks_of
from moderation.media.html_said import Said, note_attributes
from moderation.media.html_styles import MOST_STYLE_CHARS, Sheet
from moderation.media.html_tree import Element, Kind, Tree, tree_of
from moderation.media.html_words import words_of
from moderation.media.readers import File, Find, Room

MOST_MARKUP_CHARS = 4_000_000  # libxml2 would drop what is longer than ten million as one piece
_TOLD = frozenset({"script", "style", "title"})  # by themselves


def read(file: File) -> Iterator[Find]:
    """The page, under each encoding it may be in."""
    told: set[FoundText] = set()
    for number, markup in enumerate(markups(file.data)):
        for find in finds_of(markup, file.room):
            if isinstance(find, FoundText):
                if find not in told:
                    told.add(find)
                    yield find
            elif number == 0:
                yield find


def finds_of(markup: str, room: Room, *, keeps_lines: bool = False) -> Iterator[Find]:
    """Everything in a page.

    Args:
        keeps_lines: lines end where they end in the file, not where the page says.
    """
    tree = tree_of(markup[:MOST_MARKUP_CHARS], lambda: room.is_late)
    if tree.is_cut:  # what was found is told, hidden or not
        looks = [Look()] * len(tree.elements)
        yield from words_of(tree.pieces, looks, _TOLD, keeps_lines=keeps_lines).found()
        yield Unread("decoder_timeout")
        return
    said, sheet = Said(), Sheet()
    _note_insides(tree, said, sheet, room)
    weighed = looks_of(tree, sheet, lambda: room.is_late)
    yield from words_of(tree.pieces, weighed.each, _TOLD, keeps_lines=keeps_lines).found()
    if len(markup) > MOST_MARKUP_CHARS:
        yield Unread("texts_past_limit")
    if not (tree.is_whole and weighed.is_whole):
        yield Unread("hidden_text_not_sought")
    for element in tree.elements[1:]:
        note_attributes(element, weighed.each[element.number], said)
    yield from said.found()


def _note_insides(tree: Tree, said: Said, sheet: Sheet, room: Room) -> None:
    """Comments, titles, style sheets, and whether there are scripts."""
    insides: dict[Element, list[str]] = {}
    for piece in tree.pieces:
        if piece.kind is Kind.COMMENT:
            said.add(piece.text, "document", "comment")
        elif piece.kind is Kind.TEXT and piece.element.name in _TOLD:
            insides.setdefault(piece.element, []).append(piece.text)
    left = MOST_STYLE_CHARS
    for element, texts in insides.items():
        text = "".join(texts)
        match element.name:
            case "style":
                said.style(text, element.line)
                sheet.add(text[: left + 1], lambda: room.is_late)
                sheet.is_whole &= len(text) <= left
                left = max(0, left - len(text))
            case "script" if text.strip():
                said.gaps.setdefault("scripts_unread", element.line)
            case "title":
                is_drawn = element.parent is not None and element.parent.name != "head"
                origin = ("document", "alternative_text") if is_drawn else ("metadata", "html_meta")
                said.add(text, *origin)
