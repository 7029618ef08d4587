"""A page of a PDF -> pixels, as a viewer shows it. Runs in the decoder process only.

Drawing stops between objects when time is up. Nothing outside the file is loaded but fonts of the machine.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from moderation.media.pdf_native import Handle
from moderation.media.readers import Room

Pixels = npt.NDArray[np.uint8]

_WHITE = 0xFFFFFFFF
_DRAWN_POINTS = 1 << 20  # a page as finely as it can be asked for where a point lies on it


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a page lies on its picture.

    Attributes:
        width: points, as shown: after the page's turn, what its crop box leaves.
        scale: pixels for a point.
        turn: from where something stands in the file to pixels, three for x and three for y.
    """

    width: float
    height: float
    scale: float
    turn: npt.NDArray[np.float64]

    @property
    def size(self) -> tuple[int, int]:
        """Pixels."""
        return max(1, round(self.width * self.scale)), max(1, round(self.height * self.scale))

    def pixels(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
        """Where points of the file lie on the picture."""
        columns, rows = (one[0] * x + one[1] * y + one[2] for one in self.turn)
        return columns, rows


def sheet_of(page: Handle, *, most_pixels: int, most_scale: float) -> Sheet | None:
    """A page on a picture whose longest side has at most so many pixels; None if the page has no size."""
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not (0 < width < 1e6 and 0 < height < 1e6):
        return None
    scale = min(most_scale, most_pixels / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return Sheet(width, height, scale, _turn(page, size))


def _turn(page: Handle, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """From three points of the page; the crop box's, since others may lie further away than can be counted."""
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    across, up = max(box.right - box.left, 1e-3), max(box.top - box.bottom, 1e-3)
    corner, right, over = (
        _device(page, *point)
        for point in ((box.left, box.bottom), (box.left + across, box.bottom), (box.left, box.bottom + up))
    )
    rows = []
    for axis in (0, 1):
        each = size[axis] / _DRAWN_POINTS
        for_x, for_y = (right[axis] - corner[axis]) / across * each, (over[axis] - corner[axis]) / up * each
        rows.append([for_x, for_y, corner[axis] * each - for_x * box.left - for_y * box.bottom])
    return np.array(rows, np.float64)


def _device(page: Handle, x: float, y: float) -> tuple[int, int]:
    column, row = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, _DRAWN_POINTS, _DRAWN_POINTS, 0, x, y, column, row)
    return column.value, row.value


def drawn(page: Handle, sheet: Sheet, room: Room) -> Pixels | None:
    """The page with its notes on white, RGB; None if it cannot be drawn, or time is up."""
    width, height = sheet.size
    pixels = np.full((height, width, 4), 255, np.uint8)
    bitmap = pdfium.FPDFBitmap_CreateEx(
        width, height, pdfium.FPDFBitmap_BGRx, pixels.ctypes.data_as(ctypes.c_void_p), width * 4
    )
    if not bitmap:
        return None
    is_late = pdfium.IFSDK_PAUSE._fields_[1][1](lambda _pause: room.is_late)
    pause = pdfium.IFSDK_PAUSE(version=1, NeedToPauseNow=is_late)
    flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        state = pdfium.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, width, height, 0, flags, pause)
        pdfium.FPDF_RenderPage_Close(page)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return pixels[:, :, :3] if state == pdfium.FPDF_RENDER_DONE else None
