"""Pulls a model's hub files into the model store: the only code that downloads weights, and only when told to.

The layout is that of Hugging Face, `/{repo}/resolve/{revision}/{path}`, on any endpoint. A file counts once its
SHA-256 is the one in model.toml or in `models.lock`; without either it is refused, or, with `trust_first_use`, taken if
it has the form that its name promises, and its hash written down, so that it can never change unseen. That first time
nothing vouches for it but the endpoint. Only safetensors and texts are taken: spec refuses every other name, since a
pickle is a program. A token stands in no message, not even where the hub says it back.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

import httpx
from filelock import FileLock, Timeout

from moderation.errors import ConfigurationError, StoreError, WeightsMismatchError, WeightsMissingError
from moderation.models.lock import ABSENT, LOCK_NAME, entry_of, read_lock, record
from moderation.models.packages import sha256_of
from moderation.models.pulled_form import fault_of
from moderation.models.spec import HubSource, ModelSpec, WeightFile
from moderation.models.store import ModelStore
from moderation.models.writing import store_error

ENDPOINT = "https://huggingface.co"
# Where the public hub keeps its large files. Another endpoint's files must lie on that endpoint itself.
_STORAGE = {"huggingface.co": (".huggingface.co", ".hf.co")}
MAX_WEIGHT_BYTES = 64 << 30
MAX_TEXT_BYTES = 256 << 20
_MAX_REDIRECTS = 5
_TIMEOUT_S = 60.0
# Every so many seconds must bring so many bytes each: else a byte a minute would hold the pull for ever.
_PACE_S = 60.0
_LEAST_BYTES_S = 1_000
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_TOKEN = re.compile(r"[!-~]+")  # anything else would end the header or begin another
_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Hub:
    """Where to pull from.

    Attributes:
        endpoint: address of the hub, without a path to a repository.
        token: for gated repositories; sent to the endpoint's own host alone.
        folder: files that are here already, under the names they have in the repository; nothing is downloaded then.
    """

    endpoint: str = ENDPOINT
    token: str | None = field(default=None, repr=False)
    folder: Path | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.endpoint)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and not {*"@?#"} & {*self.endpoint}
        except ValueError:
            good = False
        if not good:
            raise ConfigurationError("the endpoint must be an http(s) address such as https://huggingface.co")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ConfigurationError("a token is one word of printable ASCII")

    def place(self, hub: HubSource) -> str:
        """Where a file comes from, for a message."""
        return str(self.folder / hub.path) if self.folder is not None else self.url(hub)

    def told(self, words: object) -> str:
        """Words that may come from the hub, which has seen the token, for a message."""
        return str(words).replace(self.token, "…") if self.token else str(words)

    def url(self, hub: HubSource) -> str:
        return f"{self.endpoint.rstrip('/')}/{hub.repo}/resolve/{hub.revision}/{quote(hub.path)}"


def pull(
    spec: ModelSpec,
    store: ModelStore,
    *,
    hub: Hub | None = None,
    trust_first_use: bool = False,
    report: Callable[[str], None] = lambda _: None,
    max_weight_bytes: int = MAX_WEIGHT_BYTES,
) -> ModelSpec:
    """Fetches every hub file of a model that is not at hand with the right hash; the spec with all hashes filled in.

    Args:
        report: told of each file, one line.

    Raises:
        ConfigurationError: a file has no known hash and may not be trusted.
        WeightsMissingError: the hub does not give a file, or not whole, or something else in its place.
        WeightsMismatchError: a file's SHA-256 is not the known one.
        StoreError: the store cannot be written.
    """
    source = hub or Hub()
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=True) as client:
        for file in store.pinned(spec).files:
            if file.hub is None:
                continue
            if not file.sha256 and not trust_first_use:
                raise ConfigurationError(
                    f"{spec.key}: no SHA-256 of {entry_of(file.hub)} is known; write it into model.toml, "
                    "or give --trust-first-use to take the file as it comes and hold on to it"
                )
            limit = max_weight_bytes if file.hub.path.endswith(".safetensors") else MAX_TEXT_BYTES
            _File(client, source, store, spec, file, file.hub, limit).fetch(report)
    return store.pinned(spec)


@dataclass(frozen=True, slots=True)
class _File:
    """One file on its way."""

    client: httpx.Client
    source: Hub
    store: ModelStore
    spec: ModelSpec
    file: WeightFile
    hub: HubSource
    limit: int

    def fetch(self, report: Callable[[str], None]) -> None:
        target = self.store.pulled(self.hub)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{target}.lock", timeout=60):
                self._fetch(target, report)
        except Timeout as error:
            raise StoreError(f"{target}: another process is pulling it; wait for it") from error
        except OSError as error:
            raise store_error(target, error, needed_bytes=0) from error

    @property
    def _may_lack(self) -> bool:
        """Whether the hub need not have it; with a known hash it is one that was there."""
        return self.hub.optional and not self.file.sha256

    def _fetch(self, target: Path, report: Callable[[str], None]) -> None:
        if self.file.sha256 and target.is_file() and sha256_of(target) == self.file.sha256:
            report(f"{self.file.name}: at hand")
            return
        partial = target.with_name(f"{target.name}.part")
        if not self.file.sha256:
            partial.unlink(missing_ok=True)  # without a hash nothing would show that two halves differ in age
        resumed = partial.exists()
        found = self._download(partial, report)
        if found is not None and self.file.sha256 and found != self.file.sha256 and resumed:
            partial.unlink(missing_ok=True)  # the half that lay here may be at fault
            found = self._download(partial, report)
        if found is None:
            record(self.store.home, self.hub, ABSENT)
            report(f"{self.file.name}: the hub has none; noted")
            return
        if found != self.file.sha256:
            self._check_unknown(partial, found)
        partial.replace(target)
        if not self.file.sha256:
            record(self.store.home, self.hub, found)
            report(f"{self.file.name}: trusted at first use, SHA-256 {found}")

    def _check_unknown(self, partial: Path, found: str) -> None:
        """What no hash vouches for is kept only where none was known, and where it can be the file by its form."""
        fault = fault_of(partial, self.hub.path)
        if self.file.sha256:
            partial.unlink(missing_ok=True)
            raise self._differs(found, fault)
        if fault:
            partial.unlink(missing_ok=True)
            raise WeightsMissingError(
                f"{self.spec.key}: {self.source.place(self.hub)} cannot be the file: {fault}. "
                "It is not kept, and nothing was recorded; look at what answers there"
            )

    def _differs(self, found: str, fault: str) -> WeightsMismatchError:
        name, room = entry_of(self.hub), self.spec.room
        if read_lock(self.store.home).get(name) == self.file.sha256:
            change = f"take the entry `{name}` out of {self.store.home / LOCK_NAME} and run: "
            change += f"moderation models pull {self.spec.key} --trust-first-use"
        else:
            change = f"change its sha256 in {room / 'model.toml' if room is not None else 'model.toml'}"
        why = f": {fault}. Look at what answers there" if fault else ". Someone changed it there: find out why"
        return WeightsMismatchError(
            f"{self.spec.key}: {self.source.place(self.hub)} has SHA-256 {found}, and {self.file.sha256} is known; "
            f"it is not kept{why}. If the change is wanted, {change}"
        )

    def _copy(self, folder: Path, partial: Path, report: Callable[[str], None]) -> str | None:
        """As `_download`, from a folder."""
        source = folder / self.hub.path
        if not source.is_file():
            if self._may_lack:
                return None
            raise WeightsMissingError(
                f"{self.spec.key}: {source} is missing. Not covered without it: {self.spec.covers}"
            )
        report(f"{self.file.name}: copying {source.stat().st_size:,} bytes")
        shutil.copyfile(source, partial)
        return sha256_of(partial)

    def _download(self, partial: Path, report: Callable[[str], None]) -> str | None:
        """Writes the rest of the partial file; its SHA-256, or None for an optional file that the hub has not."""
        if self.source.folder is not None:
            return self._copy(self.source.folder, partial, report)
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            with self._answer(headers) as answer:
                if have and answer.status_code == 416 and self.file.sha256 and self.file.sha256 == sha256_of(partial):
                    return self.file.sha256  # whole, and only the last step was missing
                if have and (answer.status_code == 416 or (answer.status_code == 206 and _start(answer) != have)):
                    partial.unlink()
                    return self._download(partial, report)
                if answer.status_code == 404 and self._may_lack:
                    return None
                if answer.status_code != 200 and not (have and answer.status_code == 206):
                    raise self._refused(answer)
                have = have if answer.status_code == 206 else 0
                self._check_kind(answer)
                self._check_end(answer)
                size_bytes = self._check_size(answer, have, partial.parent)
                report(f"{self.file.name}: pulling {size_bytes - have:,} bytes" if size_bytes else self.file.name)
                with partial.open("ab" if have else "wb") as stream:
                    self._write(stream, answer.iter_raw(), have)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = self.source.told(error)
            raise WeightsMissingError(
                f"{self.spec.key}: {self.source.url(self.hub)} could not be pulled to its end: {why}; try again"
            ) from None
        return sha256_of(partial)

    def _write(self, stream: IO[bytes], blocks: Iterator[bytes], written: int) -> None:
        since, came = time.monotonic(), 0
        for block in blocks:
            written += len(block)
            if written > self.limit:
                stream.truncate(0)
                raise self._too_large()
            stream.write(block)
            came += len(block)
            if (spent := time.monotonic() - since) >= _PACE_S:
                if came < spent * _LEAST_BYTES_S:
                    pace = f"{came:,} bytes in {spent:.0f} s"
                    raise WeightsMissingError(
                        f"{self.spec.key}: {self.source.url(self.hub)} comes too slowly: {pace}; try again"
                    )
                since, came = time.monotonic(), 0
        stream.flush()
        os.fsync(stream.fileno())

    @contextmanager
    def _answer(self, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """The answer after all redirects, each looked at."""
        url, home = httpx.URL(self.source.url(self.hub)), httpx.URL(self.source.endpoint)
        # Compressed on the way, a file could neither be bounded nor resumed.
        headers = {**headers, "Accept-Encoding": "identity"}
        for _ in range(_MAX_REDIRECTS + 1):
            own = {"Authorization": f"Bearer {self.source.token}"} if self.source.token and _same(url, home) else {}
            with self.client.stream("GET", url, headers={**headers, **own}) as answer:
                if answer.status_code not in _REDIRECT:
                    yield answer
                    return
                target = url.join(answer.headers.get("Location", ""))
            if not _allowed(target, home):
                there = self.source.told(f"{url} redirects to {target.scheme}://{target.host}")
                raise WeightsMissingError(
                    f"{self.spec.key}: {there}, which is not the endpoint; "
                    "it is not followed. Give that host as --endpoint if it is the one you mean"
                )
            url = target
        raise WeightsMissingError(f"{self.spec.key}: {self.source.url(self.hub)} redirects without end")

    def _check_kind(self, answer: httpx.Response) -> None:
        """Compressed although it was asked not to be, or a web page, it is not the file."""
        coded = answer.headers.get("Content-Encoding", "").strip().lower()
        if coded not in ("", "identity"):
            raise WeightsMissingError(
                f"{self.spec.key}: {self.source.url(self.hub)}: the hub answers compressed as {coded[:40]}, which it "
                "was asked not to; nothing was recorded. Give another --endpoint, or the files with --from"
            )
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not self.file.sha256 and kind in _PAGES:
            raise WeightsMissingError(
                f"{self.spec.key}: {self.source.url(self.hub)}: the hub answers a web page ({kind}) instead of the "
                "file; nothing was recorded. Look at what answers there"
            )

    def _check_end(self, answer: httpx.Response) -> None:
        """Without a hash, only a stated length or chunks show that a file came to its end, and was not cut."""
        if not self.file.sha256 and not {"content-length", "transfer-encoding"} & set(answer.headers):
            raise WeightsMissingError(
                f"{self.spec.key}: {self.source.url(self.hub)}: the hub does not say how long it is, and no SHA-256 is "
                "known, so a file that is cut could not be told from a whole one; write its SHA-256 into model.toml"
            )

    def _check_size(self, answer: httpx.Response, have: int, folder: Path) -> int:
        stated = answer.headers.get("Content-Length", "")
        size_bytes = have + int(stated) if re.fullmatch(r"[0-9]{1,18}", stated) else 0
        if size_bytes > self.limit:
            raise self._too_large()
        if shutil.disk_usage(folder).free < size_bytes - have:
            raise StoreError(
                f"{folder}: the disk is full; {size_bytes - have:,} bytes are needed there. "
                "Make room, or set MODERATION_HOME to a folder that can be written"
            )
        return size_bytes

    def _too_large(self) -> StoreError:
        return StoreError(f"{self.spec.key}: {entry_of(self.hub)} is larger than the limit of {self.limit:,} bytes")

    def _refused(self, answer: httpx.Response) -> WeightsMissingError:
        why = {401: "a token is needed", 403: "the token may not read it", 404: "there is no such file"}
        reason = why.get(answer.status_code, "the hub refused")
        gated = answer.status_code in (401, 403)
        hint = "; give --token-file, and accept the model's licence on the hub" if gated else ""
        return WeightsMissingError(
            f"{self.spec.key}: {self.source.url(self.hub)}: HTTP {answer.status_code}, {reason}{hint}. "
            f"Not covered without it: {self.spec.covers}"
        )


def _start(answer: httpx.Response) -> int:
    found = re.match(r"bytes ([0-9]{1,18})-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _same(url: httpx.URL, home: httpx.URL) -> bool:
    return (url.scheme, url.host, url.port) == (home.scheme, home.host, home.port)


def _allowed(url: httpx.URL, home: httpx.URL) -> bool:
    """Whether a redirect stays with the endpoint, or goes to the storage that belongs to it."""
    return _same(url, home) or (url.scheme == "https" and url.host.endswith(_STORAGE.get(home.host, ("\0",))))
