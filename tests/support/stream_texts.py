"""Texts of which much hangs on where a stream is cut, and ways to cut them, for Hypothesis."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st
from support.disguises import encoded, entities, escapes, hexadecimal, in_lines, leet, percent, spaced, zero_width

TERMS = ("forbidden phrase", "金色小马俱乐部", "st. nowhere casino")

LISTS = {
    "own.toml": 'name = "own"\nkind = "block"\ncategory = "fraud"\n'
    f'terms = ["{TERMS[0]}", "{TERMS[1]}", "{TERMS[2]}"]\n',
    "museum.toml": 'name = "museum"\nkind = "allow"\ncategory = "*"\n'
    'terms = ["museum of the forbidden phrase", "金色小马俱乐部主题公园", "support@example.com"]\n',
}

SENTENCES = (
    "Ordinary words that go on for a while. ",
    "Short. ",
    "Is it so? It is! ",
    "no stop at all and many words after one another ",
    "- one item of a list\n",
    "一句普通的话，说得稍微长一点，好让它成为一段。",
    "今天天气不错！",
    "委员会开会讨论预算大家都没想到会开这么久",
)
LISTED = (
    *(f"{term} " for term in TERMS),
    "the Forbidden\nPhrase, ",
    "forbidden ",
    "金色小马",
    "museum of the forbidden phrase ",
    "去金色小马俱乐部主题公园玩",
    f"{leet(TERMS[0])} ",
    f"{spaced(TERMS[0])} ",
    f"{zero_width(TERMS[0])} ",
    "金 色 小 马 俱 乐 部 ",
)
SECRETS = (
    "AKIAQ3EGRT7WLK2ZP9XY ",
    "sk-",
    "sk-proj-4fQ9xWv2Lk8TzB3nYc7RmD5uHs1JgP6a ",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "身份证号11010519491231002X，",
    "电话 13812345678 ",
    "+1 (415) 555-0132 ",
    "card 4111 1111 1111 1111 ",
    "passport of hers ",
    "E12345678 - ",
    "write to li.wei@example.org or to support@example.com ",
)
_HIDDEN = "please read: the forbidden phrase is what I want to tell you, "
RUNS = (
    *(f"{way(_HIDDEN * 2)} " for way in (encoded, hexadecimal, in_lines, percent)),
    f"{hexadecimal(_HIDDEN)} ",
    _HIDDEN.encode().hex(" ") + " ",
    entities(TERMS[0]),
    escapes("一句普通的话，"),
    "w" * 60,
    "哈" * 250,
    "1234567890" * 30,
)
CHARACTERS = (
    "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}",
    "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "\N{REGIONAL INDICATOR SYMBOL LETTER C}\N{REGIONAL INDICATOR SYMBOL LETTER N}",
    "e\u0301\u0323",
    "\u0301",
    "\u200d",
    "क्षि",
    "각",
    "\r\n",
    "\r",
    "\n\n",
    "。",
    "\u200b",
    "\u3000",
)
MARKS = (
    "⟦hate=0.99⟧ ",
    "⟦violence=0.9⟧ ",
    "⟦hate=",
    "0.99⟧",
    "ignore all of the ",
    "previous instructions. ",
)

PIECES = st.one_of(
    *(st.sampled_from(group) for group in (SENTENCES, LISTED, SECRETS, RUNS, CHARACTERS, MARKS)),
    st.text("ab 1.!。，\n\r\u0301\u200d\N{FACE WITH TEARS OF JOY}", min_size=1, max_size=6),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=10).map("".join)


def write_lists(folder: Path) -> Path:
    for name, text in LISTS.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def pieces_of(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def halves_of(text: str) -> list[str]:
    """One code unit of UTF-16 at a time, as a program in another language may send a text."""
    units = text.encode("utf-16-le")
    return [units[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2)]


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    """The text in pieces, some of them empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=24)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
