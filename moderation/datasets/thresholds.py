"""Thresholds from safe texts and a budget of false alarms.

For each category: the lowest threshold at which no more than the budget of the safe rows would be flagged. What it
catches, safe texts cannot say: that is `moderation evaluate`'s business. The budget is kept on the sample; what may be
expected of other texts of the same kind is the exact bound beside it, and a sample that is too small for the budget is
called that. The threshold was chosen on the same rows, so the bound is, if anything, too friendly.

A budget is of each category by itself, or of all together. Only the rates that it is of are held against it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from moderation.datasets.metrics import Doubles, Interval, clopper_pearson, rows_needed, upper_bound
from moderation.datasets.scores import Run, ScoredRow
from moderation.errors import InvalidRequestError
from moderation.taxonomy import CATEGORIES
from moderation.wire import clean

STEPS = 10_000  # thresholds have four digits
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """False alarms of safe rows.

    Attributes:
        alarms: rows that reach the threshold, or any of them.
        rows: rows with a score.
        interval: two-sided exact 95% interval of the rate.
        bound: one-sided exact 95% bound of the rate.
        budget: what the rate is held against; None where the budget is of another rate.
    """

    alarms: int
    rows: int
    interval: Interval
    bound: float
    budget: float | None

    @property
    def supported(self) -> bool | None:
        """Whether the bound is within the budget."""
        return None if self.budget is None else self.bound <= self.budget

    @property
    def needed(self) -> int | None:
        """Rows that a sample without any false alarm must have to support the budget."""
        return None if self.budget is None else rows_needed(self.budget, confidence=CONFIDENCE)

    @property
    def too_small(self) -> bool | None:
        return None if self.needed is None else self.rows < self.needed


@dataclass(frozen=True, slots=True)
class Pick(Rate):
    """One threshold. None is never: even a score of 1 goes to more safe rows than the budget has room for."""

    threshold: float | None


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked.

    Attributes:
        together: the budgets are of all categories together; else of each.
        budgets: "review" and "block" -> share.
        review, block: category -> its pick.
        joint: "review" and "block" -> rate of the rows that reach any category's threshold.
        rows: safe rows.
        unjudged: of them those without any score, which are in no rate.
    """

    together: bool
    budgets: Mapping[str, float]
    review: Mapping[str, Pick]
    block: Mapping[str, Pick]
    joint: Mapping[str, Rate]
    rows: int
    unjudged: int
    uncovered: tuple[str, ...]

    @property
    def flagged(self) -> Mapping[str, int]:
        """Rows that reach any category's threshold."""
        return {name: rate.alarms for name, rate in self.joint.items()}


def pick(scores: Doubles, budget: float, *, alarms: int | None = None) -> Pick:
    """The lowest threshold of four digits that keeps the budget on these scores of safe rows.

    Args:
        alarms: so many false alarms at most, instead of as many as the budget has room for; the budget is then
            another rate's.

    Raises:
        InvalidRequestError: there is no score, or the budget is no share.
    """
    if not len(scores) or not 0 < budget < 1:
        raise InvalidRequestError("a budget is a share over 0 and under 1, and there must be scores")
    room = math.floor(budget * len(scores) + 1e-9)
    allowed = room if alarms is None else min(room, alarms)
    highest = np.sort(scores)[::-1]
    threshold = _lowest_above(float(highest[allowed]))
    seen = int((scores >= threshold).sum()) if threshold is not None else 0
    interval, bound = _expected(seen, len(scores))
    return Pick(seen, len(scores), interval, bound, budget if alarms is None else None, threshold)


def _expected(alarms: int, rows: int) -> tuple[Interval, float]:
    """Interval and bound of a rate."""
    interval = clopper_pearson(alarms, rows, confidence=CONFIDENCE)
    if interval is None:
        raise InvalidRequestError("of the rows that are labelled as allowed none was judged")
    return interval, upper_bound(alarms, rows, confidence=CONFIDENCE)


def _lowest_above(score: float) -> float | None:
    """The lowest threshold that a score does not reach."""
    step = max(1, math.floor(score * STEPS))
    while step <= STEPS:
        if step / STEPS > score:
            return step / STEPS
        step += 1
    return None


def pick_all(run: Run, *, review_budget: float, block_budget: float, together: bool = False) -> Picked:
    """Picks for every category that the run's first classifier scores, from the rows that are safe for it.

    Args:
        together: the budgets are of all categories together: each gets the same number of false alarms, the largest
            with which no more rows than the budget reach any threshold.

    Raises:
        InvalidRequestError: a budget is no share, REVIEW's is the smaller, no row is safe, or none was judged for
            what it is safe for.
    """
    if block_budget > review_budget:
        raise InvalidRequestError("the BLOCK budget must not be above the REVIEW budget: BLOCK is the stricter word")
    safe = [row for scored in run.sets for row in scored.rows if row.violating is False]
    if not safe:
        raise InvalidRequestError("these sets have no row that is labelled as allowed")
    rows = [row for row in safe if row.verdicts[0].scores]
    columns = {category: _scores(rows, category) for category in CATEGORIES}
    columns = {category: scores for category, scores in columns.items() if len(scores)}
    if rows and not columns:
        raise InvalidRequestError("the classifier scored none of the categories that these rows are safe for")
    budgets = {"review": review_budget, "block": block_budget}
    found = {
        name: _joint(rows, columns, budget) if together else _apart(columns, budget, None)
        for name, budget in budgets.items()
    }
    return Picked(
        together=together,
        budgets=budgets,
        review=found["review"],
        block=found["block"],
        joint={name: _rate(rows, picks, budgets[name] if together else None) for name, picks in found.items()},
        rows=len(safe),
        unjudged=len(safe) - len(rows),
        uncovered=tuple(category for category in CATEGORIES if category not in found["review"]),
    )


def _scores(rows: Sequence[ScoredRow], category: str) -> Doubles:
    known = [row.verdicts[0].scores.get(category) for row in rows if row.truths.get(category) is False]
    return np.array([score for score in known if score is not None], np.float64)


def _apart(columns: Mapping[str, Doubles], budget: float, alarms: int | None) -> dict[str, Pick]:
    return {category: pick(scores, budget, alarms=alarms) for category, scores in columns.items()}


def _joint(rows: Sequence[ScoredRow], columns: Mapping[str, Doubles], budget: float) -> dict[str, Pick]:
    """The picks with the most false alarms for each category that together keep the budget; more never flag fewer."""
    low, high = 0, math.floor(budget * len(rows) + 1e-9)
    while low < high:
        middle = (low + high + 1) // 2
        if _flagged(rows, _apart(columns, budget, middle)) <= budget * len(rows) + 1e-9:
            low = middle
        else:
            high = middle - 1
    return _apart(columns, budget, low)


def _flagged(rows: Sequence[ScoredRow], picks: Mapping[str, Pick]) -> int:
    return sum(any(_reaches(row.verdicts[0].scores.get(key), one) for key, one in picks.items()) for row in rows)


def _rate(rows: Sequence[ScoredRow], picks: Mapping[str, Pick], budget: float | None) -> Rate:
    """Of the rows that reach any of the thresholds."""
    flagged = _flagged(rows, picks)
    interval, bound = _expected(flagged, len(rows))
    return Rate(flagged, len(rows), interval, bound, budget)


def _reaches(score: float | None, one: Pick) -> bool:
    return score is not None and one.threshold is not None and score >= one.threshold


def toml_of(picked: Picked, *, classifier: str, sets: Sequence[str]) -> str:
    """The table to paste into a policy, with what it rests on as comments."""
    of = "of all categories together" if picked.together else "per category"
    budgets = ", ".join(f"{name} {_percent(budget)}" for name, budget in picked.budgets.items())
    lines = [
        f"# {picked.rows} safe rows of {', '.join(sets)}; classifier: {clean(classifier)}",
        f"# budgets of false alarms, {of}: {budgets}",
    ]
    for name, rate in picked.joint.items():
        share = f"{rate.alarms} of {rate.rows} rows ({_percent(rate.alarms / rate.rows)})"
        lines.append(f"# all categories together: {name} {share} {_sureness(rate)}")
    if picked.unjudged:
        lines.append(f"# {picked.unjudged} rows were not judged and are in no rate")
    for name, picks in (("review", picked.review), ("block", picked.block)):
        lines += _warnings(name, {"": picked.joint[name]} if picked.together else picks)
    words = "false alarms of safe rows, [exact 95% interval], at most (95% confidence); (!) is over the budget"
    words += ", which is of the joint rates alone" if picked.together else ""
    lines += [f"# per line: {words}", "[thresholds]"]
    width = max(len(category) for category in picked.review) + 2
    for category, one in picked.review.items():
        other = picked.block[category]
        quoted = f'"{category}"'
        table = f"{{ review = {_number(one)}, block = {_number(other)} }}"
        lines.append(f"{quoted:<{width}} = {table}  # review {_words(one)}; block {_words(other)}")
    return "\n".join(lines) + "\n"


def _warnings(name: str, rates: Mapping[str, Rate]) -> list[str]:
    """Which of the rates that a budget is of do not support it; the joint rate has no name."""
    small = [category for category, rate in rates.items() if rate.too_small]
    loose = [category for category, rate in rates.items() if rate.supported is False and not rate.too_small]
    lines = []
    if small:
        lines.append(
            f"# {name}: TOO FEW ROWS for this budget: even without one false alarm it takes {rates[small[0]].needed} "
            f"to support it with 95% confidence{_listed(small, rates, '; so for')}"
        )
    if loose:
        lines.append(
            f"# {name}: kept on this sample, and not supported with 95% confidence beyond it "
            f"(the bound is over the budget){_listed(loose, rates, ' for')}"
        )
    return lines


def _listed(names: Sequence[str], rates: Mapping[str, Rate], word: str) -> str:
    if "" in rates:
        return ""
    return f"{word} every category" if len(names) == len(rates) else f"{word} {', '.join(names)}"


def _number(one: Pick) -> str:
    return '"never"' if one.threshold is None else f"{one.threshold:.4f}"


def _words(one: Pick) -> str:
    return f"{one.alarms}/{one.rows} {_sureness(one)}"


def _sureness(rate: Rate) -> str:
    """(!) only where the budget is of this rate."""
    low, high = rate.interval
    mark = " (!)" if rate.supported is False else ""
    return f"[{_percent(low)}, {_percent(high)}] at most {_percent(rate.bound)}{mark}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"


def thresholds_document(picked: Picked, *, classifier: str, sets: Sequence[str]) -> dict[str, Any]:
    """The same as one JSON document; `budget` and what follows from it are null at a rate that no budget is of."""
    return {
        "classifier": classifier,
        "sets": list(sets),
        "rows": picked.rows,
        "unjudged": picked.unjudged,
        "together": picked.together,
        "budgets": dict(picked.budgets),
        "flagged": dict(picked.flagged),
        "all_categories": {name: _document(rate) for name, rate in picked.joint.items()},
        "uncovered": list(picked.uncovered),
        "thresholds": {
            category: {
                name: {"threshold": one.threshold, **_document(one)}
                for name, one in (("review", review), ("block", picked.block[category]))
            }
            for category, review in picked.review.items()
        },
    }


def _document(rate: Rate) -> dict[str, Any]:
    return {
        "budget": rate.budget,
        "false_alarms": rate.alarms,
        "rows": rate.rows,
        "interval": [round(rate.interval[0], 6), round(rate.interval[1], 6)],
        "bound": round(rate.bound, 6),
        "supported": rate.supported,
        "too_small": rate.too_small,
        "rows_needed": rate.needed,
    }
