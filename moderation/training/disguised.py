"""Rows in disguise: violating and harmless texts alike, so that a disguise says nothing by itself.

De-obfuscation (`moderation.normalise`) takes most disguises off; what it leaves, or takes off wrongly, the model has to
read as it stands. Trained on and never measured on, since they are other rows in another dress.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from moderation.training.disguise import disguise
from moderation.training.rows import Row

SOURCE = "disguised"
TYPING = "typing"  # no disguise anybody takes off: letters swapped, dropped, doubled or starred
_CHINESE = (
    "homophone",
    "homophone",
    "homophone",
    "emoji",
    "emoji",
    "pinyin",
    "split_characters",
    "traditional",
    "spacing",
)
_LATIN = ("leet", "homoglyph", "spacing", "zero_width", TYPING, TYPING)
_LONGEST = 300
_SHARE = 0.35  # of the words that get a typing error
_HAN = re.compile("[\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z]{3,}")


def disguised_rows(rows: Sequence[Row], *, seed: int, count: int) -> list[Row]:
    """Rows made of others, half of them with a true label; each stays in the group of the row it was made of."""
    chooser = random.Random(f"{seed} {SOURCE}")  # noqa: S311 - a repeatable choice
    short = [row for row in rows if 4 <= len(row.text) <= _LONGEST]
    positive = [row for row in short if any(row.labels.values())]
    negative = [row for row in short if not any(row.labels.values())]
    if not positive or not negative:
        return []
    chosen = chooser.choices(positive, k=count // 2) + chooser.choices(negative, k=count - count // 2)
    made = []
    for row in chosen:
        text = _disguised(row.text, chooser)
        if text != row.text:
            made.append(Row(text, row.labels, SOURCE, row.group))
    return made


def _disguised(text: str, chooser: random.Random) -> str:
    """A text in one disguise that its script allows."""
    chinese = len(_HAN.findall(text)) > len(text) / 3
    form = chooser.choice(_CHINESE if chinese else _LATIN)
    return _mistyped(text, chooser) if form == TYPING else disguise(text, form, chooser)


def _mistyped(text: str, chooser: random.Random) -> str:
    def change(found: re.Match[str]) -> str:
        word = found[0]
        if chooser.random() >= _SHARE:
            return word
        place = chooser.randrange(1, len(word) - 1)
        before, letter, after = word[:place], word[place], word[place + 1 :]
        return chooser.choice(
            [
                before + after,
                before + letter * 3 + after,
                f"{before}*{after}",
                f"{before}{after[:1]}{letter}{after[1:]}",
            ]
        )

    return _WORD.sub(change, text)
