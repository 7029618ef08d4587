"""Encoded sound -> 16 kHz mono samples, under limits. Runs in the decoder process only.

The demuxer is chosen by content from a short list and never probed, so that no playlist, image or network
format is ever tried, and it reads from memory only. Judged is the first audio stream, its channels mixed to
one; where they cancel each other, the loudest alone. Not seen are further streams, and different speech
spoken in two channels at once is judged as it sounds: together.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import av.error
import numpy as np
import numpy.typing as npt

from moderation.errors import TooLargeError, UndecodableError
from moderation.limits import Limits
from moderation.media.decoded import SAMPLE_RATE_HZ, Counts, Waveform
from moderation.media.readers import File, Find

DEMUXERS = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/mp4": "mp4",
}
CODECS = frozenset({"mp3", "mp3float", "flac", "vorbis", "opus", "libopus", "libvorbis", "aac", "alac"})

_NO_LENGTH = 0x7FFF_0000  # recorders that write to a pipe state this or more: the length is not known
_MAX_CHANNELS = 64
_CANCELLED = 0.1  # of the loudest channel's energy; speech in one of two channels keeps a quarter


def read(file: File) -> Iterator[Find]:
    """The samples of the first audio stream.

    Raises:
        TooLargeError: `audio_too_long`.
        UndecodableError: `undecodable_audio`, `unsupported_audio_format`, `truncated_audio`, `empty_audio`.
        MemoryError: the process's address space ran out.
    """
    data, demuxer = file.data, DEMUXERS[file.mime]
    if demuxer == "wav":
        _check_wav(data)
    try:
        samples = _read(data, demuxer, file.limits)
    except (av.error.FFmpegError, ValueError, LookupError, RuntimeError, ArithmeticError) as error:
        if isinstance(error, MemoryError):
            raise
        raise _undecodable("its data cannot be decoded") from error
    if not len(samples):
        raise UndecodableError("the audio holds no samples", code="empty_audio")
    if not np.isfinite(samples).all():
        raise _undecodable("it holds samples that are not numbers")
    waveform = Waveform(np.clip(samples, -1.0, 1.0))
    yield Counts(duration_s=waveform.duration_s)
    yield waveform


def _check_wav(data: bytes) -> None:
    """Refuses a WAV whose samples end before its header says: its rest would go unjudged."""
    order = "big" if data[:4] == b"RIFX" else "little"
    offset = 12
    while offset + 8 <= len(data):
        size = int.from_bytes(data[offset + 4 : offset + 8], "big" if order == "big" else "little")
        if data[offset : offset + 4] == b"data":
            if size < _NO_LENGTH and offset + 8 + size > len(data):
                raise UndecodableError(
                    f"the audio is cut off: {len(data) - offset - 8} of {size} bytes of samples are there",
                    code="truncated_audio",
                )
            return
        offset += 8 + size + (size & 1)
    raise _undecodable("the WAV has no data chunk")


def _read(data: bytes, demuxer: str, limits: Limits) -> npt.NDArray[np.float32]:
    options = {"protocol_whitelist": "none", "format_whitelist": "wav,mp3,flac,ogg,mov,mp4"}
    with av.open(io.BytesIO(data), mode="r", format=demuxer, options=options) as container:
        if not container.streams.audio:
            raise _undecodable("it has no audio stream")
        stream = container.streams.audio[0]
        context = stream.codec_context
        if context is None:
            raise _undecodable("its codec is not known")
        if context.name not in CODECS and not context.name.startswith("pcm_"):
            raise _undecodable(f"its codec {context.name} is not accepted")
        if context.channels > _MAX_CHANNELS:
            raise UndecodableError(
                f"audio of {context.channels} channels is not accepted; at most {_MAX_CHANNELS} are",
                code="unsupported_audio_format",
            )
        stated_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        if stated_s > limits.max_duration_s:
            raise _too_long(limits)
        context.thread_count = 1
        pieces: list[npt.NDArray[np.float32]] = []
        left = int(limits.max_duration_s * SAMPLE_RATE_HZ)
        for piece in _resampled(container, stream):
            left -= len(piece)
            if left < 0:
                raise _too_long(limits)
            pieces.append(piece)
    if demuxer == "flac" and sum(map(len, pieces)) < (stated_s - 0.1) * SAMPLE_RATE_HZ:
        raise UndecodableError("the audio is cut off before its stated length", code="truncated_audio")
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _resampled(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[npt.NDArray[np.float32]]:
    """Mono pieces at the speech models' rate; a stream that changes its form starts a new resampler."""
    resampler: av.AudioResampler | None = None
    form: tuple[str, str, int] | None = None
    for frame in container.decode(stream):
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != form:
            if resampler is not None:
                yield from _mono(resampler, None)
            resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=SAMPLE_RATE_HZ)
            form = now
        frame.pts = None  # stamps with holes would be filled with made-up samples
        yield from _mono(resampler, frame)
    if resampler is not None:
        yield from _mono(resampler, None)


def _mono(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[npt.NDArray[np.float32]]:
    for piece in resampler.resample(frame):
        # packed: of eight planes or more PyAV reads past the list, and the process dies
        yield _mix(piece.to_ndarray().reshape(-1, piece.layout.nb_channels).T)


def _mix(channels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mean of all channels, or the loudest one where they cancel each other or all others are silent."""
    mixed: npt.NDArray[np.float32] = channels.mean(axis=0, dtype=np.float32)
    energy = np.square(channels).mean(axis=1)
    loudest = int(energy.argmax())
    if np.square(mixed).mean() < _CANCELLED * energy[loudest]:
        return np.ascontiguousarray(channels[loudest])
    return mixed


def _too_long(limits: Limits) -> TooLargeError:
    return TooLargeError(f"the audio is longer than {limits.max_duration_s:g} s", code="audio_too_long")


def _undecodable(why: str) -> UndecodableError:
    return UndecodableError(f"not audio that can be decoded: {why}", code="undecodable_audio")
