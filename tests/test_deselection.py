"""Tests that need ../shared/data: named where it is absent, required in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing beside it, and two tests."""
    tests = tmp_path / "main" / "tests"
    shutil.copytree(ROOT / "tests" / "support", tests / "support")
    shutil.copy(ROOT / "tests" / "conftest.py", tests)
    shutil.copy(ROOT / "pyproject.toml", tests.parent)
    (tests / "test_two.py").write_text(
        "import pytest\n\n@pytest.mark.shared_data\ndef test_needs_data(): ...\n\ndef test_needs_none(): ...\n"
    )
    return tests.parent


def run(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key != "CI"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    return subprocess.run(
        command, cwd=checkout, capture_output=True, text=True, check=False, env={**clean, **environment}
    )


def test_without_the_data_its_tests_are_named_and_not_run(checkout: Path) -> None:
    done = run(checkout)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 deselected" in done.stdout
    assert "test_two.py::test_needs_data" in done.stdout


def test_ci_requires_the_data(checkout: Path) -> None:
    done = run(checkout, CI="true")
    assert done.returncode != 0
    assert "CI runs all" in done.stdout + done.stderr


def test_with_the_data_all_are_run(checkout: Path) -> None:
    (checkout.parent / "shared" / "data").mkdir(parents=True)
    assert "2 passed" in run(checkout, CI="true").stdout
