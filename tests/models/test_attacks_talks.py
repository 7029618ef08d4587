"""Tickets, runbooks, exports and dialogues, and attacks of the same shapes: written after the rules of version 6.

The rules were not changed for them, so they say something of other texts; the model card has the rates.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from moderation.models.attacks import DOUBTFUL, forms_in

TALKS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "test_attacks_talks.toml").read_text(encoding="utf-8"))
EXCHANGES = 20


def flagged(text: str) -> bool:
    return any(form.score > DOUBTFUL[form.category] for form in forms_in(text))


def texts(kind: str) -> dict[str, str]:
    written = {text: text for text in TALKS[kind]["lines"]}
    for dialogue in TALKS[kind]["dialogues"]:
        asked, answered = dialogue["asked"], dialogue["answered"]
        turns = ((at, asked[at % len(asked)], answered[at % len(answered)]) for at in range(EXCHANGES))
        written[dialogue["name"]] = "".join(
            dialogue["shape"].format(ask, answer, at=at + 1, minute=at) for at, ask, answer in turns
        )
    return written


def test_ordinary_texts_are_seldom_sure_and_attacks_mostly_are() -> None:
    ordinary, attacks = texts("ordinary"), texts("attacks")
    assert len(ordinary) >= 40
    assert len(attacks) >= 30
    wrong = [name for name, text in ordinary.items() if flagged(text)]
    missed = [name for name, text in attacks.items() if not flagged(text)]
    sys.stdout.write(f"\nflagged {wrong} of {len(ordinary)}, missed {missed} of {len(attacks)}")
    assert len(wrong) <= 0.05 * len(ordinary)
    assert len(missed) <= 0.2 * len(attacks)
