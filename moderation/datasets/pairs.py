"""Two runs over the same rows -> what a cascade's band is chosen on: a first model's score, a guard's, and the label.

The scores are those a cascade would look at: the highest of each classifier over the categories that the guard spoke
to. It does not know whether those are what the sets' labels are about; a set about other things makes a poor band.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from moderation.datasets.scores import Run, ScoredRow
from moderation.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that can be used.

    Attributes:
        rows: first score, guard's score, whether it is violating.
        left_out: rows that are in one run alone, without a label, or not judged by both.
    """

    rows: tuple[tuple[float, float, bool], ...]
    left_out: int


def pair(first: Run, guard: Run) -> Pairs:
    """Brings together what the first classifier of each run said of a row.

    Raises:
        InvalidRequestError: the runs have no set in common, or one whose manifest changed in between.
    """
    ours, theirs = _sets(first), _sets(guard)
    common = [name for name in ours if name in theirs]
    if not common:
        raise InvalidRequestError("the two runs have no set in common; evaluate the same sets with both profiles")
    if changed := [name for name in common if ours[name] != theirs[name]]:
        raise InvalidRequestError(f"the manifest of {', '.join(changed)} changed between the two runs")
    mine, other = dict(_rows(first)), dict(_rows(guard))
    spoken = {key for row in other.values() for key in row.verdicts[0].scores}
    rows = []
    for place, row in mine.items():
        facing = other.get(place)
        low, high = (_highest(one, spoken) if one is not None else None for one in (row, facing))
        if low is not None and high is not None and row.violating is not None:
            rows.append((low, high, row.violating))
    return Pairs(tuple(rows), len(mine.keys() | other.keys()) - len(rows))


def _sets(run: Run) -> dict[str, str]:
    return {scored.head.name: scored.head.revision for scored in run.sets}


def _rows(run: Run) -> Iterator[tuple[tuple[str, int, int], ScoredRow]]:
    for scored in run.sets:
        for row in scored.rows:
            yield (scored.head.name, row.file, row.number), row


def _highest(row: ScoredRow, categories: set[str]) -> float | None:
    return max((score for key, score in row.verdicts[0].scores.items() if key in categories), default=None)
