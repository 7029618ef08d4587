"""Trains `text-risk.v1`: the upper layers of its encoder and its head.

    python -m moderation.training.text_risk --data ../shared/data/train --out models/text-risk

Rows of the open sets and the project's own phrases are split by group into three parts: 65 % train, 10 % calibrate,
25 % measure. The first gets rows mixed and disguised out of it. Torch trains (`moderation.training.tuning`); what it
gives is written in the form that serves, and that form calibrates and is measured, so no number rests on torch. One
seed, no other choice: what was compared is in docs/accuracy.md, by `python -m benchmarks tuning`. `--share 0` trains
nothing but the head, on the encoder as it came: the baseline of docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from moderation.errors import ConfigurationError
from moderation.models.bert_graph import write_body
from moderation.models.encoder import Encoder
from moderation.models.q4 import Floats, Q4File
from moderation.models.spec import ModelSpec, load_spec
from moderation.models.store import ModelStore
from moderation.models.text import build_tokenizer
from moderation.models.text_head import TextHead
from moderation.models.tuned import TunedLayers, save_layers
from moderation.models.turn_head import FILE as TURNS_FILE
from moderation.training.card import write_results
from moderation.training.disguised import disguised_rows
from moderation.training.logistic import Doubles, Line, Truths, fit, platt, sigmoid
from moderation.training.measuring import measure
from moderation.training.mixed import mixed_rows
from moderation.training.parts import CALIBRATE, MEASURE, TRAIN, part_of
from moderation.training.progress import Progress
from moderation.training.rows import CATEGORIES, Row
from moderation.training.sources import read_sources
from moderation.training.templates import SOURCE as WRITTEN
from moderation.training.templates import written_rows
from moderation.training.turns import train_turns

MIXED = 6_000
DISGUISED = 8_000
HEADS = ("head.safetensors", TURNS_FILE)
PREVALENCE = 0.1  # calibrated as if at most this share of texts were of a category: the sets are half violating
MIN_POSITIVES = 100  # groups of texts: two spellings of one sentence count once
MIN_AVERAGE_PRECISION = 0.6
RIDGE = 30.0
# Rows times epochs: six layers took 29 ms for each on two cores, so that all ends in two hours.
MOST_READ = 180_000
_POSITIVE_SHARE = 0.3  # of the weight, in a category with fewer positives than that
_SCORED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Trained:
    """A head and what held-out rows say of it: category -> numbers."""

    head: TextHead
    metrics: dict[str, dict[str, Any]]
    experimental: tuple[str, ...]


def gather(data: Path, *, seed: int, scale: float) -> list[Row]:
    """All rows, in a fixed order; the last are made of others of the part that is trained on, and belong to it.

    Args:
        scale: multiplies the caps; below 1 for a quick try.
    """
    rows = read_sources(data, seed=seed, scale=scale) + written_rows(seed=seed, scale=scale)
    learnt = [row for row in rows if part_of(row.group, seed) == TRAIN]
    return [
        *rows,
        *mixed_rows(learnt, seed=seed, count=int(MIXED * scale)),
        *disguised_rows(learnt, seed=seed, count=int(DISGUISED * scale)),
    ]


def targets_of(rows: Sequence[Row], categories: Sequence[str] = CATEGORIES) -> Floats:
    """float32 [rows, categories]: 1, 0, or NaN where a row says nothing."""
    value = {None: np.nan, True: 1.0, False: 0.0}
    return np.array([[value[row.labels.get(category)] for category in categories] for row in rows], np.float32)


def fit_head(features: Floats, targets: Floats, categories: Sequence[str]) -> TextHead:
    """A linear head on embeddings that do not change, not calibrated."""
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard = ((features - mean) / deviation).astype(np.float32)
    lines: list[Line] = []
    for column in range(len(categories)):
        known = ~np.isnan(targets[:, column])
        truths = targets[known, column] == 1
        share = max(float(truths.mean()), 1e-9)
        wanted = max(share, _POSITIVE_SHARE)
        weights = np.where(truths, wanted / share, (1 - wanted) / max(1 - share, 1e-9))
        lines.append(fit(standard[known], truths, weights, ridge=RIDGE))
    weight = np.stack([line.weight / deviation for line in lines], axis=1)
    bias = np.array([line.bias for line in lines]) - mean @ weight
    return _head(categories, np.asarray(weight, np.float32), np.asarray(bias, np.float32))


def _head(categories: Sequence[str], weight: Floats, bias: Floats) -> TextHead:
    ones = np.ones(len(categories), np.float32)
    return TextHead(tuple(categories), weight, bias, ones, np.zeros_like(ones))


def calibrate(head: TextHead, rows: Sequence[Row], logits: Doubles, *, seed: int) -> Trained:
    """Calibrates a head on one part of the rows and measures it on another; both parts it was not trained on.

    Args:
        logits: [rows, categories], as `served_logits` gives them.
    """
    targets = targets_of(rows, head.categories)
    parts = np.array([part_of(row.group, seed) for row in rows])
    scales, shifts, metrics = [], [], {}
    for column, category in enumerate(head.categories):
        known = ~np.isnan(targets[:, column])
        truths = targets[:, column] == 1
        fitted, measured = known & (parts == CALIBRATE), known & (parts == MEASURE)
        scale, shift = _calibrated(logits[fitted, column], truths[fitted])
        scales.append(scale)
        shifts.append(shift)
        scores = sigmoid(scale * logits[measured, column] + shift)
        metrics[category] = _measure(
            scores, truths[measured], [row for row, one in zip(rows, measured, strict=True) if one]
        )
    calibrated = replace(head, scale=np.asarray(scales, np.float32), shift=np.asarray(shifts, np.float32))
    return Trained(calibrated, metrics, tuple(c for c in head.categories if _is_experimental(metrics[c])))


def _calibrated(logits: Doubles, truths: Truths) -> tuple[float, float]:
    """Platt scaling, moved to the prevalence that is expected in use."""
    scale, shift = platt(logits, truths)
    return scale, shift - float(np.log(_negative_weight(truths)))


def _negative_weight(truths: Truths) -> float:
    """How many negatives each one has to stand for so that positives are no more than PREVALENCE."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    return max(1.0, positives * (1 - PREVALENCE) / (max(negatives, 1) * PREVALENCE))


def _measure(scores: Doubles, truths: Truths, rows: Sequence[Row]) -> dict[str, Any]:
    positives = [row for row, truth in zip(rows, truths, strict=True) if truth]
    numbers: dict[str, Any] = dict(measure(scores, truths, negative_weight=_negative_weight(truths)))
    numbers["positive_groups"] = len({row.group for row in positives})
    numbers["positives_written_by_the_project"] = sum(row.source == WRITTEN for row in positives)
    numbers["positives_by_source"] = {
        source: sum(row.source == source for row in positives) for source in sorted({row.source for row in positives})
    }
    return numbers


def _is_experimental(numbers: dict[str, Any]) -> bool:
    precision = numbers["average_precision"]
    return numbers["positive_groups"] < MIN_POSITIVES or precision is None or precision < MIN_AVERAGE_PRECISION


def served_logits(head: TextHead, encoder: Encoder, texts: Sequence[str]) -> Doubles:
    """Logits [texts, categories] as served: of each category the highest over a text's windows and passages."""
    tokenizer, progress = build_tokenizer(encoder), Progress()
    found = np.empty((len(texts), len(head.categories)))
    for start in range(0, len(texts), _SCORED_AT_ONCE):
        cut = tokenizer.cut(texts[start : start + _SCORED_AT_ONCE])
        logits = encoder.embed([window.ids for one in cut for window in one.windows]) @ head.weight + head.bias
        firsts = np.cumsum([0, *(len(one.windows) for one in cut[:-1])])
        found[start : start + len(cut)] = np.maximum.reduceat(logits, firsts)
        progress.say(f"scored {start + len(cut)} of {len(texts)}")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; writes the weights, metrics.json, and the generated parts of model.toml and README.md."""
    parser = argparse.ArgumentParser(prog="python -m moderation.training.text_risk", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--out", type=Path, required=True, help="the model's room; holds model.toml already")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the caps; below 1 for a quick try")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layers", type=int, default=6, help="upper layers that are trained")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument(
        "--share", type=float, default=0.75, help="of the way from the layers as they came to the tuned ones"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--turns-only", action="store_true", help="fits only what is said of turns, on what is there")
    chosen = parser.parse_args(arguments)
    if chosen.turns_only and not chosen.share:
        parser.error("--turns-only fits on the tuned layers; --share 0 has none")
    spec = load_spec(chosen.out / "model.toml")
    rows = gather(chosen.data, seed=chosen.seed, scale=chosen.scale)
    with tempfile.TemporaryDirectory() as folder:
        if chosen.turns_only:
            encoder = _served(spec, Path(folder), chosen.threads)
        else:
            trained, encoder = _train(spec, rows, chosen, Path(folder))
            trained.head.save(chosen.out / "head.safetensors")
            found, thin = trained.metrics, trained.experimental
            write_results(chosen.out, rows, found, thin, seed=chosen.seed, whole=chosen.share > 0)
        if chosen.share > 0:
            learnt = [row for row in rows if part_of(row.group, chosen.seed) == TRAIN]
            train_turns(encoder, learnt, chosen.out, seed=chosen.seed)


def _served(spec: ModelSpec, folder: Path, threads: int) -> Encoder:
    """The encoder with the layers that are there."""
    kept = tuple(file for file in spec.files if file.name not in HEADS)
    files = ModelStore(folder / "home").prepare(replace(spec, files=kept))
    return Encoder(files["e5-small-q4.bin"], files["encoder.onnx"], threads=threads)


def _train(spec: ModelSpec, rows: Sequence[Row], chosen: argparse.Namespace, folder: Path) -> tuple[Trained, Encoder]:
    parts = np.array([part_of(row.group, chosen.seed) for row in rows])
    trained_on = [row for row, part in zip(rows, parts, strict=True) if part == TRAIN]
    _check_work(len(trained_on), chosen.epochs, chosen.device)
    bare = replace(spec, files=tuple(file for file in spec.files if not file.shipped), converted=())
    weights = ModelStore(folder / "home").prepare(bare)["e5-small-q4.bin"]
    source, body = Q4File(weights), folder / "encoder.onnx"
    targets = targets_of(trained_on)
    head = _tuned(source, weights, body, trained_on, targets, chosen)
    held_out = [row for row, part in zip(rows, parts, strict=True) if part != TRAIN]
    encoder = Encoder(weights, body, threads=chosen.threads)
    logits = served_logits(head, encoder, [row.text for row in held_out])
    return calibrate(head, held_out, logits, seed=chosen.seed), encoder


def _check_work(rows: int, epochs: int, device: str) -> None:
    """Refuses what would train nothing, or on a CPU for longer than is said."""
    if not rows:
        raise ConfigurationError("there are no rows to train on; raise --scale")
    if device == "cpu" and rows * epochs > MOST_READ:
        raise ConfigurationError(
            f"{rows} rows x {epochs} epochs are over {MOST_READ}: that takes over two hours; lower --scale or --epochs"
        )


def _tuned(  # noqa: PLR0917 - one step of `_train`
    source: Q4File, weights: Path, body: Path, rows: Sequence[Row], targets: Floats, chosen: argparse.Namespace
) -> TextHead:
    """Trains, and writes layers.safetensors and the graph that serves."""
    from moderation.training.tuning import Recipe, between, tune  # noqa: PLC0415 - who only gathers rows needs no torch

    write_body(source, body)
    tokenizer = build_tokenizer(Encoder(weights, body, threads=chosen.threads))
    windows = [cut.windows[0].ids for cut in tokenizer.cut([row.text for row in rows])]
    tuned = tune(
        windows,
        targets,
        source,
        Recipe(layers=chosen.layers, epochs=chosen.epochs if chosen.share else 0),
        fit_head=partial(fit_head, categories=CATEGORIES),
        seed=chosen.seed,
        device=chosen.device,
        threads=chosen.threads,
    )
    form = between(tuned, chosen.share)
    save_layers(chosen.out / "layers.safetensors", form.layers)
    write_body(source, body, tuned=TunedLayers(chosen.out / "layers.safetensors"))
    return _head(CATEGORIES, form.weight, form.bias)


if __name__ == "__main__":
    main()
