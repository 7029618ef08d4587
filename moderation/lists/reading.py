"""Lists from their files: a TOML header with terms, or with the name of a file that has one term a line.

Every complaint names the file and, where there is one, the line. Which text fits a category is an operator's business:
nothing here looks at what a term means.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.errors import ListError
from moderation.lists.composing import Composed
from moderation.lists.folding import HAN, HANGUL, KANA, UNSEEN, WORD, class_of, unmarked
from moderation.lists.names import MAX_CHARS, MIN_CHARS
from moderation.lists.terms import ANY, MAX_FILE_BYTES, MAX_TERM_CHARS, Kind, Rule, Term, TermList
from moderation.operator_files import bytes_of, table_of, text_of
from moderation.schema import Role
from moderation.taxonomy import CATEGORIES
from moderation.toml_lines import line_of

_KEYS = frozenset(
    ("name", "description", "kind", "category", "categories", "tenant", "scope", "expires", "match", "score", "terms")
) | {"terms_file"}
_OPTIONS = frozenset(("match", "expires", "category"))
_JOINERS = "\u200c\u200d"  # and variation selectors: parts of words and of pictures
_PART = "\0"  # between terms that are folded together; none holds it
_SINGLE = (HAN, HANGUL, KANA)


@dataclass(frozen=True, slots=True)
class ReadList:
    """A list with its terms."""

    head: TermList
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """One file as text, and how to complain about a line of it."""

    file: str
    text: str

    def fail(self, message: str, line: int | None = None) -> ListError:
        return ListError(message, file=self.file, line=line)


@dataclass(frozen=True, slots=True)
class _Row:
    """A term as it is written, where, and its own options."""

    source: _Source
    line: int | None
    text: str
    options: dict[str, Any]

    def fail(self, message: str) -> ListError:
        return self.source.fail(message, self.line)


def read_list(path: Path, *, origins: Collection[str] | None = None) -> ReadList:
    """Reads and checks a list.

    Args:
        origins: the words that may stand in `scope.origins`; any word if it is left out.

    Raises:
        ListError: naming file and line.
    """
    source, raw = _read(path)
    return _Reader(source, path.parent, hashlib.sha256(raw), origins).read()


def _read(path: Path) -> tuple[_Source, bytes]:
    def fail(message: str, line: int | None) -> ListError:
        return ListError(message, file=str(path), line=line)

    raw = bytes_of(path, fail, max_bytes=MAX_FILE_BYTES)
    return _Source(str(path), text_of(raw, fail)), raw


class _Reader:
    """Walks the parsed table of one list and says where something is wrong."""

    def __init__(self, source: _Source, folder: Path, digest: Any, origins: Collection[str] | None) -> None:
        self._source = source
        self._folder = folder
        self._digest = digest
        self._origins = origins
        self._table = table_of(source.text, source.fail)
        self._kind = Kind.BLOCK

    def _fail(self, message: str, *path: str) -> ListError:
        return self._source.fail(message, line_of(self._source.text, path))

    def read(self) -> ReadList:
        self._only(self._table, _KEYS)
        name, kind = self._string("name", 100), self._string("kind", 10)
        if name is None:
            raise self._fail('the key `name` is missing; add: name = "my-list"')
        if kind not in list(Kind):
            raise self._fail('`kind` must be "block" or "allow"', "kind")
        self._kind = Kind(kind)
        categories, expires, rule = self._categories(), self._date(self._table.get("expires")), self._rule()
        (roles, origins), score = self._scope(), self._score()
        terms = tuple(self._terms(categories, expires, rule))
        if not terms:
            raise self._fail("holds no terms; add some to `terms`, or remove the file", "terms")
        head = TermList(
            name=name,
            revision=self._digest.hexdigest()[:12],
            kind=self._kind,
            categories=categories,
            tenant=self._string("tenant", 200),
            roles=roles,
            origins=origins,
            expires=expires,
            score=score,
            count=len(terms),
            file=self._source.file,
            description=self._string("description", 10_000) or "",
        )
        return ReadList(head, terms)

    def _only(self, table: dict[str, Any], allowed: frozenset[str], *path: str) -> None:
        for key in table:
            if key not in allowed:
                known = ", ".join(sorted(allowed))
                raise self._fail(f"unknown key `{key}`; known here: {known}", *path, key)

    def _string(self, key: str, longest: int) -> str | None:
        value = self._table.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip() or len(value) > longest):
            raise self._fail(f"`{key}` must be a text of 1 to {longest} characters", key)
        return value

    def _categories(self) -> tuple[str, ...]:
        if ("category" in self._table) == ("categories" in self._table):
            raise self._fail("either `category` or `categories` is needed", "categories")
        key = "category" if "category" in self._table else "categories"
        value = self._table[key]
        written = [value] if key == "category" else value
        if not isinstance(written, list) or not written or not all(isinstance(one, str) for one in written):
            raise self._fail(f"`{key}` must name one or more categories", key)
        return self._known(written, line_of(self._source.text, [key]), self._source)

    def _known(self, written: list[str], line: int | None, source: _Source) -> tuple[str, ...]:
        if ANY in written:
            if self._kind is Kind.BLOCK:
                raise source.fail('a block list says which categories it finds; "*" is for allow lists', line)
            return (ANY,)
        for category in written:
            if category not in CATEGORIES:
                raise source.fail(f"unknown category `{category}`; the list is in docs/categories.md", line)
        return tuple(dict.fromkeys(written))

    def _score(self) -> float:
        value = self._table.get("score")
        if self._kind is Kind.ALLOW:
            if value is not None:
                raise self._fail("an allow list has no score", "score")
            return 0.0
        number = 1.0 if value is None else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= 1:
            raise self._fail("`score` must be a number over 0 and up to 1", "score")
        return float(number)

    def _date(self, value: object, *path: str) -> dt.date | None:
        if value is not None and (not isinstance(value, dt.date) or isinstance(value, dt.datetime)):
            raise self._fail("`expires` must be a date such as 2027-01-31, without quotes", *(path or ("expires",)))
        return value

    def _rule(self) -> Rule | None:
        value = self._string("match", 20)
        if value is not None and value not in list(Rule):
            raise self._fail(f"`match` must be one of {', '.join(Rule)}", "match")
        return Rule(value) if value else None

    def _scope(self) -> tuple[frozenset[Role], frozenset[str] | None]:
        scope = self._table.get("scope", {})
        if not isinstance(scope, dict):
            raise self._fail('`scope` is written { roles = ["user"], origins = ["ocr"] }', "scope")
        self._only(scope, frozenset(("roles", "origins")), "scope")
        roles = self._words(scope, "roles", frozenset(Role))
        origins = self._words(scope, "origins", self._origins)
        return frozenset(Role(role) for role in roles) if roles else frozenset(Role), origins

    def _words(self, scope: dict[str, Any], key: str, known: Collection[str] | None) -> frozenset[str] | None:
        value = scope.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
            raise self._fail(f"`{key}` must be a list of one or more words; leave it out to mean all", "scope", key)
        for word in value:
            if known is not None and word not in known:
                raise self._fail(f"unknown word `{word}` in `{key}`; known: {', '.join(sorted(known))}", "scope", key)
        return frozenset(value)

    def _terms(self, categories: tuple[str, ...], expires: dt.date | None, rule: Rule | None) -> Iterator[Term]:
        rows = list(self._rows())
        if not rows:
            return
        for row, plain in zip(rows, _folded(rows), strict=True):
            own, days = row.options.get("category"), (row.options.get("expires"), expires)
            yield Term(
                row.text,
                plain,
                _checked_rule(row, plain, row.options.get("match", rule)),
                categories if own is None else self._known(own.split(","), row.line, row.source),
                min((day for day in days if day is not None), default=None),
                row.line,
            )

    def _rows(self) -> Iterator[_Row]:
        """Every term as it is written, with its own options, from both places where terms may stand."""
        inline = self._table.get("terms", [])
        if not isinstance(inline, list):
            raise self._fail("`terms` must be a list of texts", "terms")
        lines = _Lines(self._source.text, line_of(self._source.text, ["terms"]))
        for value in inline:
            entry = {"term": value} if isinstance(value, str) else value
            if not isinstance(entry, dict) or not isinstance(entry.get("term"), str):
                raise self._fail('a term is a text, or { term = "...", expires = 2027-01-31 }', "terms")
            line = lines.of(entry["term"])
            options = {key: option for key, option in entry.items() if key != "term"}
            yield _Row(self._source, line, _trimmed(entry["term"]), _options(self._source, line, options))
        yield from self._file_rows()

    def _file_rows(self) -> Iterator[_Row]:
        name = self._string("terms_file", 200)
        if name is None:
            return
        if Path(name).name != name or name in (".", ".."):
            raise self._fail("`terms_file` must be the name of a file in the list's own folder", "terms_file")
        source, raw = _read(self._folder / name)
        self._digest.update(b"\0" + raw)
        some = False
        for number, line in enumerate(source.text.split("\n"), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            some = True
            text, tab, options = line.partition("\t")
            written = _written(source, number, options.split("\t")) if tab else {}
            yield _Row(source, number, _trimmed(text), _options(source, number, written))
        if not some:
            raise source.fail("holds no terms; add some, one a line, or remove `terms_file`")


class _Lines:
    """The lines of inline terms, found in the order in which they stand."""

    def __init__(self, text: str, first: int | None) -> None:
        self._lines = text.split("\n")
        self._place = (first or 1) - 1

    def of(self, term: str) -> int:
        """The next line that shows the term; the last one found if it is written with escapes."""
        for place in range(self._place, min(len(self._lines), self._place + 50)):
            if term in self._lines[place]:
                self._place = place
                break
        return self._place + 1


def _written(source: _Source, line: int, options: list[str]) -> dict[str, Any]:
    """The `key=value` of a line, their dates read."""
    found: dict[str, Any] = {}
    for option in filter(str.strip, options):
        key, equals, value = (part.strip() for part in option.partition("="))
        if not equals or key in found:
            raise source.fail(f"`{option.strip()}` is no option, or comes twice; written: expires=2027-01-31", line)
        found[key] = value
        if key == "expires":
            try:
                found[key] = dt.date.fromisoformat(value)
            except ValueError:
                raise source.fail(f"`{value}` is no date such as 2027-01-31", line) from None
    return found


def _options(source: _Source, line: int | None, options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if key not in _OPTIONS:
            raise source.fail(f"unknown option `{key}` of a term; known: {', '.join(sorted(_OPTIONS))}", line)
        if key == "match" and value not in list(Rule):
            raise source.fail(f"`match` must be one of {', '.join(Rule)}", line)
        if key == "category" and not isinstance(value, str):
            raise source.fail("`category` must be a text", line)
        if key == "expires" and (not isinstance(value, dt.date) or isinstance(value, dt.datetime)):
            raise source.fail("`expires` must be a date such as 2027-01-31, without quotes", line)
    return options


def _trimmed(text: str) -> str:
    return text.strip().strip("\ufeff").strip()


def _folded(rows: Sequence[_Row]) -> Iterator[str]:
    """The plain forms of terms, all folded at once."""
    for row in rows:
        if len(row.text) > MAX_TERM_CHARS:
            raise row.fail(f"a term is over {MAX_TERM_CHARS} characters")
        if not row.text.isprintable():
            _refuse_unseen(row)
    forms = unmarked(Composed(_PART.join(row.text for row in rows)).text).split(_PART)
    for row, form in zip(rows, forms, strict=True):
        if len(form) > MAX_TERM_CHARS:
            raise row.fail(f"a term is over {MAX_TERM_CHARS} characters once its letters are unfolded")
    return iter(forms)


def _refuse_unseen(row: _Row) -> None:
    for character in row.text:
        kind = unicodedata.category(character)
        if (kind in ("Cc", "Cs") and character != "\t") or (kind == "Cf" and character not in _JOINERS):
            raise row.fail(f"a term holds the character U+{ord(character):04X}, which does not show")


def _checked_rule(row: _Row, plain: str, rule: str | None) -> Rule:
    if not plain:
        raise row.fail("a term is empty")
    first, last = class_of(plain[0]), class_of(plain[-1])
    if first == UNSEEN:
        raise row.fail(f"a term begins with the character U+{ord(plain[0]):04X}, which does not show")
    han = rule == Rule.NAME and all(class_of(character) == HAN for character in plain)
    if rule == Rule.NAME and not (han and MIN_CHARS <= len(plain) <= MAX_CHARS):
        raise row.fail(f'match = "name" is for {MIN_CHARS} to {MAX_CHARS} Chinese characters')
    if rule == Rule.WORD and not {WORD, HANGUL, KANA} & {first, last}:
        raise row.fail('match = "word" says nothing of this term: it neither begins nor ends with a letter')
    if rule is None and len(plain) == 1 and first in _SINGLE:
        raise row.fail('a single character is in many words; say match = "anywhere" if that is meant')
    if rule is not None:
        return Rule(rule)
    return Rule.WORD if WORD in (first, last) else Rule.ANYWHERE
