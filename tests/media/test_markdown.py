from __future__ import annotations

import base64
import time

import pytest
from support.media_files import encoded, picture

from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.reading import read
from moderation.schema import Modality

SEEN = ("document",)


def decoded(text: str | bytes) -> Decoded:
    return read(Modality.DOCUMENT, text if isinstance(text, bytes) else text.encode(), Limits())


def texts(result: Decoded, *origin: str) -> list[str]:
    return [text.text for text in result.texts if text.origin == origin]


def test_what_a_viewer_shows_beside_what_is_written() -> None:
    written = (
        "# Head\n\nw**or**ds and [a link](https://example.org 'a hint') ![alt](p.png \"tip\")\n~~struck~~ \\*star\n"
    )
    result = decoded(written)
    source, shown = texts(result, *SEEN)
    assert source == written
    assert shown == "# Head\nwords and a link\nstruck *star"
    assert texts(result, "document", "alternative_text") == ["a hint\ntip\nalt"]
    assert texts(result, "document", "link") == ["https://example.org\np.png"]


def test_hidden_texts() -> None:
    result = decoded(
        "shown\n<!-- a\nremark -->\n<span style='display:none'>unseen</span>\n"
        "[//]: # (said to nobody)\n[ref]: https://example.org/ref\n"
    )
    assert texts(result, "document", "comment") == [
        "a\nremark",
        "[//]: # (said to nobody)\n[ref]: https://example.org/ref",
    ]
    (hidden,) = (text for text in result.texts if text.origin == ("document", "hidden_text"))
    assert (hidden.text, hidden.place.member) == ("unseen", "line-4")
    assert texts(result, "document", "link") == ["https://example.org/ref"]


def test_pictures_in_the_text() -> None:
    png = base64.b64encode(encoded(picture(), "PNG")).decode()
    jpeg = base64.b64encode(encoded(picture(), "JPEG")).decode()
    gif = base64.b64encode(encoded(picture(), "GIF")).decode()
    result = decoded(
        f"a\n![one](data:image/png;base64,{png})\n<img src='data:image/jpeg;base64,{jpeg}'>\n\n"
        f"[two]: data:image/gif;base64,{gif}\n"
    )
    assert {image.place.member for image in result.images} == {
        "line-2/data-2.png", "line-3/data-1.jpg", "line-5/data-1.gif",
    }  # fmt: skip


def test_code_stays_code() -> None:
    result = decoded("`<!-- no remark -->` w*or*ds\n\n```html\n<p hidden>no secret</p>\n```\n")
    assert texts(result, "document", "comment") == []
    assert texts(result, "document", "hidden_text") == []
    assert "<p hidden>no secret</p>" in texts(result, *SEEN)[1]


@pytest.mark.parametrize(
    "text", ["plain words, nothing else", "if a < b and b > 3: x = y * 2", "1. one\n2. two\n\n* item", "## head\n- a"]
)
def test_plain_text_is_told_once(text: str) -> None:
    assert [(found.text, found.origin) for found in decoded(text).texts] == [(text, SEEN)]


def test_programs_in_plain_text_are_text() -> None:
    result = decoded("var a = 1; // <script>alert(1)</script>")
    assert result.unread == ()


def test_under_every_encoding() -> None:
    result = decoded("这是<!-- 备注 -->文字".encode("gb18030"))
    assert "备注" in texts(result, "document", "comment")
    assert any(text == "这是文字" for text in texts(result, *SEEN))


@pytest.mark.parametrize(
    "text",
    ["[a](b " * 100_000, "[a](<" * 100_000, "[" * 500_000 + "](", "` `` " * 100_000 + "<b>", "[a]: " + "b" * 500_000,
     "```\n~~~\n" * 50_000 + "<b>", "\\*" * 200_000 + "<b>", '[a](b "' * 100_000, "<" * 300_000 + "b>"],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.monotonic()
    assert decoded(text).texts
    assert time.monotonic() - began < 20
