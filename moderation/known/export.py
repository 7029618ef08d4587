"""Signals -> a file in a form that others read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from moderation.known.errors import BankError
from moderation.known.exchange import Form
from moderation.known.signals import Kind, Opinion, Signal

_Values = dict[str, Any]
# What ThreatExchange's library calls them; hashes of files are of videos there.
_NAMES: Mapping[Kind, str] = {Kind.MD5: "video_md5", Kind.SHA256: "video_sha256"}
_OPINIONS: Mapping[Opinion, str] = {
    Opinion.POSITIVE: "POSITIVE_CLASS",
    Opinion.SEED: "INVESTIGATION_SEED",
    Opinion.DISPUTED: "DISPUTED",
    Opinion.NEGATIVE: "NEGATIVE_CLASS",
}


def export_signals(signals: Iterable[Signal], path: Path, form: Form = Form.OWN, *, bank: str = "") -> int:
    """Writes signals, the file anew, and says how many. How it is written is told by the end of its name.

    Args:
        bank: what ThreatExchange is told as the collaboration.

    Raises:
        BankError: the form is not written, or not in such a file.
    """
    ways: Mapping[tuple[Form, str], Callable[[Signal, str], _Values]] = {
        (Form.OWN, ".csv"): _own_row,
        (Form.OWN, ".jsonl"): _own,
        (Form.THREATEXCHANGE, ".csv"): _threatexchange,
        (Form.THREATEXCHANGE, ".txt"): _threatexchange,
        (Form.HMA, ".jsonl"): _hma,
    }
    suffix = path.suffix.lower()
    way = ways.get((form, suffix))
    if way is None:
        known = ", ".join(f"{one} as {end}" for one, end in ways)
        raise BankError(f"{form} is not written as `{suffix}`; written are: {known}", file=str(path))
    rows = [way(signal, bank) for signal in signals]
    new = path.with_name(f".{path.name}.new")
    new.write_text(_written(rows, suffix), "utf-8", newline="")
    new.replace(path)  # who reads it meanwhile has the old one whole
    return len(rows)


def _written(rows: list[_Values], suffix: str) -> str:
    if suffix == ".jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if suffix == ".txt":
        return "".join(f"{row['signal_type']} {row['signal_str']}\n" for row in rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _own(signal: Signal, _: str) -> _Values:
    row = {
        "id": signal.id,
        "signal": str(signal.kind),
        "hash": signal.value,
        "quality": signal.quality,
        "opinion": str(signal.opinion),
        "categories": list(signal.categories),
        "tags": list(signal.tags),
    }
    return {name: value for name, value in row.items() if value not in (None, "", [])}


def _own_row(signal: Signal, _: str) -> _Values:
    return {
        "id": signal.id,
        "signal": str(signal.kind),
        "hash": signal.value,
        "quality": "" if signal.quality is None else signal.quality,
        "opinion": str(signal.opinion),
        "categories": " ".join(signal.categories),
        "tags": " ".join(signal.tags),
    }


def _threatexchange(signal: Signal, bank: str) -> _Values:
    return {
        "signal_type": _NAMES.get(signal.kind, str(signal.kind)),
        "signal_str": signal.value,
        "collab": bank,
        "category": _OPINIONS[signal.opinion],
        "tags": " ".join(signal.tags),
    }


def _hma(signal: Signal, _: str) -> _Values:
    row: _Values = {"signals": {_NAMES.get(signal.kind, str(signal.kind)): signal.value}}
    if signal.id.isdecimal():
        return {"id": int(signal.id), **row}
    return {**row, "metadata": {"content_id": signal.id}} if signal.id else row
