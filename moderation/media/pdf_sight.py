"""Which characters of a PDF's page can be seen. Pure numbers: runs in the decoder process only.

The page is drawn with its text and without. A character is seen where that makes a difference towards its colour, and
where that colour differs from what lies under it. So it does not matter how it is hidden: in the paper's colour, under
a picture, in a layer that is off, outside the page, clipped away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.media.pdf_characters import Characters, Colour
from moderation.media.pdf_render import Pixels, Sheet

TINY_POINTS = 3.0
_TINY_SHARE = 1 / 200  # of the shorter side: on a page the size of a stamp, small is not tiny
_LEAST_CONTRAST = 24  # levels between a colour and what lies under it, of 255
_LEAST_CHANGE = 6  # levels that a thin line changes a pixel at least
_LEAST_UNKNOWN_CHANGE = 12  # where the colour is not known
_THIN_PIXELS = 4
_INK = 40  # levels between neighbours in a scan where a letter ends

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of each character of a page.

    Attributes:
        is_hidden: nobody sees it.
        is_unseen: it is said to be invisible, whatever lies there; such characters are hidden, too.
        is_on_ink: something else is seen where it stands.
        is_whole: all were looked at.
    """

    is_hidden: Mask
    is_unseen: Mask
    is_on_ink: Mask
    is_whole: bool = True


def stated(characters: Characters, sheet: Sheet | None) -> Mask:
    """What is hidden by what the file states, without drawing it: invisible, tiny, outside of the page."""
    tiny = TINY_POINTS if sheet is None else min(TINY_POINTS, _TINY_SHARE * min(sheet.width, sheet.height))
    small = np.array([look.size < tiny for look in characters.looks], np.bool_)[characters.styles]
    hidden = unseen(characters) | small
    if sheet is None:
        return hidden
    left, top, right, bottom = placed(characters, sheet).T
    width, height = sheet.size
    outside = (right <= 0) | (left >= width) | (bottom <= 0) | (top >= height)
    seen_nowhere: Mask = outside & characters.is_drawn
    return hidden | seen_nowhere


def unseen(characters: Characters) -> Mask:
    """What is said to be invisible."""
    return np.array([look.is_unseen for look in characters.looks], np.bool_)[characters.styles]


def placed(characters: Characters, sheet: Sheet) -> npt.NDArray[np.float64]:
    """Left, top, right, bottom of each on the picture."""
    left, bottom, right, top = characters.boxes.T
    columns, rows = zip(*(sheet.pixels(x, y) for x in (left, right) for y in (bottom, top)), strict=True)
    return np.stack([np.min(columns, 0), np.min(rows, 0), np.max(columns, 0), np.max(rows, 0)], 1)


def seen_of(
    characters: Characters,
    sheet: Sheet,
    with_text: Pixels,
    without_text: Pixels,
    *,
    is_scan: bool,
    is_late: Callable[[], bool],
) -> Sight:
    """Compares a page drawn with its text and without.

    Args:
        is_scan: ink is looked for, since text may stand unseen over a scan of it.
    """
    spans = _spans(placed(characters, sheet), sheet.size)
    hidden = stated(characters, sheet)
    asked = characters.is_drawn & characters.has_glyphs() & ~hidden
    change = with_text.astype(np.int16) - without_text
    groups: dict[Colour | None, list[int]] = {}
    colours = [look.colour for look in characters.looks]
    for index in np.flatnonzero(characters.is_drawn & ~hidden):
        groups.setdefault(colours[characters.styles[index]], []).append(int(index))
    is_whole = True
    for colour, members in groups.items():
        if is_late():
            is_whole = False
            break
        chosen = np.array(members)
        left, top, right, bottom = _around(spans[chosen])
        window = (slice(top, bottom), slice(left, right))
        contrasting, changed = _differs(change[window], without_text[window], colour)
        local = spans[chosen] - (left, top, left, top)
        hidden[chosen] |= _count(contrasting, local) == 0
        hidden[chosen] |= (_count(contrasting & changed, local) == 0) & asked[chosen]
    on_ink = _on_ink(without_text, spans) if is_scan and hidden.any() else np.zeros(len(hidden), np.bool_)
    return Sight(hidden, unseen(characters), on_ink, is_whole)


def _differs(change: npt.NDArray[np.int16], under: Pixels, colour: Colour | None) -> tuple[Mask, Mask]:
    """Where a colour would be seen on what lies under it, and where the text made a difference."""
    size = _strongest(np.abs(change))
    if colour is None:
        return np.ones(size.shape, np.bool_), size >= _LEAST_UNKNOWN_CHANGE
    towards = np.array(colour[:3], np.int16) - under
    contrast = _strongest(np.abs(towards)).astype(np.int32) * colour[3] // 255
    way = change.astype(np.int32) * towards
    same_way = way[:, :, 0] + way[:, :, 1] + way[:, :, 2] > 0
    return contrast >= _LEAST_CONTRAST, (size >= _LEAST_CHANGE) & same_way


def _strongest(values: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Of the three colours of each pixel; five times as fast as the maximum along the last axis."""
    return np.maximum(np.maximum(values[:, :, 0], values[:, :, 1]), values[:, :, 2])


def _on_ink(under: Pixels, spans: npt.NDArray[np.int64]) -> Mask:
    grey = under.astype(np.int16)[:, :, 1]
    edges = np.zeros(grey.shape, np.bool_)
    edges[:, 1:] |= np.abs(np.diff(grey, axis=1)) >= _INK
    edges[1:, :] |= np.abs(np.diff(grey, axis=0)) >= _INK
    return _count(edges, spans) > 0


def _spans(boxes: npt.NDArray[np.float64], size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Whole pixels, at least one each, within the picture."""
    width, height = size
    limits = np.array([width, height, width, height], np.float64)
    exact = np.clip(np.nan_to_num(boxes), -1e6, 1e6)
    # A thin line may lie on the pixel beside; of larger ones, neighbours are kept out.
    thin = np.tile(exact[:, 2:] - exact[:, :2] < _THIN_PIXELS, 2)
    outward = np.concatenate([np.floor(exact[:, :2]), np.ceil(exact[:, 2:])], 1)
    rounded = np.where(thin, outward, np.rint(exact)).astype(np.int64)
    rounded[:, 2:] = np.maximum(rounded[:, 2:], rounded[:, :2] + 1)
    return np.clip(rounded, 0, limits.astype(np.int64))


def _around(spans: npt.NDArray[np.int64]) -> tuple[int, int, int, int]:
    left, top = spans[:, :2].min(0)
    right, bottom = spans[:, 2:].max(0)
    return int(left), int(top), int(right), int(bottom)


def _count(mask: Mask, spans: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """How many pixels of a mask are set in each rectangle."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int32)
    np.cumsum(mask, 0, dtype=np.int32, out=sums[1:, 1:])
    np.cumsum(sums, 1, out=sums)
    left, top, right, bottom = spans.T
    counts: npt.NDArray[np.int32] = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return counts
