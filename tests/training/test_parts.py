"""No text that is like one that is trained on is measured on."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from moderation.training.parts import (
    CALIBRATE,
    MEASURE,
    MEASURED_ONLY,
    TRAIN,
    TRAINED_ONLY,
    bare,
    near,
    part_of,
    split_digest,
)
from moderation.training.rows import Row
from moderation.training.sources import read_sources
from moderation.training.templates import SOURCE, written_rows

SETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "train"
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def words(chance: random.Random, count: int) -> str:
    return " ".join("".join(chance.choices(LETTERS[:-1], k=chance.randint(3, 9))) for _ in range(count))


def test_parts_have_their_shares_and_two_kinds_of_groups_have_one_part_alone() -> None:
    shares = Counter(part_of(f"group {number}", 0) for number in range(20_000))
    assert [round(shares[part] / 20_000, 2) for part in (TRAIN, CALIBRATE, MEASURE)] == [0.65, 0.1, 0.25]
    assert {part_of(f"{MEASURED_ONLY}{number}", 0) for number in range(99)} == {MEASURE}
    assert {part_of(f"{TRAINED_ONLY}{number}", 0) for number in range(99)} == {TRAIN}


def test_a_template_with_other_questions_is_one_name_and_other_texts_are_others() -> None:
    chance = random.Random(0)
    templates = [words(chance, 60) for _ in range(5)]
    texts = [f"{template}: {words(chance, 12)}" for template in templates for _ in range(6)]
    lone = [words(chance, 40) for _ in range(20)]
    names = near([*texts, *lone])
    assert [len(set(names[start : start + 6])) for start in range(0, 30, 6)] == [1] * 5
    assert len(set(names)) == 5 + 20


def test_a_question_does_not_tie_the_templates_it_stands_in() -> None:
    chance = random.Random(1)
    question = words(chance, 10)
    texts = [f"{words(chance, 80)} {question}" for _ in range(4)]
    assert len(set(near([*texts, question]))) == 5


def test_spellings_of_one_text_are_one() -> None:
    assert bare("Make a list, please!") == bare("make a LIST please")
    assert len(set(near(["Make a list, please!", "make a LIST please", "二 三", "二三。"]))) == 2


def test_a_name_is_the_same_in_every_run() -> None:
    """Whatever order a set has: a name that changes puts what was trained on into what is measured on."""
    chance = random.Random(2)
    lone = [(words(chance, 30), words(chance, 30)) for _ in range(10)]
    texts = [text for one, other in lone for text in (one, other, f"{one} {other}")]  # the third is near both
    code = "import json, sys; from moderation.training.parts import near; print(json.dumps(near(json.load(sys.stdin))))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2, 3)
    ]
    assert set(runs) == {json.dumps(near(texts)) + "\n"}
    assert len(set(json.loads(runs[0]))) == len(lone)


def test_a_split_has_one_value_and_every_change_of_what_is_held_back_another() -> None:
    rows = [Row(f"text {number}", {}, "made-up", f"group {number}") for number in range(200)]
    held = [row for row in rows if part_of(row.group, 0) != TRAIN]
    learnt = [row for row in rows if part_of(row.group, 0) == TRAIN]
    value = split_digest(rows, 0)
    assert split_digest([*reversed(rows)], 0) == split_digest(held, 0) == value
    assert split_digest([*held, *learnt[1:]], 0) == value
    assert split_digest(rows, 1) != value
    assert split_digest([row for row in rows if row is not held[0]], 0) != value
    assert split_digest([*rows, Row(held[0].text, {}, "again", held[0].group)], 0) != value
    moved = Row(held[0].text, {}, "made-up", learnt[0].group)
    assert split_digest([moved, *(row for row in rows if row is not held[0])], 0) != value


def test_lines_of_translated_files_are_one_group_with_their_translation() -> None:
    tongues: dict[str, set[bool]] = defaultdict(set)
    for row in written_rows(seed=0):
        if row.group.startswith((f"{SOURCE}:tools:", f"{SOURCE}:speeches:")):
            tongues[row.group].add(any("\u4e00" <= sign <= "\u9fff" for sign in row.text))
    assert len(tongues) > 1_000
    assert sum(both == {True, False} for both in tongues.values()) > 0.95 * len(tongues)


def test_no_text_by_the_other_hand_is_among_those_trained_on() -> None:
    rows = written_rows(seed=0)
    measured = {bare(row.text) for row in rows if row.group.startswith(MEASURED_ONLY)}
    assert len(measured) > 1_000
    assert not measured & {bare(row.text) for row in rows if part_of(row.group, 0) != MEASURE}


@pytest.mark.shared_data
def test_what_is_measured_on_is_not_like_what_is_trained_on() -> None:
    rows = read_sources(SETS, seed=0)
    by_part: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        by_part[part_of(row.group, 0)].add(f"{row.source} {bare(row.text)}")
    assert not by_part[MEASURE] & by_part[TRAIN]
    assert not by_part[CALIBRATE] & by_part[TRAIN]
    for source in ("jailbench-zh", "self-reminder-jailbreak-en", "bipia-en", "toxigen-prompts-en"):
        learnt, held = (
            [stretches(row.text) for row in rows if row.source == source and part_of(row.group, 0) is part]
            for part in (TRAIN, MEASURE)
        )
        alike = [max(len(own & other) / max(len(own), len(other)) for other in learnt) for own in held[:60]]
        assert sum(share > 0.7 for share in alike) <= 0.02 * len(alike), source


def stretches(text: str) -> set[str]:
    whole = bare(text)
    return {whole[start : start + 12] for start in range(max(1, len(whole) - 11))}
