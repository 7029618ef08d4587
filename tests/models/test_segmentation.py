from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.models.reading_order import reading_order
from moderation.models.segmentation import MIN_RUN_CHARS, Segmenter, word_costs

WORDS = {
    word: cost
    for cost, words in {
        6.0: ["i", "a", "the", "to", "you"],
        9.0: ["will", "find", "meet", "me", "at", "station", "send", "money", "hello", "world", "this", "is"],
        9.5: ["under", "standing"],
        12.0: ["international", "knowledge"],
        30.0: ["understanding"],
    }.items()
    for word in words
}
SEGMENTER = Segmenter(WORDS)


@pytest.mark.parametrize(
    ("run", "split"),
    [
        ("Iwillfindyou", "I will find you"),
        ("IWILLFINDYOU", "I WILL FIND YOU"),
        ("meetmeatthestation", "meet me at the station"),
        ("sendmemoney,helloworld!", "send me money,hello world!"),
        ("你好helloworld再见", "你好hello world再见"),
        ("this is helloworld", "this is hello world"),
    ],
)
def test_missing_spaces_come_back(run: str, split: str) -> None:
    assert SEGMENTER.split(run) == split


@pytest.mark.parametrize(
    "text",
    [
        "understanding",
        "international knowledge",
        "Understanding",
        "https://example.org/sendmemoney",
        "www.sendmemoneyhello",
        "sendmemoney.example",
        "sendmemoney@example.org",
        "send_me_moneytothe",
        "sendMeMoneyToThe",
        "sendmemoney2",
        "/sendmemoney/hello",
        "qzxvbnmkjhgfds",
        "отправьденьги",
        "我会找到你",
        "\U0001f600" * 12,
        "",
    ],
)
def test_left_alone(text: str) -> None:
    assert SEGMENTER.split(text) == text


@given(st.text(max_size=60) | st.lists(st.sampled_from(sorted(WORDS)), max_size=8).map("".join))
def test_only_spaces_are_added(text: str) -> None:
    split = SEGMENTER.split(text)
    assert split.replace(" ", "") == text.replace(" ", "")
    assert SEGMENTER.split(split) == split


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=12))
def test_known_words_are_never_cut(words: list[str]) -> None:
    assert SEGMENTER.split(" ".join(words)) == " ".join(words)


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=2, max_size=10))
def test_every_part_of_a_cut_run_is_known(words: list[str]) -> None:
    run = "".join(words)
    parts = SEGMENTER.split(run).split()
    if len(parts) > 1:
        assert len(run) >= MIN_RUN_CHARS
        assert set(parts) <= set(WORDS)


def test_costs_come_from_whole_latin_words() -> None:
    pieces = [
        ("▁Will", -8.0),
        ("▁will", -9.0),
        ("ing", -3.0),
        ("▁你", -4.0),
        ("▁eur", -5.0),
        ("▁tion", -6.0),
        ("▁you", -7.0),
    ]
    assert word_costs(pieces) == {"will": 8.0, "you": 7.0}


@pytest.mark.parametrize(
    ("boxes", "order"),
    [
        ([], []),
        ([(50, 0, 90, 10), (0, 1, 40, 11), (0, 20, 40, 30)], [1, 0, 2]),
        ([(0, 100, 10, 110), (0, 50, 10, 60), (0, 0, 10, 10)], [2, 1, 0]),
        ([(60, 6, 90, 14), (0, 0, 50, 20)], [1, 0]),
    ],
)
def test_reading_order(boxes: list[tuple[int, int, int, int]], order: list[int]) -> None:
    assert reading_order(boxes) == order


BOX = st.tuples(*[st.integers(0, 500)] * 4).map(lambda box: (box[0], box[1], box[0] + box[2] + 1, box[1] + box[3] + 1))


@given(st.lists(BOX, max_size=20))
def test_reading_order_keeps_every_box(boxes: list[tuple[int, int, int, int]]) -> None:
    assert sorted(reading_order(boxes)) == list(range(len(boxes)))
