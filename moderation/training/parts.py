"""Which part of the split a row falls into: trained on, calibrated on, or measured on.

By its group, so that texts that hang together are never on both sides: spellings of one text, one template or attack in
many texts (`near`), one mail with and without an attack.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence

from moderation.training.rows import Row

TRAIN, CALIBRATE, MEASURE = range(3)
MEASURED_ONLY = "project-measured:"  # begins the groups of `measured.toml`, by another hand and never trained on
TRAINED_ONLY = "trained-only:"  # begins the groups of texts that are of few templates: they measure nothing

_MARKS = re.compile(r"[\W_]+")
_SHINGLE = 12
_EVERY = 4  # one shingle in so many is compared


def part_of(group: str, seed: int) -> int:
    """Which part a group falls into: 65 % train, 10 % calibrate, 25 % measure."""
    if group.startswith(MEASURED_ONLY):
        return MEASURE
    if group.startswith(TRAINED_ONLY):
        return TRAIN
    digest = hashlib.sha256(f"{seed} {group}".encode("utf-8", "surrogatepass")).digest()
    return (*[MEASURE] * 5, *[CALIBRATE] * 2, *[TRAIN] * 13)[int.from_bytes(digest[:4]) % 20]


def split_digest(rows: Sequence[Row], seed: int) -> str:
    """What rows are held back from training, and in which part, in one value: SHA-256, whatever their order."""
    held = sorted(f"{part} {row.text}" for row in rows if (part := part_of(row.group, seed)) != TRAIN)
    return hashlib.sha256("\0".join(held).encode("utf-8", "surrogatepass")).hexdigest()


def bare(text: str) -> str:
    """A text without case, blanks and marks: two spellings of one are equal."""
    return _MARKS.sub("", text.casefold())


def near(texts: Sequence[str], *, share: float = 0.4) -> list[str]:
    """Of each text a name that it has in common with all that are near it, through others too.

    Two are near if they have that share of the longer one's stretches of twelve characters in common: the template of a
    jailbreak with another question in it.
    """
    leader = list(range(len(texts)))

    def head(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    stretches = [_stretches(bare(text)) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    for index, own in enumerate(stretches):
        common: dict[int, int] = defaultdict(int)
        for stretch in own:
            for other in holders[stretch]:
                common[other] += 1
            holders[stretch].append(index)
        for other in sorted(common, reverse=True):  # a set has another order in every run: so would names, and parts
            if common[other] >= share * max(len(own), len(stretches[other])):
                leader[head(index)] = head(other)
    return [bare(texts[head(index)]) for index in range(len(texts))]


def _stretches(text: str) -> set[str]:
    """Some of a text's stretches, the same ones in every text; all of a short one's."""
    found = {text[start : start + _SHINGLE] for start in range(max(1, len(text) - _SHINGLE + 1))}
    chosen = {one for one in found if hashlib.blake2b(one.encode(), digest_size=1).digest()[0] % _EVERY == 0}
    return chosen if len(chosen) >= _EVERY else found
