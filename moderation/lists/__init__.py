"""Block and allow lists of an operator: read from files, matched in texts, taken over again while the service runs."""

from moderation.errors import ListError
from moderation.lists.allowing import effective
from moderation.lists.matching import MAX_MATCHES, Lists
from moderation.lists.store import ListStore, Reload, load_lists
from moderation.lists.terms import Expired, Found, Kind, Match, Rule, TermList

__all__ = [
    "MAX_MATCHES",
    "Expired",
    "Found",
    "Kind",
    "ListError",
    "ListStore",
    "Lists",
    "Match",
    "Reload",
    "Rule",
    "TermList",
    "effective",
    "load_lists",
]
