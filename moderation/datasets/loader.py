"""A manifest and its files -> labelled texts.

Reading is done twice: once to count, to find what is wrong and to draw the sample, once to hand the rows out. So a
damaged set is known before an hour of judging, and memory holds no set. A row that cannot be used is counted with its
line number, never dropped without a word.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from moderation.datasets.lines import INVALID_ENCODING, UNREADABLE, UTF16
from moderation.datasets.manifest import Manifest, Side, as_word
from moderation.datasets.tables import Fields, Malformed, ReadLimits, encoding_hint, read_table
from moderation.errors import InvalidRequestError, TooLargeError
from moderation.schema import Role
from moderation.taxonomy import CATEGORIES, PARENTS

MANIFEST = "manifest.toml"
_SHOWN = 20
_NO_LABEL = "no_label"
_FILTERED = "filtered"
Place = tuple[int, int]  # file, row


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Attributes:
        place: index of its file and its number there.
        violating: whether it is of the set's group of categories; None where the labels leave that open.
        truths: category -> whether it is of it; what is absent is unknown.
        labelled: the categories its label names, without their parents.
        unmapped: violating, and what its label names is not in the manifest.
    """

    place: Place
    text: str
    role: Role
    language: str
    violating: bool | None
    truths: Mapping[str, bool]
    labelled: tuple[str, ...] = ()
    unmapped: bool = False


@dataclass(slots=True)
class Survey:
    """What is in a set.

    Attributes:
        rows: usable rows, before sampling.
        chosen: places of the sample; None for all.
        left_out: why rows were left out that are not wrong -> how many.
        malformed: what is wrong -> how many.
        examples_of: what is wrong -> the first places.
        unmapped: rows whose category has no entry in the manifest; they are used, without a category.
    """

    rows: int = 0
    chosen: frozenset[Place] | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    malformed: Counter[str] = field(default_factory=Counter)
    examples_of: dict[str, list[Place]] = field(default_factory=dict)
    unmapped: int = 0

    @property
    def used(self) -> int:
        return self.rows if self.chosen is None else len(self.chosen)


def find_manifest(name: str, rooms: Sequence[Path]) -> Path:
    """The manifest of a set: a path to it or to its folder, or the name of a folder in a room; later rooms win.

    Raises:
        InvalidRequestError: there is none.
    """
    given = Path(name)
    if given.is_file():
        return given
    tried = [given / MANIFEST] + [room / name / MANIFEST for room in reversed(rooms)]
    found = next((path for path in tried if path.is_file()), None)
    if found is None:
        there = sorted({path.parent.name for room in rooms for path in room.glob(f"*/{MANIFEST}")})
        message = f"{name}: no such data set; a manifest, a folder with one, or one of: {', '.join(there)}"
        raise InvalidRequestError(message, code="no_such_file")
    return found


def paths_of(manifest: Manifest, data: Path | None) -> list[Path]:
    """Where the files lie: beside the manifest, else under `data`.

    Raises:
        InvalidRequestError: one is missing; says where it is expected, and the licence to get it under.
    """
    paths = []
    for file in manifest.files:
        tried = [manifest.folder / file.path] + ([data / file.path] if data is not None else [])
        found = next((path for path in tried if path.is_file()), None)
        if found is None:
            where = f"{data / file.path}" if data is not None else f"FOLDER/{file.path}; say FOLDER with --data FOLDER"
            source = f"; source: {manifest.source}" if manifest.source else ""
            message = (
                f"{manifest.name}: its data is not here; expected as {where} (licence: {manifest.licence}{source})"
            )
            raise InvalidRequestError(message, code="no_such_file")
        paths.append(found)
    return paths


def survey(
    manifest: Manifest,
    paths: Sequence[Path],
    *,
    limit: int | None = None,
    seed: int = 0,
    limits: ReadLimits | None = None,
) -> Survey:
    """Counts a set's rows and draws the sample: the same rows for the same seed, however the files are ordered on disk.

    Raises:
        InvalidRequestError: no row can be used, or as `read_table`.
        TooLargeError: over a limit.
    """
    counts = Survey()
    drawn: list[tuple[int, Place]] = []
    for place, made in _rows(manifest, paths, limits or ReadLimits()):
        if isinstance(made, Malformed):
            counts.malformed[made.reason] += 1
            places = counts.examples_of.setdefault(made.reason, [])
            if len(places) < _SHOWN:
                places.append(place)
        elif isinstance(made, str):
            counts.left_out[made] += 1
        else:
            counts.rows += 1
            counts.unmapped += made.unmapped
            if limit is not None:
                key = -int.from_bytes(hashlib.sha256(f"{seed} {manifest.name} {place}".encode()).digest()[:8])
                (heapq.heappush if len(drawn) < limit else heapq.heappushpop)(drawn, (key, place))
    if counts.rows == 0:
        raise InvalidRequestError(f"{manifest.name}: no row can be used: {_why(counts, manifest, paths)}")
    if limit is not None and limit < counts.rows:
        counts.chosen = frozenset(place for _, place in drawn)
    return counts


def _why(counts: Survey, manifest: Manifest, paths: Sequence[Path]) -> str:
    """What is wrong with the rows of a set of which none can be used, and where it is first."""
    why = [f"{count} left out: {reason}" for reason, count in counts.left_out.items()]
    for reason, count in counts.malformed.items():
        file, number = counts.examples_of[reason][0]
        wide = manifest.files[file].encoding == UTF16  # in which a lost byte runs lines together
        wrong = reason == INVALID_ENCODING or (reason == UNREADABLE and wide)
        hint = f" ({encoding_hint(manifest.files[file], paths[file])})" if wrong else ""
        why.append(f"{count} malformed: {reason}, first in {paths[file].name}:{number}{hint}")
    return "; ".join(why) or "there is none"


def examples(
    manifest: Manifest, paths: Sequence[Path], found: Survey, *, limits: ReadLimits | None = None
) -> Iterator[Example]:
    """The rows of a survey's sample, in the order of the files."""
    for place, made in _rows(manifest, paths, limits or ReadLimits()):
        if isinstance(made, Example) and (found.chosen is None or place in found.chosen):
            yield made


def _rows(
    manifest: Manifest, paths: Sequence[Path], limits: ReadLimits
) -> Iterator[tuple[Place, Example | Malformed | str]]:
    """Every row: an example, what is wrong with it, or why it is left out."""
    total = 0
    for index, (file, path) in enumerate(zip(manifest.files, paths, strict=True)):
        for number, fields in read_table(
            file, path, columns=manifest.columns, deciding=manifest.deciding, limits=limits
        ):
            total += 1
            if total > limits.max_rows:
                raise TooLargeError(f"{manifest.name}: over {limits.max_rows} rows; split the set")
            place = (index, number)
            yield place, fields if isinstance(fields, Malformed) else _example(manifest, place, fields)


def _example(manifest: Manifest, place: Place, fields: Fields) -> Example | Malformed | str:
    text = _text(manifest, fields)
    if not isinstance(text, _Text):
        return text
    labelled = _labelled(manifest, fields)
    flags = {column: _truth(manifest, fields.get(column)) for column in manifest.labels.columns}
    violating = _violating(manifest, fields, labelled, flags)
    if isinstance(violating, Malformed) or any(isinstance(flag, Malformed) for flag in flags.values()):
        return Malformed("unknown_label")
    if violating is not None and manifest.sides is not Side.BOTH and violating != (manifest.sides is Side.VIOLATING):
        return Malformed("wrong_side")
    truths = _truths(manifest, labelled or (), violating, flags)
    if violating is None and not truths:
        return _NO_LABEL
    language = manifest.language or as_word(fields.get(manifest.language_column or ""))[:16]
    own = (labelled or ()) if violating is not False else ()
    own += tuple(key for column, keys in manifest.labels.columns.items() if flags[column] is True for key in keys)
    unmapped = manifest.labels.categories is not None and violating is True and labelled is None
    return Example(place, text.words, manifest.role, language, violating, truths, _most_exact(own), unmapped)


@dataclass(frozen=True, slots=True)
class _Text:
    words: str


def _text(manifest: Manifest, fields: Fields) -> _Text | Malformed | str:
    """The text of a row that is wanted."""
    if any(as_word(fields.get(column)) not in values for column, values in manifest.where.items()):
        return _FILTERED
    text = fields.get(manifest.text)
    if not isinstance(text, str) or not text.strip():
        return Malformed("no_text")
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can spell
        return Malformed(INVALID_ENCODING)
    return _Text(text)


def _truth(manifest: Manifest, value: object) -> bool | Malformed | None:
    """What a value of a label column says; None for nothing."""
    labels = manifest.labels
    word = as_word(value)
    if not word:
        return None
    if labels.at_least is not None:
        try:
            number = float(word)
        except ValueError:
            return Malformed("unknown_label")
        return None if math.isnan(number) else number >= labels.at_least  # NaN is how tables write a missing number
    if word in labels.violating:
        return True
    return False if word in labels.allowed else Malformed("unknown_label")


def _labelled(manifest: Manifest, fields: Fields) -> tuple[str, ...] | None:
    """Our categories for the row's own words; None where the row names none that is known."""
    named = manifest.labels.categories
    if named is None:
        return None
    value = fields.get(named.column)
    words = [as_word(one) for one in value] if isinstance(value, list | tuple) else [as_word(value)]
    if named.separator is not None:
        words = [part.strip() for word in words for part in word.split(named.separator)]
    words = [word for word in words if word]
    if words and not any(word in named.names for word in words):
        return None
    return tuple(dict.fromkeys(key for word in words for key in named.names.get(word, ())))


def _violating(
    manifest: Manifest,
    fields: Fields,
    labelled: tuple[str, ...] | None,
    flags: Mapping[str, bool | Malformed | None],
) -> bool | Malformed | None:
    """From the label column, else the columns of categories, else the names of categories, else the side."""
    if manifest.labels.column is not None:
        return _truth(manifest, fields.get(manifest.labels.column))
    if flags:
        if any(flag is True for flag in flags.values()):
            return True
        return False if all(flag is False for flag in flags.values()) else None
    if manifest.sides is not Side.BOTH:
        return manifest.sides is Side.VIOLATING
    return Malformed("unknown_label") if labelled is None else bool(labelled)


def _truths(
    manifest: Manifest,
    labelled: Sequence[str],
    violating: bool | None,
    flags: Mapping[str, bool | Malformed | None],
) -> dict[str, bool]:
    truths: dict[str, bool] = {}
    if violating is False:
        truths = dict.fromkeys(manifest.categories, False)
    for column, keys in manifest.labels.columns.items():
        if flags[column] is False:
            truths |= dict.fromkeys(keys, False)
    positive = set(labelled) if violating is not False else set()
    positive |= {key for column, keys in manifest.labels.columns.items() if flags[column] is True for key in keys}
    named = manifest.labels.categories
    if named is not None and named.complete and positive:
        others = {key for keys in named.names.values() for key in keys}
        truths |= dict.fromkeys(sorted(others - positive - _relatives(positive)), False)
    truths |= dict.fromkeys(sorted(positive | {PARENTS[key] for key in positive if key in PARENTS}), True)
    return {key: truths[key] for key in CATEGORIES if key in truths}


def _relatives(keys: set[str]) -> set[str]:
    """Children and parents: whether a row of `illicit` is also of `illicit/drugs`, its label does not say."""
    return {child for child, parent in PARENTS.items() if parent in keys} | {
        PARENTS[key] for key in keys if key in PARENTS
    }


def _most_exact(keys: Sequence[str]) -> tuple[str, ...]:
    parents = {PARENTS[key] for key in keys if key in PARENTS}
    return tuple(dict.fromkeys(key for key in keys if key not in parents))
