"""Reads folders of lists, and holds what was read while it changes on disk.

New lists are built beside the old ones and take their place in one assignment: who matches meanwhile keeps the ones it
took. A wrong file changes nothing but `error`. It does not watch the disk by itself: call `reload_if_changed`.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from moderation.errors import ConfigurationError, ListError
from moderation.lists.matching import Lists
from moderation.lists.names import words
from moderation.lists.reading import ReadList, read_list
from moderation.lists.terms import MAX_TERMS, Rule

_FRESH_S = 2.0  # a change within one tick of a file system's clock is not seen by its times
_Stamps = tuple[tuple[str, int, int, int, int], ...]


def load_lists(folders: Sequence[Path], *, origins: Collection[str] | None = None) -> Lists:
    """Reads and compiles every `*.toml` of some folders; a later folder's file replaces an earlier one's of its name.

    Args:
        origins: the words that may stand in a list's `scope.origins`; any word if it is left out.

    Raises:
        ListError: a file is wrong; names file and line.
        ConfigurationError: a folder is missing, or a package that is needed.
    """
    return _compiled(_read(folders, origins))


def _read(folders: Sequence[Path], origins: Collection[str] | None) -> list[ReadList]:
    read: list[ReadList] = []
    names: dict[str, str] = {}
    count = 0
    for path in _files(folders):
        one = read_list(path, origins=origins)
        other = names.setdefault(one.head.name, one.head.file)
        if other != one.head.file:
            raise ListError(f"is named `{one.head.name}`, as {other} is", file=one.head.file)
        count += len(one.terms)
        if count > MAX_TERMS:
            raise ListError(f"with the lists before it there are over {MAX_TERMS} terms", file=one.head.file)
        read.append(one)
    return read


def _revision(read: Sequence[ReadList]) -> str:
    heads = sorted(f"{one.head.name}\0{one.head.revision}" for one in read)
    return hashlib.sha256("\0".join(heads).encode()).hexdigest()[:12]


def _compiled(read: Sequence[ReadList]) -> Lists:
    if any(term.rule is Rule.NAME for one in read for term in one.terms):
        words()  # now, not in the first request; and a missing package is said at start-up
    return Lists(read, revision=_revision(read))


def _files(folders: Sequence[Path]) -> list[Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.is_file())
        except OSError as error:
            raise ConfigurationError(f"the folder of lists {folder} cannot be read: {error.strerror}") from None
        found |= {path.name: path for path in paths}
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Reload:
    """What a look at the disk led to; `error` says why the old lists were kept."""

    changed: bool
    error: ConfigurationError | None = None


class ListStore:
    """The current lists of some folders.

    Args:
        folders: as for `load_lists`; one that is not there yet is read when it is.
        origins: as for `load_lists`.

    Raises:
        ConfigurationError: the lists are wrong at the start, when there are no old ones to keep.
    """

    def __init__(self, folders: Sequence[Path], *, origins: Collection[str] | None = None) -> None:
        self._folders = tuple(folders)
        self._origins = origins
        self._lock = threading.Lock()
        self._stamps = self._stamped()
        self._read_at = time.time()
        self._there: tuple[Path, ...] = ()
        self._current = load_lists(self._present(), origins=origins)
        self._error: ConfigurationError | None = None

    @property
    def lists(self) -> Lists:
        """The lists as they were last read without an error; take them once for a text."""
        return self._current

    @property
    def error(self) -> ConfigurationError | None:
        """What is wrong with the files as they are now."""
        return self._error

    def reload_if_changed(self, *, prepare: Callable[[Lists], object] | None = None) -> Reload:
        """Takes over the files as they are now. While another thread does, this one does not wait.

        Args:
            prepare: called with new lists before they take the place of the old ones, in this thread: who makes
                something of lists that takes long makes it here, so that nobody who matches waits for it.
        """
        if not self._lock.acquire(blocking=False):
            return Reload(changed=False, error=self._error)
        try:
            return self._reload(prepare)
        finally:
            self._lock.release()

    def _reload(self, prepare: Callable[[Lists], object] | None) -> Reload:
        stamps, now = self._stamped(), time.time()
        fresh = any(stamp[2] / 1e9 > self._read_at - _FRESH_S for stamp in stamps)
        if stamps == self._stamps and not fresh:
            return Reload(changed=False, error=self._error)
        try:
            read = _read(self._present(), self._origins)
            if self._stamped() != stamps:  # being written: the next call reads it whole
                return Reload(changed=False, error=self._error)
            changed = _revision(read) != self._current.revision
            if changed:
                lists = _compiled(read)
                if prepare is not None:
                    prepare(lists)
                self._current = lists
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
