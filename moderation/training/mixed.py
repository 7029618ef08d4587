"""Texts of several rows: a sentence of a category next to harmless ones, and long harmless texts.

They are trained on and never measured on, since they are other rows in another place.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from moderation.training.rows import Row, benign

SOURCE = "mixed"

_LONGEST = 80  # characters of a text that is mixed into a pair: longer pairs are told apart by passages
_LONGEST_PART = 600  # characters of a text that is put into a long one
_PIECES = 5
_MARKS = re.compile(r"[^\w\s'’@#$%&+*-]")
_CHINESE = range(0x4E00, 0xA000)


def mixed_rows(rows: Sequence[Row], *, seed: int, count: int) -> list[Row]:
    """Rows made of others: a short text of a category, or a harmless one, next to a harmless sentence.

    Three quarters carry a category. A mixed row stays in the group of the text it is about. Every second has no marks
    and no capitals, amid pieces of several harmless sentences: lists of words, speech recognition, people who do not
    use any. A third as many more are long: many harmless texts in a row, of every kind there is, so that length alone
    says nothing.
    """
    chooser = random.Random(f"{seed} {SOURCE}")  # noqa: S311 - a repeatable choice
    short = [row for row in rows if 2 <= len(row.text) <= _LONGEST]
    harmless = {chinese: _harmless(short, chinese=chinese) for chinese in (False, True)}
    positive = [row for row in short if any(row.labels.values())]
    negative = [row for chinese in (False, True) for row in harmless[chinese]]
    chosen = chooser.choices(positive, k=count * 3 // 4) + chooser.choices(negative, k=count // 4)
    mixed = _long_rows(rows, chooser, count=count // 3)
    for index, row in enumerate(chosen):
        chinese = _is_chinese(row.text)
        if index % 2:
            text = _amid_pieces(row.text, harmless[chinese], chooser, chinese=chinese)
        else:
            others = [chooser.choice(harmless[chinese]).text]
            others.insert(chooser.randint(0, len(others)), row.text)
            text = _joined(others, chooser, chinese=chinese)
        mixed.append(Row(text, row.labels, SOURCE, row.group))
    return mixed


def _amid_pieces(text: str, harmless: Sequence[Row], chooser: random.Random, *, chinese: bool) -> str:
    """A text without its marks between pieces of harmless ones, a few words of each."""
    pieces = [_piece(other.text, chooser, chinese=chinese) for other in chooser.choices(harmless, k=_PIECES)]
    at = chooser.randint(0, _PIECES)
    between = chooser.choice(("", " ") if chinese else (" ",))
    return between.join((*pieces[:at], _bare(text), *pieces[at:]))


def _piece(text: str, chooser: random.Random, *, chinese: bool) -> str:
    bare = _bare(text)
    words = list(bare) if chinese else bare.split()
    length = chooser.randint(2, 10) if chinese else chooser.randint(1, 6)
    start = chooser.randint(0, max(0, len(words) - length))
    return ("" if chinese else " ").join(words[start : start + length])


def _bare(text: str) -> str:
    """Small letters without marks; what stands inside a word stays."""
    return " ".join(_MARKS.sub(" ", text.lower()).split())


def _long_rows(rows: Sequence[Row], chooser: random.Random, *, count: int) -> list[Row]:
    parts = [row for row in rows if 2 <= len(row.text) <= _LONGEST_PART]
    harmless = {chinese: _harmless(parts, chinese=chinese) for chinese in (False, True)}
    made = []
    for index in range(count):
        chinese = bool(index % 2)
        chosen = chooser.choices(harmless[chinese], k=chooser.randint(4, 16))
        text = _joined([row.text for row in chosen], chooser, chinese=chinese)
        made.append(Row(text, benign(), SOURCE, chosen[0].group))
    return made


def _harmless(rows: Sequence[Row], *, chinese: bool) -> list[Row]:
    everything = set(benign())
    return [
        row
        for row in rows
        if not any(row.labels.values()) and set(row.labels) == everything and _is_chinese(row.text) == chinese
    ]


def _joined(texts: Sequence[str], chooser: random.Random, *, chinese: bool) -> str:
    """Sentences with their marks at the end, one after the other or each on its line."""
    between = chooser.choice(("" if chinese else " ", "" if chinese else " ", "\n"))
    return between.join(_ended(text, chinese=chinese) for text in texts)


def _ended(text: str, *, chinese: bool) -> str:
    text = text.strip()
    return text if text[-1:] in ".!?。！？…" else text + ("。" if chinese else ".")


def _is_chinese(text: str) -> bool:
    return any(ord(character) in _CHINESE for character in text)
