"""Pictures, hashes and banks for tests of known content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.known.banks import Banks
from moderation.known.store import load_banks
from moderation.media.decoded import Image, Place


def pattern(width: int, height: int, seed: int) -> npt.NDArray[np.uint8]:
    """Curved bands, by whole numbers alone, so that they are the same wherever they are made."""
    across, down = np.arange(width)[None, :], np.arange(height)[:, None]
    wide = [(across * across * (3 + seed) + down * down * 5 + across * down * place) for place in (1, 2, 4)]
    return np.stack([one * 4 // (width + height) % 256 for one in wide], axis=-1).astype(np.uint8)


def photo(seed: int, width: int = 320, height: int = 240) -> npt.NDArray[np.uint8]:
    """Soft blots with grain, as photographs have."""
    rng = np.random.default_rng(seed)
    across, down = np.linspace(0, 1, width)[None, :], np.linspace(0, 1, height)[:, None]
    light = np.zeros((height, width))
    for _ in range(40):
        x, y, size, strength = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.02, 0.2), rng.uniform(-1, 1)
        light += strength * np.exp(-((across - x) ** 2 + (down - y) ** 2) / size**2)
    light = 255 * (light - light.min()) / np.ptp(light)
    found: npt.NDArray[np.uint8] = np.clip(light[..., None] + rng.normal(0, 4, (height, width, 3)), 0, 255).astype("u1")
    return found


def image(pixels: npt.NDArray[np.uint8], **place: object) -> Image:
    height, width = pixels.shape[:2]
    return Image(pixels, width, height, Place(**place))  # type: ignore[arg-type]


def changed(data: bytes, bits: int, seed: int = 0) -> bytes:
    """A hash with so many other bits."""
    places = np.random.default_rng(seed).choice(8 * len(data), bits, replace=False)
    number = int.from_bytes(data)
    for place in places.tolist():
        number ^= 1 << place
    return number.to_bytes(len(data))


def write_bank(folder: Path, rows: Sequence[dict[str, object]], *, name: str = "bank", head: str = "") -> Path:
    """A bank with its hashes as JSON lines; `head` is more of the TOML."""
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / f"{name}.toml"
    path.write_text(f'name = "{name}"\nhashes = "{name}.jsonl"\n{head}')
    return path


def banked(folder: Path, rows: Sequence[dict[str, object]], *, name: str = "bank", head: str = "") -> Banks:
    write_bank(folder, rows, name=name, head=head)
    return load_banks([folder])
