"""What README and CONTRIBUTING show is run, as it is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import Server, serving, wait_until

from moderation.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> list[tuple[str, str]]:
    """The code blocks of a page: language and text."""
    return [(match[1], match[2]) for match in BLOCK.finditer((ROOT / name).read_text())]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(ready_s=120) as server:
        wait_until(server.ready, seconds=60)
        yield server


def test_the_first_screen_shows_it_working() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert any("make serve" in line for line in lines[:35])
    assert any("moderator.moderate(" in line for line in lines[:35])


@pytest.mark.models
@pytest.mark.slow
def test_the_curl_line(server: Server) -> None:
    session = next(text for language, text in blocks("README.md") if language == "console")
    line = next(line for line in session.splitlines() if line.startswith("$ curl"))
    command = line[2:].replace("http://127.0.0.1:8080", server.url)
    answer = json.loads(subprocess.run(command, shell=True, capture_output=True, check=True).stdout)
    shown = json.loads(next(text for language, text in blocks("README.md") if language == "json"))
    assert answer["decision"] == shown["decision"]
    assert answer["flagged"] == shown["flagged"]
    first, wanted = answer["findings"][0], shown["findings"][0]
    assert (first["category"], first["part"]) == (wanted["category"], wanted["part"])
    assert first["evidence"]["span"] == wanted["evidence"]["span"]


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_the_python_sessions_print_what_is_shown(server: Server, index: int) -> None:
    page = blocks("README.md")
    at = [number for number, (language, _) in enumerate(page) if language == "python"][index]
    script = page[at][1].replace("http://127.0.0.1:8080", server.url)
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/").stdout
    assert page[at + 1] == ("text", printed)


def test_the_commands_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\bmake (\w+)`", (ROOT / page).read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_exercise(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """CONTRIBUTING's classifier: the files as printed, the command as printed, the answer as printed."""
    page = blocks("CONTRIBUTING.md")
    model, profile = [text for language, text in page if language == "toml"]
    code = next(text for language, text in page if language == "python")
    for name, text in {
        "my/models/shouting/model.toml": model,
        "my/pipelines/profiles/shouting.toml": profile,
        "shouting.py": code,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    session = page[-1][1].splitlines()
    assert session[0] == "$ moderation check --rooms my --profile shouting --text 'STOP SHOUTING'"
    command = ["check", "--rooms", "my", "--profile", "shouting", "--text", "STOP SHOUTING"]
    assert main(command) == 3
    assert capsys.readouterr().out.splitlines() == session[1:]
    assert os.getcwd() == str(tmp_path)  # noqa: PTH109 - what the command was run in
