"""Reads folders of banks, and holds what was read while it changes on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moderation.known.bank import ReadBank
from moderation.known.banks import Banks, revision_of
from moderation.known.errors import BankError
from moderation.known.reading import read_bank
from moderation.reloading import FolderStore, Steps, files_of

MAX_HASHES = 5_000_000  # of all banks together: half a gigabyte


def load_banks(folders: Sequence[Path]) -> Banks:
    """Reads every `*.toml` of some folders; a later folder's file replaces an earlier one's of its name.

    Raises:
        BankError: a file is wrong; names file and line.
        ConfigurationError: a folder is missing.
    """
    return Banks(_Reading()(folders))


class BankStore(FolderStore[list[ReadBank], Banks]):
    """The current banks of some folders, as `current`.

    Args:
        folders: as for `load_banks`; one that is not there yet is read when it is.

    Raises:
        ConfigurationError: the banks are wrong at the start, when there are no old ones to keep.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(folders, Steps(_Reading(), revision_of, Banks))


class _Reading:
    """Reads all banks; those whose bytes are what they were the last time are not parsed again."""

    def __init__(self) -> None:
        self._earlier: dict[Path, ReadBank] = {}

    def __call__(self, folders: Sequence[Path]) -> list[ReadBank]:
        read: dict[Path, ReadBank] = {}
        names: dict[str, str] = {}
        count = 0
        for path in files_of(folders, "banks"):
            one = read[path] = read_bank(path, earlier=self._earlier.get(path))
            other = names.setdefault(one.head.name, one.head.file)
            if other != one.head.file:
                raise BankError(f"is named `{one.head.name}`, as {other} is", file=one.head.file)
            count += sum(len(column.hashes) for column in one.columns.values())
            if count > MAX_HASHES:
                raise BankError(f"with the banks before it there are over {MAX_HASHES} hashes", file=one.head.file)
        self._earlier = read
        return list(read.values())
