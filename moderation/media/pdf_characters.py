"""The characters of a PDF's page with what is known of each: where it stands, colour, size. Decoder process only."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from moderation.media.pdf_native import Handle

_STROKED = frozenset({pdfium.FPDF_TEXTRENDERMODE_STROKE, pdfium.FPDF_TEXTRENDERMODE_STROKE_CLIP})
_UNSEEN = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
_LATIN_ENDS = 0x250  # what PDFium's own fonts have; of others it may draw nothing where the machine lacks a font

Colour = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """What characters of one text object have in common.

    Attributes:
        colour: red, green, blue, alpha; None where no one colour tells how it looks (a pattern, a blend).
        size: points that a line of it is high, or wide where it is squeezed.
        is_unseen: said to be invisible.
        has_glyphs: the file brings its font, so what is not drawn is hidden, not missing.
    """

    colour: Colour | None
    size: float
    is_unseen: bool
    has_glyphs: bool


_MADE_UP = Style(None, math.inf, is_unseen=False, has_glyphs=False)


@dataclass(frozen=True, slots=True)
class Characters:
    """All characters of a page, in the order of the file.

    Attributes:
        codes: code points; 0 for what has none.
        boxes: left, bottom, right, top of each, as points of the file are counted.
        styles: of each, an index into `looks` and `handles`.
        handles: the text objects; None for the first, which is what the library puts in between.
        is_drawn: has a shape of its own: no space, nor what the library puts in between.
        unmapped: how many have no code point.
    """

    codes: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float64]
    styles: npt.NDArray[np.int64]
    looks: list[Style]
    handles: list[Handle | None]
    is_drawn: npt.NDArray[np.bool_]
    unmapped: int

    def has_glyphs(self) -> npt.NDArray[np.bool_]:
        """Of which a missing trace on the page means something."""
        brought = np.array([look.has_glyphs for look in self.looks], np.bool_)[self.styles]
        return brought | (self.codes < _LATIN_ENDS)


def characters_of(text: Handle, count: int) -> Characters:
    """The first `count` characters of a page."""
    codes, styles = np.zeros(count, np.int64), np.zeros(count, np.int64)
    boxes = np.zeros((count, 4), np.float64)
    looks = [_MADE_UP]
    handles: list[Handle | None] = [None]
    known: dict[int, int] = {}
    box = [ctypes.c_double() for _ in range(4)]
    references = [ctypes.byref(one) for one in box]
    left, right, bottom, top = box
    unmapped = 0
    for index in range(count):
        codes[index] = pdfium.FPDFText_GetUnicode(text, index)
        handle = pdfium.FPDFText_GetTextObject(text, index)
        if not handle:
            continue
        address = ctypes.addressof(handle.contents)
        if address not in known:
            known[address] = len(looks)
            looks.append(_style(text, index, handle))
            handles.append(handle)
        styles[index] = known[address]
        unmapped += pdfium.FPDFText_HasUnicodeMapError(text, index) == 1
        if pdfium.FPDFText_GetCharBox(text, index, *references):
            boxes[index] = left.value, bottom.value, right.value, top.value
    blank = np.isin(codes, _blanks(codes))
    is_drawn = (styles > 0) & ~blank & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return Characters(codes, boxes, styles, looks, handles, is_drawn, unmapped)


def _blanks(codes: npt.NDArray[np.int64]) -> list[int]:
    """Of the code points, those that leave no trace."""
    return [code for code in np.unique(codes).tolist() if code < 0x21 or code > 0x10FFFF or chr(code).isspace()]


def _style(text: Handle, index: int, handle: Handle) -> Style:
    mode = pdfium.FPDFTextObj_GetTextRenderMode(handle)
    get = pdfium.FPDFPageObj_GetStrokeColor if mode in _STROKED else pdfium.FPDFPageObj_GetFillColor
    channels = [ctypes.c_uint() for _ in range(4)]
    plain = get(handle, *channels) and not pdfium.FPDFPageObj_HasTransparency(handle)
    red, green, blue, alpha = (one.value for one in channels)
    matrix = pdfium.FS_MATRIX(1, 0, 0, 1, 0, 0)
    pdfium.FPDFText_GetMatrix(text, index, matrix)
    across, up = math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
    return Style(
        colour=(red, green, blue, alpha) if plain else None,
        size=abs(pdfium.FPDFText_GetFontSize(text, index)) * min(across, up),
        is_unseen=mode in _UNSEEN,
        has_glyphs=bool(pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(handle)) == 1),
    )
