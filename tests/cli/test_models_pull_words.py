"""What `moderation models` shows: the revision that the store has, and never a token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.hubs import serving_hub

from moderation.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def place(tmp_path: Path) -> list[str]:
    room = tmp_path / "rooms" / "models" / "tiny"
    room.mkdir(parents=True)
    (room / "model.toml").write_text(
        'key = "tiny-guard.v1"\nbuilder = "x:build"\nkind = "classifier"\nmodality = "text"\nlicence = "MIT"\n'
        'categories = ["hate"]\nfolder = true\n[[file]]\nname = "config.json"\n'
        'hub = { repo = "own/tiny", revision = "main", path = "config.json" }\n'
    )
    return ["tiny-guard.v1", "--rooms", str(tmp_path / "rooms"), "--home", str(tmp_path / "home")]


def test_pull_list_and_verify_name_the_revision_that_the_store_has(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: list[str]
) -> None:
    with serving_hub() as hub:
        status, out, err = run(capsys, "models", "pull", *place, "--endpoint", hub.url, "--trust-first-use")
    assert status == 0, err
    (folder,) = (path.name for path in (tmp_path / "home" / "tiny").iterdir() if path.is_dir())
    assert f"revision {folder}," in out
    for command in ("pull", "list", "verify"):
        status, out, _ = run(capsys, "models", command, *place, "--json")
        assert (status, json.loads(out)[0]["revision"]) == (0, folder), command


@pytest.mark.parametrize("content", ["", "\n", "s3cret\nX-Evil: 1\n", "s3cret s3cret", "s3crét\n", "s3cret\0"])
def test_a_token_file_holds_one_token_and_it_is_never_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: list[str], content: str
) -> None:
    token = tmp_path / "token"
    token.write_text(content, encoding="utf-8")
    with serving_hub() as hub:
        words = ["--endpoint", hub.url, "--trust-first-use", "--token-file", str(token)]
        status, out, err = run(capsys, "models", "pull", *place, *words)
        assert hub.asked == []
    assert (status, out) == (2, "")
    assert f"{token}: must hold one token and nothing else" in err
    assert not {"s3cr", "Evil"} & {err[at : at + 4] for at in range(len(err))}


def test_one_token_is_sent(capsys: pytest.CaptureFixture[str], tmp_path: Path, place: list[str]) -> None:
    token = tmp_path / "token"
    token.write_text("  s3cret\r\n")
    with serving_hub() as hub:
        words = ["--endpoint", hub.url, "--trust-first-use", "--token-file", str(token)]
        status, out, err = run(capsys, "models", "pull", *place, *words)
        assert {sent for _, _, sent in hub.asked} == {"Bearer s3cret"}
    assert status == 0
    assert "s3cret" not in out + err
