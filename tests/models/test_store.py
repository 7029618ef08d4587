"""The model store against what disks, packages and other processes do to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.packages import install, sha256

from moderation.errors import StoreError, WeightsMismatchError, WeightsMissingError
from moderation.models.spec import ConvertedFile, Kind, ModelSpec, PackagePart, WeightFile
from moderation.models.store import FileState, ModelStore
from moderation.schema import Modality

WHOLE = b"whole" * 1_000
PARTS = (b"first half, ", b"second half")
CONVERTER = "tests_converter:convert"
CONVERTER_SOURCE = """
import os, time
def convert(sources, target):
    with open(os.environ.get("CONVERT_LOG", os.devnull), "a") as log:
        log.write("converting\\n")
    target.write_bytes(b"half")
    time.sleep(float(os.environ.get("CONVERT_SLEEP_S", "0")))
    target.write_bytes(b"converted:" + sources["whole.bin"].read_bytes()[:5])
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    install(site, "whole-weights", {"whole.bin": WHOLE})
    install(site, "half-weights-one", {"data.part1": PARTS[0]})
    install(site, "half-weights-two", {"data.part2": PARTS[1]})
    (site / "tests_converter.py").write_text(CONVERTER_SOURCE)
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    room = tmp_path / "room"
    room.mkdir()
    (room / "head.bin").write_bytes(b"head")
    return ModelSpec(
        key="tried.v1",
        builder="x:build",
        kind=Kind.CLASSIFIER,
        modality=Modality.TEXT,
        licence="MIT",
        categories=("hate",),
        files=(
            WeightFile("whole.bin", sha256(WHOLE), (PackagePart("whole-weights", "whole_weights/whole.bin"),)),
            WeightFile(
                "joined.bin",
                sha256(b"".join(PARTS)),
                (
                    PackagePart("half-weights-one", "half_weights_one/data.part1"),
                    PackagePart("half-weights-two", "half_weights_two/data.part2"),
                ),
            ),
            WeightFile("head.bin", sha256(b"head")),
        ),
        converted=(ConvertedFile("made.bin", ("whole.bin",), CONVERTER, 1),),
        room=room,
    )


def contents(files: Mapping[str, Path]) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in files.items()}


EXPECTED = {
    "whole.bin": WHOLE,
    "joined.bin": b"".join(PARTS),
    "head.bin": b"head",
    "made.bin": b"converted:whole",
}


def test_every_file_is_found_joined_or_converted(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    home = tmp_path / "home"
    files = ModelStore(home).prepare(spec)
    assert contents(files) == EXPECTED
    assert files["whole.bin"] == site / "whole_weights" / "whole.bin"
    folder = home / "room" / spec.revision
    assert sorted(path.name for path in folder.iterdir()) == ["joined.bin", "made.bin", "manifest.json"]
    assert json.loads((folder / "manifest.json").read_text()) == {
        name: sha256(EXPECTED[name]) for name in ("joined.bin", "made.bin")
    }


def test_what_was_made_is_made_once(
    tmp_path: Path, site: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("CONVERT_LOG", str(log))
    for _ in range(2):
        assert contents(ModelStore(tmp_path / "home").prepare(spec)) == EXPECTED
    assert log.read_text() == "converting\n"


def test_a_model_without_files_writes_nothing(tmp_path: Path, spec: ModelSpec) -> None:
    assert ModelStore(tmp_path / "home").prepare(replace(spec, files=(), converted=())) == {}
    assert not (tmp_path / "home").exists()


def test_a_folder_model_has_all_files_in_one_folder(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    files = ModelStore(tmp_path / "home").prepare(replace(spec, folder=True))
    assert contents(files) == EXPECTED
    assert len({path.parent for path in files.values()}) == 1
    assert (site / "whole_weights" / "whole.bin").stat().st_ino == files["whole.bin"].stat().st_ino


def test_a_folder_model_is_copied_where_links_do_not_work(
    tmp_path: Path, site: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert contents(ModelStore(tmp_path / "home").prepare(replace(spec, folder=True))) == EXPECTED


@pytest.mark.parametrize("name", ["whole.bin", "joined.bin", "head.bin"])
def test_a_changed_source_is_refused(tmp_path: Path, site: Path, spec: ModelSpec, name: str) -> None:
    path = {
        "whole.bin": site / "whole_weights" / "whole.bin",
        "joined.bin": site / "half_weights_two" / "data.part2",
        "head.bin": tmp_path / "room" / "head.bin",
    }[name]
    path.write_bytes(b"other")
    store = ModelStore(tmp_path / "home")
    with pytest.raises(WeightsMismatchError, match="is pinned"):
        store.prepare(spec)
    assert not (store.folder(spec) / name).exists()
    assert not list((tmp_path / "home").rglob("*.part"))


@pytest.mark.parametrize("name", ["joined.bin", "made.bin"])
def test_a_file_changed_in_the_store_is_refused(tmp_path: Path, site: Path, spec: ModelSpec, name: str) -> None:
    store = ModelStore(tmp_path / "home")
    store.prepare(spec)[name].write_bytes(b"other")
    with pytest.raises(WeightsMismatchError, match="remove"):
        store.prepare(spec)
    states = {report.name: report.state for report in store.verify(spec)}
    assert states.pop(name) is FileState.MISMATCH
    assert set(states.values()) == {FileState.OK}


def test_a_missing_package_is_named_with_what_is_not_covered(tmp_path: Path, spec: ModelSpec) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        ModelStore(tmp_path / "home").prepare(spec)
    assert "pip install whole-weights" in caught.value.message
    assert "Not covered without it: hate" in caught.value.message


def test_a_file_missing_from_its_package_is_named(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    (site / "half_weights_two" / "data.part2").unlink()
    with pytest.raises(WeightsMissingError, match=r"package half-weights-two .* holds no .*data\.part2"):
        ModelStore(tmp_path / "home").prepare(spec)


def test_reports_before_and_after(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    store = ModelStore(tmp_path / "home")
    before = {report.name: report.state for report in store.status(spec)}
    assert before == {
        "whole.bin": FileState.PRESENT,
        "joined.bin": FileState.NOT_PREPARED,
        "head.bin": FileState.PRESENT,
        "made.bin": FileState.NOT_PREPARED,
    }
    assert not (tmp_path / "home").exists()
    store.prepare(spec)
    assert {report.state for report in store.status(spec)} == {FileState.PRESENT}
    assert {report.state for report in store.verify(spec)} == {FileState.OK}


def test_a_report_says_what_is_missing(tmp_path: Path, spec: ModelSpec) -> None:
    reports = {report.name: report for report in ModelStore(tmp_path / "home").verify(spec)}
    assert reports["whole.bin"].state is FileState.MISSING
    assert "pip install whole-weights" in reports["whole.bin"].problem


@pytest.mark.parametrize("home", ["file/below", "/proc/moderation"])
def test_a_home_that_cannot_be_written_is_named_with_the_setting(
    tmp_path: Path, site: Path, spec: ModelSpec, home: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        ModelStore(tmp_path / home).prepare(spec)
    assert home in caught.value.message
    assert "MODERATION_HOME" in caught.value.message


def test_a_disk_without_room_is_found_before_work_begins(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    (converted,) = spec.converted
    spec = replace(spec, converted=(replace(converted, size_bytes=1 << 60),))
    with pytest.raises(StoreError) as caught:
        ModelStore(tmp_path / "home").prepare(spec)
    assert f"{1 << 60:,} bytes" in caught.value.message
    assert "MODERATION_HOME" in caught.value.message
    assert "disk is full" in caught.value.message


CHILD = """
    import resource, sys
    from pathlib import Path
    sys.path.insert(0, {site!r})
    from moderation.errors import StoreError
    from moderation.models.spec import ConvertedFile, Kind, ModelSpec, PackagePart, WeightFile
    from moderation.models.store import ModelStore
    from moderation.schema import Modality
    spec = {spec}
    {before}
    files = ModelStore(Path({home!r})).prepare(spec)
    print(sorted(sys.modules))
"""


def child(site: Path, home: Path, spec: ModelSpec, before: str = "") -> list[str]:
    text = repr(spec).replace("PosixPath", "Path")
    for kind in (*Kind, *Modality):
        text = text.replace(repr(kind), f"{type(kind).__name__}({kind.value!r})")
    source = textwrap.dedent(CHILD).format(site=str(site), home=str(home), spec=text, before=before)
    return [sys.executable, "-c", source]


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))"
    done = subprocess.run(
        child(site, tmp_path / "home", spec, limit), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "StoreError" in done.stderr
    assert "23 bytes are needed" in done.stderr
    assert "MODERATION_HOME" in done.stderr
    store = ModelStore(tmp_path / "home")
    assert not list(store.folder(spec).iterdir())
    assert contents(store.prepare(spec)) == EXPECTED


def test_a_process_killed_while_converting_leaves_nothing_that_counts(
    tmp_path: Path, site: Path, spec: ModelSpec
) -> None:
    store = ModelStore(tmp_path / "home")
    environment = {**os.environ, "CONVERT_SLEEP_S": "60"}
    with subprocess.Popen(child(site, tmp_path / "home", spec), env=environment) as process:
        deadline = time.monotonic() + 30
        while not (leftovers := list(store.folder(spec).glob("made.bin.*.part"))):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert leftovers[0].exists()
    assert not (store.folder(spec) / "made.bin").exists()
    assert contents(store.prepare(spec)) == EXPECTED
    assert not list(store.folder(spec).glob("*.part"))


def test_a_file_that_no_manifest_records_does_not_count(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    """The state between the rename and the manifest, should a process die there."""
    store = ModelStore(tmp_path / "home")
    store.folder(spec).mkdir(parents=True)
    (store.folder(spec) / "made.bin").write_bytes(b"who knows")
    assert contents(store.prepare(spec)) == EXPECTED


def test_two_processes_at_once_convert_once(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    log = tmp_path / "log"
    environment = {**os.environ, "CONVERT_SLEEP_S": "1", "CONVERT_LOG": str(log)}
    command = child(site, tmp_path / "home", spec)
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert log.read_text() == "converting\n"
    assert all(outputs)


def test_a_lock_that_is_held_too_long_is_named(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    from filelock import FileLock

    store = ModelStore(tmp_path / "home", lock_timeout_s=0.1)
    store.folder(spec).mkdir(parents=True)
    with (
        FileLock(store.folder(spec).with_name(f"{spec.revision}.lock")),
        pytest.raises(StoreError, match="another process"),
    ):
        store.prepare(spec)


def test_code_of_the_packages_is_never_imported(tmp_path: Path, site: Path, spec: ModelSpec) -> None:
    done = subprocess.run(child(site, tmp_path / "home", spec), capture_output=True, text=True, timeout=60, check=True)
    assert "'tests_converter'" in done.stdout
    for package in ("whole_weights", "half_weights_one", "half_weights_two"):
        assert f"'{package}'" not in done.stdout
    for heavy in ("onnx", "onnxruntime", "tokenizers", "torch"):
        assert f"'{heavy}'" not in done.stdout
