"""Whether a pulled file has the form that its name promises.

Asked where no hash vouches for a file, before its own is written down for good: a login page, an empty body or a cut
one would be locked in the file's place, and the right file refused from then on. It says nothing of what the file is
worth, or whose it is.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from safetensors import SafetensorError, safe_open

_EMPTY = "it is empty"
_NO_TEXT = "it is no text in UTF-8"
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


def fault_of(path: Path, name: str) -> str:
    """What is wrong with the form of a file; empty if nothing is.

    Args:
        path: where it lies.
        name: the name it has in its repository; the suffix says what it should be.

    Raises:
        OSError: it cannot be read.
    """
    if path.stat().st_size == 0:
        return _EMPTY
    if name.endswith(".safetensors"):
        return _weights_fault(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return _NO_TEXT
    return _text_fault(text) or (_json_fault(text) if name.endswith(".json") else "")


def _weights_fault(path: Path) -> str:
    """The header, and whether the tensors it names fill the file; no tensor is read."""
    try:
        with safe_open(path, framework="numpy") as tensors:
            return "" if tensors.keys() else "it holds no tensor"
    except SafetensorError:
        return "it is no whole safetensors file"


def _text_fault(text: str) -> str:
    if not text.strip():
        return _EMPTY
    if "\0" in text:
        return _NO_TEXT
    return "it is an HTML page" if _PAGE.match(text) else ""


def _json_fault(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "it is no JSON"
    return "" if isinstance(value, dict | list) else "it is no JSON object or list"
