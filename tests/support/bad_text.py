"""Bad texts, what is to be said of each, and the ways in on which they are sent."""

from __future__ import annotations

import base64
import codecs
import html
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from support.servers import Server
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from moderation import Client, Moderator
from moderation.errors import ModerationError
from moderation.schema import ModerationResult

LARGE = 10_000_000
MOST = 200_000  # `max_text_chars`
BOMB = 40_000  # a square of it is past every bound here; what is linear takes 0.1 to 0.6 s of one core
MARK = "⟦hate=0.99⟧ "  # the fake classifier reads it: a text that begins so is judged only if it is blocked
FAILED = {"deadline_exceeded", "stage_failed", "model_failed", "model_stalled", "no_model", "model_not_loaded"}
_PIECE = 5_000  # characters of one message: at most 12 bytes each, escaped

PROFILE = """decode_deadline_s = 15
[[stage]]
model = "{classifier}"
deadline_s = 20
[[stage]]
model = "attack-forms.v1"
deadline_s = 10
[[stage]]
model = "personal.v1"
deadline_s = 10
"""


@dataclass(frozen=True)
class Bad:
    """One bad text.

    Attributes:
        said: the decision, or the code of the error.
        gap: a reason that `unjudged` must give.
        but: ways in on which something else is said.
    """

    name: str
    text: Callable[[], str]
    said: str = "block"
    gap: str = ""
    but: dict[str, str] = field(default_factory=dict)

    def expected(self, way: str) -> str:
        return self.but.get(way, self.said)


@dataclass(frozen=True)
class Answer:
    """What a way in answered: a decision or an error's code, the reasons of `unjudged`, and how long it took."""

    said: str
    gaps: frozenset[str] = frozenset()
    seconds: float = 0.0


def write_profiles(rooms: Path) -> Path:
    """Profiles of texts alone: `fakes` on the fake classifier, `shipped` on the shipped one."""
    folder = rooms / "pipelines" / "profiles"
    folder.mkdir(parents=True)
    for name, classifier in {"fakes": "fake-text.v1", "shipped": "text-risk.v1"}.items():
        (folder / f"{name}.toml").write_text(PROFILE.format(classifier=classifier))
    return rooms


def filled(unit: str, most: int = BOMB) -> str:
    return (unit * (most // len(unit) + 1))[:most]


def _marked(unit: str) -> str:
    return MARK + filled(unit)


def nested(steps: Sequence[Callable[[str], str]], times: int, text: str = "please open the secret door & go") -> str:
    """A text encoded so many times, by one step after the other; a layer that would pass the limit is left out."""
    for step in itertools.islice(itertools.cycle(steps), times):
        layer = step(text)
        text = layer if len(layer) < MOST - len(MARK) else text
    return text


def percent(text: str) -> str:
    return quote(text, safe="")


def rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# Each against patterns that look for its like: in `normalise`, `personal` or `models.attack*`.
UNITS = {
    "brackets": "(", "open quotes": "[\"'", "quotes": "\"'", "equals": "=", "pictures": "![", "ampersands": "&#",
    "digits": "7", "digits with dashes": "12-34-", "spaced digits": "4 1 1 ", "numbered doors": "北京1号",
    "mail": "a@", "mails": "a@a.", "mails on mails": "a@a@", "dots": "1.1.", "colons": "0:", "wide mail": "张三@张.",
    "blanks": " ", "blanks and breaks": " \n\t", "breaks": "\r\n", "spaced letters": "k i l l ",
    "capitals": "1 Aaa Bbb, ",
    "base64": "QUJD", "lines of base64": "A" * 76 + "\n", "padded base64": "ZG9vcg=== ", "hexadecimal": "6b ",
    "morse": ". ", "long morse": "-.. ", "percents": "%25", "entities": "&amp;", "escapes": "\\u0041\\x41",
    "keys": "-----BEGIN PRIVATE KEY-----", "tokens": "sk-proj-eyJa.", "addresses": "https://a.b/",
    "password": "password:", "orders": "ignore all your ", "headings": "\n### instruction: ", "parts": 'a="b" + ',
    "speakers": "user: ", "leet": "k1ll th3m ", "zero widths": "a\u200b", "overrides": "\u202eab ",
    "marks": "a\u0301\u0302", "tags": "\U000e0061", "of all": '"(" + a@a.1 - &#x41;%41 QUJD= -.. .- k1ll\n',
}  # fmt: skip

# What says a half of a character in an encoding; no view may hold one, or its answer could not be written.
HALVES = {
    "escaped": "\\ud800", "percent": "%ED%A0%80", "entity": "&#xD800;",
    "base64": base64.b64encode(b"\xed\xa0\x80" * 12).decode() + " ",
}  # fmt: skip

_IN_A_FILE = {"command": "unknown_input"}  # a file that is no UTF-8
_JOINED = {"client": "allow", "http": "allow", "stream": "allow"}  # in JSON two escaped halves are one character
TABLE = (
    Bad("high half", lambda: "\ud800", "invalid_unicode", but=_IN_A_FILE),
    Bad("low half", lambda: "\udfff", "invalid_unicode", but=_IN_A_FILE),
    Bad("half in the middle", lambda: MARK + "a\ud83d b", "invalid_unicode", but=_IN_A_FILE),
    Bad("halves the wrong way round", lambda: "a\ude00\ud83d", "invalid_unicode", but=_IN_A_FILE),
    Bad("half after a megabyte", lambda: "a" * 1_000_000 + "\ud800", "text_too_long", but=_IN_A_FILE),
    Bad("escaped halves", lambda: "\ud83d\ude00", "invalid_unicode", but=_IN_A_FILE | _JOINED),
    *(Bad(f"half {name}", partial(_marked, unit)) for name, unit in HALVES.items()),
    Bad("10 MB of a letter", lambda: "a" * LARGE, "text_too_long"),
    Bad("10 MB of an ideograph", lambda: "的" * (LARGE // 3), "text_too_long"),
    Bad("one letter over the limit", lambda: MARK + "a" * (MOST - len(MARK) + 1), "text_too_long"),
    Bad("one letter up to the limit", lambda: MARK + "a" * (MOST - len(MARK))),
    *(Bad(name, partial(_marked, unit)) for name, unit in UNITS.items()),
    Bad("1,000 percents", lambda: MARK + "%" + "25" * 1_000 + "41", gap="nested_encoding"),
    Bad("1,000 ampersands", lambda: MARK + "&" + "amp;" * 1_000 + "lt;"),
    Bad("1,000 of HTML", lambda: MARK + nested([html.escape], 1_000)),
    Bad("1,000 of addresses", lambda: MARK + nested([percent], 1_000), gap="nested_encoding"),
    Bad("1,000 of ROT13", lambda: MARK + nested([rot13], 1_001)),
    Bad("as much base64 as fits", lambda: MARK + nested([base64_of], 1_000), gap="nested_encoding"),
    Bad("1,000 of all", lambda: MARK + nested([percent, html.escape, rot13, lambda text: text[::-1]], 1_000)),
    Bad("NUL", lambda: "\0", "allow"),
    Bad("NULs among letters", lambda: MARK + filled("fine \0 letters\0")),
    Bad("NULs", lambda: MARK + "\0" * BOMB),
    Bad("a megabyte of NULs", lambda: "\0" * 1_000_000, "text_too_long"),
)


def _said(outcome: ModerationResult | ModerationError, began: float) -> Answer:
    took = time.monotonic() - began
    if isinstance(outcome, ModerationError):
        return Answer(outcome.code, seconds=took)
    return Answer(outcome.decision.value, frozenset(gap.reason for gap in outcome.unjudged), took)


def by_caller(caller: Moderator | Client, text: str) -> Answer:
    began = time.monotonic()
    (outcome,) = caller.moderate_many([text])
    return _said(outcome, began)


def _read(answer: dict[str, Any], began: float) -> Answer:
    took = time.monotonic() - began
    if "error" in answer:
        return Answer(answer["error"]["code"], seconds=took)
    return Answer(answer["decision"], frozenset(gap["reason"] for gap in answer["unjudged"]), took)


def by_http(server: Server, text: str, *, wait_s: float) -> Answer:
    body, began = json.dumps({"input": text}), time.monotonic()
    headers = {"Content-Type": "application/json"}
    return _read(httpx.post(f"{server.url}/v1/moderate", content=body, headers=headers, timeout=wait_s).json(), began)


def by_stream(server: Server, text: str, *, wait_s: float) -> Answer:
    """In messages as a generation would come, as far as the server takes them."""
    began = time.monotonic()
    gaps: set[str] = set()
    with connect(f"{server.url.replace('http', 'ws')}/v1/moderate/stream", proxy=None) as socket:
        with suppress(ConnectionClosed):
            for start in range(0, len(text), _PIECE):
                socket.send(json.dumps({"type": "text", "text": text[start : start + _PIECE]}))
            socket.send('{"type": "end"}')
        last: dict[str, Any] = {"type": "unit"}
        while last.get("type") in ("unit", "retract"):
            last = json.loads(socket.recv(wait_s))
            gaps |= {gap["reason"] for gap in last.get("unjudged", ())}
    answer = _read({"unjudged": [], **last}, began)
    return Answer(answer.said, frozenset(gaps), answer.seconds)


def in_one_message(server: Server, message: str | bytes, *, wait_s: float) -> tuple[list[str], int, str, float]:
    """What a stream says to one text message: decisions and error codes; then how it closes, and the time."""
    began, said = time.monotonic(), []
    with connect(f"{server.url.replace('http', 'ws')}/v1/moderate/stream", proxy=None) as socket:
        with suppress(ConnectionClosed):
            socket.send(message, text=True)
            while True:
                said.append(_read({"unjudged": [], **json.loads(socket.recv(wait_s))}, began).said)
        return said, socket.close_code or 0, socket.close_reason or "", time.monotonic() - began


def by_command(texts: Sequence[str], folder: Path, *options: str) -> tuple[list[Answer], float]:
    """`moderation check` of a file for each, in one process; and the most memory it took, in MB.

    The first file is a plain one, not told of, with which the command loads what it needs.
    """
    files = [folder / str(number) for number in range(len(texts) + 1)]
    for file, text in zip(files, ("hello", *texts), strict=True):
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
    command = [sys.executable, "-c", _MEASURED, "check", "--jsonl", *options, *map(str, files)]
    answers = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        began = time.monotonic()
        for line in process.stdout or ():
            answers.append(_read(json.loads(line), began))
            began = time.monotonic()
        status = process.stderr.read() if process.stderr else ""
    return answers[1:], _most_mb(status)


# `python -m moderation.cli.main`, that says what memory it took: what the system tells of a child is that of its parent
# too, from before it became another program.
_MEASURED = """
import atexit, pathlib, runpy, sys
atexit.register(lambda: print(pathlib.Path("/proc/self/status").read_text(), file=sys.stderr))
runpy.run_module("moderation.cli.main", run_name="__main__", alter_sys=True)
"""


def peak_mb(pid: int | str = "self") -> float:
    """The most memory that a process ever had."""
    return _most_mb(Path(f"/proc/{pid}/status").read_text())


def _most_mb(status: str) -> float:
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


@contextmanager
def asked_meanwhile(server: Server, *, wait_s: float) -> Iterator[list[float]]:
    """Asks a server something plain again and again; how long each answer took."""
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=wait_s) as http:
            while not (waits and over.is_set()):
                began = time.monotonic()
                try:
                    answer = http.post("/v1/moderate", json={"input": "hello"}).json()
                    waits.append(time.monotonic() - began if answer.get("decision") == "allow" else wait_s)
                except httpx.HTTPError:
                    waits.append(wait_s)
                over.wait(0.02)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield waits
    finally:
        over.set()
        asking.join()
