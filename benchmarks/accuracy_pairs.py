"""Draws disguised forms of the very texts that were drawn plain: what a disguise costs is then no chance of drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from moderation.datasets.evaluate import Opened
from moderation.datasets.loader import Place, examples
from moderation.datasets.tables import Malformed, ReadLimits, read_table

_COLUMN = "pair"  # in the sets of ToxiCloakCN: the same number for all forms of one text


def paired(sets: Sequence[Opened], plain: str, disguised: Sequence[str]) -> list[Opened]:
    """The sets; those named in `disguised` with one form of each text drawn of `plain`, its forms in turns.

    Without the plain one nothing changes.
    """
    drawn = sorted({pair for one in sets if one.manifest.name == plain for pair in _pairs(one).values()})
    return [_drawn(one, drawn) if drawn and one.manifest.name in disguised else one for one in sets]


def _drawn(one: Opened, pairs: Sequence[str]) -> Opened:
    forms = defaultdict[str, list[Place]](list)
    for place, pair in _pairs(replace(one, survey=replace(one.survey, chosen=None))).items():
        forms[pair].append(place)
    places = frozenset(forms[pair][index % len(forms[pair])] for index, pair in enumerate(pairs) if pair in forms)
    return replace(one, survey=replace(one.survey, chosen=places))


def _pairs(one: Opened) -> dict[Place, str]:
    """Place of each row of the sample -> the text that it is a form of."""
    found = {}
    for index, (file, path) in enumerate(zip(one.manifest.files, one.paths, strict=True)):
        for number, fields in read_table(file, path, columns=[_COLUMN], limits=ReadLimits()):
            if not isinstance(fields, Malformed):
                found[index, number] = str(fields[_COLUMN])
    return {example.place: found[example.place] for example in examples(one.manifest, one.paths, one.survey)}
