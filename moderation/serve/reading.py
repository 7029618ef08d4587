"""Request bodies: read under limits of size and time, and taken apart.

One way for all routes: the whole body is read, bounded, before anything is parsed. A body that is over the limit is
read on for a while and thrown away, so that the client sees the answer instead of a reset connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from moderation.errors import InvalidRequestError, RequestTimeoutError, TooLargeError, UndecodableError
from moderation.limits import Limits
from moderation.wire import clean, parse_json

# How much of a body that is too large is thrown away before the connection is given up.
DRAINED = 8
# JSON above this size is parsed in a thread, so that other requests are not kept waiting.
LARGE = 256 * 1024


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of a request.

    Raises:
        TooLargeError: code `body_too_large`, by its length or while reading.
        RequestTimeoutError: it did not come in time.
        UndecodableError: it is compressed; code `unsupported_content_encoding`.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        message = f"a body with Content-Encoding {clean(encoding)} is not read; send it as it is"
        raise UndecodableError(message, code="unsupported_content_encoding")
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await _read(request, limits.max_body_bytes)
    except TimeoutError:
        raise RequestTimeoutError(f"the body did not come within {limits.body_timeout_s:g} s") from None
    except ClientDisconnect:
        raise InvalidRequestError("the client went away", code="client_disconnected") from None


async def _read(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > DRAINED * limit:
            break
        else:
            chunks.clear()
    if size > limit:
        raise TooLargeError(f"the body is over {limit} bytes", code="body_too_large")
    return b"".join(chunks)


async def read_json(request: Request, limits: Limits) -> Any:
    """The JSON value of a request's body.

    Raises:
        InputError: as `read_body`, or it is not JSON.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        message = f"Content-Type {clean(kind)} is not read here; send application/json"
        raise UndecodableError(message, code="unsupported_content_type")
    body = await read_body(request, limits)
    if len(body) < LARGE:
        return parse_json(body, max_values=limits.max_json_values)
    return await asyncio.to_thread(parse_json, body, max_values=limits.max_json_values)


def is_multipart(request: Request) -> bool:
    """Whether the body is a multipart form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data"


class FormFiles(Mapping[str, bytes]):
    """The files of a form by field name; remembers which of them were asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._used: set[str] = set()

    def __getitem__(self, name: str) -> bytes:
        data = self._files[name]
        self._used.add(name)
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def refuse_unused(self) -> None:
        """What was sent and is named by no part would go unjudged.

        Raises:
            InvalidRequestError: code `unused_file`.
        """
        if unused := sorted(set(self._files) - self._used):
            name = clean(unused[0])
            raise InvalidRequestError("no part of the request names this file", code="unused_file", param=name)


async def read_form(request: Request, limits: Limits) -> tuple[Any, FormFiles]:
    """A multipart form: the JSON value of its field `request`, and its files by field name.

    Raises:
        InputError: as `read_body`, or the form is malformed, has too many fields, or one that means nothing.
    """
    body = await read_body(request, limits)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers,
        stream(),
        max_files=limits.max_parts,
        max_fields=limits.max_form_fields,
        max_part_size=limits.max_body_bytes,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise TooLargeError(clean(error.message), code="too_many_fields") from None
        raise InvalidRequestError(clean(error.message), code="invalid_multipart") from None
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"not a multipart form: {clean(str(error))}", code="invalid_multipart") from None
    try:
        fields: dict[str, bytes] = {}
        for name, value in form.multi_items():
            if name in fields:
                raise InvalidRequestError("two fields of this name", code="repeated_field", param=clean(name))
            if not isinstance(value, UploadFile) and name != "request":
                raise InvalidRequestError("a form has `request` and files", code="unknown_field", param=clean(name))
            if isinstance(value, UploadFile):
                fields[name] = await value.read()
            else:
                fields[name] = value.encode("utf-8", "surrogatepass")
                if fields[name] not in body:  # the parser takes other encodings than UTF-8, and guesses
                    raise InvalidRequestError("the field is not UTF-8", code="invalid_encoding", param=clean(name))
    finally:
        await form.close()
    if "request" not in fields:
        message = "the form has no field `request` with the JSON of the request"
        raise InvalidRequestError(message, code="missing_field", param="request")
    value = await asyncio.to_thread(parse_json, fields.pop("request"), max_values=limits.max_json_values)
    return value, FormFiles(fields)
