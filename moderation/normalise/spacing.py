"""Words whose letters stand apart: `k i t e`, `k.i.t.e`, 加/好/友.

Letters are joined when they make words and are no abbreviation, list or alphabet; ideographs when three and more
stand alone, or two that are a word. Long rows may have names and new words among theirs; those that are still no words
are told of (`unread`). What it does not know: words cut once by a blank, which ordinary text does too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise, product

from moderation.normalise.counted import NUMERALS, is_counted
from moderation.normalise.english import is_word, known, ranks
from moderation.normalise.leet import IsWord
from moderation.normalise.lexicon import Lexicon, likeness
from moderation.normalise.mapped import Edit, Mapped
from moderation.normalise.pictures import may_read
from moderation.normalise.rows import row_gaps

# Pictures, but no arrows, with what may follow them; and the Braille cell without dots, which shows as a blank.
_PICTURES = "\u2600-\u2793\u27b0-\u27bf\u2b50-\u2b55\U0001f300-\U0001f64f\U0001f680-\U0001faff\ufe0f\u2800"
_GAP = rf"[ \t\n\u00a0\u3000.\-_*|/\\+,~·•:;^#=`'’…–—{_PICTURES}]"
_SINGLE = "[A-Za-z0-9@$]"
_SPACED = re.compile(rf"(?<![A-Za-z0-9@$])(?:{_SINGLE}{_GAP}{{1,3}}){{2,}}{_SINGLE}(?![A-Za-z0-9@$])")
SUSPECT_SPACED = re.compile(
    rf"(?<![A-Za-z0-9@$]){_SINGLE}{_GAP}{{1,3}}{_SINGLE}{_GAP}{{1,3}}{_SINGLE}(?![A-Za-z0-9@$])"
)
_CUT = re.compile(r"(?<![\w.*|~^`-])[A-Za-z]{1,12}(?:[*_|~^`.-][A-Za-z]{1,12}){1,6}(?![\w*|~^`@-])")
SUSPECT_CUT = re.compile(r"[A-Za-z][*|~^`_][A-Za-z]|(?<![A-Za-z])[A-Za-z]{1,2}[.\-][A-Za-z]{1,2}(?![A-Za-z])")
_HYPHEN = re.compile("-(?<=[A-Za-z]{2}-)[A-Za-z]{2}")
_HYPHENED = re.compile(r"(?<![\w.*|~^`-])[A-Za-z]{2,12}-[A-Za-z]{2,12}(?![\w*|~^`@-])")
_DIGITS = str.maketrans("013457@$", "oieastas")
_LONGEST = 400  # letters of a row of which other ends are tried
_LEAST_LETTERS = 3
_LONG_ROW = 24  # letters: no list is so long, nor is an abbreviation
_MOST_STRANGE = 2  # one of so many letters of a long row may be in no word, or in a very short one
_STRANGE_LETTER = 5.0  # what a letter in no word costs
_UNREAD_ROW = 60  # letters
_UNREAD_KINDS = 10
_VOWELS = frozenset("aeiouy")
_LABEL = 2
_MOST_ENDS = 2
_MEAN_LENGTH = 2.6
_SHORT_RANK = 1_500
_WORD_LONGEST = 16

_HAN = "\u3400-\u9fff"
_HAN_GAP = r"[ \t\u00a0\u2800\u3000*._|/\\~^+=#&@\-·•`…—丨]"
_HAN_SIGN = rf"[*._|\\~^+=#&@\-·•`…—–丨:;,!?'\"：；，。、！？．\n{_PICTURES}]"
_OPEN, _SHUT = "[(（\\[【「『《<“‘{]", "[)）\\]】」』》>”’}]"
SUSPECT_HAN = re.compile(f"[{_HAN}](?:{_HAN_GAP}{{1,3}}|[ ]?{_HAN_SIGN}{{1,3}}[ ]?|{_SHUT}{_OPEN})[{_HAN}]")
_HAN_SPACED = re.compile(f"(?<![{_HAN}A-Za-z0-9])[{_HAN}](?:{_HAN_GAP}{{1,3}}[{_HAN}])+(?![{_HAN}A-Za-z0-9])")
_HAN_CUT = re.compile(f"(?<=[{_HAN}])[*_|~^`#•](?=[{_HAN}])")
_HAN_ROW = re.compile(f"[{_HAN}](?P<sign>[*_~^`#])[{_HAN}](?:(?P=sign)[{_HAN}]){{2,}}")  # beside other ideographs, too
_HAN_SIGNS = re.compile(f"(?<=[{_HAN}])[ ]?{_HAN_SIGN}{{1,3}}[ ]?(?=[{_HAN}])")
_HAN_DIGITS = re.compile(f"(?<=[{_HAN}])[0-9０-９]{{1,2}}(?=[{_HAN}])")
_BRACKETED_LETTERS = re.compile(
    rf"(?<![A-Za-z0-9]){_OPEN}{_SINGLE}{_SHUT}(?:[ ]{{0,3}}{_OPEN}{_SINGLE}{_SHUT}){{3,}}(?![A-Za-z0-9])"
)
_BRACKET_PAIRS = (")(", ") (", "][", "] [", "}{", "）（", "】【")
_BRACKETED = re.compile(f"(?:{_OPEN}[{_HAN}]{_SHUT}){{2,}}")
_SEGMENTED_BEFORE = re.compile(f"[{_HAN}]{{2}} $")
_SEGMENTED_AFTER = re.compile(f" [{_HAN}]{{2}}")
_ENUMERATED = re.compile(r"[/|·\-—]")
_USUAL_WEIGHT = 12
_SURE_WEIGHT = 15  # across signs that ordinarily part clauses
_LISTED_ALIKE = 0.15  # from which two characters name things of one kind: 父母, 男女, 山水
_ONE_KIND = 0.2  # the same of three and more with a sign between, where verbs are, too: 打/死/他
_JOINS = 6  # from which a character goes with its neighbour
_SYLLABLE_RANK = 10_000
_PREFIXES = frozenset("anti co de dis e en ex in inter mid mis multi non over post pre re self semi sub un x".split())  # noqa: SIM905


def fold_spaced(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words of letters that stand alone."""
    edits: list[Edit] = []
    for found in _SPACED.finditer(text.text):
        for start, end in _without_ends(found):
            if joined := _joined(text.text[start:end], start, accepts):
                edits += joined
                break
    for found in _BRACKETED_LETTERS.finditer(text.text) if _has_brackets(text.text) else ():
        if joined := _joined(found[0][1:-1], found.start() + 1, accepts):
            edits += [Edit(found.start(), found.start() + 1, ""), *joined, Edit(found.end() - 1, found.end(), "")]
    return text.edited(sorted(edits, key=lambda edit: edit.start))


def has_spaced(text: str) -> bool:
    """Whether letters may stand apart, or in a bracket each."""
    return SUSPECT_SPACED.search(text) is not None or (
        _has_brackets(text) and _BRACKETED_LETTERS.search(text) is not None
    )


def _has_brackets(text: str) -> bool:
    """Whether a bracket follows another; cheap."""
    return ("(" in text or "[" in text or "{" in text or not text.isascii()) and any(
        pair in text for pair in _BRACKET_PAIRS
    )


def _without_ends(found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """All of it; then without single letters or digits before and after it, which stand farther off: `x = o p e n`."""
    start, end = found.span()
    yield start, end
    if end - start > 2 * _LONGEST:
        return
    pieces = [piece.span() for piece in re.finditer(_SINGLE, found[0])]
    gaps = [found[0][before:after] for (_, before), (after, _) in pairwise(pieces)]
    usual = Counter(gaps).most_common(1)[0][0]
    fronts = [at + 1 for at, gap in enumerate(gaps[:_MOST_ENDS]) if gap != usual]
    backs = [at for at, gap in enumerate(gaps) if gap != usual and at >= len(gaps) - _MOST_ENDS]
    for first, last in product((0, *fronts), (len(gaps), *backs)):
        if (first, last) != (0, len(gaps)) and last - first >= _LEAST_LETTERS:
            yield start + pieces[first][0], start + pieces[last][1]


def _joined(token: str, offset: int, accepts: IsWord) -> list[Edit]:
    pieces = [(piece.start(), piece.end()) for piece in re.finditer(_SINGLE, token)]
    letters = "".join(token[start] for start, _ in pieces)
    plain = letters.lower().translate(_DIGITS)
    gaps = [(end, after) for (_, end), (after, _) in pairwise(pieces)]
    if not _may_be_words(letters, plain, token):
        return []
    usual = Counter(token[start:end] for start, end in gaps).most_common(1)[0][0]
    breaks = [index for index, (start, end) in enumerate(gaps, 1) if _is_break(token[start:end], usual)]
    words = _words(
        [plain[first:last] for first, last in zip([0, *breaks], [*breaks, len(plain)], strict=True)], accepts
    )
    if (
        not words
        or len(plain) < _MEAN_LENGTH * len(words)
        or (len(words) == 1 and len(plain) == _LEAST_LETTERS and not is_word(plain, rank=_SHORT_RANK))
    ):
        return []
    ends = set(accumulate(map(len, words)))
    edits = []
    for index, (start, end) in enumerate(pieces):
        if not letters[index].isalpha():
            edits.append(Edit(offset + start, offset + end, plain[index]))
        if index + 1 < len(pieces):
            gap = gaps[index]
            edits.append(Edit(offset + gap[0], offset + gap[1], " " if index + 1 in ends else ""))
    return edits


def _words(parts: list[str], accepts: IsWord) -> list[str]:
    """The words that the parts of a row are made of, all of it; in a long row some letters may make none."""
    words: list[str] = []
    letters = sum(map(len, parts))
    doubt = letters // _MOST_STRANGE if letters >= _LONG_ROW else 0
    for part in parts:
        cut = _cut_words(part, accepts)
        if cut is None:
            cut = _cut_words(part, accepts, strict=False) if doubt else None
            doubt -= sum(len(word) for word in cut or () if len(word) < _LEAST_LETTERS or not accepts(word))
        if cut is None or doubt < 0:
            return []
        words += cut
    return words


def _may_be_words(letters: str, plain: str, token: str) -> bool:
    if sum(character.isalpha() for character in letters) * 3 < 2 * len(letters):
        return False
    if letters.isupper() and (len(letters) <= 4 or ("." in token and len(letters) < _LONG_ROW)):  # U.S.A., Y M C A
        return False
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return len(steps) > 1 or not steps <= {0, 1, -1}  # neither the alphabet nor one letter again and again


def unread(text: str) -> Iterator[tuple[int, int]]:
    """Where many single letters stand in a row that are no words this knows, but may be a text: of another language."""
    for found in _SPACED.finditer(text):
        letters = re.sub("[^A-Za-z]", "", found[0]).lower()
        vowels = sum(letter in _VOWELS for letter in letters)
        if (
            len(letters) >= _UNREAD_ROW
            and len(set(letters)) >= _UNREAD_KINDS
            and 4 * vowels >= len(letters) >= 1.5 * vowels
        ):
            yield found.span()


def _is_break(gap: str, usual: str) -> bool:
    """Whether it parts words: longer than the usual one, or blank where that is a sign."""
    blank = any(character.isspace() for character in gap)
    return gap != usual and blank and (len(gap) > len(usual) or not any(map(str.isspace, usual)))


def _cut_words(letters: str, accepts: IsWord, *, strict: bool = True) -> list[str] | None:
    """As few and as usual words as make up the letters; nothing if none do.

    Args:
        strict: no letter may stand in none; otherwise such letters, side by side, are words of their own.
    """
    best: list[tuple[float, int] | None] = [(0.0, 0), *([None] * len(letters))]
    ordered = ranks()
    for end in range(1, len(letters) + 1):
        if not strict and (last := best[end - 1]) is not None:
            best[end] = last[0] + _STRANGE_LETTER, end - 1
        for start in range(max(0, end - _WORD_LONGEST), end):
            before, word = best[start], letters[start:end]
            if before is not None and accepts(word):
                cost = before[0] + 6.0 + ordered.get(word, 5_000) / 5_000
                if best[end] is None or cost < (best[end] or before)[0]:
                    best[end] = cost, start
    words: list[str] = []
    at = len(letters)
    strange = False
    while at:
        step = best[at]
        if step is None:
            return None
        word = letters[step[1] : at]
        if strange and not accepts(word):
            words[-1] = word + words[-1]
        else:
            words.append(word)
            strange = not accepts(word)
        at = step[1]
    return words[::-1]


def fold_cut(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """Words with a sign among their letters: `ki*te`, `ki.te`."""
    edits: list[Edit] = []
    for found in _CUT.finditer(text.text):
        token = found[0]
        signs = list(re.finditer("[^A-Za-z]", token))
        parts = re.split("[^A-Za-z]", token.lower())
        soft = any(sign[0] in ".-" for sign in signs)
        word = "".join(parts)
        if len(word) > _LEAST_LETTERS and accepts(word) and not all(map(is_word, parts)):
            if soft and (any(len(part) > 2 for part in parts) or token.count("-") == 1) and not _is_cut(token):
                continue  # a domain, a compound
            if token.isupper() and soft:
                continue
            edits += [Edit(found.start() + sign.start(), found.start() + sign.end(), "") for sign in signs]
    return text.edited(edits)


def has_cut(text: str) -> bool:
    """Whether a sign may stand inside a word."""
    if SUSPECT_CUT.search(text) is not None:
        return True
    return _HYPHEN.search(text) is not None and any(_is_cut(found[0]) for found in _HYPHENED.finditer(text))


def _is_cut(token: str) -> bool:
    """Whether one hyphen cuts a usual word into what is no word, name or prefix: `sec-ret`."""
    parts = token.lower().split("-")
    return (
        token.count("-") == 1
        and min(map(len, parts)) > 1
        and not token.isupper()
        and is_word("".join(parts), rank=_SYLLABLE_RANK)
        and _PREFIXES.isdisjoint(parts)
        and known().isdisjoint(parts)
    )


def fold_spaced_han(text: Mapped, words: Lexicon) -> Mapped:
    """Ideographs that stand alone, or with a sign between two that belong together."""
    edits, at = [], 0
    ways = (_apart, _cut_han, _digits, _bracketed)
    found = [gap for way in ways for gap in way(text.text, words.pair_weight) if not may_read(text.text, *gap, words)]
    found += row_gaps(text.text, words)
    for start, end in sorted(found, key=lambda gap: (gap[0], -gap[1])):
        if start >= at:
            edits.append(Edit(start, end, ""))
            at = end
    return text.edited(edits)


def _apart(text: str, weight: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    for found in _HAN_SPACED.finditer(text):
        han = re.findall(f"[{_HAN}]", found[0])
        usual = any(weight(before + after) >= _USUAL_WEIGHT for before, after in pairwise(han))
        listed = _ENUMERATED.search(found[0]) is not None
        if listed and usual:  # 省/市/县
            usual = any(
                weight(before + after) >= _USUAL_WEIGHT and likeness(before + after) < _ONE_KIND
                for before, after in pairwise(han)
            )
        if NUMERALS.issuperset(han) or (listed and not usual) or _is_layout(found[0], text[found.end() :][:1], han):
            continue
        if len(han) > 2 or (not listed and usual):
            before_it = text[max(0, found.start() - 3) : found.start()]
            segmented = _SEGMENTED_BEFORE.search(before_it) or _SEGMENTED_AFTER.match(text, found.end())
            for gap, before, after in zip(re.finditer(f"{_HAN_GAP}+", found[0]), han, han[1:], strict=False):
                if not (segmented and gap[0].isspace()) or weight(before + after) >= _SURE_WEIGHT:
                    yield found.start() + gap.start(), found.start() + gap.end()


def _is_layout(row: str, after: str, han: list[str]) -> bool:
    """Whether only blanks part them as layout does: the label of a form, a numbered part, a row of single words."""
    if row.strip(" \u3000\t") != row or not re.fullmatch(f"[{_HAN} \\t\u3000]+", row):
        return False
    numbered = han[0] == "第" and NUMERALS.issuperset(han[1:-1])
    return numbered or (len(han) == _LABEL and after in ("：", ":"))


def _cut_han(text: str, weight: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    for row in _HAN_ROW.finditer(text):
        for at in range(row.start() + 1, row.end(), 2):
            yield at, at + 1
    for found in _HAN_CUT.finditer(text):
        if weight(text[found.start() - 1] + text[found.end()]) >= _USUAL_WEIGHT:
            yield found.span()
    for found in _HAN_SIGNS.finditer(text):
        start, end = found.span()
        before, after = text[start - 1], text[end]
        if NUMERALS.issuperset(before + after) or weight(before + after) < _SURE_WEIGHT:
            continue
        left, right = text[max(0, start - 2) : start], text[end : end + 2]
        listed = text[start - 2 : start - 1] == found[0] or text[end + 1 : end + 2] == found[0]  # 金、木、水
        if listed or _joins(left, weight) or _joins(right, weight):
            continue
        if found[0].strip() != "、" or likeness(before + after) < _LISTED_ALIKE:  # 父、母
            yield start, end


def has_han_digits(text: str, weight: Callable[[str], int]) -> bool:
    """Whether digits part two ideographs that are a word."""
    return next(_digits(text, weight), None) is not None


def _digits(text: str, weight: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """Digits between ideographs that are a usual word and no number of something."""
    for found in _HAN_DIGITS.finditer(text):
        start, end = found.span()
        before, after = text[start - 1], text[end]
        if is_counted(before, after):
            continue
        if weight(before + after) < _SURE_WEIGHT:
            continue
        if not (_joins(text[max(0, start - 2) : start], weight) or _joins(text[end : end + 2], weight)):
            yield start, end


def _joins(pair: str, weight: Callable[[str], int]) -> bool:
    return re.fullmatch(f"[{_HAN}]{{2}}", pair) is not None and weight(pair) >= _JOINS


def _bracketed(text: str, weight: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """The brackets around ideographs that stand in one each."""
    for found in _BRACKETED.finditer(text):
        han = found[0][1::3]
        if not NUMERALS.issuperset(han) and any(weight(a + b) >= _USUAL_WEIGHT for a, b in pairwise(han)):
            for at in range(found.start(), found.end(), 3):
                yield at, at + 1
                yield at + 2, at + 3
