"""`moderation policy check|thresholds`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from moderation.cli.common import ALLOW, ERROR, add_settings, complain, settings_of, show
from moderation.cli.judges import add_sets, opened_sets, own_judge, progress
from moderation.datasets.evaluate import evaluate
from moderation.datasets.thresholds import pick_all, thresholds_document, toml_of
from moderation.pipelines.assemble import policies_of
from moderation.policy import load_policy


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the group to the command line."""
    group = groups.add_parser("policy", help="check policy files, find thresholds").add_subparsers(
        dest="action", required=True
    )
    check = group.add_parser("check", help="complain about a policy file, by line")
    check.add_argument("file", type=Path, nargs="+", metavar="FILE")
    check.set_defaults(run=_check)
    _add_thresholds(group)


def _check(options: argparse.Namespace) -> int:
    for file in options.file:
        policy = load_policy(file)
        show(f"{file}: ok: policy `{policy.name}`, revision {policy.revision}")
    return ALLOW


def _add_thresholds(group: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = group.add_parser("thresholds", help="thresholds from safe texts and a budget of false alarms")
    command.add_argument(
        "--safe", action="append", required=True, metavar="SET", help="a set; its allowed rows are used"
    )
    command.add_argument("--budget", type=_share, metavar="SHARE", help="for both, where the next two do not say")
    command.add_argument("--review-budget", type=_share, metavar="SHARE", help="false alarms that REVIEW may have")
    command.add_argument("--block-budget", type=_share, metavar="SHARE", help="false alarms that BLOCK may have")
    command.add_argument(
        "--together", action="store_true", help="the budgets are of all categories together, not of each"
    )
    add_sets(command)
    command.add_argument("--json", action="store_true", help="one JSON document")
    add_settings(command)
    command.set_defaults(run=_thresholds)


def _share(word: str) -> float:
    try:
        share = float(word)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError("a share over 0 and under 1, such as 0.01")
    return share


def _thresholds(options: argparse.Namespace) -> int:
    review, block = options.review_budget or options.budget, options.block_budget or options.budget
    if review is None or block is None:
        complain("give --budget SHARE, or both --review-budget SHARE and --block-budget SHARE")
        return ERROR
    if block > review:
        complain("the block budget must not be above the review budget")
        return ERROR
    settings = settings_of(options)
    sets = opened_sets(options.safe, options, settings)
    with own_judge(settings, None) as judge:
        name = f"moderation ({settings.profile})"
        policy = policies_of(settings)[settings.policy]
        seed = options.seed or 0
        run = evaluate(sets, {name: judge}, policy=policy, seed=seed, limit=options.limit, progress=progress())
    picked = pick_all(run, review_budget=review, block_budget=block, together=options.together)
    names = [scored.head.name for scored in run.sets]
    if options.json:
        show(json.dumps(thresholds_document(picked, classifier=name, sets=names), ensure_ascii=False, indent=2))
    else:
        show(toml_of(picked, classifier=name, sets=names).rstrip())
    return ALLOW
