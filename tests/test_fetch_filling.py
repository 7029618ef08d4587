"""The URLs of one call: fetched once each, a few at a time, within what the process can hold."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import Any

import pytest
from support.fetching import always, answering, by_path, fetcher_for, host, only

from moderation.errors import FetchError, InputError, InvalidRequestError, OverloadedError, TooLargeError
from moderation.fetch.fetcher import Fetcher
from moderation.fetch.filling import Filling
from moderation.fetch.settings import FetchSettings
from moderation.schema import Modality, Part, Role


def image(url: str, role: Role | None = None) -> Part:
    return Part(Modality.IMAGE, url=url, role=role)


def test_parts_with_a_url_get_its_bytes_and_others_stay() -> None:
    async def scenario() -> None:
        answers = {"/a": answering(b"A"), "/b": answering(b"B")}
        async with host(by_path(answers)) as own, fetcher_for(own.port) as fetcher, Filling(fetcher) as filling:
            parts = {
                "input[0]": Part.from_text("hello"),
                "input[1]": image(own.url("/a"), Role.USER),
                "conversation[0].input[0]": Part(Modality.AUDIO, url=own.url("/b")),
                "input[2]": Part.from_bytes(Modality.IMAGE, b"own"),
            }
            assert await filling.fill(parts) == {
                **parts,
                "input[1]": Part(Modality.IMAGE, data=b"A", role=Role.USER),
                "conversation[0].input[0]": Part(Modality.AUDIO, data=b"B"),
            }
            assert list(await filling.fill(parts)) == list(parts)

    asyncio.run(scenario())


def test_equal_urls_are_fetched_once_in_a_call() -> None:
    async def scenario() -> None:
        async with host(always(answering(b"A"))) as own, fetcher_for(own.port) as fetcher:
            async with Filling(fetcher) as filling:
                contents = [{f"input[{at}]": image(own.url()) for at in range(3)} for _ in range(4)]
                filled = await asyncio.gather(*(filling.fill(parts) for parts in contents))
                assert {part.data for parts in filled for part in parts.values()} == {b"A"}
                assert len(own.heads) == 1
            async with Filling(fetcher) as filling:  # the next call asks anew
                await filling.fill({"input[0]": image(own.url())})
                assert len(own.heads) == 2

    asyncio.run(scenario())


def test_the_first_part_that_fails_is_told_with_its_path() -> None:
    async def slow_a(path: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05 if path == "/a" else 0)
        writer.write({"/good": answering(b"x"), "/none": answering()}.get(path, answering(status="404 N")))

    async def scenario() -> None:
        async with host(slow_a) as own, fetcher_for(own.port) as fetcher, Filling(fetcher) as filling:
            parts = {"input[0]": image(own.url("/good")), "input[1]": image(own.url("/a"))}
            parts |= {"input[2]": image(own.url("/b")), "input[3]": image("ftp://x.example/")}
            for path, code in (
                ("input[1]", "url_not_found"),
                ("input[2]", "url_not_found"),
                ("input[3]", "invalid_url"),
            ):
                with pytest.raises(InputError) as caught:
                    await filling.fill(parts)
                assert (caught.value.code, caught.value.param) == (code, f"{path}.url")
                del parts[path]
            with pytest.raises(InvalidRequestError) as empty:
                await filling.fill({"input[7]": image(own.url("/none"))})
            assert (empty.value.code, empty.value.param) == ("empty_media", "input[7].url")
            # One URL in two parts: each error has its own path.
            twice = await asyncio.gather(
                *(filling.fill({path: image(own.url("/b"))}) for path in ("input[4]", "input[5]")),
                return_exceptions=True,
            )
            assert [getattr(error, "param", None) for error in twice] == ["input[4].url", "input[5].url"]

    asyncio.run(scenario())


def test_switched_off() -> None:
    async def scenario() -> None:
        async with Fetcher(FetchSettings()) as fetcher, Filling(fetcher) as filling:
            with pytest.raises(InvalidRequestError) as caught:
                await filling.fill({"input[0]": image("http://media.example.com/")})
            assert (caught.value.code, caught.value.param) == ("url_fetch_disabled", "input[0].url")

    asyncio.run(scenario())


def test_the_number_of_urls_of_a_call_is_bounded() -> None:
    async def scenario() -> None:
        async with host(always(answering(b"x"))) as own, fetcher_for(own.port, max_urls=3) as fetcher:
            async with Filling(fetcher) as filling:
                await filling.fill({"input[0]": image(own.url("/0")), "input[1]": image(own.url("/1"))})
                await filling.fill({"input[0]": image(own.url("/2")), "input[1]": image(own.url("/0"))})
                with pytest.raises(TooLargeError) as caught:
                    await filling.fill({"input[0]": image(own.url("/1")), "input[1]": image(own.url("/3"))})
                assert (caught.value.code, caught.value.param) == ("too_many_urls", "input[1].url")
            assert len(own.heads) == 3

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("settings", "kind", "code"),
    [
        ({"max_call_bytes": 2_500}, TooLargeError, "url_too_large"),
        ({"max_held_bytes": 2_500}, OverloadedError, "overloaded"),
        ({"max_bytes": 999}, TooLargeError, "url_too_large"),
    ],
)
def test_the_bytes_are_bounded_together_and_given_back(settings: Any, kind: type[Exception], code: str) -> None:
    async def scenario() -> None:
        async with host(always(answering(bytes(1_000)))) as own, fetcher_for(own.port, **settings) as fetcher:
            parts = {f"input[{at}]": image(own.url(f"/{at}")) for at in range(3)}
            async with Filling(fetcher) as filling:
                with pytest.raises(kind) as caught:
                    await filling.fill(parts)
                assert getattr(caught.value, "code", None) == code
            assert fetcher.held_bytes == 0
            if "max_bytes" not in settings:
                async with Filling(fetcher) as filling:
                    await filling.fill({"input[0]": image(own.url())})
                    assert fetcher.held_bytes == 1_000
            assert fetcher.held_bytes == 0

    asyncio.run(scenario())


def test_what_other_calls_hold_counts() -> None:
    async def scenario() -> None:
        async with host(always(answering(bytes(1_000)))) as own, fetcher_for(own.port, max_held_bytes=1_500) as fetcher:
            part = {"input[0]": image(own.url())}
            async with Filling(fetcher) as first, Filling(fetcher) as second:
                await first.fill(part)
                with pytest.raises(OverloadedError):
                    await second.fill(part)
            async with Filling(fetcher) as third:
                await third.fill(part)

    asyncio.run(scenario())


def test_a_call_has_one_deadline_and_few_places() -> None:
    at_once, most = 0, 0

    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.sleep(60 if path == "/slow" else 0.05)
        finally:
            at_once -= 1
        writer.write(answering(b"x"))

    async def scenario() -> None:
        async with (
            host(respond) as own,
            fetcher_for(own.port, timeout_s=1.0, max_call_at_once=2) as fetcher,
            Filling(fetcher) as filling,
        ):
            await filling.fill({f"input[{at}]": image(own.url(f"/{at}")) for at in range(6)})
            assert most == 2
            began = asyncio.get_running_loop().time()
            with pytest.raises(FetchError) as caught:
                await filling.fill({"input[0]": image(own.url("/slow"))})
            assert caught.value.code == "url_timeout"
            with pytest.raises(FetchError) as late:
                await filling.fill({"input[0]": image(own.url("/late"))})
            assert late.value.code == "url_timeout"
            assert asyncio.get_running_loop().time() - began < 2

    asyncio.run(scenario())


def test_fetches_end_with_their_call() -> None:
    gone = asyncio.Event()

    async def respond(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/bad":
            writer.write(answering(status="404 N"))
            return
        try:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            gone.set()

    async def scenario() -> None:
        async with host(respond) as own, fetcher_for(own.port) as fetcher:
            parts = {"input[0]": image(own.url("/bad")), "input[1]": image(own.url("/endless"))}
            began = asyncio.get_running_loop().time()
            async with Filling(fetcher) as filling:
                with pytest.raises(FetchError):
                    await filling.fill(parts)
            await asyncio.wait_for(gone.wait(), 5)
            assert asyncio.get_running_loop().time() - began < fetcher.settings.timeout_s / 2
            assert fetcher.held_bytes == 0
            gone.clear()

            async def call() -> None:
                async with Filling(fetcher) as filling:
                    await filling.fill({"input[0]": image(own.url("/endless"))})

            task = asyncio.create_task(call())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(gone.wait(), 5)
            assert fetcher.held_bytes == 0

    asyncio.run(scenario())


def test_the_hook_of_these_tests_opens_nothing_else() -> None:
    """The rule that tests give is the real one but for one port of one address."""
    may_connect = only(8_080)
    assert may_connect(ip_address("127.0.0.2"), 8_080)
    assert may_connect(ip_address("93.184.216.34"), 80)
    for address, port in (("127.0.0.2", 80), ("127.0.0.1", 8_080), ("::ffff:127.0.0.2", 8_080), ("10.0.0.1", 8_080)):
        assert not may_connect(ip_address(address), port)
