"""Banks from their files: a TOML header, and beside it the file with the hashes.

Every complaint names the file and, where there is one, the line.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from moderation.known.bank import KNOWN, OF_BANK, OF_QUERY, THRESHOLD, Bank, Filling, ReadBank
from moderation.known.errors import BankError, failing
from moderation.known.exchange import Form, read_signals
from moderation.known.index import MAX_THRESHOLD
from moderation.known.rows import read_file
from moderation.known.signals import Kind, Opinion, Signal
from moderation.operator_files import table_of, text_of
from moderation.taxonomy import CATEGORIES
from moderation.toml_lines import line_of

_NAMES = ("name", "description", "tenant", "expires", "category", "categories", "score", "licence")
_HASHES = ("hashes", "sha256", "form", "signal", "opinions", "threshold", "turned", "video")
_VIDEO = ("of_query", "of_bank")
_Word = TypeVar("_Word", Form, Kind)


def read_bank(path: Path, *, earlier: ReadBank | None = None) -> ReadBank:
    """Reads and checks a bank.

    Args:
        earlier: what was read from this path before; given back if the bytes are the same.

    Raises:
        BankError: naming file and line.
    """
    return _Reader(path, read_file(path)).read(earlier)


class _Reader:
    """Walks the parsed table of one bank and says where something is wrong."""

    def __init__(self, path: Path, raw: bytes) -> None:
        self._path = path
        self._digest = hashlib.sha256(raw)
        self._text = text_of(raw, failing(str(path)))
        self._table = table_of(self._text, failing(str(path)))

    def _fail(self, message: str, *path: str) -> BankError:
        return BankError(message, file=str(self._path), line=line_of(self._text, path))

    def read(self, earlier: ReadBank | None) -> ReadBank:
        self._only(self._table, _NAMES + _HASHES)
        name = self._string("name", 100)
        if name is None:
            raise self._fail('the key `name` is missing; add: name = "my-bank"')
        path, raw = self._hashes()
        revision = self._digest.hexdigest()[:12]
        if earlier is not None and (earlier.head.file, earlier.head.revision) == (str(self._path), revision):
            return earlier  # a million hashes take seconds
        form, kind = self._word("form", Form, Form.OWN), self._word("signal", Kind, Kind.PDQ)
        of_query, of_bank = self._video()
        head = Bank(
            name=name,
            revision=revision,
            file=str(self._path),
            categories=self._categories(),
            score=self._number("score", 1.0, 0.0, 1.0, above=True),
            threshold=int(self._number("threshold", THRESHOLD, 0, MAX_THRESHOLD, whole=True)),
            turned=self._flag("turned"),
            of_query=of_query,
            of_bank=of_bank,
            opinions=self._opinions(),
            tenant=self._string("tenant", 200),
            expires=self._date(),
            licence=self._string("licence", 200) or "",
            description=self._string("description", 10_000) or "",
        )
        filling = _filled(path, raw, Filling(head.opinions), form, kind)
        head = replace(head, count=len(filling.names), left=dict(filling.left))
        return ReadBank(head, filling.columns(), filling.names, filling.notes)

    def _hashes(self) -> tuple[Path, bytes]:
        name = self._string("hashes", 200)
        if name is None:
            raise self._fail("the key `hashes` is missing; it names the file with the hashes")
        if Path(name).name != name or name in (".", ".."):
            raise self._fail("`hashes` must be the name of a file in the bank's own folder", "hashes")
        path = self._path.parent / name
        raw = read_file(path)
        self._digest.update(b"\0" + raw)
        self._check_digest(raw)
        return path, raw

    def _check_digest(self, raw: bytes) -> None:
        wanted = self._string("sha256", 64)
        if wanted is not None and hashlib.sha256(raw).hexdigest() != wanted.lower():
            raise self._fail("`sha256` is not that of the file `hashes`; it was changed, or is another one", "sha256")

    def _only(self, table: Mapping[str, Any], allowed: tuple[str, ...], *path: str) -> None:
        for key in table:
            if key not in allowed:
                raise self._fail(f"unknown key `{key}`; known here: {', '.join(sorted(allowed))}", *path, key)

    def _string(self, key: str, longest: int) -> str | None:
        value = self._table.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip() or len(value) > longest):
            raise self._fail(f"`{key}` must be a text of 1 to {longest} characters", key)
        return value

    def _word(self, key: str, words: type[_Word], default: _Word) -> _Word:
        value = self._table.get(key, default)
        if value not in list(words):
            raise self._fail(f"`{key}` must be one of {', '.join(words)}", key)
        return words(value)

    def _categories(self) -> tuple[str, ...]:
        if "category" in self._table and "categories" in self._table:
            raise self._fail("either `category` or `categories`, not both", "categories")
        key = "category" if "category" in self._table else "categories"
        value = self._table.get(key, [KNOWN])
        written = [value] if key == "category" else value
        if not isinstance(written, list) or not written or not all(isinstance(one, str) for one in written):
            raise self._fail(f"`{key}` must name one or more categories", key)
        for category in written:
            if category not in CATEGORIES:
                raise self._fail(_unknown(category), key)
        return tuple(dict.fromkeys(written))

    def _opinions(self) -> tuple[Opinion, ...]:
        value = self._table.get("opinions", [Opinion.POSITIVE, Opinion.SEED, Opinion.DISPUTED])
        if not isinstance(value, list) or not value or any(one not in list(Opinion) for one in value):
            raise self._fail(f"`opinions` must be a list of words of {', '.join(Opinion)}", "opinions")
        return tuple(Opinion(one) for one in dict.fromkeys(value))

    def _number(
        self, key: str, default: float, least: float, most: float, *, whole: bool = False, above: bool = False
    ) -> float:
        path = key.split(".")
        table = self._table.get(path[0], {}) if len(path) > 1 else self._table
        value = table.get(path[-1], default)
        fits = isinstance(value, int | (int if whole else float)) and not isinstance(value, bool)
        if not fits or not least <= value <= most or (above and value == least):
            kind = "a whole number" if whole else "a number"
            raise self._fail(f"`{path[-1]}` must be {kind} {'over' if above else 'from'} {least:g} to {most:g}", *path)
        return float(value)

    def _flag(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self._fail(f"`{key}` must be true or false", key)
        return value

    def _date(self) -> dt.date | None:
        value = self._table.get("expires")
        if value is not None and (not isinstance(value, dt.date) or isinstance(value, dt.datetime)):
            raise self._fail("`expires` must be a date such as 2027-01-31, without quotes", "expires")
        return value

    def _video(self) -> tuple[float, float]:
        table = self._table.get("video", {})
        if not isinstance(table, dict):
            raise self._fail("`video` is written { of_query = 80, of_bank = 0 }", "video")
        self._only(table, _VIDEO, "video")
        of_query = self._number("video.of_query", OF_QUERY, 0, 100)
        of_bank = self._number("video.of_bank", OF_BANK, 0, 100)
        if not of_query and not of_bank:
            raise self._fail("with both shares 0, one frame alone would make two videos the same", "video")
        return of_query, of_bank


def _filled(path: Path, raw: bytes, filling: Filling, form: Form, kind: Kind) -> Filling:
    some = False
    for line, signal in read_signals(raw, str(path), form, kind=kind):
        some = True
        if isinstance(signal, Signal):
            for category in signal.categories:
                if category not in CATEGORIES:
                    raise BankError(_unknown(category), file=str(path), line=line)
        filling.take(signal)
    if not some:
        raise BankError("holds no hashes; add some, or remove the bank", file=str(path))
    return filling


def _unknown(category: str) -> str:
    return f"unknown category `{category}`; the list is in docs/categories.md"
