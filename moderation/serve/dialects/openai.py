"""The OpenAI dialect: `POST /v1/moderations`, for the unmodified `openai` client.

Source: openai/openai-openapi `openapi.yaml` (f85dbe2), path `/moderations`. Served as a superset: any number of
images, and an extension field `moderation` in every result. OpenAI's answer knows only yes and no: what could not be
judged is never "not flagged" here; it is a 503 while a stage is failing, and flagged where the content itself is the
reason (an animation with too many frames, a text past the window).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from moderation.crosswalks import OPENAI, foreign_scores
from moderation.errors import STAGE_CODES, InvalidRequestError, ModerationError, NotReadyError, TooLargeError
from moderation.limits import Limits
from moderation.schema import Content, Modality, ModerationResult, Part
from moderation.serve.answering import answer_json
from moderation.serve.openapi import ERRORS
from moderation.serve.reading import read_json
from moderation.wire import clean, decode_base64

Judge = Callable[[Request, Sequence[Content]], Awaitable[list[ModerationResult | ModerationError]]]

DEFAULT_MODEL = "omni-moderation-latest"
# The older models answer 11 categories and no input types.
TEXT_MODELS = "text-moderation-"
_NOT_IN_TEXT_MODELS = ("illicit", "illicit/violent")
_IMAGE_TOO = ("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence", "violence/graphic")


def add_routes(app: FastAPI, judge: Judge, limits: Limits) -> None:
    """Adds the dialect's route to an application."""

    @app.post("/v1/moderations", openapi_extra=_REQUEST, responses=_RESPONSES, summary="OpenAI's moderation interface")
    async def moderations(request: Request) -> Response:
        body = await read_json(request, limits)
        contents, model = parse(body, limits)
        outcomes = await judge(request, contents)
        results = []
        for index, (content, outcome) in enumerate(zip(contents, outcomes, strict=True)):
            if isinstance(outcome, ModerationError):
                raise _located(outcome, index, body["input"])
            results.append(render(outcome, content, model))
        return answer_json({"id": f"modr-{secrets.token_hex(12)}", "model": model, "results": results})


def parse(body: object, limits: Limits) -> tuple[list[Content], str]:
    """Contents and model of a request body.

    Raises:
        InvalidRequestError, TooLargeError: with `param` as OpenAI names it.
    """
    if not isinstance(body, dict):
        raise InvalidRequestError("the body is a JSON object", code="invalid_type")
    if unknown := sorted(set(body) - {"input", "model"}):
        name = clean(unknown[0])
        raise InvalidRequestError(f"unknown field {name}", code="unknown_field", param=name)
    model = body.get("model", DEFAULT_MODEL)
    if model is None:
        model = DEFAULT_MODEL
    if not isinstance(model, str) or not model:
        raise InvalidRequestError("`model` is a text", code="invalid_type", param="model")
    judged = body.get("input")
    if isinstance(judged, str):
        return [Content((Part.from_text(judged),))], clean(model)
    if not isinstance(judged, list) or not judged:
        raise InvalidRequestError(
            "`input` is a text, a list of texts or a list of parts, and not empty",
            code="missing_field" if judged is None else "empty_input" if judged == [] else "invalid_type",
            param="input",
        )
    if all(isinstance(one, str) for one in judged):
        if len(judged) > limits.max_requests:
            message = f"{len(judged)} texts; at most {limits.max_requests} in one request"
            raise TooLargeError(message, code="batch_too_large", param="input")
        return [Content((Part.from_text(text),)) for text in judged], clean(model)
    return [Content(tuple(_part(part, f"input[{index}]") for index, part in enumerate(judged)))], clean(model)


def _part(part: object, path: str) -> Part:
    if not isinstance(part, dict):
        message = "a list holds texts alone, or parts alone"
        raise InvalidRequestError(message, code="invalid_type", param=path)
    kind = part.get("type")
    if kind == "text" and isinstance(part.get("text"), str) and set(part) == {"type", "text"}:
        return Part.from_text(part["text"])
    address = part.get("image_url")
    # `detail` is what the chat interface's parts carry; anything else would go unjudged.
    plain = isinstance(address, dict) and set(part) == {"type", "image_url"} and set(address) <= {"url", "detail"}
    if kind == "image_url" and plain and isinstance(address, dict) and isinstance(address.get("url"), str):
        return _image(address["url"], f"{path}.image_url.url")
    message = 'a part is {"type": "text", "text": …} or {"type": "image_url", "image_url": {"url": …}}'
    raise InvalidRequestError(message, code="invalid_part", param=path)


def _image(url: str, param: str) -> Part:
    scheme, _, rest = url.partition(":")
    if scheme.lower() in ("http", "https"):
        return Part(Modality.IMAGE, url=url)
    header, comma, data = rest.partition(",")
    if scheme.lower() != "data" or not comma or not header.lower().endswith(";base64"):
        message = "an image address is data:image/…;base64,… or http(s)"
        raise InvalidRequestError(message, code="invalid_url", param=param)
    return Part.from_bytes(Modality.IMAGE, decode_base64(data, param))


def _located(error: ModerationError, index: int, judged: str | list[Any]) -> ModerationError:
    """The place in this dialect's words: a plain text, one of several texts, or a part with an address."""
    if isinstance(judged, str):
        error.param = "input"
    elif isinstance(judged[0], str):
        error.param = f"input[{index}]"
    elif error.param is not None:
        error.param = re.sub(r"\.(data|url)$", ".image_url.url", error.param)
    return error


def render(result: ModerationResult, content: Content, model: str) -> dict[str, Any]:
    """One entry of `results`.

    Raises:
        NotReadyError: a stage failed and nothing was flagged: there is no honest yes or no.
    """
    failed = sorted({gap.stage for gap in result.unjudged if gap.reason in STAGE_CODES})
    if failed and not result.flagged:
        raise NotReadyError(f"not judged, because a stage failed: {', '.join(failed)}", code="unjudged")
    codes = [code for code in OPENAI if not (model.startswith(TEXT_MODELS) and code in _NOT_IN_TEXT_MODELS)]
    scores = foreign_scores("OpenAI", result.category_scores)
    flagged = {code: any(result.categories.get(key, False) for key in OPENAI[code]) for code in codes}
    entry: dict[str, Any] = {
        "flagged": result.flagged or bool(result.unjudged),
        "categories": flagged,
        "category_scores": {code: scores.get(code, 0.0) for code in codes},
    }
    if not model.startswith(TEXT_MODELS):
        present = {part.modality for part in content.parts}
        entry["category_applied_input_types"] = {code: _input_types(code, present) for code in codes}
    entry["moderation"] = {
        "id": result.id,
        "decision": result.decision.value,
        "uncovered": [code for code in codes if code not in scores],
        "unjudged": [{"part": gap.part, "stage": gap.stage, "reason": gap.reason} for gap in result.unjudged],
        "other_categories": sorted(_others(result)),
    }
    return entry


def _others(result: ModerationResult) -> set[str]:
    """Flagged categories that OpenAI has no code for."""
    known = {key for keys in OPENAI.values() for key in keys}
    parents = {key.partition("/")[0] for key in known}
    return {
        key
        for key, flag in result.categories.items()
        if flag and key not in known and key.partition("/")[0] not in parents
    }


def _input_types(code: str, present: set[Modality]) -> list[str]:
    able = (Modality.TEXT, Modality.IMAGE) if code in _IMAGE_TOO else (Modality.TEXT,)
    return [modality.value for modality in able if modality in present]


_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["input"],
                    "properties": {
                        "model": {"type": "string", "default": DEFAULT_MODEL},
                        "input": {
                            "anyOf": [
                                {"type": "string"},
                                {"type": "array", "items": {"type": "string"}},
                                {"type": "array", "items": {"type": "object"}},
                            ]
                        },
                    },
                }
            }
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"description": "As OpenAI's"}, **ERRORS}
