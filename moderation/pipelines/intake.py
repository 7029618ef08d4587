"""The pieces in which a streamed text comes: halves of a character are joined, and what does not belong ends it. Pure.

What stands before a fault is taken, wherever the pieces end, so a text is refused at the same character however it was
cut up. What it does not know: units, and why a text is cut up as it is.
"""

from __future__ import annotations

import re

from moderation.errors import InvalidRequestError, ModerationError, TooLargeError

_HALF = re.compile("[\ud800-\udfff]")


class Intake:
    """Counts the code points of a text and joins its pieces.

    Args:
        most: code points that are taken.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._half = ""
        self.taken = 0

    def take(self, piece: str) -> tuple[str, ModerationError | None]:
        """What of the text is known with this piece, and the error that ends it, if one does."""
        text, self._half = self._half + piece, ""
        lone = _HALF.search(text)
        if lone is not None:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
            if "\ud800" <= text[-1:] <= "\udbff":  # the other half may come with the next piece
                text, self._half = text[:-1], text[-1:]
            lone = _HALF.search(text)
        room = self._most - self.taken
        error: ModerationError | None = None
        if lone is not None and lone.start() <= room:
            text, error = text[: lone.start()], _lone(self.taken + lone.start())
        elif len(text) > room:
            message = f"more than {self._most} characters; at most so many are judged in one stream"
            text, error = text[:room], TooLargeError(message, code="text_too_long")
        self.taken += len(text)
        return text, error

    def end(self) -> None:
        """The text is over.

        Raises:
            InvalidRequestError: code `invalid_unicode`: it ends in half a character.
        """
        if self._half:
            raise _lone(self.taken)


def _lone(place: int) -> InvalidRequestError:
    message = f"a lone surrogate at character {place}: this is not valid Unicode"
    return InvalidRequestError(message, code="invalid_unicode", param="text")
