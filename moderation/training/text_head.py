"""Trains the head of `text-risk.v1`.

    python -m moderation.training.text_head --data ../shared/data/train --out models/text-risk

Rows of the open sets and the project's own templates are embedded by the frozen encoder; one ridge logistic
regression per category is fitted on the rows that say something of that category. Every row is scored once by a
head that saw none of its group (five folds by group), and those scores give both the calibration and the numbers of
`metrics.json` and the model card. One seed, no other choice: the same data gives the same head.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.models.encoder import Encoder
from moderation.models.q4 import Floats
from moderation.models.spec import ModelSpec, load_spec
from moderation.models.store import ModelStore
from moderation.models.text import WINDOW_TOKENS, build_tokenizer
from moderation.models.text_head import TextHead
from moderation.training.card import write_results
from moderation.training.embedding import embed_texts
from moderation.training.logistic import Doubles, Line, Truths, fit, platt, sigmoid
from moderation.training.measuring import measure
from moderation.training.mixed import SOURCE as MIXED_SOURCE
from moderation.training.mixed import mixed_rows
from moderation.training.rows import CATEGORIES, Row
from moderation.training.sources import read_sources
from moderation.training.templates import SOURCE as WRITTEN
from moderation.training.templates import written_rows

FOLDS = 5
RIDGE = 30.0
MIXED = 3_000
PREVALENCE = 0.1  # calibrated as if at most this share of texts were of a category: the sets are half violating
MIN_POSITIVES = 100
MIN_AVERAGE_PRECISION = 0.6
_POSITIVE_SHARE = 0.3  # of the weight, in a category with fewer positives than that

Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class Trained:
    """A head and what held-out rows say of it: category -> numbers."""

    head: TextHead
    metrics: dict[str, dict[str, Any]]
    experimental: tuple[str, ...]


def train(rows: Sequence[Row], embed: Embed, *, seed: int, categories: Sequence[str] = CATEGORIES) -> Trained:
    """Fits and measures a head; the same rows, embeddings and seed give the same head."""
    embeddings = embed([row.text for row in rows])
    mean, deviation = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-6
    features = ((embeddings - mean) / deviation).astype(np.float32)
    folds = np.array([_fold(row.group, seed) for row in rows])
    lines: list[Line] = []
    calibrations: list[tuple[float, float]] = []
    metrics: dict[str, dict[str, Any]] = {}
    for category in categories:
        known = np.array([category in row.labels for row in rows])
        truths = np.array([row.labels.get(category, False) for row in rows])[known]
        sources = [row.source for row, said in zip(rows, known, strict=True) if said]
        held_out = _held_out_logits(features[known], truths, folds[known])
        lines.append(_fit(features[known], truths))
        real = np.array([source != MIXED_SOURCE for source in sources])
        calibrations.append(_calibrated(held_out[real], truths[real]))
        scores = _cross_calibrated(held_out[real], truths[real], folds[known][real])
        metrics[category] = _measure(scores, truths[real], [source for source in sources if source != MIXED_SOURCE])
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{category}: fitted\033[K")
    head = _head(categories, lines, calibrations, mean, deviation)
    return Trained(head, metrics, tuple(c for c in categories if _is_experimental(metrics[c])))


def _fold(group: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {group}".encode("utf-8", "surrogatepass")).digest()[:4]) % FOLDS


def _fit(features: Floats, truths: Truths) -> Line:
    """A fit in which rare positives carry a fair share of the weight; calibration undoes the shift."""
    share = max(truths.mean(), 1e-9)
    wanted = max(share, _POSITIVE_SHARE)
    weights = np.where(truths, wanted / share, (1 - wanted) / max(1 - share, 1e-9))
    return fit(features, truths, weights, ridge=RIDGE)


def _held_out_logits(features: Floats, truths: Truths, folds: npt.NDArray[np.int_]) -> Doubles:
    """Each row's logit by a fit without its fold."""
    logits = np.zeros(len(truths))
    for fold in range(FOLDS):
        out = folds == fold
        if out.any():
            logits[out] = _fit(features[~out], truths[~out]).logits(features[out])
    return logits


def _calibrated(logits: Doubles, truths: Truths) -> tuple[float, float]:
    """Platt scaling, moved to the prevalence that is expected in use."""
    scale, shift = platt(logits, truths)
    return scale, shift - float(np.log(_negative_weight(truths)))


def _negative_weight(truths: Truths) -> float:
    """How many negatives each one has to stand for so that positives are no more than PREVALENCE."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    return max(1.0, positives * (1 - PREVALENCE) / (max(negatives, 1) * PREVALENCE))


def _cross_calibrated(logits: Doubles, truths: Truths, folds: npt.NDArray[np.int_]) -> Doubles:
    """Held-out scores, each calibrated on the other folds."""
    scores = np.zeros(len(truths))
    for fold in range(FOLDS):
        out = folds == fold
        if out.any():
            scale, shift = _calibrated(logits[~out], truths[~out])
            scores[out] = sigmoid(scale * logits[out] + shift)
    return scores


def _measure(scores: Doubles, truths: Truths, sources: Sequence[str]) -> dict[str, Any]:
    written = np.array([source == WRITTEN for source in sources])
    numbers: dict[str, Any] = dict(measure(scores, truths, negative_weight=_negative_weight(truths)))
    numbers["positives_written_by_the_project"] = int((truths & written).sum())
    numbers["positives_by_source"] = {
        source: count
        for source in sorted(set(sources))
        if (count := int(truths[[found == source for found in sources]].sum()))
    }
    return numbers


def _is_experimental(numbers: dict[str, Any]) -> bool:
    precision = numbers["average_precision"]
    return numbers["positives"] < MIN_POSITIVES or precision is None or precision < MIN_AVERAGE_PRECISION


def _head(
    categories: Sequence[str],
    lines: Sequence[Line],
    calibrations: Sequence[tuple[float, float]],
    mean: Floats,
    deviation: Floats,
) -> TextHead:
    """Standardisation goes into the weights, so that the head reads plain embeddings."""
    weight = np.stack([line.weight / deviation for line in lines], axis=1)
    bias = np.array([line.bias for line in lines]) - mean @ weight
    scale, shift = np.array(calibrations).T
    arrays = [np.asarray(values, np.float32) for values in (weight, bias, scale, shift)]
    return TextHead(tuple(categories), *arrays)


def _embedder(spec: ModelSpec, *, home: Path, cache: Path, threads: int) -> Embed:
    """The shipped encoder, without the head that is about to be trained."""
    bare = replace(spec, files=tuple(file for file in spec.files if not file.shipped))
    files = ModelStore(home).prepare(bare)
    encoder = Encoder(files["e5-small-q4.bin"], files["encoder.onnx"], threads=threads)
    tokenizer = build_tokenizer(encoder)
    revision = f"{bare.revision} {WINDOW_TOKENS}"

    def embed(texts: Sequence[str]) -> Floats:
        return embed_texts(texts, encoder=encoder, tokenizer=tokenizer, revision=revision, cache=cache)

    return embed


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; writes head.safetensors, metrics.json, and the generated parts of model.toml and README.md."""
    parser = argparse.ArgumentParser(prog="python -m moderation.training.text_head", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--out", type=Path, required=True, help="the model's room; holds model.toml already")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "moderation-text-head")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the caps; below 1 for a quick try")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args(arguments)
    spec = load_spec(chosen.out / "model.toml")
    rows = read_sources(chosen.data, seed=chosen.seed, scale=chosen.scale) + written_rows(seed=chosen.seed)
    rows += mixed_rows(rows, seed=chosen.seed, count=int(MIXED * chosen.scale))
    embed = _embedder(spec, home=chosen.cache / "home", cache=chosen.cache, threads=chosen.threads)
    trained = train(rows, embed, seed=chosen.seed)
    trained.head.save(chosen.out / "head.safetensors")
    write_results(chosen.out, rows, trained.metrics, trained.experimental, seed=chosen.seed)


if __name__ == "__main__":
    main()
