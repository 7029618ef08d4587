"""What a text says once its disguises are taken off, as views that point back into it.

One canonical view has all folds of characters that found something, one after the other; what has another reading
(backwards, ROT13, words of the same sound, hidden text) is a view of its own; an encoding is decoded in its place,
layer by layer, and then read as any text. Ordinary text has no view. What it does not know is in `docs/normalise.md`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from moderation.normalise import blanks, confusable, encodings, invisible, rotation, spacing, tones
from moderation.normalise.folds import FOLDS, is_suspect
from moderation.normalise.homophone import fits_badly, restored, sounds_odd
from moderation.normalise.lexicon import Lexicon
from moderation.normalise.mapped import Edit, Indices, Mapped
from moderation.normalise.packaged import tables_revision
from moderation.normalise.segments import LONG_TEXT, joined, segments

_MOST_LOOKS_PER_VIEW = 3
_MOST_GAPS = 16
_AROUND_CUT = 1_000  # characters on both sides of a cut through a disguise in which what it parts may lie
_NO_WORDS = Lexicon()


@dataclass(frozen=True, slots=True)
class ViewLimits:
    """How much is looked for in one text; what is left out is a gap.

    Attributes:
        max_depth: layers of encodings, one in the other.
        max_views: views of a text.
        max_chars_factor: characters of all views together, as a multiple of the text's ...
        max_chars_more: ... and so many more.
        max_text_chars: how far into a text is looked.
    """

    max_depth: int = 5
    max_views: int = 8
    max_chars_factor: float = 2.0
    max_chars_more: int = 20_000
    max_text_chars: int = 1_000_000

    def chars_of(self, length: int) -> int:
        """Characters that all views of a text of this length may have together."""
        return int(self.max_chars_factor * length) + self.max_chars_more


@dataclass(frozen=True, slots=True)
class View:
    """What a text says under a disguise.

    Attributes:
        steps: names of what was taken off, in order.
    """

    text: str
    steps: tuple[str, ...]
    _starts: Indices = field(compare=False, repr=False)
    _ends: Indices = field(compare=False, repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The smallest range of the original text that covers `text[start:end]`."""
        return Mapped(self.text, self._starts, self._ends).span(start, end)


@dataclass(frozen=True, slots=True)
class Views:
    """All views of a text, none like another or like the text; `gaps` say what limits left out, and where."""

    views: tuple[View, ...] = ()
    gaps: tuple[tuple[str, tuple[int, int]], ...] = ()


# All names that may stand in `View.steps`.
STEPS = frozenset(
    {
        *(fold.name for fold in FOLDS),
        *("bidi", "combining", "invisible", "nfkc"),
        *("tag_characters", "variation_selectors", "zero_width_bits"),
        *encodings.STEPS,
        *("homophone", "pinyin_tones", "reversed", "rot13"),
    }
)
_NONE = Views()
_LIMITS = ViewLimits()


def views_of(text: str, *, limits: ViewLimits = _LIMITS, lexicon: Lexicon | None = None) -> Views:
    """All that a text says under disguises.

    Args:
        lexicon: an operator's own words, which are looked for beside the dictionary's.
    """
    words = lexicon or _NO_WORDS
    if len(text) <= LONG_TEXT:
        if not is_suspect(text, words):
            return _NONE
        search = _Search(limits, words, text, whole=(0, len(text)))
        search.look(Mapped.of(text), (), 0)
        found = [View(view.text, steps, view.starts, view.ends) for view, steps in search.found]
        return Views(tuple(found), tuple(dict.fromkeys(search.gaps)))
    return _views_of_long(text, limits, words)


def _views_of_long(text: str, limits: ViewLimits, words: Lexicon) -> Views:
    """The views of its suspect stretches, the first of each made one view, then the second of each, and so on."""
    rows: list[list[tuple[Mapped, tuple[str, ...]]]] = []
    gaps: list[tuple[str, tuple[int, int]]] = []
    chars_left = limits.chars_of(len(text))
    looked_at = min(len(text), limits.max_text_chars)
    if looked_at < len(text):
        gaps.append(("views_past_limit", (looked_at, len(text))))
    whole = Mapped.of(text[:looked_at])
    for start, end, cut in segments(whole.text):
        if not is_suspect(whole.text[start:end], words):
            continue
        if chars_left <= 0:
            gaps.append(("views_past_limit", (start, looked_at)))
            break
        search = _Search(limits, words, whole.text[start:end], whole=(start, end))
        search.look(Mapped(whole.text[start:end], whole.starts[start:end], whole.ends[start:end]), (), 0)
        gaps += search.gaps
        if cut and search.found:
            gaps.append(("views_past_limit", (end - _AROUND_CUT, min(end + _AROUND_CUT, len(text)))))
        chars_left -= sum(len(view.text) for view, _ in search.found)
        for index, found in enumerate(search.found):
            rows += [[]] if index == len(rows) else []
            rows[index].append(found)
    views = []
    for row in rows:
        view = joined([view for view, _ in row])
        steps = tuple(dict.fromkeys(step for _, steps in row for step in steps))
        views.append(View(view.text, steps, view.starts, view.ends))
    return Views(tuple(views), tuple(dict.fromkeys(gaps)))


def warm_up() -> None:
    """Loads all tables, so that no text waits for them."""
    tables_revision()
    for text in ("k1te, strange wordz", "沙威", "漢語", "kїte"):
        views_of(text)


class _Search:
    """The views found so far of one text, and what may still be spent."""

    def __init__(self, limits: ViewLimits, words: Lexicon, text: str, *, whole: tuple[int, int]) -> None:
        self.found: list[tuple[Mapped, tuple[str, ...]]] = []
        self.gaps: list[tuple[str, tuple[int, int]]] = []
        self._limits = limits
        self._words = words
        self._seen = {_compared(text)}
        self._chars_left = limits.chars_of(len(text))
        self._looks_left = limits.max_views * _MOST_LOOKS_PER_VIEW
        self._whole = whole

    def look(self, text: Mapped, steps: tuple[str, ...], depth: int) -> None:
        """Finds the views of a text that was reached by some steps."""
        if self._looks_left <= 0:
            self.gaps.append(("views_past_limit", text.span(0, len(text.text)) if text.text else self._whole))
            return
        self._looks_left -= 1
        for name, secret in invisible.hidden(text) if invisible.SUSPECT.search(text.text) else ():
            self._deeper(secret, (*steps, name), depth)
        if (parted := blanks.with_blanks(text, self._words.accepts)) is not text:  # none of them is left in it
            self.look(parted, (*steps, "invisible"), depth)
        light, more = _light(text)
        steps = (*steps, *more)
        decoded = encodings.decode_runs(light)
        self.gaps += [("unread_encoding", light.span(*run)) for run in _few(decoded.refused)]
        if decoded.names:
            if self._deeper(decoded.text, (*steps, *decoded.names), depth, light, decoded.runs):
                return
            self._keep_rest(light, decoded.runs, steps)
            return
        for name, runs in encodings.moved(light.text).items():
            self._deeper(rotation.moved(light, name, runs), (*steps, name), depth, light, runs)
        spoken = tones.read_tones(light) if tones.has_tones(light.text) else light
        if spoken is not light:
            steps = (*steps, "pinyin_tones")
            self._keep(spoken, steps)  # what it says in Chinese is a view beside it
        canonical, more = self._folded(spoken)
        self._keep(canonical, (*steps, *more))
        self.gaps += [("unread_encoding", canonical.span(*run)) for run in _few(list(spacing.unread(canonical.text)))]
        if sounds_odd(canonical.text, self._words):
            heard = restored(canonical, self._words)
            if heard.text != canonical.text:
                self._keep(heard, (*steps, *more, "homophone"))
        odd = fits_badly(light.text)
        if odd or rotation.is_suspect(light.text):
            for name, other in self._readings(light, odd=odd):
                self._deeper(other, (*steps, name), depth)

    def _keep_rest(self, text: Mapped, runs: list[tuple[int, int]], steps: tuple[str, ...]) -> None:
        """What stands beside runs that lie too deep, if it was in a disguise of its own."""
        canonical, more = self._folded(text.edited([Edit(start, end, "") for start, end in runs]))
        if more:
            self._keep(canonical, (*steps, *more))

    def _readings(self, text: Mapped, *, odd: bool) -> Iterator[tuple[str, Mapped]]:
        other = rotation.rotated(text)
        if other.text != text.text:
            yield "rot13", other
        for turned in rotation.turned(text, self._words.pair_weight if odd else None):
            yield "reversed", turned

    def _folded(self, text: Mapped) -> tuple[Mapped, tuple[str, ...]]:
        names = []
        for fold in FOLDS:
            if fold.suspects(text.text, self._words):
                folded = fold.apply(text, self._words)
                if folded.text != text.text:
                    names.append(fold.name)
                    text = folded
        return text, tuple(names)

    def _deeper(
        self,
        text: Mapped,
        steps: tuple[str, ...],
        depth: int,
        before: Mapped | None = None,
        runs: Sequence[tuple[int, int]] = (),
    ) -> bool:
        """Whether what was uncovered was looked at; if it lies too deep, that is a gap.

        Args:
            runs: where it stood in the text `before`; without them all of it counts.
        """
        if depth >= self._limits.max_depth:
            before, runs = (text, [(0, len(text.text))]) if before is None else (before, runs)
            self.gaps += [("nested_encoding", before.span(*run)) for run in _few(runs)]
            return False
        self.look(text, steps, depth + 1)
        return True

    def _keep(self, text: Mapped, steps: tuple[str, ...]) -> None:
        if not steps or not text.text.strip():
            return
        compared = _compared(text.text)
        if compared in self._seen:
            return
        self._seen.add(compared)
        if len(self.found) >= self._limits.max_views or len(text.text) > self._chars_left:
            self.gaps.append(("views_past_limit", text.span(0, len(text.text))))
            return
        self._chars_left -= len(text.text)
        self.found.append((text, steps))


def _few(runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """These stretches, those that touch as one; from the last that is allowed on, all as one."""
    few: list[tuple[int, int]] = []
    for start, end in runs:
        if few and (start <= few[-1][1] or len(few) == _MOST_GAPS):
            few[-1] = (few[-1][0], max(end, few[-1][1]))
        else:
            few.append((start, end))
    return few


def _light(text: Mapped) -> tuple[Mapped, tuple[str, ...]]:
    """Without what does not show and in plain letters: before anything else is looked for."""
    names = []
    if text.text.isascii() and text.text.isprintable():
        return text, ()
    if invisible.overridden(text.text):
        text = invisible.turn_overridden(text)
        names.append("bidi")
    if invisible.SUSPECT.search(text.text):
        if invisible.parts_words(text.text):
            names.append("invisible")
        text = invisible.drop_invisible(text)
    if invisible.flooded(text.text):
        text = invisible.drop_floods(text)
        names.append("combining")
    if confusable.SUSPECT.search(text.text):
        if confusable.styled(text.text):
            names.append("nfkc")
        text = confusable.fold_styled(text)
    return text, tuple(names)


_WIDTHS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if not chr(code).isalpha()} | {0x3000: " "}


def _compared(text: str) -> str:
    """The same for texts that differ in nothing that matters: case, width of signs, blanks at the ends, composition."""
    return unicodedata.normalize("NFC", text.translate(_WIDTHS)).lower().strip()
