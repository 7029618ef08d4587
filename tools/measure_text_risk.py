"""Measures text-risk on sets it was not trained on; the numbers stand in its model card.

    python tools/measure_text_risk.py ../shared/data/dev --rows 500

Prints counts and rates only, never a text. A text's score is the highest over its windows and passages and over the
categories given for its set; a false alarm is a score of at least 0.5.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moderation.models.registry import Registry
from moderation.models.store import ModelStore
from moderation.rooms import room
from moderation.training.measuring import measure
from moderation.training.rows import CATEGORIES

ABUSE = tuple(c for c in CATEGORIES if c.startswith(("hate", "harassment", "discrimination", "violence", "sexual")))
SETS = {
    "toxicloakcn-zh": (ABUSE, "base"),
    "wiki-toxicity-en": (ABUSE, None),
    "ethos-en": (ABUSE, None),
    "telecom-fraud-zh": (("fraud", "spam", "illicit"), None),
    "prompt-injection-mixed-en": (("prompt_injection", "jailbreak"), None),
    "harmbench-en": (CATEGORIES, None),
    "s-eval-dev-zh": (CATEGORIES, None),
    "benign-text-zh": (CATEGORIES, None),
    "benign-prompts-en": (CATEGORIES, None),
    "benign-prompts-zh": (CATEGORIES, None),
    "cvalues-responsibility-zh": (CATEGORIES, None),
}


def rows_of(folder: Path, only: str | None, count: int) -> list[dict[str, Any]]:
    rows = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    rows = [row for row in rows if row["label"] in (0, 1) and (only is None or row["category"] == only)]
    return random.Random(0).sample(rows, min(count, len(rows)))


def scores_of(model: Any, texts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Highest score of each text: [texts, CATEGORIES]."""
    found = []
    for start in range(0, len(texts), 32):
        found += [
            [max(scored.scores[category] for scored in result.scored) for category in CATEGORIES]
            for result in model.run(texts[start : start + 32])
        ]
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    chosen = parser.parse_args()
    registry = Registry([room("models")], entry_points=False)
    with tempfile.TemporaryDirectory() as home:
        model = registry.load("text-risk.v1", store=ModelStore(Path(home)), threads=2)
        print(f"revision {model.revision}")
        for name in chosen.sets:
            categories, only = SETS[name]
            rows = rows_of(chosen.folder / name, only, chosen.rows)
            columns = [CATEGORIES.index(category) for category in categories]
            began = time.monotonic()
            scores = scores_of(model, [row["text"] for row in rows])
            truths = np.array([row["label"] == 1 for row in rows])
            numbers = measure(scores[:, columns].max(axis=1), truths)
            alarms = {c: int(n) for c, n in zip(CATEGORIES, (scores[~truths] >= 0.5).sum(axis=0), strict=True) if n}
            print(name, json.dumps(numbers), "false alarms by category", alarms, f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
