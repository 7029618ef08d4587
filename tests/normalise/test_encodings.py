"""Encodings: with anything in the payload, in any of the usual places, one in the other; and what is nearly text."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.disguises import (
    backwards,
    binary,
    dashed,
    decimal,
    encoded,
    entities,
    escapes,
    hexadecimal,
    leet,
    morse,
    percent,
    rot13,
    wide_encoded,
)
from support.growth import is_linear

from moderation.normalise import ViewLimits, views_of
from moderation.normalise.encodings import decode_runs, moved
from moderation.normalise.mapped import Mapped

PHRASE = "they open the secret door"
PHRASE_ZH = "请打开那扇秘密的门好吗"
UNPRINTABLE = {
    "ideographic space": "\u3000", "no-break space": "\xa0", "zero width space": "\u200b", "line": "\u2028",
    "paragraph": "\u2029", "nul": "\0", "escape": "\x1b", "bell": "\x07", "mark": "\ufeff", "form feed": "\f",
    "delete": "\x7f", "next line": "\x85", "private": "\ue000", "unassigned": "\u0378", "replacement": "\ufffd",
    "family": "👨‍👩‍👧", "thumb": "👍🏽", "soft hyphen": "\xad", "noncharacter": "\ufffe",
}  # fmt: skip
WAYS = {"base64": encoded, "hex": hexadecimal, "percent": percent, "binary": binary, "dashed": dashed}


def says(text: str, phrase: str) -> bool:
    return any(phrase in view.text for view in views_of(text).views)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", UNPRINTABLE)
def test_what_does_not_show_saves_no_payload(name: str, way: str) -> None:
    sign = UNPRINTABLE[name]
    for phrase in (PHRASE_ZH, PHRASE):
        middle = phrase.index(" ") if " " in phrase else 3
        for payload, part in (
            (phrase[:middle] + sign + phrase[middle:], phrase[middle + 2 :]),
            (sign + phrase + sign, phrase),
        ):
            assert says(f"Do this: {WAYS[way](payload)} now", part), ascii(payload)


def test_a_few_broken_bytes_save_no_payload() -> None:
    for phrase in (PHRASE, PHRASE_ZH):
        data = phrase.encode()
        assert says(base64.b64encode(data + b"\xff").decode(), phrase)
        assert says(base64.b64encode(b"\xfe" + data).decode(), phrase)
        assert says((data + b"\xff").hex(), phrase)
    assert says(encoded(PHRASE).rstrip("=") + "QQQ", PHRASE[:20])
    assert says(encoded(PHRASE_ZH) + "", PHRASE_ZH)
    assert says(encoded(PHRASE_ZH).rstrip("=") + "A", PHRASE_ZH[:9])


def test_bytes_of_utf_16_that_are_ascii_with_controls() -> None:
    assert says(wide_encoded("明天明天明天"), "明天明天明天")


def test_what_is_nearly_text_is_a_gap() -> None:
    greek = "μήνιν\x01ἄειδε\x02θεὰ\x03Πηληϊάδεω\x04Ἀχιλῆος"
    original = f"see {encoded(greek)} there"
    views = views_of(original)
    assert views.views == ()
    assert views.gaps == (("unread_encoding", (4, len(original) - 6)),)


def test_bytes_of_chance_are_no_gap() -> None:
    chance = random.Random(7)
    for _ in range(300):
        data = chance.randbytes(chance.choice((8, 12, 16, 20, 32, 64, 200)))
        for text in (base64.b64encode(data).decode(), data.hex(), "-".join(f"{byte:02x}" for byte in data)):
            assert views_of(f"id {text} ok") == views_of("")


@pytest.mark.parametrize(
    "disguised",
    [
        "".join(f"&#{ord(character)};" for character in PHRASE),
        "".join(f"&amp;#{ord(character)};" for character in PHRASE),
        "".join(f"&amp;amp;amp;#x{ord(character):x};" for character in PHRASE),
        "".join(f"&#{ord(character)}" if character != " " else " " for character in PHRASE),
        "".join(f"&#{ord(character):011};" for character in PHRASE),
        "".join(f"&{letter}scr;" if letter.isalpha() and letter not in "eo" else letter for letter in PHRASE),
        "".join(f"&{letter}fr;" if letter.isalpha() else letter for letter in PHRASE),
        "&shy;".join(PHRASE).replace("&shy; &shy;", " "),
        "&ZeroWidthSpace;".join(PHRASE).replace("&ZeroWidthSpace; &ZeroWidthSpace;", " "),
        PHRASE.replace("e", "&#101;"),
    ],
    ids=["decimal", "nested", "deeply", "bare", "zeros", "script", "fraktur", "shy", "zero width", "one letter"],
)
def test_references(disguised: str) -> None:
    assert says(f"He wrote: {disguised}.", PHRASE), views_of(f"He wrote: {disguised}.")


def test_ordinary_references_stay() -> None:
    for text in (
        "Tom &amp; Jerry &lt;b&gt; &quot;so&quot; &nbsp;&nbsp; 5&nbsp;km &copy; 2024 &mdash; R&D; AT&T; a &rarr; b",
        "a&b; c && d; /?a=1&lt=2&copy=3 &#8217; &#39; it&#39;s &#160; &nosuch;",
    ):
        assert views_of(text) == views_of("")


@pytest.mark.parametrize(
    "place",
    [
        "x={}",
        "path/{}",
        "https://a.example/v1/{}",
        "id_{}",
        "data:text/plain;base64,{}",
        "译{}吧",
        '{{"q":"{}"}}',
        "{}/end",
    ],
)
def test_base64_in_common_places(place: str) -> None:
    for phrase in (PHRASE, PHRASE_ZH):
        for way in (encoded, wide_encoded):
            assert says(place.format(way(phrase)), phrase), way


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(5, 47), min_size=1, max_size=2), joint=st.sampled_from(["\n", "\r\n", '" + "', "'\n'"])
)
def test_base64_in_parts_is_never_read_by_half(cuts: list[int], joint: str) -> None:
    run = encoded("they open the secret door of room one")
    ends = [0, *sorted(cuts), len(run)]
    parts = [run[start:end] for start, end in pairwise(ends) if end - start > 4]
    if "".join(parts) == run:
        views = views_of(joint.join(parts)).views
        assert not views or any(
            "they open the secret door of room one" in re.sub(r"[\r\n]", "", view.text) for view in views
        )


def test_lines_that_are_texts_of_their_own_stay_apart() -> None:
    original = f"{encoded('open the doors')}\n{encoded('close all the windows')}\n"
    assert says(original, "open the doors\nclose all the windows")


@pytest.mark.parametrize(
    "layers",
    [
        (encoded, rot13),
        (percent, percent),
        (encoded, backwards),
        (hexadecimal, backwards),
        (percent, backwards),
        (entities, backwards),
        (escapes, backwards),
        (hexadecimal, rot13),
        (morse, encoded),
        (binary, encoded),
        (decimal, encoded),
        (morse, hexadecimal),
        (leet, rot13),
        (entities, encoded),
        (backwards, encoded, rot13),
    ],
    ids=lambda layers: "-".join(layer.__name__ for layer in layers),
)
def test_one_in_the_other_in_any_order(layers: tuple[Callable[[str], str], ...]) -> None:
    disguised = PHRASE
    for layer in layers:
        disguised = layer(disguised)
    for original in (disguised, f"My friend wrote: {disguised} (that is all)"):
        assert says(original, PHRASE), views_of(original)


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [("毒%u54c1", "毒品"), ("毒\\u54c1", "毒品"), ("\\u6bd2品", "毒品"), ("%u6bd2%u54c1", "毒品")],
)
def test_escapes_beside_ideographs(disguised: str, plain: str) -> None:
    assert says(f"他说{disguised}。", plain)


@pytest.mark.parametrize(
    "text",
    [
        "98 101 99 102 97 98 100 101 99 103", "2024-05-06 07:08:09, 10-11-12-13-14-15",
        "10:20:30:40:50:60 and 00-1B-44-11-3A-B7", "15:11:42:10:07:33",
        "Call 138-0013-8000 or 010-8888-6666-1234", "01010101 10101010 11110000 00001111",
        "101 102 103 104 105 106 107",
        "rw-r--r-- 0o644 0755 chmod 644 755 600 700 777", "a%20b%2Fc?x=100%25&y=5%0A",
        "this that they have been here when Mike came Home with Anna", "SGML HTML JSON YAML TOML UTF8 ANSI ASCI MIME",
    ],
)  # fmt: skip
def test_ordinary_numbers_and_words_stay(text: str) -> None:
    assert views_of(text) == views_of("")


@pytest.mark.parametrize("unit", ["01", "10", "0110100", "01 ", "01 01"])
def test_digits_without_end_take_linear_time(unit: str) -> None:
    def work(text: str) -> None:
        decode_runs(Mapped.of(text))
        moved(text)

    assert is_linear(work, unit * (160_000 // len(unit)))


def test_a_gap_names_the_runs_that_lie_too_deep() -> None:
    deep = PHRASE
    for _ in range(3):
        deep = encoded(deep)
    original = f"First {deep} then s3cr3t words and {deep} last"
    views = views_of(original, limits=ViewLimits(max_depth=2))
    first, second = original.index(deep), original.rindex(deep)
    assert views.gaps == (
        ("nested_encoding", (first, first + len(deep))),
        ("nested_encoding", (second, second + len(deep))),
    )
    assert all(encoded(PHRASE) not in view.text for view in views.views)
    assert says(original, PHRASE)
    assert any("secret words" in view.text for view in views.views)


def test_half_decoded_text_is_no_view() -> None:
    deep = encoded(encoded(encoded(PHRASE)))
    assert views_of(deep, limits=ViewLimits(max_depth=2)).views == ()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"aZ09+/=-_ \n&#;%\\xu.'\"", "&amp;", "&shy;", "%41", "b3Bl", "0x6f ", "01101111 ", "\\157", "毒"]
        ),
        max_size=50,
    ).map("".join)
)
def test_any_text_is_decoded_in_its_bounds(text: str) -> None:
    decoded = decode_runs(Mapped.of(text))
    assert all(0 <= start < end <= len(text) for start, end in [*decoded.runs, *decoded.refused])
    assert bool(decoded.names) == bool(decoded.runs)
    for runs in moved(text).values():
        assert all(0 <= start < end <= len(text) for start, end in runs)
