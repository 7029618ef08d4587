"""Sentences as pictures and as speech, made with the machine's fonts and speech engine."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont


def cjk_font() -> Path:
    """A font with Chinese characters.

    Raises:
        AssertionError: naming the package that brings one.
    """
    listed = subprocess.run(["fc-list", ":lang=zh", "file"], capture_output=True, text=True, check=True).stdout
    files = [Path(line.partition(":")[0]) for line in listed.splitlines()]
    assert files, "no Chinese font: install fonts-noto-cjk (tools/install-system-packages)"
    return next((file for file in sorted(files) if "Sans" in file.name and "Regular" in file.name), files[0])


def picture_of(*lines: str, size: int = 36, font: Path | None = None) -> bytes:
    """A PNG with lines of text, black on white."""
    loaded = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    width = max(int(loaded.getlength(line)) for line in lines) + 80
    image = Image.new("RGB", (width, (size * 2) * len(lines) + 60), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((40, 30 + number * size * 2), line, font=loaded, fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def speech_of(text: str) -> bytes:
    """A WAV in which a synthetic English voice says a sentence."""
    program = shutil.which("espeak-ng")
    assert program, "no speech engine: install espeak-ng (tools/install-system-packages)"
    return subprocess.run([program, "-s", "130", "--stdout", text], capture_output=True, check=True).stdout
