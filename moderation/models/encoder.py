"""multilingual-e5-small on the CPU: windows of token ids -> embeddings of length 1.

The word table, 96 of 118 million parameters, stays memory-mapped in 4 bit and is read row by row; the rest
runs in ONNX Runtime. Texts are sorted by length into small runs, so that padding costs little and memory is
bounded however much is asked for at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from moderation.models.q4 import Floats, Q4File, dequantise

MAX_RUN_TOKENS = 1_024  # in one run, padding included; more gains no speed and holds more memory
RUN_TOKENS = 10  # what a run costs besides its tokens, measured in tokens: padding up to this is cheaper than a run


class Encoder:
    """One session over one weights file.

    Args:
        weights: `e5-small-q4.bin`.
        body: the graph that `bert_graph.convert` writes.
        threads: of the one session; they do not spin while idle.
    """

    def __init__(self, weights: Path, body: Path, *, threads: int) -> None:
        self.source = Q4File(weights)
        self.dimensions = self.source.shape.hidden
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(body), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def embed(self, windows: Sequence[Sequence[int]]) -> Floats:
        """Embeddings of windows of token ids: float32 [windows, dimensions], in order."""
        embeddings = np.empty((len(windows), self.dimensions), np.float32)
        for run in _runs([len(window) for window in windows]):
            embeddings[run] = self._embed_run([windows[index] for index in run])
        return embeddings

    def _embed_run(self, windows: Sequence[Sequence[int]]) -> Floats:
        lengths = [len(window) for window in windows]
        vectors = dequantise(self.source.words[np.concatenate(windows)])
        mask = np.zeros((len(windows), max(lengths)), np.int32)
        words = np.zeros((*mask.shape, self.dimensions), np.float32)
        at = 0
        for row, length in enumerate(lengths):
            mask[row, :length] = 1
            words[row, :length] = vectors[at : at + length]
            at += length
        (embeddings,) = self._session.run(None, {"words": words, "mask": mask})
        return np.asarray(embeddings, np.float32)


def _runs(lengths: Sequence[int]) -> list[list[int]]:
    """Indices grouped into runs of like length, each within MAX_RUN_TOKENS with its padding, at the least cost.

    The cheapest way to cut the first n of the sorted lengths is the cheapest first cut plus one last run.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    cheapest = [(0, 0)]  # of the first n: tokens, and where its last run begins
    for end, index in enumerate(order, 1):
        most = max(1, MAX_RUN_TOKENS // lengths[index])  # sorted, so the last is the longest of its run
        cheapest.append(
            min(
                (cheapest[begin][0] + lengths[index] * (end - begin) + RUN_TOKENS, begin)
                for begin in range(max(0, end - most), end)
            )
        )
    runs: list[list[int]] = []
    end = len(order)
    while end:
        begin = cheapest[end][1]
        runs.append(order[begin:end])
        end = begin
    return runs[::-1]
