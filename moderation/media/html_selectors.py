"""Which selectors of a style sheet hold for an element. Pure and bounded.

From right to left, as browsers do, over the elements of `html_tree`. What a reader of the page does (`:hover`), what
comes after an element, and states of forms are taken for not so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cssselect
from cssselect import parser as css

from moderation.media.html_tree import Element

_MOST_SELECTOR_CHARS = 2_000
_MOST_STEPS = 1_000_000
_SPACES = re.compile(r"[ \t\r\n\f]+")


class TooManyStepsError(Exception):
    """The selectors are more work than is done for them."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector.

    Attributes:
        tree: as cssselect reads it.
        weight: its specificity.
        pseudo: `before`, `after` and the like, or None.
    """

    tree: Any
    weight: tuple[int, int, int]
    pseudo: str | None


def selectors_of(prelude: str) -> list[Selector]:
    """What stands before the braces of a rule; nothing if it cannot be read."""
    if len(prelude) > _MOST_SELECTOR_CHARS:
        return []
    try:
        parsed = cssselect.parse(prelude)
        return [Selector(one.parsed_tree, one.specificity(), _pseudo(one)) for one in parsed]
    except (cssselect.SelectorError, RecursionError, ValueError, AttributeError):
        return []


def _pseudo(selector: Any) -> str | None:
    element = selector.pseudo_element
    return None if element is None else str(getattr(element, "name", element))


def key_of(tree: Any) -> tuple[str, str]:
    """What an element must have for a selector to hold: `("#", id)`, `(".", class)`, `("", name)` or `("*", "")`."""
    while True:
        match tree:
            case css.Hash():
                return "#", str(tree.id)
            case css.Class():
                return ".", str(tree.class_name)
            case css.Element():
                return ("", str(tree.element).lower()) if tree.element else ("*", "")
            case css.CombinedSelector():
                tree = tree.subselector
            case _:
                tree = tree.selector


@dataclass(slots=True)
class Matcher:
    """Asks selectors of elements, up to a number of steps."""

    steps: int = field(default=0)

    def holds(self, tree: Any, element: Element) -> bool:
        """Whether a selector holds.

        Raises:
            TooManyStepsError: for this and all further ones.
        """
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise TooManyStepsError
        match tree:
            case css.Element():
                return not tree.element or str(tree.element).lower() == element.name
            case css.CombinedSelector():
                return self.holds(tree.subselector, element) and any(
                    self.holds(tree.selector, other) for other in self._others(tree.combinator, element)
                )
            case css.Matching() | css.SpecificityAdjustment():
                return self.holds(tree.selector, element) and any(
                    self.holds(one, element) for one in tree.selector_list
                )
            case css.Negation():
                return self.holds(tree.selector, element) and not self.holds(tree.subselector, element)
            case css.Hash() | css.Class() | css.Attrib() | css.Pseudo() | css.Function():
                return self.holds(tree.selector, element) and _simple(tree, element)
        return False

    def _others(self, combinator: str, element: Element) -> Iterator[Element]:
        """The elements that a combinator leads to."""
        step = "parent" if combinator in {" ", ">"} else "before"
        other: Element | None = getattr(element, step)
        while other is not None:
            self.steps += 1
            if other.name:
                yield other
            if combinator in {">", "+"}:
                return
            other = getattr(other, step)


def _simple(tree: Any, element: Element) -> bool:
    match tree:
        case css.Hash():
            return bool(element.attributes.get("id") == tree.id)
        case css.Class():
            return tree.class_name in _SPACES.split(element.attributes.get("class", ""))
        case css.Attrib():
            return _attribute(tree, element.attributes.get(str(tree.attrib).lower()))
        case css.Pseudo():
            return {
                "root": element.name == "html",
                "first-child": element.position == 1,
                "link": element.name == "a" and "href" in element.attributes,
                "any-link": element.name == "a" and "href" in element.attributes,
            }.get(str(tree.ident), False)
        case css.Function():
            return _counted(tree, element)
    return False


def _attribute(tree: Any, value: str | None) -> bool:
    if value is None or tree.operator == "exists":
        return value is not None
    wanted = "" if tree.value is None else str(getattr(tree.value, "value", tree.value))
    match tree.operator:
        case "=":
            return value == wanted
        case "|=":
            return value == wanted or value.startswith(f"{wanted}-")
        case "~=":
            found = wanted in _SPACES.split(value)
        case "^=":
            found = value.startswith(wanted)
        case "$=":
            found = value.endswith(wanted)
        case _:
            found = tree.operator == "*=" and wanted in value
    return bool(wanted) and found


def _counted(tree: Any, element: Element) -> bool:
    """`:nth-child(an+b)`; others are not counted."""
    if tree.name != "nth-child":
        return False
    try:
        step, first = css.parse_series(tree.arguments)
    except ValueError:
        return False
    past = element.position - int(first)
    return past == 0 if step == 0 else past % step == 0 and past // step >= 0
