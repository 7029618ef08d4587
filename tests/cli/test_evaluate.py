"""`moderation evaluate` and `moderation policy thresholds`, as a person types them; models are the fakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.labelled import NAMED, ROWS, write_set
from support.servers import Server, answering

from moderation import Moderator
from moderation.cli.main import main
from moderation.wire import dump_result

FAKE = ["--profile", "fake"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


def test_sets_of_every_format_side_by_side(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sets = [str(write_set(tmp_path / f"made-{kind}", kind=kind).parent) for kind in ("jsonl", "csv", "parquet")]
    status, out, err = run(capsys, "evaluate", *sets, "--json", "--out", str(tmp_path / "out"), *FAKE)
    assert status == 0
    document = json.loads(out)
    assert "made-csv: 20 of 20 rows" in err
    assert [one["name"] for one in document["sets"]] == ["made-jsonl", "made-csv", "made-parquet"]
    for one in document["sets"]:
        ((name, found),) = one["results"].items()
        assert name == "moderation (fake)"
        assert (found["group"]["positives"], found["group"]["negatives"]) == (4, 16)
        assert found["group"]["recall"]["count"] == 3
        assert found["group"]["false_positive_rate"]["count"] == 1
        assert found["decisions"]["violating"]["block"]["count"] == 2
        assert found["decisions"]["violating"]["review"]["count"] == 1
        assert found["categories"]["hate"]["auroc"]["value"] > 0.9
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    plots = {
        f"plots/made-{kind}-{plot}.png" for kind in ("jsonl", "csv", "parquet") for plot in ("sweep", "reliability")
    }
    assert names == {"report.html", "report.md", "report.json", "scores.jsonl", "plots/overview.png"} | plots
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == document
    for name in ("report.html", "report.md", "scores.jsonl"):
        assert "plain 3" not in (tmp_path / "out" / name).read_text()


def test_a_report_is_made_again_in_another_language(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given, first, second = str(write_set(tmp_path / "made-up")), str(tmp_path / "a"), str(tmp_path / "b")
    assert run(capsys, "evaluate", given, "--out", first, "--keep-texts", *FAKE)[0] == 0
    again = ["evaluate", "--again", first, "--out", second, "--language", "zh", "--show-texts"]
    assert run(capsys, *again)[0] == 0
    written = (tmp_path / "b" / "report.html").read_text()
    assert "误报" in written
    assert "&lt;script&gt;" in written
    assert "<script" not in written
    one = json.loads((tmp_path / "a" / "report.json").read_text())
    assert one == json.loads((tmp_path / "b" / "report.json").read_text())


@pytest.mark.parametrize(
    "words",
    [
        ["--against", "json:loads"],
        ["--against-key-file", "key"],
        ["--limit", "3"],
        ["--seed", "0"],
        ["--policy", "default"],
        ["--data", "."],
        ["--keep-texts"],
        ["--config", "file"],
        FAKE,
        ["--home", "."],
        ["--rooms", "."],
    ],
)
def test_again_judges_nothing_and_refuses_what_is_about_judging(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    status, out, err = run(capsys, "evaluate", "--again", "no-such-folder", *words)
    assert (status, out) == (2, "")
    assert f"{words[0]} has no meaning" in err


def test_scores_that_are_not_there_are_not_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "evaluate", "--again", "no-such-folder")
    assert (status, out) == (2, "")
    assert "cannot be read" in err


def test_without_out_the_report_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, "evaluate", str(write_set(tmp_path / "made-up")), "--limit", "10", *FAKE)
    assert status == 0
    assert out.startswith("# Evaluation")
    assert "| rows judged | 10 / 20 |" in out
    assert "plots/" not in out


def test_the_sample_that_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "evaluate", "sample-zh-en", "--json", *FAKE)
    assert status == 0
    (one,) = json.loads(out)["sets"]
    found = one["results"]["moderation (fake)"]
    assert (one["rows"], found["group"]["positives"], found["group"]["negatives"]) == (62, 32, 30)
    assert "illicit/gambling" in found["uncovered"]


def test_against_a_function(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def score(texts):\n    return [{'hate': 1.0 if 'hate=' in text else 0.0} for text in texts]\n"
    (tmp_path / "peer_of_this_test.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    given = str(write_set(tmp_path / "made-up"))
    status, out, _ = run(capsys, "evaluate", given, "--against", "peer_of_this_test:score", "--json", *FAKE)
    assert status == 0
    results = json.loads(out)["sets"][0]["results"]
    assert list(results) == ["moderation (fake)", "peer_of_this_test:score"]
    other = results["peer_of_this_test:score"]
    assert other["group"]["recall"]["count"] == 3
    assert "spam" in other["uncovered"]
    assert "spam" not in other["categories"]


def test_against_real_servers_of_both_forms(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, fake_server: Server
) -> None:
    given = str(write_set(tmp_path / "made-up"))
    openai = f"{fake_server.url}/v1/moderations"
    against = ["--against", fake_server.url, "--against", openai]
    status, out, _ = run(capsys, "evaluate", given, *against, "--json", *FAKE)
    assert status == 0
    results = json.loads(out)["sets"][0]["results"]
    for name in ("group", "decisions", "categories"):
        assert results[fake_server.url][name] == results["moderation (fake)"][name]
    assert results[openai]["group"]["recall"]["count"] == 2  # OpenAI's categories have no spam
    assert "spam" in results[openai]["uncovered"]
    assert results[openai]["categories"]["hate"] == results["moderation (fake)"]["categories"]["hate"]


def test_against_a_service_with_a_key_that_is_busy_at_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked: list[str] = []

    def respond(body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        asked.append(headers.get("Authorization", ""))
        if len(asked) == 1:
            return 429, {"error": {"message": "slow down", "type": "requests", "code": "rate_limit"}}
        return 200, {"results": [{"category_scores": {"hate": 0.7}} for _ in body["input"]]}

    key = tmp_path / "key"
    key.write_text("a-key\n")
    given = str(write_set(tmp_path / "made-up"))
    with answering(respond) as address:
        words = ["--against", f"{address}/v1/moderations", "--against-key-file", str(key)]
        status, out, _ = run(capsys, "evaluate", given, *words, "--json", *FAKE)
    assert status == 0
    results = json.loads(out)["sets"][0]["results"]
    assert results[f"{address}/v1/moderations"]["group"]["recall"]["value"] == 1.0
    assert asked == ["Bearer a-key"] * 3  # one plain text, which it was too busy for at first; then the set
    assert "a-key" not in out


NESTED = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("status", "answer", "complaint"),
    [
        (401, {"error": {"message": "who?"}}, "who?"),
        (200, {"hello": 1}, "no moderation"),
        (200, [], "no moderation"),
        (200, b"<html>", "answered no JSON"),
        (200, NESTED, "answered no JSON"),
        (500, NESTED, "answered no JSON"),
        (200, {"results": [{"category_scores": {"hate": 1.5}}]}, "the score of hate must be between 0 and 1"),
    ],
)
def test_against_a_service_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, status: int, answer: Any, complaint: str
) -> None:
    given = str(write_set(tmp_path / "made-up"))
    with answering(lambda body, headers: (status, answer)) as address:
        got, out, err = run(capsys, "evaluate", given, "--against", f"{address}/v1/moderations", *FAKE)
    assert (got, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize("wait", ["²", "9" * 5_000, "soon"])
def test_a_wait_that_is_no_number_of_seconds(capsys: pytest.CaptureFixture[str], tmp_path: Path, wait: str) -> None:
    given = str(write_set(tmp_path / "made-up"))
    with answering(lambda body, headers: (401, {"error": {"message": "who?"}}), wait=wait) as address:
        got, _, err = run(capsys, "evaluate", given, "--against", f"{address}/v1/moderations", *FAKE)
    assert got == 2
    assert "who?" in err


@pytest.mark.parametrize("answer", [b"<html>", NESTED])
def test_against_a_service_of_this_kind_that_answers_nonsense(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, answer: bytes
) -> None:
    given = str(write_set(tmp_path / "made-up"))
    with answering(lambda body, headers: (200, answer)) as address:
        got, out, err = run(capsys, "evaluate", given, "--against", address, *FAKE)
    assert (got, out) == (2, "")
    assert "could not judge a plain text: invalid_response" in err


@pytest.mark.parametrize("path", ["", "/v1/moderations"])
@pytest.mark.parametrize("answer", [None, {"error": {"message": "no such page", "code": "not_found"}}])
def test_a_service_that_cannot_be_used_is_found_before_the_engine_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: str, answer: Any
) -> None:
    def start(*_: object) -> Any:
        pytest.fail("the engine is started")

    monkeypatch.setattr("moderation.cli.evaluate.own_judge", start)
    if answer is None:
        status, out, err = run(capsys, "evaluate", "sample-zh-en", "--against", f"http://127.0.0.1:9{path}", *FAKE)
        assert "did not answer" in err
    else:
        with answering(lambda body, headers: (404, answer)) as address:
            status, out, err = run(capsys, "evaluate", "sample-zh-en", "--against", f"{address}{path}", *FAKE)
        assert "could not judge a plain text: not_found" in err
    assert (status, out) == (2, "")


@pytest.mark.parametrize(
    ("raised", "shown"), [("ValueError('boom')", "ValueError: boom"), ("SystemExit(3)", "SystemExit: 3")]
)
def test_a_function_that_judges_nothing_is_an_error_that_says_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: str, shown: str
) -> None:
    (tmp_path / "raising_of_this_test.py").write_text(f"def score(texts):\n    raise {raised}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "raising_of_this_test", raising=False)
    words = ["--against", "raising_of_this_test:score", "--json", *FAKE]
    status, out, err = run(capsys, "evaluate", str(write_set(tmp_path / "made-up")), *words)
    assert status == 2
    assert list(json.loads(out)["sets"][0]["results"]) == ["moderation (fake)", "raising_of_this_test:score"]
    assert err.count(shown) == 1
    assert "raising_of_this_test:score: raised on 20 texts" in err
    assert "error: raising_of_this_test:score judged no text at all" in err


def test_a_function_that_fails_at_some_texts_is_said_and_no_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def score(texts):\n    return [{'hate': 1.0 / (len(text) % 2)} for text in texts]\n"
    (tmp_path / "halving_of_this_test.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    words = ["--against", "halving_of_this_test:score", "--json", *FAKE]
    status, _, err = run(capsys, "evaluate", str(write_set(tmp_path / "made-up")), *words)
    assert status == 0
    assert "ZeroDivisionError" in err
    even = sum(len(row["text"]) % 2 == 0 for row in ROWS)
    assert f"halving_of_this_test:score: raised on {even} texts; they are unjudged" in err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "give data sets, or --again DIR"),
        (["none"], "none: no such data set; a manifest, a folder with one, or one of:"),
        (["toxicloakcn-zh"], "its data is not here; expected as FOLDER/dev/toxicloakcn-zh/data.jsonl.gz"),
        (["sample-zh-en", "sample-zh-en"], "given twice"),
        (["sample-zh-en", "--against", "nonsense"], "give module:function or an address"),
        (["sample-zh-en", "--against", "no_such_module:f"], "cannot be imported"),
        (["sample-zh-en", "--against", "http://127.0.0.1:9"], "did not answer"),
        (["sample-zh-en", "--against", "http://127.0.0.1:9/v1/moderations"], "did not answer"),
        (["sample-zh-en", "--against", "http://[/v1/moderations"], "--against"),
        (["sample-zh-en", "--against", "json:loads", "--against", "json:loads"], "a classifier is given twice"),
        (["sample-zh-en", "--policy", "none"], "there is no policy `none`"),
        (["sample-zh-en", "--keep-texts"], "--out DIR"),
        (["--again", "no-such-folder"], "--profile has no meaning"),
    ],
)
def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str], words: list[str], complaint: str) -> None:
    status, out, err = run(capsys, "evaluate", *words, *FAKE)
    assert (status, out) == (2, "")
    assert complaint in err


def test_malformed_rows_are_said_with_their_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = str(write_set(tmp_path / "made-up", [*ROWS, {"text": "x", "label": 9}], labels=NAMED))
    status, _, err = run(capsys, "evaluate", given, "--json", *FAKE)
    assert status == 0
    assert "made-up: 1 malformed rows: unknown_label: data.jsonl:21" in err


@pytest.mark.parametrize("limit", ["0", "-1", "x", "²"])
def test_a_limit_is_a_number(limit: str) -> None:
    with pytest.raises(SystemExit) as usage:
        main(["evaluate", "sample-zh-en", "--limit", limit, *FAKE])
    assert usage.value.code == 2


@pytest.mark.parametrize("seed", ["-1", "x", "1.5", "²", ""])
@pytest.mark.parametrize("command", [["evaluate", "sample-zh-en"], ["policy", "thresholds", "--safe", "sample-zh-en"]])
def test_a_seed_is_a_number_from_0_on(command: list[str], seed: str) -> None:
    with pytest.raises(SystemExit) as usage:
        main([*command, f"--seed={seed}", *FAKE])
    assert usage.value.code == 2


def test_a_seed_is_kept_in_the_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = str(write_set(tmp_path / "made-up"))
    seeds = [
        json.loads(run(capsys, "evaluate", given, *words, "--json", *FAKE)[1])["seed"]
        for words in ([], ["--seed", "7"])
    ]
    assert seeds == [0, 7]


def test_a_service_that_is_no_longer_ready_for_a_last_row_ends_the_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = str(write_set(tmp_path / "made-up", [*ROWS, *ROWS[5:18]]))  # 33 rows: 32, and one by itself
    with Moderator(profile="fake") as moderator:
        row = json.loads(dump_result(moderator.moderate("hello")))
    asked: list[int] = []

    def respond(body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        asked.append(len(body["requests"]))
        if len(asked) == 3:
            return 503, {"error": {"message": "warming up", "type": "not_ready_error", "code": "not_ready"}}
        return 200, {"results": [row for _ in body["requests"]]}

    with answering(respond) as address:
        status, out, err = run(capsys, "evaluate", given, "--against", address, "--json", *FAKE)
    assert (status, out, asked) == (2, "", [1, 32, 1])
    assert "warming up" in err


@pytest.mark.parametrize(
    ("unread", "words"),
    [("stdout", ["sample-zh-en"]), ("stderr", ["sample-zh-en"]), ("stderr", ["no-such-set"])],
)
def test_a_reader_that_went_away_is_told_apart_from_an_error(unread: str, words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, unread: write}
    command = [sys.executable, "-m", "moderation.cli.main", "evaluate", *words, *FAKE]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=240, **streams)
    os.close(write)
    assert done.returncode == 141
    assert b"Broken pipe" not in (done.stderr or b"")


# ---- thresholds


def test_thresholds_can_be_pasted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [{"text": f"⟦hate=0.{number:02}⟧ {number}", "label": 0, "category": ""} for number in range(50)]
    given = str(write_set(tmp_path / "safe", rows))
    status, out, _ = run(capsys, "policy", "thresholds", "--safe", given, "--budget", "0.1", *FAKE)
    assert status == 0
    table = tomllib.loads(out)["thresholds"]
    assert table["hate"] == {"review": 0.4401, "block": 0.4401}
    assert "5/50" in out
    words = ["--safe", given, "--review-budget", "0.1", "--block-budget", "0.01", "--json"]
    status, out, _ = run(capsys, "policy", "thresholds", *words, *FAKE)
    assert status == 0
    hate = json.loads(out)["thresholds"]["hate"]
    assert (hate["review"]["threshold"], hate["block"]["threshold"]) == (0.4401, 0.4901)
    assert hate["block"]["too_small"] is True
    pasted = tmp_path / "pasted.toml"
    _, out, _ = run(capsys, "policy", "thresholds", "--safe", given, "--budget", "0.1", *FAKE)
    pasted.write_text(f'name = "pasted"\n{out}"*" = {{ review = 0.5 }}\n')
    assert run(capsys, "policy", "check", str(pasted))[0] == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "give --budget SHARE"),
        (["--review-budget", "0.1"], "give --budget SHARE"),
        (["--review-budget", "0.01", "--block-budget", "0.1"], "must not be above"),
    ],
)
def test_budgets_that_make_no_sense(capsys: pytest.CaptureFixture[str], words: list[str], complaint: str) -> None:
    status, out, err = run(capsys, "policy", "thresholds", "--safe", "sample-zh-en", *words, *FAKE)
    assert (status, out) == (2, "")
    assert complaint in err
