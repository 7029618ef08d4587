"""The wheel, in a clean environment elsewhere on disk: `check`, `Moderator` and `serve` run from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import httpx
import pytest
from support.servers import serving, wait_until

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.models]


def run(*command: str | Path, cwd: Path, status: int = 0) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env=environment,
    )
    assert done.returncode == status, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment that has the wheel and what it needs, and nothing else."""
    place = tmp_path_factory.mktemp("elsewhere")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "-w", place, ROOT, cwd=place)
    (wheel,) = place.glob("moderation-*.whl")
    venv.create(place / "env", with_pip=True, symlinks=True)
    run(python(place), "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=place)
    return place


def python(place: Path) -> Path:
    return place / "env" / "bin" / "python"


def test_the_base_install_is_small(place: Path) -> None:
    names = {
        row["name"].lower() for row in json.loads(run(python(place), "-m", "pip", "list", "--format=json", cwd=place))
    }
    assert not names & {"torch", "ray", "transformers", "onnxruntime-gpu", "opencv-python"}
    assert "opencv-python-headless" in names  # one flavour of OpenCV
    assert not [name for name in names if name.startswith(("nvidia", "cuda"))]


def test_check_runs_from_it(place: Path) -> None:
    command = place / "env" / "bin" / "moderation"
    out = run(command, "check", "--text", "The weather in Paris is lovely today", "--json", cwd=place)
    (document,) = json.loads(out)
    assert document["decision"] == "allow"
    assert document["findings"] == []
    assert document["category_scores"]
    assert "ok" in run(command, "models", "verify", cwd=place)


def test_moderator_runs_from_it(place: Path) -> None:
    script = (
        "import moderation; assert 'env' in moderation.__file__\n"
        "with moderation.Moderator() as moderator:\n"
        "    print(moderator.moderate('I will find you and kill you tonight').decision)"
    )
    assert run(python(place), "-c", script, cwd=place).split() == ["block"]


def test_serve_runs_from_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    with serving(python=str(python(place))) as server:
        wait_until(server.ready, seconds=60)
        answer = httpx.post(f"{server.url}/v1/moderate", json={"input": "hello"}, timeout=30).json()
        assert answer["decision"] == "allow"
