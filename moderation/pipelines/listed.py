"""What the operator's lists say of a text, and what that depends on beside the text. Pure, but where no day is given.

The same text has the same answer as long as the tenant, the lists' revision, the day (terms expire), whose words they
are and what the text was derived by (lists have a scope) are the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from moderation.lists.allowing import Weighed, weighed
from moderation.lists.matching import Lists, utc_day
from moderation.schema import Role


@dataclass(frozen=True, slots=True)
class Listed:
    """The terms in a text, allow lists heard, and where looking for them stopped short of the end, if it did."""

    told: Weighed
    rest: tuple[int, int] | None = None

    @property
    def weight(self) -> int:
        """Entries of a cache that it counts as: two terms take about as much as an entry without any."""
        return 1 + (len(self.told.standing) + len(self.told.excused) + len(self.told.allowed)) // 2


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant's texts of one role and origin, and the lists that are for them on one day.

    Attributes:
        state: what the answer depends on beside tenant and text.
        is_listed: whether there is anything to look for.
    """

    lists: Lists
    tenant: str | None
    role: Role
    origin: Sequence[str]
    today: dt.date
    state: str
    is_listed: bool

    @classmethod
    def of(
        cls,
        lists: Lists,
        tenant: str | None,
        role: Role,
        origin: Sequence[str] = (),
        *,
        today: dt.date | None = None,
    ) -> Scope:
        """The scope on a day; on the one that it is if none is given."""
        today = today or utc_day()
        state = f"{lists.revision} {today} {role} {' '.join(origin)}"
        return cls(lists, tenant, role, origin, today, state, lists.has_any(tenant))

    def look(self, text: str) -> Listed:
        """Looks for the terms."""
        found = self.lists.match(text, tenant=self.tenant, role=self.role, origin=self.origin, today=self.today)
        return Listed(weighed(found.matches), found.rest)
