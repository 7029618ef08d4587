from __future__ import annotations

import asyncio
import random

import pikepdf
import pytest
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, Pdf, String
from support.media_files import encoded, picture
from support.pdf_files import jpeg_object, line, made, note

from moderation.errors import InputError, UndecodableError
from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.decoder import Decoder
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()


def decoded(data: bytes, *, deadline_s: float = 60) -> Decoded:
    return read(Modality.DOCUMENT, data, LIMITS, deadline_s=deadline_s)


def whole() -> bytes:
    """A file with a little of everything."""

    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return {"XObject": Dictionary(Im0=jpeg_object(pdf, encoded(picture(40, 30), "JPEG"), (40, 30)))}

    def finish(pdf: Pdf) -> None:
        pdf.docinfo["/Title"] = "a title"
        pdf.attachments["a.txt"] = AttachedFileSpec(pdf, b"attached", filename="a.txt")
        pdf.pages[0].obj.Annots = Array([note(pdf, "Text", Contents=String("a remark"))])
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("a chapter", 0))

    content = line("seen") + line("unseen", y=500, before="1 g") + b"q 100 0 0 75 72 300 cm /Im0 Do Q\n"
    return made(content, line("second"), resources=resources, finish=finish)


def test_broken_files_never_fail_otherwise_than_stated() -> None:
    chance, data = random.Random(6), whole()
    cases = [data[: len(data) * tenth // 10] for tenth in range(1, 10)]
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 20)):
            broken[chance.randrange(5, len(broken))] = chance.randrange(256)
        cases.append(bytes(broken))
    refused = 0
    codes: set[str] = set()
    for case in cases:
        try:
            result = decoded(case)
        except InputError as error:
            codes.add(error.code)
            refused += 1
        else:
            assert "decoder_failed" not in {one.reason for one in result.unread}
    assert refused < len(cases) / 2
    assert codes <= {"undecodable_document", "encrypted_document"}


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\n" + bytes(1_000)])
def test_what_is_no_pdf(data: bytes) -> None:
    with pytest.raises(UndecodableError) as caught:
        decoded(data)
    assert caught.value.code == "undecodable_document"


def test_one_that_opens_only_with_a_password() -> None:
    with pytest.raises(UndecodableError) as caught:
        decoded(made(line("words"), encryption=pikepdf.Encryption(owner="o", user="u", R=6)))
    assert caught.value.code == "encrypted_document"


def test_a_broken_page_is_a_gap() -> None:
    def finish(pdf: Pdf) -> None:
        pdf.Root.Pages.Kids.append(pdf.make_indirect(Dictionary(Type=Name.Nothing)))
        pdf.Root.Pages.Count = 3

    result = decoded(made(line("first"), line("second"), finish=finish))
    assert [text.text.strip() for text in result.texts] == ["first", "second"]
    assert [(one.reason, one.place.page) for one in result.unread] == [("undecodable_page", 3)]


def test_forms_in_forms_without_end() -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        form = pikepdf.Stream(pdf, b"/Fm0 Do " + line("looped"))
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 612, 792])
        form = pdf.make_indirect(form)
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        form.Resources = Dictionary(XObject=Dictionary(Fm0=form), Font=Dictionary(F1=font))
        return {"XObject": Dictionary(Fm0=form)}

    result = decoded(made(line("words") + b"/Fm0 Do", resources=resources))
    assert any("words" in text.text for text in result.texts)


def test_little_time_is_told() -> None:
    result = decoded(made(*[line(f"page {number}") for number in range(200)]), deadline_s=0.05)
    assert "decoder_timeout" in {one.reason for one in result.unread}
    assert len(result.texts) < 200


def test_in_a_decoder_process() -> None:
    data = whole()

    async def main() -> Decoded:
        decoder = Decoder(LIMITS, processes=1)
        await decoder.start()
        try:
            return await decoder.decode(Modality.DOCUMENT, data, deadline_s=60)
        finally:
            await decoder.close()

    result, wanted = asyncio.run(main()), decoded(data)
    assert (result.texts, result.unread, result.counts) == (wanted.texts, wanted.unread, wanted.counts)
    assert [image.place for image in result.images] == [image.place for image in wanted.images]
    assert {"unseen", "a remark", "attached"} <= {text.text.strip() for text in result.texts}
