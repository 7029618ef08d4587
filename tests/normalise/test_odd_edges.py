"""What does not show hides a word from its edges too; what ordinary texts have there is left alone."""

from __future__ import annotations

import pytest

from moderation.normalise import views_of

# NUL, another control, next line, fillers, a joiner of graphemes, a vowel separator, blank Braille, an invisible
# times, private use, a tag, an object, and what is no character.
ODD = "\0\x1f\x85\u3164\u115f\u034f\u180e\u2800\u2062\ue000\U000f0000\U000e0041\ufffc\ufffe\U0010ffff"


@pytest.mark.parametrize("sign", ODD)
@pytest.mark.parametrize(("text", "words"), [("open the secret door", 4), ("打开秘密的门", 1)])
def test_a_sign_beside_words_is_looked_past_and_the_place_is_the_words(sign: str, text: str, words: int) -> None:
    before = f"so {text.replace(' ', f' {sign}')} now".replace("so ", f"so {sign}")
    after = f"so {' '.join(word + sign for word in text.split())} now"
    for disguised in (before, after):
        found = [(view, view.text.find(text)) for view in views_of(disguised).views if text in view.text]
        assert found, ascii(disguised)
        view, at = found[0]
        start, end = view.span(at, at + len(text))
        plain = disguised[start:end].replace(sign, "")
        assert plain == text
        assert len(disguised[start:end]) <= len(text) + words


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffHello there, this begins with a mark of order",
        "العربية \u200fmixed English\u200e text",
        "1\ufe0f\u20e3 first, 2\ufe0f\u20e3 second, ❤\ufe0f love",
        "हिन्दी\u200d में लिखा",
        "می\u200cخواهم بروم",
        "\uf015 Home  \uf007 Account",
        "👨\u200d👩\u200d👧 family",
        "a page\x0cand the next",
        "⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙",
    ],
)
def test_what_ordinary_texts_have_there_makes_no_view(text: str) -> None:
    assert [view for view in views_of(text).views if "invisible" in view.steps] == []
