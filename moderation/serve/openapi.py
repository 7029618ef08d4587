"""The OpenAPI description: FastAPI's, plus the bodies that the routes read themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from moderation.wire import RESULT, WireBatch, WireRequest

_REF = "#/components/schemas/"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "param", "type"],
            "properties": {
                "code": {"type": "string", "description": "stable"},
                "message": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "path of the field"},
                "type": {"type": "string"},
            },
        }
    },
}
_MEANINGS = {
    400: "Malformed, or a wrong value",
    401: "No accepted key",
    408: "The body did not come in time",
    413: "Over a limit",
    415: "Not decodable",
    422: "Valid, not supported yet",
    429: "Overloaded; see Retry-After",
    503: "Not ready; see Retry-After",
}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": _json({"$ref": f"{_REF}Error"})}
    for status, meaning in _MEANINGS.items()
}

_ONE_OR_MANY = {"anyOf": [{"$ref": f"{_REF}WireRequest"}, {"$ref": f"{_REF}WireBatch"}]}
BATCH_OR_ONE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **_json(_ONE_OR_MANY),
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["request"],
                    "properties": {"request": _ONE_OR_MANY},
                    "additionalProperties": {"type": "string", "format": "binary"},
                },
                "encoding": {"request": {"contentType": "application/json"}},
            },
        },
    }
}
RESULTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A result; for the batch form, `results` with a result or an error for each request",
        "content": _json({"anyOf": [{"$ref": f"{_REF}ModerationResult"}, {"$ref": f"{_REF}BatchResults"}]}),
    },
    **ERRORS,
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, requests = models_json_schema(
        [(WireRequest, "validation"), (WireBatch, "validation")], ref_template=_REF + "{model}"
    )
    result = RESULT.json_schema(mode="serialization", ref_template=_REF + "{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= requests["$defs"] | result.pop("$defs", {}) | {"ModerationResult": result, "Error": _ERROR}
    either = {"anyOf": [{"$ref": f"{_REF}ModerationResult"}, {"$ref": f"{_REF}Error"}]}
    schemas["BatchResults"] = {
        "type": "object",
        "required": ["results"],
        "properties": {"results": {"type": "array", "items": either}},
    }
    return document
