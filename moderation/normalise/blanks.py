"""What does not show, between words: a blank in another reading.

Fillers of Hangul and Braille without dots are blanks on a screen, so they are one wherever they stand inside no word
(`ig`, a filler, `nore`). Of all else that does not show only what stands beside a word, and makes none with it, is read
so: a text whose every blank is replaced says no word without any. What it does not know: words of other languages than
English; their parts are taken for words where a blank shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from moderation.normalise import invisible
from moderation.normalise.english import is_word
from moderation.normalise.leet import IsWord
from moderation.normalise.lexicon import HAN
from moderation.normalise.mapped import Edit, Mapped

_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")
_HEAD, _TAIL = re.compile("[A-Za-z]*"), re.compile("(?<![A-Za-z])[A-Za-z]*$")
_BETWEEN_HAN = re.compile(f"[{HAN}\u3041-\u30ff]")
_LONGEST_WORD = 24
_LEAST_LONG = 3


def with_blanks(text: Mapped, accepts: IsWord = is_word) -> Mapped:
    """With a blank for each run of them that stands between words, without the others; the same if none is a blank.

    Args:
        accepts: whether letters in lower case are a word.
    """
    runs = [_Run(*run.span(), _BLANK.search(run[0]) is not None) for run in invisible.unspelled(text.text)]
    parting = _parting(text.text, runs, accepts) if runs else [False]
    if not any(parting):
        return text
    return text.edited(Edit(run.start, run.end, " " if parts else "") for run, parts in zip(runs, parting, strict=True))


class _Run(NamedTuple):
    """Where it stands, and whether a screen shows it as a blank."""

    start: int
    end: int
    shows: bool


def _parting(text: str, runs: Sequence[_Run], accepts: IsWord) -> list[bool]:
    """For each run whether it parts words."""
    ends = [run.start for run in runs] + [len(text)]
    pieces = [text[start:end] for start, end in zip([0, *(run.end for run in runs)], ends, strict=True)]
    parting = [False] * len(runs)
    at = 0
    while at < len(runs):
        before, after = pieces[at], pieces[at + 1]
        if not _may_part(before[-1:], after[:1]):
            at += 1
        elif inside := _inside_word(pieces, at, accepts, shows=runs[at].shows):
            at += inside
            if at < len(runs) and _HEAD.fullmatch(pieces[at]):  # the word ends right before the next
                parting[at] = _may_part(pieces[at][-1:], pieces[at + 1][:1])
                at += 1
        else:
            beside = (_tail(before), _head(after))
            parting[at] = runs[at].shows or any(len(word) >= _LEAST_LONG and accepts(word) for word in beside)
            at += 1
    return parting


def _may_part(before: str, after: str) -> bool:
    """Whether a blank between two signs would be seen: not at an end, beside a blank, or in Chinese."""
    shown = before.strip() and after.strip()
    return bool(shown) and not (_BETWEEN_HAN.match(before) and _BETWEEN_HAN.match(after))


def _inside_word(pieces: Sequence[str], at: int, accepts: IsWord, *, shows: bool) -> int:
    """How many runs from one on stand inside a word: what makes the longest, none between words that show apart."""
    joined, most = _tail(pieces[at]), 0
    if not joined or (shows and accepts(joined) and accepts(_head(pieces[at + 1]))):
        return 0
    for count in range(1, len(pieces) - at):
        piece = pieces[at + count]
        head = _head(piece)
        joined += head
        if not head or len(joined) > _LONGEST_WORD:
            break
        if accepts(joined):
            most = count
        if _HEAD.fullmatch(piece) is None:
            break
    return most


def _head(piece: str) -> str:
    found = _HEAD.match(piece)
    return found[0].lower() if found else ""


def _tail(piece: str) -> str:
    found = _TAIL.search(piece, max(0, len(piece) - _LONGEST_WORD - 1))
    return found[0].lower() if found else ""
