"""Units of a streamed text: cut by position, whatever the chunks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.pipelines.cutting import LEAST_CHARS, LONGEST_CHARS, MOST_CHARS, Cutter, context_of, encoded_from

# A Chinese character each, but for the second: three letters.
RUNS = ["e6988e", "QUJD", "%E6%98%8E", "\\u4e00", "\\346\\230\\216", "e6-98-8e-", "&#20320;"]
TEXT = st.text(st.sampled_from("ab 。.!?\n…，词🎈\r\u200d\ufe0f\u0301\U0001f1e9"), max_size=900)


def never(text: str) -> int:
    return len(text)


def units_of(chunks: list[str], held_back: object = never) -> list[str]:
    cutter = Cutter(held_back)  # type: ignore[arg-type]
    units = [unit for chunk in chunks for unit in cutter.feed(chunk)]
    rest = cutter.rest()
    return [*units, rest] if rest else units


@st.composite
def chunked(draw: st.DrawFn) -> list[str]:
    text = draw(TEXT)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=30)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(chunked())
def test_chunks_change_nothing_and_nothing_is_lost(chunks: list[str]) -> None:
    text = "".join(chunks)
    units = units_of(chunks)
    assert "".join(units) == text
    assert units == units_of([text]) == units_of(list(text))
    assert all(LEAST_CHARS <= len(unit) <= MOST_CHARS for unit in units[:-1])


@given(chunked())
def test_each_unit_is_given_as_soon_as_it_is_whole(chunks: list[str]) -> None:
    cutter = Cutter(never)
    for chunk in chunks:
        cutter.feed(chunk)
        assert len(cutter.pending) <= MOST_CHARS  # the last one may belong to the character after it


@settings(deadline=None, max_examples=30)
@given(st.text(st.sampled_from("ab 。.!?\n…，词🎈\r\u200d\ufe0f\u0301\U0001f1e9"), max_size=40), st.integers(1, 90))
def test_a_long_piece_ends_where_its_characters_do_and_is_looked_at_once_in_a_step(text: str, times: int) -> None:
    seen: list[str] = []

    def held_back(end: str) -> int:
        seen.append(end)
        return end.rfind("b") if "b" in end[-4:] else len(end)

    cutter = Cutter(held_back)
    units = []
    for looks, unit in enumerate(cutter.looks(text * times), 1):
        assert len(seen) == looks
        units += [unit] if unit else []
    rest = cutter.rest()
    assert units_of(list(text * times), held_back) == ([*units, rest] if rest else units)


def test_a_sentence_ends_a_unit() -> None:
    first = "This sentence is long enough to be a unit of its own. "
    assert units_of([first + "And more."]) == [first, "And more."]
    assert units_of(["1.5 and 2.5 " * 4 + "or 3.5"]) == ["1.5 and 2.5 " * 4 + "or 3.5"]
    chinese = "这是一个足够长的句子" * 5 + "。"
    assert units_of([chinese + "下一句"]) == [chinese, "下一句"]


def test_a_unit_ends_before_what_may_become_a_term() -> None:
    def held_back(text: str) -> int:  # the term is "x" repeated ten times
        tail = len(text) - len(text.rstrip("x"))
        return len(text) if tail in (0, 10) else len(text) - tail

    text = "w" * (MOST_CHARS - 3) + "x" * 10 + "y" * 5
    assert units_of([text], held_back) == ["w" * (MOST_CHARS - 3), "x" * 10 + "y" * 5]
    assert units_of(["x" * 10 + "y" * MOST_CHARS], held_back) == ["x" * 10 + "y" * (MOST_CHARS - 10), "y" * 10]


@settings(deadline=None)
@given(st.integers(1, 40))
def test_what_is_never_decided_is_cut_in_the_end(size: int) -> None:
    units = units_of(["z" * (LONGEST_CHARS + size)], lambda text: 0)
    assert [len(unit) for unit in units] == [LONGEST_CHARS - 48, 48 + size]  # 56 times 72


@pytest.mark.parametrize(
    ("before", "run"),
    [
        ("see ", "aGVsbG8gdGhlcmUgbXkgZnJpZW5k"),
        ("请看：", "aGVsbG8gdGhlcmUgbXkgZnJpZW5k"),
        ("see: ", "A" * 76 + "\r\n" + "AB"),
        ("as ", "68 65 6c 6c 6f 20 77 6"),
        ("word ", "f o r b i d d e "),
        ("the ", "%68%65%6c%6c%6f%20%7"),
        ("the ", "&#104;&#101;&#108;&#1"),
        ("the ", "\\x68\\x65\\x6c\\x6c\\x6f"),
        ("", ".... . .-.. .-.. --- / .-- "),
    ],
)
def test_an_encoded_run_is_known_by_its_end(before: str, run: str) -> None:
    text = before + run
    assert text[encoded_from(text) :].lstrip() == run
    assert encoded_from(before + run + " or not. ") == len(before + run + " or not. ")


@pytest.mark.parametrize(
    "text",
    ["", "Ordinary words, a well-known 24 of them. ", "一句普通的话，说得稍微长一点。", "- one\n- two\n- three\n"],
)
def test_ordinary_text_is_no_encoded_run(text: str) -> None:
    assert encoded_from(text) == len(text)


def test_a_run_past_the_cap_is_cut_at_whole_bytes() -> None:
    run = "QUJD" * 2_000
    first, second = units_of(["Here: " + run + " "], encoded_from)[:2]
    assert LONGEST_CHARS - 72 < len(first) <= LONGEST_CHARS
    assert (len(first) - len("Here: ")) % 72 == 0
    assert len(context_of(first)) % 12 == 0
    assert second.startswith("QUJD")


@given(st.text(st.sampled_from("ab 。.\n，词🎈"), max_size=400))
def test_the_context_is_the_end_of_a_unit_and_no_longer_than_what_a_stream_may_cost(text: str) -> None:
    context = context_of(text)
    assert text.endswith(context)
    assert len(context) <= min(180, len(text) * 3 / 4)


def test_the_context_begins_with_a_word_where_one_is_near() -> None:
    assert context_of("one two three four five six") == "three four five six"
    assert context_of("x" * 400) == "x" * 172  # 19 times 12 before it


@pytest.mark.parametrize("end", ["。", "，", ". ", "==。", "”。\n"])
@pytest.mark.parametrize("run", RUNS)
def test_the_context_of_an_encoded_run_has_whole_characters(run: str, end: str) -> None:
    for count in range(60 // len(run), 300 // len(run), 4):
        unit = "看：" + run * count + end
        assert context_of(unit) in {run * left + end for left in range(count)}


@pytest.mark.parametrize("most", [20, 36, 48, 100, 180])
@pytest.mark.parametrize("run", RUNS)
def test_what_of_an_encoded_run_is_left_out_of_a_short_context_is_less_than_a_character_or_twelve_signs(
    run: str, most: int
) -> None:
    for count in range(1 + 240 // len(run), 320 // len(run)):
        context = context_of("看：" + run * count, most)
        assert context in {run * left for left in range(count)}
        assert most - max(12, len(run)) < len(context) <= most


@pytest.mark.parametrize("code", ["%{:02X}", "={:02X}", "\\x{:02x}", "\\{:03o}"])
@pytest.mark.parametrize("said", ["as 明天 in", "明天🎈a", "ñandú", "🎈"])
def test_the_context_of_characters_of_several_widths_has_whole_ones(said: str, code: str) -> None:
    run = ["".join(map(code.format, sign.encode())) for sign in said * 30]
    for count in range(30, len(run)):
        context = context_of("".join(run[:count]))
        assert context in {"".join(run[first:count]) for first in range(count)}
        assert len(context) > 60


@pytest.mark.parametrize("code", ["&#{:d};", "&#x{:x};", "\\u{{{:x}}}"])
def test_the_context_of_references_begins_with_a_whole_one(code: str) -> None:
    run = [code.format(ord(sign)) for sign in "a 明b🎈é" * 20]
    for count in range(30, len(run)):
        context = context_of("".join(run[:count]))
        assert context in {"".join(run[first:count]) for first in range(count)}
        assert len(context) > 60


def test_the_context_of_escaped_pairs_has_whole_ones() -> None:
    pair = "\\ud83c\\udf88"
    for count in range(20, 40):
        for most in (60, 64, 68):
            assert context_of(pair * count, most) == pair * 5


@pytest.mark.parametrize("run", RUNS)
def test_a_run_longer_than_two_stretches_is_cut_between_characters(run: str) -> None:
    units = units_of(["See " + run * (3 * LONGEST_CHARS // len(run))], encoded_from)
    assert len(units) > 3
    for before, unit in pairwise(units):
        assert unit == run * (len(unit) // len(run))
        context = context_of(before)
        assert len(context) > 100
        assert context == run * (len(context) // len(run))
