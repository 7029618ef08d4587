"""One medium and all files in it -> what was found, within one budget. Runs in the decoder process only.

The file that was sent must be whole, or it is an error. A file in it that cannot be read is a gap of the whole; so is
whatever the budget leaves out. Equal files in a medium are read once, and told of where the first stands.
"""

from __future__ import annotations

import hashlib
import importlib
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import Protocol, cast

from moderation.errors import InputError
from moderation.limits import Limits
from moderation.media.decoded import NOWHERE, SAMPLE_RATE_HZ, Counts, Decoded, FoundText, Image, Place, Unread, Waveform
from moderation.media.kinds import KINDS, Kind, kind_of
from moderation.media.readers import Embedded, File, Find, PastLimitError
from moderation.media.sniff import sniff
from moderation.schema import Modality

_MOST_PLACES = 20  # that are told of one reason; others are told without a place
_MOST_NAME_CHARS = 200
_TIME_SHARE = 0.8  # of the deadline; then what was found is handed over


def read(modality: Modality, data: bytes, limits: Limits, *, deadline_s: float = math.inf) -> Decoded:
    """All that is found in a medium.

    Args:
        modality: the type of the part it was sent as.
        deadline_s: a little before it, reading ends with what was found.

    Raises:
        TooLargeError, UndecodableError: the file itself cannot be read.
        MemoryError: the process's address space ran out.
    """
    sniffed = sniff(data)
    kind = kind_of(modality, sniffed)
    reading = _Reading(limits, monotonic() + _TIME_SHARE * deadline_s)
    try:
        reading.file(kind, data, sniffed.mime, NOWHERE, depth=0)
    except _LateError:
        reading.miss("decoder_timeout", NOWHERE)
    return reading.decoded()


class _LateError(Exception):
    """Time is up, for all files."""


class _Reading:
    """What was found so far, and what is left; the `Room` of all readers."""

    def __init__(self, limits: Limits, until_s: float) -> None:
        self._limits = limits
        self._until_s = until_s
        self._unpacked_left = limits.max_unpacked_bytes
        self._members_left = limits.max_members
        self._bytes_left = limits.max_picture_bytes
        self._samples_left = int(limits.max_sounds_s * SAMPLE_RATE_HZ)
        self._chars_left = limits.max_found_chars
        self._images: list[Image] = []
        self._sounds: list[Waveform] = []
        self._texts: list[FoundText] = []
        self._unread: dict[Unread, None] = {}
        self._told: dict[str, int] = {}
        self._seen: set[bytes] = set()
        self._counts = Counts()

    @property
    def pictures_left(self) -> int:
        return max(0, self._limits.max_pictures - len(self._images)) if self._bytes_left > 0 else 0

    @property
    def is_late(self) -> bool:
        return monotonic() > self._until_s

    def unpack(self, size_bytes: int) -> None:
        if size_bytes > self._unpacked_left:
            self._unpacked_left = 0
            raise PastLimitError("unpacked_past_limit")
        self._unpacked_left -= size_bytes

    def decoded(self) -> Decoded:
        return Decoded(tuple(self._images), tuple(self._sounds), tuple(self._texts), tuple(self._unread), self._counts)

    def miss(self, reason: str, place: Place) -> None:
        """Notes what was not read, a reason at a bounded number of places."""
        told = self._told[reason] = self._told.get(reason, 0) + 1
        self._unread[Unread(reason, place if told <= _MOST_PLACES else NOWHERE)] = None

    def file(self, kind: Kind, data: bytes, mime: str, place: Place, *, depth: int) -> None:
        """Reads a file with all readers of its kind; raises what the first of them raises."""
        file = File(data, mime, self._limits, self)
        first, *others = kind.readers
        self._ask(first, file, place, depth)
        for name in others:
            with _Missing(self, place):
                self._ask(name, file, place, depth)

    def _ask(self, name: str, file: File, place: Place, depth: int) -> None:
        finds: Iterator[Find] = importlib.import_module(name).read(file)
        try:
            with closing(cast("_Closable", finds)):
                for find in finds:
                    self._take(find, place, depth)
                    if self.is_late:
                        break
        except PastLimitError as error:
            self.miss(error.reason, place)
        if self.is_late:  # looked at here too: a reader may have ended of itself, with nothing left to find in time
            raise _LateError

    def _take(self, find: Find, outer: Place, depth: int) -> None:
        match find:
            case Embedded():
                with _Missing(self, _place_of(find, outer)):
                    self._open(find, _place_of(find, outer), depth + 1)
            case Image():
                self._image(find, find.place.within(outer))
            case Waveform():
                self._sound(find, find.place.within(outer))
            case FoundText():
                self._text(find, find.place.within(outer))
            case Unread():
                self.miss(find.reason, find.place.within(outer))
            case Counts():
                self._counts = self._counts if depth else find

    def _open(self, find: Embedded, place: Place, depth: int) -> None:
        if depth > self._limits.max_depth:
            raise PastLimitError("depth_past_limit")
        if self._members_left <= 0:
            raise PastLimitError("members_past_limit")
        self._members_left -= 1
        data = find.open(self._unpacked_left)
        self.unpack(len(data))
        digest = hashlib.sha256(data).digest()
        if not data or digest in self._seen:
            return
        self._seen.add(digest)
        sniffed = sniff(data)
        kind = KINDS.get(sniffed.mime)
        if kind is None:
            self.miss("unsupported_member_format", place)
        else:
            self.file(kind, data, sniffed.mime, place, depth=depth)

    def _image(self, image: Image, place: Place) -> None:
        if not self.pictures_left:
            self.miss("pictures_past_limit", place)
            return
        self._bytes_left -= image.pixels.nbytes
        self._images.append(replace(image, place=place))

    def _sound(self, sound: Waveform, place: Place) -> None:
        if len(self._sounds) == self._limits.max_sounds or self._samples_left <= 0:
            self.miss("sounds_past_limit", place)
            return
        self._samples_left -= len(sound.samples)
        self._sounds.append(replace(sound, place=place))

    def _text(self, found: FoundText, place: Place) -> None:
        if not found.text.strip():
            return
        if len(self._texts) == self._limits.max_found_texts or self._chars_left <= 0:
            self.miss("texts_past_limit", place)
            return
        text = _encodable(found.text[: self._chars_left])
        if len(text) < len(found.text):
            self.miss("texts_past_limit", place)
        self._chars_left -= len(text)
        self._texts.append(replace(found, text=text, place=place))


class _Closable(Protocol):
    """A generator: what it holds open is closed when nobody asks any more."""

    def __iter__(self) -> Iterator[Find]: ...

    def close(self) -> None: ...


class _Missing:
    """What goes wrong inside is a gap of the whole, told with its place."""

    def __init__(self, reading: _Reading, place: Place) -> None:
        self._reading = reading
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        match error:
            case _LateError():
                return False
            case InputError():
                self._reading.miss(error.code, self._place)
            case PastLimitError():
                self._reading.miss(error.reason, self._place)
            case MemoryError():
                self._reading.miss("decoder_out_of_memory", self._place)
            case Exception():
                self._reading.miss("decoder_failed", self._place)
        return isinstance(error, Exception)


def _place_of(find: Embedded, outer: Place) -> Place:
    """The place of a file in a file."""
    name = find.name.strip("/")[-_MOST_NAME_CHARS:] or "unnamed"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in _encodable(name))
    return replace(find.place, member=shown).within(outer)


def _encodable(text: str) -> str:
    """Without lone surrogates, which no answer can carry."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text
