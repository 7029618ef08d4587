from __future__ import annotations

import asyncio
import base64
import dataclasses
import random

import pytest
from support.media_files import encoded, picture

from moderation.errors import InputError
from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.decoder import Decoder
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()
SEEN = ("document",)
HIDDEN = ("document", "hidden_text")
PNG = base64.b64encode(encoded(picture(), "PNG")).decode()


def decoded(markup: str | bytes, limits: Limits = LIMITS) -> Decoded:
    data = markup if isinstance(markup, bytes) else f"<!doctype html>{markup}".encode()
    return read(Modality.DOCUMENT, data, limits)


def texts(result: Decoded, *origin: str) -> list[str]:
    return [text.text for text in result.texts if text.origin == origin]


def gaps(result: Decoded) -> list[tuple[str, str | None]]:
    return [(one.reason, one.place.member) for one in result.unread]


def test_what_is_said_and_not_shown() -> None:
    result = decoded(
        "<head><title>a title</title><meta name=description content='described'><meta name=viewport content='w'>"
        "<meta property='og:title' content='shared'><meta http-equiv=content-type content='text/html'></head>"
        "<img alt='a picture' title='a tooltip'><p aria-label='said aloud'>words</p><!-- a remark --><!-- another -->"
        "<svg><title>drawn</title><desc>described</desc><text>in a drawing</text><![CDATA[ as it is]]></svg>"
    )
    assert texts(result, *SEEN) == ["words\ndescribed\nin a drawing as it is"]
    assert texts(result, "metadata", "html_meta") == ["a title\ndescribed\nshared"]
    assert texts(result, "document", "alternative_text") == ["drawn\na picture\na tooltip\nsaid aloud"]
    assert texts(result, "document", "comment") == ["a remark\nanother"]
    assert result.unread == ()


def test_fields_and_links() -> None:
    result = decoded(
        "<form action='/send'><input value='typed' placeholder='type here'><input type=hidden value='carried along'>"
        "<input type=submit value='send it'><input type=checkbox value=on><textarea>a text\n area</textarea>"
        "<select><optgroup label='group'><option value=o1>one</option></select></form>"
        "<a href='https://example.org/a?b=c'>there</a><a href='#top'>up</a><area href='mailto:a@b.example'>"
    )
    assert texts(result, "document", "form_field") == ["typed\ntype here\nsend it\ngroup"]
    assert texts(result, "document", "form_field", "hidden_text") == ["carried along\no1"]
    assert texts(result, "document", "link") == ["/send\nhttps://example.org/a?b=c\nmailto:a@b.example"]
    assert texts(result, *SEEN) == ["a text\narea\none\nthereup"]


def test_files_in_addresses() -> None:
    result = decoded(
        f"<img src='data:image/png;base64,{PNG}'>\n<a href=' DATA:text/plain;charset=gbk;base64,xOO6ww=='>x</a>\n"
        "<object data='data:text/html,%3Cp hidden%3Einner%3C/p%3Eshown'></object>\n"
        "<i style='background:url(data:text/plain,in%20a%20style)'></i>\n"
        f"<style>b{{background:url('data:image/png;base64,{PNG}');src:url(data:font/woff2;base64,d09GMgABAAAA)}}</style>"
    )
    assert [image.place.member for image in result.images] == ["line-5/data-1.png"]  # the same picture is read once
    found = [(text.text, text.origin, text.place.member) for text in result.texts if text.place.member]
    assert found == [
        ("你好", SEEN, "line-2/data-3.txt"),
        ("shown", SEEN, "line-3/data-4.html"),
        ("inner", HIDDEN, "line-3/data-4.html/line-1"),
        ("in a style", SEEN, "line-4/data-5.txt"),
    ]
    assert result.unread == ()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("data:image/png;base64,!!!!", ""),
        ("data:image/png;base64,iVBORw0KGgo=", "undecodable_image"),
        ("data:application/x-thing,%00%01%02", "unsupported_member_format"),
        ("data:text/plain;base64,a", "undecodable_member"),
        ("data:", ""),
        ("data:,", ""),
        ("data:text/javascript,alert(1)", "scripts_unread"),
        ("javascript:alert(1)", "scripts_unread"),
        ("https://example.org/p.png", "linked_content_unread"),
        ("//example.org/p.png", "linked_content_unread"),
        ("p.png", ""),
        ("cid:1@2", ""),
    ],
)
def test_addresses_that_cannot_be_read(address: str, reason: str) -> None:
    result = decoded(f"<p>words</p>\n<img src='{address}'>")
    assert [one.reason for one in result.unread] == ([reason] if reason else [])
    assert texts(result, *SEEN)[0] == "words"


def test_scripts_and_what_is_elsewhere_are_gaps() -> None:
    assert gaps(decoded("<p>a</p>\n<script>document.write('x')</script>\n<script src=x.js></script>")) == [
        ("scripts_unread", "line-2")
    ]
    assert gaps(decoded("a\n<b onclick='x()'>b</b>")) == [("scripts_unread", "line-2")]
    assert gaps(decoded("a\n<iframe src='https://a.example'></iframe>")) == [("linked_content_unread", "line-2")]
    assert gaps(decoded("<link rel=stylesheet href='http://a.example/s.css'>")) == [("linked_content_unread", "line-1")]
    assert gaps(decoded("<style>@import 'http://a.example/s.css';</style>")) == [("linked_content_unread", "line-1")]
    assert gaps(decoded("<script></script><a href='https://a.example'>link</a>")) == []


def test_frames_are_read_up_to_the_depth() -> None:
    result = decoded("<p>outer</p>\n<iframe srcdoc='<p hidden>inner</p>shown'></iframe>")
    assert [(text.text, text.place.member) for text in result.texts] == [
        ("outer", None),
        ("shown", "line-2/frame-1.html"),
        ("inner", "line-2/frame-1.html/line-1"),
    ]
    markup = "deepest"
    for _ in range(6):
        markup = "<iframe srcdoc='" + markup.replace("&", "&amp;").replace("'", "&#39;") + "'></iframe>"
    assert [reason for reason, _ in gaps(decoded(markup))] == ["depth_past_limit"]
    many = decoded(
        "<img src='data:text/plain,a'><img src='data:text/plain,b'>", dataclasses.replace(LIMITS, max_members=1)
    )
    assert [reason for reason, _ in gaps(many)] == ["members_past_limit"]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset=gb2312>", "gbk"),
        ("<meta http-equiv=Content-Type content='text/html; charset=big5'>", "big5"),
        ("<meta charset='utf-8'>", "utf-8"),
        ("<meta charset='gbk'>", "utf-8"),
        ("<meta charset='utf-16'>", "utf-8"),
        ("<meta charset='iso-2022-jp'>", "iso-2022-jp"),
        ("<meta charset='nosuch'>", "gb18030"),
        ("", "gb18030"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
    ],
)
def test_encodings(head: str, encoding: str) -> None:
    data = f"<!doctype html><html>{head}<p>中文".encode(encoding)
    if encoding == "utf-16":
        data = b"\xef\xbb\xbf<!doctype html><iframe srcdoc='" + f"{head}<p>中文".encode() + b"'>"
    assert any("中文" in text for text in texts(decoded(data), *SEEN))


def test_xhtml() -> None:
    result = decoded(
        b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"><head>'
        b'<title/><script src="a.js"/></head><body><div style="display:none"/><p>chapter<br/>one</p>'
        b"<p><![CDATA[a < b]]></p></body></html>"
    )
    assert texts(result, *SEEN) == ["chapter\none\na < b"]


def test_entities_are_not_expanded() -> None:
    lots = "".join(f'<!ENTITY e{number + 1} "{f"&e{number};" * 10}">' for number in range(9))
    data = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "boom"><!ENTITY f SYSTEM "file:///etc/passwd">{lots}]>'
    result = decoded(f"{data}<html><p>words &e9; &f;</p></html>".encode())
    assert "words &e9; &f;" in texts(result, *SEEN)[0]


WHOLE = (
    b"<!doctype html><html><head><title>t</title><style>.a{display:none} b:first-child{color:#fff}</style></head><body>"
    b"<p class=a>hidden</p><!-- c --><table><tr><td>x<td>y</table><img alt=z src='data:image/png;base64,iVBORw0KGgo='>"
    b"<iframe srcdoc='<p>in</p>'></iframe><svg><text>s</text></svg><input value=v><p style='left:-9999px'>o</p></html>"
)


def test_broken_files_never_fail_otherwise_than_stated() -> None:
    chance = random.Random(4)
    cases = [WHOLE[: len(WHOLE) * tenth // 10] for tenth in range(1, 10)]
    for _ in range(250):
        broken = bytearray(WHOLE)
        for _ in range(chance.randint(1, 20)):
            broken[chance.randrange(15, len(broken))] = chance.choice(b"<>'\"=/!-&;{}:\0\xff a")
        cases.append(bytes(broken))
    refused = 0
    for data in cases:
        try:
            result = decoded(data)
        except InputError:
            refused += 1
        else:
            assert "decoder_failed" not in {one.reason for one in result.unread}
    assert refused < len(cases) / 10


def test_in_a_decoder_process() -> None:
    async def main() -> Decoded:
        decoder = Decoder(LIMITS, processes=1)
        await decoder.start()
        try:
            return await decoder.decode(Modality.DOCUMENT, WHOLE, deadline_s=60)
        finally:
            await decoder.close()

    result = asyncio.run(main())
    wanted = decoded(WHOLE)
    assert (result.texts, result.unread) == (wanted.texts, wanted.unread)
    assert "hidden" in texts(result, *HIDDEN)
