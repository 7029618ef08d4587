from __future__ import annotations

import dataclasses

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageDraw
from support.media_files import encoded, picture
from support.pdf_files import chinese_line, jpeg_object, line, made, raw_object

from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()
DOCUMENT = ("document",)
HIDDEN = ("document", "hidden_text")
WHITE_BOX = b"1 1 1 rg 60 480 400 40 re f 0 g\n"


def decoded(data: bytes, limits: Limits = LIMITS) -> Decoded:
    return read(Modality.DOCUMENT, data, limits)


def texts(result: Decoded, origin: tuple[str, ...], page: int | None = 1) -> list[str]:
    return [text.text.strip() for text in result.texts if text.origin == origin and text.place.page == page]


def off_layer(pdf: Pdf) -> dict[str, Dictionary]:
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name="layer"))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    return {"Properties": Dictionary(MC0=layer)}


def form_with(content: bytes, **keys: object) -> object:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        form = Stream(pdf, content)
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 612, 792])
        form.Resources = Dictionary(Font=Dictionary(F1=font))
        for key, value in keys.items():
            form[f"/{key}"] = value
        return {"XObject": Dictionary(Fm0=form)}

    return resources


def test_text_of_every_page_with_its_number() -> None:
    result = decoded(made(line("first page"), line("second page") + chinese_line("你好世界", y=650)))
    assert result.counts.page_count == 2
    assert texts(result, DOCUMENT, 1) == ["first page"]
    assert texts(result, DOCUMENT, 2) == ["second page\n你好世界"]
    assert {text.start for text in result.texts} == {0}
    assert (result.unread, result.images) == ((), ())


@pytest.mark.parametrize(
    "hidden",
    [
        line("secret words", y=500, before="3 Tr"),
        line("secret words", y=500, before="7 Tr"),
        line("secret words", y=500, before="1 1 1 rg"),
        line("secret words", y=500, before="0.97 1 0.95 rg"),
        line("secret words", y=500, before="1 g 1 G 1 Tr"),
        line("secret words", y=500, before="0 0 0 0 k"),
        line("secret words", y=500, size=1),
        line("secret words", y=500, size=12, before="0.05 0 0 0.05 70 400 cm"),
        line("secret words", x=900, y=500),
        line("secret words", x=72, y=-40),
        line("secret words", y=500) + WHITE_BOX,
        b"0.2 0.4 0.6 rg 60 480 400 40 re f\n" + line("secret words", y=500, before="0.2 0.42 0.6 rg"),
        b"/OC /MC0 BDC\n" + line("secret words", y=500) + b"EMC\n",
        b"q 0 0 10 10 re W n\n" + line("secret words", y=500) + b"Q\n",
        line("secret words", y=500, before="/Clear gs"),
    ],
    ids=[
        "invisible", "clipping", "white", "nearly-white", "white-outline", "white-in-cmyk", "tiny", "tiny-by-scale",
        "right-of-page", "below-page", "under-a-box", "colour-of-its-box", "layer-off", "clipped-away", "transparent",
    ],
)  # fmt: skip
def test_what_nobody_sees_is_told_apart(hidden: bytes) -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return off_layer(pdf) | {"ExtGState": Dictionary(Clear=Dictionary(ca=0, CA=0))}

    result = decoded(made(line("shown before") + hidden + line("shown after", y=300), resources=resources))
    assert texts(result, DOCUMENT) == ["shown before\nshown after"]
    assert texts(result, HIDDEN) == ["secret words"]
    (found,) = (text for text in result.texts if text.origin == HIDDEN)
    (shown,) = (text for text in result.texts if text.origin == DOCUMENT)
    assert found.start == len(shown.text) + 1
    assert found.place.box is not None


@pytest.mark.parametrize(
    "shown",
    [
        b"0 0 0 rg 60 480 400 40 re f\n" + line("plain words", y=500, before="1 1 1 rg"),
        line("plain words", y=500, before="1 Tr"),
        line("plain words", y=500, before="0.7 g"),
        line("plain words", y=500, size=6),
        WHITE_BOX + line("plain words", y=500),
        line("plain words", y=500, before="/Half gs"),
        b"/OC /Other BDC\n" + line("plain words", y=500) + b"EMC\n",
    ],
    ids=["white-on-black", "outline", "grey", "small", "on-a-box", "half-transparent", "layer-on"],
)
def test_what_is_seen_is_not_hidden(shown: bytes) -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return {
            "ExtGState": Dictionary(Half=Dictionary(ca=0.5)),
            "Properties": Dictionary(Other=pdf.make_indirect(Dictionary(Type=Name.OCG, Name="on"))),
        }

    result = decoded(made(shown, resources=resources))
    assert texts(result, DOCUMENT) == ["plain words"]
    assert texts(result, HIDDEN) == []


def test_punctuation_is_seen_however_thin() -> None:
    result = decoded(made(line("a - b _ c . d | e ' f , g ~ h", size=7)))
    assert texts(result, HIDDEN) == []


def test_hidden_letters_do_not_break_what_is_seen() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (hel) Tj 3 Tr (xx) Tj 0 Tr [1000 (lo)] TJ ET"
    result = decoded(made(content))
    assert texts(result, DOCUMENT) == ["hello"]
    assert texts(result, HIDDEN) == ["xx"]


def test_a_hidden_text_under_a_seen_one() -> None:
    result = decoded(made(line("secret", y=500, before="1 g") + line("shown!", y=500)))
    assert texts(result, HIDDEN) == ["secret"]
    assert texts(result, DOCUMENT) == ["shown!"]


def test_the_place_of_hidden_text_counts_from_the_top() -> None:
    result = decoded(made(line("secret", x=100, y=692, before="3 Tr")))
    (found,) = result.texts
    assert found.place.box is not None
    left, top, right, bottom = found.place.box
    assert 98 <= left <= 102
    assert 130 < right < 150
    assert 85 <= top < bottom <= 102


def test_a_turned_and_cropped_page() -> None:
    def finish(pdf: Pdf) -> None:
        pdf.pages[0].obj.Rotate = 90
        pdf.pages[0].obj.CropBox = Array([50, 50, 400, 750])

    content = line("inside") + line("outside", x=450, y=600) + line("white", y=300, before="1 g")
    result = decoded(made(content, finish=finish))
    assert texts(result, DOCUMENT) == ["inside"]
    assert texts(result, HIDDEN) == ["outside\nwhite"]


def test_text_in_forms() -> None:
    content = line("in a form") + line("secret", y=600, before="1 g")
    result = decoded(made(b"q 0.9 0 0 0.9 20 20 cm /Fm0 Do Q", resources=form_with(content)))  # type: ignore[arg-type]
    assert texts(result, DOCUMENT) == ["in a form"]
    assert texts(result, HIDDEN) == ["secret"]


def test_what_is_said_instead_of_what_is_shown() -> None:
    content = b"/Span <</ActualText (flower)>> BDC\n" + line("knife") + b"EMC\n"
    result = decoded(made(content))
    assert texts(result, DOCUMENT) == ["knife"]
    assert texts(result, ("document", "alternative_text")) == ["flower"]


def test_letters_in_another_order_than_they_are_seen() -> None:
    word = "snopquabcdeghkvn"
    scattered = b"".join(
        line(word[index], x=72 + 7 * index) for index in (3, 0, 9, 5, 1, 12, 7, 2, 15, 4, 8, 6, 10, 14, 11, 13)
    )
    assert texts(decoded(made(scattered)), DOCUMENT) == [word]
    both = scattered + b"".join(line(word[index], x=72 + 7 * index, y=650) for index in range(15, -1, -1))
    assert texts(decoded(made(both)), DOCUMENT) == [f"{word}\n{word}"]


def test_a_word_that_goes_on_in_the_next_line() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (exam-) Tj 0 -14 Td (ple) Tj ET"
    assert texts(decoded(made(content)), DOCUMENT) == ["example"]


def scan() -> bytes:
    image = Image.new("RGB", (612, 792), "white")
    ImageDraw.Draw(image).text((72, 80), "scanned words", fill="black", font_size=14)
    return encoded(image, "JPEG", quality=95)


def test_the_text_layer_of_a_scan() -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return {"XObject": Dictionary(Im0=jpeg_object(pdf, scan(), (612, 792)))}

    content = (
        b"q 612 0 0 792 0 0 cm /Im0 Do Q\n"
        + line("scanned words", y=700, before="3 Tr")
        + line("planted words", y=300, before="3 Tr")
    )
    result = decoded(made(content, resources=resources))
    assert texts(result, ("document", "text_layer")) == ["scanned words"]
    assert texts(result, HIDDEN) == ["planted words"]
    assert [(image.place.page, image.place.member is None) for image in result.images] == [(1, False), (1, True)]
    below = line("scanned words", y=700) + b"q 612 0 0 792 0 0 cm /Im0 Do Q\n"
    assert texts(decoded(made(below, resources=resources)), ("document", "text_layer")) == ["scanned words"]


def test_invisible_text_on_a_small_picture_is_no_text_layer() -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return {"XObject": Dictionary(Im0=jpeg_object(pdf, encoded(picture(200, 100), "JPEG"), (200, 100)))}

    content = b"q 200 0 0 100 72 650 cm /Im0 Do Q\n" + line("planted", y=700, before="3 Tr")
    assert texts(decoded(made(content, resources=resources)), HIDDEN) == ["planted"]


def test_encrypted_without_a_password_to_open() -> None:
    def finish(pdf: Pdf) -> None:
        with pdf.open_metadata() as metadata:
            metadata["dc:description"] = "described"

    data = made(line("readable"), finish=finish, encryption=pikepdf.Encryption(owner="o", user="", R=6))
    result = decoded(data)
    assert texts(result, DOCUMENT) == ["readable"]
    assert any("described" in text.text for text in result.texts if text.origin == ("metadata", "xmp"))


def test_pages_past_the_limit() -> None:
    limits = dataclasses.replace(LIMITS, max_pages=2)
    result = decoded(made(line("one"), line("two"), line("three")), limits)
    assert [unread.reason for unread in result.unread] == ["pages_past_limit"]
    assert result.counts.page_count == 3
    assert texts(result, DOCUMENT, 3) == []


def test_a_picture_with_no_more_pixels_than_are_read() -> None:
    def resources(pdf: Pdf) -> dict[str, Dictionary]:
        return {"XObject": Dictionary(Im0=raw_object(pdf, bytes(3 * 64 * 64), (64, 64)))}

    data = made(b"q 200 0 0 200 72 400 cm /Im0 Do Q\n" + line("words"), resources=resources)
    result = decoded(data, dataclasses.replace(LIMITS, max_pixels=64 * 64 - 1))
    assert [unread.reason for unread in result.unread] == ["too_many_pixels"]
    assert texts(result, DOCUMENT) == ["words"]
    (page,) = result.images
    assert page.pixels.min() == 255 or page.pixels[700:].min() == 255  # it is left out of the page, too
    assert decoded(data).unread == ()
