"""Style sheets -> the rules that may hide or show text. Bounded. Runs in the decoder process only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import tinycss2

from moderation.media.html_selectors import Selector, key_of, selectors_of
from moderation.media.html_values import Value, effects_of

MOST_STYLE_CHARS = 1 << 18  # of all sheets of a file
_MOST_INLINE_CHARS = 4_000
_MOST_RULES = 5_000
_MOST_LEVELS = 8
_ON_SCREEN = frozenset({"all", "screen", "only", "and", "not"})
_PSEUDOS = frozenset({None, "before", "after"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """One effect of one declaration."""

    name: str
    value: Value
    is_important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What a selector does to the elements that it holds for; later ones win over earlier ones of the same weight."""

    selector: Selector
    order: int
    declarations: tuple[Declaration, ...]


@dataclass(slots=True)
class Sheet:
    """All rules of a file, by what an element must have for one to hold.

    Attributes:
        is_whole: all rules were read.
    """

    rules: dict[tuple[str, str], list[Rule]] = field(default_factory=dict)
    count: int = 0
    is_whole: bool = True

    def add(self, css: str, is_late: Callable[[], bool]) -> None:
        """Reads a style sheet."""
        if len(css) > MOST_STYLE_CHARS:
            self.is_whole = False
        try:
            self._add_rules(tinycss2.parse_stylesheet(css[:MOST_STYLE_CHARS], True, True), 0, is_late)
        except (RecursionError, ValueError):
            self.is_whole = False

    def _add_rules(self, rules: list[Any], level: int, is_late: Callable[[], bool]) -> None:
        for number, rule in enumerate(rules):
            if self.count >= _MOST_RULES or level > _MOST_LEVELS or (number % 64 == 0 and is_late()):
                self.is_whole = False
                return
            if rule.type == "qualified-rule":
                self._add_rule(rule)
            elif rule.type == "at-rule" and rule.content is not None and _holds(rule):
                inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                self._add_rules(inner, level + 1, is_late)

    def _add_rule(self, rule: Any) -> None:
        declarations = tuple(_declarations(rule.content))
        if not declarations:
            return
        for selector in selectors_of(tinycss2.serialize(rule.prelude)):
            if selector.pseudo in _PSEUDOS:
                self.count += 1
                self.rules.setdefault(key_of(selector.tree), []).append(Rule(selector, self.count, declarations))


def inline(css: str) -> tuple[Declaration, ...]:
    """What the `style` of an element declares."""
    try:
        return tuple(_declarations(css[:_MOST_INLINE_CHARS]))
    except (RecursionError, ValueError):
        return ()


def _declarations(content: Any) -> Iterator[Declaration]:
    for one in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if one.type == "declaration":
            for name, value in effects_of(one.lower_name, one.value):
                yield Declaration(name, value, bool(one.important))


def _holds(rule: Any) -> bool:
    """Whether what is in a block may hold on a screen."""
    if rule.lower_at_keyword == "media":
        words = {token.lower_value for token in rule.prelude if token.type == "ident"}
        return not words or not words.isdisjoint(_ON_SCREEN)
    return rule.lower_at_keyword in {"supports", "layer", "container", "document", "scope", "starting-style"}
