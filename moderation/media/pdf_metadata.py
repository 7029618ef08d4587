"""What a PDF says of itself as a whole: information, XMP, bookmarks, scripts, forms. Decoder process only."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice

import pypdfium2.raw as pdfium
from lxml import etree

from moderation.media.decoded import FoundText, Unread
from moderation.media.pdf_native import Handle, counted, narrow, plain, string
from moderation.media.readers import Find, Room

_INFO = re.compile(rb"/Info (\d{1,9}) 0 R")
_KEY = re.compile(rb"/([^\s/<>()\[\]{}%]{1,200})\s?[(<]")
_USUAL_KEYS = (b"Title", b"Author", b"Subject", b"Keywords", b"Creator", b"Producer")
_MOST_KEYS = 200
_MOST_INFO_BYTES = 1 << 20
_MOST_BOOKMARKS = 5_000
_MOST_SIGNATURES = 100
_MOST_SCRIPTS = 1_000
MOST_SCRIPT_CHARS = 20_000  # of all scripts of a document: code is long, and what it may show is short
_MOST_PACKETS = 64
_MOST_XMP_BYTES = 1 << 20
_MOST_XMPS = 16
_METADATA = re.compile(rb"/Type\s?/Metadata\b|/Subtype\s?/XML\b")
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
_DATE = re.compile(r"D:\d{4}[\d+Z'-]*")
_DICTIONARY_BYTES = 1_000  # after that word


def metadata_of(document: Handle, data: bytes, room: Room) -> Iterator[Find]:
    """The texts of a document that stand on no page, scripts apart."""
    copy = plain(document)
    info = (string(pdfium.FPDF_GetMetaText, document, key) for key in _info_keys(copy))
    said = dict.fromkeys(text for text in (*info, *_signatures(document)) if text and not _DATE.fullmatch(text))
    yield FoundText("\n".join(said), ("metadata", "pdf_info"))
    for text in _xmp(copy or data, room):
        yield FoundText(text, ("metadata", "xmp"))
    yield from _outline(document)
    for text in _forms(document):
        yield FoundText(text, ("document", "form_field"))


def _info_keys(copy: bytes) -> list[bytes]:
    """What the information about a file is called in it: the library tells a value by its key, but not the keys."""
    found = _INFO.search(copy, max(0, copy.rfind(b"trailer")))
    at = -1 if found is None else copy.find(b"\n" + found[1] + b" 0 obj")
    end = copy.find(b"endobj", at, at + _MOST_INFO_BYTES)
    names = [] if at < 0 or end < 0 else [one[1] for one in islice(_KEY.finditer(copy, at, end), _MOST_KEYS)]
    return list(dict.fromkeys([*_USUAL_KEYS, *(re.sub(rb"#([0-9A-Fa-f]{2})", _byte, name) for name in names)]))


def _byte(escape: re.Match[bytes]) -> bytes:
    return bytes([int(escape[1], 16)])


def scripts_of(document: Handle) -> Iterator[str]:
    """Scripts that belong to no page."""
    for index in range(min(max(pdfium.FPDFDoc_GetJavaScriptActionCount(document), 0), _MOST_SCRIPTS)):
        action = pdfium.FPDFDoc_GetJavaScriptAction(document, index)
        if action:
            yield string(pdfium.FPDFJavaScriptAction_GetScript, action)
            pdfium.FPDFDoc_CloseJavaScriptAction(action)


def _signatures(document: Handle) -> Iterator[str]:
    for index in range(min(max(pdfium.FPDF_GetSignatureCount(document), 0), _MOST_SIGNATURES)):
        yield string(pdfium.FPDFSignatureObj_GetReason, pdfium.FPDF_GetSignatureObject(document, index))


def _outline(document: Handle) -> Iterator[Find]:
    """Bookmarks and the addresses that they lead to. A file can make them a ring."""
    titles: list[str] = []
    links: dict[str, None] = {}
    pending = [pdfium.FPDFBookmark_GetFirstChild(document, None)]
    steps = 0
    while pending and steps < _MOST_BOOKMARKS:
        bookmark = pending.pop()
        if not bookmark:
            continue
        steps += 1
        titles.append(string(pdfium.FPDFBookmark_GetTitle, bookmark))
        action = pdfium.FPDFBookmark_GetAction(bookmark)
        if action:
            links[narrow(pdfium.FPDFAction_GetURIPath, document, action)] = None
        pending.append(pdfium.FPDFBookmark_GetNextSibling(document, bookmark))
        pending.append(pdfium.FPDFBookmark_GetFirstChild(document, bookmark))
    if any(pending):
        yield Unread("page_too_complex")
    yield FoundText("\n".join(dict.fromkeys(titles)), ("document", "outline"))
    yield FoundText("\n".join(links), ("document", "link"))


def _forms(document: Handle) -> Iterator[str]:
    """The texts of XFA forms, which some viewers show instead of the pages."""
    for index in range(min(max(pdfium.FPDF_GetXFAPacketCount(document), 0), _MOST_PACKETS)):
        yield xml_texts(counted(pdfium.FPDF_GetXFAPacketContent, document, index))


def _xmp(data: bytes, room: Room) -> Iterator[str]:
    """XMP as it lies in the file, packed or not; PDFium does not give it."""
    starts: dict[int, None] = {}
    for found in islice(_METADATA.finditer(data), _MOST_XMPS):
        at = data.find(b"stream", found.end(), found.end() + _DICTIONARY_BYTES)
        if at >= 0:
            start = at + 6 + (data[at + 6 : at + 7] == b"\r")
            starts[start + (data[start : start + 1] == b"\n")] = None
    for start in starts:
        body = data[start : start + _MOST_XMP_BYTES]
        if not body.lstrip(_BEFORE_XML).startswith(b"<"):
            body = _inflated(body)
        room.unpack(len(body))
        end = body.find(b"endstream")
        text = xml_texts(body if end < 0 else body[:end])
        if text:
            yield text


def _inflated(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, _MOST_XMP_BYTES)
    except zlib.error:
        return b""


def xml_texts(data: bytes) -> str:
    """All texts and values of attributes of XML, a line each; as far as it can be read."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, recover=True, load_dtd=False, remove_pis=True
    )
    try:
        root = etree.fromstring(data.strip(b"\0 \r\n\t"), parser)
    except (etree.LxmlError, ValueError):
        return ""
    if root is None:
        return ""
    texts: dict[str, None] = {}
    for element in root.iter():
        for text in (element.text, *element.attrib.values(), element.tail):
            if text and text.strip():
                texts[text.strip()] = None
    return "\n".join(texts)
