"""Whatever the text, the answer comes in bounded time and points inside the original."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.disguises import ENGLISH, encoded

from moderation.normalise import ViewLimits, views_of, warm_up
from moderation.normalise.mapped import Edit, Mapped

AWKWARD = st.sampled_from(
    [
        *"kill aAiI01345@$!|.-_*/ \t\n\0=%&#;+\\xu6F{}",
        *"杀人木仓買🐴💊\u200b\u202e\u202c\u0301\u0336\ud800\udfff\ufe0f\u200d",
        *"\U000e0041\U000e0100аоｋ𝐤⼥ſßİ",
        *("&#107;", "%41", "\\u6740", "dubo ", "zg=="),
    ]
)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    warm_up()


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.lists(AWKWARD, max_size=60).map("".join)))
@example(text="ﬃﬃﬃ kїll")
@example(text="\u202e")
@example(text="弓虽弓虽")
def test_spans_lie_inside_and_grow_with_the_stretch(text: str) -> None:
    views = views_of(text)
    assert views == views_of(text)
    assert len({view.text for view in views.views}) == len(views.views)
    for view in views.views:
        assert view.text != text
        assert view.steps
        last = (0, 0)
        for end in range(len(view.text) + 1):
            start, stop = view.span(0, end)
            assert 0 <= start <= stop <= len(text)
            if end > 1:
                assert start <= last[0]
                assert stop >= last[1]
            last = (start, stop)
    for _, (start, stop) in views.gaps:
        assert 0 <= start <= stop <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_map_is_what_a_slow_one_is(data: st.DataObject) -> None:
    """Random edits and choices, beside lists of pairs that do the same one by one."""
    text = data.draw(st.text(alphabet="abc杀\ud800😀", min_size=1, max_size=12))
    mapped, slow = Mapped.of(text), [(character, at, at + 1) for at, character in enumerate(text)]
    for _ in range(data.draw(st.integers(1, 4))):
        if not slow:
            break
        if data.draw(st.booleans()):
            cuts = sorted(data.draw(st.lists(st.integers(0, len(slow)), min_size=2, max_size=6, unique=True)))
            edits = []
            for start, end in zip(cuts[::2], cuts[1::2], strict=False):
                edits.append(Edit(start, end, data.draw(st.text(alphabet="xyz", max_size=3))))
            mapped = mapped.edited(edits)
            for edit in reversed(edits):
                first = min(item[1] for item in slow[edit.start : edit.end])
                last = max(item[2] for item in slow[edit.start : edit.end])
                slow[edit.start : edit.end] = [(character, first, last) for character in edit.text]
        else:
            order = data.draw(st.lists(st.integers(0, len(slow) - 1), max_size=len(slow), unique=True))
            mapped = mapped.taken(np.array(order, np.intp))
            slow = [slow[at] for at in order]
    assert mapped.text == "".join(item[0] for item in slow)
    assert list(zip(mapped.starts.tolist(), mapped.ends.tolist(), strict=True)) == [item[1:] for item in slow]


def test_edits_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="in order"):
        Mapped.of("abc").edited([Edit(1, 2, "x"), Edit(0, 1, "y")])
    with pytest.raises(ValueError, match="keeps its length"):
        Mapped.of("abc").edited([Edit(0, 2, "x", aligned=True)])


HUGE = 60_000
BOMBS = {
    "one letter": "a" * HUGE,
    "one digit": "1" * HUGE,
    "digits and a letter": "1234567890" * (HUGE // 10) + "a",
    "two letters": "ab" * (HUGE // 2),
    "spaced letters": "a " * (HUGE // 2),
    "dotted letters": "a." * (HUGE // 2),
    "zero widths": "\u200b" * HUGE,
    "zero widths between letters": "a\u200b" * (HUGE // 2),
    "nothing": "\0" * HUGE,
    "halves": "\ud800" * HUGE,
    "marks": "a" + "\u0301" * HUGE,
    "marked letters": "a\u0301\u0302\u0303" * (HUGE // 4),
    "overrides": "\u202e" * HUGE,
    "override": "\u202e" + "ab " * (HUGE // 3),
    "tags": "\U000e0061" * HUGE,
    "selectors": "\ufe0f" * HUGE,
    "percents": "%25" * (HUGE // 3),
    "ampersands": "&#" * (HUGE // 2),
    "dashes": "- " * (HUGE // 2),
    "morse": ". " * (HUGE // 2),
    "lines of base64": ("A" * 76 + "\n") * (HUGE // 77),
    "equals": "=" * HUGE,
    "hexadecimal": "6b " * (HUGE // 3),
    "signs": "a$" * (HUGE // 2),
    "tripled": "aaab" * (HUGE // 4),
    "one ideograph": "的" * HUGE,
    "rare ideographs": "龘靐" * (HUGE // 2),
    "spaced ideographs": "杀 " * (HUGE // 2),
    "halves of characters": "木仓" * (HUGE // 2),
    "pictures": "马🐴" * (HUGE // 2),
    "syllables": "中 " + "xue xi " * (HUGE // 7),
    "circled": "ⓐ" * HUGE,
    "look-alikes": "kі" * (HUGE // 2),
    "backwards": "терces " * (HUGE // 7),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_made_to_take_long_does_not(name: str) -> None:
    begun = time.process_time()
    views = views_of(BOMBS[name])
    assert time.process_time() - begun < 8, name
    assert sum(len(view.text) for view in views.views) <= 2 * HUGE + 60_000


@pytest.mark.parametrize("character", ["a", "\u200b", "的", "\0"])
def test_ten_million_of_one_character(character: str) -> None:
    begun = time.process_time()
    views = views_of(character * 10_000_000)
    assert time.process_time() - begun < 20
    assert views.gaps == (("views_past_limit", (1_000_000, 10_000_000)),)


def test_what_lies_past_the_limit_is_a_gap() -> None:
    text = "k1ll and more. " * 1_000
    views = views_of(text, limits=ViewLimits(max_text_chars=6_000))
    assert ("views_past_limit", (6_000, len(text))) in views.gaps
    assert views.views
    few = views_of(text, limits=ViewLimits(max_chars_factor=0.0, max_chars_more=3_000))
    assert "views_past_limit" in {reason for reason, _ in few.gaps}
    assert sum(len(view.text) for view in few.views) < len(text)


def test_a_thousand_layers_are_a_gap() -> None:
    text = "%" + "25" * 1_000 + "41 and so on"
    begun = time.process_time()
    views = views_of(text)
    assert time.process_time() - begun < 2
    assert [reason for reason, _ in views.gaps] == ["nested_encoding"]
    layered = "open the secret door"
    for _ in range(4):
        layered = encoded(layered)
    assert views_of(layered).views[0].text == "open the secret door"
    assert views_of(layered, limits=ViewLimits(max_depth=4)).gaps == ()
    assert [reason for reason, _ in views_of(layered, limits=ViewLimits(max_depth=3)).gaps] == ["nested_encoding"]


def test_no_more_views_than_allowed() -> None:
    text = f"{ENGLISH['tags']('read this well')} k1te {ENGLISH['rot13']('please open the secret door')}"
    assert len(views_of(text).views) > 1
    views = views_of(text, limits=ViewLimits(max_views=1))
    assert len(views.views) == 1
    assert "views_past_limit" in {reason for reason, _ in views.gaps}


def test_a_long_text_makes_views_of_its_disguised_stretches() -> None:
    before = "An ordinary sentence stands here, and another one follows it.\n" * 200
    text = f"{before}please k i l l the lights\n{before}and open the s3cr3t door\n{before}"
    (view,) = views_of(text).views
    assert len(view.text) < len(text) / 4
    assert "\n" in view.text[view.text.index("kill") : view.text.index("secret")]
    assert not views_of(text.replace("k i l l", "kill").replace("s3cr3t", "secret")).views
    for plain, disguised in (("kill", "k i l l"), ("secret", "s3cr3t")):
        at = view.text.index(plain)
        start, end = view.span(at, at + len(plain))
        assert text[start:end] == disguised
