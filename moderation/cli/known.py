"""`moderation known hash FILE…`: rows for a bank of known content, made of files of one's own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from moderation.cli.common import ALLOW, ERROR, complain, say, show
from moderation.config import load_settings
from moderation.errors import InvalidRequestError, ModerationError, StageError, TooLargeError
from moderation.known.prints import Print, Wanted, prints_of
from moderation.known.signals import OF_FILES, Frame, Kind, frames_written
from moderation.limits import Limits
from moderation.media.decoded import Image
from moderation.media.decoder import Decoder
from moderation.media.sniff import sniff
from moderation.models.hashing import Turn
from moderation.schema import Modality
from moderation.wire import clean

_DEADLINE_S = 60.0
SHOWN = "shown"  # by what is to be seen: pdq or vpdq, as fits
Row = dict[str, object]


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the group to the command line."""
    group = groups.add_parser("known", help="make banks of known content").add_subparsers(dest="action", required=True)
    command = group.add_parser(
        "hash", help="hashes of files, as rows of a bank", description="Rows for a .jsonl file of hashes; no content."
    )
    command.add_argument("file", nargs="+", metavar="FILE", help="image, animation or video; any file with md5 …")
    words = [SHOWN, *sorted(OF_FILES)]
    command.add_argument("--signal", choices=words, default=SHOWN, help="what a file is known again by")
    command.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    command.set_defaults(run=lambda options: asyncio.run(_hash(options)))


async def _hash(options: argparse.Namespace) -> int:
    settings = load_settings(options.config)
    decoder = Decoder(settings.limits, processes=1)
    status, is_shown = ALLOW, options.signal == SHOWN
    async with contextlib.AsyncExitStack() as last:
        if is_shown:
            await decoder.start()
            last.push_async_callback(decoder.close)
        for name in options.file:
            try:
                data = _bytes_of(name, settings.limits)
                rows = await _shown(name, data, decoder) if is_shown else [_whole(name, data, Kind(options.signal))]
            except ModerationError as error:
                complain(f"{clean(name)}: {error.message} [{error.code}]")
                status = ERROR
                continue
            for row in rows:
                show(json.dumps(row, ensure_ascii=False))
            if not rows:
                say(f"{clean(name)}: there is too little to see on it for a hash; --signal sha256 knows the file")
    return status


def _bytes_of(name: str, limits: Limits) -> bytes:
    try:
        with Path(name).open("rb") as file:
            data = file.read(limits.max_media_bytes + 1)
    except OSError as error:
        raise InvalidRequestError(str(error.strerror), code="no_such_file", param=name) from None
    if len(data) > limits.max_media_bytes:
        raise TooLargeError(f"over {limits.max_media_bytes} bytes", code="media_too_large", param=name)
    return data


def _whole(name: str, data: bytes, kind: Kind) -> Row:
    found = prints_of((), data, Wanted((kind,))).files[kind]
    return {"id": Path(name).name, "signal": kind, "hash": found.hex()}


async def _shown(name: str, data: bytes, decoder: Decoder) -> list[Row]:
    modality = sniff(data).modality
    if modality not in (Modality.IMAGE, Modality.VIDEO):
        raise InvalidRequestError("neither image nor video; --signal sha256 knows any file", code="unknown_input")
    decoded = await decoder.decode(modality, data, deadline_s=_DEADLINE_S)
    if not decoded.images:
        raise StageError("nothing of it could be decoded", code="decoder_failed")
    return list(rows_of(Path(name).name, decoded.images))


def rows_of(name: str, images: Sequence[Image]) -> Iterator[Row]:
    """A row for the frames of an animation or a video, one for each picture that is none; only of sure hashes."""
    sure = [one for one in prints_of(images, None, Wanted((Kind.PDQ,))).pictures if one.is_sure]
    frames = [_frame(one) for one in sure if one.place.frame is not None]
    if frames:
        yield {"id": name, "signal": Kind.VPDQ, "hash": frames_written(frames)}
    stills = {one.turns[Turn.ORIGINAL]: one.quality for one in sure if one.place.frame is None}
    for data, quality in stills.items():
        yield {"id": name, "signal": Kind.PDQ, "hash": data.hex(), "quality": quality}


def _frame(one: Print) -> Frame:
    place = one.place
    time_s = place.time_s[0] if place.time_s is not None else float(place.frame or 0)
    return Frame(one.turns[Turn.ORIGINAL], one.quality, time_s)
