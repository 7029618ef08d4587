"""Streams the rows of sets through classifiers, batch by batch, and keeps what they said.

Takes callables: what they are, this does not know. Every classifier sees the same rows in the same batches.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TextIO

from moderation.datasets.judging import Judge, decide
from moderation.datasets.loader import Example, Survey, examples, paths_of, survey
from moderation.datasets.manifest import Manifest
from moderation.datasets.scores import (
    Run,
    RunHead,
    ScoredRow,
    ScoredSet,
    SetHead,
    Verdict,
    batches_line,
    row_line,
    run_line,
    set_line,
)
from moderation.errors import InvalidRequestError, ModelError
from moderation.policy import Policy

BATCH_SIZE = 32
Progress = Callable[[str, int, int], None]  # set, rows done, rows in all


@dataclass(frozen=True, slots=True)
class Opened:
    """A set whose files are there and whose rows are counted."""

    manifest: Manifest
    paths: tuple[Path, ...]
    survey: Survey


def open_sets(
    manifests: Sequence[Manifest], data: Path | None, *, limit: int | None = None, seed: int = 0
) -> list[Opened]:
    """Finds, checks and counts all sets, before anything is judged.

    Raises:
        InputError: data is missing, is another than the pinned one, or has no row that can be used.
    """
    names = [manifest.name for manifest in manifests]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidRequestError(f"given twice, or two sets of one name: {', '.join(twice)}")
    found = []
    for manifest in manifests:
        paths = tuple(paths_of(manifest, data))
        found.append(Opened(manifest, paths, survey(manifest, paths, limit=limit, seed=seed)))
    return found


def evaluate(
    sets: Sequence[Opened],
    judges: Mapping[str, Judge],
    *,
    policy: Policy,
    seed: int = 0,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    texts: bool = False,
    keep: Path | None = None,
    keep_texts: bool = False,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Run:
    """Judges every row of every set by every classifier.

    Args:
        judges: name -> classifier; the first is the one that is measured.
        seed, limit: as the sets were opened with; kept for the report.
        texts: texts are held for the report.
        keep: a file that gets the scores as they come; it has this name only once it is whole.
        keep_texts: and the texts with them.

    Raises:
        ModelError: a classifier answered for fewer or more texts than it was asked.
        ModerationError: a classifier cannot be used at all.
        InvalidRequestError: `keep` cannot be written.
    """
    run = Run(RunHead(tuple(judges), f"{policy.name} {policy.revision}", seed=seed, limit=limit, batch_size=batch_size))
    with _Kept(keep) as kept:
        work = _Work(judges, policy, batch_size, texts, keep_texts, kept, progress, clock)
        kept.write(run_line(run.head))
        run.sets += [work.evaluate(one) for one in sets]
        kept.finish()
    return run


class _Kept:
    """A file that gets lines as they come, and its name once it is whole; None keeps nothing.

    Raises:
        InvalidRequestError: it cannot be written. What else goes wrong meanwhile is not its business.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part") if path is not None else None
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._part is not None:
            with self._said():
                self._file = self._part.open("w", encoding="utf-8")
        return self

    def write(self, line: str) -> None:
        if self._file is not None:
            with self._said():
                self._file.write(line + "\n")

    def finish(self) -> None:
        """Everything is written."""
        if self._file is not None and self._part is not None and self._path is not None:
            with self._said():
                self._file.close()
                self._part.replace(self._path)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # whole, or the run has broken off for another reason
                self._file.close()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InvalidRequestError(f"{self._path}: cannot be written: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class _Work:
    """One run: its classifiers and where its lines go."""

    judges: Mapping[str, Judge]
    policy: Policy
    batch_size: int
    texts: bool
    keep_texts: bool
    kept: _Kept
    progress: Progress | None
    clock: Callable[[], float]

    def evaluate(self, one: Opened) -> ScoredSet:
        scored = ScoredSet(head_of(one, self.policy))
        self.kept.write(set_line(scored.head))
        times: list[list[float]] = [[] for _ in self.judges]
        for batch in _batches(examples(one.manifest, one.paths, one.survey), self.batch_size):
            self._tell(one, len(scored.rows))
            said = [self._ask(name, judge, batch, spent) for (name, judge), spent in self._with(times)]
            for example, *verdicts in zip(batch, *said, strict=True):
                row = _row(example, tuple(verdicts))
                scored.rows.append(replace(row, text=example.text) if self.texts else row)
                self.kept.write(row_line(replace(row, text=example.text) if self.keep_texts else row))
        scored.batches_ms = tuple(map(tuple, times))
        self.kept.write(batches_line(scored.batches_ms))
        self._tell(one, len(scored.rows))
        return scored

    def _with(self, times: list[list[float]]) -> Iterator[tuple[tuple[str, Judge], list[float]]]:
        return zip(self.judges.items(), times, strict=True)

    def _ask(self, name: str, judge: Judge, batch: Sequence[Example], spent: list[float]) -> list[Verdict]:
        began = self.clock()
        judgements = judge(batch)
        spent.append(round((self.clock() - began) * 1000, 3))
        if len(judgements) != len(batch):
            raise ModelError(f"{name} answered for {len(judgements)} of {len(batch)} texts")
        return [
            Verdict(
                scores=dict(judgement.scores),
                decision=decide(judgement, self.policy, example.role),
                unjudged=judgement.unjudged,
                time_ms=spent[-1] if judgement.time_ms is None else round(judgement.time_ms, 3),
            )
            for example, judgement in zip(batch, judgements, strict=True)
        ]

    def _tell(self, one: Opened, done: int) -> None:
        if self.progress is not None:
            self.progress(one.manifest.name, done, one.survey.used)


def _row(example: Example, verdicts: tuple[Verdict, ...]) -> ScoredRow:
    file, number = example.place
    return ScoredRow(file, number, example.language, example.violating, example.truths, example.labelled, verdicts)


def _batches(rows: Iterator[Example], size: int) -> Iterator[list[Example]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch


def head_of(one: Opened, policy: Policy) -> SetHead:
    """What a report says of a set."""
    manifest, found = one.manifest, one.survey
    names = [file.path.rpartition("/")[2] for file in manifest.files]
    return SetHead(
        name=manifest.name,
        revision=manifest.revision,
        description=manifest.description,
        licence=manifest.licence,
        use=manifest.use,
        sides=manifest.sides.value,
        role=manifest.role.value,
        thresholds={key: bound.floor for key, bound in policy.tables[manifest.role].items() if bound.floor <= 1},
        categories=manifest.categories,
        files=tuple(names),
        rows=found.rows,
        used=found.used,
        left_out=dict(sorted(found.left_out.items())),
        malformed=dict(sorted(found.malformed.items())),
        malformed_at={
            reason: tuple(f"{names[file]}:{number}" for file, number in places)
            for reason, places in sorted(found.examples_of.items())
        },
        unmapped=found.unmapped,
    )
