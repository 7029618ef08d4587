"""Answers broken at random: what comes is bytes or an error of input, and never anything else."""

from __future__ import annotations

import asyncio
import random

from support.fetching import answering, fetcher_for, host, redirect

from moderation.errors import InputError

ROUNDS = 600
WHOLE = [
    answering(b"hello" * 20, headers=["Content-Type: image/png", "Content-Encoding: identity"]),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n",
    redirect("/there?a=b#c"),
    redirect("//media.example.com:80/x", status="308 P"),
    b"HTTP/1.1 100 Continue\r\n\r\n" + answering(b"x"),
    b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
]
PIECES = [
    b"\r\n",
    b"\x00",
    b":",
    b" ",
    b"\xff",
    b"%",
    b"[",
    b"@",
    b"\\",
    b"-1",
    b"9" * 30,
    b"Location: http://[::1]/\r\n",
]


def broken(answer: bytes, chance: random.Random) -> bytes:
    data = bytearray(answer)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                del data[at : at + chance.randint(1, 8)]
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                data[at:at] = data[: chance.randint(1, 40)]
    return bytes(data)


def test_a_broken_answer_is_bytes_or_an_error_of_input() -> None:
    chance = random.Random(0)
    codes: set[str] = set()

    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(broken(chance.choice(WHOLE), chance))

    async def scenario() -> None:
        async with host(respond) as own, fetcher_for(own.port, timeout_s=5.0) as fetcher:
            for _ in range(ROUNDS):
                try:
                    found = await fetcher.fetch(own.url())
                except InputError as error:
                    codes.add(error.code)
                else:
                    codes.add("fetched")
                    assert isinstance(found.data, bytes)

    asyncio.run(scenario())
    assert {"fetched", "url_failed", "url_not_allowed"} <= codes
    assert "url_timeout" not in codes
