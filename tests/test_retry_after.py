"""`Retry-After` of any server: bounded whole seconds, and no exception."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.servers import answering

from moderation import Client
from moderation.errors import OverloadedError
from moderation.retry_after import MOST_S, retry_after_s

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ODD = [
    "",
    "   ",
    "-5",
    "+5",
    "1.5",
    "soon",
    "²",
    "٣",
    "1, 2",
    "1e9",
    "0x10",
    "inf",
    "nan",
    "Wed, 99 Foo 9999",
    "," * 30,
]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 1),
        *((odd, 1) for odd in ODD),
        ("0", 0),
        ("7", 7),
        (" 30 ", 30),
        ("0" * 6_000 + "12", 12),
        ("3600", MOST_S),
        ("3601", MOST_S),
        ("9" * 5_000, MOST_S),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=90), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=9_000), usegmt=True), MOST_S),
        ("Wed, 02 Jan 2030 03:04:35 -0000", 30),
        ("Fri, 31 Dec 9999 23:59:59 -2359", MOST_S),
    ],
)
def test_what_a_header_says(header: str | None, seconds: int) -> None:
    assert retry_after_s(header, now=lambda: NOW) == seconds


@given(st.one_of(st.text(), st.integers().map(str), st.datetimes().map(format_datetime)))
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_header_is_bounded(header: str) -> None:
    assert 0 <= retry_after_s(header) <= MOST_S


OVERLOADED = {"error": {"type": "overloaded_error", "code": "overloaded", "message": "full"}}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 1), ("-5", 1), ("²", 1), ("soon", 1), ("4", 4), ("9" * 5_000, MOST_S), ("9" * 19, MOST_S)],
)
def test_a_client_tells_how_long_to_wait(header: str, seconds: int) -> None:
    with (
        answering(lambda body, headers: (429, OVERLOADED), wait=header) as address,
        Client(address) as client,
        pytest.raises(OverloadedError) as refused,
    ):
        client.moderate("hello")
    assert refused.value.retry_after_s == seconds
