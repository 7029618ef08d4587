"""What a viewer of Markdown makes of a plain text: words as they are seen, and what is not seen. Decoder process only.

Nothing tells Markdown from plain text, so every text is asked what it would show. The text as it is written is read by
`plain`; code in it stays code. Of the syntax only what takes words apart, hides some or carries files is undone.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import partial

from moderation.media.decoded import FoundText, Unread
from moderation.media.html import finds_of
from moderation.media.html_data import DATA
from moderation.media.html_encodings import markups
from moderation.media.html_said import Said
from moderation.media.readers import File, Find, Room

_MARKUP = re.compile(r"<[A-Za-z!/?]|\]\(|^ {0,3}\[[^\]\n]{1,999}\]:|\w\*{1,3}\w|\w~~\w", re.MULTILINE)
_CODE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?:.*?^ {0,3}\1|.*)"
    r"|(?<!`)(`{1,3})(?!`)[^\n]{1,2000}?(?<!`)\2(?!`)",
    re.DOTALL | re.MULTILINE,
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,999}\]:[ \t]*+(\S*+)[^\n]*+$", re.MULTILINE)
_LINK = re.compile(
    r"(!?)\[([^\[\]\n]{0,2000})\]\([ \t]*+(<[^<>\n]*+>|[^\s()<]*+)"
    r"""(?:\s{1,9}("[^"\n]{0,2000}"|'[^'\n]{0,2000}'|\([^()\n]{0,2000}\)))?[ \t]*+\)"""
)
_LINE_END = re.compile("\n")
_EMPHASIS = re.compile(r"(?<!\\)(?:\*{1,3}|~~)|\\(?=[!-/:-@\[-`{-~])")


def read(file: File) -> Iterator[Find]:
    """What is seen, where that is not what is written, and what is hidden."""
    for number, text in enumerate(markups(file.data)):
        for find in _finds(text, file.room) if _MARKUP.search(text) else ():
            if number == 0 or isinstance(find, FoundText):
                yield find


def _finds(text: str, room: Room) -> Iterator[Find]:
    said = Said()
    shown = _CODE.sub(lambda code: html.escape(code[0], quote=False), text.replace("\r\n", "\n"))
    for pattern, note in ((_DEFINITION, _defined), (_LINK, _linked)):
        shown = pattern.sub(partial(_noted, note, _ends_of(shown), said), shown)
    shown = _EMPHASIS.sub("", shown)
    for find in finds_of(shown, room, keeps_lines=True):
        is_seen = isinstance(find, FoundText) and find.origin == ("document",)
        is_told = isinstance(find, FoundText) and is_seen and find.text.split() == text.split()
        if not is_told and not (isinstance(find, Unread) and find.reason == "scripts_unread"):
            yield find  # a program in a plain text is text, which is read
    yield from said.found()


def _ends_of(text: str) -> list[int]:
    return [found.start() for found in _LINE_END.finditer(text)]


def _noted(note: Callable[[re.Match[str], int, Said], str], ends: list[int], said: Said, found: re.Match[str]) -> str:
    return note(found, bisect_left(ends, found.start()) + 1, said)


def _defined(found: re.Match[str], line: int, said: Said) -> str:
    """A line that says where a link leads, or that is written so as not to be seen."""
    _target(found[1], line, said)
    said.add("" if DATA.match(found[1]) else found[0], "document", "comment")
    return ""


def _linked(found: re.Match[str], line: int, said: Said) -> str:
    """A link or a picture: what is seen of it."""
    is_picture, label, target, title = found[1], found[2], found[3], found[4] or ""
    _target(target, line, said)
    said.add(title[1:-1], "document", "alternative_text")
    if not is_picture:
        return label
    said.add(label, "document", "alternative_text")
    return ""


def _target(target: str, line: int, said: Said) -> None:
    address = target.strip("<>")
    if DATA.match(address):
        said.data(address, line)
    elif address and not address.startswith("#"):
        said.add(address, "document", "link")
