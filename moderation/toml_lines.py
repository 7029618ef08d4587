"""The line on which a key of a TOML document stands.

`tomllib` gives positions for syntax errors alone. This looks for a key path the way TOML writes it (table
headers, dotted and quoted keys, inline tables); where it finds only a prefix of the path, the line of that.
It does not know keys inside multi-line strings: a document that hides a key look-alike there may be told a
wrong line, never a wrong message.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[\[?(?P<path>.+?)\]\]?\s*(#.*)?$")
_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_ASSIGNMENT = re.compile(rf"^\s*(?P<path>{_KEY}(?:\s*\.\s*{_KEY})*)\s*=")


def _keys(path: str) -> tuple[str, ...]:
    """The parts of a written key path such as `roles."a b".x`."""
    try:
        node: object = tomllib.loads(f"{path} = 0")
    except (ValueError, RecursionError):  # a line of a text that only looks like a header
        return ()
    parts: list[str] = []
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        parts.append(key)
    return tuple(parts) if node == 0 else ()


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The 1-based line of `path`, or of the longest part of it that is there; `None` if no part is."""
    wanted = tuple(path)
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEADER.match(line):
            table = found = _keys(match["path"])
        elif match := _ASSIGNMENT.match(line):
            found = (*table, *_keys(match["path"]))
            rest = wanted[len(found) :]
            if rest and found == wanted[: len(found)] and re.search(rf"\b{re.escape(rest[0])}\b", line[match.end() :]):
                found = wanted[: len(found) + 1]
        else:
            continue
        length = len(found)
        if found == wanted[:length] and (best is None or length > best[0]):
            best = (length, number)
    return best[1] if best else None
