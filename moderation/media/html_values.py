"""Declarations of style sheets -> what they do to text, as far as it may hide it. Runs in the decoder process only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tinycss2.color4

Value = Any  # by property: a word, a number, a colour, or a list of texts
Effect = tuple[str, Value]

ROOT_PIXELS = 16.0
_PIXELS = {
    "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "em": 16.0, "rem": 16.0,
    "ex": 8.0, "ch": 8.0, "vw": 10.0, "vh": 8.0, "%": 10.0,
}  # fmt: skip
_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0, "xx-large": 32.0,
    "xxx-large": 48.0, "smaller": -0.83, "larger": -1.2,
}  # fmt: skip
Colour = tuple[float, float, float, float]  # red, green, blue, alpha, from 0 to 1
_FAR_MOVED = -2_000.0


def effects_of(name: str, tokens: list[Any]) -> Iterator[Effect]:
    """What a declaration does; nothing if it hides nothing, or cannot be read."""
    tokens = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    handler = _HANDLERS.get(name)
    if handler is not None and tokens:
        yield from handler(name, tokens)


def colour_of(text: str) -> Colour | None:
    """A colour as an attribute states it."""
    for candidate in (text.strip(), f"#{text.strip()}") if text else ():
        found = _colour(candidate)
        if isinstance(found, tuple):
            return found
    return None


def _colour(token: Any) -> Colour | str | None:
    """A colour, `currentcolor`, or None if it is none."""
    try:
        found = tinycss2.color4.parse_color(token)
        if found is None or isinstance(found, str):
            return found
        red, green, blue = (_bounded(one) for one in found.to("srgb").coordinates)
        return red, green, blue, _bounded(found.alpha)
    except (ValueError, TypeError, AttributeError, ArithmeticError, NotImplementedError, KeyError):
        return None


def _bounded(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else min(max(float(value), 0.0), 1.0)


def _word(name: str, tokens: list[Any]) -> Iterator[Effect]:
    if tokens[0].type == "ident":
        yield {"overflow-x": "overflow", "overflow-y": "overflow"}.get(name, name), tokens[0].lower_value


def _share(token: Any) -> float | None:
    if token.type == "number":
        return float(token.value)
    return float(token.value) / 100 if token.type == "percentage" else None


def _opacity(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    share = _share(tokens[0])
    if share is not None:
        yield "opacity", _bounded(share)


def _filter(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    for token in tokens:
        if token.type == "function" and token.lower_name == "opacity" and token.arguments:
            share = _share(token.arguments[0])
            yield "filter", 1.0 if share is None else _bounded(share)


def _pixels(token: Any) -> float | None:
    """A length; what is relative to something, roughly."""
    if token.type == "number":
        return float(token.value)
    if token.type == "percentage":
        return float(token.value) * _PIXELS["%"]
    if token.type == "dimension" and token.lower_unit in _PIXELS:
        return float(token.value) * _PIXELS[token.lower_unit]
    return None


def _size(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    """The size of letters: pixels, or below zero what it is multiplied by."""
    for token in tokens:
        if token.type == "ident" and token.lower_value in _SIZES:
            yield "size", _SIZES[token.lower_value]
        elif token.type == "percentage" or (token.type == "dimension" and token.lower_unit == "em"):
            yield "size", -abs(float(token.value)) / (100 if token.type == "percentage" else 1) or 0.0
        elif token.type == "dimension" or (token.type == "number" and token.value == 0):
            found = _pixels(token)
            if found is None:
                continue
            yield "size", abs(found)
        else:
            continue
        return


def _text_colour(name: str, tokens: list[Any]) -> Iterator[Effect]:
    found = _colour(tokens[0])
    if isinstance(found, tuple):
        yield ("fill" if name == "-webkit-text-fill-color" else "colour"), found


def _background(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    """The colour behind text; None if it is a picture."""
    if any(token.type in {"url", "function"} and _colour(token) is None for token in tokens):
        yield "background", None
        return
    for token in tokens:
        found = _colour(token)
        if isinstance(found, tuple):
            yield "background", found
            return


def _length(name: str, tokens: list[Any]) -> Iterator[Effect]:
    found = _pixels(tokens[0])
    if found is not None:
        yield {"max-width": "width", "max-height": "height"}.get(name, name), found


def _margin(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    least = min((found for found in map(_pixels, tokens) if found is not None), default=0.0)
    yield "away", least <= _FAR_MOVED


def _transform(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    for token in tokens:
        if token.type != "function":
            continue
        values = [found for found in map(_pixels, token.arguments) if found is not None]
        if token.lower_name.startswith("scale"):
            yield "shrunk", any(abs(value) < 0.01 for value in values)
        elif token.lower_name.startswith("translate"):
            yield "shrunk", any(value <= _FAR_MOVED for value in values)


def _clip(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    """Whether what is left of an area is nothing."""
    token = tokens[0]
    if token.type != "function":
        yield "clip", False
        return
    values = [found for found in map(_pixels, token.arguments) if found is not None]
    match token.lower_name:
        case "rect":
            top, right, bottom, left = values if len(values) == 4 else (0.0, 9.0, 9.0, 0.0)
            yield "clip", right - left <= 1 and bottom - top <= 1
        case "inset":
            shares = [one.value for one in token.arguments if one.type == "percentage"]
            yield "clip", bool(shares) and min(shares) >= 50
        case "circle" | "ellipse":
            yield "clip", bool(values) and values[0] <= 0
        case "polygon":
            yield "clip", bool(values) and not any(values)


def _content(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    """The texts that are put before or after an element; an attribute's name after an `@`."""
    said: list[str] = []
    for token in tokens:
        if token.type == "string":
            said.append(f"={token.value}")
        elif token.type == "function" and token.lower_name == "attr" and token.arguments:
            said.append(f"@{getattr(token.arguments[0], 'lower_value', '')}")
    yield "content", said


def _shadow(_name: str, tokens: list[Any]) -> Iterator[Effect]:
    yield "shadow", getattr(tokens[0], "lower_value", "") != "none"


_HANDLERS: Mapping[str, Callable[[str, list[Any]], Iterator[Effect]]] = {
    **dict.fromkeys(
        ("display", "visibility", "position", "overflow", "overflow-x", "overflow-y", "content-visibility"), _word
    ),
    "opacity": _opacity, "filter": _filter, "font-size": _size, "font": _size,
    "color": _text_colour, "-webkit-text-fill-color": _text_colour,
    "background": _background, "background-color": _background, "background-image": _background,
    **dict.fromkeys(("left", "top", "right", "bottom", "text-indent"), _length),
    **dict.fromkeys(("width", "height", "max-width", "max-height"), _length),
    **dict.fromkeys(("margin", "margin-left", "margin-top"), _margin),
    "transform": _transform, "clip": _clip, "clip-path": _clip, "content": _content, "text-shadow": _shadow,
}  # fmt: skip
