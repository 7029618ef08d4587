"""Base64 in a text: in one run, or in several that belong together.

Runs of one length side by side are one text, and so are lines and quoted strings of a program. What it does not know:
runs of changing length with blanks between them, and other signs between them than blanks, lines, quotes and plus.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from moderation.normalise.decodable import LEAST_LETTERS, WORDED, is_usual_han, looks_like_text, nearly_text
from moderation.normalise.decoders import Found
from moderation.normalise.edges import strange_signs, worded_ends
from moderation.normalise.english import known, worded_share
from moderation.normalise.leet import word_in_signs
from moderation.normalise.mapped import Edit

_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])(?=[A-Za-z0-9+/_-]{6})[A-Za-z0-9+/_-]++(?:={1,2}|(?:%3[Dd]){1,2})?")
_PIECE = re.compile(r"(?!\+[\s\"'`])[+/_-]*+[A-Za-z0-9][A-Za-z0-9+/_-]*+(?:={1,2}|(?:%3[Dd]){1,2})?")
_LINES = re.compile(r"[ \t]*\\?\r?\n[ \t>|*#]*")
_QUOTES = re.compile(r"[\"'`]\s*[+.,\\&]?\s*[\"'`]")
_PADDING = re.compile(rf"(?:{_LINES.pattern}|{_QUOTES.pattern})(={{1,2}})(?![A-Za-z0-9=])")
_JOINT = re.compile(rf" |{_LINES.pattern}|{_QUOTES.pattern}")
_BETWEEN = re.compile(rf"{_QUOTES.pattern}|[^A-Za-z0-9+/_=%-]")
_CASES = re.compile("[a-z][A-Z]|[0-9][A-Za-z]|[A-Za-z][0-9]|[+/=]")
_HEXADECIMAL = re.compile("(?=[0-9a-f-]*[0-9])[0-9a-f-]+")  # an identifier, or another encoding
_MIXED = re.compile("[a-z][A-Z]|[g-zG-Z][0-9]|[0-9][g-zG-Z]")  # of letters past the hexadecimal ones
_INNER = re.compile("[/_+-]")
_MAYBE_CODED = re.compile(r"(?<![A-Za-z0-9+/_-])(?:[A-Z]?[a-z]++)?+(?:[A-Z0-9+/_-][A-Za-z0-9+/_-]++|(?<=[a-z])[0-9])")
_LONGEST_JOINT = 80
_LEAST_RUN = 8
_LEAST_GROUPS = 3
_MOST_SHIFT = 4  # words of the same length as the groups that may stand before them ...
_MOST_AFTER = 2  # ... and after
_MOST_INNER = 8
_LONG_RUN = 16
_LEAST_WORD = 4
_SURE_LENGTH = 24  # no other run becomes so much text by chance


def base64s(text: str) -> Iterator[Found]:
    """All of it; what several runs say together goes before what one says."""
    joined = [
        Edit(start, _padded(text, start, end), decoded)
        for start, end in _joined_runs(text)
        if (decoded := _glued(text, start, end))
    ]
    yield from joined
    at = 0
    for found in _RUN.finditer(text):
        while at < len(joined) and joined[at].end <= found.start():
            at += 1
        if at == len(joined) or joined[at].start >= found.end():
            yield from _one(found)


def _glued(text: str, start: int, end: int) -> str | None:
    return _decoded(_BETWEEN.sub("", text[start:end]))


def _padded(text: str, start: int, end: int) -> int:
    """Where it ends with the padding that stands on a line, or in a string, of its own."""
    padding = _PADDING.match(text, end)
    return padding.end() if padding and (len(_BETWEEN.sub("", text[start:end])) + len(padding[1])) % 4 == 0 else end


def _one(found: re.Match[str]) -> Iterator[Found]:
    if _HEXADECIMAL.fullmatch(found[0]) or word_in_signs(found[0]) is not None:
        return
    data = _bytes(found[0])
    if data is not None and (decoded := looks_like_text(data)) is not None:
        if not _is_chance(found[0], decoded):
            yield Edit(*found.span(), decoded)
        return
    for at in [cut.end() for cut in _INNER.finditer(found[0])][:_MOST_INNER]:
        rest = found[0][at:]
        if len(rest) >= _LEAST_RUN and _MIXED.search(rest) and (decoded := _decoded(rest)) is not None:
            yield Edit(found.start() + at, found.end(), decoded)
            return
    for end in [cut.start() for cut in _INNER.finditer(found[0])][:_MOST_INNER]:
        first = found[0][:end]
        if (
            len(first) >= _LONG_RUN
            and _MIXED.search(first)
            and (decoded := _decoded(first)) is not None
            and is_sure(decoded)
        ):
            yield Edit(found.start(), found.start() + end, decoded)
            return
    if data is not None and nearly_text(data):
        yield found.span()


def is_sure(decoded: str) -> bool:
    """Whether it says words, or so much, or in such letters, that it is no chance."""
    return len(decoded) >= _SURE_LENGTH or not decoded.isascii() or worded_share(decoded) > WORDED


def _is_chance(run: str, decoded: str) -> bool:
    """Whether a code of a product or a licence became text: it has letters of one case, as base64 hardly ever has."""
    if not _is_of_one_case(run) or len(decoded) >= _SURE_LENGTH:
        return False
    letters = list(filter(str.isalpha, decoded))
    if not decoded.isascii():
        return sum(not letter.isascii() for letter in letters) < LEAST_LETTERS or not _is_of_one_script(decoded)
    return len(letters) < _LEAST_WORD or 2 * len(letters) <= len(decoded) or worded_share(decoded) <= WORDED


def _is_of_one_script(decoded: str) -> bool:
    """Whether its letters past ASCII are usual ideographs, or most of it and of one script: no chance."""
    foreign = [letter for letter in decoded if letter.isalpha() and not letter.isascii()]
    if all(map(is_usual_han, foreign)):
        return True
    return 2 * len(foreign) > len(decoded) and len({ord(letter) >> 8 for letter in foreign}) == 1


def _decoded(run: str) -> str | None:
    data = _bytes(run)
    return None if data is None else looks_like_text(data)


def _bytes(run: str) -> bytes | None:
    run = run.replace("%3D", "=").replace("%3d", "=").rstrip("=").translate({45: 43, 95: 47})
    if run.isdigit() or (run.isalpha() and (run.islower() or run.istitle()) and len(run) < _LONG_RUN):
        return None
    if len(run) % 4 == 1:  # one sign too many; the others may say something
        run = run[:-1] if len(run) > _LONG_RUN else ""
    try:
        return base64.b64decode(run + "=" * (-len(run) % 4), validate=True) or None
    except binascii.Error:
        return None


_Piece = tuple[int, int, str]  # where it stands, and what stands between it and the piece before


def _joined_runs(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of several runs that may be one, in order; none overlaps a stretch before it."""
    maybe = [(*found.span(), _is_coded(found[0])) for found in _MAYBE_CODED.finditer(text)]
    if not any(
        _JOINT.fullmatch(text, before[1], after[0])
        for before, after in pairwise(maybe)
        if (before[2] or after[2]) and after[0] - before[1] <= _LONGEST_JOINT
    ) and not any(coded and _has_equal(text, start, end) for start, end, coded in maybe):
        return
    row: list[_Piece] = []
    for found in _PIECE.finditer(text):
        joint = text[row[-1][1] : found.start()] if row else ""
        if row and (len(joint) > _LONGEST_JOINT or text[row[-1][1] - 1] == "=" or not _JOINT.fullmatch(joint)):
            yield from _of_row(text, row)
            row, joint = [], ""
        row.append((*found.span(), joint))
    yield from _of_row(text, row)


def _has_equal(text: str, start: int, end: int) -> bool:
    """Whether a piece of the same length stands behind one."""
    joint = _JOINT.match(text, end)
    piece = joint and _PIECE.match(text, joint.end())
    return piece is not None and piece.end() - piece.start() == end - start


def _of_row(text: str, row: list[_Piece]) -> Iterator[tuple[int, int]]:
    """Of pieces in a row: those of one length, then those beside each other that look like a code."""
    if len(row) < 2:
        return
    found = list(_equal(text, row))
    at = 0
    for coded, group in groupby(row, key=lambda piece: _is_coded(text[piece[0] : piece[1]])):
        count = len(list(group))
        pieces, longer = row[at : at + count], row[at : at + count + 1]
        at += count
        start, end, past = pieces[0][0], pieces[-1][1], longer[-1][1]
        if not coded or any(start < last and first < end for first, last in found):
            continue
        if len(longer) > count and _is_one(text, longer) and not strange_signs(_glued(text, start, past) or ""):
            found.append((start, past))  # the rest of it looks like no code
        elif count > 1 and _is_one(text, pieces):
            found.append((start, end))
    yield from sorted(found)


def _equal(text: str, row: list[_Piece]) -> Iterator[tuple[int, int]]:
    """Pieces of one length and the shorter one behind them."""
    at = last = 0
    for width, group in groupby(row, key=lambda piece: piece[1] - piece[0]):
        count = len(list(group))
        behind = at + count < len(row) and row[at + count][1] - row[at + count][0] < width
        stretch = row[at : at + count + behind]
        if len(stretch) >= _LEAST_GROUPS and stretch[-1][1] - stretch[0][0] >= _LONG_RUN:
            found = _readable(text, stretch)
            if found and found[0] >= last:
                yield found
                last = found[1]
        at += count


def _readable(text: str, stretch: list[_Piece]) -> tuple[int, int] | None:
    """The longest part of groups that is text; a few words before and after may be of their length."""
    if not _CASES.search(_BETWEEN.sub("", text[stretch[0][0] : stretch[-1][1]])):
        return None
    if 2 * sum(_is_leet(text[start:end]) for start, end, _ in stretch) > len(stretch):
        return None
    cuts = [
        (first, after)
        for first in range(min(_MOST_SHIFT, len(stretch) - _LEAST_GROUPS) + 1)
        for after in range(min(_MOST_AFTER, len(stretch) - first - _LEAST_GROUPS) + 1)
    ]
    best: tuple[int, int, int, int] | None = None
    for first, after in sorted(cuts, key=sum):
        last = len(stretch) - after
        if best and not all(_is_plain(text[start:end]) for start, end, _ in (*stretch[:first], *stretch[last:])):
            continue
        start, end = stretch[first][0], stretch[last - 1][1]
        if (decoded := _glued(text, start, end)) is not None and is_sure(decoded) and _is_of_one_script(decoded):
            found = (strange_signs(decoded), -worded_ends(decoded), start, end)
            best = found if best is None or found[:2] < best[:2] else best
            if best[:2] == (0, -2):
                break
    if best and best[0] and any(_is_plain(text[start:end]) for start, end, _ in (stretch[0], stretch[-1])):
        return None  # a word of the text beside too few groups
    return best and best[2:]


def _is_plain(piece: str) -> bool:
    """Whether it is a word or a number, which may stand beside groups."""
    return piece.isdigit() or piece.lower() in known()


def _is_leet(piece: str) -> bool:
    """Whether it is a word in letters of one case, some of them perhaps signs."""
    return _is_of_one_case(piece) and word_in_signs(piece) is not None


def _is_of_one_case(run: str) -> bool:
    return run.islower() or run.isupper()


def _is_one(text: str, pieces: list[_Piece]) -> bool:
    """Whether lines or quoted strings say one text together; lines that are texts of their own stay apart."""
    if any(joint == " " for _, _, joint in pieces[1:]):
        return False
    decoded = _glued(text, pieces[0][0], pieces[-1][1])
    if decoded is None or not is_sure(decoded):
        return False
    quoted = any(not joint.isspace() for _, _, joint in pieces[1:])
    return quoted or not all(is_text(text[start:end]) for start, end, _ in pieces)


def _is_coded(piece: str) -> bool:
    return len(piece) > 2 and _CASES.search(piece) is not None


def is_text(run: str) -> bool:
    """Whether a run is base64 of words."""
    decoded = _decoded(run)
    return decoded is not None and is_sure(decoded) and not _is_chance(run, decoded)
