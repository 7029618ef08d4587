"""Tables in every encoding: what is lost spoils its own row, is counted where it stands, and hides no other row."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.labelled import LABELS, write_manifest

from moderation.cli.main import main
from moderation.datasets.lines import Spoilt, Unpacked, read_lines
from moderation.datasets.loader import Example, examples, paths_of, survey
from moderation.datasets.manifest import ENCODINGS
from moderation.datasets.manifest_file import load_manifest
from moderation.datasets.tables import ReadLimits
from moderation.errors import InvalidRequestError, TooLargeError

FEW = ReadLimits(max_rows=1_000, max_line_bytes=2_000, max_bytes=100_000)
CHINESE = "text,label\r\n你好，世界,1\r\n再见,0\r\n"
LITTLE, BIG = "utf-16-le", "utf-16-be"


def read(manifest: Path, **options: Any) -> tuple[Any, list[Example]]:
    found = load_manifest(manifest)
    paths = paths_of(found, None)
    counts = survey(found, paths, limits=FEW, **options)
    return counts, list(examples(found, paths, counts, limits=FEW))


def written(folder: Path, data: bytes, encoding: str = "utf-8", name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    manifest = write_manifest(folder, path, labels=LABELS)
    manifest.write_text(manifest.read_text().replace("[[file]]", f'[[file]]\nencoding = "{encoding}"'))
    return manifest


def rows_of(data: bytes, encoding: str, *, most: int = 2_000, in_all: int = 100_000) -> list[str | Spoilt]:
    stream = cast("Unpacked", io.BufferedReader(io.BytesIO(data)))
    return list(read_lines(stream, Path("a"), encoding=encoding, max_line_bytes=most, max_bytes=in_all))


def reasons(lines: list[str | Spoilt]) -> list[str]:
    return [line.reason if isinstance(line, Spoilt) else line.strip() for line in lines]


# ---- whole files


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8", "shift_jis"])
def test_tables_in_other_encodings_are_read(tmp_path: Path, encoding: str, name: str) -> None:
    text = CHINESE.replace("你好，世界", "你好，世界" if encoding != "shift_jis" else "日本").replace("见", "見")
    counts, found = read(written(tmp_path, text.encode(encoding), encoding, name))
    assert [example.text for example in found] == [line.split(",")[0] for line in text.splitlines()[1:]]
    assert [example.place[1] for example in found] == [2, 3]
    assert not counts.malformed


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", LITTLE, BIG])
def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path, encoding: str) -> None:
    data = f"\ufeff{CHINESE}".encode(encoding)
    _, found = read(written(tmp_path, data, encoding.replace("-le", "").replace("-be", "")))
    assert [example.text for example in found] == ["你好，世界", "再见"]


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters=["\n", "\u0a00"]), max_size=30), max_size=8),
    encoding=st.sampled_from(["utf-8", "gb18030", LITTLE, BIG]),
)
def test_whatever_unicode_is_written_is_read(texts: list[str], encoding: str) -> None:
    whole = "\ufeff" + "".join(f"{text}\n" for text in texts)
    read_as = "utf-16" if encoding in (LITTLE, BIG) else encoding
    assert rows_of(whole.encode(encoding), read_as) == [f"{text}\n" for text in texts]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("name", ["data.csv", "data.jsonl"])
def test_the_sign_for_what_is_unknown_is_a_sign_like_any_other(tmp_path: Path, encoding: str, name: str) -> None:
    text = "before \N{REPLACEMENT CHARACTER} after"
    row = json.dumps({"text": text, "label": 1}, ensure_ascii=False)
    data = f"text,label\n{text},1\n" if name.endswith("csv") else f"{row}\n"
    counts, found = read(written(tmp_path, data.encode(encoding), encoding, name))
    assert [example.text for example in found] == [text]
    assert not counts.malformed


# ---- what is lost


def test_what_is_not_of_the_encoding_spoils_its_own_line(tmp_path: Path) -> None:
    lines = [
        "text,label".encode("gb18030"),
        b"\xff\xff,1",
        "好,1".encode("gb18030"),
        b"a" * 3_000,
        "坏,0".encode("gb18030"),
    ]
    counts, found = read(written(tmp_path, b"\n".join(lines), "gb18030"))
    assert [(example.text, example.place[1]) for example in found] == [("好", 3), ("坏", 5)]
    assert counts.examples_of == {"invalid_encoding": [(0, 2)], "line_too_long": [(0, 4)]}


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize(("name", "end"), [("data.csv", "\n"), ("data.csv", "\r\n"), ("data.jsonl", "\n")])
def test_a_byte_that_is_lost_costs_one_row_or_it_is_said_that_it_may_be_more(
    tmp_path: Path, order: str, name: str, end: str
) -> None:
    texts = [f"a text 字 {number}" for number in range(10)]
    lines = ["text,label", *(f'"{text}",1' for text in texts)]
    if name.endswith("jsonl"):
        lines = [json.dumps({"text": text, "label": 1}, ensure_ascii=False) for text in texts]
    spoilt = next(number for number, line in enumerate(lines) if texts[4] in line)
    pieces = [f"{line}{end}".encode(order) for line in lines]
    exact, tried = 0, [*range(4), *range(4, len(pieces[spoilt]) - 6, 9), *range(-6, 0)]
    for lost in tried:
        bad = bytearray(pieces[spoilt])
        del bad[lost]
        data = "\ufeff".encode(order) + b"".join([*pieces[:spoilt], bad, *pieces[spoilt + 1 :]])
        counts, found = read(written(tmp_path, data, "utf-16", name))
        kept = [example.text for example in found]
        assert kept[:4] == texts[:4]
        assert kept[4:] == [text for text in texts[5:] if text in kept]
        assert 1 <= sum(counts.malformed.values()) <= 2
        exact += kept[4:] == texts[5:]
        assert kept[4:] == texts[5:] or counts.examples_of["unreadable_from_here"][0] == (0, spoilt + 1)
    assert exact >= len(tried) / 2


def shifted() -> bytes:
    """Ten rows that end in Chinese, which give no hold for setting lines right again, less one byte."""
    whole = "\ufeff" + "label,text\n" + "".join(f"1,一二三{number}个字\n" for number in range(10))
    data = whole.encode(LITTLE)
    lost = data.index("3个".encode(LITTLE)) + 1
    return data[:lost] + data[lost + 1 :]


def test_where_no_line_end_can_be_told_it_is_said_from_which_line_on(tmp_path: Path) -> None:
    counts, found = read(written(tmp_path, shifted(), "utf-16"))
    assert [example.place[1] for example in found] == [2, 3, 4]
    assert counts.examples_of == {"unreadable_from_here": [(0, 5)]}


def test_the_run_says_what_it_could_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = written(tmp_path, shifted(), "utf-16")
    assert main(["evaluate", str(manifest), "--profile", "fake"]) == 0
    told = capsys.readouterr()
    assert "1 malformed rows: unreadable_from_here: data.csv:5" in told.err
    assert "unreadable\\_from\\_here: 1 (data.csv:5)" in told.out


def test_half_a_character_in_utf16_spoils_its_own_line() -> None:
    lines = "a\nb\ud83dc\nd\n".encode(LITTLE, "surrogatepass")
    assert reasons(rows_of(lines, "utf-16")) == ["a", "invalid_encoding", "d"]
    assert reasons(rows_of("a\nb\n".encode(LITTLE)[:-1], "utf-16")) == ["a", "invalid_encoding"]


def test_a_long_line_of_utf16_says_whether_rows_are_lost_in_it() -> None:
    long = "长" * 1_100 + "\n"
    assert reasons(rows_of(f"a\n{long}b\n".encode(LITTLE), "utf-16")) == ["a", "line_too_long", "b"]
    data = "a\n".encode(LITTLE) + ("字\n" * 100 + long).encode(LITTLE)[1:]
    assert reasons(rows_of(data, "utf-16"))[:2] == ["a", "unreadable_from_here"]


def test_a_spoilt_line_within_a_row_of_several_spoils_that_row_and_no_other(tmp_path: Path) -> None:
    data = b'text,label\n"first\nis \xff bad",1\nnext,0\n"\xff","is\n5\xff inch\nlong",1\n"other",1\n"'
    data += b"x" * 3_000 + b'\nno more",1\nlast,1\n'
    counts, found = read(written(tmp_path, data))
    assert [(example.text, example.place[1]) for example in found] == [("next", 4), ("other", 8), ("last", 11)]
    assert counts.examples_of == {"invalid_encoding": [(0, 2), (0, 5)], "line_too_long": [(0, 9)]}


def test_a_quotation_mark_left_open_says_from_which_line_on(tmp_path: Path) -> None:
    counts, found = read(written(tmp_path, b'text,label\na,1\n"b,1\nc,1\nd,1\n'))
    assert [example.text for example in found] == ["a"]
    assert counts.examples_of == {"unreadable_from_here": [(0, 3)]}
    (tmp_path / "b").mkdir()
    counts, found = read(written(tmp_path / "b", b'text,label\n"b,1\nc,1\n"d",1\ne,1\n'))
    assert [example.text for example in found] == ["e"]
    assert counts.examples_of == {"unreadable_from_here": [(0, 2)]}


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        (['1,"a', "0,b", '1,5",', "0,c"], {"unreadable_from_here": [(0, 2)]}),
        (["1,a", '0,b,"of', 'two lines"', "0,c"], {"unreadable_from_here": [(0, 3)]}),
        (["1,a", "0,b, of", 'two lines"', "0,c"], {"wrong_number_of_fields": [(0, 3), (0, 4)]}),
        (["1,a,", "0,b"], {"wrong_number_of_fields": [(0, 2)]}),
        (['1,"a,0,b",,', "0,c"], {"wrong_number_of_fields": [(0, 2)]}),
    ],
)
def test_a_wrong_number_of_fields_over_several_lines_may_hide_rows(
    tmp_path: Path, rows: list[str], lost: dict[str, Any]
) -> None:
    data = "\n".join(["label,text", *rows, "1,last"]) + "\n"
    counts, found = read(written(tmp_path, data.encode()))
    assert counts.examples_of == lost
    assert found[-1].text == "last"


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), encoding=st.sampled_from(ENCODINGS))
def test_any_bytes_are_lines_or_spoilt_ones(data: bytes, encoding: str) -> None:
    lines = rows_of(data, encoding, most=100)
    assert len(lines) >= (1 if data.strip(b"\xff\xfe") else 0)
    assert Counter(map(type, lines)).keys() <= {str, Spoilt}


# ---- bounds


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_bytes_are_counted_and_not_characters(encoding: str) -> None:
    data = ("一二三四五六七八九十\n" * 100).encode(encoding)
    assert len(rows_of(data, encoding, in_all=len(data))) == 100
    with pytest.raises(TooLargeError, match=f"over {len(data) - 1} bytes unpacked"):
        rows_of(data, encoding, in_all=len(data) - 1)
    line = len("一二三四五六七八九十\n".encode(encoding)) - (2 if encoding == "utf-16" else 0)
    assert set(reasons(rows_of(data, encoding, most=line)[1:])) == {"一二三四五六七八九十"}
    assert set(reasons(rows_of(data, encoding, most=line - 1))) == {"line_too_long"}


def test_a_file_in_another_encoding_is_bounded_too(tmp_path: Path) -> None:
    data = "text,label\n".encode("utf-16") + b"a\0" * 200_000
    with pytest.raises(TooLargeError, match="bytes unpacked"):
        read(written(tmp_path, data, "utf-16", "data.csv.gz"))
    with pytest.raises(TooLargeError, match="bytes unpacked"):
        read(written(tmp_path, b"text,label\n" + (b"a" * 150 + b",1\n") * 700, "gb18030", "data.csv.gz"))


# ---- what to do


def test_a_set_of_which_nothing_can_be_used_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"header line cannot be read: invalid_encoding; .*gb18030"):
        read(written(tmp_path, CHINESE.replace("text", "文字").encode("gb18030")))
    with pytest.raises(InvalidRequestError, match=r"2 malformed: invalid_encoding, first in data\.csv:2 .*gb18030"):
        read(written(tmp_path, CHINESE.encode("gb18030")))


@pytest.mark.parametrize(
    ("text", "encoding", "there"),
    [
        ("文,label\n一,1\n", "gb18030", "its header line cannot be read"),
        ("\ufefftext,label\n文字,1\n", "gb18030", "there is no column text"),
        ("text,label\n文,1\n", "gb18030", "2 malformed|1 malformed"),
        ("text,label\nplain,1\n", "utf-16", "its header line cannot be read|there is no column"),
        ("text,label\nplain words,1\n", "utf-16", "its header line cannot be read|there is no column"),
        ("text,label\n" + "plain,1\n" * 1_000, "utf-16", "its header line cannot be read: line_too_long"),
    ],
)
def test_a_file_that_is_utf8_needs_no_encoding_and_that_is_said(
    tmp_path: Path, text: str, encoding: str, there: str
) -> None:
    with pytest.raises(InvalidRequestError, match=rf"({there}).*the file is UTF-8, and .* leave `encoding` out"):
        read(written(tmp_path, text.encode(), encoding))


def test_no_other_advice_than_fits(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"there are: words, label$"):
        read(written(tmp_path, "words,label\na,1\n".encode("utf-16"), "utf-16"))
    with pytest.raises(InvalidRequestError, match="the manifest says that it is big5; known are utf-8, gb18030"):
        read(written(tmp_path, b"\xff\xfe,label\na,1\n", "big5"))


@pytest.mark.parametrize("rows", [2, 1_000])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_lines_that_end_with_cr_alone_are_refused_with_what_to_do(tmp_path: Path, encoding: str, rows: int) -> None:
    data = ("text,label\r" + "a,1\r" * rows).encode(encoding)
    with pytest.raises(InvalidRequestError, match=r"CR alone are not read: write the file with LF"):
        read(written(tmp_path, data, encoding))
