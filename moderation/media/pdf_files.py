"""Files attached to a PDF or to a note in it. Runs in the decoder process only.

PDFium unpacks a file as a whole before it says how large it is; the process's address space bounds that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pypdfium2.raw as pdfium

from moderation.errors import UndecodableError
from moderation.media.decoded import FoundText, Place, Unread
from moderation.media.pdf_native import Handle, counted, string
from moderation.media.readers import Embedded, File, Find


def files_of(document: Handle, file: File) -> Iterator[Find]:
    """The files attached to a document."""
    count = max(pdfium.FPDFDoc_GetAttachmentCount(document), 0)
    for index in range(min(count, file.limits.max_members)):
        attachment = pdfium.FPDFDoc_GetAttachment(document, index)
        if is_empty(attachment):
            yield Unread("undecodable_member")
        else:
            yield from attached(attachment, Place())
    if count > file.limits.max_members:
        yield Unread("members_past_limit")


def is_empty(attachment: Handle) -> bool:
    """Whether there is no such file."""
    return not attachment


def attached(attachment: Handle, place: Place) -> list[Find]:
    """A file, its name and what is said of it."""
    name = string(pdfium.FPDFAttachment_GetName, attachment)
    description = string(pdfium.FPDFAttachment_GetDescription, attachment)
    said = "\n".join(text for text in (name, description) if text)
    return [
        FoundText(said, ("document", "attachment"), place),
        Embedded(name or "attachment", partial(_unpacked, attachment), place),
    ]


def _unpacked(attachment: Handle, most: int) -> bytes:
    data = counted(pdfium.FPDFAttachment_GetFile, attachment)
    if not data:
        raise UndecodableError("a file attached to the PDF cannot be read", code="undecodable_member")
    return data[: most + 1]
