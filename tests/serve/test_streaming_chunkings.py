"""A stream over its WebSocket, however it is chunked: the events of the text at once, in process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from support.servers import serving
from support.stream_texts import LISTED, MARKS, RUNS, SECRETS, SENTENCES, halves_of, pieces_of, write_lists
from support.streams import INJECTION, NAMED, NUMBER

from moderation import Client, Moderator
from moderation.schema import Role, StreamEvent

PROFILE = 'description = "Fake, with forms."\ndecode_deadline_s = 15\n' + "".join(
    f'\n[[stage]]\nmodel = "{key}"\ndeadline_s = 5\n' for key in ("fake-text.v1", "attack-forms.v1", "personal.v1")
)
TEXT = "".join(
    (
        INJECTION,
        MARKS[5],
        *SENTENCES,
        *LISTED,
        RUNS[0],
        *SECRETS,
        MARKS[0],
        *SENTENCES,
        "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL} e\u0301\r\n" * 20,
        NUMBER,
        NAMED,
    )
)


def told(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    """Events; numbers travel rounded, so scores are compared by what they led to."""
    return [
        replace(event, category_scores={}, findings=tuple(replace(one, score=0.5) for one in event.findings))
        for event in events
    ]


def test_over_the_socket_no_chunking_changes_an_event(tmp_path: Path) -> None:
    rooms = tmp_path / "pipelines"
    for name in ("lists", "profiles"):
        (rooms / name).mkdir(parents=True)
    write_lists(rooms / "lists")
    (rooms / "profiles" / "own.toml").write_text(PROFILE)
    with Moderator(rooms=tmp_path, profile="own") as moderator:
        expected = told(moderator.stream([TEXT], role=Role.TOOL, hold_review=True))
    assert {event.type for event in expected} == {"unit", "retract", "done"}
    with serving("--profile", "own", "--rooms", str(tmp_path)) as server, Client(server.url) as client:
        for pieces in ([TEXT], pieces_of(TEXT, 37), halves_of(TEXT)):
            assert told(client.stream(pieces, role=Role.TOOL, hold_review=True)) == expected
