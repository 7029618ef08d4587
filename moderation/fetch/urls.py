"""Which URLs may be fetched, as far as their words say: scheme, host, port, nothing else. Pure.

What the host's name leads to is not known here; that is checked where the connection is made.
"""

from __future__ import annotations

import re

import httpx

from moderation.errors import InvalidRequestError
from moderation.fetch.addresses import read_address
from moderation.fetch.settings import FetchSettings

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What some readers of addresses take for a number; the last label of a real name is never one.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST_CHARS = 253


def read_url(text: str, settings: FetchSettings) -> httpx.URL:
    """A URL that may be fetched if its host is public.

    Raises:
        InvalidRequestError: code `invalid_url`: it is none, or carries what a fetch does not send; `url_not_allowed`:
            its port is not one of those allowed.
    """
    if len(text) > settings.max_url_chars:
        raise _invalid(f"{len(text)} characters; a URL has at most {settings.max_url_chars}")
    if not _SCHEME.match(text):
        raise _invalid("a URL begins with http:// or https://")
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        raise _invalid("a URL with a user name or a password is not fetched; leave them out")
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError):
        raise _invalid("this is no URL") from None
    if not host:
        raise _invalid("a URL has a host")
    _check_host(host)
    port = port_of(url)
    if port not in settings.ports:
        allowed = ", ".join(map(str, settings.ports))
        message = f"URLs on this port are not fetched; allowed: {allowed}"
        raise InvalidRequestError(message, code="url_not_allowed")
    return url.copy_with(fragment=None)


def next_url(url: httpx.URL, location: str, settings: FetchSettings) -> httpx.URL:
    """Where a redirect leads, under the same rules; from https never to http.

    Raises:
        InvalidRequestError: as `read_url`.
    """
    try:
        joined = str(url.join(location))
    except (httpx.InvalidURL, ValueError):
        raise _invalid("a redirect leads to what is no URL") from None
    following = read_url(joined, settings)
    if url.scheme == "https" and following.scheme != "https":
        message = "a redirect leads from https to http; give the last URL itself"
        raise InvalidRequestError(message, code="url_not_allowed")
    return following


def port_of(url: httpx.URL) -> int:
    """The port a URL of http or https is served on."""
    return _DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def _check_host(host: str) -> None:
    """Refuses what is neither an address in its plain form nor a full name in lower case.

    An address in brackets comes without them; one with a zone is none.
    """
    if "%" not in host and read_address(host) is not None:
        return
    labels = host.split(".")
    if len(host) > MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("the host is neither a name nor an address; a name has no dot at its end")
    if _NUMBER.fullmatch(labels[-1]):
        raise _invalid("the host is an address in an unusual form; write it as four plain numbers")
    if len(labels) < 2:
        raise InvalidRequestError("the host is not a full name; give one with a domain", code="url_not_allowed")


def _invalid(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, code="invalid_url")
