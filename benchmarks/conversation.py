"""Are written conversations judged as what they are, by the patterns over turns and by the turns alone?

`conversations/<language>.toml` holds conversations that the project wrote: crescendos, payloads split over turns, "go
on" after a harmful request, and harmless ones. Each user's turn is judged as it would be in use, with the turns before
it. Nothing was tuned on them.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import Report
from moderation import Moderator
from moderation.schema import Content, ModerationResult, Part, Role, Turn

FOLDER = Path(__file__).parent / "conversations"
BENIGN = "benign"


def run(options: argparse.Namespace, rest: Sequence[str]) -> Report:
    argparse.ArgumentParser(prog="python -m benchmarks conversation").parse_args(rest)
    lines = ["| conversations | of | its pattern | any pattern | a turn alone flagged | either |", "|" + " --- |" * 6]
    values: dict[str, float] = {}
    with Moderator() as moderator:
        for file in sorted(FOLDER.glob("*.toml")):
            found = tomllib.loads(file.read_text(encoding="utf-8"))["conversation"]
            for kind in sorted({one["kind"] for one in found}, key=lambda kind: (kind == BENIGN, kind)):
                chosen = [one for one in found if one["kind"] == kind][: 3 if options.quick else None]
                rates = _rates(kind, [_judged(moderator, one["turns"]) for one in chosen])
                values |= {f"{file.stem} {kind} {name}": rate for name, rate in rates.items()}
                cells = " | ".join(f"{rate:.0%}" for rate in rates.values())
                lines.append(f"| {file.stem}, {kind} | {len(chosen)} | {cells} |")
    return Report(values=values, table="\n".join(lines), misses=[])


def _judged(moderator: Moderator, turns: Sequence[Mapping[str, Any]]) -> list[ModerationResult]:
    """The result of every user's turn, judged with those before it."""
    said = [Turn(Role(turn["role"]), (Part.from_text(turn["text"]),)) for turn in turns]
    contents = [
        Content(turn.parts, role=turn.role, conversation=tuple(said[:index]))
        for index, turn in enumerate(said)
        if turn.role is Role.USER
    ]
    return [result for result in moderator.moderate_many(contents) if isinstance(result, ModerationResult)]


def _rates(kind: str, conversations: Sequence[Sequence[ModerationResult]]) -> dict[str, float]:
    patterns = [{trigger.pattern for result in results for trigger in result.triggers} for results in conversations]
    alone = [any(finding for result in results for finding in result.findings) for results in conversations]
    count = len(conversations)
    return {
        "own": sum(kind in found for found in patterns) / count,
        "any": sum(bool(found) for found in patterns) / count,
        "alone": sum(alone) / count,
        "either": sum(bool(found) or one for found, one in zip(patterns, alone, strict=True)) / count,
    }
