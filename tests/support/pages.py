"""Markdown pages, taken apart for tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TREES = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "moderation").rglob("*.py"))}
Row = list[str]


def page(name: str) -> str:
    return (DOCS / name).read_text()


def sections(text: str) -> dict[str, str]:
    """What stands under each heading, by the heading's words; what looks like one inside a code block is none."""
    found, title, fenced = {"": ""}, "", False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (match := re.match(r"#+ (.*)", line)):
            title = match[1]
            found[title] = ""
        found[title] += line + "\n"
    return found


def rows(text: str) -> list[Row]:
    """The rows of all tables, without their heads."""
    tables = re.findall(r"(?:^ *\|.*\n)+", text, re.MULTILINE)
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        for table in tables
        for line in table.strip().splitlines()[2:]
    ]


def word(cell: str) -> str:
    """The first thing in a cell that is set as code."""
    match = re.search(r"`([^`]+)`", cell)
    return match[1] if match else cell


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language, also indented ones."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]
