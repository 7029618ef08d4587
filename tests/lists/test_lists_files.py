"""Reading lists from files, and taking them over again while somebody matches."""

from __future__ import annotations

import datetime as dt
import os
import re
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from moderation import reloading
from moderation.errors import ConfigurationError, ListError
from moderation.lists import Kind, Lists, ListStore, Rule, load_lists, store
from moderation.lists.reading import ReadList, read_list
from moderation.schema import Role

HEAD = 'name = "l"\nkind = "block"\ncategory = "spam"\n'


def write(folder: Path, text: str | bytes, name: str = "l.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def complaint(folder: Path, text: str | bytes, terms: str | bytes | None = None) -> str:
    """What is said of a list, after the folder's name."""
    path = write(folder, text)
    if terms is not None:
        write(folder, terms, "t.txt")
    with pytest.raises(ListError) as caught:
        read_list(path)
    assert str(caught.value).startswith(f"{caught.value.file}:")
    return str(caught.value).removeprefix(f"{folder}{os.sep}")


def test_everything_a_list_can_say(tmp_path: Path) -> None:
    text = """\
name = "names"
description = "Who must not be named."
kind = "block"
categories = ["harassment", "fraud"]
tenant = "shop"
scope = { roles = ["user", "tool"], origins = ["original", "ocr"] }
expires = 2027-01-31
score = 0.8
terms = [
  "Foo Bar",
  { term = "高明", match = "name", expires = 2026-12-31, category = "spam" },
]
terms_file = "t.txt"
"""
    terms = "# people\n\n张伟\tmatch=name\texpires=2028-01-01\n王五\tcategory=spam,fraud\nc# d\n"
    write(tmp_path, terms, "t.txt")
    read = read_list(write(tmp_path, text))
    head = read.head
    assert (head.name, head.kind, head.categories, head.tenant) == (
        "names",
        Kind.BLOCK,
        ("harassment", "fraud"),
        "shop",
    )
    assert (head.roles, head.origins) == (frozenset({Role.USER, Role.TOOL}), frozenset({"original", "ocr"}))
    assert (head.expires, head.score, head.count) == (dt.date(2027, 1, 31), 0.8, 5)
    assert head.description == "Who must not be named."
    own = ("harassment", "fraud")
    assert [(t.text, t.rule, t.categories, t.expires, t.line) for t in read.terms] == [
        ("Foo Bar", Rule.WORD, own, dt.date(2027, 1, 31), 10),
        ("高明", Rule.NAME, ("spam",), dt.date(2026, 12, 31), 11),
        ("张伟", Rule.NAME, own, dt.date(2027, 1, 31), 3),
        ("王五", Rule.ANYWHERE, ("spam", "fraud"), dt.date(2027, 1, 31), 4),
        ("c# d", Rule.WORD, own, dt.date(2027, 1, 31), 5),
    ]


@pytest.mark.parametrize(
    ("term", "rule"),
    [
        *[
            ("word", "word"),
            ("слово", "word"),
            ("كلمة", "word"),
            ("66", "word"),
            ("加v", "word"),
            ("加v信", "anywhere"),
        ],
        *[("高明", "anywhere"), ("한글", "anywhere"), ("カタ", "anywhere"), ("🔪", "anywhere"), ("$$$", "anywhere")],
    ],
)
def test_the_rule_of_a_term_that_says_none(tmp_path: Path, term: str, rule: str) -> None:
    assert read_list(write(tmp_path, f'{HEAD}terms = ["{term}"]')).terms[0].rule == rule


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_byte_order_marks_and_line_ends_mean_nothing(tmp_path: Path, start: bytes, newline: bytes) -> None:
    write(tmp_path, start + newline.join([b"# x", b"aa", b"", b"bb\texpires=2027-01-31"]), "t.txt")
    text = start + newline.join([b'name = "l"', b'kind = "block"', b'category = "spam"', b'terms_file = "t.txt"'])
    terms = read_list(write(tmp_path, text)).terms
    assert [(term.text, term.line) for term in terms] == [("aa", 2), ("bb", 4)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "l.toml: the key `name` is missing"),
        ("name = ", "l.toml:1: is not TOML"),
        ('name = "l"\n', "l.toml: `kind` must be"),
        ('name = "l"\nkind = "deny"', 'l.toml:2: `kind` must be "block" or "allow"'),
        ('name = "l"\nkind = "block"\nterms = ["a"]', "l.toml: either `category` or `categories` is needed"),
        (HEAD + "colour = 1", "l.toml:4: unknown key `colour`; known here: categories, category,"),
        (HEAD + 'scope = { role = ["user"] }', "l.toml:4: unknown key `role`"),
        (HEAD + 'scope = { roles = ["boss"] }', "l.toml:4: unknown word `boss` in `roles`"),
        (HEAD + "scope = { origins = [] }", "l.toml:4: `origins` must be a list of one or more words"),
        (HEAD + 'expires = "2027-01-31"', "l.toml:4: `expires` must be a date such as 2027-01-31, without quotes"),
        (HEAD + "expires = 2027-01-31T10:00:00", "l.toml:4: `expires` must be a date"),
        (HEAD + "score = 2", "l.toml:4: `score` must be a number"),
        (HEAD + "score = nan", "l.toml:4: `score` must be a number"),
        (HEAD + "score = true", "l.toml:4: `score` must be a number"),
        (HEAD + 'match = "regex"', "l.toml:4: `match` must be one of word, name, anywhere"),
        (HEAD + "terms = []", "l.toml:4: holds no terms"),
        (HEAD, "l.toml: holds no terms"),
        (HEAD + 'terms = "a"', "l.toml:4: `terms` must be a list"),
        (HEAD + 'terms = [\n"aa",\n3]', "l.toml:4: a term is a text"),
        (HEAD + 'terms = [\n"aa",\n" "]', "l.toml:6: a term is empty"),
        (HEAD + 'terms = [\n"aa",\n"中"]', 'l.toml:6: a single character is in many words; say match = "anywhere"'),
        (HEAD + 'terms = ["a\\u200Bb"]', "l.toml:4: a term holds the character U+200B, which does not show"),
        (HEAD + 'terms = ["a\\u0000b"]', "l.toml:4: a term holds the character U+0000, which does not show"),
        (HEAD + 'terms = ["\\u200D"]', "l.toml:4: a term begins with the character U+200D"),
        (HEAD + f'terms = ["{"a" * 201}"]', "l.toml:4: a term is over 200 characters"),
        (HEAD + 'terms = [{ term = "ab", match = "name" }]', 'l.toml:4: match = "name" is for 2 to 4 Chinese'),
        (HEAD + 'terms = [{ term = "高明", match = "word" }]', 'l.toml:4: match = "word" says nothing of this term'),
        (HEAD + 'terms = [{ term = "ab", colour = 1 }]', "l.toml:4: unknown option `colour` of a term"),
        (HEAD + 'terms = [{ term = "ab", category = "no" }]', "l.toml:4: unknown category `no`"),
        (HEAD + 'terms = [{ term = "ab", expires = "x" }]', "l.toml:4: `expires` must be a date"),
        (HEAD + 'terms_file = "../t.txt"', "l.toml:4: `terms_file` must be the name of a file"),
        (HEAD + 'terms_file = "gone.txt"', "gone.txt: cannot be read: No such file or directory"),
        (HEAD.replace("spam", "no"), "l.toml:3: unknown category `no`"),
        (HEAD.replace("spam", "*"), "l.toml:3: a block list says which categories it finds"),
        (HEAD.replace("block", "allow") + "score = 1", "l.toml:4: an allow list has no score"),
        (HEAD.encode() + b'terms = ["\xff"]', "l.toml:4: is not UTF-8"),
        (HEAD.encode("utf-16"), "l.toml:1: is UTF-16; save it as UTF-8"),
    ],
)
def test_a_wrong_list_is_told_with_its_line(tmp_path: Path, text: str | bytes, wanted: str) -> None:
    assert complaint(tmp_path, text).startswith(wanted)


@pytest.mark.parametrize(
    ("terms", "wanted"),
    [
        (b"", "t.txt: holds no terms"),
        (b"# only\n\n", "t.txt: holds no terms"),
        (b"aa\nb\xff\n", "t.txt:2: is not UTF-8"),
        (b"\xff\xfea\0", "t.txt:1: is UTF-16"),
        (b"aa\n\texpires=2027-01-31", "t.txt:2: a term is empty"),
        (b"aa\texpires=soon", "t.txt:1: `soon` is no date"),
        (b"aa\tcolour=1", "t.txt:1: unknown option `colour`"),
        (b"aa\tword", "t.txt:1: `word` is no option"),
        (b"aa\tmatch=word\tmatch=word", "t.txt:1: `match=word` is no option, or comes twice"),
        (b"aa\nbb\tcategory=no", "t.txt:2: unknown category `no`"),
        ("aa\n中".encode(), "t.txt:2: a single character"),
        (b"aa\n" + b"b" * 201, "t.txt:2: a term is over 200"),
    ],
)
def test_a_wrong_file_of_terms_is_told_with_its_line(tmp_path: Path, terms: bytes, wanted: str) -> None:
    assert complaint(tmp_path, HEAD + 'terms_file = "t.txt"', terms).startswith(wanted)


def test_a_term_in_pieces_is_put_together(tmp_path: Path) -> None:
    write(tmp_path, HEAD + 'terms = ["cafe\\u0301"]')
    assert load_lists([tmp_path]).match("un café").matches


def test_duplicates_are_merged(tmp_path: Path) -> None:
    write(tmp_path, HEAD + 'terms = ["Foo", "foo", "ＦＯＯ", { term = "foo", expires = 2020-01-01 }]')
    found = load_lists([tmp_path]).match("a foo").matches
    assert [(match.term, match.span) for match in found] == [("Foo", (2, 5))]


def test_origins_that_the_caller_does_not_know_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + 'scope = { origins = ["orc"] }\nterms = ["aa"]')
    assert read_list(path).head.origins == frozenset({"orc"})
    with pytest.raises(ListError, match=r"l\.toml:4: unknown word `orc` in `origins`; known: ocr"):
        read_list(path, origins={"ocr"})


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, HEAD + 'terms = ["aa", "bb", "cc"]')
    monkeypatch.setattr(store, "MAX_TERMS", 2)
    with pytest.raises(ListError, match="over 2 terms"):
        load_lists([tmp_path])
    monkeypatch.setattr("moderation.lists.reading.MAX_FILE_BYTES", 20)
    with pytest.raises(ListError, match="is over"):
        read_list(tmp_path / "l.toml")


def test_folders(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert load_lists([first, second]).lists == ()
    write(first, HEAD + 'terms = ["aa"]')
    write(first, "# not a list", "README.md")
    write(second, HEAD + 'terms = ["bb"]')
    assert [match.term for match in load_lists([first, second]).match("aa bb").matches] == ["bb"]
    write(second, HEAD + 'terms = ["cc"]', "other.toml")
    with pytest.raises(ListError, match=r"other\.toml: is named `l`, as .*l\.toml is"):
        load_lists([first, second])
    with pytest.raises(ConfigurationError, match="none cannot be read"):
        load_lists([tmp_path / "none"])


# ---- taking over again


def replace(folder: Path, text: str, name: str = "l.toml") -> None:
    new = folder / "new"
    new.write_text(text)
    new.replace(folder / name)


def test_a_change_is_taken_over_and_a_wrong_file_is_not(tmp_path: Path) -> None:
    write(tmp_path, HEAD + 'terms = ["aa"]')
    held = ListStore([tmp_path])
    assert held.lists.match("aa bb").matches[0].term == "aa"
    assert not held.reload_if_changed().changed
    replace(tmp_path, HEAD + 'terms = ["bb"]')
    old = held.lists
    assert held.reload_if_changed().changed
    assert [match.term for match in held.lists.match("aa bb").matches] == ["bb"]
    assert [match.term for match in old.match("aa bb").matches] == ["aa"], "who holds the old lists keeps them"
    replace(tmp_path, HEAD + "terms = [")
    kept = held.lists
    for _ in range(2):
        told = held.reload_if_changed()
        assert not told.changed
        assert told.error is not None
        assert "l.toml:4: is not TOML" in str(told.error)
        assert held.error is told.error or str(held.error) == str(told.error)
        assert held.lists is kept
    replace(tmp_path, HEAD + 'terms = ["bb"]')
    assert held.reload_if_changed().error is None
    assert held.error is None
    assert held.lists is kept, "the bytes are what they were"


def test_a_file_of_terms_and_a_new_list_are_seen(tmp_path: Path) -> None:
    write(tmp_path, "aa\n", "t.txt")
    write(tmp_path, HEAD + 'terms_file = "t.txt"')
    held = ListStore([tmp_path])
    replace(tmp_path, "bb\n", "t.txt")
    assert held.reload_if_changed().changed
    replace(tmp_path, HEAD.replace('"l"', '"m"') + 'terms = ["cc"]', "m.toml")
    assert held.reload_if_changed().changed
    assert [match.term for match in held.lists.match("aa bb cc").matches] == ["bb", "cc"]
    (tmp_path / "m.toml").unlink()
    assert held.reload_if_changed().changed
    assert [match.term for match in held.lists.match("aa bb cc").matches] == ["bb"]


def test_a_change_in_place_within_one_tick_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + 'terms = ["aa"]')
    held = ListStore([tmp_path])
    for term in ("bb", "cc", "dd"):
        path.write_text(HEAD + f'terms = ["{term}"]')
        held.reload_if_changed()
        assert held.lists.match(term).matches


def test_a_change_that_its_times_do_not_tell_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system whose clock ticks slowly: size and times are what they were."""
    now = time.time_ns()
    monkeypatch.setattr(ListStore, "_stamped", lambda self: (("l.toml", now, now, 1, 1),))
    write(tmp_path, HEAD + 'terms = ["aa"]')
    held = ListStore([tmp_path])
    write(tmp_path, HEAD + 'terms = ["bb"]')
    assert held.reload_if_changed().changed
    assert held.lists.match("bb").matches


def test_files_that_change_while_they_are_read_are_left_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, HEAD + 'terms = ["aa"]')
    held = ListStore([tmp_path])
    read = store._read

    def meanwhile(folders: Sequence[Path], origins: Collection[str] | None) -> list[ReadList]:
        found = read(folders, origins)
        monkeypatch.undo()
        replace(tmp_path, HEAD + 'terms = ["cc"]')
        return found

    replace(tmp_path, HEAD + 'terms = ["bb"]')
    monkeypatch.setattr(store, "_read", meanwhile)
    assert not held.reload_if_changed().changed
    assert held.reload_if_changed().changed
    assert held.lists.match("cc").matches


def test_a_folder_that_comes_later_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    held = ListStore([folder])
    assert not held.lists.match("aa").matches
    assert not held.reload_if_changed().changed
    folder.mkdir()
    write(folder, HEAD + 'terms = ["aa"]')
    assert held.reload_if_changed().changed
    assert held.lists.match("aa").matches


def test_a_folder_that_vanishes_keeps_the_lists(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    path = write(folder, HEAD + 'terms = ["aa"]')
    held = ListStore([folder])
    path.unlink()
    folder.rmdir()
    told = held.reload_if_changed()
    assert not told.changed
    assert "cannot be read" in str(told.error)
    assert held.lists.match("aa").matches


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, HEAD + 'terms = ["aa"]')
    monkeypatch.setattr(reloading, "_FRESH_S", -3600.0)  # as if an hour had gone by
    held = ListStore([tmp_path])
    reads: list[Path] = []
    monkeypatch.setattr(store, "_read", lambda folders, origins: reads.append(folders[0]))
    assert not held.reload_if_changed().changed
    assert not reads


def test_lists_that_are_wrong_at_the_start_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, HEAD)
    with pytest.raises(ListError):
        ListStore([tmp_path])


def test_reloading_leaves_no_gap_and_no_mixed_state(tmp_path: Path) -> None:
    """Two lists always change together; whoever matches sees either both old or both new, and always something."""

    def lists_of(number: int) -> None:
        folder = tmp_path / "now"
        for name in ("l", "m"):
            replace(folder, HEAD.replace('"l"', f'"{name}"') + f'terms = ["term{number % 2}"]', f"{name}.toml")

    (tmp_path / "now").mkdir()
    lists_of(0)
    held = ListStore([tmp_path / "now"])
    stop, wrong, looks = threading.Event(), list[object](), [0, 0]

    def match_all_the_time(place: int) -> None:
        while not stop.is_set():
            lists: Lists = held.lists
            found = lists.match("term0 term1").matches
            looks[place] += 1
            if (
                len(found) != 2
                or len({match.term for match in found}) != 1
                or found != lists.match("term0 term1").matches
            ):
                wrong.append(found)

    threads = [threading.Thread(target=match_all_the_time, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    try:
        changes = 0
        for number in range(1, 40):
            if number % 5 == 0:
                replace(tmp_path / "now", "broken = [")
                assert held.reload_if_changed().error is not None
            lists_of(number)
            changes += held.reload_if_changed().changed
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert changes == 39
    assert min(looks) > 39


# ---- pages

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", ["docs/lists.md", "pipelines/lists/README.md"])
def test_the_lists_on_a_page_can_be_read(tmp_path: Path, page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```(toml|text)\n(.*?)```", text, re.DOTALL)
    for language, block in blocks:
        if language == "text":
            write(tmp_path, block, "shop-scams.txt")
    for number, (language, block) in enumerate(blocks):
        if language == "toml":
            write(tmp_path, block, f"{number}.toml")
    assert load_lists([tmp_path]).lists


def test_the_session_on_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-lists").mkdir()
    write(tmp_path / "my-lists", HEAD + 'terms = ["refund agent"]')
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/lists.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)
    assert isinstance(names["store"], ListStore)
    assert names["store"].lists.held_back("to the refund ag") == 7


def test_the_shipped_room_holds_no_list() -> None:
    assert load_lists([ROOT / "pipelines" / "lists"]).lists == ()
