"""Where a finding was seen, and what of it may be quoted. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from moderation.media.decoded import Place
from moderation.models.base import Gap, Passage
from moderation.pipelines.units import Unit
from moderation.schema import Evidence, Unjudged

LISTED = "listed_term"
LISTED_TERMS = "listed_terms"  # several places as one
_PRIVATE = "privacy/"


class Private:
    """Personal information in a unit's text, to be asked for by place.

    A piece that ends inside an earlier one names nothing that the earlier does not.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._known: tuple[list[tuple[int, int, str]], list[int]] | None = None  # most units are never asked for it

    def over(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """Those that touch a stretch, in order."""
        spans, ends = self._known = self._known or self._read()
        for place in range(bisect_right(ends, start), len(spans)):
            if spans[place][0] >= end:
                return
            yield spans[place]

    def _read(self) -> tuple[list[tuple[int, int, str]], list[int]]:
        spans: list[tuple[int, int, str]] = []
        for start, end, kind, _ in private_spans(self._unit):
            if not spans or end > spans[-1][1]:
                spans.append((start, end, kind))
        return spans, [end for _, end, _ in spans]


def evidence_of(
    unit: Unit, span: tuple[int, int] | None, kind: str | None, *, mask: bool, private: Private | None = None
) -> Evidence:
    """The place of a finding: a span of the text as it was sent or found, or box and time of the passages under it.

    Args:
        span: of the unit's text, half open; all of it if `None`.
        mask: whether personal information in the quote is named instead of shown.
        private: that of the unit, for who asks more than once.
    """
    if unit.text is None:
        return unit.evidence
    start, end = span or (0, len(unit.text))
    quote = None
    if kind != LISTED_TERMS:
        quote = _masked(unit, private or Private(unit), start, end) if mask else unit.text[start:end]
    place = replace(unit.evidence, quote=quote, kind=kind, span=original_span(unit, start, end))
    touched = list(_touched(unit, *_base_span(unit, start, end)))
    boxes = [passage.box for passage in touched if passage.box is not None]
    times = [passage.time_s for passage in touched if passage.time_s is not None]
    return replace(place, box=_union(boxes) or place.box, time_s=_hull(times) or place.time_s)


def evidence_at(place: Place) -> Evidence:
    """A place in a medium, without what was seen there."""
    return Evidence(
        box=place.box,
        time_s=place.time_s,
        frame=place.frame,
        page=place.page,
        member=place.member,
        channel=place.channel,
    )


def gap_at(unit: Unit, stage: str, gap: Gap) -> Unjudged:
    """What was left out of a unit; of one in a medium, with the page or the file it is in."""
    span = None if gap.span is None else original_span(unit, *gap.span)
    at = unit.evidence
    return Unjudged(
        unit.piece.path,
        stage,
        gap.reason,
        span,
        gap.time_s,
        page=at.page,
        member=at.member,
        channel=at.channel,
    )


def gaps_of(units: Sequence[Unit]) -> Iterator[Unjudged]:
    """What the classifiers left out of the units, once each."""
    seen = set()
    for unit in units:
        for source, classification in unit.classifications:
            for gap in classification.gaps:
                entry = gap_at(unit, source.key, gap)
                if entry not in seen:
                    seen.add(entry)
                    yield entry


def original_span(unit: Unit, start: int, end: int) -> tuple[int, int] | None:
    """A span of the text as it was sent or found, if the unit is of one."""
    if unit.start is None:
        return None
    first, last = _base_span(unit, start, end)
    return unit.start + first, unit.start + last


def private_spans(unit: Unit) -> list[tuple[int, int, str, float]]:
    """Personal information that was found in a unit's text: start, end, kind, score; in order."""
    found = [
        (*scored.span, scored.kind, score)
        for _, classification in unit.classifications
        for scored in classification.scored
        if scored.span is not None and scored.kind is not None
        for category, score in scored.scores.items()
        if category.startswith(_PRIVATE)
    ]
    return sorted(found)


def _touched(unit: Unit, start: int, end: int) -> Iterator[Passage]:
    """The passages under a stretch; the lines of a unit come in order and do not overlap."""
    for place in range(bisect_right(unit.lines, start, key=lambda line: line[1]), len(unit.lines)):
        first, _, passage = unit.lines[place]
        if first >= end:
            return
        yield passage


def _masked(unit: Unit, private: Private, start: int, end: int) -> str:
    """The quote with each piece of personal information replaced by its kind, those at its edges whole."""
    text, pieces, at = unit.text or "", [], start
    for first, last, kind in private.over(start, end):
        pieces += [text[at:first], f"[{kind}]"]
        at = last
    return "".join((*pieces, text[at:end]))


def _base_span(unit: Unit, start: int, end: int) -> tuple[int, int]:
    """The span in the text that the view was made of."""
    return (start, end) if unit.view is None else unit.view.span(start, end)


def _union(boxes: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int] | None:
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _hull(times: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    if not times:
        return None
    starts, ends = zip(*times, strict=True)
    return min(starts), max(ends)
