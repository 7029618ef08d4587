"""Reads folders of lists, and holds what was read while it changes on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from moderation.errors import ListError
from moderation.lists.matching import Lists
from moderation.lists.names import words
from moderation.lists.reading import ReadList, read_list
from moderation.lists.terms import MAX_TERMS, Rule
from moderation.reloading import FolderStore, Reload, Steps, files_of

__all__ = ["ListStore", "Reload", "load_lists"]


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
    for path in files_of(folders, "lists"):
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


class ListStore(FolderStore[list[ReadList], Lists]):
    """The current lists of some folders.

    Args:
        folders: as for `load_lists`; one that is not there yet is read when it is.
        origins: as for `load_lists`.

    Raises:
        ConfigurationError: the lists are wrong at the start, when there are no old ones to keep.
    """

    def __init__(self, folders: Sequence[Path], *, origins: Collection[str] | None = None) -> None:
        super().__init__(folders, Steps(lambda there: _read(there, origins), _revision, _compiled))

    @property
    def lists(self) -> Lists:
        """The lists as they were last read without an error; take them once for a text."""
        return self.current
