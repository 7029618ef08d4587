"""What is gained by tuning the encoder, and by which way: heads alone, upper layers, low-rank adapters, ways between.

All ways are trained on the same rows with one seed and measured in the form that serves. Some sources are left out of
training altogether: a category's texts of these sources against harmless held-out texts say how far a way carries to
texts of another kind, which held-out texts of the same sources do not. The sets in `dev` are not touched.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.machine import Report
from moderation.datasets.metrics import auroc, average_precision
from moderation.models.bert_graph import write_body
from moderation.models.encoder import Encoder
from moderation.models.packages import locate
from moderation.models.q4 import Q4File
from moderation.models.spec import load_spec
from moderation.models.text import build_tokenizer
from moderation.models.text_head import TextHead
from moderation.models.tuned import TunedLayers, save_layers
from moderation.rooms import room
from moderation.training.logistic import Doubles
from moderation.training.parts import TRAIN, part_of
from moderation.training.rows import CATEGORIES, Row
from moderation.training.text_risk import fit_head, gather, served_logits, targets_of
from moderation.training.tuning import Form, Recipe, between, tune

LEFT_OUT = ("advbench-en", "bipia-en", "davidson-en", "jailbench-zh", "swsr-zh")
# Not every category of a row is asked: a source's own, whatever else its rows are marked with.
ASKED = {
    "advbench-en": "illicit",
    "bipia-en": "prompt_injection",
    "davidson-en": "harassment",
    "jailbench-zh": "jailbreak",
    "swsr-zh": "discrimination/gender",
}
HEAD = "head alone"
WAYS: Mapping[str, Recipe] = {
    HEAD: Recipe(layers=2, epochs=0),
    "top 4 layers": Recipe(layers=4, epochs=2),
    "top 6 layers": Recipe(layers=6, epochs=2),
    "adapters of rank 16 on 6 layers": Recipe(layers=6, epochs=2, rank=16, rate=5e-4),
    "top 2 layers": Recipe(layers=2, epochs=2),
}
SHARES = (0.5, 1.0)
MOST_ASKED = 4_000


@dataclass(frozen=True, slots=True)
class _Measured:
    name: str
    held_out: float
    sources: Mapping[str, tuple[float, float]]
    seconds: float


def run(options: argparse.Namespace, rest: Sequence[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m benchmarks tuning")
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--scale", type=float, default=0.05 if options.quick else 0.2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY", help=", ".join(WAYS))
    own = parser.parse_args(rest)
    rows = gather(own.data, seed=options.seed, scale=own.scale)
    learnt = [row for row in rows if row.source not in LEFT_OUT and part_of(row.group, options.seed) == TRAIN]
    asked = [row for row in rows if row.source in LEFT_OUT or part_of(row.group, options.seed) != TRAIN]
    random.Random(options.seed).shuffle(asked)
    del asked[MOST_ASKED:]
    with tempfile.TemporaryDirectory() as folder:
        measured = list(_ways(own.ways, learnt, asked, Path(folder), seed=options.seed, threads=own.threads))
    head = ["way", f"held out: mean AP of {len(CATEGORIES)}", *(f"{name}: AP, AUROC" for name in LEFT_OUT), "minutes"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for one in measured:
        cells = [f"{ap:.3f}, {area:.3f}" for ap, area in one.sources.values()]
        lines.append(f"| {one.name} | {one.held_out:.3f} | {' | '.join(cells)} | {one.seconds / 60:.1f} |")
    values = {one.name: one.held_out for one in measured} | {
        f"{one.name}, {source}": ap for one in measured for source, (ap, _) in one.sources.items()
    }
    title = f"{len(learnt)} rows trained on, {len(asked)} asked (scale {own.scale}).\n"
    return Report(values=values, table="\n".join([title, *lines]), misses=[])


def _ways(
    names: Sequence[str], learnt: Sequence[Row], asked: Sequence[Row], folder: Path, *, seed: int, threads: int
) -> Iterator[_Measured]:
    spec = load_spec(room("models") / "text-risk" / "model.toml")
    weights = locate(spec, next(file for file in spec.files if file.parts))[0]
    source, targets, fit = Q4File(weights), targets_of(learnt), partial(fit_head, categories=CATEGORIES)
    body = folder / "encoder.onnx"
    write_body(source, body)
    tokenizer = build_tokenizer(Encoder(weights, body, threads=threads))
    windows = [cut.windows[0].ids for cut in tokenizer.cut([row.text for row in learnt])]
    for name in names:
        recipe = WAYS[name]
        began = time.monotonic()
        tuned = tune(windows, targets, source, recipe, fit_head=fit, seed=seed, threads=threads)
        seconds = time.monotonic() - began
        for share in SHARES if recipe is not WAYS[HEAD] else (0.0,):
            logits = _logits(between(tuned, share), asked, source, weights, folder, threads)
            yield _measured(f"{name}, {share:.0%} of the way" if share else name, logits, asked, seconds)


def _logits(  # noqa: PLR0917 - one step of `_ways`
    form: Form, rows: Sequence[Row], source: Q4File, weights: Path, folder: Path, threads: int
) -> Doubles:
    save_layers(folder / "layers.safetensors", dict(form.layers))
    write_body(source, folder / "tuned.onnx", tuned=TunedLayers(folder / "layers.safetensors"))
    encoder = Encoder(weights, folder / "tuned.onnx", threads=threads)
    ones = np.ones(len(CATEGORIES), np.float32)
    head = TextHead(CATEGORIES, form.weight, form.bias, ones, np.zeros_like(ones))
    return served_logits(head, encoder, [row.text for row in rows])


def _measured(name: str, logits: Doubles, rows: Sequence[Row], seconds: float) -> _Measured:
    targets = targets_of(rows)
    sources = np.array([row.source for row in rows])
    own = ~np.isin(sources, LEFT_OUT)
    harmless = own & (np.nan_to_num(targets, nan=1.0).max(axis=1) == 0)
    precisions = []
    for column in range(len(CATEGORIES)):
        known = own & ~np.isnan(targets[:, column])
        precision = average_precision(logits[known, column], targets[known, column] == 1)
        precisions.append(precision or 0.0)
    found = {}
    for source, category in ASKED.items():
        column = CATEGORIES.index(category)
        known = (sources == source) & ~np.isnan(targets[:, column]) | harmless
        scores, truths = logits[known, column], targets[known, column] == 1
        found[source] = (average_precision(scores, truths) or 0.0, auroc(scores, truths) or 0.0)
    numbers = " ".join(f"{ap:.3f}/{area:.3f}" for ap, area in found.values())
    print(f"{name}: {np.mean(precisions):.3f} {numbers}", file=sys.stderr, flush=True)
    return _Measured(name, float(np.mean(precisions)), found, seconds)
