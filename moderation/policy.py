"""Thresholds: scores -> Decision. Pure; reading the file is `load_policy`'s only side effect.

A policy is a TOML file an operator edits. Every complaint names the file and the line.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation.errors import PolicyError
from moderation.operator_files import Fail, bytes_of, table_of, text_of
from moderation.schema import SEVERITY, Decision, Role
from moderation.taxonomy import CATEGORIES
from moderation.toml_lines import line_of

ANY = "*"
# Patterns over several turns (`pipelines.conversation`).
TRIGGERS = ("crescendo", "split_payload", "continuation")


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores from `review` up are REVIEW, from `block` up BLOCK; `None` is never.

    Attributes:
        floor: the lowest score that is not ALLOW; infinite if there is none.
    """

    review: float | None
    block: float | None
    floor: float = field(init=False)

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.review, self.block) if bound is not None]
        object.__setattr__(self, "floor", min(bounds, default=math.inf))

    def decide(self, score: float) -> Decision:
        if self.block is not None and score >= self.block:
            return Decision.BLOCK
        if self.review is not None and score >= self.review:
            return Decision.REVIEW
        return Decision.ALLOW


# A pattern over turns is a reason to look; to refuse on it is the operator's choice.
DEFAULT_TRIGGER = Threshold(0.5, None)


@dataclass(frozen=True, slots=True)
class Privacy:
    """What becomes of personal information in an answer.

    Attributes:
        mask: whether quotes name its kind instead of showing it.
        redact_from: what scores at least this is taken out of a text that is to be redacted.
    """

    mask: bool = True
    redact_from: float = 0.5


@dataclass(frozen=True)
class Policy:
    """What an operator decided.

    Attributes:
        revision: 12 hex digits of the file's SHA-256.
        unjudged: the least a result with something unjudged is.
        tables: for each role, the threshold of every canonical category.
        named: for each role, the categories with an entry of their own, for the role or in general.
        triggers: thresholds of patterns over several parts or turns; `*` for those not named.
        privacy: what becomes of personal information in an answer.
    """

    name: str
    revision: str
    description: str
    unjudged: Decision
    tables: Mapping[Role, Mapping[str, Threshold]]
    triggers: Mapping[str, Threshold] = field(default_factory=lambda: {ANY: DEFAULT_TRIGGER})
    privacy: Privacy = field(default_factory=Privacy)
    named: Mapping[Role, frozenset[str]] = field(default_factory=dict)

    def threshold(self, role: Role, category: str, said: str) -> Threshold:
        """The threshold of a category for a score that a model gave to `said`, which is the category or a child of it.

        A parent that the file does not name is no stricter than the child that raised it.
        """
        table = self.tables[role]
        return table[category if said == category or category in self.named.get(role, ()) else said]

    def trigger(self, pattern: str) -> Threshold:
        """The threshold of a pattern."""
        return self.triggers.get(pattern, self.triggers[ANY])


def worst(decisions: list[Decision]) -> Decision:
    """The most severe decision; ALLOW for none."""
    return max(decisions, key=SEVERITY.__getitem__, default=Decision.ALLOW)


def _most_exact(category: str, role: Mapping[str, Threshold], general: Mapping[str, Threshold]) -> Threshold:
    """Role and category, role and parent, category, parent, the role's `*`, the general `*`."""
    parent = category.rpartition("/")[0]
    for table in (role, general):
        for key in (category, parent):
            if key in table:
                return table[key]
    return role.get(ANY, general[ANY])


def load_policy(path: Path) -> Policy:
    """Reads and checks a policy file.

    Raises:
        PolicyError: naming file and line.
    """
    return parse_policy(bytes_of(path, _failing(str(path))), file=str(path))


def parse_policy(raw: bytes, *, file: str) -> Policy:
    """Checks the bytes of a policy file.

    Raises:
        PolicyError: naming file and line.
    """
    text = text_of(raw, _failing(file))
    table = table_of(text, _failing(file))
    return _Reader(text, file).policy(table, hashlib.sha256(raw).hexdigest()[:12])


def _failing(file: str) -> Fail:
    return lambda message, line: PolicyError(message, file=file, line=line)


class _Reader:
    """Walks the parsed table and says where something is wrong."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    def _fail(self, message: str, *path: str) -> PolicyError:
        return PolicyError(message, file=self._file, line=line_of(self._text, path))

    def policy(self, table: dict[str, Any], revision: str) -> Policy:
        self._only(table, {"name", "description", "unjudged", "thresholds", "roles", "triggers", "privacy"})
        name = self._string(table, "name")
        if name is None:
            raise self._fail('the key `name` is missing; add: name = "default"')
        thresholds = self._thresholds(table.get("thresholds"), "thresholds")
        if ANY not in thresholds:
            raise self._fail('a fallback is missing; add: "*" = { review = 0.5, block = 0.9 }', "thresholds")
        roles = self._roles(table.get("roles", {}))
        return Policy(
            name=name,
            revision=revision,
            description=self._string(table, "description") or "",
            unjudged=self._unjudged(table),
            tables={
                role: {category: _most_exact(category, roles.get(role, {}), thresholds) for category in CATEGORIES}
                for role in Role
            },
            triggers={ANY: DEFAULT_TRIGGER, **self._triggers(table.get("triggers", {}))},
            privacy=self._privacy(table.get("privacy", {})),
            named={role: frozenset({*thresholds, *roles.get(role, {})}) - {ANY} for role in Role},
        )

    def _only(self, table: dict[str, Any], allowed: set[str], *path: str) -> None:
        for key in table:
            if key not in allowed:
                known = ", ".join(sorted(allowed))
                raise self._fail(f"unknown key `{key}`; known here: {known}", *path, key)

    def _string(self, table: dict[str, Any], key: str) -> str | None:
        value = table.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self._fail(f"`{key}` must be a text that is not empty", key)
        return value

    def _unjudged(self, table: dict[str, Any]) -> Decision:
        value = table.get("unjudged", "review")
        if value not in ("review", "block"):
            raise self._fail('`unjudged` must be "review" or "block": what was not judged never passes', "unjudged")
        return Decision(value)

    def _triggers(self, table: object) -> dict[str, Threshold]:
        if not isinstance(table, dict):
            raise self._fail("`triggers` must be a table such as [triggers]", "triggers")
        for key in table:
            if key not in (ANY, *TRIGGERS):
                raise self._fail(f"unknown trigger `{key}`; known: {', '.join(TRIGGERS)}", "triggers", key)
        return {key: self._threshold(ANY, value, "triggers") for key, value in table.items()}

    def _privacy(self, table: object) -> Privacy:
        if not isinstance(table, dict):
            raise self._fail("`privacy` must be a table such as [privacy]", "privacy")
        self._only(table, {"mask", "redact_from"}, "privacy")
        mask = table.get("mask", True)
        if not isinstance(mask, bool):
            raise self._fail("`mask` must be true or false", "privacy", "mask")
        if table.get("redact_from") == "never":
            message = "`redact_from` is a number; whether anything is redacted the request says"
            raise self._fail(message, "privacy", "redact_from")
        redact_from = self._number(table, "redact_from", "privacy")
        return Privacy(mask, 0.5 if redact_from is None else redact_from)

    def _roles(self, table: object) -> dict[Role, Mapping[str, Threshold]]:
        if not isinstance(table, dict):
            raise self._fail("`roles` must be tables such as [roles.assistant]", "roles")
        roles: dict[Role, Mapping[str, Threshold]] = {}
        for key, value in table.items():
            if key not in list(Role):
                known = ", ".join(Role)
                raise self._fail(f"unknown role `{key}`; known: {known}", "roles", key)
            roles[Role(key)] = self._thresholds(value, "roles", key)
        return roles

    def _thresholds(self, table: object, *path: str) -> dict[str, Threshold]:
        if not isinstance(table, dict):
            raise self._fail(f"the table [{'.'.join(path)}] is missing or no table", *path)
        return {key: self._threshold(key, value, *path) for key, value in table.items()}

    def _threshold(self, category: str, value: object, *path: str) -> Threshold:
        here = (*path, category)
        if category != ANY and category not in CATEGORIES:
            raise self._fail(f"unknown category `{category}`; the list is in docs/categories.md", *here)
        if not isinstance(value, dict):
            raise self._fail("a threshold is written { review = 0.5, block = 0.9 }", *here)
        self._only(value, {"review", "block"}, *here)
        review = self._number(value, "review", *here)
        block = self._number(value, "block", *here)
        if review is not None and block is not None and review > block:
            raise self._fail(f"review ({review}) is above block ({block})", *here)
        return Threshold(review, block)

    def _number(self, table: dict[str, Any], key: str, *path: str) -> float | None:
        value = table.get(key)
        if value is None or value == "never":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise self._fail(f'`{key}` must be a number over 0 and up to 1, or "never"', *path, key)
        return float(value)
