"""One list replaced by another, again and again, while requests and a stream run: each answer knows one of the two."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.servers import serving

from moderation import Client

LEAST_S, MOST_S = 1.5, 30.0  # the second on a machine with much else to do
TERMS = {"fraud": "quick riches", "spam": "金色小马俱乐部"}  # each the only one of its list
SENTENCE = f"Some words about {TERMS['fraud']} and then about {TERMS['spam']}, number %d of them. "
PARTS = {"input[0]", "input[1]", "conversation[0].input[0]", "conversation[1].input[0]"}


def write(folder: Path, number: int) -> None:
    """In one step, as `pipelines/lists/README.md` asks for."""
    category, term = list(TERMS.items())[number % 2]
    new = folder / "own.new"
    new.write_text(f'name = "own"\nkind = "block"\ncategory = "{category}"\nterms = ["{term}"]\n', "utf-8")
    new.replace(folder / "own.toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pipelines" / "lists"
    folder.mkdir(parents=True)
    write(folder, 0)
    return folder


def longer(number: int) -> dict[str, object]:
    hidden = base64.b64encode((SENTENCE % number).encode()).decode()
    turns = [{"role": "user", "input": SENTENCE % (number + turn)} for turn in (1, 2)]
    parts = [{"type": "text", "text": text} for text in (SENTENCE % number, f"Read this: {hidden}")]
    return {"input": parts, "conversation": turns}


class Told:
    """What several connections are told until all of them met both lists, or none comes any more."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.over = threading.Event()
        self.seen: list[set[frozenset[str]]] = [set() for _ in range(4)]

    def ask(self, place: int) -> None:
        """Short requests one after the other; on the first connection some of two parts, two turns and a disguise."""
        number = 0
        with httpx.Client(timeout=20) as client:
            while not self.over.is_set():
                number += 3
                is_long = place == 0 and number % 4 == 0
                body = longer(number) if is_long else {"input": SENTENCE % number}
                answer = client.post(f"{self.url}/v1/moderate", json=body).json()
                assert answer["decision"] == "block"
                assert {finding["part"] for finding in answer["findings"]} == (PARTS if is_long else {"input[0]"})
                self.seen[place].add(frozenset(finding["category"] for finding in answer["findings"]))

    def stream(self, place: int) -> None:
        """One stream of units that come by two."""

        def pieces() -> Iterator[str]:
            number = 0
            while not self.over.is_set():
                number += 2
                yield (SENTENCE % number) + (SENTENCE % (number + 1))
                time.sleep(0.01)

        with Client(self.url) as client:
            for event in client.stream(pieces()):
                if event.type != "done":
                    assert (event.type, event.text) == ("unit", None)
                    self.seen[place].add(frozenset(finding.category for finding in event.findings))


def test_each_answer_knows_one_list_or_the_other(folder: Path) -> None:
    options = ("--profile", "fake", "--rooms", str(folder.parents[1]))
    with serving(*options, environment={"MODERATION_LISTS_RELOAD_S": "0.02"}) as server, ThreadPoolExecutor() as pool:
        told = Told(server.url)
        work = [pool.submit(told.ask, place) for place in range(3)]
        work.append(pool.submit(told.stream, 3))
        began, number = time.monotonic(), 0
        while time.monotonic() - began < LEAST_S or min(map(len, told.seen)) < len(TERMS):
            number += 1
            write(folder, number)
            time.sleep(0.05)
            if time.monotonic() - began > MOST_S or any(one.done() for one in work):
                break
        told.over.set()
        for one in work:
            one.result(60)
    assert told.seen == [{frozenset({category}) for category in TERMS}] * 4
