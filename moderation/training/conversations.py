"""Conversations that the project wrote, for what no turn shows alone, and harmless ones put together from rows.

`conversations/<language>/*.toml` hold what a user says, turn by turn: `crescendo`, of which each turn looks harmless
and all lead to harm, and `benign`, of which many begin alike, are as dark or as detailed, and stay harmless.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moderation.errors import ConfigurationError
from moderation.operator_files import bytes_of, failing, table_of, text_of
from moderation.training.parts import near
from moderation.training.rows import Row, benign

_FOLDER = Path(__file__).parent / "conversations"
_KINDS = {"crescendo": True, "benign": False}
LEAST_TURNS = 3
_MOST_CHARS = 400


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one user says, turn by turn.

    Attributes:
        harmful: whether it leads to harm.
        group: those that begin alike are one group, so that a split never has them on both sides.
        written: by hand; else put together.
    """

    turns: tuple[str, ...]
    harmful: bool
    group: str
    written: bool = True


def read_conversations(folder: Path = _FOLDER) -> list[Conversation]:
    """Those written by hand, in a fixed order.

    Raises:
        ConfigurationError: if a file holds something else.
    """
    found = []
    for path in sorted(folder.glob("*/*.toml")):
        fail = failing(ConfigurationError, path)
        read = table_of(text_of(bytes_of(path, fail), fail), fail).get("conversation")
        if not isinstance(read, list) or not all(isinstance(one, dict) for one in read):
            raise fail("no [[conversation]] is given", None)
        for number, one in enumerate(read):
            turns = tuple(one.get("turns", ()))
            said = all(isinstance(turn, str) and turn for turn in turns)
            if one.get("kind") not in _KINDS or len(turns) < LEAST_TURNS or not said:
                raise ConfigurationError(
                    f"{path}: conversation {number} is not of {', '.join(_KINDS)} with {LEAST_TURNS} turns or more"
                )
            found.append(Conversation(turns, _KINDS[one["kind"]], turns[0]))
    groups = near([one.turns[0] for one in found])
    return [replace(one, group=group) for one, group in zip(found, groups, strict=True)]


def easy_conversations(rows: Sequence[Row], *, seed: int, count: int) -> list[Conversation]:
    """Harmless rows thrown together, three to six of one language: what most conversations are like, one theme or not.

    Only those of which every category is known not to hold: what nobody looked at may be harmful.

    Args:
        count: how many of Chinese, and how many of others.
    """
    chosen = random.Random(seed)  # noqa: S311 - a reproducible choice is wanted
    harmless = [row.text for row in rows if row.labels == benign() and len(row.text) <= _MOST_CHARS]
    found = []
    for language in (True, False):
        texts = [text for text in harmless if _is_chinese(text) is language]
        for number in range(count if len(texts) > 2 * LEAST_TURNS else 0):
            turns = tuple(chosen.sample(texts, chosen.randint(LEAST_TURNS, 2 * LEAST_TURNS)))
            found.append(Conversation(turns, harmful=False, group=f"easy {language} {number}", written=False))
    return found


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
