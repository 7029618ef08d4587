"""What a page of a PDF draws: its pictures, and whether it draws more than text and rules. Decoder process only.

PDFium has read the page by then; here its objects are only counted and looked at.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from moderation.media.pdf_native import Handle

_MOST_OBJECTS = 100_000
_MOST_DEPTH = 16  # forms in forms
_RULE_SEGMENTS = 5  # of a rectangle that is closed
_MOST_RULES = 400  # a table has fewer; letters can be built of more
_MARKS_LOOKED_AT = 16

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on a page.

    Attributes:
        box: left, bottom, right, top, as points of the file are counted.
        size: its own pixels, as the file states them.
    """

    handle: Handle
    box: tuple[float, float, float, float]
    size: tuple[int, int]


@dataclass(slots=True)
class Drawn:
    """What a page draws.

    Attributes:
        has_drawings: lines and areas that may show something, not only rules and the cells of a table.
        is_whole: all objects were looked at.
    """

    texts: list[Handle] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    has_drawings: bool = False
    is_whole: bool = True


def drawn_on(page: Handle) -> Drawn:
    """The objects of a page, those in forms included."""
    found = Drawn()
    rules = 0
    for handle, kind, matrix in _objects(page, found):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            found.texts.append(handle)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(Picture(handle, _box(handle, matrix), _size(handle)))
        elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
            found.has_drawings = True
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and not found.has_drawings:
            rules += 1
            found.has_drawings = rules > _MOST_RULES or not _is_rule(handle)
    return found


def show(handles: Sequence[Handle | None], *, on: bool) -> None:
    """Has objects drawn or left out when their page is drawn next."""
    for handle in handles:
        pdfium.FPDFPageObj_SetIsActive(handle, on)


def spoken_for(texts: list[Handle]) -> list[str]:
    """What texts are said to say instead of what they show; from then on they say what they show.

    PDFium gives the replacement (`ActualText`) and not the characters, so text can be read otherwise than it is seen.
    """
    said: dict[str, None] = {}
    for handle in texts:
        for index in reversed(range(min(pdfium.FPDFPageObj_CountMarks(handle), _MARKS_LOOKED_AT))):
            mark = pdfium.FPDFPageObj_GetMark(handle, index)
            replacement = _parameter(mark, b"ActualText")
            if replacement is not None:
                said[replacement] = None
                pdfium.FPDFPageObj_RemoveMark(handle, mark)
    return list(said)


def _parameter(mark: Handle, name: bytes) -> str | None:
    size = ctypes.c_ulong()
    if not pdfium.FPDFPageObjMark_GetParamStringValue(mark, name, None, 0, size):
        return None
    buffer = (ctypes.c_ushort * (size.value // 2 + 1))()
    pdfium.FPDFPageObjMark_GetParamStringValue(mark, name, buffer, size.value, size)
    return bytes(buffer).decode("utf-16-le", "replace").strip("\x00\ufeff")


def _objects(page: Handle, found: Drawn) -> Iterator[tuple[Handle, int, Matrix]]:
    """Every object with its kind, and how points of the form that it is in lie on the page."""
    pending = [(page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, np.eye(3), 0)]
    seen = 0
    while pending:
        container, count, get, matrix, depth = pending.pop()
        for index in range(count(container)):
            seen += 1
            if seen > _MOST_OBJECTS:
                found.is_whole = False
                return
            handle = get(container, index)
            kind = pdfium.FPDFPageObj_GetType(handle)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield handle, kind, matrix
            elif depth < _MOST_DEPTH:
                inner = _matrix(handle) @ matrix
                pending.append(
                    (handle, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, inner, depth + 1)
                )
            else:
                found.is_whole = False


def _matrix(handle: Handle) -> Matrix:
    own = pdfium.FS_MATRIX(1, 0, 0, 1, 0, 0)
    pdfium.FPDFPageObj_GetMatrix(handle, own)
    return np.array([[own.a, own.b, 0], [own.c, own.d, 0], [own.e, own.f, 1]], np.float64)


def _box(handle: Handle, matrix: Matrix) -> tuple[float, float, float, float]:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
        return 0.0, 0.0, 0.0, 0.0
    corners = np.array([(x.value, y.value, 1) for x in (left, right) for y in (bottom, top)]) @ matrix
    (low_x, low_y), (high_x, high_y) = corners[:, :2].min(0), corners[:, :2].max(0)
    return float(low_x), float(low_y), float(high_x), float(high_y)


def _size(handle: Handle) -> tuple[int, int]:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(handle, width, height)
    return width.value, height.value


def _is_rule(handle: Handle) -> bool:
    """Whether a path is a straight line along the page, or a rectangle."""
    count = pdfium.FPDFPath_CountSegments(handle)
    if count > _RULE_SEGMENTS:
        return False
    before: tuple[float, float] | None = None
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(handle, index)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == pdfium.FPDF_SEGMENT_BEZIERTO:
            return False
        if kind == pdfium.FPDF_SEGMENT_LINETO and before is not None:
            across, up = abs(x.value - before[0]), abs(y.value - before[1])
            if min(across, up) > 0.01 * max(across, up) + 0.01:
                return False
        before = x.value, y.value
    return True
