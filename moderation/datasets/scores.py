"""scores.jsonl: what every classifier said of every row, so that a report can be made again without judging again.

One JSON object a line: `run`, then for each set `set`, its `row`s, and `batches`. Versioned; holds no text unless asked
to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from moderation.errors import InvalidRequestError
from moderation.schema import Decision
from moderation.taxonomy import CATEGORIES

VERSION = 1
_KEPT = 20_000  # characters of a text that is kept


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one classifier said of one row; `time_ms` is the classifier's own word, else that of its batch."""

    scores: Mapping[str, float]
    decision: Decision
    unjudged: tuple[str, ...]
    time_ms: float


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row and its verdicts, one per classifier."""

    file: int
    number: int
    language: str
    violating: bool | None
    truths: Mapping[str, bool]
    labelled: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SetHead:
    """What a report says of a set beside its numbers; from manifest, survey and policy.

    Attributes:
        thresholds: category -> the lowest score that is not ALLOW; absent is never.
    """

    name: str
    revision: str
    description: str
    licence: str
    use: str
    sides: str
    role: str
    thresholds: Mapping[str, float]
    categories: tuple[str, ...]
    files: tuple[str, ...]
    rows: int
    used: int
    left_out: Mapping[str, int]
    malformed: Mapping[str, int]
    malformed_at: Mapping[str, tuple[str, ...]]
    unmapped: int


@dataclass(slots=True)
class ScoredSet:
    """A set's rows, and for each classifier how long its batches took."""

    head: SetHead
    rows: list[ScoredRow] = field(default_factory=list)
    batches_ms: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class RunHead:
    """What was run.

    Attributes:
        classifiers: their names; the first is the one that is measured, the others it is held against.
        policy: name and revision.
    """

    classifiers: tuple[str, ...]
    policy: str
    seed: int = 0
    limit: int | None = None
    batch_size: int = 32


@dataclass(slots=True)
class Run:
    """Everything a report is made from."""

    head: RunHead
    sets: list[ScoredSet] = field(default_factory=list)


def lines_of(run: Run) -> Iterator[str]:
    """The whole run, line by line."""
    yield run_line(run.head)
    for scored in run.sets:
        yield set_line(scored.head)
        for row in scored.rows:
            yield row_line(row)
        yield batches_line(scored.batches_ms)


def run_line(head: RunHead) -> str:
    return _line("run", version=VERSION, **asdict(head))


def set_line(head: SetHead) -> str:
    return _line("set", **asdict(head))


def batches_line(batches_ms: Sequence[Sequence[float]]) -> str:
    return _line("batches", ms=[list(times) for times in batches_ms])


def row_line(row: ScoredRow) -> str:
    """A row; its text only if it carries one."""
    fields = asdict(row)
    text = fields.pop("text")
    if text is not None:
        fields["text"] = text[:_KEPT]
    return _line("row", **fields)


def _line(kind: str, **fields: Any) -> str:
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False)


def read_scores(path: Path) -> Run:
    """A run as it was kept.

    Raises:
        InvalidRequestError: naming the line that is wrong.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            return _run(lines, path)
    except OSError as error:
        raise InvalidRequestError(f"{path}: cannot be read: {error.strerror}", code="no_such_file") from None
    except UnicodeDecodeError:
        raise InvalidRequestError(f"{path}: is not UTF-8") from None


def _run(lines: Iterable[str], path: Path) -> Run:
    run: Run | None = None
    for number, line in enumerate(lines, start=1):
        try:
            fields = json.loads(line)
            kind = fields.pop("kind")
            if run is None:
                if kind != "run" or fields.pop("version") != VERSION:
                    raise InvalidRequestError(f"{path}: holds no scores that this version reads")
                run = Run(_run_head(fields))
            elif kind == "set":
                run.sets.append(ScoredSet(_set_head(fields)))
            elif kind == "row":
                run.sets[-1].rows.append(_row(fields, len(run.head.classifiers), len(run.sets[-1].head.files)))
            elif kind == "batches":
                run.sets[-1].batches_ms = tuple(tuple(map(float, times)) for times in fields["ms"])
            else:
                _wrong()
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            raise InvalidRequestError(f"{path}:{number}: is no line of kept scores") from None
    if run is None or not run.sets or any(not scored.batches_ms for scored in run.sets):
        raise InvalidRequestError(f"{path}: ends too early; the run that wrote it was cut off")
    return run


def _run_head(fields: dict[str, Any]) -> RunHead:
    fields["classifiers"] = tuple(fields["classifiers"])
    head = RunHead(**fields)
    return head if type(head.seed) is int and head.seed >= 0 else _wrong()


def _set_head(fields: dict[str, Any]) -> SetHead:
    fields["categories"] = tuple(fields["categories"])
    fields["files"] = tuple(fields["files"])
    fields["malformed_at"] = {key: tuple(value) for key, value in fields["malformed_at"].items()}
    return SetHead(**fields)


def _row(fields: dict[str, Any], classifiers: int, files: int) -> ScoredRow:
    verdicts = tuple(
        Verdict(
            scores={_category(key): _score(value) for key, value in verdict["scores"].items()},
            decision=Decision(verdict["decision"]),
            unjudged=tuple(map(str, verdict["unjudged"])),
            time_ms=float(verdict["time_ms"]),
        )
        for verdict in fields.pop("verdicts")
    )
    if len(verdicts) != classifiers or not 0 <= fields["file"] < files:
        _wrong()
    truths = {_category(key): bool(value) for key, value in fields.pop("truths").items()}
    labelled = tuple(_category(key) for key in fields.pop("labelled"))
    return ScoredRow(truths=truths, labelled=labelled, verdicts=verdicts, **fields)


def _category(key: str) -> str:
    return key if key in CATEGORIES else _wrong()


def _score(value: float) -> float:
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else _wrong()


def _wrong() -> Any:
    raise ValueError
