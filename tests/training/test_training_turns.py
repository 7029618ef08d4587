"""Fitting what is said of turns, on conversations made up here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moderation.errors import ConfigurationError
from moderation.models.q4 import Floats
from moderation.training.conversations import Conversation, easy_conversations, read_conversations
from moderation.training.rows import Row, benign
from moderation.training.turns import FALSE_ALARMS, fitted, measured

DIMENSIONS = 12


def made_up(count: int) -> tuple[list[Conversation], list[Floats]]:
    """Every third rises along one direction; harmless ones stand anywhere else."""
    chance = np.random.default_rng(0)
    conversations, embedded = [], []
    for number in range(count):
        turns = chance.normal(size=(int(chance.integers(3, 7)), DIMENSIONS)).astype(np.float32)
        turns[:, 1] += 3.0  # what all turns have says nothing
        if number % 3 == 0:
            turns[:, 0] += np.linspace(0, 4, len(turns), dtype=np.float32)
        texts = tuple(f"{number} {index}" for index in range(len(turns)))
        conversations.append(Conversation(texts, number % 3 == 0, f"group {number}", written=number % 3 < 2))
        embedded.append(turns)
    return conversations, embedded


def test_a_rise_is_learnt_and_the_share_of_false_alarms_kept_on_what_was_not_learnt() -> None:
    conversations, embedded = made_up(600)
    head, scores = fitted(conversations, embedded)
    numbers = measured(conversations, scores)
    assert numbers["harmless, written"]["over_half"] == pytest.approx(FALSE_ALARMS, abs=0.01)
    assert numbers["crescendo"] == {"conversations": 200, "over_half": pytest.approx(0.9, abs=0.1)}
    fresh, rows = made_up(900)
    last = [head.newest @ turns[-1] + head.each @ turns.mean(axis=0) + head.bias.sum() for turns in rows[600:]]
    found = [value > 0 for value, one in zip(last, fresh[600:], strict=True) if one.harmful]
    assert sum(found) / len(found) > 0.8


def test_what_harmless_turns_say_is_0_on_the_average() -> None:
    conversations, embedded = made_up(300)
    head, _ = fitted(conversations, embedded)
    harmless = np.concatenate([turns for one, turns in zip(conversations, embedded, strict=True) if not one.harmful])
    assert float((harmless @ head.each + head.bias[1]).mean()) == pytest.approx(0, abs=1e-3)


def test_the_written_conversations_are_read_and_are_many_of_both_kinds_and_languages() -> None:
    found = read_conversations()
    chinese = [any("\u4e00" <= sign <= "\u9fff" for sign in one.turns[0]) for one in found]
    for language in (True, False):
        kinds = [one.harmful for one, is_chinese in zip(found, chinese, strict=True) if is_chinese is language]
        assert min(sum(kinds), len(kinds) - sum(kinds)) >= 100
    assert all(one.written and len(one.turns) >= 3 for one in found)


def test_no_turn_that_is_measured_on_was_trained_on() -> None:
    measured_on = Path(__file__).parents[2] / "benchmarks" / "conversations"
    texts = "\n".join(path.read_text(encoding="utf-8") for path in measured_on.glob("*.toml"))
    assert not [turn for one in read_conversations() for turn in one.turns if len(turn) > 12 and turn in texts]


@pytest.mark.parametrize(
    "text",
    [
        'kind = "worse"\nturns = ["a", "b", "c"]',
        'kind = "benign"\nturns = ["a", "b"]',
        'kind = "benign"\nturns = ["a", "", "c"]',
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "own.toml").write_text(f"[[conversation]]\n{text}\n")
    with pytest.raises(ConfigurationError, match=r"own\.toml: conversation 0"):
        read_conversations(tmp_path)


def test_easy_ones_are_of_harmless_rows_of_one_language() -> None:
    unknown = Row("text nobody looked at", {"hate": False}, "own", "unknown")
    rows = [Row(f"text {n}", {**benign(), "hate": n % 5 == 0}, "own", str(n)) for n in range(60)]
    rows += [Row(f"文字{n}", benign(), "own", str(n)) for n in range(20)] + [unknown] * 60
    found = easy_conversations(rows, seed=0, count=30)
    assert len(found) == 60
    assert found == easy_conversations(rows, seed=0, count=30)
    harmful = {unknown.text, *(row.text for row in rows if row.labels["hate"])}
    for one in found:
        assert not harmful & set(one.turns)
        assert len({turn.startswith("文") for turn in one.turns}) == 1
        assert (one.written, one.harmful) == (False, False)
