"""`moderation policy check FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path

from moderation.cli.common import ALLOW, show
from moderation.policy import load_policy


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the group to the command line."""
    group = groups.add_parser("policy", help="check policy files").add_subparsers(dest="action", required=True)
    check = group.add_parser("check", help="complain about a policy file, by line")
    check.add_argument("file", type=Path, nargs="+", metavar="FILE")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    for file in options.file:
        policy = load_policy(file)
        show(f"{file}: ok: policy `{policy.name}`, revision {policy.revision}")
    return ALLOW
