"""Real media made on the fly, for tests of decoding."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

SHARED_MEDIA = Path(__file__).resolve().parents[3] / "shared" / "data" / "media"


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    with io.BytesIO() as buffer:
        image.save(buffer, form, **options)
        return buffer.getvalue()


def picture(width: int = 40, height: int = 30) -> Image.Image:
    """Four quarters of different colours, so that every turn shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    return Image.fromarray(pixels)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def png_header(width: int, height: int) -> bytes:
    """A PNG that states a size and holds next to no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def gif_of(frames: int, *, frame_size: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF written block by block: Pillow would take minutes for thousands of frames."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame_size, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def animation(form: str, frames: int) -> bytes:
    """Frame i has grey level i * 10."""
    levels = [Image.new("RGB", (8, 8), (10 * index,) * 3) for index in range(frames)]
    options = {"lossless": True} if form == "WEBP" else {}
    return encoded(levels[0], form, save_all=True, append_images=levels[1:], duration=50, **options)


def tone(seconds: float, *, rate: int = 16_000, level: float = 0.5) -> npt.NDArray[np.float32]:
    time_s = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)


def wav(samples: npt.NDArray[np.float32], *, rate: int = 16_000, channels: int = 1) -> bytes:
    with io.BytesIO() as buffer:
        with wave.open(buffer, "wb") as writer:
            writer.setnchannels(channels)
            writer.setsampwidth(2)
            writer.setframerate(rate)
            writer.writeframes((samples * 32767).astype("<i2").tobytes())
        return buffer.getvalue()


def float_wav(samples: npt.NDArray[np.float32], *, rate: int = 16_000) -> bytes:
    body = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, rate, rate * 4, 4, 32)
    riff = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def compressed(samples: npt.NDArray[np.float32], container: str, codec: str, *, rate: int = 48_000) -> bytes:
    """Samples as `mp3`, `flac`, `ogg` or `ipod` (m4a) by PyAV."""
    with io.BytesIO() as buffer:
        with av.open(buffer, "w", format=container) as output:
            stream = output.add_stream(codec, rate=rate, layout="mono")
            frame = av.AudioFrame.from_ndarray(
                (samples * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono"
            )
            frame.sample_rate = rate
            resampler = av.AudioResampler(
                format=stream.codec_context.format, layout="mono", rate=rate, frame_size=stream.frame_size
            )
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                output.mux(stream.encode(piece))
            output.mux(stream.encode(None))
        return buffer.getvalue()
