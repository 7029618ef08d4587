"""Traditional characters read as simplified ones.

By OpenCC, as the transcripts are. What it does not know: which of two simplified characters a name is written with.
Japanese stays: a text in which kana are more than a decoration is not Chinese.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from opencc import OpenCC

from moderation.normalise.mapped import Edit, Mapped

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_HAN = re.compile("[\u3400-\u9fff]")
_HAN_RUN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]{1,2000}")
_MOST_KANA = 1 / 12
_NEAR = 6


@functools.cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@functools.cache
def simplified_forms() -> Mapping[str, str]:
    """Ideographs that have another, simplified form, with that form."""
    every = "".join(map(chr, range(0x3400, 0xA000)))
    simplified: Iterable[str] = _converter().convert(every)
    if len([*simplified]) != len(every):  # never seen; then each on its own
        simplified = [_converter().convert(character) for character in every]
    return {before: after for before, after in zip(every, simplified, strict=True) if before != after}


@functools.cache
def _traditional() -> frozenset[str]:
    return frozenset(simplified_forms())


def is_traditional(text: str) -> bool:
    """Whether it is Chinese with traditional characters."""
    return not _traditional().isdisjoint(text) and reads_as_chinese(text)


def reads_as_chinese(text: str) -> bool:
    """Whether its ideographs are Chinese, and neither Japanese nor Korean; cheap."""
    if not (_KANA.search(text) or _HANGUL.search(text)):
        return _HAN.search(text) is not None
    han = len(_HAN.findall(text))
    return han > 0 and len(_KANA.findall(text)) <= han * _MOST_KANA and len(_HANGUL.findall(text)) <= han * _MOST_KANA


def beside_kana(text: str, start: int, end: int) -> bool:
    """Whether kana or hangul stand near ideographs, which are not Chinese then; の alone is a decoration."""
    around = f"{text[max(0, start - _NEAR) : start]} {text[end : end + _NEAR]}".replace("の", "")
    return _KANA.search(around) is not None or _HANGUL.search(around) is not None


def fold_traditional(text: Mapped) -> Mapped:
    """In simplified characters."""
    edits: list[Edit] = []
    for found in _HAN_RUN.finditer(text.text):
        before = found[0]
        after = _converter().convert(before)
        if before == after or beside_kana(text.text, *found.span()):
            continue
        if len(before) == len(after):
            edits.append(Edit(found.start(), found.end(), after, aligned=True))
        else:
            edits += _changes(before, after, found.start())
    return text.edited(edits)


def _changes(before: str, after: str, offset: int) -> list[Edit]:
    """Where phrases changed their length."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    edits = []
    for kind, from_, end, from_after, last in matcher.get_opcodes():
        if kind != "equal":
            back = int(from_ == end and from_ > 0)  # an insertion stands for what stands before it
            start, first = from_ - back, from_after - back
            if start == end:
                continue
            edits.append(Edit(offset + start, offset + end, after[first:last], aligned=end - start == last - first))
    return edits
