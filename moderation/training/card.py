"""Writes what training found into a model's room: metrics.json, and the generated parts of model.toml and README.md."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.errors import ConfigurationError
from moderation.models.packages import sha256_of
from moderation.training.parts import split_digest
from moderation.training.rows import Row

_FILES = ("head.safetensors", "layers.safetensors")
_COLUMNS = ("average_precision", "auc", "precision", "recall", "f1", "calibration_error", "calibration_error_raised")


def write_results(
    room: Path,
    rows: Sequence[Row],
    metrics: Mapping[str, Mapping[str, Any]],
    experimental: Sequence[str],
    *,
    seed: int,
    whole: bool = True,
) -> None:
    """Records what was trained next to it.

    Args:
        whole: whether model.toml and README.md are rewritten too, or only metrics.json.

    Raises:
        ConfigurationError: if model.toml or README.md lacks the place to write to.
    """
    sources = dict(sorted(Counter(row.source for row in rows).items()))
    document = {
        "seed": seed,
        "rows_by_source": sources,
        "held_out_sha256": split_digest(rows, seed),
        "experimental": list(experimental),
        "categories": metrics,
    }
    (room / "metrics.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if not whole:
        return
    words = ", ".join(f'"{category}"' for category in experimental)
    categories = ", ".join(f'"{category}"' for category in metrics)
    toml = room / "model.toml"
    replace_in(toml, r"(?m)^categories = \[.*?\]", f"categories = [{categories}]")
    replace_in(toml, r"(?m)^experimental = \[.*?\]", f"experimental = [{words}]")
    for name in _FILES:
        replace_in(toml, rf'(name = "{re.escape(name)}"\nsha256 = )"[0-9a-f]*"', rf'\g<1>"{sha256_of(room / name)}"')
    table = _table(metrics, experimental)
    replace_in(room / "README.md", r"(?s)(<!-- numbers -->\n).*?(<!-- /numbers -->)", rf"\g<1>{table}\n\g<2>")


def replace_in(path: Path, pattern: str, replacement: str) -> None:
    """Puts something in the one place of a file that is like a pattern.

    Raises:
        ConfigurationError: if there is none, or several.
    """
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, replacement, text)
    if count != 1:
        raise ConfigurationError(f"{path}: expected one place like {pattern}, found {count}")
    path.write_text(changed, encoding="utf-8")


def _table(metrics: Mapping[str, Mapping[str, Any]], experimental: Sequence[str]) -> str:
    lines = [
        "| category | held-out positives (groups; written by the project) "
        "| AP | AUC | precision | recall | F1 | ECE | ECE from 0.1 on |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for category, numbers in metrics.items():
        name = f"`{category}`" + (" (experimental)" if category in experimental else "")
        cells = [f"{numbers[column]:.2f}" if numbers[column] is not None else "–" for column in _COLUMNS]
        written = numbers["positives_written_by_the_project"]
        counts = f"{numbers['positives']} ({numbers['positive_groups']}; {written})"
        lines.append(f"| {name} | {counts} | {' | '.join(cells)} |")
    return "\n".join(lines)
