"""Pulling against a hub on the loopback: hashes, trust at first use, broken transfers, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.hubs import CONFIG, WEIGHTS, FakeHub, serving_hub
from support.packages import sha256

from moderation.errors import (
    ConfigurationError,
    StoreError,
    WeightsError,
    WeightsMismatchError,
    WeightsMissingError,
)
from moderation.models.lock import LOCK_NAME, read_lock
from moderation.models.pull import Hub, _allowed, pull
from moderation.models.registry import Registry
from moderation.models.spec import HubSource, Kind, ModelSpec, WeightFile
from moderation.models.store import FileState, ModelStore
from moderation.schema import Modality


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving_hub() as fake:
        yield fake


def spec_of(*, pinned: bool = True, folder: bool = False, optional: bool = False) -> ModelSpec:
    def file(path: str, data: bytes) -> WeightFile:
        source = HubSource("own/tiny", "main", path, optional=optional)
        return WeightFile(path, sha256(data) if pinned else "", hub=source)

    return ModelSpec(
        key="tiny-guard.v1",
        builder="x:build",
        kind=Kind.CLASSIFIER,
        modality=Modality.TEXT,
        licence="MIT",
        categories=("hate",),
        folder=folder,
        files=(file("model.safetensors", WEIGHTS), file("config.json", CONFIG)),
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home")


def leftovers(store: ModelStore) -> list[str]:
    return [path.name for path in store.home.rglob("*.part")]


def test_pinned_files_are_pulled_checked_and_loaded_without_the_hub(hub: FakeHub, store: ModelStore) -> None:
    spec = spec_of(folder=True)
    said: list[str] = []
    pull(spec, store, hub=Hub(hub.url), report=said.append)
    asked = len(hub.asked)
    files = store.prepare(spec)
    assert {name: path.read_bytes() for name, path in files.items()} == {
        "model.safetensors": WEIGHTS,
        "config.json": CONFIG,
    }
    assert len({path.parent for path in files.values()}) == 1
    assert len(hub.asked) == asked == 2
    assert not (store.home / LOCK_NAME).exists()
    assert not leftovers(store)
    pull(spec, store, hub=Hub(hub.url), report=said.append)
    assert len(hub.asked) == asked, "what is at hand is not pulled again"
    assert said[-1] == "config.json: at hand"


def test_what_was_not_pulled_names_the_command(store: ModelStore) -> None:
    with pytest.raises(WeightsMissingError, match=r"moderation models pull tiny-guard\.v1\. Not covered .* hate"):
        store.prepare(spec_of())
    with pytest.raises(WeightsMissingError, match=r"pull tiny-guard\.v1 --trust-first-use"):
        store.prepare(spec_of(pinned=False))
    assert {report.state for report in store.status(spec_of(pinned=False))} == {FileState.MISSING}
    assert not store.home.exists()


def test_another_hash_than_the_pinned_one_is_not_kept(hub: FakeHub, store: ModelStore) -> None:
    hub.files["/own/tiny/resolve/main/model.safetensors"] = WEIGHTS[::-1]
    with pytest.raises(WeightsMismatchError, match="is known"):
        pull(spec_of(), store, hub=Hub(hub.url))
    assert not store.pulled(HubSource("own/tiny", "main", "model.safetensors")).exists()
    assert not leftovers(store)


def test_a_file_without_a_hash_is_refused_unless_trusted(hub: FakeHub, store: ModelStore) -> None:
    with pytest.raises(ConfigurationError, match="--trust-first-use"):
        pull(spec_of(pinned=False), store, hub=Hub(hub.url))
    assert hub.asked == []


def test_what_was_trusted_once_may_not_change(hub: FakeHub, store: ModelStore) -> None:
    spec = spec_of(pinned=False)
    pinned = pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    assert read_lock(store.home) == {
        "own/tiny@main/model.safetensors": sha256(WEIGHTS),
        "own/tiny@main/config.json": sha256(CONFIG),
    }
    assert pinned.revision == spec_of().revision != spec.revision
    assert set(store.prepare(spec)) == {"model.safetensors", "config.json"}
    hub.files["/own/tiny/resolve/main/config.json"] = b"{}"
    path = store.pulled(HubSource("own/tiny", "main", "config.json"))
    path.unlink()
    for trust in (False, True):
        with pytest.raises(WeightsMismatchError, match=r"models\.lock"):
            pull(spec, store, hub=Hub(hub.url), trust_first_use=trust)
    assert not path.exists()


@pytest.mark.parametrize("folder", [False, True])
def test_a_pulled_file_that_was_changed_on_disk_is_refused(hub: FakeHub, store: ModelStore, *, folder: bool) -> None:
    spec = spec_of(pinned=False, folder=folder)
    pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    store.pulled(HubSource("own/tiny", "main", "config.json")).write_bytes(b"{}")
    with pytest.raises(WeightsMismatchError, match="it is not loaded"):
        store.prepare(spec)
    assert not folder or {report.state for report in store.verify(spec)} >= {FileState.NOT_PREPARED}


def test_the_registry_knows_the_trusted_hashes(hub: FakeHub, store: ModelStore, tmp_path: Path) -> None:
    room = tmp_path / "models" / "tiny"
    room.mkdir(parents=True)
    (room / "model.toml").write_text(
        'key = "tiny-guard.v1"\nbuilder = "x:build"\nkind = "classifier"\nmodality = "text"\nlicence = "MIT"\n'
        'categories = ["hate"]\n[[file]]\nname = "config.json"\n'
        'hub = { repo = "own/tiny", revision = "main", path = "config.json" }\n'
    )
    before = Registry([room.parent], entry_points=False, home=store.home).spec("tiny-guard.v1")
    pull(before, store, hub=Hub(hub.url), trust_first_use=True)
    after = Registry([room.parent], entry_points=False, home=store.home).spec("tiny-guard.v1")
    assert before.files[0].sha256 == ""
    assert after.files[0].sha256 == sha256(CONFIG)
    assert after.revision != before.revision


def test_a_transfer_that_breaks_off_is_resumed(hub: FakeHub, store: ModelStore) -> None:
    hub.cut_at = 1_000
    with pytest.raises(WeightsMissingError, match="to its end"):
        pull(spec_of(), store, hub=Hub(hub.url))
    assert leftovers(store) == ["model.safetensors.part"]
    hub.cut_at = None
    pull(spec_of(), store, hub=Hub(hub.url))
    assert hub.asked[1][1] == "bytes=1000-"
    assert store.prepare(spec_of())["model.safetensors"].read_bytes() == WEIGHTS
    assert not leftovers(store)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("left", [b"something else", WEIGHTS + b"more"])
def test_a_wrong_half_is_thrown_away(hub: FakeHub, store: ModelStore, left: bytes, *, ranges: bool) -> None:
    hub.ranges = ranges
    partial = store.pulled(HubSource("own/tiny", "main", "model.safetensors.part"))
    partial.parent.mkdir(parents=True)
    partial.write_bytes(left)
    pull(spec_of(), store, hub=Hub(hub.url))
    assert store.prepare(spec_of())["model.safetensors"].read_bytes() == WEIGHTS


def test_a_whole_half_is_not_pulled_again(hub: FakeHub, store: ModelStore) -> None:
    partial = store.pulled(HubSource("own/tiny", "main", "model.safetensors.part"))
    partial.parent.mkdir(parents=True)
    partial.write_bytes(WEIGHTS)
    pull(spec_of(), store, hub=Hub(hub.url))
    assert [asked for path, asked, _ in hub.asked if path.endswith("safetensors")] == [f"bytes={len(WEIGHTS)}-"]
    assert store.prepare(spec_of())["model.safetensors"].read_bytes() == WEIGHTS
    assert not leftovers(store)


def test_an_unknown_half_is_never_trusted(hub: FakeHub, store: ModelStore) -> None:
    partial = store.pulled(HubSource("own/tiny", "main", "model.safetensors.part"))
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"planted")
    pull(spec_of(pinned=False), store, hub=Hub(hub.url), trust_first_use=True)
    assert read_lock(store.home)["own/tiny@main/model.safetensors"] == sha256(WEIGHTS)


def test_a_truncated_body_is_not_trusted(hub: FakeHub, store: ModelStore) -> None:
    hub.cut_at = 100
    with pytest.raises(WeightsMissingError):
        pull(spec_of(pinned=False), store, hub=Hub(hub.url), trust_first_use=True)
    assert read_lock(store.home) == {}


@pytest.mark.parametrize("cut_at", [None, 100])
def test_a_body_whose_end_nothing_shows_is_not_trusted(hub: FakeHub, store: ModelStore, cut_at: int | None) -> None:
    hub.sized, hub.cut_at = False, cut_at
    with pytest.raises(WeightsMissingError, match="does not say how long it is"):
        pull(spec_of(pinned=False), store, hub=Hub(hub.url), trust_first_use=True)
    assert read_lock(store.home) == {}
    hub.cut_at = None
    pull(spec_of(), store, hub=Hub(hub.url))  # where the hash is known, it shows
    assert store.prepare(spec_of())["model.safetensors"].read_bytes() == WEIGHTS


def test_a_chunked_body_shows_its_end(hub: FakeHub, store: ModelStore) -> None:
    hub.chunked = True
    pull(spec_of(pinned=False), store, hub=Hub(hub.url), trust_first_use=True)
    assert read_lock(store.home)["own/tiny@main/model.safetensors"] == sha256(WEIGHTS)


def test_a_transfer_that_only_drips_is_given_up_and_resumed(
    hub: FakeHub, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.models.pull._PACE_S", 0.2)
    hub.drip_s = 0.02
    began = time.monotonic()
    with pytest.raises(WeightsMissingError, match="too slowly"):
        pull(spec_of(), store, hub=Hub(hub.url))
    assert time.monotonic() - began < 30, "all of it would take over three minutes"
    assert leftovers(store) == ["model.safetensors.part"]
    hub.drip_s = 0.0
    pull(spec_of(), store, hub=Hub(hub.url))
    assert hub.asked[1][1] is not None, "the half that came is kept"


def test_a_file_the_hub_lacks_is_named(hub: FakeHub, store: ModelStore) -> None:
    del hub.files["/own/tiny/resolve/main/config.json"]
    with pytest.raises(WeightsMissingError, match=r"config\.json: HTTP 404, there is no such file.*hate"):
        pull(spec_of(), store, hub=Hub(hub.url))


def test_an_optional_file_the_hub_lacks_is_left_out(hub: FakeHub, store: ModelStore) -> None:
    del hub.files["/own/tiny/resolve/main/config.json"]
    spec = spec_of(pinned=False, optional=True)
    pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    assert set(store.prepare(spec)) == {"model.safetensors"}
    asked = len(hub.asked)
    pull(spec, store, hub=Hub(hub.url))
    assert len(hub.asked) == asked


@pytest.mark.parametrize("local", [True, False])
def test_an_optional_file_that_was_there_once_is_missed(
    hub: FakeHub, store: ModelStore, tmp_path: Path, *, local: bool
) -> None:
    spec = spec_of(pinned=False, optional=True)
    pull(spec, store, hub=Hub(hub.url), trust_first_use=True)
    store.pulled(HubSource("own/tiny", "main", "config.json")).unlink()
    del hub.files["/own/tiny/resolve/main/config.json"]
    with pytest.raises(WeightsMissingError, match=r"config\.json.*(no such file|is missing)"):
        pull(spec, store, hub=Hub(folder=tmp_path) if local else Hub(hub.url))
    assert read_lock(store.home)["own/tiny@main/config.json"] == sha256(CONFIG)


def test_a_hash_of_an_optional_file_is_never_noted_as_absent(hub: FakeHub, store: ModelStore) -> None:
    del hub.files["/own/tiny/resolve/main/config.json"]
    with pytest.raises(WeightsMissingError, match=r"config\.json: HTTP 404"):
        pull(spec_of(optional=True), store, hub=Hub(hub.url))
    assert read_lock(store.home) == {}


def test_a_redirect_on_the_same_host_is_followed_and_another_is_refused(hub: FakeHub, store: ModelStore) -> None:
    hub.files["/storage/abc"] = WEIGHTS
    hub.redirects["/own/tiny/resolve/main/model.safetensors"] = "/storage/abc"
    pull(spec_of(), store, hub=Hub(hub.url, token="t0ken"))
    assert hub.asked[1] == ("/storage/abc", None, "Bearer t0ken")
    with serving_hub() as other:
        hub.redirects["/own/tiny/resolve/main/config.json"] = f"{other.url}/own/tiny/resolve/main/config.json"
        store.pulled(HubSource("own/tiny", "main", "config.json")).unlink()
        with pytest.raises(WeightsMissingError, match="not the endpoint"):
            pull(spec_of(), store, hub=Hub(hub.url, token="t0ken"))
        assert other.asked == []


@pytest.mark.parametrize(
    ("target", "good"),
    [
        ("https://huggingface.co/api/x", True),
        ("https://cdn-lfs.hf.co/x", True),
        ("https://cas-bridge.xethub.hf.co/x", True),
        ("http://cdn-lfs.hf.co/x", False),
        ("https://hf.co.example.org/x", False),
        ("https://evilhf.co/x", False),
        ("http://huggingface.co/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_the_public_hub_may_send_to_its_own_storage_alone(target: str, *, good: bool) -> None:
    import httpx

    assert _allowed(httpx.URL(target), httpx.URL("https://huggingface.co")) is good


def test_redirects_end(hub: FakeHub, store: ModelStore) -> None:
    path = "/own/tiny/resolve/main/model.safetensors"
    hub.redirects[path] = path
    with pytest.raises(WeightsMissingError, match="without end"):
        pull(spec_of(), store, hub=Hub(hub.url))
    assert len(hub.asked) == 6


@pytest.mark.parametrize("sized", [True, False])
def test_what_is_too_large_is_refused_before_or_while_it_comes(hub: FakeHub, store: ModelStore, *, sized: bool) -> None:
    hub.sized = sized
    with pytest.raises(StoreError, match="larger than the limit of 100 bytes"):
        pull(spec_of(), store, hub=Hub(hub.url), max_weight_bytes=100)
    left = [path.stat().st_size for path in store.home.rglob("*.part")]
    assert left == ([] if sized else [0])


def test_a_token_is_not_carried_to_another_host(
    hub: FakeHub, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.models.pull._allowed", lambda *_: True)
    with serving_hub() as other:
        path = "/own/tiny/resolve/main/config.json"
        hub.redirects[path] = other.url + path
        pull(spec_of(), store, hub=Hub(hub.url, token="t0ken"))
        assert {token for _, _, token in hub.asked} == {"Bearer t0ken"}
        assert other.asked == [(path, None, None)]


def test_a_home_that_cannot_be_written_is_named(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="MODERATION_HOME"):
        pull(spec_of(), ModelStore(tmp_path / "file"), hub=Hub(hub.url))


def test_a_disk_without_room_is_found_before_the_transfer(
    hub: FakeHub, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(StoreError, match="disk is full"):
        pull(spec_of(), store, hub=Hub(hub.url))


def test_a_hub_that_is_not_there_is_named(store: ModelStore) -> None:
    with pytest.raises(WeightsMissingError, match="could not be pulled"):
        pull(spec_of(), store, hub=Hub("http://127.0.0.1:9"))


@pytest.mark.parametrize("endpoint", ["ftp://hub", "hub", "file:///tmp", "http://user@hub"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint"):
        Hub(endpoint)


def test_a_local_folder_stands_in_for_a_hub(store: ModelStore, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    with pytest.raises(WeightsMissingError, match=r"config\.json is missing"):
        pull(spec_of(), store, hub=Hub(folder=folder))
    (folder / "config.json").write_bytes(CONFIG)
    pull(spec_of(pinned=False), store, hub=Hub(folder=folder), trust_first_use=True)
    assert store.prepare(spec_of())["config.json"].read_bytes() == CONFIG
    (folder / "config.json").write_bytes(b"{}")
    with pytest.raises(WeightsMismatchError):
        pull(replace(spec_of(), files=spec_of().files[::-1]), ModelStore(tmp_path / "h2"), hub=Hub(folder=folder))


@pytest.mark.parametrize("text", ["{", "[]", '{"a": "b"}', '{"a": 1}', "[" * 100_000])
def test_a_broken_lock_is_no_empty_lock(store: ModelStore, text: str) -> None:
    store.home.mkdir()
    (store.home / LOCK_NAME).write_text(text)
    with pytest.raises(ConfigurationError, match=r"models\.lock"):
        store.prepare(spec_of(pinned=False))


def test_all_errors_are_ours(hub: FakeHub, store: ModelStore) -> None:
    hub.redirects["/own/tiny/resolve/main/model.safetensors"] = "http://[::"
    with pytest.raises(WeightsError):
        pull(spec_of(), store, hub=Hub(hub.url))
