"""Ways to have a private address fetched: none of them opens a connection to one.

Two things listen: a canary on every address of this machine, and the interpreter's own audit of every `connect`, which
also hears of addresses that nobody listens on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpcore
import pytest
from support.fetching import (
    HOST,
    NAME,
    Canary,
    Names,
    always,
    answering,
    by_path,
    canary,
    connections,
    fetcher_for,
    host,
    only,
    redirect,
)

from moderation.errors import FetchError, InputError, InvalidRequestError
from moderation.fetch.fetcher import Fetcher
from moderation.fetch.network import Names as SystemNames
from moderation.fetch.network import PublicNetwork
from moderation.fetch.settings import FetchSettings

LITERALS = [
    # plain addresses
    "127.0.0.1",
    "127.0.0.3",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::ffff:127.0.0.2]",  # even of what is allowed as it is
    "[::ffff:169.254.169.254]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:53aa:64c:0:0:80ff:fffe]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fec0::1]",
    "[ff02::1]",
    # the loopback in other forms
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.1",
    "127.0.1",
    "0",
    "00000000177.1",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "%31%32%37.0.0.1",
    "127.0.0.1%2f",
    # names of this machine
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "localhost.localdomain",
    "ip6-localhost",
    "sub.localhost",
]
NAMES: dict[str, Sequence[str]] = {
    "loopback.example.com": ["127.0.0.1"],
    "loopback6.example.com": ["::1"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "zero.example.com": ["0.0.0.0"],
    "private.example.com": ["10.1.2.3"],
    "metadata.example.com": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata6.example.com": ["fd00:ec2::254"],
    "zoned.example.com": ["fe80::1%lo"],
    "nat64.example.com": ["64:ff9b::7f00:1"],
    "first-good.example.com": [HOST, "127.0.0.1"],
    "last-good.example.com": ["127.0.0.1", HOST],
    "public-and-private.example.com": ["93.184.216.34", "10.0.0.1"],
    "nonsense.example.com": ["no address"],
    "half-nonsense.example.com": [HOST, "no address"],
    "octal.example.com": ["0177.0.0.1"],
    "nothing.example.com": [],
}


async def refused(fetcher: Fetcher, url: str) -> InputError:
    async with fetcher:
        with pytest.raises(InputError) as caught:
            await fetcher.fetch(url)
    return caught.value


def names() -> Names:
    names = Names()
    for name, addresses in NAMES.items():
        names.add(name, addresses)
    return names


@pytest.mark.parametrize("trick", [*LITERALS, *NAMES])
def test_no_form_of_a_private_address_is_connected_to(trick: str) -> None:
    async def scenario() -> None:
        async with canary() as bird, host(always(answering(b"x"))) as own:
            with connections() as tried:
                fetcher = fetcher_for(own.port, names=names(), ports=(bird.port,))
                error = await refused(fetcher, f"http://{trick}:{bird.port}/")
                tls = await refused(fetcher, f"https://{trick}:{bird.port}/")
            assert error.code == tls.code
            assert error.code in ("invalid_url", "url_not_allowed")
            assert tried == []
        assert bird.came == []

    asyncio.run(scenario())


@pytest.mark.parametrize("other", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.2", "no address", ""])
def test_a_name_with_one_wrong_address_is_refused_whole(other: str) -> None:
    """So that no second try, after the first address did not answer, goes where it may not."""

    async def scenario() -> None:
        mixed = Names()
        async with host(always(answering(b"x"))) as own:
            for addresses in ([HOST, other], [other, HOST], [HOST, HOST, other]):
                mixed.add(NAME, addresses)
                with connections() as tried:
                    error = await refused(fetcher_for(own.port, names=mixed), own.url())
                assert error.code == "url_not_allowed"
                assert tried == []

    asyncio.run(scenario())


@pytest.mark.parametrize("trick", [*LITERALS, *NAMES])
def test_no_redirect_leads_to_a_private_address(trick: str) -> None:
    async def scenario() -> None:
        async with canary() as bird:
            target = f"//{trick}:{bird.port}/"
            if not trick.isascii():
                target = target.encode().decode("latin-1")  # as it comes over the wire
            answers = {"/1": redirect("/2"), "/2": redirect(f"http:{target}"), "/3": redirect(target, status="307 T")}
            async with host(by_path(answers)) as own:
                for path in ("/1", "/3"):
                    with connections() as tried:
                        fetcher = fetcher_for(own.port, names=names(), ports=(bird.port,))
                        error = await refused(fetcher, own.url(path))
                    assert error.code in ("invalid_url", "url_not_allowed", "url_failed")
                    assert set(tried) == {(HOST, own.port)}
        assert bird.came == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://media.example.com/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "data:text/plain,x",
        "http://user:password@media.example.com/",
        "http://media.example.com@127.0.0.1/",
        "http://media.example.com:22/",
        "http://",
        "http://[::1",
        "",
    ],
)
def test_a_redirect_to_what_is_not_fetched(location: str) -> None:
    async def scenario() -> None:
        async with host(always(redirect(location))) as own:
            with connections() as tried:
                error = await refused(fetcher_for(own.port), own.url())
            # What is empty leads to the same place again, until there were too many.
            again = location in ("", "http://")
            assert error.code in ({"too_many_redirects"} if again else {"invalid_url", "url_not_allowed"})
            assert set(tried) == {(HOST, own.port)}

    asyncio.run(scenario())


def test_a_name_is_resolved_once_for_each_connection() -> None:
    """A second answer has no chance: the first was checked, and the connection went to it and not to the name."""

    async def scenario() -> None:
        rebinding = Names()
        rebinding.add(NAME, [HOST], ["127.0.0.1"])
        async with canary() as bird, host(always(answering(b"fine"))) as own:
            async with fetcher_for(own.port, names=rebinding, ports=(bird.port,)) as fetcher:
                assert (await fetcher.fetch(own.url())).data == b"fine"
                assert rebinding.asked == [NAME]
                with pytest.raises(InvalidRequestError, match="no public address"):
                    await fetcher.fetch(own.url())
            assert len(own.heads) == 1
        assert bird.came == []

    asyncio.run(scenario())


def test_a_name_that_turns_private_between_redirects_is_refused() -> None:
    async def scenario() -> None:
        rebinding = Names()
        rebinding.add(NAME, [HOST], [HOST], ["127.0.0.1"])
        async with canary() as bird, host(always(redirect("/again"))) as own:
            with connections() as tried:
                error = await refused(fetcher_for(own.port, names=rebinding), own.url())
            assert error.code == "url_not_allowed"
            assert tried == [(HOST, own.port)] * 2
            assert rebinding.asked == [NAME] * 3
        assert bird.came == []

    asyncio.run(scenario())


def test_nothing_shows_whether_a_name_is_unknown_or_private() -> None:
    async def scenario() -> None:
        inner = Names()
        inner.add("db.corp.example", ["10.0.0.7"])
        fetcher = fetcher_for(80, names=inner)
        known = await refused(fetcher, "http://db.corp.example/")
        unknown = await refused(fetcher, "http://no.corp.example/")
        assert vars(known) == vars(unknown)
        assert str(known) == str(unknown)

    asyncio.run(scenario())


class Elsewhere(httpcore.AsyncNetworkBackend):
    """A network that connects to another place than it was asked for, as a rule of the machine may."""

    def __init__(self, address: str, port: int) -> None:
        self.place = (address, port)

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return await httpcore.AnyIOBackend().connect_tcp(*self.place)


@pytest.mark.parametrize("wrong", ["address", "port"])
def test_the_peer_of_the_socket_is_checked_before_a_byte_is_sent(wrong: str) -> None:
    """Where it leads elsewhere, also to what may be connected to, it is closed."""

    async def scenario() -> None:
        async with canary() as bird:
            asked = "93.184.216.34" if wrong == "address" else "127.0.0.3"
            network = PublicNetwork(
                resolve=Names().resolve,
                may_connect=lambda *_: True,
                max_header_bytes=1_000,
                inner=Elsewhere("127.0.0.3", bird.port),
            )
            with pytest.raises(InvalidRequestError, match="no public address"):
                await network.connect_tcp(asked, bird.port if wrong == "address" else 80)
            stream = await network.connect_tcp("127.0.0.3", bird.port)  # where it should
            await stream.aclose()
            await asyncio.sleep(0.01)
            assert len(bird.came) == 2
            assert bird.told == b""

    asyncio.run(scenario())


def test_a_connection_of_this_machine_to_itself_is_refused() -> None:
    """Though its address be public: both ends of the socket are the same one."""

    async def scenario() -> None:
        async with canary() as bird:
            network = PublicNetwork(resolve=Names().resolve, may_connect=lambda *_: True, max_header_bytes=1_000)
            with pytest.raises(InvalidRequestError):
                await network.connect_tcp("127.0.0.1", bird.port)
            await asyncio.sleep(0.01)
            assert len(bird.came) == 1  # connected, as it must be to know, and closed
            assert bird.told == b""

    asyncio.run(scenario())


def test_a_socket_of_this_machine_is_not_connected_to() -> None:
    async def scenario() -> None:
        network = PublicNetwork(resolve=Names().resolve, may_connect=lambda *_: True, max_header_bytes=1_000)
        with pytest.raises(InvalidRequestError):
            await network.connect_unix_socket("/var/run/docker.sock")

    asyncio.run(scenario())


def test_the_rule_that_is_used_by_default() -> None:
    async def scenario() -> None:
        async with canary() as bird:
            with connections() as tried:
                settings = FetchSettings(enabled=True, ports=(bird.port,))
                for address in ("127.0.0.1", HOST, "[::1]", "10.0.0.1"):
                    error = await refused(Fetcher(settings), f"http://{address}:{bird.port}/")
                    assert error.code == "url_not_allowed"
            assert tried == []
        assert bird.came == []

    asyncio.run(scenario())


def test_the_resolver_that_is_used_by_default() -> None:
    async def scenario() -> None:
        names = SystemNames(1)
        assert {"127.0.0.1", "::1"} & set(await names.resolve("localhost"))
        with connections() as tried:
            network = PublicNetwork(resolve=names.resolve, may_connect=only(80), max_header_bytes=1_000)
            for name in ("localhost", "a" * 64 + ".example", "\x00.example", ""):
                with pytest.raises(InvalidRequestError, match="no public address"):
                    await network.connect_tcp(name, 80)
        assert tried == []
        names.close()

    asyncio.run(scenario())


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with canary() as bird, host(always(answering(b"direct"))) as own:
            for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(variable, f"http://127.0.0.1:{bird.port}")
            async with fetcher_for(own.port) as fetcher:
                assert (await fetcher.fetch(own.url())).data == b"direct"
        assert bird.came == []

    asyncio.run(scenario())


def test_switched_off_nothing_is_even_resolved() -> None:
    async def scenario() -> None:
        unused = Names()
        with connections() as tried:
            error = await refused(Fetcher(FetchSettings(), resolve=unused.resolve), f"http://{NAME}/")
        assert error.code == "url_fetch_disabled"
        assert unused.asked == []
        assert tried == []

    asyncio.run(scenario())


def test_the_canary_sings() -> None:
    """So that the silence of the others means something."""

    async def scenario() -> Canary:
        async with canary() as bird:
            with connections() as tried:
                for address in ("127.0.0.1", "127.0.0.3"):
                    stream = await httpcore.AnyIOBackend().connect_tcp(address, bird.port)
                    await stream.aclose()
            assert tried == [("127.0.0.1", bird.port), ("127.0.0.3", bird.port)]
        return bird

    assert len(asyncio.run(scenario()).came) == 2


def test_a_host_that_is_allowed_is_no_way_to_its_other_ports() -> None:
    async def scenario() -> None:
        async with host(always(answering(b"x"))) as own, host(always(answering(b"inner"))) as other:
            with connections() as tried:
                error = await refused(fetcher_for(own.port, ports=(other.port,)), other.url())
                allowed = await refused(fetcher_for(own.port), other.url())
            assert error.code == allowed.code == "url_not_allowed"
            assert tried == []

    asyncio.run(scenario())


def test_errors_of_a_fetch_are_errors_of_input() -> None:
    assert issubclass(FetchError, InputError)
