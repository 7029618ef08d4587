"""What `text-risk` is compared with in `benchmarks.accuracy`: each answers texts with scores by category."""

from __future__ import annotations

import contextlib
import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from moderation.lists.matching import Lists
from moderation.lists.store import load_lists
from moderation.models.bert_graph import write_body
from moderation.models.encoder import Encoder
from moderation.models.q4 import Q4File
from moderation.models.registry import Registry
from moderation.models.spec import load_spec
from moderation.models.store import ModelStore
from moderation.models.text import TextRisk, build_tokenizer
from moderation.models.text_head import load_head
from moderation.rooms import room
from moderation.training.rows import CATEGORIES

Scores = list[Mapping[str, float] | None]
_ROOM = room("models") / "text-risk"
_SHOWN = 5  # differences that are named


class WordList:
    """Terms of open word lists; a text that holds one is violating, whatever the category."""

    def __init__(self, data: Path) -> None:
        terms = set()
        for path in sorted((data / "train" / "lexicons-harm").glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                terms |= {" ".join(str(json.loads(line)["term"]).split()) for line in lines}
        kept = sorted(term for term in terms if 2 <= len(term) <= 200 and not term.startswith("#"))
        with tempfile.TemporaryDirectory() as folder:
            head = 'name = "open"\nkind = "block"\ncategory = "hate"\nmatch = "anywhere"\nterms_file = "open.txt"\n'
            (Path(folder) / "open.toml").write_text(head)
            whole = [term for term in kept if _is_whole(term)]
            (Path(folder) / "open.txt").write_text("\n".join(whole) + "\n")
            self._lists: Lists = load_lists([Path(folder)])
        self.count = len(whole)

    def __call__(self, texts: Sequence[str]) -> Scores:
        return [dict.fromkeys(CATEGORIES, 1.0 if self._lists.match(text).matches else 0.0) for text in texts]


def _is_whole(term: str) -> bool:
    """Whether the list's reader takes a term: it has a letter, a digit or a Han character."""
    return any(character.isalnum() for character in term) and "\t" not in term


def profanity_check(texts: Sequence[str]) -> Scores:
    """alt-profanity-check, an English package with one score: `pip install alt-profanity-check`."""
    from profanity_check import predict_prob  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return [dict.fromkeys(CATEGORIES, float(score)) for score in predict_prob(list(texts))]


def check_rows(head: Path) -> None:
    """That a baseline was trained and measured on the same rows as `text-risk`: else their figures say nothing.

    Raises:
        SystemExit: it was not, or the folder holds no baseline.
    """
    path = head / "metrics.json"
    make = f"python -m moderation.training.text_risk --share 0 --data ../shared/data/train --out {head}"
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; make the baseline: {make}")
    ours, theirs = (_rows(json.loads(one.read_text(encoding="utf-8"))) for one in (_ROOM / "metrics.json", path))
    both = {key: (theirs.get(key, 0), ours.get(key, 0)) for key in {**ours, **theirs}}
    other = [f"{key} {there}, not {here}" for key, (there, here) in both.items() if there != here]
    if other:
        more = f" and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
        raise SystemExit(
            f"{path}: the baseline was measured on other rows than text-risk: {'; '.join(other[:_SHOWN])}{more}. "
            f"Make it again, with the seed that text-risk has and no --scale: {make}. If the rows have changed since "
            "text-risk was trained, train that again too."
        )


def _rows(metrics: Mapping[str, Any]) -> dict[str, object]:
    """What rows a training run had: those of each source, and those of each category that it measured on."""
    found: dict[str, object] = {"seed": metrics["seed"]}
    found |= {f"rows of {source}:": count for source, count in metrics["rows_by_source"].items()}
    for side in ("positives", "negatives"):
        found |= {f"{side} of {category}:": numbers[side] for category, numbers in metrics["categories"].items()}
    return found | {"SHA-256 of the texts held out": metrics.get("held_out_sha256", 0)}


@contextlib.contextmanager
def frozen(head: Path, threads: int) -> Iterator[TextRisk]:
    """The encoder as it came, with the head of `text_risk --share 0`: frozen embeddings and logistic regression."""
    spec = load_spec(_ROOM / "model.toml")
    bare = replace(spec, files=tuple(file for file in spec.files if not file.shipped), converted=())
    with tempfile.TemporaryDirectory() as folder:
        weights = ModelStore(Path(folder)).prepare(bare)["e5-small-q4.bin"]
        body = Path(folder) / "encoder.onnx"
        write_body(Q4File(weights), body)
        encoder = Encoder(weights, body, threads=threads)
        categories = tuple(json.loads((head / "metrics.json").read_text())["categories"])
        weights_of_head = load_head(head / "head.safetensors", categories=categories, dimensions=encoder.dimensions)
        yield TextRisk(replace(spec, categories=categories), encoder, build_tokenizer(encoder), weights_of_head)


@contextlib.contextmanager
def shipped(threads: int) -> Iterator[TextRisk]:
    """`text-risk.v1` as it is shipped, alone."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry([room("models")], entry_points=False)
        model = registry.load("text-risk.v1", store=ModelStore(Path(folder)), threads=threads)
        if not isinstance(model, TextRisk):
            raise TypeError(f"text-risk.v1 is a {type(model).__name__}")
        yield model


def scores_of(model: TextRisk, texts: Sequence[str]) -> Scores:
    """Highest score of each category over a text's windows and passages."""
    return [
        {category: max(scored.scores[category] for scored in result.scored) for category in result.scored[0].scores}
        for result in model.run(list(texts))
    ]
