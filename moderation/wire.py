"""JSON <-> contents and results: the native form of the HTTP interface, read and written by server and client.

The request's shape is checked here, strictly: an unknown field is an error. What a part's content must be is the
engine's business (`pipelines.units`), the same for every way in.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from moderation import errors
from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.limits import Limits
from moderation.schema import Content, Modality, ModerationResult, Part, Role, StreamEvent, Turn

RESULT: TypeAdapter[ModerationResult] = TypeAdapter(ModerationResult)
EVENT: TypeAdapter[StreamEvent] = TypeAdapter(StreamEvent)
RoleName = Literal["system", "user", "assistant", "tool"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WirePart(_Strict):
    """One part. A text has `text`; media has one of `data` (base64), `url` and `file` (a multipart field's name)."""

    type: Literal["text", "image", "audio", "video", "document"]
    text: str | None = None
    data: str | None = None
    url: str | None = None
    file: str | None = None
    role: RoleName | None = None


def _as_parts(value: object) -> object:
    """A plain string stands for one text part."""
    if not isinstance(value, str | list):
        raise PydanticCustomError("parts_type", "must be a text, or a list of parts")
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


Parts = Annotated[
    list[WirePart],
    BeforeValidator(_as_parts, json_schema_input_type=str | list[WirePart]),
]


class WireTurn(_Strict):
    """An earlier turn of the conversation."""

    role: RoleName
    input: Parts


class WireRequest(_Strict):
    """The body of `POST /v1/moderate`."""

    input: Parts
    role: RoleName = "user"
    conversation: list[WireTurn] = Field(default_factory=list)
    conversation_id: str | None = None
    policy: str | None = None
    provenance: bool = False
    derived: bool = False
    redact: bool = False


class WireStreamStart(_Strict):
    """The first message of a stream; may be left out."""

    type: Literal["start"]
    role: RoleName = "assistant"
    policy: str | None = None
    hold_review: bool = False


class WireStreamText(_Strict):
    """The next piece of the text, however long."""

    type: Literal["text"]
    text: str


class WireStreamEnd(_Strict):
    """The text is over."""

    type: Literal["end"]


STREAM_MESSAGE: TypeAdapter[WireStreamStart | WireStreamText | WireStreamEnd] = TypeAdapter(
    Annotated[WireStreamStart | WireStreamText | WireStreamEnd, Field(discriminator="type")]
)


class WireBatch(_Strict):
    """The batch form: each request is judged, or refused, on its own."""

    requests: list[WireRequest]


def parse_json(body: bytes, *, max_values: int = 1_000_000, what: str = "body") -> Any:
    """The JSON value of a body.

    Args:
        max_values: commas and opening brackets, also those inside texts: a few bytes of JSON become sixty in memory,
            so they are counted before anything is built.
        what: it is called in errors.

    Raises:
        InvalidRequestError: not UTF-8, not JSON, nested too deep, with a key twice, or with NaN or infinity in it.
        TooLargeError: code `too_many_values`.
    """
    if len(body) > max_values and sum(map(body.count, (b",", b"[", b"{"))) > max_values:
        raise TooLargeError(f"over {max_values} values; send less at once", code="too_many_values")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_without_doubles)
    except UnicodeDecodeError as error:
        message = f"the {what} is not UTF-8 at byte {error.start}"
        raise InvalidRequestError(message, code="invalid_encoding") from None
    except RecursionError:
        raise InvalidRequestError(f"the {what} is nested too deep", code="invalid_json") from None
    except (json.JSONDecodeError, _NotOursError) as error:
        raise InvalidRequestError(f"the {what} is not JSON: {clean(str(error))}", code="invalid_json") from None
    except ValueError:  # int() has a limit, and advice for programmers
        message = f"the {what} is not JSON that can be read: a number has too many digits"
        raise InvalidRequestError(message, code="invalid_json") from None


class _NotOursError(ValueError):
    """Python's reader takes it, and we do not."""


def _refuse_constant(name: str) -> None:
    raise _NotOursError(f"{name} is not JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two values counts is not for us to guess: what one reader judges another may not."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _NotOursError("a key is given twice in one object")
    return value


def parse_request(
    value: object, files: Mapping[str, bytes] | None = None, *, max_parts: int = Limits().max_parts
) -> Content:
    """A content from a parsed body.

    Args:
        files: the multipart file fields, by name.
        max_parts: parts, conversation included.

    Raises:
        InvalidRequestError: with the path of the field in `param`.
        TooLargeError: code `too_many_parts`.
    """
    _bound(value, max_parts)
    try:
        request = WireRequest.model_validate(value)
    except ValidationError as error:
        raise _first_problem(error) from None
    named = files or {}
    return Content(
        parts=tuple(_part(part, f"input[{index}]", named) for index, part in enumerate(request.input)),
        role=Role(request.role),
        conversation=tuple(
            Turn(
                Role(turn.role),
                tuple(
                    _part(part, f"conversation[{number}].input[{index}]", named)
                    for index, part in enumerate(turn.input)
                ),
            )
            for number, turn in enumerate(request.conversation)
        ),
        conversation_id=request.conversation_id,
        policy=request.policy,
        provenance=request.provenance,
        derived=request.derived,
        redact=request.redact,
    )


def _bound(value: object, max_parts: int) -> None:
    """Refuses too much before pydantic looks at it: it gathers every problem of a million, at a kilobyte each."""
    if not isinstance(value, dict):
        return
    _known(value, WireRequest, "")
    turns = value.get("conversation")
    turns = turns if isinstance(turns, list) else []
    places = [("input", value.get("input"))]
    if len(turns) <= max_parts:
        for number, turn in enumerate(turns):
            if isinstance(turn, dict):
                _known(turn, WireTurn, f"conversation[{number}].")
                places.append((f"conversation[{number}].input", turn.get("input")))
    count = sum(len(parts) for _, parts in places if isinstance(parts, list))
    if max(count, len(turns)) > max_parts:
        message = f"{max(count, len(turns))} parts or turns; at most {max_parts} are judged together"
        raise TooLargeError(message, code="too_many_parts", param="input" if count > max_parts else "conversation")
    for path, parts in places:
        for index, part in enumerate(parts if isinstance(parts, list) else []):
            if isinstance(part, dict):
                _known(part, WirePart, f"{path}[{index}].")


def _known(value: dict[str, Any], model: type[BaseModel], path: str) -> None:
    for key in value:
        if key not in model.model_fields:
            shown = clean(f"{path}{key}")
            raise InvalidRequestError(f"there is no field {shown}", code="unknown_field", param=shown)


def _part(part: WirePart, path: str, files: Mapping[str, bytes]) -> Part:
    modality, role = Modality(part.type), Role(part.role) if part.role else None
    given = [name for name in ("text", "data", "url", "file") if getattr(part, name) is not None]
    allowed = ["text"] if modality is Modality.TEXT else ["data", "url", "file"]
    if len(given) != 1 or given[0] not in allowed:
        message = f"a part of type {modality} has exactly one of: {', '.join(allowed)}"
        raise InvalidRequestError(message, code="invalid_part", param=path)
    if part.file is not None:
        if part.file not in files:
            message = "no multipart file field has this name"
            raise InvalidRequestError(message, code="missing_file", param=f"{path}.file")
        return Part(modality, data=files[part.file], role=role)
    data = decode_base64(part.data, f"{path}.data") if part.data is not None else None
    return Part(modality, text=part.text, data=data, url=part.url, role=role)


def decode_base64(text: str, param: str) -> bytes:
    """Strict base64.

    Raises:
        InvalidRequestError: code `invalid_base64`.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("this is not base64", code="invalid_base64", param=param) from None


_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "string_unicode": "invalid_unicode",
    "literal_error": "invalid_value",
    "union_tag_invalid": "invalid_value",
    "union_tag_not_found": "missing_field",
}


def _first_problem(error: ValidationError) -> InvalidRequestError:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ""
    for step in problem["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    code = _CODES.get(problem["type"], "invalid_type")
    message = problem["msg"].replace(" or instance of WireRequest", "")
    return InvalidRequestError(clean(message), code=code, param=clean(path) or None)


_STAND_IN = {"\n": " ", "\r": " ", "\t": " "}


def clean(text: str, *, limit: int = 200) -> str:
    """What may be echoed: bounded, without lone surrogates or control characters."""
    shown = text if len(text) <= limit else text[:limit] + "…"
    whole = shown.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else _STAND_IN.get(character, "\ufffd") for character in whole)


def dump_request(content: Content) -> dict[str, Any]:
    """The JSON body for a content, as `parse_request` reads it."""
    body: dict[str, Any] = {"input": [_dump_part(part) for part in content.parts], "role": content.role.value}
    if content.conversation:
        body["conversation"] = [
            {"role": turn.role.value, "input": [_dump_part(part) for part in turn.parts]}
            for turn in content.conversation
        ]
    for name in ("conversation_id", "policy", "provenance", "derived", "redact"):
        value = getattr(content, name)
        if value is not None and value is not False:  # a policy of no name is refused, not left out
            body[name] = value
    return body


def _dump_part(part: Part) -> dict[str, Any]:
    data = base64.b64encode(part.data).decode("ascii") if part.data is not None else None
    fields = {"text": part.text, "data": data, "url": part.url, "role": part.role.value if part.role else None}
    return {"type": part.modality.value} | {name: value for name, value in fields.items() if value is not None}


def dump_result(result: ModerationResult) -> bytes:
    """The JSON of a result; absent fields are left out."""
    return RESULT.dump_json(result, exclude_none=True)


def parse_stream_message(value: object) -> dict[str, Any]:
    """A message of a stream, checked.

    Raises:
        InvalidRequestError: with the field in `param`.
    """
    try:
        message = STREAM_MESSAGE.validate_python(value)
    except ValidationError as error:
        raise _first_problem(error) from None
    text = getattr(message, "text", "")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            told = f"a lone surrogate at character {error.start}: this is not valid Unicode"
            raise InvalidRequestError(told, code="invalid_unicode", param="text") from None
    return message.model_dump()


def dump_event(event: StreamEvent) -> bytes:
    """The JSON of a stream event; absent fields are left out."""
    return EVENT.dump_json(event, exclude_none=True)


def load_event(value: object) -> StreamEvent:
    """A stream event from parsed JSON.

    Raises:
        ModerationError: code `invalid_response`.
    """
    try:
        return EVENT.validate_python(value, strict=False)
    except ValueError:
        raise load_error(None) from None


def load_result(value: object) -> ModerationResult:
    """A result from parsed JSON; unknown fields of a newer server are passed over."""
    return RESULT.validate_python(value, strict=False)


def dump_error(error: ModerationError) -> dict[str, Any]:
    """The body of an error answer."""
    return {
        "error": {
            "code": error.code,
            "message": clean(error.message, limit=1_000),
            "param": clean(error.param) if error.param else None,
            "type": error.kind,
        }
    }


_KINDS: dict[str, type[ModerationError]] = {
    kind.kind: kind
    for kind in (
        errors.InvalidRequestError,
        errors.RequestTimeoutError,
        errors.TooLargeError,
        errors.UndecodableError,
        errors.FetchError,
        errors.NotSupportedYetError,
        errors.AuthenticationError,
        errors.NotReadyError,
    )
}


def load_error(value: Any, *, retry_after_s: int = 1) -> ModerationError:
    """The exception that a server's error body stands for."""
    body = value.get("error") if isinstance(value, dict) else None
    if not isinstance(body, dict):
        return ModerationError("the server answered with something that is no error object", code="invalid_response")
    message, code = str(body.get("message")), str(body.get("code"))
    if body.get("type") == errors.OverloadedError.kind:
        return errors.OverloadedError(message, retry_after_s=retry_after_s)
    return _KINDS.get(str(body.get("type")), ModerationError)(message, code=code, param=body.get("param"))
