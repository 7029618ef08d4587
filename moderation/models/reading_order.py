"""The order in which a person would read boxes: line by line, each from left to right. Pure; knows no columns."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[int, int, int, int]


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Indices of `boxes` (left, top, right, bottom), from top to bottom, and from left to right within a line.

    Two boxes are on one line when the middle of the second lies within the height of the line's first.
    """
    lines: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda index: (boxes[index][1] + boxes[index][3], boxes[index][0])):
        _, top, _, bottom = boxes[index]
        first = boxes[lines[-1][0]] if lines else None
        if first is not None and first[1] < (top + bottom) / 2 < first[3]:
            lines[-1].append(index)
        else:
            lines.append([index])
    return [index for line in lines for index in sorted(line, key=lambda index: boxes[index][0])]
