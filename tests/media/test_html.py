from __future__ import annotations

import dataclasses

import pytest

from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()
SEEN = ("document",)
HIDDEN = ("document", "hidden_text")


def decoded(markup: str | bytes, limits: Limits = LIMITS) -> Decoded:
    data = markup if isinstance(markup, bytes) else f"<!doctype html>{markup}".encode()
    return read(Modality.DOCUMENT, data, limits)


def texts(result: Decoded, *origin: str) -> list[str]:
    return [text.text for text in result.texts if text.origin == origin]


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">secret</p>',
        "<p hidden>secret</p>",
        '<p class="a gone">secret</p>',
        '<div id="gone"><p>secret</p></div>',
        '<div class="box"><i>shown</i> <b>secret</b></div>',
        '<p style="visibility:hidden">secret</p>',
        '<p style="opacity:0">secret</p>',
        '<p style="opacity:.2"><i style="opacity:20%">secret</i></p>',
        '<p style="filter:opacity(0)">secret</p>',
        '<p style="font-size:0">secret</p>',
        '<p style="font:1px serif">secret</p>',
        '<p style="font-size:10%"><i style="font-size:.5em">secret</i></p>',
        '<p style="color:white">secret</p>',
        '<p style="color:rgb(250 250 250 / 90%)">secret</p>',
        '<p style="color:transparent">secret</p>',
        '<p style="-webkit-text-fill-color:#fff">secret</p>',
        '<div style="background:#123456"><p style="color:#123457">secret</p></div>',
        '<div style="background-color:rgba(0,0,0,.5)"><p style="color:#808080">secret</p></div>',
        '<table bgcolor="000000"><tr><td><font color="black">secret</font></table>',
        '<p style="position:absolute;left:-9999px">secret</p>',
        '<p style="position:fixed;top:-100em">secret</p>',
        '<p style="text-indent:-9999px">secret</p>',
        '<p style="margin-left:-9999px">secret</p>',
        '<p style="position:absolute;clip:rect(0 0 0 0)">secret</p>',
        '<p style="clip-path:inset(50%)">secret</p>',
        '<p style="width:1px;height:1px;overflow:hidden">secret</p>',
        '<p style="max-height:0;overflow-y:hidden">secret</p>',
        '<p style="transform:scale(0)">secret</p>',
        '<p style="transform:translateX(-9999px)">secret</p>',
        '<p style="content-visibility:hidden">secret</p>',
        '<p style="DISPLAY : NONE !important; display:block">secret</p>',
        "<noscript>secret</noscript>",
        "<template><p>secret</p></template>",
        "<video>secret</video>",
        "<iframe>secret</iframe>",
        "<dialog>secret</dialog>",
        "<datalist><option>secret</datalist>",
        '<svg><text style="display:none">secret</text></svg>',
    ],
)
def test_what_nobody_sees_is_told_apart(hidden: str) -> None:
    styles = ".gone { display: none } #gone > p { color: #FFF } div.box i + b { visibility: hidden }"
    result = decoded(f"<head><style>{styles}</style></head>\n<p>before</p>\n{hidden}\n<p>after</p>")
    (seen,) = texts(result, *SEEN)
    assert seen.replace("\nshown", "") == "before\nafter"
    (found,) = (text for text in result.texts if text.origin == HIDDEN)
    assert (found.text, found.place.member) == ("secret", "line-3")
    assert found.start == len(seen) + 1
    assert result.unread == ()


@pytest.mark.parametrize(
    "shown",
    [
        '<p aria-hidden="true">words</p>',
        '<p style="display:none;display:block">words</p>',
        '<p hidden style="display:block">words</p>',
        '<p style="visibility:hidden"><b style="visibility:visible">words</b></p>',
        '<p style="font-size:0"><b style="font-size:12px">words</b></p>',
        '<div style="background:black"><p style="color:white">words</p></div>',
        '<div style="background:url(dark.png)"><p style="color:white">words</p></div>',
        '<p style="color:white;text-shadow:1px 1px black">words</p>',
        '<p style="opacity:.5;color:#555">words</p>',
        '<p style="position:relative;left:-20px;top:5px">words</p>',
        '<p style="margin:-10px 0 0 -960px">words</p>',
        '<p class="print">words</p>',
        '<p class="weak" id="strong">words</p>',
        '<p style="height:1px">words</p>',
        "<dialog open>words</dialog>",
        "<object>words</object>",
        "<details><p>words</p></details>",
        '<p style="display:none"><p>words</p>',
        '<p style="color:nonsense;font-size:calc(1px)">words</p>',
    ],
)
def test_what_is_seen_is_not_hidden(shown: str) -> None:
    styles = "@media print { .print { display: none } } #strong { display: block } .weak { display: none }"
    result = decoded(f"<style>{styles}</style>{shown}")
    assert texts(result, *SEEN) == ["words"]
    assert texts(result, *HIDDEN) == []


def test_words_are_put_together_as_they_are_seen() -> None:
    result = decoded(
        "<p>f<b>r</b>a<i hidden>xx</i>nk<!-- c -->ly <div>one<br>two\n  three</div><ul><li>a<li>b</ul>"
        "<table><tr><td>c<td>d</table><pre>e\n  f</pre><span style='display:block'>g</span>"
        "<div style='display:inline'>h</div><div style='display:inline-block'>i</div>&amp;&#x6a;</body></html>after"
    )
    assert texts(result, *SEEN) == ["frankly\none\ntwo three\na\nb\nc d\ne\nf\ng\nhi&jafter"]
    assert texts(result, *HIDDEN) == ["xx"]


def test_generated_text() -> None:
    styles = "p::before{content:'in ' attr(data-x)} p:after{content:'\\1F600'} i::before{content:'no';display:none}"
    result = decoded(f"<style>{styles}</style><p data-x='front '>words</p>")
    assert texts(result, *SEEN) == ["in front words😀"]


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("p", True),
        ("div p", True),
        ("body > p", False),
        ("div > p:first-child", False),
        ("div > p:nth-child(2n)", True),
        ("h1 + p", True),
        ("h1 ~ p.x", True),
        ("p:not(.x)", False),
        ("p:is(.y, .x)", True),
        ("[data-a]", True),
        ("[data-a='b c']", True),
        ("[data-a~=c]", True),
        ("[data-a^=c]", False),
        ("[data-a*='b']", True),
        ("[lang|=en]", True),
        ("P.X", False),
        ("p:hover", False),
        ("#i, nosuch", True),
        ("p::selection", False),
        ("p:nosuch(", False),
        ("@media screen { p", True),
    ],
)
def test_selectors(selector: str, holds: bool) -> None:
    markup = (
        f"<style>{selector} {{ display: none }}</style><div><h1>t</h1><p id=i class=x data-a='b c' lang=en-GB>words"
    )
    assert texts(decoded(markup), *HIDDEN) == (["words"] if holds else [])


def test_hidden_stretches_with_their_lines() -> None:
    result = decoded("<p>a\n<i hidden>b</i> <i hidden>c</i>\nd\n<i\nhidden>e</i> f")
    found = [(text.text, text.place.member) for text in result.texts if text.origin == HIDDEN]
    assert found == [("b c", "line-2"), ("e", "line-5")]
    many = decoded("a<i hidden>x</i>" * 150)
    assert [text.place.member for text in many.texts if text.origin == HIDDEN].count("line-1") == 100
    assert texts(many, *HIDDEN)[-1] == "\n".join("x" * 50)


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 3_000 + "deep words",
        "<b>" * 3_000 + "deep words",
        "<p title='" + "x" * 100_000 + "'>deep words",
        "<p " + " ".join(f"a{number}=1" for number in range(5_000)) + ">deep words",
        "<p>" + "<!---->" * 3_000 + "deep words",
        "<table>" * 1_000 + "deep words",
        "<svg>" * 1_000 + "deep words",
        "\0<p\0>" + "deep words",
    ],
    ids=["div", "b", "long-value", "attributes", "comments", "tables", "svg", "zeros"],
)
def test_odd_markup_hides_nothing(markup: str) -> None:
    assert any("deep words" in text for text in texts(decoded(markup), *SEEN))


def test_styles_past_what_is_weighed() -> None:
    assert [one.reason for one in decoded("<style>" + "p{}" * 100_000 + "</style>words").unread] == [
        "hidden_text_not_sought"
    ]
    steps = "<style>" + "".join(f"i *:not(.x{number}) *{{color:red}}" for number in range(500)) + "</style>"
    result = decoded(steps + "<i><b>x</b>" * 2_000 + "last words")
    assert [one.reason for one in result.unread] == ["hidden_text_not_sought"]
    assert texts(result, *SEEN)[0].endswith("last words")


def test_more_elements_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.media.html_tree.MOST_ELEMENTS", 10)
    result = decoded("<b>x</b>" * 20 + "<i hidden>end</i>")
    assert texts(result, *SEEN) == ["x" * 20 + "end"]
    assert [one.reason for one in result.unread] == ["hidden_text_not_sought"]


def test_more_markup_than_is_read() -> None:
    result = decoded("<p>first" + " " * 4_000_000 + "<p>last")
    assert texts(result, *SEEN) == ["first"]
    assert [one.reason for one in result.unread] == ["texts_past_limit"]


def test_no_more_texts_than_are_judged() -> None:
    result = decoded("<p>" + "words " * 100, dataclasses.replace(LIMITS, max_found_chars=50))
    assert sum(len(text.text) for text in result.texts) == 50
    assert {one.reason for one in result.unread} == {"texts_past_limit"}


def test_little_time_still_tells_what_was_found() -> None:
    data = b"<!doctype html><p>early words" + b"<b>x</b>\n" * 200_000
    result = read(Modality.DOCUMENT, data, LIMITS, deadline_s=0.02)
    assert any("early words" in text.text for text in result.texts)
    assert "decoder_timeout" in {one.reason for one in result.unread}
