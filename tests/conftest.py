"""Fixtures and the rules for tests that need what is not in the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import Server, serving

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files from what the code answers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ../shared/data its tests are deselected, by name, for everybody to see; CI must have it."""
    if SHARED_DATA.is_dir():
        return
    needing = [item for item in items if item.get_closest_marker("shared_data")]
    if needing and os.environ.get("CI"):
        raise pytest.UsageError(f"{SHARED_DATA} is missing; {len(needing)} tests need it and CI runs all")
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)
    config.stash[_DESELECTED] = [item.nodeid for item in needing]


_DESELECTED = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    names = config.stash.get(_DESELECTED, [])
    if names:
        terminalreporter.section(f"not run: {SHARED_DATA} is missing")
        for name in names:
            terminalreporter.write_line(name)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def fake_server() -> Iterator[Server]:
    """The service on fake models."""
    with serving("--profile", "fake") as server:
        yield server
