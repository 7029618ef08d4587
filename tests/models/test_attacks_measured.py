"""How often the forms are seen in sets of attacks and of harmless texts: the table of the model card.

`pytest tests/models/test_attacks_measured.py -s` prints it; counts only, never a text.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path

import pytest

from moderation.models.attacks import DOUBTFUL, forms_in

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LIMIT = 1_500

# (set, file, label or None) and the least and the most share of its texts with a sure form
SETS = [
    ("dev/benign-prompts-en", "data", None, (0.0, 0.001)),
    ("dev/benign-prompts-zh", "data", None, (0.0, 0.001)),
    ("dev/benign-text-zh", "data", None, (0.0, 0.001)),
    ("dev/cvalues-responsibility-zh", "data", None, (0.0, 0.002)),
    ("train/cyberseceval-frr", "data", None, (0.0, 0.002)),
    ("dev/wiki-toxicity-en", "data", None, (0.0, 0.001)),
    ("dev/prompt-injection-mixed-en", "data", 0, (0.0, 0.001)),
    ("dev/prompt-injection-mixed-en", "data", 1, (0.07, 1.0)),
    ("dev/cyberseceval-prompt-injection", "data", None, (0.12, 1.0)),
    ("train/jailbench-zh", "jailbreak", None, (0.14, 1.0)),
    ("train/self-reminder-jailbreak-en", "data", None, (0.17, 1.0)),
]


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "file", "label", "share"), SETS)
def test_share_of_texts_with_a_form(name: str, file: str, label: int | None, share: tuple[float, float]) -> None:
    with gzip.open(SHARED_DATA / name / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = [str(row["text"]) for row in rows if label is None or row["label"] == label]
    random.Random(0).shuffle(texts)
    seen = [forms_in(text) for text in texts[:LIMIT]]
    sure = sum(any(form.score > DOUBTFUL[form.category] for form in forms) for forms in seen)
    sys.stdout.write(
        f"\n{name} {label}: any {sum(map(bool, seen))}, sure {sure} of {len(seen)} ({sure / len(seen):.1%})"
    )
    least, most = share
    assert least <= sure / len(seen) <= most
