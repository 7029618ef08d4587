"""Installed packages made up for a test: a file list, data, and code that must never run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def install(site: Path, name: str, files: Mapping[str, bytes], *, entry_points: str = "") -> None:
    """Lays a package into a folder that is on `sys.path`."""
    module = name.replace("-", "_")
    listed = [f"{module}/__init__.py", *(f"{module}/{path}" for path in files)]
    for path, data in {f"{module}/__init__.py": b"raise RuntimeError('imported')", **_under(module, files)}.items():
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in listed))
    if entry_points:
        (info / "entry_points.txt").write_text(entry_points)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _under(module: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{module}/{path}": data for path, data in files.items()}
