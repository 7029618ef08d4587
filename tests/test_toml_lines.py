"""The line of a key."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from moderation.toml_lines import line_of

TEXT = """\
a = 1
[t]
b = { c = 1, d = 2 }
"x/y" = 3
[t.u."v w"]
e = 4
[[list]]
f = 5
g.h = 6
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["a"], 1),
        (["t"], 2),
        (["t", "b"], 3),
        (["t", "b", "d"], 3),
        (["t", "x/y"], 4),
        (["t", "u", "v w"], 5),
        (["t", "u", "v w", "e"], 6),
        (["list", "f"], 8),
        (["list", "g", "h"], 9),
        (["t", "missing"], 2),
        (["missing"], None),
    ],
)
def test_line_of(path: Sequence[str], line: int | None) -> None:
    assert line_of(TEXT, path) == line
