"""What the commands share: options for settings, and where words go.

Standard output carries results alone; everything else goes to standard error.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from moderation.config import Settings, load_settings
from moderation.wire import clean

ALLOW, BLOCK, ERROR, REVIEW = 0, 1, 2, 3


def say(text: str) -> None:
    """A line for a person."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command line speaks


def complain(text: str) -> None:
    """An error, one line."""
    say(f"moderation: error: {clean(text, limit=2_000)}")


def show(text: str) -> None:
    """A line of result."""
    print(text, flush=True)  # noqa: T201 - the command line speaks


def add_settings(command: argparse.ArgumentParser) -> None:
    """Options that every command with models takes."""
    command.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    command.add_argument("--profile", help="which models run (default: embedded)")
    command.add_argument("--home", type=Path, metavar="DIR", help="the model store")
    command.add_argument("--rooms", type=Path, metavar="DIR", help="folder whose files override the shipped ones")


def add_banks(command: argparse.ArgumentParser) -> None:
    """The option of commands that look media up in banks."""
    command.add_argument("--banks", type=Path, metavar="DIR", help="folder of banks of known content")


def settings_of(options: argparse.Namespace, *names: str) -> Settings:
    """Settings from file and environment, with the options given on top.

    Raises:
        SettingsError: something in them is wrong.
    """
    overrides = {name: getattr(options, name) for name in ("profile", "home", "rooms", *names)}
    settings = load_settings(options.config, **overrides)
    banks = getattr(options, "banks", None)
    return settings if banks is None else replace(settings, known=replace(settings.known, banks=banks))
