"""A bank of known content and a real server: what is found over HTTP, and a bank that changes while it serves."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from support.hashes import photo, write_bank
from support.media_files import encoded
from support.servers import Server, serving, wait_until

from moderation import Client, Content, Decision, Modality, Part
from moderation.known.signals import Kind
from moderation.models.hashing import pdq


def picture(seed: int, form: str = "PNG", **options: Any) -> bytes:
    return encoded(Image.fromarray(photo(seed)), form, **options)


def banked(folder: Path, *seeds: int) -> None:
    write_bank(folder, [{"id": f"picture {seed}", "hash": pdq(photo(seed)).hex} for seed in seeds], name="own")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("banks")
    banked(folder, 1)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    environment = {"MODERATION_KNOWN_RELOAD_S": "0.05"}
    with serving("--profile", "fake", "--banks", str(folder), environment=environment) as server:
        yield server


def judge(server: Server, data: bytes) -> dict[str, Any]:
    part = {"type": "image", "data": base64.b64encode(data).decode()}
    response = httpx.post(f"{server.url}/v1/moderate", json={"input": [part]}, timeout=30)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def metrics(server: Server) -> list[str]:
    return httpx.get(f"{server.url}/metrics").text.splitlines()


def test_a_picture_of_the_bank_saved_again_is_found(server: Server) -> None:
    small = Image.fromarray(photo(1)).resize((200, 150))
    answer = judge(server, encoded(small, "JPEG", quality=60))
    (finding,) = answer["findings"]
    known = finding["evidence"]["known"]
    assert (answer["decision"], finding["category"], finding["classifier"]) == ("block", "known_content", "bank:own")
    assert set(known) == {"bank", "entry", "kind", "distance"}, "names and a number, nothing that shows anything"
    assert (known["bank"], known["entry"], known["kind"]) == ("own", "picture 1", "pdq")
    assert 0 <= known["distance"] <= 31
    assert 'moderation_known_matches_total{bank="own"} 1.0' in metrics(server)


def test_another_picture_is_not(server: Server) -> None:
    answer = judge(server, picture(2))
    assert (answer["decision"], answer["findings"], answer["category_scores"]["known_content"]) == ("allow", [], 0.0)


def test_nothing_to_see_is_not_looked_up(server: Server) -> None:
    answer = judge(server, encoded(Image.fromarray(np.zeros((64, 64, 3), np.uint8)), "PNG"))
    assert (answer["decision"], answer["unjudged"], "known_content" in answer["uncovered"]) == ("allow", [], True)


def test_the_client_is_told_the_same(server: Server) -> None:
    with Client(server.url) as client:
        result = client.moderate(Content((Part.from_bytes(Modality.IMAGE, picture(1)),)))
    known = result.findings[0].evidence.known
    assert known is not None
    assert (result.decision, known.bank, known.entry, known.kind, known.distance) == (
        Decision.BLOCK,
        "own",
        "picture 1",
        Kind.PDQ,
        0,
    )


def test_a_bank_that_changes_is_taken_over_and_a_wrong_one_is_not(server: Server, folder: Path) -> None:
    def state() -> dict[str, Any]:
        response = httpx.get(f"{server.url}/readyz")
        assert response.status_code == 200
        banks: dict[str, Any] = response.json()["banks"]
        return banks

    first = state()
    assert (first["count"], first["entries"], set(first)) == (1, 1, {"count", "entries", "revision"})
    assert {'moderation_bank_entries{bank="own"} 1.0', "moderation_banks_outdated 0.0"} <= set(metrics(server))
    banked(folder, 2, 3)
    wait_until(lambda: state()["entries"] == 2)
    assert (judge(server, picture(1))["decision"], judge(server, picture(2))["decision"]) == ("allow", "block")
    (folder / "own.jsonl").write_text('{"hash": "0"}\n')
    wait_until(lambda: "problem" in state())
    assert state() | {"problem": "invalid_bank", "entries": 2} == state()
    assert "moderation_banks_outdated 1.0" in metrics(server)
    assert judge(server, picture(2))["decision"] == "block", "the bank of before stays"
    assert any("the banks stay as they were" in line for line in server.said)
    banked(folder, 1)
    wait_until(lambda: "problem" not in state() and state()["entries"] == 1)
    assert judge(server, picture(1))["decision"] == "block"
