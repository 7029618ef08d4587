"""`moderation evaluate DATASET…`: what a classifier is worth on labelled sets."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from moderation.cli.common import ALLOW, ERROR, add_settings, complain, say, settings_of, show
from moderation.cli.judges import add_sets, judge_against, opened_sets, own_judge, progress
from moderation.config import Settings
from moderation.datasets.blocks import Block, Plot
from moderation.datasets.document import document
from moderation.datasets.evaluate import evaluate
from moderation.datasets.judging import Judge
from moderation.datasets.measures import measure_run
from moderation.datasets.plots import Plots
from moderation.datasets.report import report
from moderation.datasets.scores import Run, read_scores
from moderation.datasets.words import LANGUAGES
from moderation.datasets.writers import markdown, page
from moderation.errors import InvalidRequestError, SettingsError
from moderation.pipelines.assemble import policies_of
from moderation.wire import clean

SCORES = "scores.jsonl"
# Options that say what is judged, and how.
_JUDGING = (
    *("against", "against_key_file", "limit", "seed", "policy", "data", "keep_texts"),
    *("config", "profile", "home", "rooms"),
)


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    command = groups.add_parser("evaluate", help="measure a classifier on labelled sets")
    command.add_argument(
        "dataset", nargs="*", metavar="DATASET", help="name of a set, a manifest, or a folder with one"
    )
    add_sets(command)
    command.add_argument("--against", action="append", default=[], metavar="X", help="another classifier beside it")
    command.add_argument("--against-key-file", type=Path, metavar="FILE", help="file with the key for its address")
    command.add_argument("--policy", help="name of the policy")
    command.add_argument("--out", type=Path, metavar="DIR", help="write report, plots and scores into this folder")
    command.add_argument("--again", type=Path, metavar="DIR", help="make the report again from the scores kept there")
    command.add_argument("--language", choices=LANGUAGES, default="en", help="of the report (default: en)")
    command.add_argument("--keep-texts", action="store_true", help="keep the texts beside the scores")
    command.add_argument("--show-texts", action="store_true", help="show the texts of the worst rows in the report")
    command.add_argument("--json", action="store_true", help="one JSON document of the numbers")
    add_settings(command)
    command.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    if bool(options.dataset) == (options.again is not None):
        complain("give data sets, or --again DIR")
        return ERROR
    if options.again is not None and (given := [name for name in _JUDGING if _is_given(getattr(options, name))]):
        complain(f"--again judges nothing, so --{given[0].replace('_', '-')} has no meaning with it")
        return ERROR
    if options.keep_texts and options.out is None:
        complain("--keep-texts keeps them in the folder of --out DIR")
        return ERROR
    plots = Plots(options.language) if options.out is not None else None  # a missing extra is said before the work
    if options.out is not None:
        _make(options.out)
    run = read_scores(options.again / SCORES) if options.again is not None else _judge(options)
    measured = measure_run(run)
    blocks = report(run, measured, plots=plots, language=options.language, texts=options.show_texts)
    numbers = json.dumps(document(run, measured), ensure_ascii=False, indent=2)
    if options.out is not None and plots is not None:
        _write(options.out, blocks, plots, numbers, options.language)
        say(f"report: {options.out / 'report.html'}")
    if options.json:
        show(numbers)
    elif options.out is None:
        show(markdown(blocks).rstrip())
    silent = _silent(run)
    for name in silent:
        complain(f"{name} judged no text at all; its numbers say nothing")
    return ERROR if silent else ALLOW


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != []


def _silent(run: Run) -> list[str]:
    """Classifiers that scored no row of any set."""
    return [
        name
        for index, name in enumerate(run.head.classifiers)
        if not any(row.verdicts[index].scores for scored in run.sets for row in scored.rows)
    ]


def _judge(options: argparse.Namespace) -> Run:
    settings = settings_of(options, "policy")
    policy = policies_of(settings)[settings.policy]
    sets = opened_sets(options.dataset, options, settings)
    _unique(options.against, settings)
    with contextlib.ExitStack() as stack:
        others: dict[str, Judge] = {
            clean(name, limit=80): stack.enter_context(judge_against(name, options.against_key_file))
            for name in options.against
        }
        own = stack.enter_context(own_judge(settings, settings.policy))
        return evaluate(
            sets,
            {_own_name(settings): own, **others},
            policy=policy,
            seed=options.seed or 0,
            limit=options.limit,
            texts=options.show_texts,
            keep=options.out / SCORES if options.out is not None else None,
            keep_texts=options.keep_texts,
            progress=progress(),
        )


def _own_name(settings: Settings) -> str:
    return f"moderation ({settings.profile})"


def _unique(against: Sequence[str], settings: Settings) -> None:
    names = [_own_name(settings), *(clean(name, limit=80) for name in against)]
    if len(set(names)) != len(names):
        raise InvalidRequestError("a classifier is given twice")


def _make(folder: Path) -> None:
    try:
        (folder / "plots").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written: {error.strerror}") from None


def _write(folder: Path, blocks: Sequence[Block], plots: Plots, numbers: str, language: str) -> None:
    try:
        (folder / "report.html").write_text(page(blocks, plots, language=language), encoding="utf-8")
        (folder / "report.md").write_text(markdown(blocks), encoding="utf-8")
        (folder / "report.json").write_text(numbers + "\n", encoding="utf-8")
        for block in blocks:
            if isinstance(block, Plot):
                (folder / "plots" / f"{block.name}.png").write_bytes(plots.png(block.name, block.draw))
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written: {error.strerror}") from None
