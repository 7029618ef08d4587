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
    """All windows of a text; `rest` is where the text went on past the last, if it did."""

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
        """Windows of each text, at least one, in order."""
        short = [text.translate(self._replacements) for text in texts if len(text) <= _SHORT_CHARS]
        encodings = iter(self._tokenizer.encode_batch_fast(short, add_special_tokens=False))
        cut: list[Windows] = []
        for text in texts:
            ids = next(encodings).ids if len(text) <= _SHORT_CHARS else None
            if ids is not None and len(ids) <= self._room:
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
        ids = encoding.ids
        origins = self._origins(text)
        windows: list[Window] = []
        start, end = 0, 0
        while not windows or (end < len(ids) and len(windows) < self._max_windows):
            end = min(start + self._room, len(ids))
            first = origins[encoding.offsets[start][0]] if start else 0
            last = len(text) if end == len(ids) else origins[encoding.offsets[end - 1][1] - 1] + 1
            windows.append(self._window(ids[start:end], (int(first), int(last))))
            start += self._step
        rest = (windows[-1].span[1], len(text)) if end < len(ids) else None
        return Windows(tuple(windows), rest)

    def _window(self, ids: Sequence[int], span: tuple[int, int]) -> Window:
        return Window((*self._head, *ids, *self._tail), span)

    def _origins(self, text: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """For each code point of the normalised text, the index of the original one it stands for."""
        lengths = [len(self._replacements.get(ord(character), " ")) for character in text]
        return np.repeat(np.arange(len(text)), lengths)


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    pieces = list(vocabulary.pieces)
    for marker in (vocabulary.bos, vocabulary.eos, vocabulary.pad, vocabulary.unknown):
        # a line break is normalised away, so no text can spell a marker
        pieces[marker] = (f"\n{pieces[marker][0]}", pieces[marker][1])
    tokenizer = Tokenizer(Unigram(pieces, unk_id=vocabulary.unknown, byte_fallback=False))
    tokenizer.normalizer = Replace(Regex(" {2,}"), " ")
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return tokenizer
