"""The text of one page of a PDF: what is seen and what is hidden, each read by itself. Decoder process only.

PDFium leaves out a character that stands where the same one stood just before, as in letters made bold by writing them
twice. So a hidden letter can take away a seen one; where both are on a page, each is read without the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pypdfium2.raw as pdfium

from moderation.media.decoded import Place, Unread
from moderation.media.pdf_characters import Characters, characters_of
from moderation.media.pdf_native import Handle, text_of
from moderation.media.pdf_objects import Drawn, show
from moderation.media.pdf_render import Pixels, Sheet, drawn, sheet_of
from moderation.media.pdf_sight import Sight, seen_of, stated, unseen
from moderation.media.pdf_text import Told, scans_of, texts_of, told_of
from moderation.media.readers import File, Find

_SIGHT_PIXELS = 2_000  # longest side of the picture on which text is looked for
_SIGHT_SCALE = 1.0  # pixels for a point
_UNREADABLE_SHARE = 0.1  # of a page's characters that have no code point


@dataclass(slots=True)
class Page:
    """A page while its text is read.

    Attributes:
        background: the page without its text, if it was drawn.
        is_unreadable: many characters have no code point; whoever looks at the page still reads them.
    """

    file: File
    handle: Handle
    shown: Drawn
    number: int
    background: Pixels | None = None
    is_unreadable: bool = False


def written_on(page: Page, *, is_drawn: bool) -> Iterator[Find]:
    """The text of a page.

    Args:
        is_drawn: its background is wanted, whether it has text or not.
    """
    place = Place(page=page.number)
    sheet = sheet_of(page.handle, most_pixels=_SIGHT_PIXELS, most_scale=_SIGHT_SCALE)
    with_text: Pixels | None = None
    if sheet is not None and (is_drawn or page.shown.texts):
        with_text = drawn(page.handle, sheet, page.file.room)
        show(page.shown.texts, on=False)
        page.background = drawn(page.handle, sheet, page.file.room)
        show(page.shown.texts, on=True)
    found = _read(page, sheet, with_text)
    if found is None:
        yield Unread("undecodable_page", place)
        return
    characters, sight, is_cut = found
    if is_cut:
        yield Unread("texts_past_limit", place)
    if characters.is_drawn.any() and (with_text is None or page.background is None or not sight.is_whole):
        yield Unread("hidden_text_not_sought", place)
    page.is_unreadable = characters.unmapped > _UNREADABLE_SHARE * len(characters.codes)
    yield from texts_of(list(_told(page, sheet, with_text, characters, sight)), page.number)


def _told(
    page: Page, sheet: Sheet | None, with_text: Pixels | None, characters: Characters, sight: Sight
) -> Iterator[Told]:
    """A page's text, in two readings if some of it is hidden."""
    objects = set(np.unique(characters.styles[characters.is_drawn]).tolist())
    seen = set(np.unique(characters.styles[characters.is_drawn & ~sight.is_hidden]).tolist())
    if not seen or seen == objects:
        yield told_of(characters, sight, page.shown.pictures, sheet)
        return
    for chosen in (seen, objects - seen):
        others = [characters.handles[index] for index in objects - chosen]
        show(others, on=False)
        found = _read(page, sheet, with_text)
        show(others, on=True)
        if found is not None:
            yield told_of(*found[:2], page.shown.pictures, sheet)


def _read(page: Page, sheet: Sheet | None, with_text: Pixels | None) -> tuple[Characters, Sight, bool] | None:
    """The characters of the objects that are shown, what is seen of them, and whether there are more."""
    with text_of(page.handle) as text:
        if text is None:
            return None
        count = max(0, pdfium.FPDFText_CountChars(text))
        most = page.file.limits.max_found_chars
        characters = characters_of(text, min(count, most))
    if sheet is None or with_text is None or page.background is None:
        nothing = np.zeros(len(characters.codes), np.bool_)
        return characters, Sight(stated(characters, sheet), unseen(characters), nothing, is_whole=False), count > most
    sight = seen_of(
        characters,
        sheet,
        with_text,
        page.background,
        is_scan=bool(scans_of(page.shown.pictures, sheet)),
        is_late=lambda: page.file.room.is_late,
    )
    return characters, sight, count > most
