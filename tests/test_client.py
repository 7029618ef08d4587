"""The four clients where things go wrong: wrong arguments, closing, other loops, servers that answer nonsense."""

from __future__ import annotations

import asyncio
import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from moderation import AsyncModerator, Client, Moderator, Part
from moderation.errors import InvalidRequestError, ModerationError
from moderation.pipelines import assemble as assembling

HATE = "well ⟦hate=0.99⟧"


@pytest.fixture(scope="module")
def moderator() -> Iterator[Moderator]:
    with Moderator(profile="fake") as moderator:
        yield moderator


@pytest.mark.parametrize("judged", [None, 3, b"bytes", {"input": HATE}, {HATE}, iter([HATE])])
def test_what_is_no_content_is_refused(moderator: Moderator, judged: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        moderator.moderate(judged)
    assert (refused.value.code, refused.value.param) == ("invalid_type", "input")


@pytest.mark.parametrize("contents", [None, HATE, {"input": HATE}, Part.from_text(HATE)])
def test_what_is_no_list_of_contents_is_refused(moderator: Moderator, contents: Any) -> None:
    with pytest.raises(InvalidRequestError):
        moderator.moderate_many(contents)


def test_one_wrong_content_has_its_own_error(moderator: Moderator) -> None:
    wrong: Any = 3
    first, second, third = moderator.moderate_many([HATE, wrong, ["a", [HATE]]])  # type: ignore[list-item]
    assert not isinstance(first, ModerationError)
    assert isinstance(second, InvalidRequestError)
    assert isinstance(third, InvalidRequestError)
    assert third.param == "input[1]"


def test_an_unknown_role_is_named(moderator: Moderator) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        moderator.moderate("a", role="boss")
    assert refused.value.param == "role"


def test_settings_and_single_settings_do_not_mix() -> None:
    from moderation import Settings

    with pytest.raises(TypeError):
        Moderator(Settings(profile="fake"), policy="default")


def test_after_closing_it_says_so() -> None:
    moderator = Moderator(profile="fake")
    assert moderator.moderate(HATE).flagged
    moderator.close()
    moderator.close()
    with pytest.raises(ModerationError) as refused:
        moderator.moderate(HATE)
    assert refused.value.code == "closed"


def test_closing_while_it_loads_lets_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assemble = assembling.assemble

    def slow(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.5)
        return assemble(*arguments, **options)

    monkeypatch.setattr(assembling, "assemble", slow)
    moderator, met = Moderator(profile="fake"), []

    def judge() -> None:
        try:
            moderator.moderate(HATE)
        except ModerationError as error:
            met.append(error.code)

    waiting = threading.Thread(target=judge)
    waiting.start()
    time.sleep(0.1)
    moderator.close()
    waiting.join(5)
    assert not waiting.is_alive()
    assert met == ["closed"]


def test_an_asynchronous_moderator_belongs_to_one_loop() -> None:
    moderator = AsyncModerator(profile="fake")

    async def judge() -> bool:
        return (await moderator.moderate(HATE)).flagged

    async def judge_and_close() -> bool:
        flagged = await judge()
        await moderator.close()
        return flagged

    assert asyncio.run(judge_and_close())
    with pytest.raises(ModerationError) as refused:
        asyncio.run(judge())
    assert refused.value.code == "other_event_loop"


@pytest.fixture(params=[b"{}", b"[]", b"null", b'{"results": []}', b"<html>", b'{"results": [{}, {}]}'])
def nonsense(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers 200 with something else than a result."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(request.param)))
            self.end_headers()
            self.wfile.write(request.param)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_answer_that_is_no_result_is_an_error(nonsense: str) -> None:
    with Client(nonsense) as client:
        for judge in (lambda: client.moderate("a"), lambda: client.moderate_many(["a", "b"])):
            with pytest.raises(ModerationError) as refused:
                judge()
            assert refused.value.code == "invalid_response"
        with pytest.raises(ModerationError):
            client.moderate("\ud800")


def test_a_key_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(InvalidRequestError, match="ASCII"):
        Client(api_key="schlüssel-schlüssel")
