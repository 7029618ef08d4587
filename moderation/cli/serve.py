"""`moderation serve`."""

from __future__ import annotations

import argparse
from pathlib import Path

from moderation.cli.common import add_banks, add_settings, say, settings_of

BACKENDS = ("local", "ray")


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    command = groups.add_parser("serve", help="serve over HTTP")
    command.add_argument("--backend", choices=BACKENDS, default="local", help="where models run (default: local)")
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=int, help="port to listen on (default: 8080; 0 takes a free one)")
    command.add_argument("--api-key-file", type=Path, metavar="FILE", help="accepted keys, one a line")
    add_banks(command)
    add_settings(command)
    command.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    settings = settings_of(options, "host", "port", "api_key_file")
    if options.backend == "ray":
        from moderation.serve.ray_backend import serve_ray  # noqa: PLC0415 - Ray is loaded where it is asked for

        return serve_ray(settings, say=say)
    from moderation.serve.local import serve_local  # noqa: PLC0415 - `--help` need not load the web framework

    return serve_local(settings, say=say)
