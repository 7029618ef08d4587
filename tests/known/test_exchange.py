"""Hashes in the forms in which they are exchanged: read, written, and read again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from moderation.errors import ConfigurationError
from moderation.known.errors import BankError
from moderation.known.exchange import Form, Left, import_signals
from moderation.known.export import export_signals
from moderation.known.signals import Frame, Kind, Opinion, Signal, frames_of, frames_written

HASH = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
MD5, SHA1, SHA256 = "0a" * 16, "1b" * 20, "2c" * 32
VIDEO = frames_written([Frame(bytes.fromhex(HASH), 100, 0.0), Frame(bytes(32), 60, 1.5)])


def read(folder: Path, name: str, text: str, form: Form = Form.OWN, **more: Any) -> tuple[list[Signal], dict[str, int]]:
    (folder / name).write_text(text)
    found = import_signals(folder / name, form, **more)
    return [signal for _, signal in found.signals], {str(left): count for left, count in found.left.items()}


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


ALL = [
    Signal(Kind.PDQ, HASH, "7", 88, Opinion.DISPUTED, ("sexual",), ("a", "b")),
    Signal(Kind.MD5, MD5, "8"),
    Signal(Kind.SHA1, SHA1),
    Signal(Kind.SHA256, SHA256, "9", tags=("c",)),
    Signal(Kind.VPDQ, VIDEO, "10"),
]


@pytest.mark.parametrize("name", ["own.csv", "own.jsonl"])
def test_the_own_form_keeps_everything(tmp_path: Path, name: str) -> None:
    assert export_signals(ALL, tmp_path / name) == len(ALL)
    assert [signal for _, signal in import_signals(tmp_path / name).signals] == ALL
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_plain_lines(tmp_path: Path) -> None:
    text = f"# mine\n\n{HASH.upper()}\nmd5 {MD5}\n"
    assert read(tmp_path, "a.txt", text)[0] == [Signal(Kind.PDQ, HASH), Signal(Kind.MD5, MD5)]
    assert read(tmp_path, "b.txt", SHA256, kind=Kind.SHA256)[0] == [Signal(Kind.SHA256, SHA256)]


def test_threatexchange_command_line(tmp_path: Path) -> None:
    text = f"""\
signal_type,signal_str,collab,category,tags
pdq,{HASH},Sample,POSITIVE_CLASS,one two
video_md5,{MD5},Sample,NEGATIVE_CLASS,
url,https://example.org,Sample,POSITIVE_CLASS,
"""
    wanted = [Signal(Kind.PDQ, HASH, tags=("one", "two")), Signal(Kind.MD5, MD5, opinion=Opinion.NEGATIVE)]
    assert read(tmp_path, "a.csv", text, Form.THREATEXCHANGE) == (wanted, {Left.OTHER_KIND: 1})
    assert export_signals(wanted, tmp_path / "b.csv", Form.THREATEXCHANGE, bank="Sample") == 2
    assert (tmp_path / "b.csv").read_text() == "\n".join(text.split("\n")[:3]) + "\n"
    export_signals(wanted, tmp_path / "b.txt", Form.THREATEXCHANGE)
    assert (tmp_path / "b.txt").read_text() == f"pdq {HASH}\nvideo_md5 {MD5}\n"
    plain = read(tmp_path, "b.txt", (tmp_path / "b.txt").read_text(), Form.THREATEXCHANGE)[0]
    assert [(one.kind, one.value) for one in plain] == [(Kind.PDQ, HASH), (Kind.MD5, MD5)]


def update(**more: Any) -> dict[str, Any]:
    said = [{"status": "MALICIOUS", "tags": {"data": [{"id": "1", "text": "one"}]}}]
    row = {"id": "5", "indicator": HASH, "type": "HASH_PDQ", "should_delete": False, "descriptors": {"data": said}}
    return {**row, **more}


@pytest.mark.parametrize(
    ("status", "opinion"),
    [
        (["MALICIOUS"], Opinion.POSITIVE),
        (["SUSPICIOUS"], Opinion.SEED),
        (["NON_MALICIOUS"], Opinion.NEGATIVE),
        (["NON_MALICIOUS", "MALICIOUS"], Opinion.DISPUTED),
        (["UNKNOWN", "MALICIOUS"], Opinion.POSITIVE),
    ],
)
def test_threatexchange_updates(tmp_path: Path, status: list[str], opinion: Opinion) -> None:
    said = {"data": [{"status": one, "tags": ["x"]} for one in status]}
    found, _ = read(tmp_path, "a.jsonl", lines(update(descriptors=said)), Form.THREATEXCHANGE)
    assert found == [Signal(Kind.PDQ, HASH, "5", opinion=opinion, tags=("x",))]


def test_threatexchange_updates_that_are_gone(tmp_path: Path) -> None:
    text = lines(update(), update(should_delete=True), update(descriptors={}), update(type="URI"))
    found, left = read(tmp_path, "a.jsonl", text, Form.THREATEXCHANGE)
    assert found == [Signal(Kind.PDQ, HASH, "5", tags=("one",))]
    assert left == {Left.WITHDRAWN: 2, Left.OTHER_KIND: 1}


def test_hma(tmp_path: Path) -> None:
    text = lines(
        {"id": 3, "disable_until_ts": 1, "bank": {"name": "B"}, "signals": {"pdq": HASH, "tlsh_pdf": "T1"}},
        {"id": 4, "disable_until_ts": int(time.time()) + 1_000, "signals": {"pdq": HASH}},
        {"id": 5, "signals": {"video_md5": MD5}, "metadata": {"content_id": "mine"}},
        {"pdq": HASH},
    )
    wanted = [Signal(Kind.PDQ, HASH, "3"), Signal(Kind.MD5, MD5, "mine"), Signal(Kind.PDQ, HASH)]
    assert read(tmp_path, "a.jsonl", text, Form.HMA) == (wanted, {Left.OTHER_KIND: 1, Left.WITHDRAWN: 1})
    export_signals(wanted, tmp_path / "b.jsonl", Form.HMA)
    assert [signal for _, signal in import_signals(tmp_path / "b.jsonl", Form.HMA).signals] == wanted


def test_ncmec(tmp_path: Path) -> None:
    prints = {"md5": MD5.upper(), "sha1": SHA1, "pdna": "1,2", "pdq": HASH}
    row = {"id": "i", "member_id": 42, "entry_type": "image", "deleted": False, "classification": "A1"}
    found, left = read(
        tmp_path,
        "a.jsonl",
        lines({**row, "fingerprints": prints}, {**row, "deleted": True}, {**row, "fingerprints": {"pdna": "1"}}),
        Form.NCMEC,
    )
    values = {Kind.MD5: MD5, Kind.SHA1: SHA1, Kind.PDQ: HASH}
    wanted = [Signal(kind, value, "i", tags=("A1",)) for kind, value in values.items()]
    assert (found, left) == (wanted, {Left.WITHDRAWN: 1, Left.OTHER_KIND: 1})
    text = f"id,member_id,entry_type,deleted,classification,md5,sha1,pdq\ni,42,image,false,A1,{MD5},{SHA1},{HASH}\n"
    assert read(tmp_path, "b.csv", text + "j,42,image,true,A1,,,\n", Form.NCMEC) == (wanted, {Left.WITHDRAWN: 1})


def test_stopncii(tmp_path: Path) -> None:
    def record(feedback: list[str], **more: Any) -> dict[str, Any]:
        said = [{"feedbackValue": one, "tags": ["t"], "source": "s"} for one in feedback]
        row = {"lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": HASH, "hashStatus": "Active"}
        return {**row, "CSPFeedbacks": said, **more}

    rows = [
        record([]),
        record(["Blocked"]),
        record(["NotBlocked"]),
        record(["Blocked", "NotBlocked", "PendingReview"]),
        record([], signalType="VideoMD5", hashValue=MD5),
        record([], signalType="VideoTMK"),
        record([], hashStatus="Withdrawn"),
    ]
    found, left = read(tmp_path, "a.jsonl", lines(*rows), Form.STOPNCII)
    seed, positive, negative, disputed = Opinion.SEED, Opinion.POSITIVE, Opinion.NEGATIVE, Opinion.DISPUTED
    assert [one.opinion for one in found] == [seed, positive, negative, disputed, seed]
    assert (found[1].tags, found[4].kind, found[4].value) == (("t",), Kind.MD5, MD5)
    assert left == {Left.OTHER_KIND: 1, Left.WITHDRAWN: 1}
    said = json.dumps([{"feedbackValue": "Blocked", "tags": []}]).replace('"', '""')
    text = f'signalType,hashValue,hashStatus,CSPFeedbacks\nImagePDQ,{HASH},Active,"{said}"\nVideoTMK,x,Active,\n'
    assert read(tmp_path, "b.csv", text, Form.STOPNCII) == ([Signal(Kind.PDQ, HASH)], {Left.OTHER_KIND: 1})


@pytest.mark.parametrize(
    ("name", "text", "form", "wanted"),
    [
        ("a.csv", "hash\nff\n", Form.OWN, "a.csv:2: a pdq hash has 64 hexadecimal digits; this has 2"),
        ("a.csv", f"hash\n{HASH}\n{'g' * 64}\n", Form.OWN, "a.csv:3: a pdq hash has 64"),
        ("a.csv", f"hash,colour\n{HASH},red\n", Form.OWN, "a.csv:2: unknown column `colour`"),
        ("a.csv", f"hash,hash\n{HASH},x\n", Form.OWN, "a.csv:1: the header names a column twice"),
        ("a.csv", f"hash,id\n{HASH}\n", Form.OWN, "a.csv:2: 1 values under a header of 2"),
        ("a.csv", f'hash\n"{HASH}', Form.OWN, "a.csv:2: is not CSV"),
        ("a.csv", f"id,hash\n1,{HASH}\n2,\n", Form.OWN, "a.csv:3: the hash is missing"),
        ("a.csv", f"hash,quality\n{HASH},101\n", Form.OWN, "a.csv:2: `quality` must be a whole number"),
        ("a.csv", f"hash,opinion\n{HASH},bad\n", Form.OWN, "a.csv:2: unknown opinion `bad`"),
        ("a.csv", f"hash,signal\n{HASH},photodna\n", Form.OWN, "a.csv:2: unknown signal `photodna`"),
        ("a.jsonl", f'{{"hash": "{HASH}"}}\n{{', Form.OWN, "a.jsonl:2: is not JSON"),
        ("a.jsonl", "[" * 100_000, Form.OWN, "a.jsonl:1: is not JSON"),
        ("a.jsonl", "[" + "9" * 5_000 + "]", Form.OWN, "a.jsonl:1: a number has too many digits"),
        ("a.txt", "vpdq [" + "9" * 5_000 + "]", Form.OWN, "a.txt:1: a vpdq hash is a JSON list of frames"),
        (
            "a.csv",
            f"signalType,hashValue,CSPFeedbacks\nImagePDQ,{HASH},{'9' * 5_000}\n",
            Form.STOPNCII,
            "a.csv:2: `CSPFeedbacks` is not JSON",
        ),
        ("a.jsonl", "[1]", Form.OWN, "a.jsonl:1: a line must be one JSON object"),
        ("a.jsonl", '{"hash": 1}', Form.OWN, "a.jsonl:1: the hash is missing"),
        ("a.jsonl", '{"hash": "' + HASH + '", "tags": [1]}', Form.OWN, "a.jsonl:1: `tags` must be words"),
        ("a.jsonl", '{"hash": "' + HASH + '", "id": true}', Form.OWN, "a.jsonl:1: `id` must be a text"),
        ("a.txt", "md5 00\n", Form.OWN, "a.txt:1: a md5 hash has 32"),
        ("a.txt", "vpdq []\n", Form.OWN, "a.txt:1: a vpdq hash is a JSON list of frames"),
        ("a.txt", 'vpdq ["x,1,2"]\n', Form.OWN, "a.txt:1: frame 1 of a vpdq hash is not"),
        ("a.txt", f'vpdq ["{HASH},100,nan"]\n', Form.OWN, "a.txt:1: frame 1 of a vpdq hash is not"),
        ("a.xml", "<a/>", Form.OWN, "a.xml: is none of the files that are read: .csv, .jsonl, .txt"),
        ("a.csv", f"signal_type,signal_str,category\npdq,{HASH},BAD\n", Form.THREATEXCHANGE, "a.csv:2: unknown categ"),
        ("a.jsonl", lines(update(descriptors=[1])), Form.THREATEXCHANGE, "a.jsonl:1: `data` must be a list"),
        ("a.jsonl", '{"signals": {}}', Form.HMA, "a.jsonl:1: `signals` must be an object"),
        ("a.jsonl", '{"fingerprints": 1}', Form.NCMEC, "a.jsonl:1: `fingerprints` must be an object"),
        (
            "a.csv",
            f"signalType,hashValue,CSPFeedbacks\nImagePDQ,{HASH},x\n",
            Form.STOPNCII,
            "a.csv:2: `CSPFeedbacks` is",
        ),
    ],
)
def test_a_wrong_row_is_told_with_its_line(tmp_path: Path, name: str, text: str, form: Form, wanted: str) -> None:
    with pytest.raises(BankError) as caught:
        read(tmp_path, name, text, form)
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(wanted)
    assert isinstance(caught.value, ConfigurationError)
    assert caught.value.code == "invalid_bank"


@pytest.mark.parametrize("raw", [b"hash\n\xff", b"\xff\xfeh\0"])
def test_other_encodings_are_told(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(raw)
    with pytest.raises(BankError, match=r"a\.csv:\d: is (not UTF-8|UTF-16)"):
        import_signals(tmp_path / "a.csv")
    with pytest.raises(BankError, match=r"none\.csv: cannot be read"):
        import_signals(tmp_path / "none.csv")


def test_what_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"stopncii is not written as `\.csv`; written are: own as \.csv"):
        export_signals(ALL, tmp_path / "a.csv", Form.STOPNCII)
    assert not list(tmp_path.iterdir())


def test_frames_of_a_video() -> None:
    assert frames_of(VIDEO)[1] == Frame(bytes(32), 60, 1.5)
    assert frames_of(frames_written(frames_of(VIDEO))) == frames_of(VIDEO)
