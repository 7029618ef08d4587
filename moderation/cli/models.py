"""`moderation models list|pull|verify`."""

from __future__ import annotations

import argparse
import json

from moderation.cli.common import ALLOW, ERROR, add_settings, complain, say, settings_of, show
from moderation.config import Settings
from moderation.errors import WeightsError
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
        ("pull", _pull, "join and convert weights into the model store now, instead of at the first start"),
        ("verify", _verify, "hash every weight file against its pinned SHA-256"),
    ):
        command = group.add_parser(name, help=words)
        command.add_argument("key", nargs="*", help="registry keys (default: the profile's models)")
        command.add_argument("--json", action="store_true", help="one JSON document")
        add_settings(command)
        command.set_defaults(run=run)


def _chosen(options: argparse.Namespace) -> tuple[Settings, list[ModelSpec]]:
    settings = settings_of(options)
    registry: Registry = registry_of(settings)
    keys = options.key or [stage.key for stage in profile_of(settings, registry).stages]
    return settings, [registry.spec(key) for key in keys]


def _list(options: argparse.Namespace) -> int:
    settings, specs = _chosen(options)
    store = ModelStore(settings.home)
    rows = [(spec, store.status(spec)) for spec in specs]
    _show(rows, options)
    return ALLOW


def _pull(options: argparse.Namespace) -> int:
    settings, specs = _chosen(options)
    store, status = ModelStore(settings.home), ALLOW
    for spec in specs:
        say(f"{spec.key}: preparing in {store.folder(spec)}")
        try:
            store.prepare(spec)
        except WeightsError as error:
            complain(error.message)
            status = ERROR
    _show([(spec, store.status(spec)) for spec in specs], options)
    return status


def _verify(options: argparse.Namespace) -> int:
    settings, specs = _chosen(options)
    store = ModelStore(settings.home)
    rows = [(spec, store.verify(spec)) for spec in specs]
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
