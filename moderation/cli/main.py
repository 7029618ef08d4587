"""`moderation …`: the command line. One file per command group beside this one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from moderation.cli import check, evaluate, known, models, policy, serve
from moderation.cli.common import ERROR, complain
from moderation.errors import ModerationError


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="moderation", description="Content safety for generative AI.")
    groups = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (check, serve, evaluate, models, policy, known):
        module.add(groups)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit status."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_unread()
        return 141


def _run(options: argparse.Namespace) -> int:
    try:
        status: int = options.run(options)
    except ModerationError as error:
        complain(error.message)  # which may find that nobody reads any more
        return ERROR
    return status


def _drop_unread() -> None:
    """Throws away what waits for a reader that went away; the interpreter would trip over it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
