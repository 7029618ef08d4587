from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, OutlineItem, Pdf, Stream, String
from support.media_files import encoded, picture
from support.pdf_files import jpeg_object, line, made, note, raw_object

from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()


def decoded(data: bytes, limits: Limits = LIMITS) -> Decoded:
    return read(Modality.DOCUMENT, data, limits)


def texts(result: Decoded, *origin: str, page: int | None = None) -> list[str]:
    return [text.text for text in result.texts if text.origin == origin and text.place.page == page]


def with_notes(*kinds: tuple[str, dict[str, object]]) -> bytes:
    def finish(pdf: Pdf) -> None:
        pdf.pages[0].obj.Annots = Array([note(pdf, kind, **keys) for kind, keys in kinds])

    return made(line("words"), finish=finish)


def test_comments_and_what_a_note_shows() -> None:
    result = decoded(
        with_notes(
            ("Text", {"Contents": String("a remark 你好"), "T": String("someone"), "Subj": String("subject")}),
            ("Popup", {"Contents": String("popped up")}),
            ("Highlight", {"Contents": String("of a highlight"), "RC": String("<body>rich</body>")}),
            ("FreeText", {"Contents": String("typed on the page"), "DA": String("/Helv 12 Tf")}),
            ("FreeText", {"Contents": String("typed and hidden"), "F": 2}),
        )
    )
    (comments,) = texts(result, "document", "comment", page=1)
    expected = ["someone", "subject", "a remark 你好", "popped up", "of a highlight", "<body>rich</body>"]
    assert comments.splitlines() == [*expected, "typed and hidden"]
    assert texts(result, "document", page=1) == ["words", "typed on the page"]


def test_links() -> None:
    action = Dictionary(S=Name.URI, URI=String("https://example.org/a?b=c"))
    result = decoded(with_notes(("Link", {"A": action, "Contents": String("said of it")})))
    assert texts(result, "document", "link", page=1) == ["https://example.org/a?b=c"]
    assert texts(result, "document", "comment", page=1) == ["said of it"]


def test_media_that_would_be_played_is_unread() -> None:
    result = decoded(with_notes(("Movie", {}), ("Screen", {})))
    assert {(unread.reason, unread.place.page) for unread in result.unread} == {("unsupported_member_format", 1)}


def form(pdf: Pdf) -> None:
    text = note(pdf, "Widget", FT=Name.Tx, T=String("name"), V=String("typed value"), TU=String("a tooltip"))
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('boo')"))
    text.AA = Dictionary(K=script)
    hidden = note(pdf, "Widget", FT=Name.Tx, T=String("h"), V=String("hidden value"), F=2)
    parent = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("parent"), V=String("inherited value")))
    child = note(pdf, "Widget", Parent=parent)
    parent.Kids = Array([child])
    choice = note(
        pdf, "Widget", FT=Name.Ch, T=String("c"), Ff=1 << 17, Opt=Array([String("one"), String("two")]), V=String("two")
    )
    pdf.pages[0].obj.Annots = Array([text, hidden, child, choice])
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.Root.AcroForm = Dictionary(
        Fields=Array([text, hidden, parent, choice]), DA=String("/H 0 Tf"), DR=Dictionary(Font=Dictionary(H=font))
    )


def test_fields_of_forms() -> None:
    result = decoded(made(line("words"), finish=form))
    assert texts(result, "document", "form_field", page=1) == ["typed value\ninherited value\ntwo\none"]
    assert texts(result, "document", "form_field", "hidden_text", page=1) == ["hidden value"]
    assert texts(result, "document", "alternative_text", page=1) == ["a tooltip"]
    assert texts(result, "document", "script") == ["app.alert('boo')"]


def test_information_and_xmp() -> None:
    def finish(pdf: Pdf) -> None:
        pdf.docinfo["/Title"] = "a title 你好"
        pdf.docinfo["/Own#20Key"] = "of my own (so)"
        pdf.docinfo["/CreationDate"] = "D:20240101000000Z"
        pdf.Root.Metadata = Stream(
            pdf,
            b"<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
            b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:d='own'>"
            b"<r:Description d:note='in an attribute'><d:title>in an element</d:title></r:Description></r:RDF>"
            b"</x:xmpmeta><?xpacket end='w'?>",
            Type=Name.Metadata,
            Subtype=Name.XML,
        )

    result = decoded(made(line("words"), finish=finish))
    assert set(texts(result, "metadata", "pdf_info")[0].splitlines()) >= {"a title 你好", "of my own (so)"}
    assert "2024" not in texts(result, "metadata", "pdf_info")[0]
    (xmp,) = texts(result, "metadata", "xmp")
    assert {"in an attribute", "in an element"} <= set(xmp.splitlines())


def test_outline_with_links() -> None:
    def finish(pdf: Pdf) -> None:
        with pdf.open_outline() as outline:
            top = OutlineItem("a chapter", 0)
            top.children.append(OutlineItem("a section", 0))
            outline.root.extend([top, OutlineItem("another", 0)])
        first = pdf.Root.Outlines.First
        del first["/Dest"]
        first.A = Dictionary(S=Name.URI, URI=String("https://example.org/bookmark"))

    result = decoded(made(line("words"), finish=finish))
    assert texts(result, "document", "outline") == ["a chapter\na section\nanother"]
    assert texts(result, "document", "link") == ["https://example.org/bookmark"]


def test_an_outline_that_is_a_ring_ends() -> None:
    def finish(pdf: Pdf) -> None:
        with pdf.open_outline() as outline:
            outline.root.extend([OutlineItem("one", 0), OutlineItem("two", 0)])
        first = pdf.Root.Outlines.First
        first.Next.Next = first

    result = decoded(made(line("words"), finish=finish))
    assert texts(result, "document", "outline") == ["one\ntwo"]


def test_scripts_of_a_document_up_to_a_bound() -> None:
    def finish(pdf: Pdf) -> None:
        long = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=String("first(); " + "x" * 30_000)))
        pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), long])))

    result = decoded(made(line("words"), finish=finish))
    (script,) = texts(result, "document", "script")
    assert script.startswith("first();")
    assert len(script) == 20_000
    assert [unread.reason for unread in result.unread] == ["scripts_unread"]


def test_attached_files_are_read() -> None:
    def finish(pdf: Pdf) -> None:
        pdf.attachments["note.txt"] = AttachedFileSpec(pdf, b"attached words", filename="note.txt", description="about")
        pdf.attachments["pic.png"] = AttachedFileSpec(pdf, encoded(picture(), "PNG"), filename="pic.png")

    result = decoded(made(line("words"), finish=finish))
    assert texts(result, "document", "attachment") == ["note.txt\nabout", "pic.png"]
    assert [(text.text, text.place.member) for text in result.texts if text.place.member] == [
        ("attached words", "note.txt")
    ]
    assert [image.place.member for image in result.images] == ["pic.png"]


def test_a_file_attached_to_a_note() -> None:
    def finish(pdf: Pdf) -> None:
        stream = Stream(pdf, b"words in a file")
        spec = Dictionary(Type=Name.Filespec, F=String("n.txt"), UF=String("n.txt"), EF=Dictionary(F=stream))
        pdf.pages[0].obj.Annots = Array([note(pdf, "FileAttachment", FS=pdf.make_indirect(spec))])

    result = decoded(made(line("words"), finish=finish))
    assert [(text.text, text.place.page) for text in result.texts if text.place.member == "n.txt"] == [
        ("words in a file", 1)
    ]


def test_what_stands_for_pictures() -> None:
    def finish(pdf: Pdf) -> None:
        page = pdf.pages[0].obj
        page.StructParents = 0
        element = pdf.make_indirect(
            Dictionary(Type=Name.StructElem, S=Name.Figure, Alt=String("a picture of"), Pg=page, K=0)
        )
        tree = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=Array([element])))
        element.P = tree
        tree.ParentTree = Dictionary(Nums=Array([0, Array([element])]))
        pdf.Root.StructTreeRoot = tree
        pdf.Root.MarkInfo = Dictionary(Marked=True)

    content = b"/Figure <</MCID 0>> BDC\n" + line("words") + b"EMC\n"
    result = decoded(made(content, finish=finish))
    assert texts(result, "document", "alternative_text", page=1) == ["a picture of"]


def pictures_in(pdf: Pdf) -> dict[str, Dictionary]:
    pixels = np.asarray(picture(64, 48)).tobytes()
    return {
        "XObject": Dictionary(
            Jpeg=jpeg_object(pdf, encoded(picture(80, 60), "JPEG"), (80, 60)),
            Raw=raw_object(pdf, pixels, (64, 48)),
            Dot=raw_object(pdf, bytes(3 * 16), (4, 4)),
        )
    }


def test_pictures_each_once_and_the_page_as_it_is_seen() -> None:
    content = b"q 200 0 0 150 72 500 cm /Jpeg Do Q q 100 0 0 75 72 300 cm /Raw Do Q q 9 0 0 9 0 0 cm /Dot Do Q\n"
    result = decoded(made(content + line("words"), content + line("other words"), resources=pictures_in))
    assert [(image.width, image.height, image.place.page) for image in result.images] == [
        (80, 60, 1),
        (64, 48, 1),
        (1236, 1600, 1),  # the second page differs only in its text
    ]
    assert result.images[0].place.member == "page-1/image-1.jpg"
    assert np.array_equal(result.images[1].pixels, np.asarray(picture(64, 48)))
    page = result.images[2].pixels
    assert tuple(page[round((792 - 360) * 1600 / 792), round(90 * 1600 / 792)]) == (255, 0, 0)


def test_large_pictures_are_scaled() -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return {"XObject": Dictionary(Raw=raw_object(pdf, bytes(3 * 400 * 200), (400, 200)))}

    limits = dataclasses.replace(LIMITS, max_side=100)
    result = decoded(made(b"q 200 0 0 150 72 500 cm /Raw Do Q", resources=resources), limits)
    assert [image.pixels.shape for image in result.images] == [(50, 100, 3), (100, 77, 3)]
    assert (result.images[0].width, result.images[0].height) == (400, 200)


@pytest.mark.parametrize(
    ("content", "is_drawn"),
    [
        (b"72 500 300 1 re f 72 400 m 300 400 l S 72 300 200 20 re S", False),
        (b"100 100 m 200 300 300 300 400 100 c S", True),
        (b"100 100 m 200 300 l S", True),
        (b"".join(b"%d %d 5 5 re f\n" % (10 + index % 100 * 5, 10 + index // 100 * 5) for index in range(500)), True),
    ],
    ids=["rules", "curve", "slanted", "many-boxes"],
)
def test_pages_with_drawings_are_drawn(content: bytes, is_drawn: bool) -> None:
    result = decoded(made(content + b"\n" + line("words")))
    assert [image.place.page for image in result.images] == ([1] if is_drawn else [])


def test_no_more_pictures_than_are_judged() -> None:
    content = b"q 200 0 0 150 72 500 cm /Jpeg Do Q q 100 0 0 75 72 300 cm /Raw Do Q\n"
    limits = dataclasses.replace(LIMITS, max_pictures=1)
    result = decoded(made(content, resources=pictures_in), limits)
    assert len(result.images) == 1
    assert {unread.reason for unread in result.unread} == {"pictures_past_limit"}
