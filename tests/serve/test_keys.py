"""Who may ask: loopback without keys, anybody else with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from support.servers import Server, serving

from moderation import Client
from moderation.cli.main import main
from moderation.errors import AuthenticationError, SettingsError
from moderation.serve.keys import ApiKeys, check_binding

KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(f"# the gateway\n{KEY}\nanother-key-for-another-team\n")
    with serving("--profile", "fake", "--host", "0.0.0.0", "--api-key-file", str(file)) as server:
        server.url = server.url.replace("0.0.0.0", "127.0.0.1")
        yield server


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x"])
@pytest.mark.parametrize("path", ["/v1/moderate", "/v1/moderations", "/metrics", "/openapi.json", "/nowhere"])
def test_without_an_accepted_key_nothing_is_answered(server: Server, header: str | None, path: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = httpx.post(f"{server.url}{path}", headers=headers, json={"input": "a"})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "invalid_api_key"
    assert KEY not in response.text


def test_health_is_open(server: Server) -> None:
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert httpx.get(f"{server.url}/readyz").status_code in (200, 503)


def test_with_a_key_the_clients_work(server: Server) -> None:
    with Client(server.url, api_key=KEY) as client:
        assert client.moderate("hello").flagged is False
    with Client(server.url, api_key="wrong") as client, pytest.raises(AuthenticationError):
        client.moderate("hello")
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY) as theirs:
        assert theirs.moderations.create(input="hello").results[0].flagged is False
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong") as theirs,
        pytest.raises(openai.AuthenticationError),
    ):
        theirs.moderations.create(input="hello")


def test_no_key_is_ever_said(server: Server) -> None:
    assert KEY not in "".join(server.said)


def test_another_host_is_refused_without_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--profile", "fake", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "is not loopback; serving it needs `api_key_file`" in capsys.readouterr().err
    with pytest.raises(SettingsError):
        check_binding("192.0.2.1", None)
    check_binding("::1", None)


@pytest.mark.parametrize(
    ("text", "words"), [("", "holds no key"), ("# only\n", "holds no key"), ("short\n", "under 16")]
)
def test_a_bad_key_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        ApiKeys.from_file(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        ApiKeys.from_file(tmp_path / "none")
