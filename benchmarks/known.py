"""How fast is a look among a million hashes, does it miss any, and what does a bank cost to load and to hold?

The hashes are random, half of the looks are for one of them with as many other bits as may be, spread at random and as
badly as can be. Beside the index, the time of comparing with every hash: what it would be without one, and what is done
where picking out does not pay. All on one core.
"""

from __future__ import annotations

import argparse
import csv
import gc
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from benchmarks.machine import Report
from moderation.known.bank import THRESHOLD
from moderation.known.index import NearIndex
from moderation.known.store import load_banks
from moderation.models.hashing import pdq, pdq_turned

HASHES = 1_000_000
TARGETS = {"look_p50_ms": (5.0, "at most"), "recall": (1.0, "at least")}
_PICTURE = (1_200, 1_600)


def run(options: argparse.Namespace, rest: Sequence[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m benchmarks known")
    parser.add_argument("--hashes", type=int, default=HASHES)
    own = parser.parse_args(rest)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        values = _measured(own.hashes, 200 if options.quick else 2_000, np.random.default_rng(options.seed))
    finally:
        os.sched_setaffinity(0, cores)
    rows = ["| what | measured |", "| --- | --- |", *(f"| {name} | {value:.4g} |" for name, value in values.items())]
    misses = [
        f"{name} = {values[name]:.3g}, wanted {word} {bound:g}"
        for name, (bound, word) in TARGETS.items()
        if (values[name] > bound if word == "at most" else values[name] < bound)
    ]
    return Report(values, "\n".join(rows), misses)


def _measured(count: int, looks: int, rng: np.random.Generator) -> dict[str, float]:
    hashes = rng.integers(0, 256, (count, 32), np.uint8)
    gc.collect()
    before, began = _resident_mb(), perf_counter()
    index = NearIndex(hashes)
    values: dict[str, float] = {"hashes": count, "looks": looks, "index_s": perf_counter() - began}
    values["index_mb"] = _resident_mb() - before
    wanted = rng.integers(0, count, looks // 2)
    near = [_changed(hashes[row], rng, worst=bool(place % 2)) for place, row in enumerate(wanted.tolist())]
    strange = [one.tobytes() for one in rng.integers(0, 256, (looks - len(near), 32), np.uint8)]
    queries = [*near, *strange]
    order = rng.permutation(len(queries))
    values |= _times("look", [queries[place] for place in order], lambda data: index.find(data, THRESHOLD))
    found = sum(int(row) in index.find(data, THRESHOLD)[0] for row, data in zip(wanted, near, strict=True))
    values["recall"] = found / len(near)
    words = [np.frombuffer(data, np.uint64) for data in queries[:100]]
    values |= _times("compare_all", words, lambda one: index._among_all(one, THRESHOLD))
    index = NearIndex(hashes[:0])  # its memory is not that of what is loaded next
    values["load_s"] = _load_s(hashes)
    pixels = rng.integers(0, 256, (*_PICTURE, 3), np.uint8)
    values |= _times("hash_1600x1200", [pixels] * 30, pdq)
    values |= _times("hash_1600x1200_turned", [pixels] * 30, pdq_turned)
    return values


def _changed(own: npt.NDArray[np.uint8], rng: np.random.Generator, *, worst: bool) -> bytes:
    """Other in `THRESHOLD` bits: any, or two of each 16, so that no piece is the same."""
    places = rng.choice(256, THRESHOLD, replace=False)
    if worst:
        each = [16 * piece + bit for piece in range(16) for bit in rng.choice(16, 2, replace=False)]
        places = np.delete(each, rng.integers(len(each)))
    bits = np.unpackbits(own)
    bits[places] ^= 1
    return np.packbits(bits).tobytes()


def _times(name: str, items: Sequence[object], work: Callable[..., object]) -> dict[str, float]:
    work(items[0])
    times = []
    for item in items:
        began = perf_counter()
        work(item)
        times.append(1e3 * (perf_counter() - began))
    return {f"{name}_p{part}_ms": float(np.percentile(times, part)) for part in (50, 95, 99)}


def _load_s(hashes: npt.NDArray[np.uint8]) -> float:
    """From a CSV file with names to banks that can be looked in."""
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "b.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("id", "hash", "quality"))
            writer.writerows((f"n{number}", one.tobytes().hex(), 100) for number, one in enumerate(hashes))
        (Path(folder) / "b.toml").write_text('name = "b"\nhashes = "b.csv"\n')
        began = perf_counter()
        load_banks([Path(folder)])
        return perf_counter() - began


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
