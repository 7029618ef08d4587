"""The text of a PDF's page: what is seen, the text layer of a scan, and what is hidden. Decoder process only.

A page's text is all three, one after the other with a line break between: `start` counts from there. Characters stand
in the order of the file, as viewers copy them, with one exception: where the file jumps to and fro within lines, what
is seen is put in the order in which it is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.media.decoded import FoundText, Place
from moderation.media.pdf_characters import Characters
from moderation.media.pdf_objects import Picture
from moderation.media.pdf_render import Sheet
from moderation.media.pdf_sight import Mask, Sight, placed

_SCAN_SHARE = 0.8  # of the page that the picture under a text layer covers at least
_LAYER_SHARE = 0.5  # of the characters of a line of a text layer, with something seen where they stand
_HYPHENS = (0x02, 0xFFFE)  # at the end of a line, in a word that goes on; the break is left out already
_LEAST_JUMPS = 4
_JUMP_SHARE = 0.05
Box = tuple[int, int, int, int]

_SPACE = 0.45  # of the height of letters: between words at least
_RIGHT_TO_LEFT = ((0x590, 0x8FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))


@dataclass(frozen=True, slots=True)
class Told:
    """The three texts of a reading of a page, with boxes around the last two."""

    seen: str
    layer: str
    hidden: str
    layer_box: Box | None
    hidden_box: Box | None


def texts_of(readings: list[Told], page: int) -> Iterator[FoundText]:
    """What stands on a page, of one reading or of what is seen and what is not by themselves."""
    start = 0
    for origin, texts, boxes in (
        (("document",), [one.seen for one in readings], []),
        (("document", "text_layer"), [one.layer for one in readings], [one.layer_box for one in readings]),
        (("document", "hidden_text"), [one.hidden for one in readings], [one.hidden_box for one in readings]),
    ):
        text = "\n".join(one for one in texts if one.strip())
        if text:
            yield FoundText(text, origin, Place(page=page, box=_union(boxes)), start)
            start += len(text) + 1


def told_of(characters: Characters, sight: Sight, pictures: list[Picture], sheet: Sheet | None) -> Told:
    """Tells the characters of one reading apart."""
    layer = _layer(characters, sight, pictures, sheet)
    state = np.where(layer, 1, np.where(sight.is_hidden, 2, 0))
    # What leaves no trace goes with what comes before it.
    known = np.flatnonzero(characters.is_drawn)
    if known.size:
        at = np.maximum(np.searchsorted(known, np.arange(len(state)), side="right") - 1, 0)
        state = state[known[at]]
    seen, unseen, hidden = (np.flatnonzero(state == value) for value in (0, 1, 2))
    ordered = None if sheet is None else _ordered(characters, seen, sheet)
    return Told(
        ordered or _text(characters.codes[seen]),
        _apart(characters.codes, unseen),
        _apart(characters.codes, hidden),
        _box(characters, unseen, sheet),
        _box(characters, hidden, sheet),
    )


def _layer(characters: Characters, sight: Sight, pictures: list[Picture], sheet: Sheet | None) -> Mask:
    """What is written unseen over the words of a scan: on a picture of the page, where something is seen."""
    none = np.zeros(len(characters.codes), np.bool_)
    scans = scans_of(pictures, sheet)
    candidates = sight.is_hidden & characters.is_drawn
    if not scans or not candidates.any():
        return none
    left, bottom, right, top = characters.boxes.T
    x, y = (left + right) / 2, (bottom + top) / 2
    within = none.copy()
    for scan in scans:
        within |= (x >= scan.box[0]) & (x <= scan.box[2]) & (y >= scan.box[1]) & (y <= scan.box[3])
    on_ink = candidates & within & sight.is_on_ink
    count = len(characters.looks)
    all_of = np.bincount(characters.styles[candidates], minlength=count)
    share = np.bincount(characters.styles[on_ink], minlength=count) / np.maximum(all_of, 1)
    return candidates & (share >= _LAYER_SHARE)[characters.styles]


def scans_of(pictures: list[Picture], sheet: Sheet | None) -> list[Picture]:
    """The pictures that cover a page."""
    return [] if sheet is None else [one for one in pictures if _covers(one, sheet)]


def _covers(picture: Picture, sheet: Sheet) -> bool:
    left, bottom, right, top = (np.array(one) for one in picture.box)
    columns, rows = zip(*(sheet.pixels(x, y) for x in (left, right) for y in (bottom, top)), strict=True)
    width, height = sheet.size
    across = min(float(np.max(columns)), width) - max(float(np.min(columns)), 0)
    down = min(float(np.max(rows)), height) - max(float(np.min(rows)), 0)
    return max(across, 0) * max(down, 0) >= _SCAN_SHARE * width * height


def _apart(codes: npt.NDArray[np.int64], indices: npt.NDArray[np.int64]) -> str:
    """Rows of neighbours, each in a line of its own."""
    gaps = np.flatnonzero(np.diff(indices) > 1) + 1
    pieces = [_text(codes[piece]).strip() for piece in np.split(indices, gaps)]
    return "\n".join(piece for piece in pieces if piece)


def _text(codes: npt.NDArray[np.int64]) -> str:
    listed = [code for code in codes.tolist() if 0 < code <= 0x10FFFF and code not in _HYPHENS]
    text = "".join(map(chr, listed)).replace("\r\n", "\n").replace("\r", "\n")
    if any(0xD800 <= code < 0xE000 for code in listed):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _box(characters: Characters, indices: npt.NDArray[np.int64], sheet: Sheet | None) -> Box | None:
    """Around characters, in points from the top left of the page."""
    drawn = indices[characters.is_drawn[indices]]
    if sheet is None or not drawn.size:
        return None
    boxes = np.clip(placed(characters, sheet)[drawn] / sheet.scale, -1e6, 1e6)
    left, top = np.floor(boxes[:, :2].min(0))
    right, bottom = np.ceil(boxes[:, 2:].max(0))
    return int(left), int(top), int(right), int(bottom)


def _union(boxes: list[Box | None]) -> Box | None:
    known = [box for box in boxes if box is not None]
    if not known:
        return None
    left, top, right, bottom = zip(*known, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _ordered(characters: Characters, indices: npt.NDArray[np.int64], sheet: Sheet) -> str | None:
    """Lines from top to bottom, from left to right, if the file's order is another; else None."""
    drawn = indices[characters.is_drawn[indices]]
    if drawn.size < 2 * _LEAST_JUMPS:
        return None
    left, top, right, bottom = placed(characters, sheet)[drawn].T
    middle, height = (top + bottom) / 2, np.maximum(bottom - top, 1e-3)
    codes = characters.codes[drawn]
    leftward = np.zeros(drawn.size, np.bool_)
    for first, last in _RIGHT_TO_LEFT:
        leftward |= (codes >= first) & (codes <= last)
    typical = float(np.median(height))
    jumps = (np.abs(np.diff(middle)) < typical / 2) & (np.diff(left) < -typical / 2) & ~leftward[1:]
    if jumps.sum() < max(_LEAST_JUMPS, _JUMP_SHARE * drawn.size):
        return None
    lines: list[list[int]] = []
    down = -float("inf")
    for index in np.argsort(middle, kind="stable").tolist():
        if middle[index] - down > typical / 2:
            lines.append([])
            down = float(middle[index])
        lines[-1].append(index)
    return "\n".join(
        _line(sorted(line, key=lambda index: float(left[index])), codes, left, right, _SPACE * typical)
        for line in lines
    )


def _line(
    line: list[int],
    codes: npt.NDArray[np.int64],
    left: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    gap: float,
) -> str:
    """Characters of a line, with a space where the gap is a word's."""
    spaced: list[int] = []
    for position, index in enumerate(line):
        if position and left[index] - right[line[position - 1]] > gap:
            spaced.append(0x20)
        spaced.append(int(codes[index]))
    return _text(np.array(spaced))
