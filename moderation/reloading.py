"""Holds what was read from an operator's folders, and takes them over again when they change.

What is new is made beside the old and takes its place in one assignment: who uses the old one meanwhile keeps it. A
wrong file changes nothing but `error`. It does not watch the disk by itself: call `reload_if_changed`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from moderation.errors import ConfigurationError

_FRESH_S = 2.0  # a change within one tick of a file system's clock is not seen by its times
_Stamps = tuple[tuple[str, int, int, int, int], ...]
Raw = TypeVar("Raw")
Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class Reload:
    """What a look at the disk led to; `error` says why the old was kept."""

    changed: bool
    error: ConfigurationError | None = None


@dataclass(frozen=True, slots=True)
class Steps(Generic[Raw, Held]):
    """How folders become what is held.

    Attributes:
        read: reads the folders; they are there.
        revision: of what was read; while it is the same, nothing is made of it.
        make: what is held of it.
    """

    read: Callable[[Sequence[Path]], Raw]
    revision: Callable[[Raw], str]
    make: Callable[[Raw], Held]


def files_of(folders: Sequence[Path], what: str) -> list[Path]:
    """Every `*.toml` of some folders; a later folder's file replaces an earlier one's of its name.

    Args:
        what: the folders hold, for people.

    Raises:
        ConfigurationError: a folder is missing.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.is_file())
        except OSError as error:
            raise ConfigurationError(f"the folder of {what} {folder} cannot be read: {error.strerror}") from None
        found |= {path.name: path for path in paths}
    return list(found.values())


class FolderStore(Generic[Raw, Held]):
    """What some folders hold now.

    Args:
        folders: one that is not there yet is read when it is.

    Raises:
        ConfigurationError: they are wrong at the start, when there is nothing old to keep.
    """

    def __init__(self, folders: Sequence[Path], steps: Steps[Raw, Held]) -> None:
        self._folders = tuple(folders)
        self._steps = steps
        self._lock = threading.Lock()
        self._stamps = self._stamped()
        self._read_at = time.time()
        self._there: tuple[Path, ...] = ()
        raw = steps.read(self._present())
        self._revision = steps.revision(raw)
        self._current = steps.make(raw)
        self._error: ConfigurationError | None = None

    @property
    def current(self) -> Held:
        """What was last read without an error; take it once for a call."""
        return self._current

    @property
    def error(self) -> ConfigurationError | None:
        """What is wrong with the files as they are now."""
        return self._error

    def reload_if_changed(self, *, prepare: Callable[[Held], object] | None = None) -> Reload:
        """Takes over the files as they are now. While another thread does, this one does not wait.

        Args:
            prepare: called with what is new before it takes the place of the old, in this thread.
        """
        if not self._lock.acquire(blocking=False):
            return Reload(changed=False, error=self._error)
        try:
            return self._reload(prepare)
        finally:
            self._lock.release()

    def _reload(self, prepare: Callable[[Held], object] | None) -> Reload:
        stamps, now = self._stamped(), time.time()
        fresh = any(stamp[2] / 1e9 > self._read_at - _FRESH_S for stamp in stamps)
        if stamps == self._stamps and not fresh:
            return Reload(changed=False, error=self._error)
        try:
            raw = self._steps.read(self._present())
            if self._stamped() != stamps:  # being written: the next call reads it whole
                return Reload(changed=False, error=self._error)
            revision = self._steps.revision(raw)
            changed = revision != self._revision
            if changed:
                held = self._steps.make(raw)
                if prepare is not None:
                    prepare(held)
                self._current, self._revision = held, revision
            self._error = None
        except ConfigurationError as error:
            changed, self._error = False, error
        self._stamps, self._read_at = stamps, now
        return Reload(changed=changed, error=self._error)

    def _present(self) -> tuple[Path, ...]:
        """The folders that are there, or were: one that vanishes is an error, not an empty one."""
        self._there = tuple(folder for folder in self._folders if folder in self._there or folder.is_dir())
        return self._there

    def _stamped(self) -> _Stamps:
        """Times, size and place of every file in the folders; a folder that cannot be read has none."""
        stamps: list[tuple[str, int, int, int, int]] = []
        for folder in self._folders:
            try:
                for path in sorted(folder.iterdir()):
                    stat = path.stat()
                    stamps.append((str(path), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino))
            except OSError:
                stamps.append((str(folder), 0, 0, -1, 0))
        return tuple(stamps)
