"""From rows to a report: numbers against an obvious count, and pages that no text can break."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.labelled import NAMED, ROWS, write_set

from moderation.datasets.document import document
from moderation.datasets.evaluate import evaluate, open_sets
from moderation.datasets.judging import Judge, Judgement
from moderation.datasets.loader import Example
from moderation.datasets.manifest_file import load_manifest
from moderation.datasets.measures import measure_run
from moderation.datasets.plots import Plots
from moderation.datasets.report import report
from moderation.datasets.scores import Run, lines_of, read_scores
from moderation.datasets.writers import markdown, page
from moderation.errors import InvalidRequestError, ModelError
from moderation.policy import parse_policy
from moderation.schema import Decision

POLICY = parse_policy(b'name = "p"\n[thresholds]\n"*" = { review = 0.5, block = 0.9 }', file="p")
VILE = "<script>alert(1)</script> | `x` ![a](http://b) </td></svg><svg onload=x> & \u202e\x07 \\ " + "z" * 5_000


def marks(batch: Sequence[Example]) -> list[Judgement]:
    """Scores as the marks in the texts say; 0.1 otherwise; nothing for texts with `mute`."""
    found = []
    for example in batch:
        said = {key: float(value) for key, value in re.findall(r"⟦(\w+)=([0-9.]+)⟧", example.text)}
        found.append(Judgement({"hate": 0.1, "spam": 0.1, **said} if "mute" not in example.text else {}))
    return found


def judged(
    folder: Path, rows: Sequence[dict[str, Any]] = ROWS, judges: dict[str, Judge] | None = None, **options: Any
) -> Run:
    opened = open_sets([load_manifest(write_set(folder / "made-up", rows, labels=NAMED))], None)
    ticks = iter(range(1_000_000))
    return evaluate(opened, judges or {"me": marks}, policy=POLICY, clock=lambda: next(ticks) / 100, **options)


def html_of(run: Run, *, language: str = "en", texts: bool = False) -> str:
    plots = Plots(language)
    return page(report(run, measure_run(run), plots=plots, language=language, texts=texts), plots, language=language)


def markdown_of(run: Run, *, language: str = "en", texts: bool = False) -> str:
    return markdown(report(run, measure_run(run), plots=Plots(language), language=language, texts=texts))


def test_the_numbers_are_what_one_counts_by_hand(tmp_path: Path) -> None:
    rows = [*ROWS, {"text": "mute", "label": 1, "category": "hate"}]
    ((_, (found,)),) = measure_run(judged(tmp_path, rows, batch_size=8))
    group = found.group
    assert (group.positives, group.negatives, group.unjudged) == (4, 16, 1)
    assert (group.recall.count, group.recall.total) == (3, 4)
    assert (group.precision.count, group.precision.total) == (3, 4)
    assert (group.false_positive_rate.count, group.false_positive_rate.total) == (1, 16)
    hate = found.categories["hate"]
    assert (hate.threshold, hate.positives, hate.negatives, hate.unjudged) == (0.5, 2, 16, 1)
    assert hate.recall.value == 1.0
    assert found.categories["spam"].recall.value == 0.5
    assert found.uncovered == ("hate/threatening",)
    decisions = {key: one.count for key, one in found.decisions.items()}
    assert decisions[True, Decision.BLOCK] == 2
    assert decisions[True, Decision.REVIEW] == 2  # one of them because it was not judged
    assert decisions[False, Decision.BLOCK] == 1
    assert found.confusion == {"hate": {"hate": 2}, "spam": {"spam": 1, "below": 1}}
    assert [one.row.number for one in found.missed] == [4]
    assert [one.row.number for one in found.false_alarms] == [5]
    assert found.unjudged == 1
    assert (found.batches, found.batch_ms) == (3, {"p50": 10.0, "p95": 10.0})


def test_a_set_of_one_side_shows_that_side_alone(tmp_path: Path) -> None:
    ((_, (bad,)),) = measure_run(judged(tmp_path / "bad", ROWS[:4]))
    assert bad.group.recall.value == 0.75
    for missing in (bad.group.precision, bad.group.f1, bad.group.auroc, bad.group.false_positive_rate):
        assert missing.value is None
    assert bad.group.calibration_error is None
    ((_, (good,)),) = measure_run(judged(tmp_path / "good", ROWS[4:]))
    assert good.group.false_positive_rate.count == 1
    assert good.group.precision.value is None
    assert good.group.recall.value is None


def test_a_part_that_was_not_judged_is_counted(tmp_path: Path) -> None:
    def partly(batch: Sequence[Example]) -> list[Judgement]:
        return [Judgement({"hate": 0.1}, unjudged=("text_past_window",)) for _ in batch]

    ((_, (found,)),) = measure_run(judged(tmp_path, judges={"me": partly}))
    assert (found.partly, found.unjudged, found.reasons) == (20, 0, {"text_past_window": 20})
    assert "text_past_window 20" in markdown_of(judged(tmp_path, judges={"me": partly})).replace("\\", "")


def test_a_classifier_that_loses_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="answered for 0 of 20 texts"):
        judged(tmp_path, judges={"me": lambda batch: []})


def test_kept_scores_make_the_same_report(tmp_path: Path) -> None:
    kept = tmp_path / "scores.jsonl"
    run = judged(tmp_path, judges={"me": marks, "other": marks}, keep=kept)
    again = read_scores(kept)
    assert markdown_of(again) == markdown_of(run)
    assert again == run
    assert document(again, measure_run(again)) == document(run, measure_run(run))
    assert list(lines_of(again)) == kept.read_text().splitlines()
    assert "plain" not in kept.read_text()
    with pytest.raises(InvalidRequestError, match="the texts were not kept"):
        markdown_of(again, texts=True)
    judged(tmp_path, keep=kept, keep_texts=True)
    assert "plain 3" in kept.read_text()
    assert markdown_of(read_scores(kept), texts=True)


@pytest.mark.parametrize("spoil", [0, 1, 2, -1])
def test_spoilt_scores_are_refused_with_their_line(tmp_path: Path, spoil: int) -> None:
    kept = tmp_path / "scores.jsonl"
    judged(tmp_path, keep=kept)
    lines = kept.read_text().splitlines()
    for bad in ("{}", "[", '{"kind": "row"}', '{"kind": "set", "name": 3}'):
        kept.write_text("\n".join([*lines[:spoil], bad, *lines[spoil:][1:]]))
        with pytest.raises(InvalidRequestError, match=r"scores.jsonl(:\d+: is no line of|: )"):
            read_scores(kept)
    kept.write_text("\n".join(lines[:-1]))
    with pytest.raises(InvalidRequestError, match="ends too early"):
        read_scores(kept)


@pytest.mark.parametrize("seed", ["-1", '"x"', "1.5", "null", "true"])
def test_kept_scores_with_a_seed_that_is_none_are_refused(tmp_path: Path, seed: str) -> None:
    kept = tmp_path / "scores.jsonl"
    judged(tmp_path, keep=kept)
    whole = kept.read_text()
    kept.write_text(whole.replace('"seed": 0', f'"seed": {seed}', 1))
    assert kept.read_text() != whole
    with pytest.raises(InvalidRequestError, match=r"scores.jsonl:1: is no line of"):
        read_scores(kept)


def test_a_run_that_breaks_leaves_no_scores_that_look_whole(tmp_path: Path) -> None:
    def breaks(batch: Sequence[Example]) -> list[Judgement]:
        raise ModelError("broken")

    with pytest.raises(ModelError):
        judged(tmp_path, judges={"me": breaks}, keep=tmp_path / "scores.jsonl")
    assert not (tmp_path / "scores.jsonl").exists()


def test_what_breaks_while_judging_is_not_taken_for_scores_that_cannot_be_written(tmp_path: Path) -> None:
    def away(*_: object) -> None:
        raise BrokenPipeError

    for keep in (None, tmp_path / "scores.jsonl"):
        with pytest.raises(BrokenPipeError):
            judged(tmp_path, keep=keep, progress=away)
    assert not (tmp_path / "scores.jsonl").exists()


def test_scores_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"scores\.jsonl: cannot be written"):
        judged(tmp_path, keep=tmp_path / "no-such-folder" / "scores.jsonl")
    (tmp_path / "scores.jsonl").mkdir()
    with pytest.raises(InvalidRequestError, match=r"scores\.jsonl: cannot be written"):
        judged(tmp_path, keep=tmp_path / "scores.jsonl")
    if Path("/dev/full").exists():
        (tmp_path / "full.jsonl.part").symlink_to("/dev/full")
        with pytest.raises(InvalidRequestError, match=r"full\.jsonl: cannot be written"):
            judged(tmp_path, keep=tmp_path / "full.jsonl")


# ---- pages


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = judged(tmp_path)
    assert html_of(run, language="zh") == html_of(run, language="zh")
    measured = measure_run(run)
    plots = Plots("en")
    assert plots.png("a", plots.overview(measured)) == Plots("en").png("a", Plots("en").overview(measured))


class Tags(HTMLParser):
    """Every tag with its attributes, and that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("texts", [False, True])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_and_no_name_breaks_the_page(tmp_path: Path, language: str, texts: bool) -> None:
    rows = [{"text": VILE + str(n), "label": n % 2, "category": "hate" if n % 2 else ""} for n in range(6)]
    name = 'x:<img src="y">$\\alpha$'
    run = judged(tmp_path, rows, {"me": marks, name: marks}, texts=True)
    written = html_of(run, language=language, texts=texts)
    tags = Tags()
    tags.feed(written)
    assert tags.open == []
    assert not set(tags.tags) & {"script", "img", "iframe", "object", "link", "a"}
    assert not {name for name, _ in tags.attributes if name.startswith("on") or name in ("src", "srcset", "action")}
    assert all(value and value.startswith("#") for name, value in tags.attributes if name.endswith("href"))
    assert ("alert(1)" in written) is texts
    assert ("&lt;script&gt;" in written) is texts
    assert written.count('type="checkbox"') == (18 if texts else 0)
    assert "\u202e" not in written
    assert "α" not in written  # a name is no formula
    for drawn in re.findall(r"<svg.*?</svg>", written, re.DOTALL):
        ET.fromstring(drawn)
    ids = re.findall(r'\bid="([^"]+)"', written)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', written)) <= set(ids)
    plain = markdown_of(run, language=language, texts=texts)
    assert "<script" not in plain
    assert "<img" not in plain
    assert not re.search(r"(?<!\\)\]\((?!plots/)", plain)
    assert ("alert" in plain) is texts
    for table in re.findall(r"(?:^\|.*\n)+", plain, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_the_page_needs_nothing_else_and_knows_dark(tmp_path: Path) -> None:
    written = html_of(judged(tmp_path))
    assert "default-src 'none'" in written
    assert "color-scheme: light dark" in written
    assert "currentColor" in written
    assert "http" not in re.sub(r'xmlns[:a-z]*="[^"]*"|"http://www.w3.org[^"]*"', "", written).replace("http-equiv", "")


def test_words_are_there_in_both_languages(tmp_path: Path) -> None:
    run = judged(tmp_path)
    english, chinese = html_of(run), html_of(run, language="zh")
    assert "Threshold sweep" in english
    assert not re.search("[\u4e00-\u9fff]", english)
    assert "阈值扫描" in chinese
    assert 'lang="zh-CN"' in chinese


def test_malformed_rows_stand_in_the_report(tmp_path: Path) -> None:
    rows = [*ROWS, {"text": "", "label": 1, "category": "hate"}]
    assert "no\\_text: 1 (data.jsonl:21)" in markdown_of(judged(tmp_path, rows))
