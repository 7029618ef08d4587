"""Which kinds of files are read, as which type of part, and by which modules. Loads none of them.

To accept another kind: a module with `read` (see `readers`), and a line here. The first module of a kind decides
whether the file is whole; what the others cannot read is `unread`, and no error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moderation.errors import UndecodableError
from moderation.media.sniff import Sniffed
from moderation.schema import Modality

_IMAGES = "moderation.media.images"
_AUDIO = "moderation.media.audio"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: for people.
        modality: of the part that it may be sent as.
        readers: modules with `read`, asked one after the other.
    """

    name: str
    modality: Modality
    readers: tuple[str, ...]


KINDS: Mapping[str, Kind] = {
    "image/jpeg": Kind("jpeg", Modality.IMAGE, (_IMAGES,)),
    "image/png": Kind("png", Modality.IMAGE, (_IMAGES,)),
    "image/gif": Kind("gif", Modality.IMAGE, (_IMAGES,)),
    "image/webp": Kind("webp", Modality.IMAGE, (_IMAGES,)),
    "image/bmp": Kind("bmp", Modality.IMAGE, (_IMAGES,)),
    "image/tiff": Kind("tiff", Modality.IMAGE, (_IMAGES,)),
    "audio/wav": Kind("wav", Modality.AUDIO, (_AUDIO,)),
    "audio/mpeg": Kind("mp3", Modality.AUDIO, (_AUDIO,)),
    "audio/flac": Kind("flac", Modality.AUDIO, (_AUDIO,)),
    "audio/ogg": Kind("ogg", Modality.AUDIO, (_AUDIO,)),
    "audio/mp4": Kind("m4a", Modality.AUDIO, (_AUDIO,)),
    "application/pdf": Kind("pdf", Modality.DOCUMENT, ("moderation.media.pdf",)),
    "text/plain": Kind("txt", Modality.DOCUMENT, ("moderation.media.plain", "moderation.media.markdown")),
    "message/rfc822": Kind("eml", Modality.DOCUMENT, ("moderation.media.mail",)),
    "text/html": Kind("html", Modality.DOCUMENT, ("moderation.media.html",)),
    "application/zip": Kind("zip", Modality.DOCUMENT, ("moderation.media.archives",)),
}

# What it is called; code where the bytes are something else; code where nothing reads them.
_REFUSED: Mapping[Modality, tuple[str, str, str]] = {
    Modality.IMAGE: ("an image", "undecodable_image", "unsupported_image_format"),
    Modality.AUDIO: ("audio", "undecodable_audio", "unsupported_audio_format"),
    Modality.VIDEO: ("a video", "undecodable_video", "unsupported_video_format"),
    Modality.DOCUMENT: ("a document", "undecodable_document", "unsupported_document_format"),
}


def kind_of(modality: Modality, sniffed: Sniffed) -> Kind:
    """The kind of a file that was sent as a part of this type.

    Raises:
        UndecodableError: nothing reads it, or it is something else.
    """
    kind = KINDS.get(sniffed.mime)
    if kind is not None and kind.modality is modality:
        return kind
    noun, undecodable, unsupported = _REFUSED[modality]
    accepted = ", ".join(one.name for one in KINDS.values() if one.modality is modality) or "none yet"
    if sniffed.modality is modality:
        message = f"{noun} of type {sniffed.mime} is not accepted; accepted: {accepted}"
        raise UndecodableError(message, code=unsupported)
    message = f"not {noun}: the bytes look like {sniffed.mime}; accepted: {accepted}"
    raise UndecodableError(message, code=undecodable)
