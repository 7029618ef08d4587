"""What is attached to a page of a PDF: comments, links, fields of forms, files, and what stands for pictures.

Runs in the decoder process only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pypdfium2.raw as pdfium

from moderation.media.decoded import FoundText, Place, Unread
from moderation.media.pdf_files import attached, is_empty
from moderation.media.pdf_native import Handle, narrow, string
from moderation.media.readers import Find, Room

_MOST_NOTES = 5_000  # of one page
_MOST_OPTIONS = 1_000
_MOST_ELEMENTS = 20_000  # of a page's structure
_MOST_LEVELS = 64
_UNSEEN_FLAGS = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW | pdfium.FPDF_ANNOT_FLAG_INVISIBLE
_PLAYED = frozenset(
    {
        pdfium.FPDF_ANNOT_MOVIE,
        pdfium.FPDF_ANNOT_SOUND,
        pdfium.FPDF_ANNOT_RICHMEDIA,
        pdfium.FPDF_ANNOT_SCREEN,
        pdfium.FPDF_ANNOT_THREED,
    }
)
_NOT_DRAWN = frozenset({pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_TEXT})
_SCRIPT_EVENTS = (
    pdfium.FPDF_ANNOT_AACTION_KEY_STROKE,
    pdfium.FPDF_ANNOT_AACTION_FORMAT,
    pdfium.FPDF_ANNOT_AACTION_VALIDATE,
    pdfium.FPDF_ANNOT_AACTION_CALCULATE,
)
_COMMENT_KEYS = (b"T", b"Subj", b"Contents", b"RC")


@dataclass(slots=True)
class Notes:
    """The texts of the notes of a page by their origin, and what else they say of it."""

    texts: dict[tuple[str, ...], dict[str, None]] = field(default_factory=dict)
    scripts: dict[str, None] = field(default_factory=dict)
    others: list[Find] = field(default_factory=list)
    are_drawn: bool = False

    def add(self, text: str, *origin: str) -> None:
        if text.strip():
            self.texts.setdefault(origin, {})[text.strip()] = None


def notes_of(document: Handle, page: Handle, form: Handle | None, place: Place, room: Room) -> Notes:
    """Reads all notes of a page."""
    notes = Notes()
    count = pdfium.FPDFPage_GetAnnotCount(page)
    for index in range(min(count, _MOST_NOTES)):
        if room.is_late:
            return notes
        with _note(page, index) as note:
            if note is not None:
                _read(document, form, note, notes, place)
    if count > _MOST_NOTES:
        notes.others.append(Unread("page_too_complex", place))
    for text in _structure(page):
        notes.add(text, "document", "alternative_text")
    return notes


def finds_of(notes: Notes, place: Place) -> Iterator[Find]:
    """What they say, one text for all of one origin."""
    for origin, texts in notes.texts.items():
        yield FoundText("\n".join(texts), origin, place)
    yield from notes.others


@contextmanager
def _note(page: Handle, index: int) -> Iterator[Handle | None]:
    note = pdfium.FPDFPage_GetAnnot(page, index)
    try:
        yield note or None
    finally:
        if note:
            pdfium.FPDFPage_CloseAnnot(note)


def _read(document: Handle, form: Handle | None, note: Handle, notes: Notes, place: Place) -> None:
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    is_unseen = bool(pdfium.FPDFAnnot_GetFlags(note) & _UNSEEN_FLAGS)
    notes.are_drawn |= kind not in _NOT_DRAWN and not is_unseen
    if kind in _PLAYED:
        notes.others.append(Unread("unsupported_member_format", place))
    if kind == pdfium.FPDF_ANNOT_LINK:
        action = pdfium.FPDFLink_GetAction(pdfium.FPDFAnnot_GetLink(note))
        if action:
            notes.add(narrow(pdfium.FPDFAction_GetURIPath, document, action), "document", "link")
        notes.add(string(pdfium.FPDFAnnot_GetStringValue, note, b"Contents"), "document", "comment")
    elif kind == pdfium.FPDF_ANNOT_WIDGET:
        _read_field(form, note, notes, is_unseen=is_unseen)
    else:
        is_shown = kind == pdfium.FPDF_ANNOT_FREETEXT and not is_unseen
        for key in _COMMENT_KEYS:
            shown = is_shown and key == b"Contents"
            origin = ("document",) if shown else ("document", "comment")
            notes.add(string(pdfium.FPDFAnnot_GetStringValue, note, key), *origin)
    attachment = pdfium.FPDFAnnot_GetFileAttachment(note)
    if not is_empty(attachment):
        notes.others.extend(attached(attachment, place))


def _read_field(form: Handle | None, note: Handle, notes: Notes, *, is_unseen: bool) -> None:
    """A field of a form: its value, what can be chosen, its tooltip, the scripts that watch it."""
    origin = ("document", "form_field", "hidden_text") if is_unseen else ("document", "form_field")
    if form is None:
        notes.add(string(pdfium.FPDFAnnot_GetStringValue, note, b"V"), *origin)
        notes.add(string(pdfium.FPDFAnnot_GetStringValue, note, b"TU"), "document", "alternative_text")
        return
    notes.add(string(pdfium.FPDFAnnot_GetFormFieldValue, form, note), *origin)
    notes.add(string(pdfium.FPDFAnnot_GetFormFieldName, form, note), "metadata", "form_field")
    for index in range(min(max(pdfium.FPDFAnnot_GetOptionCount(form, note), 0), _MOST_OPTIONS)):
        notes.add(string(pdfium.FPDFAnnot_GetOptionLabel, form, note, index), *origin)
    tooltip = string(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, note)
    notes.add(tooltip, "document", "alternative_text")
    for event in _SCRIPT_EVENTS:
        script = string(pdfium.FPDFAnnot_GetFormAdditionalActionJavaScript, form, note, event)
        if script.strip():
            notes.scripts[script] = None


def _structure(page: Handle) -> Iterator[str]:
    """Texts that stand for pictures, abbreviations and the like in the structure of a page."""
    tree = pdfium.FPDF_StructTree_GetForPage(page)
    if not tree:
        return
    try:
        count = min(pdfium.FPDF_StructTree_CountChildren(tree), _MOST_ELEMENTS)
        pending = [(pdfium.FPDF_StructTree_GetChildAtIndex(tree, index), 0) for index in range(count)]
        seen = 0
        while pending and seen < _MOST_ELEMENTS:
            element, depth = pending.pop()
            if not element or depth > _MOST_LEVELS:
                continue
            seen += 1
            for get in (
                pdfium.FPDF_StructElement_GetAltText,
                pdfium.FPDF_StructElement_GetActualText,
                pdfium.FPDF_StructElement_GetExpansion,
                pdfium.FPDF_StructElement_GetTitle,
            ):
                yield string(get, element)
            children = min(max(pdfium.FPDF_StructElement_CountChildren(element), 0), _MOST_ELEMENTS)
            pending += [
                (pdfium.FPDF_StructElement_GetChildAtIndex(element, index), depth + 1) for index in range(children)
            ]
    finally:
        pdfium.FPDF_StructTree_Close(tree)
