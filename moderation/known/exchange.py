"""Hashes in and out, in the forms in which they are exchanged.

Read are ThreatExchange (the CSV that its command line prints, its files of lines, and records of `/threat_updates` as
JSON lines), Hasher-Matcher-Actioner (contents of a bank, or what is posted to one, as JSON lines), and the records that
the interfaces of NCMEC and StopNCII give, as JSON lines or as CSV with the names of their fields. Written are the first
two, and the project's own. What a form holds that no hash here can say (URLs, texts, TMK, PhotoDNA) is left out, and
counted. Nothing is fetched, and no opinion is sent back.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from moderation.known.rows import Row, read_file, rows_of
from moderation.known.signals import Kind, Opinion, Signal, checked


class Form(StrEnum):
    """Whose names the columns have; how rows are written is told by the end of a file's name."""

    OWN = "own"
    THREATEXCHANGE = "threatexchange"
    HMA = "hma"
    NCMEC = "ncmec"
    STOPNCII = "stopncii"


class Left(StrEnum):
    """Why a signal of a file is not in its bank."""

    OTHER_KIND = "other_kind"
    WITHDRAWN = "withdrawn"
    OPINION = "opinion"
    LOW_QUALITY = "low_quality"


@dataclass(frozen=True, slots=True)
class Import:
    """The signals of a file, each with its line, and how many were left out."""

    signals: list[tuple[int, Signal]]
    left: Counter[Left] = field(default_factory=Counter)


_OWN_NAMES = ("id", "signal", "hash", "quality", "opinion", "categories", "tags")
# Names of ThreatExchange's library and of its Graph API.
_KINDS: Mapping[str, Kind] = {
    **{str(kind): kind for kind in Kind},
    **dict.fromkeys(("video_md5", "photo_md5", "HASH_MD5", "HASH_VIDEO_MD5"), Kind.MD5),
    **dict.fromkeys(("video_sha256", "photo_sha256", "HASH_SHA256", "HASH_VIDEO_SHA256"), Kind.SHA256),
    "HASH_SHA1": Kind.SHA1,
    "HASH_PDQ": Kind.PDQ,
    "ImagePDQ": Kind.PDQ,
    "VideoMD5": Kind.MD5,
}
_OPINIONS: Mapping[str, Opinion] = {
    **{str(opinion): opinion for opinion in Opinion},
    "POSITIVE_CLASS": Opinion.POSITIVE,
    "INVESTIGATION_SEED": Opinion.SEED,
    "DISPUTED": Opinion.DISPUTED,
    "NEGATIVE_CLASS": Opinion.NEGATIVE,
}
_STATUS: Mapping[str, Opinion] = {"MALICIOUS": Opinion.POSITIVE, "NON_MALICIOUS": Opinion.NEGATIVE}
_FEEDBACK: Mapping[str, Opinion] = {"Blocked": Opinion.POSITIVE, "NotBlocked": Opinion.NEGATIVE}
_GONE = ("Withdrawn", "Deleted")
_FINGERPRINTS = ("md5", "sha1", "pdq")
_Read = Iterator[Signal | Left]


def import_signals(path: Path, form: Form = Form.OWN, *, kind: Kind = Kind.PDQ) -> Import:
    """All signals of a file.

    Args:
        kind: of signals whose row does not say.

    Raises:
        BankError: naming file and line.
    """
    found = Import([])
    for line, signal in read_signals(read_file(path), str(path), form, kind=kind):
        if isinstance(signal, Left):
            found.left[signal] += 1
        else:
            found.signals.append((line, signal))
    return found


def read_signals(raw: bytes, file: str, form: Form, *, kind: Kind) -> Iterator[tuple[int, Signal | Left]]:
    """As `import_signals`, one after the other."""
    reader = _READERS[form]
    for row in rows_of(raw, file):
        for signal in reader(row, kind):
            yield row.line, signal


def _own(row: Row, kind: Kind) -> _Read:
    for name in row.values:
        if name not in _OWN_NAMES:
            raise row.fail(f"unknown column `{name}`; known: {', '.join(_OWN_NAMES)}")
    name = row.text("signal") or kind
    if name not in _KINDS:
        raise row.fail(f"unknown signal `{name}`; known: {', '.join(Kind)}")
    word = row.text("opinion") or Opinion.POSITIVE
    if word not in _OPINIONS:
        raise row.fail(f"unknown opinion `{word}`; known: {', '.join(Opinion)}")
    yield _signal(
        row,
        _KINDS[name],
        row.values.get("hash", ""),
        name=row.text("id"),
        quality=_quality(row),
        opinion=_OPINIONS[word],
        categories=row.words("categories"),
        tags=row.words("tags"),
    )


def _quality(row: Row) -> int | None:
    word = row.text("quality")
    if not word:
        return None
    if not word.isdecimal() or int(word) > 100:
        raise row.fail("`quality` must be a whole number from 0 to 100")
    return int(word)


def _signal(row: Row, kind: Kind, value: Any, *, name: str = "", **more: Any) -> Signal:
    if not isinstance(value, str) or not value.strip():
        raise row.fail("the hash is missing")
    try:
        return Signal(kind, checked(kind, value), name, **more)
    except ValueError as error:
        raise row.fail(str(error)) from None


def _threatexchange(row: Row, kind: Kind) -> _Read:
    if "indicator" in row.values:
        yield _update(row)
        return
    name = row.text("signal_type") or row.text("signal") or kind
    value = row.values.get("signal_str", row.values.get("hash", ""))
    if name not in _KINDS:
        yield Left.OTHER_KIND
        return
    word = row.text("category") or "POSITIVE_CLASS"
    if word not in _OPINIONS:
        raise row.fail(f"unknown category `{word}`; ThreatExchange has POSITIVE_CLASS, INVESTIGATION_SEED and others")
    yield _signal(row, _KINDS[name], value, opinion=_OPINIONS[word], tags=row.words("tags"))


def _update(row: Row) -> Signal | Left:
    """A record of `/threat_updates`."""
    kind = _KINDS.get(row.text("type"))
    descriptors = _records(row, row.values.get("descriptors", {}), "data")
    if row.values.get("should_delete") or not descriptors:
        return Left.WITHDRAWN
    if kind is None:
        return Left.OTHER_KIND
    opinions = {_STATUS.get(str(one.get("status")), Opinion.SEED) for one in descriptors}
    tags = [tag for one in descriptors for tag in _tags(row, one.get("tags", []))]
    more = {"opinion": _together(opinions), "tags": tuple(dict.fromkeys(tags))}
    return _signal(row, kind, row.values["indicator"], name=row.text("id"), **more)


def _tags(row: Row, written: Any) -> list[str]:
    """They are texts, or objects as the Graph API gives them."""
    if isinstance(written, dict):
        return [str(one.get("text", "")) for one in _records(row, written, "data")]
    return [str(one) for one in written] if isinstance(written, list) else []


def _records(row: Row, holder: Any, name: str) -> list[dict[str, Any]]:
    found = holder.get(name, []) if isinstance(holder, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise row.fail(f"`{name}` must be a list of objects")
    return found


def _together(opinions: set[Opinion]) -> Opinion:
    """Several opinions as one, as ThreatExchange puts them together."""
    if Opinion.NEGATIVE in opinions:
        return Opinion.NEGATIVE if len(opinions) == 1 else Opinion.DISPUTED
    return Opinion.POSITIVE if Opinion.POSITIVE in opinions else Opinion.SEED


def _hma(row: Row, _: Kind) -> _Read:
    signals = row.values.get("signals")
    if signals is None and row.values.keys() & _KINDS.keys():
        signals = row.values
    if not isinstance(signals, dict) or not signals:
        raise row.fail('`signals` must be an object such as {"pdq": "..."}')
    until = row.values.get("disable_until_ts", 0)
    if isinstance(until, int) and until > time.time():
        yield Left.WITHDRAWN
        return
    metadata = row.values.get("metadata", {})
    name = str(metadata["content_id"]) if isinstance(metadata, dict) and metadata.get("content_id") else row.text("id")
    for key, value in signals.items():
        yield _signal(row, _KINDS[key], value, name=name) if key in _KINDS else Left.OTHER_KIND


def _ncmec(row: Row, _: Kind) -> _Read:
    prints = row.values.get("fingerprints", row.values)
    if not isinstance(prints, dict):
        raise row.fail("`fingerprints` must be an object")
    if str(row.values.get("deleted", "")).lower() in ("true", "1"):
        yield Left.WITHDRAWN
        return
    tags = (row.text("classification"),) if row.text("classification") else ()
    known = [key for key in _FINGERPRINTS if prints.get(key)]
    if not known:
        yield Left.OTHER_KIND
    for key in known:
        yield _signal(row, _KINDS[key], prints[key], name=row.text("id"), tags=tags)


def _stopncii(row: Row, _: Kind) -> _Read:
    if row.text("hashStatus") in _GONE:
        yield Left.WITHDRAWN
        return
    kind = _KINDS.get(row.text("signalType"))
    if kind is None:
        yield Left.OTHER_KIND
        return
    feedbacks = row.values.get("CSPFeedbacks", [])
    if isinstance(feedbacks, str):
        try:
            feedbacks = json.loads(feedbacks)
        except (ValueError, RecursionError):
            raise row.fail("`CSPFeedbacks` is not JSON") from None
    said = _records(row, {"CSPFeedbacks": feedbacks}, "CSPFeedbacks")
    opinions = {_FEEDBACK[value] for one in said if (value := str(one.get("feedbackValue"))) in _FEEDBACK}
    tags = tuple(dict.fromkeys(tag for one in said for tag in _tags(row, one.get("tags", []))))
    opinion = _together(opinions or {Opinion.SEED})
    yield _signal(row, kind, row.values.get("hashValue", ""), opinion=opinion, tags=tags)


_READERS: Mapping[Form, Callable[[Row, Kind], _Read]] = {
    Form.OWN: _own,
    Form.THREATEXCHANGE: _threatexchange,
    Form.HMA: _hma,
    Form.NCMEC: _ncmec,
    Form.STOPNCII: _stopncii,
}
