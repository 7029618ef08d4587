"""Where the rooms lie: the folders an operator edits.

In a checkout they stand at the repository root; in an installed wheel inside the package, under `_rooms`.
A settings folder may override any file of them; that is the business of `config` and of each reader.
"""

from __future__ import annotations

from pathlib import Path

from moderation.errors import ConfigurationError

NAMES = ("models", "pipelines", "labeling", "serve", "datasets")

_PACKAGE = Path(__file__).resolve().parent


def room(name: str) -> Path:
    """Folder of one of `NAMES`.

    Raises:
        ConfigurationError: if there is no such room, or the installation lacks it.
    """
    if name not in NAMES:
        raise ConfigurationError(f"there is no room {name!r}; the rooms are {', '.join(NAMES)}")
    installed = _PACKAGE / "_rooms" / name
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise ConfigurationError(f"the installation is incomplete: {installed} is missing; install moderation again")
