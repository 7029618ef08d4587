"""Tables that other packages carry, found by those packages' lists of files and read by path.

The packages are not imported: only their data is wanted, and importing some of them prints, caches or takes long.
No package is read that `TABLES` does not name, so `tables_revision` speaks of all that is read. It does not speak of
the rules, which are code and go with the version of this project.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from moderation.errors import WeightsMissingError

_DATA = Path(__file__).parent / "data"


# Package -> its file that is read, as its own list of files spells it.
TABLES: Mapping[str, str] = MappingProxyType(
    {
        "confusable-homoglyphs": "confusable_homoglyphs/confusables.json",
        "emoji": "emoji/unicode_codes/emoji_zh.json",
        "jieba": "jieba/dict.txt",
        "pypinyin": "pypinyin/pinyin_dict.json",
        "zxcvbn": "zxcvbn/frequency_lists.py",
    }
)
# Its tables are compiled, and how it cuts phrases is part of what it answers: known by its version.
_CONVERTER = "opencc"


def packaged_text(package: str) -> str:
    """The text of the table of an installed package.

    Args:
        package: a key of `TABLES`.

    Raises:
        WeightsMissingError: naming the package to install.
    """
    return _table(package).read_text(encoding="utf-8")


def packaged_json(package: str) -> Any:
    """As `packaged_text`, parsed."""
    return json.loads(packaged_text(package))


def _table(package: str) -> Path:
    path, advice = TABLES[package], f"run: pip install {package}. Not covered without it: texts in disguise"
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise WeightsMissingError(f"normalise: package {package} is not installed; {advice}") from error
    listed = next((entry for entry in distribution.files or () if entry.as_posix() == path), None)
    found = Path(str(distribution.locate_file(listed))) if listed is not None else None
    if found is None or not found.is_file():
        message = f"normalise: package {package} {distribution.version} holds no {path}, or no longer; {advice}"
        raise WeightsMissingError(message)
    return found


@functools.cache
def tables_revision() -> str:
    """12 hex digits over every table that disguises and lists are read with: the packages', our own, Python's Unicode.

    Read once in a process, as the tables are. A package that is not installed counts as a table of its own kind.
    """
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _DATA.glob("*.tsv")}
    for package in TABLES:
        try:
            digests[package] = hashlib.sha256(_table(package).read_bytes()).hexdigest()
        except (WeightsMissingError, OSError):
            digests[package] = "missing"
    try:
        digests[_CONVERTER] = importlib.metadata.version(_CONVERTER)
    except importlib.metadata.PackageNotFoundError:
        digests[_CONVERTER] = "missing"
    digests["unicode"] = unicodedata.unidata_version
    return hashlib.sha256(json.dumps(sorted(digests.items())).encode()).hexdigest()[:12]


def own_rows(name: str) -> list[list[str]]:
    """Rows of a table of our own, tab separated; lines that begin with `#` are comments."""
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
