"""`moderation models pull` and `cascade-band`, as a person types them."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from support.labelled import write_set

from moderation.cli.main import main
from moderation.datasets.evaluate import evaluate, open_sets
from moderation.datasets.judging import from_function
from moderation.datasets.manifest_file import load_manifest
from moderation.policy import parse_policy

POLICY = parse_policy(b'name = "p"\nunjudged = "block"\n[thresholds]\n"*" = { review = 0.5, block = 0.9 }', file="p")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    room = tmp_path / "rooms" / "models" / "tiny"
    room.mkdir(parents=True)
    (room / "model.toml").write_text(
        'key = "tiny-guard.v1"\nbuilder = "x:build"\nkind = "classifier"\nmodality = "text"\nlicence = "MIT"\n'
        'categories = ["hate"]\nfolder = true\n[[file]]\nname = "config.json"\n'
        'hub = { repo = "own/tiny", revision = "main", path = "config.json" }\n'
    )
    return tmp_path / "rooms"


def test_a_model_is_pulled_once_it_is_trusted(capsys: pytest.CaptureFixture[str], tmp_path: Path, rooms: Path) -> None:
    source = tmp_path / "copy"
    source.mkdir()
    (source / "config.json").write_text("{}")
    words = ["models", "pull", "tiny-guard.v1", "--from", str(source), "--rooms", str(rooms), "--home", str(tmp_path)]
    status, _, err = run(capsys, *words)
    assert status == 2
    assert "--trust-first-use" in err
    status, out, err = run(capsys, *words, "--trust-first-use", "--json")
    assert status == 0
    assert "trusted at first use" in err
    assert json.loads(out)[0]["files"][0]["state"] == "present"
    assert json.loads((tmp_path / "models.lock").read_text()).keys() == {"own/tiny@main/config.json"}
    status, out, _ = run(capsys, "models", "verify", "tiny-guard.v1", "--rooms", str(rooms), "--home", str(tmp_path))
    assert status == 0
    assert "ok" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--endpoint", "ftp://x"], "endpoint"),
        (["--token-file", "/no/such/token"], "token"),
        (["--endpoint", "http://127.0.0.1:9", "--trust-first-use"], "could not be pulled"),
    ],
)
def test_what_is_wrong_with_a_pull_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rooms: Path, words: list[str], message: str
) -> None:
    place = ["--rooms", str(rooms), "--home", str(tmp_path)]
    status, _, err = run(capsys, "models", "pull", "tiny-guard.v1", *place, *words)
    assert status == 2
    assert message in err


def test_a_band_is_chosen_from_labelled_scores(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "scores.jsonl"
    rows = [(0.1, 0.1, False)] * 8 + [(0.45, 0.9, True), (0.55, 0.1, False)] + [(0.9, 0.9, 1)] * 10
    file.write_text("\n\n".join(json.dumps({"first": a, "guard": b, "label": c, "id": 1}) for a, b, c in rows))
    status, out, _ = run(capsys, "models", "cascade-band", str(file), "--share", "0.1")
    assert status == 0
    assert out.splitlines()[0] == "band = [0.275, 0.725]"
    assert "share 0.100 of 20 texts; F1 1.000" in out
    status, out, _ = run(capsys, "models", "cascade-band", str(file), "--share", "0", "--json")
    assert status == 0
    found = json.loads(out)
    assert (found["band"], found["share"]) == (None, 0)
    assert found["f1"] == found["f1_first"] < 1 == found["f1_guard"]
    status, out, _ = run(capsys, "models", "cascade-band", str(file), "--share", "0")
    assert status == 0
    assert out.startswith("no band: ")


def test_a_band_is_chosen_from_two_runs_of_evaluate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = [(0.1, 0.1, 0)] * 8 + [(0.4, 0.9, 1), (0.6, 0.1, 0)] + [(0.9, 0.9, 1)] * 10
    given = [{"text": str(number), "label": row[2], "category": ""} for number, row in enumerate(said)]
    opened = open_sets([load_manifest(write_set(tmp_path / "made-up", given))], None)
    scores = {name: tmp_path / f"{name}.jsonl" for name in ("first", "guard")}
    for at, (name, file) in enumerate(scores.items()):
        score = functools.partial(lambda texts, *, at: [{"hate": said[int(text)][at]} for text in texts], at=at)
        evaluate(opened, {name: from_function(score, name)}, policy=POLICY, keep=file)
    words = ["models", "cascade-band", str(scores["first"])]
    status, out, _ = run(capsys, *words, str(scores["guard"]), "--share", "0.1")
    assert status == 0
    assert out.splitlines()[:2] == ["band = [0.25, 0.75]", "share 0.100 of 20 texts; F1 1.000"]
    status, out, err = run(capsys, *words, "--share", "0.1")
    assert (status, out) == (2, "")
    assert "give the scores.jsonl of the guard's run after it" in err
    assert run(capsys, *words, words[-1], words[-1], "--share", "0.1")[0] == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "a line has"),
        ('{"first": 0.1, "guard": 0.2}', "a line has"),
        ('{"first": "0.1", "guard": 0.2, "label": true}', "`first` must be"),
        ('{"first": 0.1, "guard": 2, "label": true}', "`guard` must be"),
        ('{"first": NaN, "guard": 1, "label": true}', "`first` must be"),
        ('{"first": 0.1, "guard": 1, "label": "no"}', "`label` must be"),
        ('{"first": 0.1, "guard": 1, "label": []}', "`label` must be"),
        ('{"first": 0.1, "guard": 1, "label": true}', "of both kinds"),
        ("", "both scores and a label"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_line_that_is_wrong_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, line: str, message: str
) -> None:
    file = tmp_path / "scores.jsonl"
    file.write_text(line)
    status, out, err = run(capsys, "models", "cascade-band", str(file), "--share", "0.1")
    assert (status, out) == (2, "")
    assert message in err
