"""What an operator writes, read: whatever is wrong with a file is an error of ours that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from moderation.config import load_settings
from moderation.datasets.manifest_file import load_manifest
from moderation.errors import ConfigurationError
from moderation.known.reading import read_bank
from moderation.lists.reading import read_list
from moderation.models.registry import Registry
from moderation.models.spec import load_spec
from moderation.operator_files import bytes_of, table_of, text_of
from moderation.pipelines.profile import load_profile
from moderation.policy import load_policy
from moderation.rooms import room
from moderation.training.conversations import read_conversations

READERS: dict[str, Callable[[Path], object]] = {
    "settings": load_settings,
    "policy": load_policy,
    "profile": lambda path: load_profile(path, Registry([room("models")]).spec),
    "model": load_spec,
    "list": read_list,
    "bank": read_bank,
    "data set": load_manifest,
    "conversations": lambda path: read_conversations(path.parent.parent),
}
# What no syntax error covers, and where a line can be told.
WRONG = {
    "an integer of too many digits": (b"a = 1\nx = " + b"9" * 5_000, ":2"),
    "a long integer in a table": (b"a = 1\n[x]\ny = [{ z = -" + b"9_9" * 5_000 + b" }]", ":3"),
    "an integer over 64 bits": (b"a = 1\nx = 0x" + b"F" * 5_000, ":2"),
    "one in a table": (b"a = 1\n[x]\ny = [{ z = 9223372036854775808 }]", ":3"),
    "one in an array": (b"a = 1\nx = [1, [2, -9223372036854775809]]", ":2"),
    "one in the second of two": (
        b"a = '18446744073709551615'\n[[x]]\ny = 1\n[[x]]\ny = 18_446_744_073_709_551_616",
        ":5",
    ),
    "one in binary": (b"a = 1\nx = 0b1" + b"0" * 64, ":2"),
    "nested arrays": (b"a = 1\nx = " + b"[" * 5_000 + b"]" * 5_000, ""),
    "nested tables": (b"a = 1\nx = " + b"{y = " * 5_000 + b"1" + b"}" * 5_000, ""),
    "no TOML": (b"a = 1\nx = ", ":2"),
    "no UTF-8": (b"a = 1\nx = '\xff'", ":2"),
    "UTF-16": ("a = 1".encode("utf-16"), ":1"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", WRONG)
def test_what_no_reader_takes_is_told_with_its_place(tmp_path: Path, what: str, reader: str) -> None:
    path = tmp_path / "en" / "wrong.toml"
    path.parent.mkdir()
    written, line = WRONG[what]
    path.write_bytes(written)
    with pytest.raises(ConfigurationError) as caught:
        READERS[reader](path)
    assert str(caught.value).startswith(f"{path}{line}: ")
    assert len(str(caught.value)) < len(str(path)) + 200, "advice, and not what stands there"


def test_numbers_of_64_bits_are_numbers() -> None:
    text = "x = [9223372036854775807, -9223372036854775808, 1e400]"
    assert table_of(text, fail)["x"] == [2**63 - 1, -(2**63), float("inf")]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert text_of("\ufeffx = 1".encode(), fail) == "x = 1"


def test_a_file_is_read_up_to_its_bound_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"12345")
    assert bytes_of(path, fail, max_bytes=5) == bytes_of(path, fail) == b"12345"
    with pytest.raises(ConfigurationError, match=r"None: is over 0 MiB; make several files of it"):
        bytes_of(path, fail, max_bytes=4)
    with pytest.raises(ConfigurationError, match=r"None: cannot be read: No such file"):
        bytes_of(tmp_path / "none", fail)
    with pytest.raises(ConfigurationError, match=r"None: cannot be read: Is a directory"):
        bytes_of(tmp_path, fail)


@pytest.mark.parametrize("line", ["[x = {} # ]", "[x = [[[[" + "[" * 5_000 + "]", "[x = " + "9" * 5_000 + " # ]"])
def test_what_only_looks_like_a_header_is_passed_over(line: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f'name = "p"\ndescription = """\n{line}\n"""\nunknown = 1\n')
    with pytest.raises(ConfigurationError, match=r"p\.toml:5: unknown key `unknown`"):
        load_policy(path)


def fail(message: str, line: int | None = None) -> ConfigurationError:
    return ConfigurationError(f"{line}: {message}")
