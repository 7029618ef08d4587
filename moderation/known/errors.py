"""What is wrong with a bank of known content."""

from __future__ import annotations

from collections.abc import Callable

from moderation.errors import ConfigurationError


class BankError(ConfigurationError):
    """A file of a bank is wrong; `str()` starts with `file:line:`."""

    code = "invalid_bank"

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}")
        self.file = file
        self.line = line


def failing(file: str) -> Callable[[str, int | None], BankError]:
    """Makes errors about a file of what is wrong and the line."""
    return lambda message, line: BankError(message, file=file, line=line)
