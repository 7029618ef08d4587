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
        longest = max(map(len, windows))
        mask = np.zeros((len(windows), longest), np.int32)
        for row, window in enumerate(windows):
            mask[row, : len(window)] = 1
        ids, places = np.unique(np.concatenate([np.asarray(window) for window in windows]), return_inverse=True)
        words = np.zeros((len(windows), longest, self.dimensions), np.float32)
        words[mask.astype(bool)] = dequantise(self.source.words[ids])[places]
        (embeddings,) = self._session.run(None, {"words": words, "mask": mask})
        return np.asarray(embeddings, np.float32)


def _runs(lengths: Sequence[int]) -> list[list[int]]:
    """Indices grouped into runs of like length, each within MAX_RUN_TOKENS with its padding."""
    runs: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        # sorted, so the newcomer is the longest of its run
        if runs and lengths[index] * (len(runs[-1]) + 1) <= MAX_RUN_TOKENS:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs
