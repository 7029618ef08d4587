"""PDFium's C functions as Python wants them: documents and pages that are closed, strings, bytes. Decoder process only.

PDFium is not safe for threads; a decoder process has one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from moderation.errors import UndecodableError

# Handles of the library: pointers that nothing of ours looks into.
Handle = Any

_PASSWORD_ERROR = 4
_MOST_STRING_BYTES = 4 << 20
_MOST_COPY_PIECES = 1_000_000
_UNSET = "\x00\ufeff"


@contextmanager
def opened(data: bytes) -> Iterator[Handle]:
    """A document, one that opens without a password.

    Raises:
        UndecodableError: `encrypted_document`, `undecodable_document`.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR:
            raise UndecodableError("the PDF opens only with a password", code="encrypted_document") from error
        raise UndecodableError("a broken PDF: it cannot be opened", code="undecodable_document") from error
    with document:
        yield document.raw


def plain(document: Handle) -> bytes:
    """The file written anew, not encrypted, with all objects but streams in plain sight; empty if too large."""
    pieces: list[bytes] = []

    def write(_self: object, piece: Any, size: int) -> int:
        pieces.append(ctypes.string_at(piece, size))
        return int(len(pieces) < _MOST_COPY_PIECES)

    writer = pdfium.FPDF_FILEWRITE(version=1, WriteBlock=pdfium.FPDF_FILEWRITE._fields_[1][1](write))
    pdfium.FPDF_SaveAsCopy(document, writer, pdfium.FPDF_REMOVE_SECURITY)
    return b"".join(pieces) if len(pieces) < _MOST_COPY_PIECES else b""


@contextmanager
def page_of(document: Handle, index: int) -> Iterator[Handle | None]:
    """A page, or None if it is broken."""
    page = pdfium.FPDF_LoadPage(document, index)
    try:
        yield page or None
    finally:
        if page:
            pdfium.FPDF_ClosePage(page)


@contextmanager
def text_of(page: Handle) -> Iterator[Handle | None]:
    """The characters of a page, or None if they cannot be had."""
    text = pdfium.FPDFText_LoadPage(page)
    try:
        yield text or None
    finally:
        if text:
            pdfium.FPDFText_ClosePage(text)


@contextmanager
def form_of(document: Handle) -> Iterator[Handle | None]:
    """What answers for the fields of forms; runs no script."""
    info = pdfium.FPDF_FORMFILLINFO(version=2)
    form = pdfium.FPDFDOC_InitFormFillEnvironment(document, info)
    try:
        yield form or None
    finally:
        if form:
            pdfium.FPDFDOC_ExitFormFillEnvironment(form)


def string(call: Callable[..., int], *arguments: object) -> str:
    """What a function gives as UTF-16: its last arguments are a buffer and the buffer's bytes, it returns bytes."""
    size = call(*arguments, None, 0)
    if size <= 2:
        return ""
    size = min(size, _MOST_STRING_BYTES) + 1 & ~1
    buffer = (ctypes.c_ushort * (size // 2))()
    call(*arguments, buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").strip(_UNSET)


def narrow(call: Callable[..., int], *arguments: object) -> str:
    """What a function gives as bytes with a zero at the end, such as a URL."""
    size = min(call(*arguments, None, 0), _MOST_STRING_BYTES)
    if size <= 1:
        return ""
    buffer = ctypes.create_string_buffer(size)
    call(*arguments, buffer, size)
    return buffer.value.decode("utf-8", "replace")


def content(call: Callable[..., int], *arguments: object) -> bytes:
    """What a function gives as bytes: its last arguments are a buffer and the buffer's size, it returns the size."""
    size = call(*arguments, None, 0)
    if not size:
        return b""
    buffer = ctypes.create_string_buffer(size)
    call(*arguments, buffer, size)
    return buffer.raw


def counted(call: Callable[..., int], *arguments: object) -> bytes:
    """As `content`, of a function that tells the size in a last argument."""
    size = ctypes.c_ulong()
    if not call(*arguments, None, 0, size) or not size.value:
        return b""
    buffer = ctypes.create_string_buffer(size.value)
    return buffer.raw if call(*arguments, buffer, size.value, size) else b""
