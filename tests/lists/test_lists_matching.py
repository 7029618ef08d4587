"""Matching, against an obvious slow reference and at its limits."""

from __future__ import annotations

import datetime as dt
import itertools
import time
import tracemalloc
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.lists import Found, Kind, Lists, Match, Rule, TermList, effective, matching
from moderation.lists.composing import Composed
from moderation.lists.folding import plain, unmarked
from moderation.lists.reading import ReadList
from moderation.lists.terms import Term
from moderation.schema import Role

DAY = dt.date(2026, 11, 23)
LETTERS = "abAsB'_- 1éЖж中国中國한글アท\u200b\u00ad\n\ud800\0"
WORDS = st.text(LETTERS, max_size=30)
TERMS = st.tuples(
    st.text("abAsB'_ 1éж中国한ア", min_size=1, max_size=4).filter(lambda text: text == text.strip()),
    st.sampled_from([Rule.WORD, Rule.ANYWHERE]),
    st.sampled_from([("spam",), ("fraud",), ("spam", "fraud")]),
    st.sampled_from([None, DAY, DAY - dt.timedelta(days=1)]),
)
LISTS = st.lists(st.lists(TERMS, min_size=1, max_size=12), min_size=1, max_size=3)
Written = tuple[str, Rule, tuple[str, ...], dt.date | None]


def make_list(terms: Iterable[Written], name: str = "one", **head: object) -> ReadList:
    rows = tuple(
        Term(text, " ".join(unmarked(Composed(text).text).split()), rule, categories, expires, None)
        for text, rule, categories, expires in terms
    )
    values: dict[str, object] = {
        "revision": "0" * 12,
        "kind": Kind.BLOCK,
        "categories": ("spam",),
        "tenant": None,
        "roles": frozenset(Role),
        "origins": None,
        "expires": None,
        "score": 1.0,
        "count": len(rows),
        "file": f"{name}.toml",
    }
    return ReadList(TermList(name=name, **{**values, **head}), rows)  # type: ignore[arg-type]


def simple(*terms: str, rule: Rule = Rule.ANYWHERE, **head: object) -> Lists:
    return Lists([make_list([(term, rule, ("spam",), None) for term in terms], "one", **head)])


def spans(found: Found) -> list[tuple[str, int, int]]:
    return [(match.term, *match.span) for match in found.matches]


# ---- the slow reference


def kind(character: str) -> str:
    name, category = unicodedata.name(character, "?"), unicodedata.category(character)
    if category == "Cf":
        return "unseen"
    for script in ("CJK", "HANGUL", "KATAKANA", "THAI"):
        if name.startswith(script):
            return "" if script in ("CJK", "THAI") else script
    return "word" if category[0] in "LM" or category == "Nd" else ""


def same_word(text: str, inner: int, outer: Iterable[int]) -> tuple[bool, int]:
    """Whether the next character that shows is in the word of `inner`, and where it is."""
    for steps, place in enumerate(outer):
        if not 0 <= place < len(text) or steps > 8:
            break
        if kind(text[place]) != "unseen":
            return bool(kind(text[inner])) and kind(text[place]) == kind(text[inner]), place
    return False, -1


def whole(text: str, start: int, end: int) -> bool:
    left, _ = same_word(text, start, range(start - 1, start - 20, -1))
    right, place = same_word(text, end - 1, range(end, end + 20))
    if place >= 0 and text[place] == "'" and kind(text[end - 1]) == "word":
        letters = 0
        while place + 1 + letters < len(text) and kind(text[place + 1 + letters]) == "word":
            letters += 1
        right = letters > 0 and text[place + 1 : place + 1 + letters] != "s"
    return not left and not right


def reference(lists: list[list[Written]], text: str) -> set[tuple[str, tuple[str, ...], int, int]]:
    folded = unmarked(text)
    longest: dict[tuple[str, tuple[str, ...], int], int] = {}
    for number, terms in enumerate(lists):
        for term, rule, categories, expires in terms:
            form = unmarked(term)
            for start in range(len(folded)):
                end = start + len(form)
                seen = folded[start:end] == form and (rule is Rule.ANYWHERE or whole(folded, start, end))
                if seen and (expires is None or expires >= DAY):
                    key = (str(number), categories, start)
                    longest[key] = max(longest.get(key, 0), end)
    return {(*key, end) for key, end in longest.items()}


@settings(max_examples=150, deadline=None)
@given(lists=LISTS, text=WORDS, window=st.sampled_from([3, 7, 1 << 16]))
def test_matches_are_those_of_the_slow_reference(lists: list[list[Written]], text: str, window: int) -> None:
    compiled = Lists(make_list(terms, str(number)) for number, terms in enumerate(lists))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_WINDOW", window)
        found = compiled.match(text, today=DAY)
    got = [(match.list, match.categories, *match.span) for match in found.matches]
    assert set(got) == reference(lists, text)
    assert len(set(got)) == len(got)
    assert found.rest is None
    for match in found.matches:
        assert unmarked(text[slice(*match.span)]) == unmarked(match.term)


@pytest.mark.parametrize("rule", [Rule.WORD, Rule.ANYWHERE])
def test_every_short_text_against_every_short_term(rule: Rule) -> None:
    """All of up to four and of up to two characters, each term in a list of its own: every way marks can fall."""
    alphabet = "a1한' \u00ad"
    texts = ["".join(some) for length in range(1, 5) for some in itertools.product(alphabet, repeat=length)]
    terms = [text for text in texts if len(text) < 3 and text == text.strip() and text[0] != "\u00ad"]
    lists: list[list[Written]] = [[(term, rule, ("spam",), None)] for term in terms]
    compiled = Lists(make_list(rows, str(number)) for number, rows in enumerate(lists))
    for text in texts:
        got = {(match.list, match.categories, *match.span) for match in compiled.match(text, today=DAY).matches}
        assert got == reference(lists, text), ascii(text)


@settings(max_examples=150, deadline=None)
@given(terms=st.lists(TERMS, min_size=1, max_size=12), text=WORDS)
def test_what_is_held_back_is_the_longest_end_that_a_term_begins_with(terms: list[Written], text: str) -> None:
    folded = unmarked(text)
    wanted = len(text)
    for place in range(len(text)):
        left, _ = same_word(folded, place, range(place - 1, place - 20, -1))
        if any(
            unmarked(term).startswith(folded[place:])
            and len(term) > len(folded) - place
            and (rule is Rule.ANYWHERE or not left)
            and (expires is None or expires >= DAY)
            for term, rule, _, expires in terms
        ):
            wanted = place
            break
    assert Lists([make_list(terms)]).held_back(text, today=DAY) == wanted


@settings(max_examples=100, deadline=None)
@given(terms=st.lists(TERMS, min_size=1, max_size=8), text=WORDS, cut=st.integers(0, 30))
def test_a_stream_that_keeps_what_is_held_back_misses_no_term(terms: list[Written], text: str, cut: int) -> None:
    """Whatever is seen in the whole text and goes on past a cut starts in what was held back at the cut."""
    lists = Lists([make_list(terms)])
    held = lists.held_back(text[:cut], today=DAY)
    for match in lists.match(text, today=DAY).matches:
        start, end = match.span
        assert not start < cut < end or start >= held


@pytest.mark.parametrize(
    ("term", "text", "from_"),
    [
        ("кот", "ско", 3),
        ("кот", "с ко", 2),
        ("b中", "b", 0),
        ("b中", "ab", 1),
        ("foo bar", "a foo", 2),
        ("foo", "foo", 3),
    ],
)
def test_what_is_held_back(term: str, text: str, from_: int) -> None:
    rule = Rule.ANYWHERE if "中" in term else Rule.WORD
    assert simple(term, rule=rule).held_back(text) == from_


# ---- folding


@given(st.text(max_size=40))
def test_folding_keeps_every_place_and_is_done_once(text: str) -> None:
    once = unmarked(text)
    assert len(once) == len(text)
    assert unmarked(once) == once
    assert plain(text).key.decode("utf-8", "surrogatepass") == plain(text).text
    assert len(plain(text).text) == len(text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Straße", "STRAßE"),
        ("café", "CAFÉ"),
        ("ass", "ＡＳＳ"),
        ("高兴", "高興"),
        ("高興", "高兴"),
        ("İstanbul", "istanbul"),
        ("σας", "ΣΑΣ"),
        ("don't", "DON’T"),
        ("foo bar", "foo\u3000bar"),
        ("foo bar", "foo\nbar"),
        ("カタ", "ｶﾀ"),
        ("\u212bngström", "ångström"),
    ],
)
def test_forms_that_are_the_same(term: str, text: str) -> None:
    assert spans(simple(term, rule=Rule.WORD).match(text)) == [(term, 0, len(text))]


# ---- words


@pytest.mark.parametrize(
    ("term", "text", "seen"),
    [
        ("ass", "what an ass!", True),
        ("ass", "class", False),
        ("ass", "assassin, glass and brass", False),
        ("ass", "an ass", True),
        ("ass", "你ass好", True),
        ("ass", "_ass_", True),
        ("ass", "big_ass", True),
        ("ass", "kick-ass", True),
        ("ass", "ass1", False),
        ("ass", "1ass", False),
        ("ass", "the ass's ears", True),
        ("ass", "the ass’s ears", True),
        ("ass", "'ass'", True),
        ("ass", "cl\u00adass", False),
        ("ass", "ass\u200b here", True),
        ("ass", "asse\u0301", False),
        ("ass", "ass\u0301", False),
        ("ass", "🔪\ufe0fass", True),
        ("cunt", "Scunthorpe", False),
        ("can", "I can't", False),
        ("can", "I can", True),
        ("amour", "l'amour", True),
        ("rock", "rock'n'roll", False),
        ("кот", "который", False),
        ("кот", "с\u00adкот", False),
        ("кот", "кот\u00adы", False),
        ("кот", "с" + 8 * "\u00ad" + "кот" + 8 * "\u00ad" + "ы", False),
        ("кот", "с" + 9 * "\u00ad" + "кот" + 9 * "\u00ad" + "ы", True),
        ("ass", "x" + 8 * "\u00ad" + "ass", False),
        ("ass", "ass" + 8 * "\u00ad" + "x", False),
        ("ass", "x" + 9 * "\u00ad" + "ass" + 9 * "\u00ad" + "x", True),
        ("кот", "Кот!", True),
        ("كلب", "كلبة", False),
        ("σκύλος", "ΣΚΎΛΟΣ", True),
        ("kick ass", "kick assets", False),
        ("kick ass", "sidekick ass", False),
        ("kick ass", "we kick ass", True),
        ("18+", "18+", True),
        ("18+", "118+", False),
        ("#sale", "a #sale", True),
        ("加v信", "请加v信号", True),
        ("av女优", "java女优", False),
    ],
)
def test_whole_words(term: str, text: str, seen: bool) -> None:
    assert bool(simple(term, rule=Rule.WORD).match(text).matches) is seen


def test_a_term_that_may_stand_anywhere() -> None:
    assert spans(simple("Ass", "x").match("class Ass mASSx")) == [
        ("Ass", 2, 5),
        ("Ass", 6, 9),
        ("Ass", 11, 14),
        ("x", 14, 15),
    ]


def test_overlapping_matches_are_all_found_and_one_place_gives_the_longest() -> None:
    found = simple("中国", "国人", "中国人", "人民").match("中国人民")
    assert spans(found) == [("中国人", 0, 3), ("国人", 1, 3), ("人民", 2, 4)]


def test_other_categories_of_a_list_are_not_hidden_by_a_longer_term() -> None:
    rows: list[Written] = [
        ("中国", Rule.ANYWHERE, ("spam",), None),
        ("中国人", Rule.ANYWHERE, ("fraud",), None),
    ]
    found = Lists([make_list(rows)]).match("中国人")
    assert {(match.categories, match.span) for match in found.matches} == {(("spam",), (0, 2)), (("fraud",), (0, 3))}


# ---- whose, for what, until when


def test_a_tenant_sees_everybodys_lists_and_its_own() -> None:
    lists = Lists(
        make_list([(term, Rule.ANYWHERE, ("spam",), None)], name, tenant=tenant)
        for name, term, tenant in (("all", "aa", None), ("a", "bb", "A"), ("b", "cc", "B"))
    )
    text = "aa bb cc"
    assert [m.list for m in lists.match(text).matches] == ["all"]
    assert [m.list for m in lists.match(text, tenant="A").matches] == ["all", "a"]
    assert [m.list for m in lists.match(text, tenant="B").matches] == ["all", "b"]
    assert [m.list for m in lists.match(text, tenant="C").matches] == ["all"]
    assert (lists.held_back("b", tenant="A"), lists.held_back("b", tenant="B"), lists.held_back("b")) == (0, 1, 1)


def test_roles_and_origins() -> None:
    by_role = simple("aa", roles=frozenset({Role.TOOL}))
    assert not by_role.match("aa").matches
    assert by_role.match("aa", role=Role.TOOL).matches
    assert by_role.held_back("a") == 1
    assert by_role.held_back("a", role=Role.TOOL) == 0
    by_origin = simple("aa", origins=frozenset({"ocr"}))
    assert not by_origin.match("aa").matches
    assert not by_origin.match("aa", origin=("speech",)).matches
    assert by_origin.match("aa", origin=("ocr", "base64")).matches
    original = simple("aa", origins=frozenset({"original"}))
    assert original.match("aa").matches
    assert not original.match("aa", origin=("ocr",)).matches


def test_expiry_is_the_day_after() -> None:
    next_day = DAY + dt.timedelta(days=1)
    whole_list = simple("aa", expires=DAY)
    assert whole_list.match("aa", today=DAY).matches
    assert not whole_list.match("aa", today=next_day).matches
    assert whole_list.held_back("a", today=next_day) == 1
    assert whole_list.expired(DAY) == []
    assert [(entry.list, entry.term, entry.expires) for entry in whole_list.expired(next_day)] == [("one", None, DAY)]
    terms: list[Written] = [("aa", Rule.ANYWHERE, ("spam",), DAY), ("aab", Rule.ANYWHERE, ("spam",), None)]
    one_term = Lists([make_list(terms)])
    assert spans(one_term.match("aa", today=DAY)) == [("aa", 0, 2)]
    assert not one_term.match("aa", today=next_day).matches
    assert [entry.term for entry in one_term.expired(next_day)] == ["aa"]


def test_an_expired_longer_term_does_not_hide_a_shorter_one() -> None:
    terms: list[Written] = [
        ("aab", Rule.ANYWHERE, ("spam",), DAY - dt.timedelta(days=1)),
        ("aa", Rule.ANYWHERE, ("spam",), None),
    ]
    assert spans(Lists([make_list(terms)]).match("aab", today=DAY)) == [("aa", 0, 2)]


# ---- allow lists

SPANS = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
MATCHES = st.lists(
    st.builds(
        Match,
        list=st.just("l"),
        revision=st.just("r"),
        kind=st.sampled_from(Kind),
        categories=st.sampled_from([("spam",), ("fraud",), ("spam", "fraud"), ("*",)]),
        term=st.just("t"),
        span=SPANS,
        score=st.just(1.0),
    ),
    max_size=14,
)


@given(MATCHES)
def test_what_stands_after_the_allow_lists_is_what_none_of_them_covers(matches: list[Match]) -> None:
    allowed = [match for match in matches if match.kind is Kind.ALLOW]
    wanted = [
        match
        for match in matches
        if match.kind is Kind.BLOCK
        and not any(
            allow.span[0] <= match.span[0]
            and match.span[1] <= allow.span[1]
            and ("*" in allow.categories or set(allow.categories) & set(match.categories))
            for allow in allowed
        )
    ]
    assert effective(matches) == wanted


def test_an_allow_list_excuses_what_lies_inside_its_terms() -> None:
    block = make_list([("assess", Rule.ANYWHERE, ("spam",), None)], "block")
    allow = make_list([("assessment", Rule.WORD, ("*",), None)], "allow", kind=Kind.ALLOW, score=0.0)
    lists = Lists([block, allow])
    found = lists.match("An assessment. assess").matches
    assert [(match.list, match.kind) for match in found] == [
        ("allow", Kind.ALLOW),
        ("block", Kind.BLOCK),
        ("block", Kind.BLOCK),
    ]
    assert [match.span for match in effective(found)] == [(15, 21)]
    assert lists.held_back("assessm") == 7, "an allow list holds nothing back"


# ---- limits and hostile texts


def test_no_lists_find_nothing_at_once() -> None:
    lists, text = Lists(), "a" * 10_000_000
    began = time.perf_counter()
    assert lists.match(text) == Found()
    assert lists.held_back(text) == len(text)
    assert time.perf_counter() - began < 0.05
    assert simple("aa").match("") == Found()


def test_ten_megabytes_of_one_letter_are_bounded() -> None:
    lists = simple(*("a" * length for length in range(1, 201)))
    text = "a" * 10_000_000
    began = time.thread_time()
    found = lists.match(text)
    took = time.thread_time() - began
    assert len(found.matches) == matching.MAX_MATCHES
    assert found.rest == (matching.MAX_MATCHES, len(text))
    assert took < 3
    tracemalloc.start()
    lists.match(text, max_matches=1_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32e6
    assert lists.held_back(text) == len(text) - 199


def test_work_without_matches_is_bounded_and_said() -> None:
    """Every place begins two hundred terms, none of which is in scope."""
    lists = simple(*("é" * length for length in range(1, 201)), roles=frozenset({Role.TOOL}))
    text = "é" * 1_000_000
    began = time.thread_time()
    found = lists.match(text)
    assert not found.matches
    assert found.rest is not None
    assert found.rest[1] == len(text)
    assert time.thread_time() - began < 10


def test_everything_before_the_rest_was_found() -> None:
    lists, text = simple("aa", "ab"), "aab" * 100
    whole_ = lists.match(text).matches
    for most in (1, 2, 7, 50):
        found = lists.match(text, max_matches=most)
        assert found.rest is not None
        assert found.matches == tuple(match for match in whole_ if match.span[0] < found.rest[0])
        assert len(found.matches) == most


@pytest.mark.parametrize("text", ["\ud800aa\udfff", "\0aa\0", "aa\0", "\U0010ffffaa", "中\ud83daa", "\x01aa\x13"])
def test_odd_characters_move_nothing(text: str) -> None:
    start = text.index("aa")
    assert spans(simple("aa", rule=Rule.WORD).match(text)) == [("aa", start, start + 2)]


def test_marks_cannot_be_written_by_a_text() -> None:
    assert not simple("ass", rule=Rule.WORD).match("As\x13x As\x13").matches


def test_a_term_across_the_edge_of_a_window_is_found() -> None:
    edge = 1 << 16
    lists = simple("b" * 200, rule=Rule.WORD)
    for start in (edge - 199, edge - 1, edge, edge + 1):
        for filler in ("-", "中"):
            text = filler * start + "b" * 200 + filler
            assert spans(lists.match(text)) == [("b" * 200, start, start + 200)]
