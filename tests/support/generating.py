"""The label by the library's own greedy generation constrained to a tree of labels, and how near it was to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from moderation.models.guard import Guard
from moderation.models.guards.labels import Labels, Path


@dataclass(frozen=True, slots=True)
class Generated:
    """What generation chose.

    Attributes:
        path: the tokens up to where one label alone is left.
        logits: at each of them, of the whole vocabulary.
    """

    label: str
    path: Path
    logits: tuple[Any, ...]

    def margin(self, labels: Labels, label: str) -> float:
        """How far the log-probability of a token that leads to `label` lay under the one chosen, where they part.

        Never under 0; both are renormalised over the allowed tokens alike, so it is a difference of logits, too.
        """
        if label == self.label:
            return 0.0
        parted = [(_common(leaf, self.path), leaf) for leaf, one in labels.leaves.items() if one == label]
        at = max(length for length, _ in parted)
        scores = self.logits[at]
        return float(scores[self.path[at]] - max(scores[leaf[at]] for length, leaf in parted if length == at))


def generated(model: Any, prompt: Path, labels: Labels) -> Generated:
    """Runs the prompt alone, in one row without padding."""
    end = model.config.get_text_config().eos_token_id

    def allowed(_: int, ids: Any) -> list[int]:
        path = tuple(ids.tolist())[len(prompt) :]
        return [end] if len(_left(labels, path)) == 1 else list(labels.branches[path])

    answer = model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones((1, len(prompt)), dtype=torch.long),
        max_new_tokens=max(map(len, labels.leaves)),
        do_sample=False,
        prefix_allowed_tokens_fn=allowed,
        output_logits=True,
        return_dict_in_generate=True,
    )
    path: Path = tuple(answer.sequences[0].tolist()[len(prompt) :])
    length = next(length for length in range(len(path) + 1) if len(_left(labels, path[:length])) == 1)
    (label,) = _left(labels, path[:length])
    return Generated(label, path[:length], tuple(one[0].double() for one in answer.logits))


def compared(guard: Guard, model: Any, items: Sequence[Sequence[str]]) -> list[tuple[str, Generated, Labels]]:
    """Every verdict and category that the guard gives of these items in one batch, beside generation of it alone."""
    found = []
    for item, judged in zip(items, guard.judge(items), strict=True):
        for place, asked in enumerate(guard._asked):
            prompt = asked.prompt.tokens(item)
            answers = [(asked.verdicts, judged.verdicts[place])]
            answers += [(asked.categories[word], answer) for word, answer in judged.categories[place].items()]
            found += [(answer.label, generated(model, prompt, labels), labels) for labels, answer in answers]
    return found


def _left(labels: Labels, path: Path) -> set[str]:
    """The labels that a path may still lead to."""
    return {label for leaf, label in labels.leaves.items() if leaf[: len(path)] == path}


def _common(one: Path, other: Path) -> int:
    """How many tokens two paths share at their beginning."""
    for at, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return at
    return min(len(one), len(other))
