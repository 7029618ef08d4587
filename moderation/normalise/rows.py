"""Chinese with a sign between all its characters: an emoji, a line break, a comma, a digit.

Lists of single characters look the same (柴、米、油、盐), so a row is joined only if it reads as a sentence: it has a
character that sentences have and lists do not, or two usual words whose characters are no things of one kind, and
something that is no word of grammar, of kin, or of a yes or no (是、非、对、错). What it does not know: rows of less
than four characters, short ones of words that the dictionary does not have, and lists of other words with one that
sentences have (给、送、赠、予), which it takes for sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from moderation.normalise.counted import is_counted
from moderation.normalise.lexicon import HAN, Lexicon, likeness
from moderation.normalise.pictures import BETWEEN, may_read

_STROKES = "/|·\\-—–"  # which part alternatives more than anything else
_SIGNS = f",.;:!?，、。；：！？．…~～{re.escape(_STROKES)}"
_ONE = f"[{HAN}]"
_SINGLE = re.compile(f"[^{HAN}]{_ONE}[^{HAN}]")
_ROW = re.compile(
    f"(?<!{_ONE}){_ONE}(?:(?:{BETWEEN}{_ONE}){{3,}}"
    f"|(?:[ \\t\u3000]{{0,4}}\\r?\\n[ \\t\\r\\n\u3000]{{0,4}}{_ONE}){{3,}}"
    f"|[ \u3000]?(?P<sign>[{_SIGNS}])(?P=sign){{0,2}}[ \u3000]?{_ONE}"
    f"(?:[ \u3000]?(?P=sign){{1,3}}[ \u3000]?{_ONE}){{2,}}"
    f"|(?<![0-9０-９].)(?P<number>[0-9０-９]){_ONE}(?:[0-9０-９]{_ONE}){{2,}}(?![0-9０-９]))(?!{_ONE})"
)
_GAP = re.compile(f"[^{HAN}]+")
# In sentences, and hardly ever in lists of single characters, unless all of the list is of them: 你、我、他.
_SENTENCE = frozenset("我你他她它们的了是不吗呢吧啊这把被给没很就还在")
_TELLS = frozenset("我你了吗呢吧啊")  # of those, where a stroke parts them: not 给/送/赠/予
# Words that are listed as words: of grammar, of kin, of a yes or no, of the seasons and directions. A row of nothing
# else is a list, or says nothing by itself.
_LISTED = _SENTENCE | frozenset(
    "您咱俺谁那哪地得着过呀嘛啦哦嗯哈之乎者也矣焉哉将叫让使令从到往自于由向对为比与和或都才又再太最更别勿未非无否有错真假爸妈爷奶哥姐弟妹"
    "爹娘春夏秋冬东南西北上下左右前后里外中甲乙丙丁"
)
_KNOWN_LISTS = frozenset({"平上去入", "阴阳上去"})  # the tones
_VERBS = frozenset("去想要")  # the same beside a usual word
_LEAST = 4  # different characters
_WORD = 16
_LOOSE = 5  # weight up to which two words side by side are none together: not 桌椅板凳
_ALIKE = 0.15


def has_row(text: str) -> bool:
    """Whether four and more ideographs stand alone in a row; cheap."""
    return _SINGLE.search(text) is not None and _ROW.search(text) is not None


def row_gaps(text: str, words: Lexicon) -> Iterator[tuple[int, int]]:
    """What stands between the characters of rows that read as sentences, unless several emoji say something."""
    for found in _ROW.finditer(text) if _SINGLE.search(text) else ():
        gaps = [(found.start() + gap.start(), found.start() + gap.end()) for gap in _GAP.finditer(found[0])]
        tells = _TELLS if found["number"] or (found["sign"] or ",") in _STROKES else _SENTENCE
        if found["number"] and 2 * sum(is_counted(text[start - 1], text[end]) for start, end in gaps) > len(gaps):
            continue
        if not _reads(_GAP.sub("", found[0]), words.pair_weight, tells):
            continue
        if len({text[start:end] for start, end in gaps}) == 1 or not any(may_read(text, *gap, words) for gap in gaps):
            yield from gaps


def _reads(row: str, weight: Callable[[str], int], tells: frozenset[str]) -> bool:
    said = set(row)
    if said <= _LISTED or row in _KNOWN_LISTS:
        return False
    if not said.isdisjoint(tells):
        return len(said) >= _LEAST
    pairs: list[str] = []
    at, after = 0, -1
    while at + 1 < len(row):
        pair = row[at : at + 2]
        if weight(pair) < _WORD or (after == at and weight(row[at - 1 : at + 1]) > _LOOSE):
            at += 1
            continue
        pairs.append(pair)
        at = after = at + 2
    least = 1 if not said.isdisjoint(_VERBS) else 2
    return len({*pairs}) >= least and any(likeness(pair) < _ALIKE for pair in pairs)
