"""Forward passes of a decoder: prompts to the numbers at the places where an answer branches.

The constant beginning of all prompts is run once and its keys and values are kept; a batch reads them and never
changes them. A first pass runs the prompts; a second one, where there is need, runs all continuations of a prompt at
once, as a tree in which a token sees its own line alone. Answers do not depend on what else is in the batch, up to
rounding. The whole of a row must fit the model's narrowest attention window: `limit`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moderation.errors import MissingExtraError, ModelError
from moderation.models.guards.labels import Path, TokenTree

try:
    import torch
    from transformers import DynamicCache
except ImportError as error:
    raise MissingExtraError("torch", extra="gpu") from error


_WINDOWS = ("sliding_window", "attention_chunk_size", "max_position_embeddings")


@dataclass(frozen=True, slots=True)
class Passed:
    """Prompts that were run.

    Attributes:
        last: hidden state of each prompt's last token.
        cache: keys and values of all.
        seen: which slots of the cache hold a token and no padding.
        lengths: tokens of each prompt.
    """

    last: Any
    cache: Any
    seen: Any
    lengths: Any


class Scorer:
    """A decoder at work; it is not trained, and nothing is drawn at random.

    Args:
        model: a causal language model of transformers.
        beginning: tokens with which all prompts start, run once and kept; empty to keep none.
        padding: on which side short prompts are filled up.
    """

    def __init__(self, model: Any, *, beginning: Path = (), padding: str = "right") -> None:
        self._decoder = model.model  # `get_decoder` of Llama 4 gives the whole, with its head
        self._head = model.get_output_embeddings().weight
        config = model.config.get_text_config()
        self._cap = getattr(config, "final_logit_softcapping", None)
        self.limit: int = min(window for name in _WINDOWS if (window := getattr(config, name, None)))
        self.device = self._head.device
        self._padding = padding
        self.beginning = beginning
        self._kept = self._run_beginning() if beginning else None

    def run(self, rows: Sequence[Path]) -> Passed:
        """The first pass. Either all rows start with `beginning`, and have more than it, or none is taken to.

        Raises:
            ModelError: a row is longer than the model can see.
        """
        if max(map(len, rows)) > self.limit:
            raise ModelError(f"a prompt of {max(map(len, rows))} tokens is over the model's {self.limit}")
        start = len(self.beginning)
        keeps = self._kept is not None and all(len(row) > start and row[:start] == self.beginning for row in rows)
        start = start if keeps else 0
        width = max(map(len, rows)) - start
        ids = torch.zeros((len(rows), width), dtype=torch.long)
        seen = torch.ones((len(rows), start + width), dtype=torch.bool)
        positions = torch.zeros((len(rows), width), dtype=torch.long)
        for at, row in enumerate(rows):
            new = len(row) - start
            place = slice(width - new, width) if self._padding == "left" else slice(0, new)
            ids[at, place] = torch.tensor(row[start:])
            positions[at, place] = torch.arange(start, len(row))
            seen[at, start:] = False
            seen[at, start + place.start : start + place.stop] = True
        last = torch.tensor([width - 1 if self._padding == "left" else len(row) - start - 1 for row in rows])
        cache = self._copy(self._kept, len(rows)) if keeps else DynamicCache()
        seen, last = seen.to(self.device), last.to(self.device)
        mask = self._left_mask(seen, width) if self._padding == "left" else seen.long()
        hidden = self._forward(ids, positions, mask, cache)
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        return Passed(hidden[torch.arange(len(rows), device=self.device), last], cache, seen, lengths)

    def branch(self, passed: Passed, chosen: Sequence[int], trees: Sequence[TokenTree]) -> Any:
        """The second pass, on some of the prompts: the hidden state of every node of each one's tree."""
        picked = torch.tensor(chosen, device=self.device)
        width = max(len(tree.tokens) for tree in trees)
        ids = torch.zeros((len(trees), width), dtype=torch.long)
        depths = torch.ones((len(trees), width), dtype=torch.long)
        sees = torch.eye(width, dtype=torch.bool).repeat(len(trees), 1, 1)
        for at, tree in enumerate(trees):
            size = len(tree.tokens)
            ids[at, :size] = torch.tensor(tree.tokens)
            depths[at, :size] = torch.tensor(tree.depths())
            sees[at, :size, :size] = _ancestors(tree.parents)
        before = passed.seen[picked][:, None, :].expand(-1, width, -1)
        visible = torch.cat([before, sees.to(self.device)], dim=-1)[:, None]
        mask = self._additive(visible)
        positions = passed.lengths[picked][:, None].cpu() + depths - 1
        return self._forward(ids, positions, mask, self._select(passed.cache, picked))

    def logits(self, hidden: Any, tokens: Sequence[int]) -> list[list[float]]:
        """The logits of these tokens alone, for each hidden state of a list of them.

        Raises:
            ModelError: one is no number: nothing can be said then, and least of all that a text is safe.
        """
        rows = self._head[torch.tensor(tokens, device=self.device)]
        with torch.inference_mode():
            # Token by token: a product of matrices may round equal rows apart, and equals are the smallest id's.
            scores = torch.stack([hidden @ row for row in rows], dim=-1)
            if self._cap:
                scores = torch.tanh(scores / self._cap) * self._cap
            scores = scores.double().cpu()
        if not bool(torch.isfinite(scores).all()):
            raise ModelError("the model answered what is no number")
        found: list[list[float]] = scores.tolist()
        return found

    def _left_mask(self, seen: Any, width: int) -> Any:
        """Who sees whom where padding comes first: it sees itself, for a row that sees nothing has no softmax."""
        slots = torch.arange(seen.shape[1], device=self.device)
        queries = slots[-width:, None]
        visible = (slots <= queries) & seen[:, None, :] | (slots == queries)
        return self._additive(visible[:, None])

    def _additive(self, visible: Any) -> Any:
        """A mask as attention adds it."""
        dtype = self._head.dtype
        mask = torch.zeros(visible.shape, dtype=dtype, device=self.device)
        return mask.masked_fill(~visible, torch.finfo(dtype).min)

    def _run_beginning(self) -> Any:
        cache = DynamicCache()
        ids = torch.tensor([self.beginning])
        self._forward(ids, torch.arange(ids.shape[1])[None], torch.ones_like(ids).to(self.device), cache)
        return cache

    def _forward(self, ids: Any, positions: Any, mask: Any, cache: Any) -> Any:
        with torch.inference_mode():
            answer = self._decoder(
                input_ids=ids.to(self.device),
                position_ids=positions.to(self.device),
                attention_mask=mask,
                past_key_values=cache,
                use_cache=True,
            )
        return answer.last_hidden_state

    @staticmethod
    def _copy(kept: Any, rows: int) -> Any:
        """A cache that begins with what is kept; views, which the first pass replaces by longer tensors of its own."""
        return _cache(
            [(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1)) for layer in kept.layers]
        )

    @staticmethod
    def _select(cache: Any, picked: Any) -> Any:
        return _cache([(layer.keys[picked], layer.values[picked]) for layer in cache.layers])


@functools.lru_cache(maxsize=16)
def _ancestors(parents: Path) -> Any:
    """Which nodes of a tree each node sees: itself, its parent, and so on."""
    sees = torch.eye(len(parents), dtype=torch.bool)
    for node, parent in enumerate(parents):
        if parent >= 0:
            sees[node] |= sees[parent]
    return sees


def _cache(layers: Sequence[tuple[Any, Any]]) -> Any:
    """A cache of plain layers: none of them drops what lies outside a sliding window, so slots stay where they are."""
    cache = DynamicCache()
    for at, (keys, values) in enumerate(layers):
        cache.update(keys, values, at)
    return cache
