"""`moderation known hash`, and `check` with the bank that is made of its rows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image
from support.engines import png, wav
from support.hashes import photo
from support.media_files import encoded

from moderation.cli.main import main
from moderation.known.signals import frames_of
from moderation.models.hashing import pdq


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first, second = (Image.fromarray(photo(seed)) for seed in (1, 2))
    (tmp_path / "one.png").write_bytes(encoded(first, "PNG"))
    (tmp_path / "again.jpg").write_bytes(encoded(first, "JPEG", quality=60))
    (tmp_path / "other.png").write_bytes(encoded(Image.fromarray(photo(9)), "PNG"))
    (tmp_path / "moving.webp").write_bytes(encoded(first, "WEBP", lossless=True, save_all=True, append_images=[second]))
    (tmp_path / "plain.png").write_bytes(png())
    (tmp_path / "sound.wav").write_bytes(wav())
    return tmp_path


def test_a_picture_is_a_row_and_an_animation_one_of_frames(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    status, out, _ = run(capsys, "known", "hash", folder / "one.png", folder / "moving.webp")
    picture, animation = map(json.loads, out.splitlines())
    own = pdq(photo(1))
    assert (status, picture) == (0, {"id": "one.png", "signal": "pdq", "hash": own.hex, "quality": own.quality})
    assert (animation["id"], animation["signal"]) == ("moving.webp", "vpdq")
    assert [frame.data for frame in frames_of(animation["hash"])] == [own.data, pdq(photo(2)).data]


def test_what_has_no_hash_is_told_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    files = [folder / name for name in ("none.png", "sound.wav", "plain.png", "one.png")]
    status, out, err = run(capsys, "known", "hash", *files)
    assert (status, len(out.splitlines())) == (2, 1)
    assert [line.rsplit(" [")[-1] for line in err.splitlines()[:2]] == ["no_such_file]", "unknown_input]"]
    assert "plain.png: there is too little to see" in err


def test_a_file_byte_for_byte(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    status, out, _ = run(capsys, "known", "hash", "--signal", "sha256", folder / "sound.wav")
    digest = hashlib.sha256(wav()).hexdigest()
    assert (status, json.loads(out)) == (0, {"id": "sound.wav", "signal": "sha256", "hash": digest})


def test_a_bank_of_them_is_looked_up_by_check(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    _, rows, _ = run(capsys, "known", "hash", folder / "one.png")
    banks = folder / "banks"
    banks.mkdir()
    (banks / "own.jsonl").write_text(rows)
    (banks / "own.toml").write_text('name = "own"\nhashes = "own.jsonl"\n')
    check = ("check", "--profile", "fake", "--banks", banks)
    assert run(capsys, *check, folder / "other.png")[0] == 0
    status, out, _ = run(capsys, *check, folder / "again.jpg")
    assert status == 1
    assert "known_content: one.png of own (pdq, " in out
    status, out, _ = run(capsys, *check, folder / "again.jpg", "--json")
    (document,) = json.loads(out)
    known = document["findings"][0]["evidence"]["known"]
    assert (known["bank"], known["entry"], known["kind"], known["distance"] <= 31) == ("own", "one.png", "pdq", True)


def test_wrong_banks_end_the_start(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    words = ("check", "--profile", "fake", "--text", "hello", "--banks")
    status, out, err = run(capsys, *words, folder / "none")
    assert (status, out, err) == (2, "", f"moderation: error: [known] `banks`: {folder / 'none'} is no folder\n")
    (folder / "own.toml").write_text('name = "own"\nhashes = "none.jsonl"\n')
    status, out, err = run(capsys, *words, folder)
    assert (status, out) == (2, "")
    assert err == f"moderation: error: {folder / 'none.jsonl'}: cannot be read: No such file or directory\n"
