"""How URLs are fetched: one frozen object, passed as an argument, never read from a global."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Whether and how media that is given as a URL is fetched.

    Attributes:
        enabled: whether URLs are fetched at all. Switch it on where this process may open connections to the internet.
        ports: ports that may be connected to. Add one only where media really is served on it.
        max_bytes: bytes of what one URL leads to.
        max_call_bytes: bytes of what all URLs of one call lead to.
        max_held_bytes: bytes that are fetched and still in use, of all calls together; over it requests get 429.
        max_urls: different URLs of one call.
        max_url_chars: characters of a URL. Signed ones are long.
        max_redirects: redirects that are followed from one URL.
        max_header_bytes: bytes of an answer before its body.
        timeout_s: time in which all URLs of one call must be fetched.
        max_at_once: URLs that are fetched at one time in this process.
        max_call_at_once: URLs of one call that are fetched at one time, so that slow hosts in one do not hold up all.
    """

    enabled: bool = False
    ports: tuple[int, ...] = (80, 443)
    max_bytes: int = 20 * 1024 * 1024
    max_call_bytes: int = 64 * 1024 * 1024
    max_held_bytes: int = 256 * 1024 * 1024
    max_urls: int = 32
    max_url_chars: int = 8_192
    max_redirects: int = 3
    max_header_bytes: int = 32 * 1024
    timeout_s: float = 10.0
    max_at_once: int = 32
    max_call_at_once: int = 4
