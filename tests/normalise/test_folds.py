"""Forms that once slipped through, ordinary texts that once were changed, and an operator's words in any disguise."""

from __future__ import annotations

import time

import pytest
from support.disguises import bits, selectors, zero_width

from moderation.normalise import Lexicon, views_of
from moderation.normalise.confusable import styled


def said(text: str, lexicon: Lexicon | None = None) -> set[str]:
    return {view.text for view in views_of(text, lexicon=lexicon).views}


@pytest.mark.parametrize("selector", ["\ufe00", "\ufe0f", "\U000e0100"])
def test_a_selector_between_ideographs_is_looked_past(selector: str) -> None:
    (view,) = views_of(f"毒{selector}品").views
    assert (view.text, view.steps, view.span(0, 2)) == ("毒品", ("invisible",), (0, 3))


@pytest.mark.parametrize(
    "between", ["-", "·", "—", ":", "。", "、", "\n", "🔥", "*", "|", " ", "\u2800", "：", "，", " - ", "❤\ufe0f"]
)
def test_two_ideographs_parted_by_a_sign(between: str) -> None:
    assert said(f"毒{between}品") == {"毒品"}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("毒1品", "毒品"),
        ("赌0博", "赌博"),
        ("他在赌0博呢", "他在赌博呢"),
        ("色12情", "色情"),
        ("毒１品", "毒品"),
        ("卖2淫", "卖淫"),
    ],
)
def test_two_ideographs_parted_by_digits(text: str, plain: str) -> None:
    (view,) = [view for view in views_of(text).views if view.text == plain]
    at = view.text.index(plain[-1])
    assert view.steps == ("spacing",)
    assert text[slice(*view.span(at, at + 1))] == text[text.index(plain[-1])]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "3月8日",
            "第5名",
            "A4纸",
            "有3人受伤",
            "近3年",
            "杀1人",
            "每5天一次",
            "初2学生",
            "大3学生",
            "高2生",
            "走2步",
        ),
        *(
            "2024年5月1日上午9点30分",
            "前3名",
            "本1号楼3单元",
            "买5斤肉",
            "共12个",
            "喝2杯茶",
            "学1门课",
            "图1示",
            "表3明",
        ),
        *(
            "父、母都来了",
            "师、生",
            "男、女不限",
            "刀、枪、棍",
            "山、水",
            "风、雨",
            "兄、弟",
            "吃、喝都有",
            "水、电全免",
        ),
    ],
)
def test_counted_and_listed_things_stay(text: str) -> None:
    assert said(text) == set()


@pytest.mark.parametrize("text", ["(毒)(品)", "【毒】【品】", "（毒）（品）"])
def test_ideographs_in_brackets_of_their_own(text: str) -> None:
    assert said(text) == {"毒品"}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("s🔥e🔥c🔥r🔥e🔥t", "secret"), ("a sec-ret", "a secret"), ("s⠀e⠀c⠀r⠀e⠀t", "secret"), ("Ⅰ ⅼove", "I love")),
        *(("🇸\u200b🇪\u200b🇨\u200b🇷\u200b🇪\u200b🇹", "secret"), ("🇸 🇪 🇨 🇷 🇪 🇹", "secret"), ("ᏚᎬᏟᎡᎬᎢ", "SECRET")),
        ("ɹoop ʇǝɹɔǝs ǝɥʇ uǝdo", "open the secret door"),
    ],
)
def test_english_words_parted_or_styled(text: str, plain: str) -> None:
    assert said(text) == {plain}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I will (k)(i)(l)(l) you", "I will kill you"),
        ("(k)(i)(l)(l) (y)(o)(u)", "kill you"),
        ("[k][i][l][l]", "kill"),
        ("（k）（i）（l）（l）", "kill"),
        ("a (b) (o) (m) (b) at home", "a bomb at home"),
        ("a {b}{0}{m}{b}", "a bomb"),
    ],
)
def test_letters_in_brackets_of_their_own(text: str, plain: str) -> None:
    (view,) = views_of(text).views
    assert (view.text, view.steps) == (plain, ("spacing",))
    at = plain.find("kill" if "kill" in plain else "bomb")
    first, last = view.span(at, at + 1)[0], view.span(at + 3, at + 4)[1]
    assert (text[first], text[last - 1]) in {
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("（", "）"),
        *zip("kb", "lb", strict=True),
    }


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(a) (b) (c)",
            "(a)(b)(c)(d)",
            "(a) yes (b) no (c) all",
            "see section 2(a)(i)(d)(e)",
            "(a)(1)(A)(i)",
            "(i)(v)(x)(c)",
        ),
        *(
            "f(a)(n)(d)(s)",
            "C(=O)(O)(N)",
            "Fe(C)(N)(O)(H)",
            "CH3(C)(O)(O)(H)",
            "(x)(y)(z)(w)",
            "(x+1)(y-2)(z)(w)(v)(u)",
        ),
        *(
            "(1)(2)(3)(4)",
            "(0)(8)(0)(0)",
            "(415) (555) 2671",
            "(e)(4) (e)(5) (N)(f)(3)",
            "[e][4][d][5]",
            "1. e4 e5 2. Nf3 (N)(f)",
        ),
        *(
            "a[i][j][k][l]",
            "[b][i][u][s]",
            "(U)(S)(A)(F)",
            "[1][2][3][4]",
            "{a}{b}{c}{d}",
            "(d) (i) (e)",
            "(A) (B) (O) (AB)",
        ),
    ],
)
def test_options_formulas_and_numbers_in_brackets_stay(text: str) -> None:
    assert said(text) == set()


def test_letters_in_one_sign_are_styled() -> None:
    assert all(map(styled, ("ﬁre", "ſecret", "oﬃce", "ⅼove")))
    assert not any(map(styled, ("第Ⅲ章", "Ⅳ", "Henry Ⅷ", "ⅲ)")))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("我想自sha了", "我想自杀了"),
        ("毒pin", "毒品"),
        ("du品", "毒品"),
        ("dú品", "毒品"),
        ("du\u0301品", "毒品"),
        ("杀 ren", "杀人"),
        ("我今晚就去sha了你", "我今晚就去杀了你"),
        ("要 shā 了他", "要 杀 了他"),
        ("把他们sha了", "把他们杀了"),
    ],
)
def test_half_in_syllables(text: str, plain: str) -> None:
    assert plain in said(text)


@pytest.mark.parametrize("hide", [selectors, bits])
@pytest.mark.parametrize("odd", ["\u3000", "\xa0", "\u200b", "\u2028", "\0", "\x1b", "\ufeff", "👨\u200d👩\u200d👧"])
def test_hidden_text_with_a_character_that_does_not_print(hide: object, odd: str) -> None:
    views = said(hide(f"请打开{odd}那扇门"))  # type: ignore[operator]
    assert any(view.startswith("请打开") and view.endswith("那扇门") for view in views), views


@pytest.mark.parametrize(
    "text",
    [
        *("清晨 的 风 很 凉", "第 一 章", "弓长张", "口天吴", "下☔了", "去看🎬", "it is said [kɪl] here"),
        *("今天。气温", "他走了。解决问题", "很man的", "pin码", "去 KTV 唱歌", "他说好😀的确", "金、木、水、火"),
        *("🇨🇳🇺🇸 🇨🇳 🇺🇸 🇬🇧", "the sound ǝ of [ɹʌn]"),
        *("an e-mail on-line, a co-op and a re-do", "第Ⅲ章 Ⅻ", "男/女", "一、二", "(一)(二)", "用 app 和 pdf"),
        *("你sha了吗", "你要sha你就说", "他就sha了", "我要去natasha了你", "把sha了的人"),
    ],
)
def test_what_is_ordinary_stays(text: str) -> None:
    assert said(text) == set()


OWN = Lexicon(dict.fromkeys(("florbix", "meth", "毒品", "赌博网站", "crystal meth", "김치", "boot", "therapist"), 1.0))
SPELT = (
    *("fl0rbix", "f*l*0*r*b*1*x", "f.l.o.r.b.i.x", "florbiiiix", "flor-bix", "f🔥l🔥o🔥r🔥b🔥i🔥x", "f(l)o(r)bix"),
    *("f!l!o!r!b!i!x", "F_L_O_R_B_I_X", "f l o r b i x", "flor bix", "f\nl\no\nr\nb\ni\nx"),
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *((text, "florbix") for text in SPELT),
        *((text, "meth") for text in ("m3th", "m e t h", "m.e.t.h", "m!e!t!h", "meeeth", zero_width("meth"))),
        *((text, "meth") for text in ("🇲\u200b🇪\u200b🇹\u200b🇭", "ᎷᎬᎢᎻ", "ɥʇǝɯ", "m⠀e⠀t⠀h")),
        *((text, "毒品") for text in ("毒,品", "毒★品", "独pin", "毒 pin", "毒 品", "毒……品", "毒!品", "du品")),
        *((text, "吃毒品吗") for text in ("吃dp吗",)),
        *(("去dbwz玩", "去赌博网站玩"), ("赌=博=网=站", "赌博网站"), ("김.치", "김치")),
        *((text, "crystal meth") for text in ("crystal_m3th", "c.r.y.s.t.a.l  m e t h", "crystal\nmeth")),
    ],
)
def test_an_operators_words_behind_any_disguise(text: str, plain: str) -> None:
    assert any(plain in " ".join(view.lower().split(" ")).replace("  ", " ") for view in said(text, OWN)), text


@pytest.mark.parametrize(
    "text",
    [
        *("met her", "something", "the meths", "my florbix and meth", "喝毒。品味", "bot", "the rapist", "the-rapist"),
        *("毒品", "他在用 pc 看 pdf", "Crystal Meth", "we met h. g. wells"),
    ],
)
def test_an_operators_words_are_not_made_of_others(text: str) -> None:
    assert said(text, OWN) == set()


def test_letters_of_a_longer_word_are_no_word() -> None:
    assert said("s o m e t h i n g", OWN) == {"something"}


def test_many_words_of_an_operator_are_looked_for_in_bounded_time() -> None:
    letters = "bcdfghjklmnpqrst"
    words = {f"{a}{b}{c}{d}o": 1.0 for a in letters for b in letters for c in letters[:8] for d in letters[:8]}
    begun = time.process_time()
    many = Lexicon(words)
    for text in ("b0mbs fade away " * 200, "bbbbo" * 800, "b.b.b.b.o " * 400):
        views_of(text, lexicon=many)
    assert len(words) > 16_000
    assert time.process_time() - begun < 10
