"""Writing into the model store so that a file is there whole or not at all.

A file is written under a temporary name, synced, renamed, and only then recorded in the manifest; what no
manifest records counts as absent. All methods that write are called under the store's lock.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moderation.errors import StoreError
from moderation.models.packages import sha256_of
from moderation.models.spec import ConvertedFile

MANIFEST = "manifest.json"
_TEMPORARY = ".part"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BLOCK_BYTES = 1 << 20


def store_error(path: Path, error: OSError, *, needed_bytes: int) -> StoreError:
    """The error for a store that cannot be written: the path, what is needed, what to change."""
    needed = f"about {needed_bytes:,} bytes are needed there" if needed_bytes else "the model store must stand there"
    reason = "the disk is full" if error.errno in _FULL else "it cannot be written or read"
    return StoreError(
        f"{path}: {reason} ({error.strerror or error}); {needed}. "
        "Make room, or set MODERATION_HOME to a folder that can be written"
    )


class Folder:
    """One revision's folder in the store."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Makes the folder.

        Raises:
            StoreError: if it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error(self.path, error, needed_bytes=0) from error

    def recorded(self, name: str) -> str | None:
        """SHA-256 that a file had when it was written."""
        return self._manifest().get(name)

    def has(self, name: str) -> bool:
        """Whether a file was written to its end; its content is checked elsewhere."""
        return name in self._manifest() and (self.path / name).is_file()

    def sweep(self) -> None:
        """Removes what interrupted writes left behind."""
        for leftover in self.path.glob(f"*{_TEMPORARY}"):
            leftover.unlink(missing_ok=True)

    def join(self, name: str, parts: tuple[Path, ...], *, expected: str) -> str:
        """Puts a file together from its parts and returns its SHA-256; keeps it only if that is `expected`.

        A single part is linked rather than copied where the file system can.

        Raises:
            StoreError: if it cannot be written.
        """
        with self._writing(name, sum(part.stat().st_size for part in parts)) as temporary:
            if len(parts) > 1 or not _linked(parts[0], temporary):
                _copy(parts, temporary)
            found = sha256_of(temporary)
            if found == expected:
                self._keep(name, temporary, found)
        return found

    def convert(self, converted: ConvertedFile, sources: Mapping[str, Path]) -> None:
        """Makes a file by its converter.

        Raises:
            StoreError: if it cannot be written.
        """
        with self._writing(converted.name, converted.size_bytes) as temporary:
            _function(converted.converter)(sources, temporary)
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            self._keep(converted.name, temporary, sha256_of(temporary))

    @contextmanager
    def _writing(self, name: str, needed_bytes: int) -> Iterator[Path]:
        temporary = self.path / f"{name}.{os.getpid()}{_TEMPORARY}"
        try:
            _check_room(self.path, needed_bytes)
            yield temporary
        except OSError as error:
            raise store_error(self.path / name, error, needed_bytes=needed_bytes) from error
        finally:
            temporary.unlink(missing_ok=True)

    def _keep(self, name: str, temporary: Path, sha256: str) -> None:
        """Renames, then records: a crash between the two leaves a file that no manifest vouches for."""
        temporary.replace(self.path / name)
        manifest = {**self._manifest(), name: sha256}
        path = self.path / MANIFEST
        written = path.with_name(f"{MANIFEST}.{os.getpid()}{_TEMPORARY}")
        with written.open("w", encoding="utf-8") as stream:
            json.dump(manifest, stream, indent=1, sort_keys=True)
            stream.flush()
            os.fsync(stream.fileno())
        written.replace(path)
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _manifest(self) -> dict[str, str]:
        try:
            content = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}  # not there, or not whole: everything is made again
        except OSError as error:
            raise store_error(self.path / MANIFEST, error, needed_bytes=0) from error
        return content if isinstance(content, dict) else {}


def _check_room(folder: Path, needed_bytes: int) -> None:
    """Finds a full disk before minutes of work rather than after."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise OSError(errno.ENOSPC, f"{free_bytes:,} bytes are free")


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without hard links: copied, and a sick disk shows there
        return False
    return True


def _copy(parts: tuple[Path, ...], target: Path) -> None:
    with target.open("wb") as stream:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, stream, _BLOCK_BYTES)
        stream.flush()
        os.fsync(stream.fileno())


def _function(reference: str) -> Callable[[Mapping[str, Path], Path], Any]:
    module, _, name = reference.partition(":")
    function: Callable[[Mapping[str, Path], Path], Any] = getattr(importlib.import_module(module), name)
    return function
