"""What a request falls apart into: checked parts with their paths, and the units that classifiers judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from moderation.errors import InvalidRequestError, NotSupportedYetError, TooLargeError
from moderation.limits import Limits
from moderation.lists.allowing import Excused
from moderation.lists.terms import Match
from moderation.models.base import Classification, Passage
from moderation.normalise.views import View
from moderation.schema import Content, Evidence, Modality, Part, Role


@dataclass(frozen=True, slots=True)
class Piece:
    """An original part, its path (`input[1]`, `conversation[0].input[2]`) and the role it is judged under."""

    path: str
    part: Part
    role: Role


class Source(Protocol):
    """Who says something of a unit: a stage of the profile, or an operator's list or bank."""

    @property
    def key(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def experimental(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class ListSource:
    """An operator's list, or bank of known content, as what said something of a unit."""

    key: str
    revision: str
    experimental: tuple[str, ...] = ()


@dataclass(slots=True)
class Unit:
    """One thing that classifiers judged, and what they said.

    Attributes:
        origin: how it was derived from the part; empty for the part itself.
        text: the judged text; `None` for pixels.
        evidence: where in the part it stands, apart from quote and span.
        start: where the text begins in the text that spans count from: the part's own, or that of a page or file that
            was read; None where spans would point into nothing the caller has, as in what OCR read.
        lines: for a text joined from passages: (start, end, passage) of each in it.
        classifications: what each classifier said.
        view: for a text in disguise, the way from `text` back to the text it was made of.
        allowed: places that an operator's allow lists let pass.
        excused: what a block list found inside such a place, and by whose word it passes.
    """

    piece: Piece
    origin: tuple[str, ...]
    text: str | None
    evidence: Evidence
    classifications: list[tuple[Source, Classification]]
    lines: tuple[tuple[int, int, Passage], ...] = ()
    start: int | None = 0
    view: View | None = None
    allowed: tuple[Match, ...] = ()
    excused: tuple[Excused, ...] = ()


def check(content: Content, limits: Limits, *, fetches: bool = False) -> list[Piece]:
    """The parts of a content with their paths, after the checks that need no decoding.

    Args:
        fetches: whether a part may be a URL, whose bytes come later.

    Raises:
        InputError: with the path of the part in `param`.
    """
    if content.provenance:
        raise NotSupportedYetError("reading labels is not built yet; leave `provenance` out", param="provenance")
    pieces = list(_pieces(content))
    if not content.parts:
        raise InvalidRequestError("`input` is empty; give at least one part", code="empty_input", param="input")
    if len(pieces) > limits.max_parts:
        message = f"{len(pieces)} parts; at most {limits.max_parts} are judged together"
        raise TooLargeError(message, code="too_many_parts", param="input")
    for piece in pieces:
        _check_piece(piece, limits, fetches=fetches)
    chars = sum(len(piece.part.text) for piece in pieces if piece.part.text is not None)
    if chars > limits.max_text_chars:
        message = f"{chars} characters in all parts; at most {limits.max_text_chars} are judged together"
        raise TooLargeError(message, code="text_too_long", param="input")
    return pieces


def _pieces(content: Content) -> Iterator[Piece]:
    for number, turn in enumerate(content.conversation):
        for index, part in enumerate(turn.parts):
            yield Piece(f"conversation[{number}].input[{index}]", part, part.role or turn.role)
    for index, part in enumerate(content.parts):
        yield Piece(f"input[{index}]", part, part.role or content.role)


def _check_piece(piece: Piece, limits: Limits, *, fetches: bool) -> None:
    part, path = piece.part, piece.path
    allowed = ("text",) if part.modality is Modality.TEXT else ("data", "url")
    for name in ("text", "data", "url"):
        if name not in allowed and getattr(part, name) is not None:
            message = f"a part of type {part.modality} has no `{name}`; it would not be judged"
            raise InvalidRequestError(message, code="invalid_part", param=path)
    if part.url is not None and not fetches:
        message = "URLs are not fetched; send the bytes as `data`"
        raise InvalidRequestError(message, code="url_fetch_disabled", param=f"{path}.url")
    if part.modality is Modality.TEXT:
        check_text(part.text, f"{path}.text", limits)
    elif part.url is not None:
        if part.data is not None:
            message = "a part has `data` or `url`; one of them would not be judged"
            raise InvalidRequestError(message, code="invalid_part", param=path)
    elif not part.data:
        raise InvalidRequestError("the media is empty", code="empty_media", param=f"{path}.data")
    elif len(part.data) > limits.max_media_bytes:
        message = f"{len(part.data)} bytes; at most {limits.max_media_bytes} are decoded"
        raise TooLargeError(message, code="media_too_large", param=f"{path}.data")


def check_text(text: str | None, param: str, limits: Limits) -> None:
    """Refuses a text that is missing, empty, too long, or not Unicode.

    Raises:
        InputError: with `param`.
    """
    if not text:
        raise InvalidRequestError("the text is empty", code="empty_text", param=param)
    if len(text) > limits.max_text_chars:
        message = f"{len(text)} characters; at most {limits.max_text_chars} are judged"
        raise TooLargeError(message, code="text_too_long", param=param)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            message = f"a lone surrogate at character {error.start}: this is not valid Unicode"
            raise InvalidRequestError(message, code="invalid_unicode", param=param) from None
