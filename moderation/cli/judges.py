"""What `evaluate` and `policy thresholds` measure: the engine of this process, or another classifier."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from moderation.cli.common import say
from moderation.client import Client, Moderator
from moderation.config import Settings
from moderation.datasets.evaluate import Opened, Progress, open_sets
from moderation.datasets.judging import Judge, Judgement, from_function, from_openai, from_outcome, load_function
from moderation.datasets.loader import Example, find_manifest
from moderation.datasets.manifest_file import load_manifest
from moderation.errors import AuthenticationError, InvalidRequestError, ModerationError, OverloadedError
from moderation.pipelines.assemble import rooms_of
from moderation.retry_after import retry_after_s
from moderation.schema import Content, Part, Role
from moderation.wire import clean, load_error

_TRIES = 8
_LONGEST_WAIT_S = 30
_BAR = 24
_LINES = 10  # where there is no terminal: about so many lines for a set
_PLAIN = "Good morning."
_NATIVE = "/v1/moderate"
_OPENAI = "/v1/moderations"
_T = TypeVar("_T")


def add_sets(command: argparse.ArgumentParser) -> None:
    """Options of the commands that read data sets."""
    command.add_argument("--data", type=Path, metavar="FOLDER", help="folder with the data of the sets")
    command.add_argument("--limit", type=_count, metavar="N", help="judge a sample of so many rows of each set")
    command.add_argument("--seed", type=_seed, help="draws the sample, and the bootstrap (default: 0)")


def _seed(word: str) -> int:
    if not word.isascii() or not word.isdigit():
        raise argparse.ArgumentTypeError("a whole number of at least 0")
    return int(word)


def _count(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) == 0:
        raise argparse.ArgumentTypeError("a whole number of at least 1")
    return int(word)


def opened_sets(names: Sequence[str], options: argparse.Namespace, settings: Settings) -> list[Opened]:
    """The sets that are named, found, checked and counted; says what is wrong with their rows."""
    manifests = [load_manifest(find_manifest(name, rooms_of(settings, "datasets"))) for name in names]
    found = open_sets(manifests, options.data, limit=options.limit, seed=options.seed or 0)
    for one in found:
        for reason, count in one.survey.malformed.items():
            places = ", ".join(f"{one.paths[file].name}:{number}" for file, number in one.survey.examples_of[reason])
            say(f"{one.manifest.name}: {count} malformed rows: {reason}: {clean(places, limit=500)}")
    return found


@contextlib.contextmanager
def own_judge(settings: Settings, policy: str | None) -> Iterator[Judge]:
    """The engine of this process."""
    with Moderator(settings) as moderator:
        yield _through(moderator.moderate_many, policy)


@contextlib.contextmanager
def judge_against(name: str, key_file: Path | None) -> Iterator[Judge]:
    """Another classifier: `module:function`, or the address of a service, which is asked once to see that it is there.

    Raises:
        InvalidRequestError: it is neither, or cannot be loaded.
        ModerationError: the service cannot be used.
    """
    if not name.lower().startswith(("http://", "https://")):
        if name.count(":") != 1 or not all(name.split(":")):
            raise InvalidRequestError(f"--against {name}: give module:function or an address with http:// or https://")
        if key_file is not None:
            raise InvalidRequestError("--against-key-file is for an address")
        with _failures(name) as told:
            yield from_function(load_function(name), name, told=told)
        return
    key = _key(key_file)
    try:
        path = urlsplit(name).path.rstrip("/")
    except ValueError as error:
        raise InvalidRequestError(f"--against {name}: {error}") from None
    if path.endswith(_OPENAI):
        with _poster(name, key) as post:
            yield _tried(name, from_openai(lambda body: _patiently(lambda: post(body))))
        return
    with Client(name.rstrip("/").removesuffix(_NATIVE), api_key=key) as client:
        yield _tried(name, _through(client.moderate_many, None))


def _tried(name: str, judge: Judge) -> Judge:
    """The judge, if it judges one plain text: a wrong address or key is said before our own models are loaded."""
    try:
        (said,) = judge([Example((0, 0), _PLAIN, Role.USER, "", None, {})])
        reasons = ", ".join(said.unjudged)
    except ModerationError as error:
        if isinstance(error, AuthenticationError | OverloadedError) or error.code == "connection_failed":
            raise
        said, reasons = Judgement(), f"{error.code}: {error.message}"
    if not said.scores:
        message = clean(f"{name} could not judge a plain text: {reasons}", limit=500)
        raise ModerationError(message, code="invalid_response")
    return judge


@contextlib.contextmanager
def _failures(name: str) -> Iterator[Callable[[BaseException], None]]:
    """Says the first thing that another's code raises, and at the end how many texts it cost."""
    count = 0

    def tell(error: BaseException) -> None:
        nonlocal count
        count += 1
        if count == 1:
            words = "".join(traceback.format_exception_only(error)).strip()
            say(clean(f"{name}: {words}", limit=500))

    try:
        yield tell
    finally:
        if count:
            say(clean(f"{name}: raised on {count} texts; they are unjudged", limit=500))


def _key(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        raise InvalidRequestError(f"{file}: cannot be read", code="no_such_file") from None
    if len(lines) != 1:
        raise InvalidRequestError(f"{file}: must hold one key and nothing else")
    return lines[0]


def _through(moderate_many: Callable[[Sequence[Content]], list[Any]], policy: str | None) -> Judge:
    def judge(batch: Sequence[Example]) -> list[Judgement]:
        contents = [Content((Part.from_text(one.text),), role=one.role, policy=policy) for one in batch]

        def ask() -> list[Judgement]:
            return [from_outcome(outcome) for outcome in moderate_many(contents)]

        return _patiently(ask)

    return judge


def _patiently(ask: Callable[[], _T]) -> _T:
    """Asks again where the other side is overloaded, as long as it said to wait, a few times."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except OverloadedError as error:
            time.sleep(min(error.retry_after_s, _LONGEST_WAIT_S))
    return ask()


@contextlib.contextmanager
def _poster(address: str, key: str | None) -> Iterator[Callable[[Any], Any]]:
    import httpx  # noqa: PLC0415 - only where it is asked for

    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    with httpx.Client(headers=headers, timeout=60.0, trust_env=False) as http:

        def post(body: Any) -> Any:
            try:
                response = http.post(address, json=body)
                answer = response.json()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                message = f"{address} did not answer: {type(error).__name__}: {error}"
                raise ModerationError(clean(message, limit=500), code="connection_failed") from None
            except (ValueError, RecursionError):
                raise ModerationError(f"{address} answered no JSON", code="invalid_response") from None
            if response.is_success:
                return answer
            raise _refused(response.status_code, answer, retry_after_s(response.headers.get("retry-after")))

        yield post


def _refused(status: int, answer: Any, wait_s: int) -> ModerationError:
    """The error a service answered; services that speak OpenAI's form name their errors otherwise than ours."""
    message = clean(str(load_error(answer).message), limit=300)
    if status in (401, 403):
        return AuthenticationError(message)
    if status == 429:
        return OverloadedError(message, retry_after_s=wait_s)
    return load_error(answer)


def progress() -> Progress:
    """A bar on a terminal, a line now and then elsewhere; both on standard error."""
    began: dict[str, float] = {}
    told: dict[str, int] = {}

    def tell(name: str, done: int, total: int) -> None:
        spent = time.monotonic() - began.setdefault(name, time.monotonic())
        rate = f"{done / spent:.0f} rows/s" if done and spent > 0 else ""
        if sys.stderr.isatty():
            filled = _BAR * done // max(total, 1)
            bar = "█" * filled + "·" * (_BAR - filled)
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{name} {bar} {done}/{total} {rate}\033[K{end}")
            sys.stderr.flush()
        elif done == total or done * _LINES // max(total, 1) > told.get(name, -1):
            told[name] = done * _LINES // max(total, 1)
            say(f"{name}: {done} of {total} rows {rate}".rstrip())

    return tell
