"""Chinese written in parts, in Latin syllables, in initials or in puns.

Each is taken off only inside Chinese text and only where the restored character or word fits what stands beside it.
What it does not know: dialects in Latin letters.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator, Mapping

from moderation.normalise.english import is_word, known
from moderation.normalise.half import half_written, own_initials
from moderation.normalise.lexicon import HAN, LONGEST_WORD, Lexicon, dictionary, toneless
from moderation.normalise.mapped import Edit, Mapped
from moderation.normalise.packaged import own_rows

_HAN = re.compile(f"[{HAN}]")
_RADICALS = "亻氵讠钅犭忄礻衤饣纟扌彳疒阝刂灬艹"
_LETTERS = r"(?<![A-Za-z0-9_.@:/#&=-])"
_AFTER = r"(?![A-Za-z0-9_.@:/#&=-])"
_TONED = "āáǎàēéěèêīíǐìōóǒòūúǔùǖǘǚǜüńňǹ\u0300\u0301\u0304\u030c"
_LATIN = re.compile(_LETTERS + rf"[A-Za-z{_TONED}]{{1,12}}(?:[ '’][A-Za-z{_TONED}]{{1,12}})*" + _AFTER)
_MAY_BE_INITIALS = re.compile("[A-Za-z]{2}|[A-Za-z薇溦崴徽]信|2[bB]|扣扣")
SUSPECT_LATIN = re.compile(rf"[A-Za-z{_TONED}]{{2}}|[A-Za-z] ")
_PINYIN_LIKE = re.compile(  # atomic, so that a long word that is none costs one look
    "(?>(?>[bpmfdtnlgkhjqxrzcsyw]h?[aeiouv]{1,3}(?:ng?(?![aeiouv])|r(?![aeiouv]))?|[aeo](?:[iou]|ng?(?![aeiouv]))?)+)"
)
_FEW_TOKENS = 40
_MOST_SYLLABLES = 16
_LEAST_ALL_LATIN = 4
_USUAL_ENGLISH = 1_500
_MOST_NATS = 8.0  # of a syllable; rarer words are no reading
_MOST_NATS_WORD = 13.5
# 杀 is in no word of the dictionary with 了; between these it is no 傻 or 啥.
_TO_KILL = re.compile("(?:(?P<to>[去要想会就来敢能])|把[你我他她它]们?) ?$")
_KILLED = re.compile(" ?了(?P<whom>[你我他她它])?")


# --- split characters -------------------------------------------------------------------------------------------------

_DOT = "\u4e36"  # stands in names of players, too: s0lo丶王


def has_parts(text: str, _: Lexicon) -> bool:
    """Whether two neighbours make up a character."""
    table = split_pairs()
    return not (text.isascii() or table.keys().isdisjoint(map(operator.add, text, text[1:])))


def _starts(text: str) -> Iterator[int]:
    return (found.start() for found in _first_part().finditer(text))


@functools.cache
def _first_part() -> re.Pattern[str]:
    return re.compile("[" + "".join(sorted({pair[0] for pair in split_pairs()})) + f"](?=[{HAN}])")


@functools.cache
def split_pairs() -> Mapping[str, str]:
    return {row[0]: row[1] for row in own_rows("split.tsv")}


def join_parts(text: Mapped, words: Lexicon) -> Mapped:
    """Characters written as their two halves, where the halves fit nowhere and the whole does."""
    table, edits = split_pairs(), []
    plain, at = text.text, -1
    before = ""  # the character restored just before
    for start in _starts(plain):
        pair = plain[start : start + 2]
        if start < at or pair not in table:
            continue
        whole = table[pair]
        left = before if start == at else plain[max(0, start - 1) : start]
        right = plain[start + 2 : start + 4]
        right = table.get(right, right[:1])
        fits = words.is_usual_pair(left + whole) if _HAN.match(left) else False
        fits = fits or (bool(_HAN.match(right)) and words.is_usual_pair(whole + right))
        loose = not (_HAN.match(left) and start != at and words.is_pair(left + pair[0])) and not (
            len(plain) > start + 2 and _HAN.match(plain[start + 2]) and words.is_pair(pair[1] + plain[start + 2])
        )
        strange = dictionary().alone.isdisjoint(pair) and not words.is_pair(pair)
        if plain[start + 2 : start + 3] == whole or plain[max(0, start - 1) : start] == whole:
            continue  # a name spelt out: 弓长张
        if pair[0] == _DOT and not fits:
            continue
        if pair[0] in _RADICALS or (loose and (fits or strange) and not words.is_usual_pair(pair)):
            edits.append(Edit(start, start + 2, whole))
            at, before = start + 2, whole
    return text.edited(edits)


# --- Latin syllables --------------------------------------------------------------------------------------------------


def has_syllables(text: str, _: Lexicon) -> bool:
    """Whether there are Latin letters among Chinese text, or a text that may be nothing but pinyin."""
    if text.isascii():
        tokens = text.lower().split(None, _FEW_TOKENS)[:_FEW_TOKENS]
        return bool(tokens) and all(map(_PINYIN_LIKE.fullmatch, tokens)) and not known().issuperset(tokens)
    return _HAN.search(text) is not None and SUSPECT_LATIN.search(text) is not None


def read_syllables(text: Mapped, words: Lexicon) -> Mapped:
    """Pinyin as the likeliest words: among Chinese text, or a text that is nothing else."""
    plain = text.text
    runs = list(_LATIN.finditer(plain))
    chinese = _HAN.search(plain) is not None
    edits: list[Edit] = []
    for found in runs:
        tokens = re.split("[ '’]", toneless(found[0].lower()))
        cut = [_cut(token) for token in tokens]
        if not all(cut) or (not chinese and not _is_all_pinyin(tokens, cut)):
            continue
        if chinese and (edit := half_written(plain, found, [one for some in cut for one in some or ()], words)):
            if not edits or edits[-1].end <= edit.start:
                edits.append(edit)
            continue
        if tokens == ["sha"] and _is_to_kill(plain, found):
            edits.append(Edit(found.start(), found.end(), "杀"))
            continue
        if chinese and (sum(token in known() for token in tokens) * 2 > len(tokens) or not _beside_han(plain, found)):
            continue
        syllables = [syllable for found_ in cut for syllable in found_ or ()]
        if 1 < len(syllables) <= _MOST_SYLLABLES and (reading := _words_of(syllables, words)):
            edits.append(Edit(found.start(), found.end(), reading))
    if not chinese and len(edits) != len(runs):
        return text  # only a part of it is pinyin: it is another language
    return text.edited(edits)


def _is_to_kill(text: str, found: re.Match[str]) -> bool:
    """Whether a syllable stands where only the verb does: 去sha了你, 把你sha了."""
    before, after = _TO_KILL.search(text[max(0, found.start() - 4) : found.start()]), _KILLED.match(text, found.end())
    return before is not None and after is not None and (before["to"] is None or after["whom"] is not None)


def _beside_han(text: str, found: re.Match[str]) -> bool:
    """Whether Chinese goes on before or after it, with at most a blank between."""
    before, after = (
        text[max(0, found.start() - 2) : found.start()].rstrip(" "),
        text[found.end() : found.end() + 2].lstrip(" "),
    )
    return _HAN.match(before[-1:]) is not None or _HAN.match(after) is not None


def _is_all_pinyin(tokens: list[str], cut: list[tuple[str, ...] | None]) -> bool:
    count = sum(len(syllables or ()) for syllables in cut)
    return count >= _LEAST_ALL_LATIN and sum(is_word(token, rank=_USUAL_ENGLISH) for token in tokens) * 3 <= len(tokens)


def _cut(token: str) -> tuple[str, ...] | None:
    """A token as syllables, as few as do."""
    syllables = dictionary().syllables
    best: list[tuple[str, ...] | None] = [(), *([None] * len(token))]
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - 6), end):
            before = best[start]
            if before is not None and token[start:end] in syllables:
                found = (*before, token[start:end])
                shortest = best[end]
                if shortest is None or len(found) < len(shortest):
                    best[end] = found
    return best[-1] or None


def _words_of(syllables: list[str], words: Lexicon) -> str:
    """The cheapest row of words of that sound; nothing if it is of rare words."""
    sounds = "".join(dictionary().syllables[syllable] for syllable in syllables)
    best: list[tuple[float, str]] = [(0.0, ""), *([(float("inf"), "")] * len(sounds))]
    for start in range(len(sounds)):
        for end in range(start + 1, min(start + LONGEST_WORD, len(sounds)) + 1):
            word, cost = min(
                words.same_sound(sounds[start:end]), key=lambda found: found[1], default=("", float("inf"))
            )
            if cost <= _MOST_NATS_WORD and best[start][0] + cost < best[end][0]:
                best[end] = best[start][0] + cost, best[start][1] + word
    cost, reading = best[-1]
    return reading if cost <= _MOST_NATS * len(sounds) else ""


# --- initials ---------------------------------------------------------------------------------------------------------


@functools.cache
def _initials() -> tuple[re.Pattern[str], Mapping[str, str]]:
    table = {row[0]: row[1] for row in own_rows("initials.tsv")}
    latin = "|".join(sorted((key for key in table if key.isascii()), key=len, reverse=True))
    mixed = "|".join(key for key in table if not key.isascii())
    return re.compile(f"{_LETTERS}(?:{latin}){_AFTER}|{mixed}", re.IGNORECASE), table


def has_initials(text: str, words: Lexicon) -> bool:
    if text.isascii() or not (_MAY_BE_INITIALS.search(text) and _HAN.search(text)):
        return False
    return _initials()[0].search(text) is not None or any(own_initials(text, words))


def read_initials(text: Mapped, words: Lexicon) -> Mapped:
    """Initials as the words they stand for."""
    pattern, table = _initials()
    edits = [
        Edit(found.start(), found.end(), table.get(found[0], table.get(found[0].lower(), found[0])))
        for found in pattern.finditer(text.text)
    ]
    taken = {edit.start for edit in edits}
    edits += [edit for edit in own_initials(text.text, words) if edit.start not in taken]
    return text.edited(sorted(edits, key=lambda edit: edit.start))


# --- puns -------------------------------------------------------------------------------------------------------------


@functools.cache
def _puns() -> tuple[re.Pattern[str], Mapping[str, str]]:
    table = {row[0]: row[1] for row in own_rows("puns.tsv")}
    return re.compile("|".join(sorted(table, key=len, reverse=True))), table


def has_puns(text: str, _: Lexicon) -> bool:
    return not text.isascii() and _puns()[0].search(text) is not None


def read_puns(text: Mapped, _: Lexicon) -> Mapped:
    """Words that everybody writes with other characters of their sound."""
    pattern, table = _puns()
    return text.edited(
        Edit(found.start(), found.end(), table[found[0]], aligned=True) for found in pattern.finditer(text.text)
    )
