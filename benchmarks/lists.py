"""How fast are lists of a hundred thousand terms, of a million, and what do they cost to load and to hold?

The terms are generated, half Chinese, half Latin, from the letters of the texts they are then looked for in, so that
they begin as the texts' words do: ordinary words of the texts are left out, as an operator's list does not hold them,
until about one match in a kilobyte is left. Speed is bytes of UTF-8 over the processor's time of one thread, for the
whole of `Lists.match`: folding, automaton, rules. The texts are read only to be measured on.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from time import perf_counter, thread_time

from benchmarks.machine import Report
from moderation.lists import Lists, load_lists
from moderation.lists.folding import tables

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev"
SETS = {"zh": "benign-text-zh", "en": "wiki-toxicity-en"}
TERMS = 100_000
TARGETS = {"zh_mb_per_s": (20.0, "at least"), "en_mb_per_s": (20.0, "at least")}
_PIECE = 20_000  # characters of a long text
_SHORT = 200
_LISTS = 10
_NAME_CHARS = (2, 3, 4)
_COMMON = 3  # a term that is seen more often in the sample is an ordinary word


def run(options: argparse.Namespace, rest: Sequence[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m benchmarks lists")
    parser.add_argument("--terms", type=int, default=TERMS)
    own = parser.parse_args(rest)
    repeats = 3 if options.quick else 9
    texts = {name: "\n".join(_texts(folder)) for name, folder in SETS.items()}
    rng = random.Random(options.seed)
    values: dict[str, float] = {}
    rows = ["| what | measured |", "| --- | --- |"]
    tables()  # counted as nobody's memory
    terms = _without_common(_terms(texts, own.terms, rng), texts)
    lists = _loaded(terms, "", values)
    for name, text in texts.items():
        values |= _speeds(lists, name, text, repeats)
    split = _compiled(terms, lists=_LISTS)
    names = _compiled([term for term in terms if not term.isascii() and len(term) in _NAME_CHARS], match="name")
    for name, text in texts.items():
        values[f"{name}_{_LISTS}_lists_mb_per_s"] = _speed(split, text, repeats)
    values["zh_names_mb_per_s"] = _speed(names, texts["zh"], repeats)
    values["held_back_us"] = 1e6 * _fastest(lambda: [lists.held_back(texts["zh"][: 50 * n]) for n in range(40)], 3) / 40
    if not options.quick:
        _loaded(_terms(texts, 10 * own.terms, rng), "tenfold_", values)
    rows += [f"| {name} | {value:.4g} |" for name, value in {"terms": len(terms), **values}.items()]
    misses = [
        f"{name} = {values[name]:.3g}, wanted {word} {bound:g}"
        for name, (bound, word) in TARGETS.items()
        if values[name] < bound
    ]
    return Report(values, "\n".join(rows), misses)


def _texts(folder: str) -> list[str]:
    path = DATA / folder / "data.jsonl.gz"
    if not path.is_file():
        raise SystemExit(f"{path} is missing")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line)["text"] for line in lines]


def _terms(texts: dict[str, str], count: int, rng: random.Random) -> list[str]:
    """Chinese terms of 2 to 6 characters and Latin ones of 4 to 10 letters, by how common characters and pairs are."""
    han = Counter(one for one in texts["zh"] if "\u4e00" <= one <= "\u9fff")
    pairs = Counter(a + b for a, b in pairwise(texts["en"].lower()) if (a + b).isascii() and (a + b).isalpha())
    found: set[str] = set()
    for half, pieces, lengths in ((count // 2, han, (2, 3, 3, 4, 4, 5, 6)), (count, pairs, (2, 3, 3, 4, 5))):
        units, weights = list(pieces), list(pieces.values())
        while len(found) < half:
            found.add("".join(rng.choices(units, weights, k=rng.choice(lengths))))
    return sorted(found)


def _without_common(terms: list[str], texts: dict[str, str]) -> list[str]:
    lists = _compiled(terms)
    seen = Counter(
        match.term for text in texts.values() for piece in _pieces(text, _PIECE) for match in lists.match(piece).matches
    )
    return [term for term in terms if seen[term] <= _COMMON]


def _compiled(terms: list[str], *, lists: int = 1, match: str = "") -> Lists:
    """The terms in some lists, one after the other; `match` is the rule of all, or each has its script's."""
    with tempfile.TemporaryDirectory() as folder:
        rule = f'match = "{match}"\n' if match else ""
        for number in range(lists):
            header = f'name = "list-{number}"\nkind = "block"\ncategory = "spam"\nterms_file = "terms-{number}.txt"\n'
            (Path(folder) / f"list-{number}.toml").write_text(header + rule)
            (Path(folder) / f"terms-{number}.txt").write_text("\n".join(terms[number::lists]))
        return load_lists([Path(folder)])


def _loaded(terms: list[str], prefix: str, values: dict[str, float]) -> Lists:
    gc.collect()
    before, began = _resident_mb(), perf_counter()
    lists = _compiled(terms)
    values[f"{prefix}load_s"] = perf_counter() - began
    gc.collect()
    values[f"{prefix}memory_mb"] = _resident_mb() - before
    return lists


def _speeds(lists: Lists, name: str, text: str, repeats: int) -> dict[str, float]:
    short = _pieces(text, _SHORT)[:1_000]
    matches = sum(len(lists.match(piece).matches) for piece in _pieces(text, _PIECE))
    return {
        f"{name}_mb_per_s": _speed(lists, text, repeats),
        f"{name}_matches_per_kb": 1e3 * matches / len(text.encode()),
        f"{name}_us_per_{_SHORT}_chars": 1e6 * _fastest(lambda: [lists.match(one) for one in short], 3) / len(short),
    }


def _speed(lists: Lists, text: str, repeats: int) -> float:
    pieces = _pieces(text, _PIECE)
    return len(text.encode()) / 1e6 / _fastest(lambda: [lists.match(piece) for piece in pieces], repeats)


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _fastest(work: Callable[[], object], repeats: int) -> float:
    """The lower quartile of some runs' processor time: what disturbs a run only makes it longer."""
    times: list[float] = []
    for _ in range(max(repeats, 3)):
        began = thread_time()
        work()
        times.append(thread_time() - began)
    return statistics.quantiles(times, n=4)[0]


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
