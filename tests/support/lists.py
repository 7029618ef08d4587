"""Block lists without files of one's own."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from moderation.lists import Lists, load_lists


def listed(*terms: str, rule: str | None = None) -> Lists:
    """One block list of these terms."""
    lines = ['name = "own"', 'kind = "block"', 'category = "spam"', f"terms = {json.dumps(terms, ensure_ascii=False)}"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.toml").write_text("\n".join([*lines, f'match = "{rule}"' if rule else ""]), "utf-8")
        return load_lists([Path(folder)])
