"""`models.lock` in the model store: the SHA-256 of hub files that were trusted at first use, or found absent.

A file whose hash stands in its model.toml needs no entry. An entry is written once, by `moderation models pull
--trust-first-use`, and from then on holds like a pinned hash: another content is refused. To accept a new one, an
operator takes the entry out by hand; no command does it. What was trusted was looked at for its form alone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from moderation.errors import ConfigurationError, StoreError
from moderation.models.spec import HubSource, ModelSpec
from moderation.models.writing import store_error

LOCK_NAME = "models.lock"
ABSENT = "absent"  # the hub had no such file, and model.toml calls it optional
_WAIT_S = 60.0
_VALUE = re.compile(rf"[0-9a-f]{{64}}|{ABSENT}")


def entry_of(hub: HubSource) -> str:
    """The key under which a hub's file stands in the lock."""
    return f"{hub.repo}@{hub.revision}/{hub.path}"


def read_lock(home: Path) -> Mapping[str, str]:
    """All entries; none where nothing was ever trusted.

    Raises:
        ConfigurationError: the file is there and cannot be read: a lock that is passed over protects nothing.
    """
    path = home / LOCK_NAME
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}; mend it, or remove it and trust again") from error
    if not isinstance(entries, dict) or not all(
        isinstance(value, str) and _VALUE.fullmatch(value) for value in entries.values()
    ):
        raise ConfigurationError(f"{path}: must map each file to a SHA-256; mend it, or remove it and trust again")
    return entries


def record(home: Path, hub: HubSource, value: str) -> None:
    """Adds one entry; an entry that is there already is kept, and must be the same.

    Raises:
        ConfigurationError: the lock holds another value, or cannot be read.
        StoreError: it cannot be written.
    """
    path, name = home / LOCK_NAME, entry_of(hub)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=_WAIT_S):
            entries = dict(read_lock(home))
            if entries.setdefault(name, value) != value:
                raise ConfigurationError(
                    f"{path}: {name} is locked to {entries[name]}, not {value}; "
                    "if the change is wanted, take this entry out and trust again"
                )
            _write(path, entries)
    except Timeout as error:
        raise StoreError(f"{path}.lock: another process has held this lock for {_WAIT_S:.0f} s; end it") from error
    except OSError as error:
        raise store_error(path, error, needed_bytes=0) from error


def _write(path: Path, entries: Mapping[str, str]) -> None:
    written = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with written.open("w", encoding="utf-8") as stream:
            json.dump(entries, stream, indent=1, sort_keys=True)
            stream.flush()
            os.fsync(stream.fileno())
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


def pinned(spec: ModelSpec, entries: Mapping[str, str]) -> ModelSpec:
    """The spec with the hashes of the lock filled in and the files that the hub does not have left out."""
    files = []
    for file in spec.files:
        locked = entries.get(entry_of(file.hub)) if file.hub is not None and not file.sha256 else None
        if locked != ABSENT:
            files.append(replace(file, sha256=locked) if locked is not None else file)
    return replace(spec, files=tuple(files))


def needs_lock(spec: ModelSpec) -> bool:
    """Whether any hash of this model is to be found in the lock."""
    return any(file.hub is not None and not file.sha256 for file in spec.files)
