"""However long a disguised text is, wherever in it a phrase stands: a view says it and points to it, or a gap does."""

# ruff: noqa: SIM905 - words that are read by people

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Mapping
from itertools import chain

import pytest
from support import disguises as ways

from moderation.normalise import views_of, warm_up
from moderation.normalise.segments import segments

PHRASE, PHRASE_ZH = "you must kill every teacher tonight", "今天晚上我要杀了他们全家"
SENTENCES = (
    "the committee will meet again on tuesday to talk about the new garden and the old bridge",
    "my friend margaret brought seven letters from the station",
    "nobody knew why the doctor waited so long near the market",
    "she said that summer was better for travel than winter",
    "people asked many questions about the price of the building",
)
SENTENCES_ZH = (
    "今天下午我们在图书馆看书，晚上和朋友喝茶聊天，明天再去公园散步",
    "老师说新学期九月一日开始，大家都很高兴",
    "他昨天坐火车回家，买了很多苹果",
    "医院旁边有一个很大的市场，早上人特别多",
)
LENGTHS = (1_000, 4_000, 20_000)
Form = Callable[[str], str]


def in_lines_of(width: int, run: str) -> str:
    return "\n".join(run[at : at + width] for at in range(0, len(run), width))


def numbers_in_lines(text: str) -> str:
    numbers = [str(byte) for byte in text.encode()]
    return "\n".join(" ".join(numbers[at : at + 16]) for at in range(0, len(numbers), 16))


def between(sign: str, text: str) -> str:
    return sign.join(character for character in text if character not in "，。")


OF_BYTES: Mapping[str, Form] = {
    "base64_in_lines": lambda text: in_lines_of(76, ways.encoded(text)),
    "hex_in_lines": lambda text: in_lines_of(32, ways.hexadecimal(text)),
    "hex_apart": lambda text: text.encode().hex(" "),
    "bits_in_a_row": lambda text: "".join(f"{byte:08b}" for byte in text.encode()),
    "decimal_references": lambda text: "".join(f"&#{ord(character)};" for character in text),
}
# Leet and look-alikes leave words of one and two letters as they are, which hides nothing.
FORMS: Mapping[str, Form] = {
    **{name: form for name, form in ways.ENGLISH.items() if name != "in_lines"},
    **OF_BYTES,
    "octal_numbers": lambda text: " ".join(f"{byte:03o}" for byte in text.encode()),
    "numbers_in_lines": numbers_in_lines,
    "no_blanks": lambda text: " ".join(text.replace(" ", "")),
    "dots_only": lambda text: ".".join(text.replace(" ", "")),
    "dashed_letters": lambda text: " ".join("-".join(word) for word in text.split()),
    "capitals": lambda text: ways.dotted(text).upper() + ".",
}
FORMS_ZH: Mapping[str, Form] = {
    **{name: form for name, form in ways.CHINESE.items() if name != "in_lines"},
    **OF_BYTES,
    **{f"between {sign!r}": functools.partial(between, sign) for sign in (" ", "/", ".", "、", "😊", "\n", "，", "|")},
}
ONE_BY_ONE = frozenset(
    "spaced dotted no_blanks dots_only dashed_letters rot13 backwards bold wide tags zero_width".split()
)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    warm_up()


def planted(form: Form, texts: tuple[str, str, str], length: int, place: float) -> tuple[str, int]:
    """A text of about this length in disguise, all of it, with the phrase at the place; and where that is in it.

    Args:
        texts: the phrase, the sentences around it, by lines, and what stands between them.
    """
    phrase, lines, joint = texts
    sentences = lines.splitlines()
    chooser = random.Random(length)
    grows = len(form(joint.join(sentences))) / len(joint.join(sentences))
    chosen: list[str] = []
    while sum(map(len, chosen)) * grows < length:
        chosen.append(chooser.choice(sentences))
    at = round(place * len(chosen))
    original = form(joint.join([*chosen[:at], phrase, *chosen[at:]]))
    turned = form in (ways.backwards, ways.overridden)
    return original, len(form(joint.join((chosen[at:] if turned else chosen[:at]) or [""]))) + len(form(phrase)) // 2


def is_told(original: str, at: int, phrase: str) -> list[tuple[int, int]]:
    """Where the views that say the phrase point; some of them, or a gap, to where it stands."""
    said = re.compile(r"\s+".join(map(re.escape, phrase.split())))
    found = views_of(original)
    seen = [view.span(*place.span()) for view in found.views if (place := said.search(view.text.lower()))]
    spans = [*seen, *(span for _, span in found.gaps)]
    assert all(0 <= start < end <= len(original) for start, end in spans)
    assert any(start <= at <= end for start, end in spans), (at, spans)
    return seen


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("form", FORMS)
def test_english(form: str, length: int) -> None:
    way = FORMS[form]
    for place in (0, 0.5, 1):
        original, at = planted(way, (PHRASE, "\n".join(SENTENCES), " "), length, place)
        seen = is_told(original, at, PHRASE)
        if form in ONE_BY_ONE:  # what is no single run is pointed to exactly
            shown = way(PHRASE).strip("\u200b")
            assert shown in {original[start:end] for start, end in seen}, place


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("form", FORMS_ZH)
def test_chinese(form: str, length: int) -> None:
    for place in (0, 0.5, 1):
        original, at = planted(FORMS_ZH[form], (PHRASE_ZH, "\n".join(SENTENCES_ZH), "。"), length, place)
        is_told(original, at, PHRASE_ZH)


@pytest.mark.parametrize("letters", [130, 395, 405, 900, 9_000, 30_000])
def test_names_and_new_words_hide_no_row_of_letters(letters: int) -> None:
    plain = " ".join(chain(["the florbix told prokhorenko"], SENTENCES * (letters // 200), [PHRASE, "at zyxgrad"]))
    for form in (ways.spaced, ways.dotted):
        assert any(PHRASE in view.text for view in views_of(form(plain)).views)


def test_a_long_row_of_no_known_words_is_a_gap() -> None:
    """Of another language, say; a short one is ordinary, and so are an alphabet, a strand and one letter again."""
    german = "wir wollen heute abend alle zusammen nach hause gehen und dort gemeinsam essen" * 8
    for row in (" ".join(german.replace(" ", "")), ways.spaced(german)):
        (gap,) = views_of(f"see {row}").gaps
        assert gap == ("unread_encoding", (4, 4 + len(row)))
    for ordinary in ("a b c d e f g h i j k l m n o p q r s t u v w x y z " * 4, "g a t t a c a t " * 40, "x o " * 200):
        assert views_of(ordinary).gaps == ()
    assert views_of("p, q, r, s and t, u; w i r") == views_of("")


def test_columns_of_numbers_and_of_hashes_stay() -> None:
    chooser = random.Random(1)
    numbers = "\n".join(str(chooser.randrange(10, 256)) for _ in range(2_000))
    halves = "\n".join(
        str(chooser.randrange(176, 215)) for _ in range(2_000)
    )  # usual characters of GB 18030, all of them
    hashes = "\n".join(f"{chooser.getrandbits(128):032x}" for _ in range(200))
    assert views_of(numbers) == views_of(halves) == views_of(hashes) == views_of("")


def test_a_long_text_is_cut_between_words() -> None:
    """Ordinary texts as before: in stretches of 1,000 to 2,000 characters."""
    text = " ".join(SENTENCES * 40)
    ends = [end for _, end, _ in segments(text)]
    assert len(ends) >= len(text) // 2_000
    assert not any(cut for *_, cut in segments(text))
    assert all(text[end - 1] == " " for end in ends[:-1])


def test_what_is_cut_through_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.normalise.segments._LONGEST", 10_000)
    text = ways.spaced(" ".join(SENTENCES * 40))
    ends = [end for _, end, cut in segments(text) if cut]
    gaps = [span for reason, span in views_of(text).gaps if reason == "views_past_limit"]
    assert ends
    assert gaps == [(end - 1_000, min(end + 1_000, len(text))) for end in ends]
