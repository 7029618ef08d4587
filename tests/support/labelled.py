"""Labelled sets made up for tests: files in every format, and manifests around them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LABELS = '[labels]\ncolumn = "label"\nviolating = [1]\nallowed = [0]\n'
NAMED = LABELS + '[labels.categories]\ncolumn = "category"\n[labels.categories.map]\nhate = ["hate"]\nspam = ["spam"]\n'
# What the fake classifier says of these is written in them.
ROWS: list[dict[str, Any]] = [
    {"text": "a ⟦hate=0.99⟧", "label": 1, "category": "hate"},
    {"text": "b ⟦hate=0.89⟧", "label": 1, "category": "hate"},
    {"text": "c ⟦spam=0.999⟧", "label": 1, "category": "spam"},
    {"text": "d ⟦hate=0.3⟧", "label": 1, "category": "spam"},
    {"text": 'e <script>alert("1")</script> ⟦hate=0.99⟧', "label": 0, "category": ""},
    *({"text": f"plain {number}", "label": 0, "category": ""} for number in range(15)),
]


def write_set(folder: Path, rows: Sequence[dict[str, Any]] = ROWS, *, kind: str = "jsonl", **options: str) -> Path:
    """A set of these rows in a folder of its own; its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"data.{kind}"
    if kind.startswith("jsonl"):
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data) if kind.endswith(".gz") else data)
    elif kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
        parquet.write_table(pa.Table.from_pylist(list(rows)), path)
    return write_manifest(folder, path, **options)


def write_manifest(
    folder: Path,
    *paths: Path,
    labels: str = NAMED,
    categories: str = '["hate", "spam"]',
    extra: str = "",
    name: str = "",
) -> Path:
    """A manifest for files."""
    files = "".join(
        f'[[file]]\npath = "{path.name}"\nsha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"\n'
        for path in paths
    )
    manifest = folder / "manifest.toml"
    manifest.write_text(
        f'name = "{folder.name}"\ndescription = "made up"\nlicence = "CC0-1.0"\ncategories = {categories}\n'
        f'{extra}\n{files}[columns]\ntext = "text"\n{labels}',
        encoding="utf-8",
    )
    return manifest
