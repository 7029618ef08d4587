"""An operator's file: its bytes, their text, the TOML table in it; whatever is wrong is the caller's own error.

`tomllib` raises more than syntax errors: brackets in brackets without end are a `RecursionError`, and a number of
thousands of digits is a `ValueError`. Integers are those of TOML, of 64 bits: a larger one would pass every check of
a number and be an error where it is written, or becomes a float.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moderation.errors import ConfigurationError

# Makes an error of what is wrong and the line, where one is known; the file the caller knows.
Fail = Callable[[str, int | None], ConfigurationError]

_INTEGERS = range(-(2**63), 2**63)
_LONG = re.compile(r"(?a:[+-]?\b\w{16,})")  # no shorter one is over 64 bits, in whatever base


def at_line(file: str | Path, line: int | None) -> str:
    """Where something stands, as errors write it."""
    return f"{file}" if line is None else f"{file}:{line}"


def failing(kind: type[ConfigurationError], file: str | Path) -> Fail:
    """Errors of a kind that begin with their place and carry nothing else."""
    return lambda message, line: kind(f"{at_line(file, line)}: {message}")


def bytes_of(path: Path, fail: Fail, *, max_bytes: int | None = None) -> bytes:
    """All of a file; `fail` where it cannot be read, or is too large."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(-1 if max_bytes is None else max_bytes + 1)
    except OSError as error:
        raise fail(f"cannot be read: {error.strerror}", None) from None
    if max_bytes is not None and len(raw) > max_bytes:
        raise fail(f"is over {max_bytes // 2**20} MiB; make several files of it", None)
    return raw


def text_of(raw: bytes, fail: Fail, first_line: int = 1) -> str:
    """A file's bytes as text, or those from a line on; without a byte order mark; `fail` where they are not UTF-8."""
    if first_line == 1 and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fail("is UTF-16; save it as UTF-8", 1)
    try:
        return raw.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        # The decoder's own bytes: without the byte order mark, which holds no line break.
        raise fail("is not UTF-8; save it as UTF-8", error.object[: error.start].count(b"\n") + first_line) from None


def table_of(text: str, fail: Fail) -> dict[str, Any]:
    """The table of a TOML text; `fail` where it is none, or holds what nothing can be made of."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise fail(f"is not TOML: {error}", _syntax_line(error, text)) from None
    except RecursionError:
        raise fail("is nested too deep", None) from None
    except ValueError:  # of int(), with advice for programmers
        raise fail("a number has too many digits", _line_of_integer(None, text)) from None
    _check_integers(table, text, fail)
    return table


def _syntax_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    words = str(error).rpartition("(at line ")[2].split(",")[0]
    return int(words) if words.isdigit() else text.count("\n") + 1


def _check_integers(table: dict[str, Any], text: str, fail: Fail) -> None:
    """TOML's integers have 64 bits; `tomllib` takes larger ones."""
    left: list[Any] = [table]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += [inner for inner in value if not isinstance(inner, str)]
        elif isinstance(value, int) and value not in _INTEGERS:
            raise fail("an integer does not fit into 64 bits", _line_of_integer(value, text))


def _line_of_integer(value: int | None, text: str) -> int | None:
    """The first line that shows an integer; `None` for one of more digits than `int` reads."""
    for match in _LONG.finditer(text):
        shown: int | None
        try:
            shown = int(match[0], 0)
        except ValueError:
            shown = None if match[0].lstrip("+-").replace("_", "").isdecimal() else 0
        if shown == value:
            return text.count("\n", 0, match.start()) + 1
    return None
