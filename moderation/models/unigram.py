"""The encoder's tokenizer: XLM-R's Unigram pieces out of the 4-bit file, with spans in the original text.

No code point ends a text or makes the rest of it disappear: a NUL is an unknown piece or nothing, a lone
surrogate becomes U+FFFD, and the literal `</s>` in a text is four ordinary characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Metaspace

from moderation.models.q4 import Vocabulary

_PREFIX = "query:"
_SHORT_CHARS = 2_000  # past this a text is tokenized with offsets at once
_LONG_CHARS = 40_000
PASSAGE_FROM_TOKENS = 24  # a longer text is also judged passage by passage
_PASSAGE_MIN = 8
_PASSAGE_LONG = 32
_PASSAGE_MAX = 64
_FULL_STOPS = frozenset("。！？；…")
_STOPS = frozenset(".!?;")
_PAUSES = frozenset(",，、：:")
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text that fits the encoder.

    Attributes:
        ids: token ids, markers and prefix included.
        span: code points of the original text, half open.
    """

    ids: tuple[int, ...]
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows of a text, then its passages; `rest` is where it went on past the last window, if it did.

    A passage is a sentence or two: what one of them says would drown in the mean over a whole window.
    """

    windows: tuple[Window, ...]
    rest: tuple[int, int] | None = None


class WindowTokenizer:
    """Cuts texts into overlapping windows of token ids.

    Args:
        window_tokens: markers and prefix included.
        overlap_tokens: shared by neighbouring windows, so that nothing is seen only in halves.
        max_windows: what lies past them is reported, not judged.
    """

    def __init__(self, vocabulary: Vocabulary, *, window_tokens: int, overlap_tokens: int, max_windows: int) -> None:
        self._tokenizer = _tokenizer(vocabulary)
        self._replacements = {
            **vocabulary.normalised,
            **dict.fromkeys(_SURROGATES, "\N{REPLACEMENT CHARACTER}"),
        }
        self._head = (vocabulary.bos, *self._tokenizer.encode(_PREFIX).ids)
        self._tail = (vocabulary.eos,)
        self._room = window_tokens - len(self._head) - len(self._tail)
        self._step = self._room - overlap_tokens
        self._max_windows = max_windows

    def cut(self, texts: Sequence[str]) -> list[Windows]:
        """Windows of each text, at least one, in order; then its passages."""
        short = [text.translate(self._replacements) for text in texts if len(text) <= _SHORT_CHARS]
        encodings = iter(self._tokenizer.encode_batch_fast(short, add_special_tokens=False))
        cut: list[Windows] = []
        for text in texts:
            ids = next(encodings).ids if len(text) <= _SHORT_CHARS else None
            if ids is not None and len(ids) <= PASSAGE_FROM_TOKENS:
                cut.append(Windows((self._window(ids, (0, len(text))),)))
            else:
                cut.append(self._cut_long(text))
        return cut

    def _cut_long(self, text: str) -> Windows:
        """As `cut` for one text; looks at its beginning first, which mostly fills all windows."""
        windows = self._cut_all(text[:_LONG_CHARS])
        if windows.rest is not None:
            return Windows(windows.windows, (windows.rest[0], len(text)))
        return windows if len(text) <= _LONG_CHARS else self._cut_all(text)

    def _cut_all(self, text: str) -> Windows:
        encoding = self._tokenizer.encode(text.translate(self._replacements), add_special_tokens=False)
        ids, origins = encoding.ids, self._origins(text)
        spans = [(int(origins[start]), int(origins[end - 1]) + 1) for start, end in encoding.offsets]
        stretches = _windows(len(ids), self._room, self._step, self._max_windows)
        judged = stretches[-1][1]
        if len(ids) > PASSAGE_FROM_TOKENS:
            stretches += _passages(text, spans[:judged])
        windows = []
        for start, end in stretches:
            first = spans[start][0] if start else 0
            last = spans[end - 1][1] if end < len(ids) else len(text)
            windows.append(self._window(ids[start:end], (first, last)))
        rest = (spans[judged - 1][1], len(text)) if judged < len(ids) else None
        return Windows(tuple(windows), rest)

    def _window(self, ids: Sequence[int], span: tuple[int, int]) -> Window:
        return Window((*self._head, *ids, *self._tail), span)

    def _origins(self, text: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """For each code point of the normalised text, the index of the original one it stands for."""
        lengths = [len(self._replacements.get(ord(character), " ")) for character in text]
        return np.repeat(np.arange(len(text)), lengths)


def _windows(count: int, room: int, step: int, most: int) -> list[tuple[int, int]]:
    """Overlapping stretches of token indices, at least one."""
    stretches = [(0, min(room, count))]
    while stretches[-1][1] < count and len(stretches) < most:
        start = stretches[-1][0] + step
        stretches.append((start, min(start + room, count)))
    return stretches


def _passages(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of about a sentence or two that cover all but blanks; none if the text is a single one."""
    stretches: list[tuple[int, int]] = []
    start = 0
    for index, (_, end) in enumerate(spans):
        length = index + 1 - start
        after = text[end : spans[index + 1][0] + 1] if index + 1 < len(spans) else ""
        at_end = length >= _PASSAGE_MIN and _ends_sentence(text[end - 1], after)
        at_pause = length >= _PASSAGE_LONG and text[end - 1] in _PAUSES
        if at_end or at_pause or length == _PASSAGE_MAX:
            stretches.append((start, index + 1))
            start = index + 1
    if start < len(spans) and text[spans[start][0] : spans[-1][1]].strip():
        stretches.append((start, len(spans)))
    return stretches if len(stretches) > 1 else []


def _ends_sentence(last: str, after: str) -> bool:
    return last in _FULL_STOPS or "\n" in after or (last in _STOPS and after[:1].isspace())


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    pieces = list(vocabulary.pieces)
    for marker in (vocabulary.bos, vocabulary.eos, vocabulary.pad, vocabulary.unknown):
        # a line break is normalised away, so no text can spell a marker
        pieces[marker] = (f"\n{pieces[marker][0]}", pieces[marker][1])
    tokenizer = Tokenizer(Unigram(pieces, unk_id=vocabulary.unknown, byte_fallback=False))
    tokenizer.normalizer = Replace(Regex(" {2,}"), " ")
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return tokenizer
