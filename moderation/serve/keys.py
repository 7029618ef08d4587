"""API keys: a file of accepted keys, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from starlette.requests import Request

from moderation.errors import AuthenticationError, SettingsError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MIN_LENGTH = 16


class ApiKeys:
    """Accepted keys; only their SHA-256 is kept."""

    def __init__(self, keys: list[str]) -> None:
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys]

    @classmethod
    def from_file(cls, file: Path) -> ApiKeys:
        """Reads a key file: one key a line, `#` starts a comment line.

        Raises:
            SettingsError: unreadable, empty, or with a key that is too short to be one.
        """
        try:
            lines = file.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"`api_key_file`: {file} cannot be read: {error}") from None
        keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if not keys:
            raise SettingsError(f"`api_key_file`: {file} holds no key")
        if short := [number for number, key in enumerate(keys, start=1) if len(key) < MIN_LENGTH]:
            raise SettingsError(f"`api_key_file`: {file}: key {short[0]} has under {MIN_LENGTH} characters")
        return cls(keys)

    def check(self, request: Request) -> None:
        """Looks at the bearer token; every key is compared, so that time tells nothing.

        Raises:
            AuthenticationError: there is none, or it is not accepted.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        digest = hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).digest()
        accepted = [hmac.compare_digest(digest, known) for known in self._digests]
        if scheme.lower() != "bearer" or not any(accepted):
            raise AuthenticationError("send an accepted key as `Authorization: Bearer KEY`")


def check_binding(host: str, keys: ApiKeys | None) -> None:
    """Refuses to serve strangers without keys.

    Raises:
        SettingsError: `host` is not loopback and there are no keys.
    """
    if keys is None and host not in LOOPBACK:
        raise SettingsError(
            f"`host`: {host} is not loopback; serving it needs `api_key_file` (MODERATION_API_KEY_FILE=FILE)"
        )
