"""Embeddings of training texts, kept in a folder so that a second run costs seconds."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from moderation.models.encoder import Encoder
from moderation.models.q4 import Floats
from moderation.models.unigram import WindowTokenizer

_CHUNK = 512


def embed_texts(
    texts: Sequence[str], *, encoder: Encoder, tokenizer: WindowTokenizer, revision: str, cache: Path
) -> Floats:
    """Embedding of each text's first window: float32 [texts, dimensions].

    Args:
        revision: of encoder and tokenizer; part of each cache file's name.
        cache: folder of the cache; made if it is not there.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        digest = hashlib.sha256("\0".join((revision, *chunk)).encode("utf-8", "surrogatepass")).hexdigest()
        path = cache / f"{digest[:32]}.npy"
        if path.is_file():
            found.append(np.load(path, allow_pickle=False))
            continue
        windows = [cut.windows[0].ids for cut in tokenizer.cut(chunk)]
        found.append(encoder.embed(windows))
        np.save(path, found[-1], allow_pickle=False)
        if sys.stderr.isatty():
            sys.stderr.write(f"\rembedded {start + len(chunk)} of {len(texts)}")
    return np.concatenate(found) if found else np.empty((0, encoder.dimensions), np.float32)
