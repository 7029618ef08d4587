"""How the standard library parses mail here: hostile fields are kept as text instead of failing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from email.feedparser import BytesFeedParser
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, cast

from moderation.errors import UndecodableError
from moderation.media.plain import texts_of

_MOST_FIELD_CHARS = 8_000  # longer ones take the library quadratic time
_FED_BYTES = 1 << 16
# All that its parsers of fields were seen to raise on hostile text.
HOSTILE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, ArithmeticError, AssertionError)


class _Policy(EmailPolicy):
    """The default policy, for fields that it can parse; others are their own text."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        if hasattr(value, "name"):
            return value
        if not value.isascii():
            value = _repaired(value)
        if len(value) <= _MOST_FIELD_CHARS:
            with suppress(*HOSTILE):
                return super().header_fetch_parse(name, value)
        return " ".join(value[:_MOST_FIELD_CHARS].split())


_POLICY = _Policy()


def said(value: str) -> str:
    """What a field says, whichever it is: encoded words decoded, in one line."""
    text, found = " ".join(value.split()), []
    for at in _cuts(text):
        piece = text[at]
        with suppress(*HOSTILE):
            piece = str(_POLICY.header_fetch_parse("subject", piece))
        found.append(piece)
    return " ".join(found)


def _cuts(text: str) -> Iterator[slice]:
    """Pieces that are short enough for the library, cut at blanks."""
    start = 0
    while start < len(text):
        end = start + _MOST_FIELD_CHARS
        blank = text.rfind(" ", start + 1, end) if end < len(text) else -1
        end = blank if blank > 0 else end
        yield slice(start, end)
        start = end + (blank > 0)


def parsed(data: bytes, is_late: Callable[[], bool]) -> tuple[EmailMessage, bool]:
    """A mail, and whether time sufficed for all of it.

    Raises:
        UndecodableError: `undecodable_document`: parts in parts deeper than can be read.
    """
    parser = BytesFeedParser(EmailMessage, policy=_POLICY)
    is_whole = True
    try:
        for at in range(0, len(data), _FED_BYTES):
            if is_late():
                is_whole = False
                break
            parser.feed(data[at : at + _FED_BYTES])
        return cast("EmailMessage", parser.close()), is_whole
    except HOSTILE as error:
        raise UndecodableError("a broken mail: its parts cannot be told apart", code="undecodable_document") from error


def _repaired(value: str) -> str:
    """Bytes that stand in a field as they are, which the library would replace."""
    try:
        return next(texts_of(value.encode("ascii", "surrogateescape")), value)
    except UnicodeEncodeError:
        return value
