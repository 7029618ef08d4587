"""Where a text is written in numbers of its characters or bytes, or in Morse, and what it says there.

Each decoder gives an edit for each run it reads, and the run without an edit if it may be text but is refused. What it
does not know: runs with other signs than blanks, commas, colons, dots and dashes between the numbers.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterator
from html import unescape
from html.entities import html5

from moderation.normalise.decodable import LEAST_LETTERS, SURE_BYTES, WORDED, looks_like_text, nearly_text
from moderation.normalise.edges import Unit, fitted, fitted_signs, strange_signs, units_of
from moderation.normalise.english import worded_share
from moderation.normalise.mapped import Edit

Found = Edit | tuple[int, int]  # a run that was read, or where one stands that is nearly text

_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?:0[xX])?(?:[0-9A-Fa-f]{2}[ :,._-]?){3,}[0-9A-Fa-f]{2}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?:0[xX][0-9A-Fa-f]{2}[ :,;]{0,2}){3,}0[xX][0-9A-Fa-f]{2}(?![0-9A-Za-z])"
)
_BINARY = re.compile(r"(?<![0-9A-Za-z])(?:0[bB])?[01]{7,8}+(?:[ ,;:_-]{0,2}+(?:0[bB])?[01]{7,8}+){3,}(?![0-9A-Za-z])")
_NUMBERS = re.compile(r"(?<![0-9A-Za-z.])(?:0[oO])?[0-9]{2,3}(?:[ ,;:-]{1,2}(?:0[oO])?[0-9]{2,3}){4,}(?![0-9A-Za-z])")
# The same over lines.
_BREAK = r"[ ,;:_-]{0,2}\r?\n[ \t]*"
_HEX_ROW = "(?:(?:0[xX])?[0-9A-Fa-f]{2}[ :,;._-]{0,2})"
_NUMBER_ROW = "(?:0[oO])?[0-9]{2,3}(?:[ ,;:-]{1,2}(?:0[oO])?[0-9]{2,3}){0,128}+"
_BINARY_ROW = "[01]{8}(?:[ ,;:_-]{0,2}[01]{8}){0,128}+"
_HEX_LINES = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_HEX_ROW}{{4,128}}+\r?\n[ \t]*+)++{_HEX_ROW}{{1,128}}+(?<![ :,;._-])(?![0-9A-Za-z])"
)
_NUMBER_LINES = re.compile(rf"(?<![0-9A-Za-z.]){_NUMBER_ROW}(?:{_BREAK}{_NUMBER_ROW})++(?![0-9A-Za-z])")
_BINARY_LINES = re.compile(rf"(?<![0-9A-Za-z]){_BINARY_ROW}(?:{_BREAK}{_BINARY_ROW})++(?![0-9A-Za-z])")
_MOST_STRANGE = 8  # one of so many characters; with more, numbers are numbers
_HEX_UNIT = re.compile("0[xX][0-9A-Fa-f]+|[0-9A-Fa-f]+")
_HEXADECIMAL = re.compile("(?:%|0x)?[0-9A-Fa-f]{2}(?: ?(?:%|0x)?[0-9A-Fa-f]{2})*")
_NO_CHANCE = re.compile("[0-9A-Fa-f]+|(?:[a-z0-9@$ &#]|%[0-9A-Fa-f]{2})+")  # no chance makes so of digits
_BINARY_UNIT = re.compile("[01]{8}")
_LEAST_LINED = 5
_NUMBER_UNIT = re.compile("(?:0[oO])?[0-9]{2,3}")
_ESCAPED = re.compile(
    r"(?:\\x[0-9A-Fa-f]{2}){2,}|(?:\\[0-3][0-7]{2}){2,}"
    r"|(?:[\\%]u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,6}\}|\\U[0-9A-Fa-f]{8}|[Uu]\+[0-9A-Fa-f]{4,5} ?){2,}"
    r"|(?<=[\u3400-\u9fff])[\\%]u[0-9A-Fa-f]{4}|[\\%]u[0-9A-Fa-f]{4}(?=[\u3400-\u9fff])"
)
_UNIT = re.compile(r"[uU+{]\{?([0-9A-Fa-f]+)")
_NAMES = {name for name in html5 if name.endswith(";")}
_REFERENCE = re.compile(r"&(?:amp;)*+(#\d{1,40}+;?|#[xX][0-9A-Fa-f]{1,40}+;?|[A-Za-z][A-Za-z0-9]{1,31};)")
_USUAL_NAMES = {"amp;", "lt;", "gt;", "quot;", "apos;", "nbsp;"}
_USUAL_SIGNS = "'-/&"
_USUAL_SIGNS_NAMED = "&<>\"'\xa0"
_LONG_ROW = 16  # references or escapes side by side are no punctuation
_WRITTEN = re.compile(r"%\S*")  # from the first code of a word on
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LAYERED = re.compile("%25[0-9A-Fa-f]{2}")
_MORSE = re.compile(
    r"(?<![0-9A-Za-z_.\-])[.\-·•–—−_]{1,9}+(?:[ ]{1,3}(?:[/|] ?)?[.\-·•–—−_]{1,9}+|[/|][.\-·•–—−_]{1,9}+)+"
    r"(?![0-9A-Za-z_.\-])"
)
_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. ..--.. .-.-.- --..--"
)
_LETTERS = dict(zip(_CODES.split(), "abcdefghijklmnopqrstuvwxyz0123456789?.,", strict=True))
_DASHES = str.maketrans("·•–—−_", "..----")


def _read(span: tuple[int, int], data: bytes, *, sure: bool = False) -> Iterator[Found]:
    if (decoded := looks_like_text(data, sure=sure)) is not None:
        yield Edit(*span, decoded)
    elif nearly_text(data):
        yield span


def _over_lines(
    text: str, lines: re.Pattern[str], one: re.Pattern[str], read: Callable[[list[Unit]], Edit | None]
) -> Iterator[Edit]:
    """What lines say together, in UTF-8 only; a run of one line is looked at by itself as well, and overlaps it."""
    for found in lines.finditer(text) if "\n" in text else ():
        units = units_of(found, one, lambda unit: len(unit) // 2)
        edit = read(units) if len(units) >= _LEAST_LINED else None
        if edit is not None and "\ufffd" not in edit.text and not strange_signs(edit.text.strip()):
            yield edit


def hexes(text: str) -> Iterator[Found]:
    yield from _over_lines(text, _HEX_LINES, _HEX_UNIT, _hex_text)
    for found in _HEX.finditer(text):
        if edit := fitted(units_of(found, _HEX_UNIT, lambda unit: len(_bare(unit)) // 2), _hex_text):
            yield edit
            continue
        digits = re.sub(r"0[xX]|[ :,;._-]", "", found[0])
        if len(digits) % 2 == 0 and nearly_text(bytes.fromhex(digits)):
            yield found.span()


def _hex_text(units: list[Unit]) -> Edit | None:
    digits = "".join(_bare(unit.text) for unit in units)
    if len(digits) % 2 or (decoded := looks_like_text(bytes.fromhex(digits))) is None:
        return None
    no_chance = _HEXADECIMAL if len(units) > 1 else _NO_CHANCE  # numbers beside each other may be of their own
    sure = len(decoded) >= SURE_BYTES and not (digits.isdigit() and no_chance.fullmatch(decoded) is None)
    if sure or not decoded.isascii() or worded_share(decoded) > WORDED:
        return Edit(units[0].start, units[-1].end, decoded)
    return None


def _bare(unit: str) -> str:
    return unit[2:] if unit[1] in "xX" else unit


def numbers(text: str) -> Iterator[Found]:
    """Bytes as binary, octal or decimal numbers; unless they say words, they are numbers."""
    for base in (10, 8):
        yield from _over_lines(text, _NUMBER_LINES, _NUMBER_UNIT, functools.partial(_lined_text, base=base))
    yield from _over_lines(text, _BINARY_LINES, _BINARY_UNIT, functools.partial(_lined_text, base=2))
    for found in _BINARY.finditer(text):
        groups = re.findall("[01]{7,8}", re.sub("0[bB]", "", found[0]))
        digits = "".join(groups)
        widths = {7, 8} if len(set(map(len, groups))) == 1 and " " in found[0] else {8}
        for width in widths:
            if len(digits) % width == 0:
                data = bytes(int(digits[at : at + width], 2) for at in range(0, len(digits), width))
                yield from _worded(found.span(), data)
    for found in _NUMBERS.finditer(text):
        units = units_of(found, _NUMBER_UNIT, lambda _: 1)
        for base in (10, 8):
            if edit := fitted(units, functools.partial(_number_text, base=base)):
                yield edit


def _lined_text(units: list[Unit], *, base: int) -> Edit | None:
    """Numbers on several lines must say words: columns of numbers are ordinary."""
    edit = _number_text(units, base=base)
    return edit if edit is not None and worded_share(edit.text) > WORDED else None


def _number_text(units: list[Unit], *, base: int) -> Edit | None:
    digits = [unit.text.removeprefix("0o").removeprefix("0O") for unit in units]
    if base == 8 and not all(set(group) <= set("01234567") for group in digits):
        return None
    values = [int(group, base) for group in digits]
    if max(values) > 255:
        return None
    edit = next(_worded((units[0].start, units[-1].end), bytes(values)), None)
    return None if edit is None or _MOST_STRANGE * strange_signs(edit.text) > len(edit.text) else edit


def _worded(span: tuple[int, int], data: bytes) -> Iterator[Edit]:
    decoded = looks_like_text(data)
    if decoded is not None and (not decoded.isascii() or worded_share(decoded) > WORDED):
        yield Edit(*span, decoded)


def escapes(text: str) -> Iterator[Found]:
    for found in _ESCAPED.finditer(text):
        if found[0].startswith("\\x"):
            yield from _read(found.span(), bytes.fromhex(found[0].replace("\\x", "")), sure=True)
            continue
        if found[0][0] == "\\" and found[0][1].isdigit():
            yield from _read(found.span(), bytes(int(code, 8) for code in found[0].split("\\")[1:]), sure=True)
            continue
        codes = _UNIT.findall(found[0])
        decoded = _characters(codes)
        long = len(codes) >= _LONG_ROW and decoded is not None and decoded.isprintable()
        if decoded and (long or sum(map(str.isalpha, decoded)) >= min(LEAST_LETTERS, len(codes))):
            yield Edit(*found.span(), decoded)


def _characters(codes: list[str]) -> str | None:
    """Code points or halves of them."""
    points = [int(code, 16) for code in codes]
    if not all(point <= sys.maxunicode for point in points):
        return None
    units = b"".join(chr(point).encode("utf-16-le", "surrogatepass") for point in points)
    try:
        return units.decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def entities(text: str) -> Iterator[Found]:
    """References to characters. Those to letters are read, and in a row with one of those, all; else signs stay."""
    row: list[tuple[Edit, bool]] = []
    for found in _REFERENCE.finditer(text):
        name = found[1]
        if name[0] != "#" and name not in _NAMES:
            continue
        plain = unescape(f"&{name}")
        if row and row[-1][0].end != found.start():
            yield from _row(row)
            row = []
        row.append((Edit(*found.span(), plain), _is_telling(text, found, plain)))
    yield from _row(row)


def _is_telling(text: str, found: re.Match[str], plain: str) -> bool:
    """Whether a reference alone says that letters are written in references."""
    if plain.isalpha() or (found[1][0] == "#" and plain in ("&", "#", ";")):
        return True
    if found[1] in _USUAL_NAMES or not plain:
        return False
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    strange = plain.isascii() or not (plain.isprintable() or plain.isspace())
    return strange and plain not in _USUAL_SIGNS and before.isalpha() and (after.isalpha() or after == "&")


def _row(row: list[tuple[Edit, bool]]) -> Iterator[Edit]:
    signs = {edit.text for edit, _ in row if edit.text not in _USUAL_SIGNS_NAMED and not edit.text.isspace()}
    if any(telling for _, telling in row) or (len(row) >= _LONG_ROW and len(signs) > 1):
        yield from (edit for edit, _ in row)


def percents(text: str) -> Iterator[Found]:
    """Codes of letters, and what is no ASCII; beside one of those, without a blank between them, all."""
    for word in _WRITTEN.finditer(text):
        items: list[Found] = []
        more: list[Edit] = []
        for found in _PERCENT.finditer(text, *word.span()):
            data = bytes.fromhex(found[0].replace("%", ""))
            items += list(_read(found.span(), data, sure=True)) if len(data) > 1 else []
            plain = _utf8(data)
            if not plain or (items and isinstance(items[-1], Edit) and items[-1].start == found.start()):
                continue
            layered = _LAYERED.match(text, found.start()) or (len(data) > 1 and b"%" in data)
            if layered or plain.isalpha() or not (plain.isascii() and (plain.isprintable() or plain.isspace())):
                items.append(Edit(*found.span(), plain))
            else:
                more.append(Edit(*found.span(), plain))
        yield from items
        if any(isinstance(item, Edit) for item in items):
            yield from more


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def morse(text: str) -> Iterator[Found]:
    for found in _MORSE.finditer(text):
        start, end, plain = fitted_signs(found[0].translate(_DASHES), _morse_text)
        if sum(map(str.isalpha, plain)) > LEAST_LETTERS and worded_share(plain) > WORDED:
            yield Edit(found.start() + start, found.start() + end, plain)


def _morse_text(run: str) -> str:
    words = [[_LETTERS.get(code, "") for code in word.split()] for word in re.split(r" ?[/|] ?| {2,3}", run)]
    return " ".join(map("".join, words)) if all(word and all(word) for word in words) else ""
