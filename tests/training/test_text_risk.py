"""Training on rows made up here; the encoder is replaced by words thrown onto random directions."""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moderation.datasets.evaluate import open_sets
from moderation.datasets.manifest_file import load_manifest
from moderation.errors import ConfigurationError, InvalidRequestError
from moderation.models.q4 import Floats
from moderation.models.spec import load_spec
from moderation.models.text_head import load_head
from moderation.models.tuned import save_layers
from moderation.rooms import room
from moderation.training import text_risk
from moderation.training.card import write_results
from moderation.training.disguised import disguised_rows
from moderation.training.held_out import main
from moderation.training.logistic import fit, platt, sigmoid
from moderation.training.measuring import measure
from moderation.training.mixed import mixed_rows
from moderation.training.parts import CALIBRATE, MEASURE, TRAIN, part_of, split_digest
from moderation.training.rows import CATEGORIES, Row, benign, labels
from moderation.training.sources import _SETS, read_sources
from moderation.training.templates import written_rows
from moderation.training.text_risk import MOST_READ, Trained, calibrate, fit_head, gather, targets_of

SETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "train"
DIMENSIONS = 48


def embed(texts: Sequence[str]) -> Floats:
    vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            vectors[row] += np.random.default_rng(zlib.crc32(word.encode())).normal(size=DIMENSIONS)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)


def made_up(count: int = 400) -> list[Row]:
    words = random.Random(0)
    rows = []
    for index in range(count):
        filler = " ".join(words.choices(["garden", "table", "river", "cloud", "paper"], k=3))
        bad = index % 2 == 0
        text = f"{'nasty' if bad else 'kind'} {filler}"
        row_labels = {"hate": bad, "fraud": not bad} if index % 3 else {"hate": bad}
        rows.append(Row(text, row_labels, "made-up", f"group {index // 2}"))
    return rows


def trained(rows: Sequence[Row], categories: Sequence[str]) -> Trained:
    """A head alone on these rows, as training starts with."""
    parts = [part_of(row.group, 0) for row in rows]
    learnt = [row for row, part in zip(rows, parts, strict=True) if part == TRAIN]
    held_out = [row for row, part in zip(rows, parts, strict=True) if part != TRAIN]
    head = fit_head(embed([row.text for row in learnt]), targets_of(learnt, categories), categories)
    logits = np.asarray(embed([row.text for row in held_out]) @ head.weight + head.bias, np.float64)
    return calibrate(head, held_out, logits, seed=0)


def test_training_twice_gives_the_same_head_and_it_learns() -> None:
    first, second = (trained(made_up(), ("hate", "fraud")) for _ in range(2))
    assert np.array_equal(first.head.weight, second.head.weight)
    assert np.array_equal(first.head.scale, second.head.scale)
    assert first.metrics == second.metrics
    assert first.metrics["hate"]["average_precision"] > 0.95
    scores = first.head.scores(embed(["nasty garden paper table", "kind garden paper table"]))
    assert scores[0, 0] > 0.5 > scores[1, 0]
    assert scores[0, 1] < 0.5 < scores[1, 1]


def test_rows_that_say_nothing_of_a_category_train_nothing_there() -> None:
    rows = made_up()
    silent = [Row("nasty nasty", {"hate": True}, "made-up", f"silent {index}") for index in range(60)]
    before, after = (trained(some, ("fraud",)) for some in (rows, rows + silent))
    for counted in ("positives", "negatives"):
        assert after.metrics["fraud"][counted] == before.metrics["fraud"][counted]


def test_few_positives_make_a_category_experimental() -> None:
    assert trained(made_up(), ("hate", "fraud")).experimental == ("hate", "fraud")
    assert trained(made_up(1_200), ("hate",)).experimental == ()


def test_what_is_written_to_be_measured_on_is_never_trained_on() -> None:
    groups = {row.group for row in written_rows(seed=0) if ":measured:" in row.group}
    assert len(groups) > 500
    assert {part_of(group, seed) for group in groups for seed in range(3)} == {MEASURE}


def test_rows_times_epochs_are_capped_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the command on, with rows made up here; nothing is written."""
    (tmp_path / "model.toml").write_bytes((room("models") / "text-risk" / "model.toml").read_bytes())
    rows = made_up(300)
    learnt = sum(part_of(row.group, 0) == TRAIN for row in rows)
    monkeypatch.setattr(text_risk, "gather", lambda *_, **__: rows)
    most = MOST_READ // learnt
    given = ["--data", str(tmp_path), "--out", str(tmp_path), "--epochs", str(most + 1)]
    with pytest.raises(ConfigurationError, match=f"{learnt} rows x {most + 1} epochs are over {MOST_READ}"):
        text_risk.main(given)
    assert [path.name for path in tmp_path.iterdir()] == ["model.toml"]
    text_risk._check_work(learnt, most, "cpu")
    with pytest.raises(ConfigurationError, match="no rows"):
        text_risk._check_work(0, 2, "cpu")


def test_what_ships_was_trained_within_the_cap() -> None:
    """By the rows in metrics.json: of all but those made of others, 65 % are trained on."""
    metrics = json.loads((room("models") / "text-risk" / "metrics.json").read_text(encoding="utf-8"))
    rows = metrics["rows_by_source"]
    made = rows["mixed"] + rows["disguised"]
    epochs = 2  # the default, and the card's word
    assert epochs * (made + 0.66 * (sum(rows.values()) - made)) <= MOST_READ


def test_spellings_of_one_sentence_count_once() -> None:
    rows = made_up(1_200)
    assert trained(rows, ("hate",)).experimental == ()
    measured = next(row.group for row in rows if part_of(row.group, 0) == MEASURE)
    together = [replace(row, group=measured) if part_of(row.group, 0) == MEASURE else row for row in rows]
    assert trained(together, ("hate",)).experimental == ("hate",)


def test_a_group_falls_into_one_part_and_parts_are_as_large_as_said() -> None:
    parts = [part_of(f"group {index}", 0) for index in range(4_000)]
    assert parts == [part_of(f"group {index}", 0) for index in range(4_000)]
    assert parts != [part_of(f"group {index}", 1) for index in range(4_000)]
    shares = [parts.count(part) / len(parts) for part in (TRAIN, CALIBRATE, MEASURE)]
    assert shares == pytest.approx([0.65, 0.1, 0.25], abs=0.02)


def test_results_are_written_into_the_room(tmp_path: Path) -> None:
    rows = made_up()
    found = trained(rows, ("hate", "fraud"))
    (tmp_path / "README.md").write_text("# card\n<!-- numbers -->\nold\n<!-- /numbers -->\nend\n")
    files = "".join(
        f'[[file]]\nname = "{name}.safetensors"\nsha256 = "{"0" * 64}"\nshipped = true\n' for name in ("head", "layers")
    )
    (tmp_path / "model.toml").write_text(
        'key = "a.v1"\nbuilder = "a:b"\nkind = "classifier"\nmodality = "text"\nlicence = "MIT"\n'
        f'categories = ["spam"]\nexperimental = []\n{files}'
    )
    found.head.save(tmp_path / "head.safetensors")
    save_layers(tmp_path / "layers.safetensors", {"l0.q.w": np.ones((32, 32), np.float32)})
    for _ in range(2):
        write_results(tmp_path, rows, found.metrics, found.experimental, seed=0)
    spec = load_spec(tmp_path / "model.toml")
    assert spec.categories == ("hate", "fraud")
    assert spec.experimental == ("hate", "fraud")
    assert all(file.sha256 != "0" * 64 for file in spec.files)
    head = load_head(tmp_path / "head.safetensors", categories=spec.categories, dimensions=DIMENSIONS)
    assert np.array_equal(head.weight, found.head.weight)
    card = (tmp_path / "README.md").read_text()
    assert "old" not in card
    assert card.count("| `hate` (experimental) |") == 1
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written["rows_by_source"] == {"made-up": len(rows)}
    assert written["held_out_sha256"] == split_digest(rows, 0)
    (tmp_path / "README.md").write_text("# card\n")
    write_results(tmp_path, rows, found.metrics, found.experimental, seed=0, whole=False)
    with pytest.raises(ConfigurationError, match="expected one place"):
        write_results(tmp_path, rows, found.metrics, found.experimental, seed=0)


# The numerics, against the obvious reference


def problem(seed: int, rows: int = 400) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    numbers = np.random.default_rng(seed)
    features = numbers.normal(size=(rows, 6)).astype(np.float32)
    return features, features[:, 0] + features[:, 1] * 0.5 + numbers.normal(size=rows) > 0.8


def test_the_fit_equals_scikit_learns() -> None:
    from sklearn.linear_model import LogisticRegression

    features, truths = problem(0)
    weights = np.where(truths, 2.0, 0.5)
    line = fit(features, truths, weights, ridge=4.0)
    reference = LogisticRegression(C=1 / 4.0, tol=1e-8, max_iter=1_000)
    reference.fit(features, truths, sample_weight=weights)
    assert line.weight == pytest.approx(reference.coef_[0], abs=1e-3)
    assert line.bias == pytest.approx(reference.intercept_[0], abs=1e-3)


def test_measures_equal_scikit_learns() -> None:
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    features, truths = problem(1)
    scores = np.round(sigmoid(features[:, 0].astype(np.float64)), 2)  # with ties
    numbers = measure(scores, truths)
    assert numbers["average_precision"] == pytest.approx(average_precision_score(truths, scores), abs=1e-4)
    assert numbers["auc"] == pytest.approx(roc_auc_score(truths, scores), abs=1e-4)
    assert numbers["f1"] == pytest.approx(f1_score(truths, scores >= 0.5), abs=1e-4)


def test_measures_without_positives_are_left_out() -> None:
    numbers = measure(np.array([0.2, 0.9]), np.array([False, False]))
    assert (numbers["positives"], numbers["auc"], numbers["recall"]) == (0, None, None)
    assert numbers["false_alarm_rate"] == 0.5


def test_platt_scaling_calibrates() -> None:
    numbers = np.random.default_rng(2)
    chance = numbers.random(20_000)
    truths = numbers.random(20_000) < chance
    logits = 3.0 * np.log(chance / (1 - chance)) + 1.0  # over-confident and shifted
    scale, shift = platt(logits, truths)
    assert scale == pytest.approx(1 / 3, abs=0.02)
    assert shift == pytest.approx(-1 / 3, abs=0.05)
    assert measure(sigmoid(scale * logits + shift), truths)["calibration_error"] < 0.01  # type: ignore[operator]


# The rows


def test_disguised_rows_keep_label_and_group_and_look_otherwise() -> None:
    rows = written_rows(seed=0, fills=1, scale=0.2)
    made = disguised_rows(rows, seed=0, count=200)
    assert made == disguised_rows(rows, seed=0, count=200)
    assert len(made) > 120
    texts = {row.text for row in rows}
    groups = {row.group: row.labels for row in rows}
    for row in made:
        assert row.text not in texts
        assert row.labels == groups[row.group]
    assert sum(any(row.labels.values()) for row in made) / len(made) == pytest.approx(0.5, abs=0.15)


def test_a_share_of_the_phrases_is_a_subset() -> None:
    whole, some = ({row.group for row in written_rows(seed=0, scale=scale)} for scale in (1.0, 0.1))
    assert some < whole
    assert len(some) / len(whole) == pytest.approx(0.1, abs=0.03)


def test_written_rows_are_the_same_for_a_seed_and_cover_what_they_should() -> None:
    rows = written_rows(seed=0)
    assert rows == written_rows(seed=0)
    assert rows != written_rows(seed=1)
    positives = {category for row in rows for category, true in row.labels.items() if true}
    assert {"violence", "harassment/threatening", "self_harm", "self_harm/intent", "sexual", "fraud"} <= positives
    assert {"illicit/drugs", "illicit/weapons", "illicit/gambling", "cyber", "spam"} <= positives
    assert "sexual/minors" not in positives
    assert not any("{" in row.text for row in rows)
    assert sum(not any(row.labels.values()) for row in rows) > len(rows) / 4


def without_marks(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s'’@#$%&+*-]", " ", text.lower()).split())


def test_mixed_rows_keep_label_and_group() -> None:
    rows = written_rows(seed=0, fills=1)
    mixed = mixed_rows(rows, seed=0, count=40)
    assert mixed == mixed_rows(rows, seed=0, count=40)
    assert len(mixed) == 53
    by_group: dict[str, list[Row]] = {}
    for row in rows:
        by_group.setdefault(row.group, []).append(row)
    for long in mixed[:13]:
        assert set(long.labels.values()) == {False}
        assert sum(row.text.strip(" .。") in long.text for row in by_group[long.group]) > 0
    for row in mixed[13:]:
        (about, *_) = [
            made
            for made in by_group[row.group]
            if made.text.strip() in row.text or without_marks(made.text) in row.text
        ]
        assert row.labels == about.labels
        assert len(row.text) > len(about.text)
    amid = mixed[14::2]
    assert len(amid) == 20
    assert not any(set(row.text) & set(".!?,。！？，") for row in amid)


def test_labels_name_what_they_know() -> None:
    assert labels(("hate",)) == {"hate": True}
    left_open = labels(("hate",), unknown=("fraud",))
    assert left_open["hate"]
    assert "fraud" not in left_open
    assert len(left_open) == len(CATEGORIES) - 1
    assert set(benign(unknown=("hate",))) == set(CATEGORIES) - {"hate"}


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="no such training set"):
        read_sources(tmp_path, seed=0)


@pytest.mark.shared_data
def test_every_set_gives_rows_of_known_categories() -> None:
    rows = read_sources(SETS, seed=0, scale=0.02)
    assert rows == read_sources(SETS, seed=0, scale=0.02)
    assert {row.source for row in rows} == set(_SETS)
    for row in rows:
        assert row.labels.keys() <= set(CATEGORIES)


@pytest.mark.shared_data
def test_rows_made_of_others_are_made_of_what_is_trained_on_alone() -> None:
    rows = gather(SETS, seed=0, scale=0.02)
    made = [row for row in rows if row.source in {"mixed", "disguised"}]
    assert len(made) > 100
    assert {part_of(row.group, 0) for row in made} == {TRAIN}
    held_out = [row.text.strip() for row in rows if part_of(row.group, 0) != TRAIN and len(row.text) > 30]
    learnt = "\n".join(row.text for row in made)
    assert not [text for text in held_out if text in learnt]


@pytest.mark.shared_data
def test_held_out_rows_are_a_set_of_harmless_texts_nobody_was_trained_on(tmp_path: Path) -> None:
    main(["--data", str(SETS), "--out", str(tmp_path)])
    (opened,) = open_sets([load_manifest(tmp_path / "manifest.toml")], tmp_path)
    assert not opened.survey.malformed
    rows = gather(SETS, seed=0, scale=1.0)
    by_text = {row.text: row for row in rows}
    texts = [json.loads(line)["text"] for line in (tmp_path / "held-out.jsonl").read_text().splitlines()]
    assert len(texts) > 5_000
    for text in texts:
        assert part_of(by_text[text].group, 0) == MEASURE
        assert not any(by_text[text].labels.values())
