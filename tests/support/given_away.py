"""What every way of writing something personal must stand: subclass, give the texts, get the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from moderation.personal.find import find, held_back, redact


class GivenAwayContract:
    """A subclass gives `found`, rows of (text, kind, all of it that must go), and `none`, texts that only look so."""

    found: ClassVar[Sequence[tuple[str, str, str]]]
    none: ClassVar[Sequence[str]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Gives each test its rows."""
        if "value" in metafunc.fixturenames:
            metafunc.parametrize(("text", "kind", "value"), self.found)
        else:
            metafunc.parametrize("text", self.none)

    def test_all_of_it_is_found_and_gone(self, text: str, kind: str, value: str) -> None:
        found = find(text)
        assert [(one.kind, text[slice(*one.span)]) for one in found if one.score >= 0.5] == [(kind, value)]
        assert redact(text, found) == text.replace(value, f"[{kind}]")

    def test_nothing_of_it_is_released_while_it_is_written(self, text: str, kind: str, value: str) -> None:
        start = text.index(value)
        for cut in range(start + 1, start + len(value) + 1):
            assert held_back(text[:cut]) <= start, (kind, text[:cut])

    def test_what_is_only_written_like_it_is_none(self, text: str) -> None:
        assert [one for one in find(text) if one.score >= 0.5] == []
