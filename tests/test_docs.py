"""The reference pages say what the code does: each table is held against it, and what a page shows is run."""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest
from starlette.requests import HTTPConnection
from support.engines import BLUE, png
from support.pages import DOCS, ROOT, TREES, blocks, page, rows, sections, word
from support.servers import Server
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import connect

from moderation import errors
from moderation.cli.main import main, parser
from moderation.config import TABLES, KnownSettings, Settings, load_settings
from moderation.crosswalks import CROSSWALKS, NO_HOME, foreign_codes
from moderation.errors import STAGE_CODES, ModerationError
from moderation.fetch.settings import FetchSettings
from moderation.limits import Limits
from moderation.pipelines.metrics import Metrics
from moderation.schema import StreamEvent
from moderation.serve.answering import status_of
from moderation.serve.dialects import openai
from moderation.serve.keys import ApiKeys
from moderation.taxonomy import CATEGORIES
from moderation.wire import (
    _CODES,
    WireStreamEnd,
    WireStreamStart,
    WireStreamText,
    load_error,
    load_result,
    parse_request,
)

# ---- command line


def commands(top: argparse.ArgumentParser, name: str = "moderation") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, top
    for group in groups:
        for word_, command in group.choices.items():
            yield from commands(command, f"{name} {word_}")


COMMANDS = dict(commands(parser()))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_in_the_docs_with_its_options_and_no_others(name: str) -> None:
    section = sections(page("cli.md"))[f"`{name}`"]
    written = set(re.findall(r"`(--[a-z-]+|[A-Za-z]+)[^`]*`", " ".join(row[0] for row in rows(section))))
    options = {
        option
        for action in COMMANDS[name]._actions
        for option in action.option_strings or [str(action.metavar or action.dest)]
    }
    assert written == options - {"-h", "--help"}


def test_no_command_is_in_the_docs_that_does_not_exist() -> None:
    assert {title for title in sections(page("cli.md")) if title.startswith("`")} == {f"`{name}`" for name in COMMANDS}


def sessions(name: str) -> list[str]:
    return [block for block in blocks(page(name), "console") if "moderation serve" not in block]


@pytest.mark.parametrize(
    ("name", "block"), [(name, block) for name in ("cli.md", "policies.md") for block in sessions(name)]
)
def test_a_session_prints_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: str) -> None:
    policies = blocks(page("policies.md"), "toml")
    (tmp_path / "my" / "pipelines" / "policies").mkdir(parents=True)
    for file in ("strict.toml", "my/pipelines/policies/strict.toml"):
        (tmp_path / file).write_text(policies[0])
    (tmp_path / "broken.toml").write_text(policies[1])
    (tmp_path / "blue.png").write_bytes(png(BLUE))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "scores.jsonl").write_text(blocks(page("cli.md"), "jsonl")[0])
    monkeypatch.chdir(tmp_path)
    status = 0
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        typed, _, shown = step.partition("\n")
        if typed == "echo $?":
            printed = f"{status}\n"
        else:
            with io.StringIO() as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                status = main(shlex.split(typed)[1:])
                printed = said.getvalue()
        pattern = ".*".join(re.escape(piece) for piece in shown.split("…"))
        assert re.fullmatch(pattern, printed), f"{typed}\n{printed}"


# ---- configuration


@pytest.mark.parametrize(
    ("kind", "title", "prefix"),
    [
        (Settings, "Settings", "MODERATION_"),
        (Limits, "Limits", "MODERATION_LIMITS_"),
        (FetchSettings, "Fetching", "MODERATION_FETCH_"),
        (KnownSettings, "Known content", "MODERATION_KNOWN_"),
    ],
)
def test_every_setting_stands_with_its_default(kind: type[Any], title: str, prefix: str) -> None:
    table = {word(row[0]): row for row in rows(sections(page("configuration.md"))[title])}
    known = {item.name: item for item in fields(kind) if item.name not in TABLES}
    assert list(table) == list(known)
    for name, item in known.items():
        _, default, variable, meaning = table[name]
        assert word(variable) == prefix + name.upper()
        assert meaning
        if item.default is MISSING:
            assert "`" not in default, "made when it is needed: described in words"
        elif item.default is None:
            assert default == "none"
        else:
            found = tomllib.loads(f"x = {word(default)}")["x"]
            found = tuple(found) if isinstance(found, list) else found
            assert (found, type(found)) == (item.default, type(item.default))


def test_the_settings_file_that_is_shown_is_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    for block in blocks(page("configuration.md"), "toml"):
        file.write_text(block)
        assert load_settings(file, environment={}) != Settings()


def test_the_key_file_that_is_shown_is_read(tmp_path: Path) -> None:
    (block,) = blocks(sections(page("configuration.md"))["API keys"], "text")
    file = tmp_path / "keys"
    file.write_text(block)
    keys = ApiKeys.from_file(file)
    entries = [line.split() for line in block.splitlines() if not line.startswith("#")]
    assert {len(entry) for entry in entries} == {1, 2}
    for entry in entries:
        scope = {"type": "http", "headers": [(b"authorization", f"Bearer {entry[-1]}".encode())]}
        assert keys.check(HTTPConnection(scope)) == (entry[0] if len(entry) == 2 else None)


# ---- errors


def classes() -> list[type[ModerationError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ModerationError)]


def instance(kind: type[ModerationError]) -> ModerationError:
    error = kind.__new__(kind)
    Exception.__init__(error)
    return error


def raised() -> Iterator[tuple[str, str]]:
    """(what is called, code) for every `code="…"`, `Gap("…")`, `Unjudged(…, "…")` and stage code in the package.

    What a file in a file cannot be read for (`…_member`, `…_member_format`) is a gap as well.
    """
    first = slice(0, 1)
    reasons = {"Gap": first, "Unread": first, "miss": first, "PastLimitError": first, "Unjudged": slice(2, 3)}
    for tree in TREES.values():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
            for value in given + call.args[reasons.get(name, slice(0))]:
                for code in _constants(value):
                    yield "Gap" if name in reasons or re.search(r"_member(_format)?$", code) else name, code
    yield from (("Gap", reason) for reason in left_out())


def left_out() -> Iterator[str]:
    """The reasons of `normalise`, which knows no `Gap`: `gaps.append(("…", span))` and `gaps += [("…", span)]`."""
    for node in ast.walk(TREES[ROOT / "moderation" / "normalise" / "views.py"]):
        target: ast.expr | None = node.target if isinstance(node, ast.AugAssign) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            target = node.func.value
        if getattr(target, "attr", getattr(target, "id", "")) == "gaps":
            pairs = [inner for inner in ast.walk(node) if isinstance(inner, ast.Tuple) and inner.elts]
            yield from (reason for pair in pairs for reason in _constants(pair.elts[0]))


def _constants(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be, without those it only looks at."""
    if isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_code_is_in_the_docs_and_no_other() -> None:
    documented = {
        word(row[1 if title == "The tree" else 0])
        for title, section in sections(page("errors.md")).items()
        for row in rows(section)
    }
    known = {kind.code for kind in classes()} | {code for _, code in raised()} | STAGE_CODES | set(_CODES.values())
    assert known <= documented
    literals = {
        node.value
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert documented <= literals


def test_every_error_stands_with_its_code_status_and_type() -> None:
    table = {word(row[0]): row for row in rows(sections(page("errors.md"))["The tree"])}
    assert sorted(table) == sorted(kind.__name__ for kind in classes())
    for kind in classes():
        name, code, status, type_, meaning = table[kind.__name__]
        assert (word(code), word(type_)) == (kind.code, kind.kind)
        answered = status_of(instance(kind))
        assert status == ("" if answered == 500 and kind is not ModerationError else str(answered)), kind
        assert name.count("·") == len(kind.__mro__) - len(ModerationError.__mro__)
        assert meaning


def test_every_code_over_http_stands_with_its_status() -> None:
    table = {word(row[0]): row[1] for row in rows(sections(page("errors.md"))["Codes over HTTP"])}
    elsewhere = {word(row[0]) for row in rows(sections(page("errors.md"))["Codes elsewhere"])}
    assert not set(table) & elsewhere
    by_code: dict[str, set[str]] = {}
    for name, code in raised():
        kind = getattr(errors, name, None)
        if isinstance(kind, type) and issubclass(kind, ModerationError) and code not in elsewhere:
            by_code.setdefault(code, set()).add(str(status_of(instance(kind))))
    for code, statuses in by_code.items():
        if statuses != {"500"}:
            assert table[code] in statuses, code


def test_reasons_say_whether_trying_again_may_help() -> None:
    table = {
        word(row[0]): row[1] for row in rows(sections(page("errors.md"))["Reasons in `unjudged`"]) if len(row) == 3
    }
    gaps = {code for name, code in raised() if name == "Gap"}
    assert {reason for reason, kind in table.items() if kind == "stage"} == STAGE_CODES
    assert {reason for reason, kind in table.items() if kind == "content"} == gaps - STAGE_CODES


# ---- categories


def categories_table() -> str:
    head = ["key", "English", "Chinese", "description", *CROSSWALKS]
    lines = [head, ["---"] * len(head)]
    for key, category in CATEGORIES.items():
        codes = []
        for system, table in CROSSWALKS.items():
            own = any(key in keys for keys in table.values())
            codes.append(", ".join(code if own else f"*{code}*" for code in foreign_codes(system, key)))
        lines.append([f"`{key}`", category.name, category.name_zh, category.description, *codes])
    written = "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
    homeless = "".join(f"- {code}: {reason}\n" for code, reason in NO_HOME.items())
    return f"{written}\nWithout a counterpart, on either side:\n\n{homeless}"


def test_the_table_of_categories_is_the_taxonomy(update_golden: bool) -> None:
    form = re.compile(r"(<!-- table: [^\n]*-->\n)(.*?)(<!-- /table -->)", re.DOTALL)
    if update_golden:
        text = form.sub(lambda match: match[1] + categories_table() + match[3], page("categories.md"))
        (DOCS / "categories.md").write_text(text)
    match = form.search(page("categories.md"))
    assert match is not None
    assert match[2] == categories_table()


# ---- API


def test_every_metric_stands_with_its_labels() -> None:
    table = {word(row[0]): row for row in rows(sections(page("api.md"))["Operations"]) if "moderation_" in row[0]}
    known = {}
    for metric in vars(Metrics()).values():
        if hasattr(metric, "_labelnames"):
            name = metric._name + ("_total" if metric._type == "counter" else "")
            known[name] = (metric._type, list(metric._labelnames))
    assert {name: (row[1], re.findall(r"`(\w+)`", row[2])) for name, row in table.items()} == known


@pytest.mark.parametrize("name", ["api.md", "errors.md"])
def test_every_json_block_is_a_result_or_an_error(name: str) -> None:
    for block in blocks(page(name), "json"):
        value = json.loads(block)
        if "error" in value:
            assert load_error(value).code == value["error"]["code"]
        else:
            result = load_result(value)
            assert set(result.categories) == set(result.category_scores)


def curls() -> list[list[str]]:
    return [shlex.split(block) for block in blocks(page("api.md"), "sh")]


@pytest.mark.parametrize("words", curls(), ids=lambda words: str(words[2]).rpartition("/")[2])
def test_a_curl_line_is_accepted_and_answered(fake_server: Server, words: list[str]) -> None:
    path = words[2].removeprefix("http://127.0.0.1:8080")
    options = dict.fromkeys(words, "")
    given = [(one, words[index + 1]) for index, one in enumerate(words) if one in ("-d", "-F")]
    assert words[:2] == ["curl", "-s"]
    assert given
    if "-d" in options:
        (body,) = [json.loads(value) for _, value in given]
        if path == "/v1/moderations":
            assert openai.parse(body, Limits())[0]
        else:
            for request in body.get("requests", [body]):
                assert parse_request(request).parts
        response = httpx.post(f"{fake_server.url}{path}", json=body)
    else:
        form = dict(value.split("=", 1) for _, value in given)
        request = form.pop("request").removesuffix(";type=application/json")
        files = {name: png(BLUE) for name, value in form.items() if value.startswith("@")}
        assert parse_request(json.loads(request), files).parts
        response = httpx.post(f"{fake_server.url}{path}", data={"request": request}, files=files)
    assert response.status_code == 200, response.text


def test_the_fields_of_request_and_result_are_all_named(fake_server: Server) -> None:
    native = sections(page("api.md"))
    named = set(re.findall(r"`([a-z_.]+)`", native["Request"] + native["Result"]))
    document = httpx.get(f"{fake_server.url}/openapi.json").json()["components"]["schemas"]
    answered = ("ModerationResult", "Finding", "Unjudged", "DerivedPart", "Allowed", "KnownEvidence")
    for schema in ("WireRequest", "WireTurn", "WirePart", *answered):
        assert set(document[schema]["properties"]) <= named, schema
    assert {f"evidence.{field}" for field in document["Evidence"]["properties"]} <= named
    patterns = set(re.findall(r"`([a-z_.]+)`", native["Patterns over turns"]))
    assert set(document["Trigger"]["properties"]) <= patterns


def test_the_messages_and_events_of_a_stream_are_all_named() -> None:
    section = sections(page("api.md"))["`GET /v1/moderate/stream`"]
    named = set(re.findall(r"`([a-z_.]+)`", section))
    for message in (WireStreamStart, WireStreamText, WireStreamEnd):
        assert {*message.model_fields, *get_args(message.model_fields["type"].annotation)} <= named
    assert {field.name for field in fields(StreamEvent)} <= named
    assert set(get_args(get_type_hints(StreamEvent)["type"])) <= named
    codes = {word(row[0]) for row in rows(section) if word(row[0]).isdigit()}
    nodes = [
        node
        for file in ("streaming.py", "sockets.py")
        for node in ast.walk(TREES[ROOT / "moderation" / "serve" / file])
    ]
    numbers = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, int)}
    refusals = {number for number in numbers if 1000 < number < 1100}
    names = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    refusals |= {int(CloseCode[name.attr]) for name in names if name.value.id == "CloseCode"}  # type: ignore[attr-defined]
    assert {int(code) for code in codes} == refusals - {1005, 1006} | {1000}


def test_the_stream_that_is_shown_is_so(fake_server: Server) -> None:
    (session,) = blocks(sections(page("api.md"))["`GET /v1/moderate/stream`"], "text")
    lines = session.splitlines()
    with connect(f"{fake_server.url.replace('http', 'ws')}/v1/moderate/stream", proxy=None) as socket:
        for line in lines:
            if line.startswith("→ "):
                socket.send(line[2:])
            else:
                pattern = ".*".join(re.escape(piece) for piece in line.removeprefix("← ").split("…"))
                assert re.fullmatch(pattern, str(socket.recv(20))), line
        with pytest.raises(ConnectionClosed):
            socket.recv(20)
        assert socket.close_code == 1000


@pytest.mark.parametrize("block", blocks(page("api.md"), "python"))
def test_a_python_block_runs(fake_server: Server, tmp_path: Path, block: str) -> None:
    (tmp_path / "photo.png").write_bytes(png(BLUE))
    script = block.replace("http://127.0.0.1:8080", fake_server.url)
    command = [sys.executable, "-c", script]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODERATION_")}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
