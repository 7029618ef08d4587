"""Banks from files: what they can say, what is told of wrong ones, and taking them over again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from support.hashes import image, photo, write_bank

from moderation.errors import ConfigurationError
from moderation.known import reading, rows, store
from moderation.known.bank import Bank
from moderation.known.banks import Banks
from moderation.known.errors import BankError
from moderation.known.exchange import import_signals
from moderation.known.prints import prints_of
from moderation.known.reading import read_bank
from moderation.known.signals import Kind, Opinion
from moderation.known.store import BankStore, load_banks
from moderation.models.hashing import pdq

HEAD = 'name = "b"\nhashes = "b.csv"\n'
HASHES = f"id,hash\none,{pdq(photo(1)).hex}\n"


def write(folder: Path, head: str = HEAD, hashes: str | bytes | None = HASHES) -> Path:
    if hashes is not None:
        (folder / "b.csv").write_bytes(hashes.encode() if isinstance(hashes, str) else hashes)
    path = folder / "b.toml"
    path.write_text(head)
    return path


def test_everything_a_bank_can_say(tmp_path: Path) -> None:
    text = f"""\
name = "exchange"
description = "From the exchange, every night."
tenant = "shop"
expires = 2027-01-31
categories = ["sexual", "known_content"]
score = 0.9
licence = "members only"
hashes = "b.csv"
sha256 = "{hashlib.sha256(HASHES.encode()).hexdigest()}"
form = "own"
signal = "pdq"
opinions = ["positive", "disputed"]
threshold = 25
turned = true
video = {{ of_query = 0, of_bank = 62.5 }}
"""
    path = write(tmp_path, text)
    read = read_bank(path)
    assert read.head == Bank(
        name="exchange",
        revision=read.head.revision,
        file=str(path),
        categories=("sexual", "known_content"),
        score=0.9,
        threshold=25,
        turned=True,
        of_query=0.0,
        of_bank=62.5,
        opinions=(Opinion.POSITIVE, Opinion.DISPUTED),
        tenant="shop",
        expires=dt.date(2027, 1, 31),
        licence="members only",
        description="From the exchange, every night.",
        count=1,
    )
    assert (read.names, list(read.columns)) == (["one"], [Kind.PDQ])


def test_the_least_a_bank_can_say(tmp_path: Path) -> None:
    head = read_bank(write(tmp_path)).head
    assert (head.categories, head.score, head.threshold, head.turned) == (("known_content",), 1.0, 31, False)
    assert (head.of_query, head.of_bank, head.tenant, head.expires) == (80.0, 0.0, None, None)


def test_the_revision_is_of_all_bytes(tmp_path: Path) -> None:
    first = read_bank(write(tmp_path)).head.revision
    assert read_bank(write(tmp_path)).head.revision == first
    assert read_bank(write(tmp_path, HEAD + "# x")).head.revision != first
    assert read_bank(write(tmp_path, HEAD, HASHES.replace("one", "two"))).head.revision != first


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "b.toml: the key `name` is missing"),
        ("name = ", "b.toml:1: is not TOML"),
        ('name = "b"', "b.toml: the key `hashes` is missing"),
        ('name = ""\nhashes = "b.csv"', "b.toml:1: `name` must be a text of 1 to 100 characters"),
        (HEAD + "colour = 1", "b.toml:3: unknown key `colour`; known here: categories, category,"),
        (HEAD + 'category = "no"', "b.toml:3: unknown category `no`"),
        (HEAD + "categories = []", "b.toml:3: `categories` must name one or more"),
        (HEAD + 'category = "sexual"\ncategories = ["sexual"]', "b.toml:4: either `category` or `categories`"),
        (HEAD + "score = 0", "b.toml:3: `score` must be a number over 0 to 1"),
        (HEAD + "score = true", "b.toml:3: `score` must be a number"),
        (HEAD + "score = nan", "b.toml:3: `score` must be a number"),
        (HEAD + "threshold = 65", "b.toml:3: `threshold` must be a whole number from 0 to 64"),
        (HEAD + "threshold = 30.5", "b.toml:3: `threshold` must be a whole number"),
        (HEAD + "turned = 1", "b.toml:3: `turned` must be true or false"),
        (HEAD + 'form = "xml"', "b.toml:3: `form` must be one of own, threatexchange, hma, ncmec, stopncii"),
        (HEAD + "signal = 3", "b.toml:3: `signal` must be one of pdq, vpdq, md5, sha1, sha256"),
        (HEAD + 'opinions = ["good"]', "b.toml:3: `opinions` must be a list of words of positive,"),
        (HEAD + "opinions = [{}]", "b.toml:3: `opinions` must be a list"),
        (HEAD + 'expires = "2027-01-31"', "b.toml:3: `expires` must be a date such as 2027-01-31, without quotes"),
        (HEAD + "video = 80", "b.toml:3: `video` is written {"),
        (HEAD + "video = { share = 1 }", "b.toml:3: unknown key `share`"),
        (HEAD + "video = { of_query = 101 }", "b.toml:3: `of_query` must be a number from 0 to 100"),
        (HEAD + "video = { of_query = 0 }", "b.toml:3: with both shares 0"),
        (HEAD + f'sha256 = "{"0" * 64}"', "b.toml:3: `sha256` is not that of the file"),
        (HEAD.replace("b.csv", "../b.csv"), "b.toml:2: `hashes` must be the name of a file"),
        (HEAD.replace("b.csv", "none.csv"), "none.csv: cannot be read: No such file"),
        ("x = " + "[" * 5_000, "b.toml"),
    ],
)
def test_a_wrong_bank_is_told_with_its_line(tmp_path: Path, text: str, wanted: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(BankError) as caught:
        read_bank(path)
    assert str(caught.value).removeprefix(f"{tmp_path}{os.sep}").startswith(wanted)
    assert caught.value.code == "invalid_bank"


@pytest.mark.parametrize(
    ("hashes", "wanted"),
    [
        ("", "b.csv: holds no hashes"),
        ("id,hash\n", "b.csv: holds no hashes"),
        ("hash\nff\n", "b.csv:2: a pdq hash has 64"),
        (f"hash,categories\n{'0' * 64},sexual\n{'0' * 64},no\n", "b.csv:3: unknown category `no`"),
        (b"hash\n\xff\n", "b.csv:2: is not UTF-8"),
    ],
)
def test_a_wrong_file_of_hashes_is_told_with_its_line(tmp_path: Path, hashes: str | bytes, wanted: str) -> None:
    path = write(tmp_path, HEAD, hashes)
    with pytest.raises(BankError) as caught:
        read_bank(path)
    assert str(caught.value).removeprefix(f"{tmp_path}{os.sep}").startswith(wanted)


def test_a_file_of_an_exchange_is_a_bank_as_it_is(tmp_path: Path) -> None:
    text = f"signalType,hashValue,hashStatus\nImagePDQ,{'a' * 64},Active\nVideoMD5,{'b' * 32},Active\nURL,x,Active\n"
    head = read_bank(write(tmp_path, HEAD + 'form = "stopncii"', text)).head
    assert (head.count, head.left) == (2, {"other_kind": 1})
    gone = "signalType,hashValue,hashStatus\nImagePDQ,x,Deleted\n"
    assert read_bank(write(tmp_path, HEAD + 'form = "stopncii"', gone)).head.count == 0, "all withdrawn is no error"


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert load_banks([first, second]).heads == ()
    write(first)
    write(second, HEAD + "score = 0.5")
    assert [head.score for head in load_banks([first, second]).heads] == [0.5]
    write_bank(second, [{"hash": "0" * 64}], name="c")
    with monkeypatch.context() as patch:
        patch.setattr(store, "MAX_HASHES", 1)
        with pytest.raises(BankError, match="over 1 hashes"):
            load_banks([second])
    (second / "d.toml").write_text(HEAD)
    with pytest.raises(BankError, match=r"d\.toml: is named `b`, as .*b\.toml is"):
        load_banks([first, second])
    with pytest.raises(ConfigurationError, match="none cannot be read"):
        load_banks([tmp_path / "none"])


# ---- taking over again


def known(banks: Banks, seed: int) -> bool:
    today = dt.date(2026, 11, 20)
    prints = prints_of([image(photo(seed))], None, banks.wanted(None, today))
    return bool(banks.look(prints, tenant=None, today=today).matches)


def replace(folder: Path, seed: int) -> None:
    new = folder / "new"
    new.write_text(f"id,hash\none,{pdq(photo(seed)).hex}\n")
    new.replace(folder / "b.csv")


def test_a_change_is_taken_over_and_a_wrong_file_is_not(tmp_path: Path) -> None:
    write(tmp_path)
    held = BankStore([tmp_path])
    assert known(held.current, 1)
    assert not held.reload_if_changed().changed
    old = held.current
    replace(tmp_path, 2)
    prepared: list[Banks] = []
    assert held.reload_if_changed(prepare=prepared.append).changed
    assert prepared == [held.current]
    assert known(held.current, 2)
    assert not known(held.current, 1)
    assert known(old, 1), "who holds the old banks keeps them"
    (tmp_path / "b.csv").write_text("hash\nff\n")
    kept = held.current
    told = held.reload_if_changed()
    assert not told.changed
    assert "b.csv:2: a pdq hash" in str(told.error)
    assert str(held.error) == str(told.error)
    assert held.current is kept
    replace(tmp_path, 2)
    assert held.reload_if_changed().error is None
    assert (held.error, held.current) == (None, kept)


def test_a_bank_that_did_not_change_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    write_bank(tmp_path, [{"hash": pdq(photo(2)).hex}], name="large")
    held = BankStore([tmp_path])
    parsed: list[str] = []
    filled = reading._filled

    def noted(path: Path, *rest: Any) -> Any:
        parsed.append(path.name)
        return filled(path, *rest)

    monkeypatch.setattr(reading, "_filled", noted)
    replace(tmp_path, 3)
    assert held.reload_if_changed().changed
    assert parsed == ["b.csv"]
    assert known(held.current, 2)
    assert known(held.current, 3)


def test_a_folder_that_comes_later_and_goes(tmp_path: Path) -> None:
    folder = tmp_path / "banks"
    held = BankStore([folder])
    assert not known(held.current, 1)
    folder.mkdir()
    write(folder)
    assert held.reload_if_changed().changed
    assert known(held.current, 1)
    for path in list(folder.iterdir()):
        path.unlink()
    folder.rmdir()
    assert "cannot be read" in str(held.reload_if_changed().error)
    assert known(held.current, 1)


def test_no_look_is_without_banks_while_they_change(tmp_path: Path) -> None:
    write(tmp_path)
    held = BankStore([tmp_path])
    missed, stop = [], threading.Event()

    def looking() -> None:
        while not stop.is_set():
            banks = held.current
            if known(banks, 1) == known(banks, 2):
                missed.append(banks.revision)

    looker = threading.Thread(target=looking)
    looker.start()
    for turn in range(20):
        replace(tmp_path, 1 + turn % 2)
        held.reload_if_changed()
    stop.set()
    looker.join()
    assert not missed


def test_wrong_banks_at_the_start_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "score = 7")
    with pytest.raises(BankError, match=r"b\.toml:3: `score`"):
        BankStore([tmp_path])


@pytest.mark.parametrize("name", ["hashes.csv", "hashes.jsonl", "hashes.txt"])
def test_a_file_read_in_pieces_is_the_same_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of several bytes and over several lines, ends of lines of both kinds, a mark of the byte order."""
    names = ["é", "好\r\n", "日本\n語", "ü"] if name.endswith(".csv") else ["é", "好", "ü"]
    if name.endswith(".csv"):
        lines = ["id,hash", *(f'"{one}",{pdq(photo(at)).hex}' for at, one in enumerate(names))]
    elif name.endswith(".jsonl"):
        lines = [
            json.dumps({"id": one, "hash": pdq(photo(at)).hex}, ensure_ascii=False) for at, one in enumerate(names)
        ]
    else:
        lines = [f"# {one}\r\n{pdq(photo(at)).hex}" for at, one in enumerate(names)]
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    whole = import_signals(file).signals
    assert len(whole) == len(names)
    for size in (0, 1, 2, 3, 50, 70):
        monkeypatch.setattr(rows, "_AT_ONCE", size)
        assert import_signals(file).signals == whole
    file.write_bytes(file.read_bytes() + b"\r\n# \xff")
    with pytest.raises(BankError, match=f":{file.read_bytes().count(bytes([10])) + 1}: is not UTF-8"):
        import_signals(file)
