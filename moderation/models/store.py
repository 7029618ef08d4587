"""The model store: where weights lie, joined, converted and checked before anything is loaded.

A file that a package carries whole is used in place. What must be joined, converted or stand together in one
folder is written once below `home`, under `<room>/<revision>/`, next to a `manifest.json` with its SHA-256.
What was pulled from a hub lies below `home`, under `hub/<owner>/<name>/<revision>/`. Every file is hashed at every
load. Nothing here uses the network (`pull` does, when it is told to) or imports the packages that carry weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout

from moderation.errors import ModerationError, StoreError, WeightsError, WeightsMismatchError, WeightsMissingError
from moderation.models.lock import needs_lock, pinned, read_lock
from moderation.models.packages import locate, sha256_of
from moderation.models.spec import HubSource, ModelSpec, WeightFile
from moderation.models.writing import Folder, store_error


class FileState(StrEnum):
    OK = "ok"
    PRESENT = "present"  # there, and not hashed
    NOT_PREPARED = "not_prepared"  # made at the first load
    MISSING = "missing"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class FileReport:
    """State of one file of a model; `problem` says what to do, and is empty if nothing is."""

    name: str
    state: FileState
    path: Path | None
    sha256: str | None
    problem: str = ""


class ModelStore:
    """Gives each model its files, by name, verified.

    Args:
        home: folder for what must be written; made when first needed.
        lock_timeout_s: how long to wait for another process that is preparing the same model.
    """

    def __init__(self, home: Path, *, lock_timeout_s: float = 900.0) -> None:
        self.home = home
        self._lock_timeout_s = lock_timeout_s

    def folder(self, spec: ModelSpec) -> Path:
        """Where the files of this revision of a model are kept if any of them has to be written."""
        room = spec.room.name if spec.room is not None else spec.key
        return self.home / room / self.pinned(spec).files_revision

    def pulled(self, hub: HubSource) -> Path:
        """Where a hub's file lies once it was pulled."""
        return self.home / "hub" / hub.repo / hub.revision / hub.path

    def pinned(self, spec: ModelSpec) -> ModelSpec:
        """The spec with the hashes that `models.lock` holds.

        Raises:
            ConfigurationError: the lock cannot be read.
        """
        return pinned(spec, read_lock(self.home)) if needs_lock(spec) else spec

    def prepare(self, spec: ModelSpec) -> Mapping[str, Path]:
        """Path of every file of a model, each verified now.

        Raises:
            WeightsMissingError: a package that carries a file is not installed, or a hub's file was not pulled.
            WeightsMismatchError: a file's SHA-256 is not the pinned one.
            StoreError: a file has to be written and cannot be.
        """
        spec = self.pinned(spec)
        paths = {file.name: self._in_place(spec, file) for file in spec.files if not _written(spec, file)}
        folder = Folder(self.folder(spec))
        wanted = [file.name for file in spec.files if file.name not in paths]
        wanted += [file.name for file in spec.converted]
        if any(not folder.has(name) for name in wanted):
            self._make(spec, folder, paths)
        pinned = {file.name: file.sha256 for file in spec.files}
        for name in wanted:
            paths[name] = self._verified(spec, folder, name, pinned.get(name))
        return paths

    def verify(self, spec: ModelSpec) -> tuple[FileReport, ...]:
        """State of every file, each hashed; writes nothing and raises nothing about weights."""
        return self._reports(spec, hashed=True)

    def status(self, spec: ModelSpec) -> tuple[FileReport, ...]:
        """As `verify`, without hashing: fit for a listing."""
        return self._reports(spec, hashed=False)

    def _in_place(self, spec: ModelSpec, file: WeightFile) -> Path:
        (path,) = self._locate(spec, file)
        if (found := sha256_of(path)) != file.sha256:
            raise _mismatch(spec, path, file.sha256, found, _mend(spec, file))
        return path

    def _locate(self, spec: ModelSpec, file: WeightFile) -> tuple[Path, ...]:
        """As `packages.locate`, for hub files, too."""
        if file.hub is None:
            return locate(spec, file)
        path = self.pulled(file.hub)
        if not file.sha256 or not path.is_file():
            trust = "" if file.sha256 else " --trust-first-use"
            raise WeightsMissingError(
                f"{spec.key}: {file.hub.path} of {file.hub.repo} was not pulled; "
                f"run: moderation models pull {spec.key}{trust}. Not covered without it: {spec.covers}"
            )
        return (path,)

    def _verified(self, spec: ModelSpec, folder: Folder, name: str, pinned: str | None) -> Path:
        path = folder.path / name
        expected = pinned or folder.recorded(name)
        try:
            found = sha256_of(path)
        except OSError as error:
            raise store_error(path, error, needed_bytes=0) from error
        if expected is None or found != expected:
            hint = f"something changed it; remove {folder.path} and start again"
            raise _mismatch(spec, path, expected or "unrecorded", found, hint)
        return path

    def _make(self, spec: ModelSpec, folder: Folder, in_place: Mapping[str, Path]) -> None:
        """Writes what the folder lacks; one process at a time."""
        folder.create()
        lock = FileLock(folder.path.with_name(f"{folder.path.name}.lock"))
        try:
            lock.acquire(timeout=self._lock_timeout_s)
        except Timeout as error:
            raise StoreError(
                f"{lock.lock_file}: another process has held this lock for {self._lock_timeout_s:.0f} s; "
                "end it, or set MODERATION_HOME to another folder"
            ) from error
        except OSError as error:
            raise store_error(Path(lock.lock_file), error, needed_bytes=0) from error
        try:
            self._make_locked(spec, folder, in_place)
        finally:
            lock.release()

    def _make_locked(self, spec: ModelSpec, folder: Folder, in_place: Mapping[str, Path]) -> None:
        folder.sweep()
        paths = dict(in_place)
        for file in spec.files:
            if file.name in paths:
                continue
            if not folder.has(file.name):
                parts = self._locate(spec, file)
                found = folder.join(file.name, parts, expected=file.sha256)
                if found != file.sha256:
                    raise _mismatch(spec, parts[0], file.sha256, found, _mend(spec, file))
            paths[file.name] = self._verified(spec, folder, file.name, file.sha256)
        for converted in spec.converted:
            if not folder.has(converted.name):
                folder.convert(converted, {name: paths[name] for name in converted.sources})

    def _reports(self, spec: ModelSpec, *, hashed: bool) -> tuple[FileReport, ...]:
        spec = self.pinned(spec)
        folder = Folder(self.folder(spec))
        reports = [self._report(spec, file, folder, hashed=hashed) for file in spec.files]
        reports += [self._written_report(spec, folder, file.name, None, hashed=hashed) for file in spec.converted]
        return tuple(reports)

    def _report(self, spec: ModelSpec, file: WeightFile, folder: Folder, *, hashed: bool) -> FileReport:
        if _written(spec, file) and folder.has(file.name):
            return self._written_report(spec, folder, file.name, file.sha256, hashed=hashed)
        try:
            parts = self._locate(spec, file)
        except ModerationError as error:
            return FileReport(file.name, FileState.MISSING, None, file.sha256 or None, error.message)
        if _written(spec, file):
            return self._written_report(spec, folder, file.name, file.sha256, hashed=hashed)
        if not hashed:
            return FileReport(file.name, FileState.PRESENT, parts[0], file.sha256)
        try:
            path = self._in_place(spec, file)
        except WeightsError as error:
            return FileReport(file.name, FileState.MISMATCH, parts[0], file.sha256, error.message)
        return FileReport(file.name, FileState.OK, path, file.sha256)

    def _written_report(
        self, spec: ModelSpec, folder: Folder, name: str, pinned: str | None, *, hashed: bool
    ) -> FileReport:
        path = folder.path / name
        expected = pinned
        if not folder.has(name):
            return FileReport(name, FileState.NOT_PREPARED, None, expected)
        if not hashed:
            return FileReport(name, FileState.PRESENT, path, expected)
        try:
            expected = pinned or folder.recorded(name)
            self._verified(spec, folder, name, pinned)
        except WeightsError as error:
            return FileReport(name, FileState.MISMATCH, path, expected, error.message)
        return FileReport(name, FileState.OK, path, expected)


def _written(spec: ModelSpec, file: WeightFile) -> bool:
    """Whether a file has to stand in the store, rather than where it lies."""
    return spec.folder or len(file.parts) > 1


def _mend(spec: ModelSpec, file: WeightFile) -> str:
    if file.hub is not None:
        return f"remove it and run: moderation models pull {spec.key}"
    return "install its packages again, in the pinned versions"


def _mismatch(spec: ModelSpec, path: Path, expected: str, found: str, hint: str) -> WeightsMismatchError:
    return WeightsMismatchError(
        f"{spec.key}: {path} has SHA-256 {found}, and {expected} is pinned; it is not loaded. {hint}"
    )
