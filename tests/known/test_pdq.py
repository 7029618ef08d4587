"""PDQ against hashes that its authors' code makes, and against what must not change a hash."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.hashes import pattern, photo
from support.media_files import SHARED_MEDIA

from moderation.models.hashing import MIN_QUALITY, Turn, pdq, pdq_turned

REFERENCE = json.loads((Path(__file__).parent / "pdq_reference.json").read_text())["pictures"]
# Published in ThreatExchange: hashes of one photograph after changes, with the name of the file that each is of.
BRIDGE = {
    "aaa-orig.jpg": "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22",
    "blur-a-lot.jpg": "f8f8f0cee0f4a84f0637022a038f67f0b36e2ed596621e1d33e6b39c4e9c9b22",
    "high-contrast.jpg": "f8f8f0cee0f4a84f06370a2a068f67f0b36e2ed596621e1d33e6339c4e9c9b22",
    "shrink-a-lot.jpg": "d0f8f1ccc0f4a84d0a370a3a228f67f0b36e2ed5b6623e1d33e6339c4e9c9b22",
    "square-512x512.jpg": "d8f8f0cec0f4a84f0637022a278f67f0b36e2ed596621e1d33e6339c4e9c9b22",
}


def differing(first: bytes, second: bytes) -> int:
    return (int.from_bytes(first) ^ int.from_bytes(second)).bit_count()


@pytest.mark.parametrize("row", REFERENCE, ids=lambda row: f"{row['width']}x{row['height']}")
def test_hashes_are_those_of_the_reference(row: dict[str, Any]) -> None:
    pixels = pattern(row["width"], row["height"], row["seed"])
    found = pdq_turned(pixels)
    assert [one.hex for one in found.values()] == row["hashes"]
    assert {one.quality for one in found.values()} == {row["quality"]}
    assert pdq(pixels) == found[Turn.ORIGINAL]


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "wanted"), BRIDGE.items())
def test_published_photographs_have_their_published_hashes(name: str, wanted: str) -> None:
    with Image.open(SHARED_MEDIA / "benign-images" / "files" / f"threatexchange_bridge-mods_{name}") as opened:
        found = pdq(np.asarray(opened.convert("RGB")))
    assert differing(found.data, bytes.fromhex(wanted)) <= 2  # decoders of JPEG may differ
    assert found.quality == 100


TURNED = {
    Turn.ROTATE_180: lambda pixels: np.rot90(pixels, 2),
    Turn.FLIP_VERTICAL: lambda pixels: pixels[::-1],
    Turn.FLIP_HORIZONTAL: lambda pixels: pixels[:, ::-1],
    Turn.TRANSPOSE: lambda pixels: pixels.transpose(1, 0, 2),
    Turn.ROTATE_90: lambda pixels: np.rot90(pixels, 1),
    Turn.ROTATE_270: lambda pixels: np.rot90(pixels, 3),
    Turn.TRANSVERSE: lambda pixels: np.rot90(pixels, 2).transpose(1, 0, 2),
}


@pytest.mark.parametrize("turn", TURNED)
def test_a_turned_picture_has_the_hash_foretold(turn: Turn) -> None:
    even, odd = (
        photo(1, 512, 512),
        photo(1, 320, 320),
    )  # an even window is not quite in the middle
    assert differing(pdq_turned(odd)[turn].data, pdq(TURNED[turn](odd)).data) == 0
    assert differing(pdq_turned(even)[turn].data, pdq(TURNED[turn](even)).data) <= 31
    assert differing(pdq(even).data, pdq(TURNED[turn](even)).data) > 80


@pytest.mark.parametrize("seed", range(8))
def test_saving_shrinking_and_fading_change_little(seed: int) -> None:
    pixels = photo(seed)
    own = pdq(pixels)
    assert own.quality >= MIN_QUALITY
    small = Image.fromarray(pixels).resize((160, 120), Image.Resampling.LANCZOS)
    with io.BytesIO() as saved:
        small.save(saved, "JPEG", quality=40)
        found = np.asarray(Image.open(saved))
    faded = (pixels * 0.7 + 60).astype(np.uint8)
    assert differing(own.data, pdq(found).data) <= 31
    assert differing(own.data, pdq(faded).data) <= 31


def test_other_pictures_are_far_away() -> None:
    hashes = [pdq(photo(seed)).data for seed in range(20)]
    nearest = min(differing(one, other) for place, one in enumerate(hashes) for other in hashes[:place])
    assert nearest > 60


@pytest.mark.parametrize("side", [(4, 100), (100, 4), (1, 1)])
def test_too_few_pixels_have_no_hash(side: tuple[int, int]) -> None:
    found = pdq(np.full((*side, 3), 200, np.uint8))
    assert (found.data, found.quality) == (bytes(32), 0)
    assert set(pdq_turned(np.zeros((*side, 3), np.uint8))) == set(Turn)


def test_a_plain_picture_has_no_quality() -> None:
    assert pdq(np.full((300, 300, 3), 255, np.uint8)).quality == 0
    assert pdq(pattern(300, 200, 3)[:, ::-1]).quality > MIN_QUALITY, "pixels need not lie in order"
