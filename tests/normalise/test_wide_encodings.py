"""Encodings in full-width or styled letters are decoded, wholly or not at all."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from moderation.normalise import views_of


def full_width(text: str) -> str:
    return "".join(
        chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else "\u3000" if sign == " " else sign for sign in text
    )


def _styled(text: str, big: int, small: int, digit: int) -> str:
    table = {ord("A") + at: big + at for at in range(26)} | {ord("a") + at: small + at for at in range(26)}
    return text.translate(table | {ord("0") + at: digit + at for at in range(10)})


def bold(text: str) -> str:
    return _styled(text, 0x1D5D4, 0x1D5EE, 0x1D7EC)


def monospace(text: str) -> str:
    return _styled(text, 0x1D670, 0x1D68A, 0x1D7F6)


WAYS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex in groups": lambda text: text.encode().hex(" "),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "references": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "references in hex": lambda text: "".join(f"&#x{ord(sign):x};" for sign in text),
    "escapes": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
}


@pytest.mark.parametrize("style", [full_width, bold, monospace])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("他说：", "，就是这样。"), ("decode this: ", " please")])
def test_encodings_in_styled_signs(style: Callable[[str], str], way: str, before: str, after: str) -> None:
    for phrase in ("open the secret door", "我们去公园喝茶吧"):
        shown = style(WAYS[way](phrase))
        (view,) = views_of(before + shown + after).views
        at = view.text.index(phrase)
        assert view.text == before + phrase + after
        assert view.span(at, at + len(phrase)) == (len(before), len(before) + len(shown))


def test_full_width_layers() -> None:
    text = full_width(
        base64.b64encode(full_width(base64.b64encode(b"open the secret door").decode()).encode()).decode()
    )
    assert [view.text for view in views_of(text).views] == ["open the secret door"]


def test_styled_digits_go_with_their_letters() -> None:
    assert [view.text for view in views_of(bold("b0ld text")).views] == ["bold text"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "第１章",
            "Ａ４纸 Ｂ２Ｂ",
            "下午３点见，门票１２元。",
            "𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎",
            "Ｑ１２３４５６７８",
            "＃１０２４ Ａ＝Ｂ／Ｃ",
        ),
        *(
            "ＴＥＬ：０１０－１２３４５６７８",
            "２０２４－０５－０１　１２：３０",
            "１００％ 满意 ＆ 好",
            "ＩＳＢＮ　９７８－７－１１１",
        ),
    ],
)
def test_full_width_text_stays(text: str) -> None:
    assert views_of(text).views == ()
