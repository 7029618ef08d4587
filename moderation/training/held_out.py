"""Writes the harmless rows that `text-risk` was neither trained nor calibrated on, as a set for the other commands.

    python -m moderation.training.held_out --data ../shared/data/train --out held-out
    moderation policy thresholds --safe held-out --data held-out --limit 5000 --together \\
        --review-budget 0.1 --block-budget 0.01

The default policy's thresholds come from these two commands. Only rows that are harmless in every category are
written; the folder holds texts of the training sets, so it is not for the repository. The seed is the one the weights
were trained with, and where the rows are not those that they were trained on, nothing is written: it would not be known
which of them the weights have seen.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.errors import ConfigurationError, ModerationError
from moderation.rooms import room
from moderation.training.parts import MEASURE, part_of, split_digest
from moderation.training.rows import Row, benign
from moderation.training.text_risk import gather

_MANIFEST = """name = "held-out"
description = "Harmless rows of the training sets, and of the project's own phrases, that text-risk was not trained on."
licence = "as the sets they come from: models/text-risk/README.md"
use = "choosing thresholds"
source = "python -m moderation.training.held_out"
language = "zh, en"
sides = "allowed"
categories = ["*"]

[[file]]
path = "held-out.jsonl"
sha256 = "{sha256}"

[columns]
text = "text"

[labels]
column = "label"
violating = [1]
allowed = [0]
"""


def held_out(rows: Sequence[Row], *, seed: int) -> list[Row]:
    """Rows of the part that is measured on, harmless in every category, each text once."""
    everything = set(benign())
    kept = {
        row.text: row
        for row in rows
        if part_of(row.group, seed) == MEASURE and set(row.labels) == everything and not any(row.labels.values())
    }
    return list(kept.values())


def check(rows: Sequence[Row], metrics: Mapping[str, Any]) -> None:
    """That what is held back of rows is what was held back when weights were trained.

    Args:
        rows: every row, of all parts.
        metrics: the weights' `metrics.json`.

    Raises:
        ConfigurationError: if it is not; says of which sources there are more or fewer rows.
    """
    if split_digest(rows, metrics["seed"]) == metrics["held_out_sha256"]:
        return
    ours, theirs = Counter(row.source for row in rows), Counter(metrics["rows_by_source"])
    other = [f"{name} {ours[name]}, not {theirs[name]}" for name in sorted(ours | theirs) if ours[name] != theirs[name]]
    raise ConfigurationError(
        "the rows are not those that text-risk was trained on and measured on"
        f"{': ' if other else ''}{'; '.join(other)}. Take the training sets and phrases of the commit that its weights "
        "came with, or train it again"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m moderation.training.held_out", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; made if it is not there")
    chosen = parser.parse_args(arguments)
    metrics = json.loads((room("models") / "text-risk" / "metrics.json").read_text(encoding="utf-8"))
    try:
        every = gather(chosen.data, seed=metrics["seed"], scale=1.0)
        check(every, metrics)
    except ModerationError as error:
        parser.error(str(error))
    rows = held_out(every, seed=metrics["seed"])
    chosen.out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": row.text, "label": 0, "source": row.source}, ensure_ascii=False) for row in rows]
    content = ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")
    (chosen.out / "held-out.jsonl").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (chosen.out / "manifest.toml").write_text(_MANIFEST.format(sha256=digest), encoding="utf-8")
    print(f"{len(rows)} rows in {chosen.out}")


if __name__ == "__main__":
    main()
