"""Which elements of a page show their text: style sheets, inline styles and the old attributes, as browsers weigh them.

Runs in the decoder process only. Roughly: sizes of areas are not computed, so it knows what hides by itself (nothing
shown, no size, no contrast, far outside), and not what one area hides by lying on another. Variables and calculated
values are taken for not set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from moderation.media.html_selectors import Matcher, TooManyStepsError
from moderation.media.html_styles import Declaration, Rule, Sheet, inline
from moderation.media.html_tree import Element, Tree
from moderation.media.html_values import ROOT_PIXELS, Colour, colour_of

_TINY_PIXELS = 4.0  # 3 points
_LEAST_CONTRAST = 24 / 255
_FAINT = 0.05
_FAR_OUT, _FAR_RIGHT = -400.0, 5_000.0
_THIN_PIXELS = 1.0
_MOST_INLINES = 10_000  # different ones in a file
_WHITE: Colour = (1.0, 1.0, 1.0, 1.0)
_BLACK: Colour = (0.0, 0.0, 0.0, 1.0)
# What browsers show nothing of; the first whatever a style says. Not the head: libxml2 puts there what is none of it.
_FIRM = frozenset(
    {"audio", "canvas", "iframe", "noembed", "noframes", "noscript", "script", "style", "template", "video"}
)
_UNSHOWN = _FIRM | {"area", "base", "datalist", "link", "meta", "param", "rp", "title"}
_INLINE = frozenset({"inline", "inline-block", "inline-flex", "inline-grid", "contents", "inline-table", "ruby"})
_VISIBILITY = {"visible": True, "initial": True, "hidden": False, "collapse": False}


@dataclass(frozen=True, slots=True)
class Look:
    """How an element's own text looks.

    Attributes:
        is_gone: it and all in it is not shown.
        background: what lies under it; None if that is a picture or not known.
        breaks: it begins and ends lines; None if its name tells that.
        before: text that a style sheet puts before its own.
        after: likewise, behind it.
    """

    is_gone: bool = False
    is_visible: bool = True
    opacity: float = 1.0
    size: float = ROOT_PIXELS
    colour: Colour = _BLACK
    background: Colour | None = _WHITE
    is_shadowed: bool = False
    indent: float = 0.0
    breaks: bool | None = None
    before: str = ""
    after: str = ""

    @property
    def is_special(self) -> bool:
        """Whether it differs from that of an element in it that has no style of its own."""
        return self.breaks is not None or bool(self.before or self.after)

    @property
    def is_hidden(self) -> bool:
        """Whether nobody sees its text."""
        if self.is_gone or not self.is_visible or self.size < _TINY_PIXELS or self.indent <= _FAR_OUT:
            return True
        return not self.is_shadowed and self._contrast() < _LEAST_CONTRAST

    def _contrast(self) -> float:
        alpha = self.colour[3]
        if self.background is None:
            return alpha
        difference = (abs(ink - under) for ink, under in zip(self.colour[:3], self.background[:3], strict=True))
        return max(difference) * alpha


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of all elements by their number.

    Attributes:
        is_whole: all styles were weighed; else some that are hidden pass for seen.
    """

    each: list[Look]
    is_whole: bool


def looks_of(tree: Tree, sheet: Sheet, is_late: Callable[[], bool]) -> Looks:
    """Weighs styles for every element."""
    cascade = _Cascade(sheet, Matcher(), sheet.is_whole)
    each = [Look()]
    for element in tree.elements[1:]:
        if element.number % 256 == 0 and is_late():
            cascade.give_up()
        parent = each[element.parent.number] if element.parent is not None else each[0]
        own, before, after = cascade.of(element)
        if not (own or before or after or parent.is_special or element.name in _FIRM):
            each.append(parent)
            continue
        look = _look(parent, element, own)
        texts = (_generated(one.get("content"), element) for one in (before, after))
        each.append(replace(look, before=next(texts), after=next(texts)) if before or after else look)
    return Looks(each, cascade.is_whole)


@dataclass(slots=True)
class _Cascade:
    sheet: Sheet
    matcher: Matcher
    is_whole: bool
    inlines: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    most_inlines: int = _MOST_INLINES

    def give_up(self) -> None:
        """Weighs no more style sheets, nor styles that were not seen before."""
        self.sheet, self.is_whole, self.most_inlines = Sheet(), False, 0

    def of(self, element: Element) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """What holds for an element, and for what comes before and after its text."""
        found: dict[str | None, list[tuple[Any, Declaration]]] = {None: [], "before": [], "after": []}
        for rule in self._holding(element):
            rank = (0, rule.selector.weight, rule.order)
            found[rule.selector.pseudo] += [(rank, one) for one in rule.declarations]
        style = element.attributes.get("style")
        if style:
            found[None] += [((1, (0, 0, 0), 0), one) for one in self._inline(style)]
        return _won(found[None], dict(_of_attributes(element))), _won(found["before"]), _won(found["after"])

    def _inline(self, style: str) -> tuple[Declaration, ...]:
        known = self.inlines.get(style)
        if known is None and len(self.inlines) >= self.most_inlines:
            self.is_whole = False
            return ()
        if known is None:
            known = self.inlines[style] = inline(style)
        return known

    def _holding(self, element: Element) -> Iterator[Rule]:
        if not self.sheet.rules:
            return
        names = [("", element.name), ("*", ""), ("#", element.attributes.get("id", ""))]
        names += [(".", name) for name in set(element.attributes.get("class", "")[:2_000].split())]
        for name in names:
            for rule in self.sheet.rules.get(name, ()):
                try:
                    if self.matcher.holds(rule.selector.tree, element):
                        yield rule
                except TooManyStepsError:
                    self.give_up()
                    return
                except (RecursionError, AttributeError, TypeError):
                    self.is_whole = False


def _won(ranked: list[tuple[Any, Declaration]], start: dict[str, Any] | None = None) -> dict[str, Any]:
    """The declarations that win, by name."""
    won = start or {}
    for _, one in sorted(ranked, key=lambda pair: (pair[1].is_important, pair[0])):
        won[one.name] = one.value
    return won


def _of_attributes(element: Element) -> Iterator[tuple[str, Any]]:
    """What browsers do of themselves, and what the attributes of old times say."""
    attributes = element.attributes
    is_closed = element.name == "dialog" and "open" not in attributes
    if "hidden" in attributes or is_closed or element.name in _UNSHOWN:
        yield "display", "none"
    if element.name == "object" and attributes.get("data"):
        yield "display", "none"
    colour = colour_of(attributes.get({"font": "color", "body": "text"}.get(element.name, ""), ""))
    if colour is not None:
        yield "colour", colour
    under = colour_of(attributes.get("bgcolor", ""))
    if under is not None:
        yield "background", under
    if attributes.get("background"):
        yield "background", None


def _look(parent: Look, element: Element, own: dict[str, Any]) -> Look:
    display = own.get("display")
    opacity = parent.opacity * own.get("opacity", 1.0) * own.get("filter", 1.0)
    is_gone = parent.is_gone or display == "none" or opacity < _FAINT or element.name in _FIRM or _is_cut_away(own)
    size = own.get("size", parent.size)
    return Look(
        is_gone=is_gone,
        is_visible=_VISIBILITY.get(own.get("visibility", ""), parent.is_visible),
        opacity=opacity,
        size=parent.size * -size if size < 0 else size,
        colour=own.get("fill", own.get("colour", parent.colour)),
        background=_under(parent.background, own),
        is_shadowed=own.get("shadow", parent.is_shadowed),
        indent=own.get("text-indent", parent.indent),
        breaks=None if display is None or display == "none" else display not in _INLINE,
    )


def _under(parent: Colour | None, own: dict[str, Any]) -> Colour | None:
    """What lies under an element's text."""
    if "background" not in own:
        return parent
    colour = own["background"]
    if colour is None or colour[3] >= 1:
        return colour  # type: ignore[no-any-return]
    if parent is None:
        return None
    alpha = colour[3]
    red, green, blue = (alpha * over + (1 - alpha) * below for over, below in zip(colour[:3], parent[:3], strict=True))
    return red, green, blue, 1.0


def _is_cut_away(own: dict[str, Any]) -> bool:
    """Whether nothing of an area is on the page."""
    if own.get("clip") or own.get("shrunk") or own.get("away") or own.get("content-visibility") == "hidden":
        return True
    if own.get("position", "static") != "static":
        moved = [own.get(side, 0.0) for side in ("left", "top", "right", "bottom")]
        if min(moved) <= _FAR_OUT or max(moved[:2]) >= _FAR_RIGHT:
            return True
    thin = min(own.get("width", _FAR_RIGHT), own.get("height", _FAR_RIGHT)) <= _THIN_PIXELS
    return thin and own.get("overflow") in {"hidden", "clip"}


def _generated(content: list[str] | None, element: Element) -> str:
    """What a style sheet says before or after an element."""
    said = (one[1:] if one[0] == "=" else element.attributes.get(one[1:], "") for one in content or ())
    return "".join(said)
