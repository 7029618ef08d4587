"""Which URLs may be fetched, as far as their words say."""

from __future__ import annotations

import ipaddress
import socket

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import InvalidRequestError
from moderation.fetch.addresses import read_address
from moderation.fetch.settings import FetchSettings
from moderation.fetch.urls import next_url, read_url

SETTINGS = FetchSettings(enabled=True)

GOOD = {
    "http://example.com": "http://example.com",
    "HTTPS://Example.COM/a b?q=1#top": "https://example.com/a%20b?q=1",
    "https://example.com:443/": "https://example.com/",
    "http://example.com:443/": "http://example.com:443/",
    "https://sub_domain.example-1.com/": "https://sub_domain.example-1.com/",
    "http://93.184.216.34/x": "http://93.184.216.34/x",
    "http://[2606:4700::1111]/": "http://[2606:4700::1111]/",
    "https://bücher.example/": "https://xn--bcher-kva.example/",
    "https://例子.中国/": "https://xn--fsqu00a.xn--fiqs8s/",
    "http://example。com/": "http://example.com/",
}
INVALID = [
    "",
    "example.com",
    "//example.com/",
    "http:example.com",
    "http:/example.com",
    "http:///example.com",
    "http://",
    "http://:80/",
    "http://?x",
    " http://example.com/",
    "http://exa mple.com/",
    "http://example.com\n/",
    "http://example.com/\r\nHost: other",
    "http://example.com/\x00",
    "http://example.com:x/",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/_x",
    "dict://example.com/",
    "ldap://example.com/",
    "jar:http://example.com/!/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "ws://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "httpx://example.com/",
    # credentials, and what is read as such
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://:@example.com/",
    "http://@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com%40127.0.0.1/",
    # hosts that readers understand in different ways
    "http://example.com\\.127.0.0.1/",
    "http://ex%61mple.com/",
    "http://%31%32%37.0.0.1/",
    "http://example.com./",
    "http://127.0.0.1./",
    "http://localhost./",
    "http://.example.com/",
    "http://example..com/",
    "http://-example.com/",
    "http://exam+ple.com/",
    "http://{example.com}/",
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 127}com/",
    # addresses in other forms
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.01/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0x/",
    "http://127.0.0.1.5/",
    "http://256.0.0.1/",
    "http://127.0.0.08/",
    "http://example.com.1/",
    "http://example.0x7f/",
    "http://[127.0.0.1]/",
    "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://::1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://exa\u200bmple.com/",
    "http://exa\u00admple.com/",
    "http://\ud800.com/",
]
NOT_ALLOWED = [
    "http://localhost/",
    "http://intranet/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://example.com:0/",
    "http://example.com:-80/",
    "http://example.com:65616/",  # 80, for who counts to 65,535
]


@pytest.mark.parametrize("text", GOOD)
def test_a_url_that_may_be_fetched(text: str) -> None:
    assert str(read_url(text, SETTINGS)) == GOOD[text]


@pytest.mark.parametrize("text", INVALID)
def test_no_url(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_url(text, SETTINGS)
    assert caught.value.code == "invalid_url"


@pytest.mark.parametrize("text", NOT_ALLOWED)
def test_a_url_that_may_not_be_fetched(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_url(text, SETTINGS)
    assert caught.value.code == "url_not_allowed"


def test_the_length_is_bounded() -> None:
    longest = "http://example.com/".ljust(SETTINGS.max_url_chars, "a")
    assert read_url(longest, SETTINGS)
    with pytest.raises(InvalidRequestError):
        read_url(longest + "a", SETTINGS)


def test_ports_are_a_setting() -> None:
    settings = FetchSettings(enabled=True, ports=(8080,))
    assert read_url("http://example.com:8080/", settings).port == 8080
    with pytest.raises(InvalidRequestError, match="allowed: 8080"):
        read_url("http://example.com/", settings)


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/b", "https://example.com/b"),
        ("b?x=1", "https://example.com/a/b?x=1"),
        ("//other.example/c", "https://other.example/c"),
        ("https://other.example/c#d", "https://other.example/c"),
    ],
)
def test_a_redirect(location: str, leads_to: str) -> None:
    assert str(next_url(httpx.URL("https://example.com/a/"), location, SETTINGS)) == leads_to


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://example.com/", "url_not_allowed"),  # from https
        ("ftp://example.com/", "invalid_url"),
        ("file:///etc/passwd", "invalid_url"),
        ("//user@example.com/", "invalid_url"),
        ("//2130706433/", "invalid_url"),
        ("//localhost/", "url_not_allowed"),
        ("https://example.com:22/", "url_not_allowed"),
        ("https://[::1/", "invalid_url"),
        ("https://a\x01b/", "invalid_url"),
        ("\\\\127.0.0.1\\@/", None),  # a path, and stays with the host
    ],
)
def test_a_redirect_under_the_same_rules(location: str, code: str | None) -> None:
    if code is None:
        assert next_url(httpx.URL("https://example.com/"), location, SETTINGS).host == "example.com"
        return
    with pytest.raises(InvalidRequestError) as caught:
        next_url(httpx.URL("https://example.com/"), location, SETTINGS)
    assert caught.value.code == code


parts_of_hosts = st.one_of(
    st.integers(0, 2**33).map(str),
    st.integers(0, 2**33).map(hex),
    st.integers(0, 2**33).map(lambda number: f"0{number:o}"),
    st.text("abcx0123456789-_", max_size=8),
)


@given(st.lists(parts_of_hosts, min_size=1, max_size=5).map(".".join))
def test_no_accepted_name_is_an_address_to_the_system(host: str) -> None:
    """What `inet_aton` reads as an address comes through only in its plain form, which is then checked as one."""
    try:
        accepted = read_url(f"http://{host}/", SETTINGS).host
    except InvalidRequestError:
        return
    try:
        read_by_the_system = ipaddress.IPv4Address(socket.inet_aton(accepted))
    except OSError:
        return
    assert read_address(accepted) == read_by_the_system


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_an_input_error(text: str) -> None:
    for tried in (text, f"http://{text}", f"http://example.com{text}"):
        try:
            url = read_url(tried, SETTINGS)
        except InvalidRequestError:
            continue
        assert url.scheme in ("http", "https")
        assert not url.userinfo
        assert url.raw_host.isascii()


@given(st.text(max_size=60))
def test_any_redirect_is_a_url_or_an_input_error(location: str) -> None:
    try:
        url = next_url(httpx.URL("https://example.com/a/"), location, SETTINGS)
    except InvalidRequestError:
        return
    assert url.scheme == "https"
    assert not url.userinfo
