"""Answers: the one table from error to HTTP status, and bodies that can always be encoded."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from moderation import errors
from moderation.errors import ModerationError, OverloadedError
from moderation.wire import dump_error

# The first class an error is an instance of decides; what is not here is a fault of ours: 500.
STATUS: tuple[tuple[type[ModerationError], int], ...] = (
    (errors.InvalidRequestError, 400),
    (errors.AuthenticationError, 401),
    (errors.RequestTimeoutError, 408),
    (errors.TooLargeError, 413),
    (errors.UndecodableError, 415),
    (errors.FetchError, 422),
    (errors.NotSupportedYetError, 422),
    (errors.OverloadedError, 429),
    (errors.NotReadyError, 503),
)
RETRY_AFTER_S = 1


def status_of(error: ModerationError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def answer(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer from encoded JSON."""
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def answer_json(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer from a value."""
    return answer(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), status=status, headers=headers)


def answer_error(error: ModerationError) -> Response:
    """The answer to an error, with the headers its status asks for."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, OverloadedError):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    elif status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    elif status in (408, 413, 415):
        headers["Connection"] = "close"  # what is left of the body is not read as a next request
    return answer_json(dump_error(error), status=status, headers=headers)
