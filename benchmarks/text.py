"""How fast is text judged: by the model beside bare ONNX Runtime, and by everything around it?

Real prompts of both languages, joined to texts of about 20, 100 and 500 tokens. `ratio`: time of ONNX Runtime alone
on the same graph and the same arrays, over that of `TextRisk.run`, tokenizing, word rows and scores included; paired,
text by text. The other columns are the whole engine in process: disguises, lists, personal information, attack forms.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.machine import Report
from moderation import Moderator, load_settings
from moderation.models.encoder import Encoder, _runs
from moderation.models.q4 import dequantise
from moderation.models.store import ModelStore
from moderation.models.text import TextRisk
from moderation.normalise.views import views_of
from moderation.pipelines.assemble import registry_of

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev"
TOKENS = (20, 100, 500)
TARGETS = {"ratio_batch": 0.95} | {f"ratio_{tokens}": 0.95 for tokens in TOKENS}


def run(options: argparse.Namespace, rest: Sequence[str]) -> Report:
    argparse.ArgumentParser(prog="python -m benchmarks text").parse_args(rest)
    counts = (8, 6, 4) if options.quick else (40, 24, 12)
    settings = load_settings(cache_entries=0)
    repeats = 3 if options.quick else 15
    model = registry_of(settings).load("text-risk.v1", store=ModelStore(settings.home), threads=settings.threads)
    if not isinstance(model, TextRisk):
        raise TypeError(f"text-risk.v1 is a {type(model).__name__}")
    prompts = _prompts(options.seed)
    values: dict[str, float] = {}
    rows = [
        "| text | tokens judged | bare p50 ms | model p50 ms | ratio | engine p50 ms | disguises µs |",
        "|" + " --- |" * 7,
    ]
    with Moderator(settings) as moderator:
        moderator.moderate("warm up")
        for tokens, count in zip(TOKENS, counts, strict=True):
            texts = _of_length(prompts, model, tokens, count)
            print(f"{count} texts of {tokens} tokens", file=sys.stderr, flush=True)
            rows.append(_row(tokens, texts, model, moderator, values))
        batch = [text for tokens in TOKENS[:2] for text in _of_length(prompts, model, tokens, 16)]
        feeds = _feeds(model, *batch)
        pairs = [(_timed(lambda: _bare(model, feeds)), _timed(lambda: model.run(batch))) for _ in range(repeats)]
        values["ratio_batch"] = statistics.median(bare / whole for bare, whole in pairs)
        seconds = statistics.median(whole for _, whole in pairs)
        values["texts_per_s_per_core"] = len(batch) / seconds / settings.threads
    rows.append(
        f"\n{values['texts_per_s_per_core']:.1f} texts/s a core in batches of 32, half of 20 and half of 100 tokens; "
        f"ratio there {values['ratio_batch']:.3f}"
    )
    misses = [
        f"{name} = {values[name]:.3f}, wanted at least {bound}"
        for name, bound in TARGETS.items()
        if values[name] < bound
    ]
    return Report(values, "\n".join(rows), misses)


def _prompts(seed: int) -> list[str]:
    found = []
    for name in ("benign-prompts-en", "benign-prompts-zh"):
        path = SHARED / name / "data.jsonl.gz"
        if not path.is_file():
            raise SystemExit(f"{path} is missing")
        with gzip.open(path, "rt") as lines:
            found += sorted({json.loads(line)["text"] for line in lines})[:4_000]
    random.Random(seed).shuffle(found)
    return found


def _of_length(prompts: Sequence[str], model: TextRisk, tokens: int, count: int) -> list[str]:
    """Prompts joined until the first window has at least so many tokens."""
    texts: list[str] = []
    at = 0
    while len(texts) < count:
        text = prompts[at]
        at += 1
        while len(model.preprocess([text])[0].windows[0].ids) < tokens - 2:
            text, at = f"{text} {prompts[at]}", at + 1
        if len(model.preprocess([text])[0].windows[0].ids) <= 1.4 * tokens + 6:
            texts.append(text)
    return texts


def _row(tokens: int, texts: Sequence[str], model: TextRisk, moderator: Moderator, values: dict[str, float]) -> str:
    bare, whole, engine, disguises, judged = [], [], [], [], []
    for text in texts:
        feeds = _feeds(model, text)
        judged.append(sum(int(feed["mask"].sum()) for feed in feeds))
        for _ in range(3):
            bare.append(_timed(lambda: _bare(model, feeds)))
            whole.append(_timed(lambda: model.run([text])))
        engine.append(_timed(lambda: moderator.moderate(text)))
        disguises.append(_timed(lambda: views_of(text)))
    ratio = statistics.median(one / other for one, other in zip(bare, whole, strict=True))
    values |= {
        f"ratio_{tokens}": ratio,
        f"model_ms_p50_{tokens}": statistics.median(whole) * 1e3,
        f"engine_ms_p50_{tokens}": statistics.median(engine) * 1e3,
    }
    cells = [statistics.median(times) * 1e3 for times in (bare, whole)]
    return (
        f"| {tokens} tokens | {statistics.median(judged):.0f} | {cells[0]:.1f} | {cells[1]:.1f} | {ratio:.3f} | "
        f"{statistics.median(engine) * 1e3:.1f} | {statistics.median(disguises) * 1e6:.0f} |"
    )


def _bare(model: TextRisk, feeds: Sequence[dict[str, Any]]) -> None:
    for feed in feeds:
        model._encoder._session.run(None, feed)


def _feeds(model: TextRisk, *texts: str) -> list[dict[str, Any]]:
    """The arrays that `TextRisk.run` hands to ONNX Runtime for texts, run by run."""
    windows = [window.ids for cut in model.preprocess(texts) for window in cut.windows]
    encoder: Encoder = model._encoder
    feeds = []
    for run_ in _runs([len(window) for window in windows]):
        chosen = [windows[index] for index in run_]
        longest = max(map(len, chosen))
        mask = np.zeros((len(chosen), longest), np.int32)
        words = np.zeros((len(chosen), longest, encoder.dimensions), np.float32)
        for row, window in enumerate(chosen):
            mask[row, : len(window)] = 1
            words[row, : len(window)] = dequantise(encoder.source.words[np.asarray(window)])
        feeds.append({"words": words, "mask": mask})
    return feeds


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
