"""Short texts of two sentences, one of them of a category: too short to be judged passage by passage.

They are trained on and never measured on, since they are other rows in disguise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from moderation.training.rows import Row, benign

SOURCE = "mixed"

_LONGEST = 80  # characters of a text that is mixed: longer pairs are told apart by passages
_CHINESE = range(0x4E00, 0xA000)


def mixed_rows(rows: Sequence[Row], *, seed: int, count: int) -> list[Row]:
    """Rows made of others: a short text of a category, or a harmless one, next to a harmless sentence.

    Three quarters carry a category. A mixed row stays in the group of the text it is about. A sixth as many more are
    whole paragraphs of harmless sentences.
    """
    chooser = random.Random(f"{seed} {SOURCE}")  # noqa: S311 - a repeatable choice
    short = [row for row in rows if 2 <= len(row.text) <= _LONGEST]
    harmless = {chinese: _harmless(short, chinese=chinese) for chinese in (False, True)}
    positive = [row for row in short if any(row.labels.values())]
    negative = [row for chinese in (False, True) for row in harmless[chinese]]
    chosen = chooser.choices(positive, k=count * 3 // 4) + chooser.choices(negative, k=count // 4)
    mixed = [_paragraph(harmless[bool(index % 2)], chooser, chinese=bool(index % 2)) for index in range(count // 6)]
    for row in chosen:
        chinese = _is_chinese(row.text)
        others = [other.text for other in chooser.choices(harmless[chinese], k=1)]
        others.insert(chooser.randint(0, len(others)), row.text)
        text = ("" if chinese else " ").join(_ended(other, chinese=chinese) for other in others)
        mixed.append(Row(text, row.labels, SOURCE, row.group))
    return mixed


def _paragraph(harmless: Sequence[Row], chooser: random.Random, *, chinese: bool) -> Row:
    """Many harmless sentences: length alone says nothing."""
    chosen = chooser.choices(harmless, k=chooser.randint(4, 12))
    text = ("" if chinese else " ").join(_ended(row.text, chinese=chinese) for row in chosen)
    return Row(text, benign(), SOURCE, chosen[0].group)


def _harmless(rows: Sequence[Row], *, chinese: bool) -> list[Row]:
    everything = set(benign())
    return [
        row
        for row in rows
        if not any(row.labels.values()) and set(row.labels) == everything and _is_chinese(row.text) == chinese
    ]


def _ended(text: str, *, chinese: bool) -> str:
    """A sentence with its mark at the end."""
    text = text.strip()
    return text if text[-1:] in ".!?。！？…" else text + ("。" if chinese else ".")


def _is_chinese(text: str) -> bool:
    return any(ord(character) in _CHINESE for character in text)
