"""Fits what `text-risk.v1` says of a text as a turn of a conversation (`moderation.models.turn_head`).

A linear head on two embeddings of the encoder as it is served: that of the newest turn, and the mean of all. It learns
from conversations that the project wrote and harmless rows thrown together; harmless ones at every turn from the third
on, the others at their last. The bias is chosen by tenfold cross-validation, split by how they begin: a share of
`FALSE_ALARMS` of the harmless conversations that were written reaches 0.5 at some turn.

`moderation.training.text_risk` runs this at its end, since the head fits one encoder; `--turns-only` runs this alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from moderation.models.base import MOST_STEPS
from moderation.models.encoder import Encoder
from moderation.models.packages import sha256_of
from moderation.models.q4 import Floats
from moderation.models.text import build_tokenizer
from moderation.models.turn_head import FILE, TurnHead
from moderation.training.card import replace_in
from moderation.training.conversations import LEAST_TURNS, Conversation, easy_conversations, read_conversations
from moderation.training.logistic import Doubles, fit
from moderation.training.progress import Progress
from moderation.training.rows import Row

RIDGE = 10.0
FALSE_ALARMS = 0.05
EASY = 400
FOLDS = 10
_AT_ONCE = 256


def train_turns(encoder: Encoder, rows: Sequence[Row], out: Path, *, seed: int) -> None:
    """Fits, measures and writes: turns.safetensors, turns.json, its hash in model.toml, its table in README.md.

    Args:
        rows: that are trained on; the harmless ones are thrown together.
    """
    conversations = [*read_conversations(), *easy_conversations(rows, seed=seed, count=EASY)]
    embedded = _embedded(encoder, conversations)
    head, scores = fitted(conversations, embedded)
    head.save(out / FILE)
    numbers = measured(conversations, scores)
    (out / "turns.json").write_text(json.dumps({"seed": seed, **numbers}, indent=1) + "\n", encoding="utf-8")
    digest = sha256_of(out / FILE)
    replace_in(out / "model.toml", rf'(name = "{FILE}"\nsha256 = )"[0-9a-f]*"', rf'\g<1>"{digest}"')
    replace_in(out / "README.md", r"(?s)(<!-- turns -->\n).*?(<!-- /turns -->)", rf"\g<1>{_table(numbers)}\n\g<2>")


def fitted(conversations: Sequence[Conversation], embedded: Sequence[Floats]) -> tuple[TurnHead, Doubles]:
    """The head of all conversations, and of each the highest logit of a head that did not see its group.

    Args:
        embedded: of each, float32 [turns, dimensions].
    """
    folds = np.array([_fold(one.group) for one in conversations])
    scores = np.empty(len(conversations))
    for fold in range(FOLDS):
        rest = [index for index, other in enumerate(folds) if other != fold]
        head = _fit([conversations[index] for index in rest], [embedded[index] for index in rest])
        for index in np.flatnonzero(folds == fold).tolist():
            scores[index] = _logits(head, embedded[index]).max()
    safe = scores[np.array([one.written and not one.harmful for one in conversations])]
    shift = float(np.quantile(safe, 1 - FALSE_ALARMS))
    head = _fit(conversations, embedded)
    return replace(head, bias=head.bias - np.array([shift, 0], np.float32)), scores - shift


def measured(conversations: Sequence[Conversation], scores: Doubles) -> dict[str, Any]:
    """Of each kind, how many there are and which share reaches 0.5 at some turn."""
    over: dict[str, list[bool]] = {kind: [] for kind in ("crescendo", "harmless, written", "harmless, thrown together")}
    for one, score in zip(conversations, scores, strict=True):
        kind = "crescendo" if one.harmful else "harmless, written" if one.written else "harmless, thrown together"
        over[kind].append(bool(score >= 0))
    return {
        kind: {"conversations": len(all_of), "over_half": round(sum(all_of) / max(len(all_of), 1), 4)}
        for kind, all_of in over.items()
    }


def _fold(group: str) -> int:
    return hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest()[0] % FOLDS


def _fit(conversations: Sequence[Conversation], embedded: Sequence[Floats]) -> TurnHead:
    """Both classes weigh the same, each conversation as much as another of its class."""
    features, truths, weights = [], [], []
    for one, turns in zip(conversations, embedded, strict=True):
        rows = _features(turns)[-1:] if one.harmful else _features(turns)
        features.append(rows)
        truths += [one.harmful] * len(rows)
        weights += [1 / len(rows)] * len(rows)
    design, truth, weight = np.concatenate(features), np.array(truths), np.array(weights)
    for side in (truth, ~truth):
        weight[side] *= 0.5 * len(conversations) / max(float(weight[side].sum()), 1e-9)
    mean, deviation = design.mean(axis=0), design.std(axis=0) + 1e-6
    line = fit(((design - mean) / deviation).astype(np.float32), truth, weight, ridge=RIDGE)
    slopes = line.weight / deviation
    newest, each = np.split(slopes.astype(np.float32), 2)
    # What harmless turns say on the average is 0, so that those above it are the ones that carry a conversation.
    harmless = np.concatenate([turns for one, turns in zip(conversations, embedded, strict=True) if not one.harmful])
    middle = float((harmless @ each).mean())
    return TurnHead(newest, each, np.array([line.bias - mean @ slopes + middle, -middle], np.float32))


def _features(turns: Floats) -> Floats:
    """[from the third turn on, newest and mean]."""
    rows = [
        np.concatenate((turns[last], turns[max(0, last + 1 - MOST_STEPS) : last + 1].mean(axis=0)))
        for last in range(LEAST_TURNS - 1, len(turns))
    ]
    return np.asarray(rows, np.float32)


def _logits(head: TurnHead, turns: Floats) -> Doubles:
    """Of a conversation, from the third turn on."""
    return np.asarray(_features(turns) @ np.concatenate((head.newest, head.each)) + head.bias.sum(), np.float64)


def _embedded(encoder: Encoder, conversations: Sequence[Conversation]) -> list[Floats]:
    """Of each conversation, the embeddings of its turns: the mean over a text's windows, as it is served."""
    tokenizer, progress = build_tokenizer(encoder), Progress()
    texts = list(dict.fromkeys(turn for one in conversations for turn in one.turns))
    found: dict[str, Floats] = {}
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        cut = tokenizer.cut(some)
        rows = encoder.embed([window.ids for one in cut for window in one.windows])
        ends = np.cumsum([len(one.windows) for one in cut])
        for text, end, one in zip(some, ends, cut, strict=True):
            found[text] = rows[end - len(one.windows) : end].mean(axis=0)
        progress.say(f"turns: {start + len(some)} of {len(texts)}")
    return [np.stack([found[turn] for turn in one.turns]) for one in conversations]


def _table(numbers: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| conversations | of | reach 0.5 at some turn |", "| --- | --- | --- |"]
    lines += [f"| {kind} | {one['conversations']} | {one['over_half']:.1%} |" for kind, one in numbers.items()]
    return "\n".join(lines)
