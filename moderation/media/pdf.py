"""PDF by PDFium: text page by page, what is attached, pictures. Runs in the decoder process only.

Texts of all pages come first, since they are cheap; then the pictures on the pages, and pages as a whole where they
show more than text and rules. Of pages with the same background (a letterhead) one is drawn. Not seen: characters whose
font gives them another meaning than their shape, unless the page is drawn for something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pypdfium2.raw as pdfium

from moderation.errors import UndecodableError
from moderation.media.decoded import Counts, FoundText, Image, Place, Unread
from moderation.media.pdf_files import files_of
from moderation.media.pdf_metadata import MOST_SCRIPT_CHARS, metadata_of, scripts_of
from moderation.media.pdf_native import Handle, form_of, opened, page_of
from moderation.media.pdf_notes import finds_of, notes_of
from moderation.media.pdf_objects import drawn_on, spoken_for
from moderation.media.pdf_page import Page, written_on
from moderation.media.pdf_pictures import leave_out_large, pictures_of
from moderation.media.pdf_render import Pixels, drawn, sheet_of
from moderation.media.readers import File, Find

_PICTURE_SCALE = 3.0  # 216 dots an inch


@dataclass(slots=True)
class _Reading:
    """What one document needs to know of its earlier pages."""

    file: File
    document: Handle
    form: Handle | None
    scripts: dict[str, None] = field(default_factory=dict)
    pictured: list[int] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)
    backgrounds: set[bytes] = field(default_factory=set)
    pictures: set[bytes] = field(default_factory=set)

    def is_new(self, background: Pixels | None) -> bool:
        """Whether no earlier page has this background; one that could not be drawn is like no other."""
        if background is None:
            return True
        count = len(self.backgrounds)
        self.backgrounds.add(hashlib.sha256(background.tobytes()).digest())
        return len(self.backgrounds) > count


def read(file: File) -> Iterator[Find]:
    """Texts, then pictures.

    Raises:
        UndecodableError: `encrypted_document`, `undecodable_document`.
    """
    with opened(file.data) as document:
        count = pdfium.FPDF_GetPageCount(document)
        if count < 1:
            raise UndecodableError("a broken PDF: it has no pages", code="undecodable_document")
        yield Counts(page_count=count)
        yield from metadata_of(document, file.data, file.room)
        with form_of(document) as form:
            reading = _Reading(file, document, form)
            pages = range(min(count, file.limits.max_pages))
            for index in pages:
                if file.room.is_late:
                    yield Unread("decoder_timeout")
                    return
                yield from _texts(reading, index)
        if count > len(pages):
            yield Unread("pages_past_limit")
        yield from _scripts([*scripts_of(document), *reading.scripts])
        yield from files_of(document, file)
        for index in reading.pictured:
            if file.room.is_late:
                yield Unread("decoder_timeout")
                return
            yield from _pictures(reading, index)


def _scripts(scripts: list[str]) -> Iterator[Find]:
    text = "\n".join(dict.fromkeys(script for script in scripts if script.strip()))
    yield FoundText(text[:MOST_SCRIPT_CHARS], ("document", "script"))
    if len(text) > MOST_SCRIPT_CHARS:
        yield Unread("scripts_unread")


def _texts(reading: _Reading, index: int) -> Iterator[Find]:
    """What is written on a page and attached to it."""
    place = Place(page=index + 1)
    with page_of(reading.document, index) as page:
        if page is None:
            yield Unread("undecodable_page", place)
            return
        shown = drawn_on(page)
        if not shown.is_whole:
            yield Unread("page_too_complex", place)
        notes = notes_of(reading.document, page, reading.form, place, reading.file.room)
        reading.scripts |= notes.scripts
        for replacement in spoken_for(shown.texts):
            notes.add(replacement, "document", "alternative_text")
        leave_out_large(shown, reading.file)
        is_drawn = bool(shown.pictures) or shown.has_drawings or notes.are_drawn
        one = Page(reading.file, page, shown, index + 1)
        yield from written_on(one, is_drawn=is_drawn)
        if one.is_unreadable or (is_drawn and reading.is_new(one.background)):
            reading.whole.add(index)
        if shown.pictures or index in reading.whole:
            reading.pictured.append(index)
        yield from finds_of(notes, place)


def _pictures(reading: _Reading, index: int) -> Iterator[Find]:
    """What is seen on a page: its pictures, and itself if it shows more than they do."""
    file, place = reading.file, Place(page=index + 1)
    with page_of(reading.document, index) as page:
        if page is None:
            return
        shown = drawn_on(page)
        yield from pictures_of(shown.pictures, index + 1, file.limits, file.room, reading.pictures)
        sheet = sheet_of(page, most_pixels=file.limits.max_side, most_scale=_PICTURE_SCALE)
        if index not in reading.whole or sheet is None or file.room.is_late:
            return
        if not file.room.pictures_left:
            yield Unread("pictures_past_limit", place)
            return
        leave_out_large(shown, file)
        pixels = drawn(page, sheet, file.room)
        if pixels is None:
            yield Unread("undecodable_page", place)
        else:
            yield Image(np.ascontiguousarray(pixels), *sheet.size, place)
