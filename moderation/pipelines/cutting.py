"""Where a streamed text is cut into units: by position in the text alone, never by how it was chunked. Pure.

A unit ends at the end of a sentence once it has `LEAST_CHARS`, or at `MOST_CHARS`, but never inside what may still
grow into a listed term, a secret or an encoded run: then it ends before that, or, where that began with the unit, goes
on until it is decided or `LONGEST_CHARS` long. Where no sentence ends it is not cut inside what is shown as one
character either, such as an emoji of several, up to `clusters.REACH` code points. What it does not know: an encoding
longer than `LONGEST_CHARS`, which is judged in stretches, or one in an alphabet that is not named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from moderation.pipelines.clusters import whole_before

LEAST_CHARS = 48
MOST_CHARS = 240
LONGEST_CHARS = MOST_CHARS + 60 * 64
# With all of a unit as context, the markers of each window made a stream cost more than twice what its text does.
_CONTEXT_SHARE = 0.75
_CONTEXT_CHARS = 180
_WORD_CHARS = 16  # so much of the context is given up to begin it with a word
_STEP_CHARS = 64  # between looks at a unit that has become long
_SLICE_CHARS = 1_024  # of a long text taken up together
_WHOLE = 72  # an encoded run is cut where codes of equal width have whole characters, also of three bytes
_ALIGNED = 12  # and the little of it that is context where base64 and hexadecimal have whole Chinese characters
_CODED_CHARS = 20  # within these a character begins: the longest is four bytes, of four signs each
_FULL_STOPS = frozenset("。！？；…\n")
_STOPS = frozenset(".!?;")
_RUN = re.compile(r"[\w+/=%&#;\\{}-]+", re.ASCII)
_WORD_START = re.compile(r"[\s。！？；…，、：]")
# The first sign of a character in percent codes, references, escapes and bytes with lines between: no later byte of
# UTF-8, which begins with 8 to B, and no second half of a pair.
_CODED = re.compile(
    r"[%=][0-7C-F][0-9A-F]|&[#A-Z]|\\(?:u(?:D[0-9AB]|[^D])|x[0-7C-F]|[013][0-7]{2})"
    r"|(?<![0-9A-F])[0-7C-F][0-9A-F]-[0-9A-F]{2}-",
    re.IGNORECASE,
)

# These read a text from its end, so that they find what the end belongs to in one pass.
_UNBROKEN = re.compile(
    r"(?>[\w+/=%&#;\\{}-]*+)(?<=[\w+/=%&#;\\{}-]{16})"
    r"|[A-Za-z0-9+/=_-]*+(?:\n\r?[A-Za-z0-9+/=_-]{60,}+)++"
    r"|[\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]{16,}+",
    re.ASCII,
)
_GROUPED = re.compile(
    r"[\s,:|/]{0,3}+(?>(?:[0-9A-Fa-fxXuU\\+&#;%.\-·•–—−_]{1,10}+(?:[\s,:|/]{1,3}+|\Z)|\w[\s.,:*_|/~·-]{1,3}+)){6,}+"
)

HeldBack = Callable[[str], int]


class Cutter:
    """Collects a text and gives its units as they end.

    Args:
        held_back: index from which the end of a text may still grow into something that must be seen whole.
    """

    def __init__(self, held_back: HeldBack) -> None:
        self._held_back = held_back
        self.pending = ""
        self._looked = 0

    def feed(self, chunk: str) -> list[str]:
        """The units that end in what is there now; together with `rest` they are the text, nothing lost."""
        return [unit for unit in self.looks(chunk) if unit]

    def looks(self, chunk: str) -> Iterator[str]:
        """The same, a look at a time: a unit, or nothing where none ends.

        A look takes up to 10 ms, so whoever has a long text lets others go on in between; all must be taken.
        """
        for start in range(0, len(chunk), _SLICE_CHARS):  # not at once: each unit would copy all that is behind it
            self.pending += chunk[start : start + _SLICE_CHARS]
            while self._goes_on():
                yield self._look()

    def rest(self) -> str:
        """What is left when the text is over."""
        rest, self.pending, self._looked = self.pending, "", 0
        return rest

    def _goes_on(self) -> bool:
        """Goes on to the first place not looked at before where a unit may end; whether there is one."""
        pending = self.pending
        for end in range(max(self._looked, LEAST_CHARS - 1) + 1, len(pending) + 1):
            is_long = end >= MOST_CHARS and (end - MOST_CHARS) % _STEP_CHARS == 0
            ends = (is_long or end < MOST_CHARS) and _ends_sentence(pending[end - 2 : end])
            if is_long and not ends and end == len(pending):
                return False  # whether a character ends here is known with the next one
            self._looked = end
            if is_long or ends:
                return True
        return False

    def _look(self) -> str:
        """The unit that ends at this place, or before what begins there; nothing if none does."""
        pending, end = self.pending, self._looked
        seen = pending[: end if _ends_sentence(pending[end - 2 : end]) else end + 1]
        free = whole_before(seen, self._held_back(pending[:end]))
        if free < LEAST_CHARS:
            if end < LONGEST_CHARS:
                return ""
            free = whole_before(seen, end - (end - free) % _WHOLE)
        self.pending, self._looked = pending[free:], 0
        return pending[:free]


def context_of(before: str, most_chars: int = _CONTEXT_CHARS) -> str:
    """What of a unit is judged again with the next one: its end, from the beginning of a word where one is near.

    A run without blanks is cut where a coded character begins; where none is seen, so that whole bytes are left of it,
    counted from where it begins, or from the beginning of the unit, which is as good a place.
    """
    start = len(before) - min(most_chars, _CONTEXT_CHARS, int(len(before) * _CONTEXT_SHARE))
    if not start:
        return before
    word = _WORD_START.search(before, start - 1, start + _WORD_CHARS)
    if word:
        return before[word.end() :]
    if not _RUN.match(before, start):
        return before[start:]
    coded = _CODED.search(before, start, start + _CODED_CHARS)
    if coded:
        return before[coded.start() :]
    run = _RUN.match(before[:start][::-1])
    return before[start + (-run.end() % _ALIGNED if run else 0) :]


def encoded_from(text: str) -> int:
    """Where a run begins that may be an encoded text and that the end of the text may go on with; its length if none.

    Unbroken signs of base64, hexadecimal, escapes, references and percent codes, signs that do not show, or short
    groups of signs with blanks between them: hexadecimal, Morse, letters one by one.
    """
    backwards = text[::-1]
    return len(text) - max(
        (found.end() for pattern in (_UNBROKEN, _GROUPED) if (found := pattern.match(backwards))), default=0
    )


def _ends_sentence(last: str) -> bool:
    """Whether the last two characters end a sentence; a Latin stop does with the white space after it."""
    return last[-1] in _FULL_STOPS or (last[-1].isspace() and last[0] in _STOPS)
