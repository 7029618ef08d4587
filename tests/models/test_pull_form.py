"""What no hash vouches for has the form of the file, or is not trusted; a change names its entry; no token is shown."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hubs import CONFIG, WEIGHTS, FakeHub, serving_hub
from support.packages import sha256

from moderation.errors import ConfigurationError, ModerationError, WeightsMismatchError, WeightsMissingError
from moderation.models.lock import LOCK_NAME, read_lock
from moderation.models.pull import Hub, pull
from moderation.models.pulled_form import fault_of
from moderation.models.spec import HubSource, Kind, ModelSpec, WeightFile
from moderation.models.store import ModelStore
from moderation.schema import Modality

PLACE = "/own/tiny/resolve/main/"
LOGIN = b"<!DOCTYPE html>\n<html><body>log in</body></html>"


def spec_of(name: str, data: bytes | None = None) -> ModelSpec:
    return ModelSpec(
        key="tiny-guard.v1",
        builder="x:build",
        kind=Kind.CLASSIFIER,
        modality=Modality.TEXT,
        licence="MIT",
        categories=("hate",),
        files=(WeightFile(name, sha256(data) if data is not None else "", hub=HubSource("own/tiny", "main", name)),),
    )


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving_hub() as fake:
        yield fake


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home")


def nothing_is_kept(store: ModelStore) -> bool:
    left = [path for path in store.home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return read_lock(store.home) == {} and not left


def headed(header: bytes, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


ONE = b'{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'
WRONG = [
    ("model.safetensors", b"", "is empty"),
    ("model.safetensors", LOGIN, "is no whole safetensors file"),
    ("model.safetensors", gzip.compress(WEIGHTS), "is no whole safetensors file"),
    ("model.safetensors", WEIGHTS[:-1], "is no whole safetensors file"),
    ("model.safetensors", WEIGHTS + b" ", "is no whole safetensors file"),
    ("model.safetensors", headed(b"{}", b""), "holds no tensor"),
    ("model.safetensors", headed(ONE, b"abc"), "is no whole safetensors file"),
    ("model.safetensors", struct.pack("<Q", 1 << 62) + b"{}", "is no whole safetensors file"),
    ("config.json", b"", "is empty"),
    ("config.json", b" \n", "is empty"),
    ("config.json", LOGIN, "is an HTML page"),
    ("config.json", CONFIG[:-1], "is no JSON"),
    ("config.json", b'"Unauthorized"', "is no JSON object or list"),
    ("config.json", gzip.compress(CONFIG), "is no text in UTF-8"),
    ("config.json", b"[" * 100_000, "is no JSON"),
    ("config.json", b'{"a": 1' + b"0" * 5_000 + b"}", "is no JSON"),
    ("chat_template.jinja", b"", "is empty"),
    ("chat_template.jinja", b" \n<HTML>", "is an HTML page"),
    ("merges.txt", gzip.compress(b"a b"), "is no text in UTF-8"),
    ("merges.txt", b"a\0b", "is no text in UTF-8"),
]


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong[0]}-{wrong[2]}")
def test_what_cannot_be_the_file_is_not_trusted(
    hub: FakeHub, store: ModelStore, tmp_path: Path, wrong: tuple[str, bytes, str], *, local: bool
) -> None:
    name, data, fault = wrong
    hub.files[PLACE + name] = data
    (tmp_path / name).write_bytes(data)
    source = Hub(folder=tmp_path) if local else Hub(hub.url)
    with pytest.raises(WeightsMissingError, match=fault) as raised:
        pull(spec_of(name), store, hub=source, trust_first_use=True)
    assert "nothing was recorded" in raised.value.message
    assert source.place(HubSource("own/tiny", "main", name)) in raised.value.message
    assert nothing_is_kept(store)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.safetensors", headed(b'{"__metadata__":{"format":"pt"},' + ONE[1:], b"abcd")),
        ("config.json", b"[]"),
        ("config.json", b' {"eps": Infinity}\n'),
        ("chat_template.jinja", "{{ '<html>' }}祝".encode()),
        ("merges.txt", b"#version: 0.2\na b\n"),
    ],
)
def test_what_can_be_the_file_is_trusted(hub: FakeHub, store: ModelStore, name: str, data: bytes) -> None:
    hub.files[PLACE + name] = data
    pull(spec_of(name), store, hub=Hub(hub.url), trust_first_use=True)
    assert read_lock(store.home) == {f"own/tiny@main/{name}": sha256(data)}


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), suffix=st.sampled_from([".safetensors", ".json", ".jinja", ".txt"]))
def test_no_bytes_break_the_look_at_a_form(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / "form"
    path.write_bytes(data)
    assert isinstance(fault_of(path, f"a{suffix}"), str)


@pytest.mark.parametrize("trust", [False, True])
def test_a_compressed_answer_is_refused(hub: FakeHub, store: ModelStore, *, trust: bool) -> None:
    hub.files[PLACE + "config.json"] = gzip.compress(CONFIG)
    hub.headers["Content-Encoding"] = "gzip"
    spec = spec_of("config.json", None if trust else CONFIG)
    with pytest.raises(WeightsMissingError, match="compressed as gzip"):
        pull(spec, store, hub=Hub(hub.url), trust_first_use=trust)
    assert nothing_is_kept(store)
    hub.files[PLACE + "config.json"] = CONFIG
    hub.headers["Content-Encoding"] = "Identity"
    pull(spec, store, hub=Hub(hub.url), trust_first_use=trust)


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_a_page_is_no_file_whatever_is_in_it(hub: FakeHub, store: ModelStore, kind: str) -> None:
    hub.headers["Content-Type"] = kind
    with pytest.raises(WeightsMissingError, match="a web page"):
        pull(spec_of("config.json"), store, hub=Hub(hub.url), trust_first_use=True)
    assert nothing_is_kept(store)
    pull(spec_of("config.json", CONFIG), store, hub=Hub(hub.url))  # where the hash is known, it decides


def test_the_right_file_is_taken_after_a_wrong_one_was_refused(hub: FakeHub, store: ModelStore) -> None:
    hub.files[PLACE + "model.safetensors"] = LOGIN
    spec = spec_of("model.safetensors")
    with pytest.raises(WeightsMissingError):
        pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    hub.files[PLACE + "model.safetensors"] = WEIGHTS
    pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    assert store.prepare(spec)["model.safetensors"].read_bytes() == WEIGHTS


def test_a_differing_file_names_the_entry_to_take_out_and_taking_it_out_helps(hub: FakeHub, store: ModelStore) -> None:
    spec = spec_of("config.json")
    trusted = pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    hub.files[PLACE + "config.json"] = b"{}"
    store.pulled(HubSource("own/tiny", "main", "config.json")).unlink()
    lock = store.home / LOCK_NAME
    for known in (spec, trusted):  # a registry gives the spec with the hashes of the lock in it
        with pytest.raises(WeightsMismatchError) as raised:
            pull(known, store, hub=Hub(hub.url), trust_first_use=True)
        assert f"take the entry `own/tiny@main/config.json` out of {lock}" in raised.value.message
        assert "moderation models pull tiny-guard.v1 --trust-first-use" in raised.value.message
    lock.write_text(lock.read_text().replace(f' "own/tiny@main/config.json": "{sha256(CONFIG)}"\n', ""))
    assert read_lock(store.home) == {}
    pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    assert store.prepare(spec)["config.json"].read_bytes() == b"{}"


def test_a_file_that_differs_from_model_toml_names_that(hub: FakeHub, store: ModelStore, tmp_path: Path) -> None:
    hub.files[PLACE + "config.json"] = LOGIN
    spec = replace(spec_of("config.json", CONFIG), room=tmp_path / "models" / "tiny")
    with pytest.raises(WeightsMismatchError) as raised:
        pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    assert f"its sha256 in {tmp_path / 'models' / 'tiny' / 'model.toml'}" in raised.value.message
    assert LOCK_NAME not in raised.value.message
    assert "it is an HTML page" in raised.value.message


# ---- a token

BAD_TOKENS = ["", " ", "abc\nX-Evil: 1", "abc\r\n", "a b", "tökén", "a\0b", "a\x7f"]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_a_token_that_is_none_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigurationError, match="token") as raised:
        Hub("http://127.0.0.1:9", token=token)
    assert not token.strip() or token not in raised.value.message


def test_a_token_is_in_no_message(hub: FakeHub, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Hub(hub.url, token="s3cret")
    assert "s3cret" not in repr(source)
    path = PLACE + "config.json"
    for target in ("http://s3cret.example/", "s3cret://a", "http://[::s3cret"):  # a hub has seen it, and may say it
        hub.redirects[path] = target
        with pytest.raises(ModerationError) as raised:
            pull(spec_of("config.json"), store, hub=source, trust_first_use=True)
        assert "s3cret" not in raised.value.message
        assert raised.value.__cause__ is None or "s3cret" not in str(raised.value.__cause__)


@pytest.mark.parametrize("endpoint", ["http://:s3cret@127.0.0.1:9", "http://s3cret@127.0.0.1:9", "http://h/#s3cret"])
def test_an_endpoint_with_a_secret_in_it_is_refused_and_not_shown(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint") as raised:
        Hub(endpoint)
    assert "s3cret" not in raised.value.message
