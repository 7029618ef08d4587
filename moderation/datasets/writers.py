"""The blocks of a report as Markdown and as one HTML page that needs nothing else: no script, no file, no network.

Everything is escaped here, whatever it is: names, licences and texts come from files that others wrote.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from moderation.datasets.blocks import Block, Cell, Heading, Hidden, Paragraph, Plot, Table
from moderation.datasets.plots import Plots
from moderation.datasets.words import words_of

_SPECIAL = re.compile(r"([\\`*_{}\[\]|~$!])")

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  background: Canvas; color: CanvasText; }
h2 { border-top: 2px solid #8886; padding-top: 1rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: .6rem 0; }
th, td { border-bottom: 1px solid #8886; padding: .25rem .55rem; text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } figcaption { font-size: 13px; opacity: .8; }
.veil { cursor: pointer; } .veil input { margin-right: .4rem; }
.veil span { filter: blur(6px); user-select: none; } .veil input:checked + span { filter: none; user-select: auto; }
.veil small { opacity: .8; } .veil input:checked ~ small { display: none; }
"""


def markdown(blocks: Sequence[Block], *, plots_folder: str = "plots") -> str:
    """The report as Markdown; plots are PNG files in a folder beside it."""
    return "\n\n".join(_markdown(block, plots_folder) for block in blocks) + "\n"


def _markdown(block: Block, folder: str) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {_plain(text)}"
        case Paragraph(text):
            return _plain(text)
        case Plot(name, caption, _):
            return f"![{_plain(caption)}]({folder}/{name}.png)"
        case Table(head, rows, _):
            lines = [head, ("---",) * len(head), *rows]
            return "\n".join(f"| {' | '.join(_markdown_cell(cell) for cell in line)} |" for line in lines)


def _markdown_cell(cell: Cell) -> str:
    if isinstance(cell, Hidden):
        return f"<details><summary>…</summary>{_plain(cell.text)}</details>"
    return cell if cell == "---" else _plain(cell)


def _plain(text: str) -> str:
    """Words that mean nothing to Markdown or HTML."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    escaped = _SPECIAL.sub(r"\\\1", escaped).replace("://", ":&#47;&#47;").replace("@", "&#64;")
    escaped = re.sub(r"^([#+=>-])", r"\\\1", escaped)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", escaped)


def page(blocks: Sequence[Block], plots: Plots, *, language: str) -> str:
    """The report as one HTML page."""
    title = next(block.text for block in blocks if isinstance(block, Heading))
    lines = [
        "<!doctype html>",
        f'<html lang="{"zh-CN" if language == "zh" else "en"}">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        # Nothing is fetched and nothing runs, whatever the texts hold.
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>",
        "<body>",
        *(line for block in blocks for line in _html(block, plots, language)),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _html(block: Block, plots: Plots, language: str) -> Iterator[str]:
    match block:
        case Heading(level, text):
            yield f"<h{level}>{html.escape(text)}</h{level}>"
        case Paragraph(text):
            yield f"<p>{html.escape(text)}</p>"
        case Plot(name, caption, draw):
            yield f"<figure>{plots.svg(name, draw)}<figcaption>{html.escape(caption)}</figcaption></figure>"
        case Table(head, rows, shades):
            yield '<div class="wide"><table>'
            yield f"<thead><tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr></thead><tbody>"
            for index, row in enumerate(rows):
                shade = shades[index] if shades else (0.0,) * len(row)
                cells = (_html_cell(cell, one, language) for cell, one in zip(row, shade, strict=True))
                yield f"<tr>{''.join(cells)}</tr>"
            yield "</tbody></table></div>"


def _html_cell(cell: Cell, shade: float, language: str) -> str:
    if isinstance(cell, Hidden):
        reveal = html.escape(words_of(language)["reveal"])
        veiled = f'<input type="checkbox"><span>{html.escape(cell.text)}</span> <small>{reveal}</small>'
        return f'<td><label class="veil">{veiled}</label></td>'
    style = f' style="background:rgba(0,114,178,{shade * 0.6:.2f})"' if shade else ""
    return f"<td{style}>{html.escape(cell)}</td>"
