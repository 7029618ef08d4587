"""Trains the upper layers of the encoder together with a linear head; needs torch (`pip install 'moderation[gpu]'`).

The lower layers do not change, so they are run once over all texts and their output is kept. Training starts from a
head fitted on the layers as they came (linear probing, then tuning: Kumar et al. 2022), and what ships may lie between
that start and the end (`between`; Wortsman et al. 2022): both keep what the encoder knows of texts unlike the rows.
What is learned is multi-label: a category of which a row says nothing contributes nothing. Batches hold texts of like
length. The same rows and seed on the same machine with as many threads give the same weights.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from moderation.models.q4 import Floats, Q4File
from moderation.models.text_head import TextHead
from moderation.training.body import Embedding, Layer, load_layer, pooled
from moderation.training.progress import Progress

_POOL = 4_000  # texts that are sorted by length together
_LOWER_TOKENS = 8_192
_RARE = 30  # a category with fewer positives weighs no more than one with so many


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained and how.

    Attributes:
        layers: upper layers that change.
        rank: of the low-rank adapters that are trained instead of whole matrices (Hu et al. 2021); 0 for none.
        max_tokens: of a text that are read in training; longer ones are cut.
        batch_tokens: of one step, padding included.
        rate, head_rate: highest learning rates; both rise over `warm_up` steps and fall to nothing.
    """

    layers: int = 4
    epochs: int = 3
    rank: int = 0
    max_tokens: int = 256
    batch_tokens: int = 2_048
    rate: float = 1e-4
    head_rate: float = 2e-3
    decay: float = 0.01
    dropout: float = 0.1
    warm_up: int = 200


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The upper layers and the head, at one moment.

    Attributes:
        layers: tensors by their names in `layers.safetensors`, float32.
        weight: head, float32 [dimensions, categories]; reads the mean over the tokens.
        bias: float32 [categories].
    """

    layers: Mapping[str, Floats]
    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What training gives.

    Attributes:
        start: the layers as they came, and a head fitted on them.
        end: both as training left them.
        losses: mean loss of each epoch.
    """

    start: Form
    end: Form
    losses: tuple[float, ...]


def between(tuned: Tuned, share: float) -> Form:
    """The form at `share` of the way from start to end: 0 is the start, 1 the end."""

    def mixed(one: Floats, other: Floats) -> Floats:
        return np.asarray((1 - share) * one + share * other, np.float32)

    start, end = tuned.start, tuned.end
    layers = {name: mixed(start.layers[name], tensor) for name, tensor in end.layers.items()}
    return Form(layers, mixed(start.weight, end.weight), mixed(start.bias, end.bias))


class _LowRank(nn.Module):  # type: ignore[misc] # torch is not read by the type checker
    """Adds to a matrix the product of two thin ones; starts as nothing."""

    def __init__(self, matrix: nn.Linear, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, matrix.in_features) / rank)
        self.up = nn.Parameter(torch.zeros(matrix.out_features, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


class _Network(nn.Module):  # type: ignore[misc] # torch is not read by the type checker
    def __init__(self, layers: Sequence[Layer], dimensions: int, categories: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        # The mean over tokens has a large constant part; without centring the head would learn it first.
        self.centre = nn.BatchNorm1d(dimensions, affine=False)
        self.head = nn.Linear(dimensions, categories)

    def pooled(self, state: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
        for layer in self.layers:
            state = layer(state, mask, dropout)
        return pooled(state, mask)

    def forward(self, state: Tensor, mask: Tensor, dropout: float) -> Tensor:
        logits: Tensor = self.head(self.centre(self.pooled(state, mask, dropout)))
        return logits

    def start_from(self, head: TextHead, features: Floats) -> None:
        """Takes over a head that was fitted on these features."""
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        with torch.no_grad():
            self.centre.running_mean.copy_(torch.from_numpy(mean))
            self.centre.running_var.copy_(torch.from_numpy(deviation**2))
            self.head.weight.copy_(torch.from_numpy(head.weight.T * deviation))
            self.head.bias.copy_(torch.from_numpy(head.bias + mean @ head.weight))

    def form(self, first: int) -> Form:
        """As it stands; the centring goes into the head, which then reads the mean as it is."""
        scale = 1 / torch.sqrt(self.centre.running_var + self.centre.eps)
        weight = (self.head.weight.detach() * scale).cpu()
        bias = self.head.bias.detach().cpu() - weight @ self.centre.running_mean.cpu()
        layers = {
            f"l{first + index}.{name}": parameter.detach().float().cpu().numpy().copy()
            for index, layer in enumerate(self.layers)
            if isinstance(layer, Layer)
            for name, parameter in layer.tensors().items()
        }
        return Form(layers, weight.T.contiguous().numpy(), bias.numpy())


def tune(
    windows: Sequence[Sequence[int]],
    targets: Floats,
    source: Q4File,
    recipe: Recipe,
    *,
    fit_head: Callable[[Floats, Floats], TextHead],
    seed: int,
    threads: int,
    device: str = "cpu",
) -> Tuned:
    """Trains on texts that are cut into token ids already.

    Args:
        windows: token ids of each text.
        targets: float32 [texts, categories]: 1, 0, or NaN where a row says nothing.
        fit_head: features float32 [texts, dimensions] and targets -> the head that training starts from.
        device: `cpu` or `cuda`.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    cut = [list(window[: recipe.max_tokens]) for window in windows]
    first = source.shape.layers - recipe.layers
    states = _lower(cut, source, first, device)
    network = _Network(
        [load_layer(source, first + index) for index in range(recipe.layers)], source.shape.hidden, targets.shape[1]
    ).to(device)
    features = _features(network, states, device)
    network.start_from(fit_head(features, targets), features)
    start = network.form(first)
    if recipe.rank:
        _adapt(network, recipe.rank)
    losses = _train(network, states, targets, recipe, random.Random(seed), device)  # noqa: S311 - a repeatable order
    return Tuned(start, network.form(first), tuple(losses))


def _adapt(network: _Network, rank: int) -> None:
    """Puts low-rank adapters on every matrix of the layers; nothing else of them changes any more."""
    network.layers.requires_grad_(requires_grad=False)
    for matrix in [module for module in network.layers.modules() if isinstance(module, nn.Linear)]:
        parametrize.register_parametrization(matrix, "weight", _LowRank(matrix, rank).to(matrix.weight.device))


def _features(network: _Network, states: Sequence[Tensor], device: str) -> Floats:
    """The mean over the tokens that the layers give now: float32 [texts, dimensions]."""
    network.eval()
    found = np.empty((len(states), network.head.in_features), np.float32)
    order = sorted(range(len(states)), key=lambda index: len(states[index]))
    done, progress = 0, Progress()
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
        for batch in _batches(order, states, _LOWER_TOKENS):
            state, mask = _padded([states[index] for index in batch])
            found[batch] = network.pooled(state.to(device), mask.to(device)).float().cpu().numpy()
            done += len(batch)
            progress.say(f"upper layers: {done} of {len(states)}")
    return found


def _lower(cut: Sequence[Sequence[int]], source: Q4File, layers: int, device: str) -> list[Tensor]:
    """The output of the layers that do not change: bfloat16 [tokens, hidden] of each text."""
    embedding = Embedding(source)
    lower = [load_layer(source, index).eval().to(device) for index in range(layers)]
    states: list[Tensor] = [torch.empty(0)] * len(cut)
    order = sorted(range(len(cut)), key=lambda index: len(cut[index]))
    done, progress = 0, Progress()
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
        for batch in _batches(order, cut, _LOWER_TOKENS):
            state, mask = embedding([cut[index] for index in batch])
            state, mask = state.to(device), mask.to(device)
            for layer in lower:
                state = layer(state, mask)
            for row, index in enumerate(batch):
                states[index] = state[row, : len(cut[index])].to("cpu", torch.bfloat16).clone()
            done += len(batch)
            progress.say(f"lower layers: {done} of {len(cut)}")
    return states


def _train(  # noqa: PLR0917 - one step of `tune`
    network: _Network, states: Sequence[Tensor], targets: Floats, recipe: Recipe, chooser: random.Random, device: str
) -> list[float]:
    weights = torch.from_numpy(_category_weights(targets)).to(device)
    known = ~np.isnan(targets)
    filled = np.nan_to_num(targets)
    changing = [parameter for parameter in network.layers.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": changing, "lr": recipe.rate, "weight_decay": recipe.decay},
            {"params": network.head.parameters(), "lr": recipe.head_rate, "weight_decay": recipe.decay},
        ]
    )
    rates = (recipe.rate, recipe.head_rate)
    total = recipe.epochs * len(_epoch(states, recipe, random.Random(0)))  # noqa: S311 - only counted
    step, losses, began, progress = 0, [], time.monotonic(), Progress()
    network.train()
    for epoch in range(recipe.epochs):
        sums = [0.0, 0.0]
        for batch in _epoch(states, recipe, chooser):
            step += 1
            pace = min(1.0, step / recipe.warm_up) * max(0.02, 1 - step / (total + 1))
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * pace
            state, mask = _padded([states[index] for index in batch])
            with torch.autocast(device, dtype=torch.bfloat16):
                logits = network(state.to(device), mask.to(device), recipe.dropout)
            each = functional.binary_cross_entropy_with_logits(
                logits.float(), torch.from_numpy(filled[batch]).to(device), reduction="none"
            )
            loss = (each * torch.from_numpy(known[batch]).to(device) * weights).sum() / len(batch)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.layers.parameters(), 1.0)
            optimiser.step()
            sums[0] += float(loss.detach()) * len(batch)
            sums[1] += len(batch)
            progress.say(f"epoch {epoch + 1}, step {step} of {total}, {time.monotonic() - began:.0f} s")
        losses.append(sums[0] / max(sums[1], 1.0))
    return losses


def _category_weights(targets: Floats) -> npt.NDArray[np.float32]:
    """Rare categories weigh more, by the root of their positives, 1 on average."""
    positives = np.maximum(np.nansum(targets, axis=0), _RARE)
    weights = 1 / np.sqrt(positives)
    return np.asarray(weights / weights.mean(), np.float32)


def _epoch(states: Sequence[Tensor], recipe: Recipe, chooser: random.Random) -> list[list[int]]:
    """All texts in batches of like length, in another order each time; none alone, which could not be centred."""
    order = list(range(len(states)))
    chooser.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), _POOL):
        pool = sorted(order[start : start + _POOL], key=lambda index: len(states[index]))
        batches += _batches(pool, states, recipe.batch_tokens)
    chooser.shuffle(batches)
    return [batch for batch in batches if len(batch) > 1]


def _batches(order: Sequence[int], texts: Sequence[Sequence[int] | Tensor], most_tokens: int) -> list[list[int]]:
    batches: list[list[int]] = []
    for index in order:
        if batches and len(texts[index]) * (len(batches[-1]) + 1) <= most_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _padded(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, states))
    state = torch.zeros(len(states), longest, states[0].shape[1])
    mask = torch.zeros(len(states), longest, dtype=torch.bool)
    for row, one in enumerate(states):
        state[row, : len(one)] = one.float()
        mask[row, : len(one)] = True
    return state, mask
