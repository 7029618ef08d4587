from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import random
from email.message import EmailMessage

import pytest
from support.media_files import encoded, picture

from moderation.errors import InputError, UndecodableError
from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.decoder import Decoder
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()
SEEN = ("document",)
HEADER = ("document", "mail_header")
START = b"From: a@b.example\nMIME-Version: 1.0\n"
MIXED = START + b"Content-Type: multipart/mixed; boundary=b\n\n"


def decoded(data: bytes, limits: Limits = LIMITS) -> Decoded:
    return read(Modality.DOCUMENT, data, limits)


def texts(result: Decoded, *origin: str) -> list[str]:
    return [text.text.strip() for text in result.texts if text.origin == origin]


def members(result: Decoded) -> list[tuple[str, str | None]]:
    return [(text.text.strip(), text.place.member) for text in result.texts if text.origin == SEEN]


def gaps(result: Decoded) -> list[tuple[str, str | None]]:
    return [(one.reason, one.place.member) for one in result.unread]


def mail(body: str = "plain words", **fields: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "发件人 <a@b.example>"
    message["Message-ID"] = "<1@b.example>"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def part(content: bytes, *fields: str) -> bytes:
    return b"--b\n" + "".join(f"{field}\n" for field in fields).encode() + b"\n" + content + b"\n"


def test_fields() -> None:
    message = mail(Subject="Grüße 你好", To="x@y.example", X_Note="own words", Date="Mon, 1 Jan 2024 00:00:00 +0000")
    result = decoded(message.as_bytes())
    assert texts(result, *HEADER) == ["发件人 <a@b.example>\nGrüße 你好\nx@y.example"]
    assert texts(result, "metadata", "mail_header") == ["own words"]
    assert members(result) == [("plain words", None)]
    assert result.unread == ()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("=?utf-8?B?5L2g5aW9?=", "你好"),
        ("=?utf-8?Q?a_=E4=BD=A0?= =?utf-8?Q?=E5=A5=BD?=", "a 你好"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?nosuch?B?xOO6ww==?= after", "after"),
        ("=?utf-8?B?5L2g5aW", "=?utf-8?B?5L2g5aW"),
        ("folded\n words", "folded words"),
        ("w " * 5_000 + "=?utf-8?B?5L2g5aW9?=", "w 你好"),
        ("(" * 5_000 + " words", " words"),
    ],
)
def test_fields_however_they_are_written(field: str, text: str) -> None:
    for name in ("Subject", "From", "To"):
        (found,) = texts(decoded(f"MIME-Version: 1.0\n{name}: {field}\nMessage-ID: <1>\n\nbody".encode()), *HEADER)
        assert text in found


def test_fields_in_bytes_of_their_own() -> None:
    for encoding in ("utf-8", "gb18030"):
        data = b"From: a@b.example\nMIME-Version: 1.0\nSubject: " + "你好朋友".encode(encoding) + b"\n\nbody"
        assert "你好朋友" in texts(decoded(data), *HEADER)[0]


def test_every_alternative_is_read() -> None:
    message = mail()
    message.add_alternative("<p>a page <i style='display:none'>unseen</i></p>", subtype="html")
    result = decoded(message.as_bytes())
    assert members(result) == [("plain words", "part-1"), ("a page", "part-2.html")]
    (hidden,) = (text for text in result.texts if text.origin == ("document", "hidden_text"))
    assert (hidden.text, hidden.place.member) == ("unseen", "part-2.html/line-1")


def test_attachments_and_their_names() -> None:
    message = mail()
    message.add_attachment("attached words", filename="附件.txt")
    message.add_attachment(encoded(picture(), "PNG"), maintype="image", subtype="png", filename="p.png")
    result = decoded(message.as_bytes())
    assert texts(result, "document", "attachment") == ["附件.txt", "p.png"]
    assert members(result) == [("plain words", "part-1"), ("attached words", "附件.txt")]
    assert [image.place.member for image in result.images] == ["p.png"]


@pytest.mark.parametrize(
    "field",
    [
        "filename*=utf-8''%E4%BD%A0.txt",
        "filename*0*=utf-8''%E4; filename*1*=%BD%A0; filename*2=.txt",
        'filename="=?utf-8?B?5L2gLnR4dA==?="',
        'filename="你.txt"',
    ],
)
def test_names_however_they_are_written(field: str) -> None:
    data = MIXED + part(b"words", "Content-Type: text/plain", f"Content-Disposition: attachment; {field}") + b"--b--\n"
    result = decoded(data)
    assert texts(result, "document", "attachment") == ["你.txt"]
    assert members(result) == [("words", "你.txt")]


def test_two_names_are_both_told() -> None:
    fields = ("Content-Type: text/plain; name=one.txt", "Content-Disposition: attachment; filename=two.txt")
    result = decoded(MIXED + part(b"words", *fields, "Content-Description: described"))
    assert texts(result, "document", "attachment") == ["two.txt\none.txt\ndescribed"]


def base64_of(text: str, encoding: str) -> bytes:
    return base64.b64encode(text.encode(encoding))


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (base64_of("你好世界", "gb2312"), ("Content-Type: text/plain; charset=gb2312", "base64")),
        (base64_of("你好世界", "utf-8").rstrip(b"="), ("Content-Type: text/plain; charset=utf-8", "base64")),
        (base64_of("你好世界1", "utf-8")[:-4] + b"!\n*MQ==", ("Content-Type: text/plain; charset=utf-8", "base64")),
        (base64_of("a你好世", "utf-8") + b"\n" + base64_of("界", "utf-8"), ("Content-Type: text/plain", "base64")),
        ("你好世界".encode("big5"), ("Content-Type: text/plain; charset=big5", "8bit")),
        ("你好世界".encode(), ("Content-Type: text/plain; charset=us-ascii", "8bit")),
        ("你好世界".encode(), ("Content-Type: text/plain; charset=gbk", "8bit")),
        ("你好世界".encode("gb18030"), ("Content-Type: text/plain; charset=nosuch", "8bit")),
        ("你好世界".encode("utf-7"), ("Content-Type: text/plain; charset=utf-7", "7bit")),
        (b"=E4=BD=A0=\n=E5=A5=BD=E4=B8=96=E7=95=8C", ("Content-Type: text/plain; charset=utf-8", "quoted-printable")),
        ("你好世界".encode(), ("Content-Type: nonsense", "nosuch")),
        ("你好世界".encode(), ("Content-Type: multipart/mixed", "8bit")),
        ("<p>你好<b>世界".encode("gbk"), ("Content-Type: text/html; charset=gbk", "8bit")),
        ("<html><meta charset=big5>你好世界".encode(), ("Content-Type: text/html; charset=utf-8", "8bit")),
        ("<p>你好世界".encode("gbk"), ("Content-Type: text/html", "8bit")),
    ],
)
def test_bodies_however_they_are_encoded(content: bytes, fields: tuple[str, str]) -> None:
    data = MIXED + part(content, fields[0], f"Content-Transfer-Encoding: {fields[1]}") + b"--b--\n"
    assert any("你好世界" in text for text, _ in members(decoded(data)))


def test_files_said_to_be_text() -> None:
    png = base64.encodebytes(encoded(picture(), "PNG"))
    for kind in ("text/plain", "text/html; charset=utf-8", "application/octet-stream"):
        result = decoded(MIXED + part(png, f"Content-Type: {kind}", "Content-Transfer-Encoding: base64"))
        assert len(result.images) == 1


def test_files_in_a_text() -> None:
    lines = b"".join(binascii.b2a_uu(b"words in a file"[at : at + 45]) for at in range(0, 15, 45))
    result = decoded(START + b"\nbefore\nbegin 644 f.txt\n" + lines + b"`\nend\nafter\n")
    assert ("words in a file", "f.txt") in members(result)
    assert texts(result, "document", "attachment") == ["f.txt"]


def test_mails_in_mails() -> None:
    inner = mail("inner words", Subject="inner subject")
    inner.add_attachment("attached words", filename="a.txt")
    message = mail()
    message.add_attachment(inner)
    result = decoded(message.as_bytes())
    assert [text.place.member for text in result.texts if text.origin == HEADER] == [None, "part-2.eml"]
    assert "inner subject" in texts(result, *HEADER)[1]
    assert members(result)[1:] == [("inner words", "part-2.eml/part-1"), ("attached words", "part-2.eml/a.txt")]


def test_a_mail_in_a_mail_that_is_encoded() -> None:
    content = base64.b64encode(mail("inner words").as_bytes())
    data = MIXED + part(content, "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64") + b"--b--\n"
    assert ("inner words", "part-1.eml") in members(decoded(data))


def test_mails_deeper_than_are_read() -> None:
    message = mail("deepest")
    for _ in range(6):
        outer = mail("words")
        outer.add_attachment(message)
        message = outer
    result = decoded(message.as_bytes())
    assert gaps(result) == [("depth_past_limit", "/".join(["part-2.eml"] * 5))]
    assert "deepest" not in [text for text, _ in members(result)]


def test_more_parts_than_are_read() -> None:
    data = MIXED + b"".join(part(b"words %d" % number) for number in range(20))
    result = decoded(data, dataclasses.replace(LIMITS, max_members=10))
    assert gaps(result) == [("members_past_limit", None)]
    assert len(members(result)) == 9


def test_parts_in_parts_deeper_than_can_be_told_apart() -> None:
    data = START
    for number in range(3_000):
        data += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
    with pytest.raises(UndecodableError) as caught:
        decoded(data + b"\nwords")
    assert caught.value.code == "undecodable_document"


def test_what_no_viewer_shows() -> None:
    result = decoded(MIXED + b"before all parts\n" + part(b"words") + b"--b--\nafter all parts\n")
    assert texts(result, "document", "hidden_text") == ["before all parts", "after all parts"]
    usual = decoded(MIXED + b"This is a multi-part message in MIME format.\n" + part(b"words") + b"--b--\n")
    assert texts(usual, "document", "hidden_text") == []


@pytest.mark.parametrize(
    ("content", "kind", "gap"),
    [
        (b"x", "application/pkcs7-mime; smime-type=enveloped-data", ("encrypted_member", "part-1")),
        (b"-----BEGIN PGP MESSAGE-----\nx", "text/plain", ("encrypted_member", "part-1")),
        (b"Content-Type: text/plain\n\nx", "message/external-body", ("linked_content_unread", "part-1.eml")),
        (b"Subject: x\n\nx", "message/partial; id=1", ("undecodable_member", "part-1.eml")),
        (b"\0\1\2", "application/ms-tnef", ("unsupported_member_format", "part-1")),
    ],
)
def test_what_cannot_be_read_is_a_gap(content: bytes, kind: str, gap: tuple[str, str]) -> None:
    assert gaps(decoded(MIXED + part(content, f"Content-Type: {kind}") + b"--b--\n")) == [gap]


def test_reports_of_delivery() -> None:
    report = b"Reporting-MTA: dns; a\n\nDiagnostic-Code: smtp; rude words"
    result = decoded(MIXED + part(report, "Content-Type: message/delivery-status"))
    assert "smtp; rude words" in texts(result, "metadata", "mail_header")[0]


def test_little_time_still_tells_what_was_found() -> None:
    data = MIXED.replace(b"From", b"Subject: early words\nFrom") + part(b"x\n" * 5_000_000)
    result = read(Modality.DOCUMENT, data, LIMITS, deadline_s=0.05)
    assert "early words" in texts(result, *HEADER)[0]
    assert "decoder_timeout" in {one.reason for one in result.unread}


def whole() -> bytes:
    message = mail(Subject="Grüße", To="x@y.example")
    message.add_alternative("<p>page <b hidden>h</b></p>", subtype="html")
    message.add_attachment(mail("inner"))
    message.add_attachment("attached", filename="附件.txt")
    return message.as_bytes()


def test_broken_mails_never_fail_otherwise_than_stated() -> None:
    chance, data = random.Random(5), whole()
    cases = [data[: len(data) * tenth // 10] for tenth in range(1, 10)]
    for _ in range(250):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 20)):
            broken[chance.randrange(len(broken))] = chance.choice(b"=?\"'();:\n\r -\0\xff<>/a")
        cases.append(bytes(broken))
    refused = 0
    for case in cases:
        try:
            result = decoded(case)
        except InputError:
            refused += 1
        else:
            assert "decoder_failed" not in {one.reason for one in result.unread}
    assert refused < len(cases) / 10


def test_in_a_decoder_process() -> None:
    data = whole()

    async def main() -> Decoded:
        decoder = Decoder(LIMITS, processes=1)
        await decoder.start()
        try:
            return await decoder.decode(Modality.DOCUMENT, data, deadline_s=60)
        finally:
            await decoder.close()

    result = asyncio.run(main())
    assert (result.texts, result.unread) == (decoded(data).texts, ())
