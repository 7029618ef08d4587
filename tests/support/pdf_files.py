"""PDFs made on the fly by pikepdf, the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

PAGE = (612, 792)
Resources = Callable[[Pdf], Mapping[str, Object]]


def made(
    *contents: bytes,
    resources: Resources = lambda _pdf: {},
    finish: Callable[[Pdf], None] = lambda _pdf: None,
    size: tuple[float, float] = PAGE,
    encryption: pikepdf.Encryption | None = None,
) -> bytes:
    """A PDF with a page for each content stream; `/F1` is Helvetica, `/F2` a Chinese font that is not in the file.

    Args:
        resources: more of them, by kind and name: `{"XObject": Dictionary(Im0=…)}`.
        finish: changes the document before it is written.
    """
    pdf = pikepdf.new()
    shared = Dictionary(Font=Dictionary(F1=pdf.make_indirect(latin()), F2=pdf.make_indirect(chinese())))
    for kind, entries in resources(pdf).items():
        shared[f"/{kind}"] = entries
    for content in contents:
        page = pdf.add_blank_page(page_size=size)
        page.obj.Contents = Stream(pdf, content)
        page.obj.Resources = shared
    finish(pdf)
    with io.BytesIO() as buffer:
        if encryption is None:
            pdf.save(buffer, deterministic_id=True)
        else:
            pdf.save(buffer, encryption=encryption)
        return buffer.getvalue()


def latin() -> Dictionary:
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def chinese() -> Dictionary:
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=Name("/STSong-Light"), Flags=6, FontBBox=Array([0, -100, 1000, 900]),
        ItalicAngle=0, Ascent=900, Descent=-100, StemV=80, CapHeight=700,
    )  # fmt: skip
    descendant = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/STSong-Light"), FontDescriptor=descriptor,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="GB1", Supplement=2),
    )  # fmt: skip
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"), Encoding=Name("/UniGB-UCS2-H"),
        DescendantFonts=Array([descendant]),
    )  # fmt: skip


def line(text: str, x: float = 72, y: float = 700, *, size: float = 12, before: str = "") -> bytes:
    """A line of text; `before` are operators that come first, such as a colour."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"q {before} BT /F1 {size} Tf {x} {y} Td ({escaped}) Tj ET Q\n".encode("latin-1")


def chinese_line(text: str, x: float = 72, y: float = 700, *, before: str = "") -> bytes:
    return f"q {before} BT /F2 12 Tf {x} {y} Td <{text.encode('utf-16-be').hex()}> Tj ET Q\n".encode()


def jpeg_object(pdf: Pdf, data: bytes, size: tuple[int, int]) -> Stream:
    image = Stream(pdf, data)
    image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, Name.DCTDecode
    image.Width, image.Height, image.ColorSpace, image.BitsPerComponent = *size, Name.DeviceRGB, 8
    return image


def raw_object(pdf: Pdf, pixels: bytes, size: tuple[int, int]) -> Stream:
    image = Stream(pdf, pixels)
    image.Type, image.Subtype = Name.XObject, Name.Image
    image.Width, image.Height, image.ColorSpace, image.BitsPerComponent = *size, Name.DeviceRGB, 8
    return image


def note(pdf: Pdf, kind: str, **keys: object) -> Object:
    made_note = Dictionary(Type=Name.Annot, Subtype=Name(f"/{kind}"), Rect=Array([100, 100, 200, 130]))
    for key, value in keys.items():
        made_note[f"/{key}"] = value
    return pdf.make_indirect(made_note)
