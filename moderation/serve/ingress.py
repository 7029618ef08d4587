"""The HTTP routes. They translate and nothing else: what is judged, and how, is the engine's.

The application is built around an engine that is already assembled, so it is the same object for the local backend
and for a Ray replica.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from moderation.errors import (
    InvalidRequestError,
    ModerationError,
    NotReadyError,
    NotSupportedYetError,
    TooLargeError,
)
from moderation.known.store import BankStore
from moderation.pipelines.engine import Engine
from moderation.pipelines.metrics import Metrics
from moderation.schema import Content, ModerationResult
from moderation.serve.answering import answer, answer_error, answer_json
from moderation.serve.dialects import openai
from moderation.serve.guard import Guard
from moderation.serve.keys import ApiKeys
from moderation.serve.openapi import BATCH_OR_ONE, RESULTS, describe
from moderation.serve.reading import FormFiles, is_multipart, read_form, read_json
from moderation.serve.streaming import add_stream
from moderation.wire import clean, dump_error, dump_result, parse_request

_T = TypeVar("_T")
STARTING = ("warming_up", "starting")
NOT_BUILT = (("/v1/labels/apply", "POST"), ("/v1/labels/verify", "POST"))


class Service:
    """What the routes share: the engine, the keys, the counters, and the tenant of a key that names none."""

    def __init__(
        self,
        engine: Engine,
        *,
        keys: ApiKeys | None = None,
        metrics: Metrics | None = None,
        tenant: str | None = None,
    ) -> None:
        self.engine = engine
        self.tenant = tenant
        self.keys = keys
        self.metrics = metrics or Metrics()

    async def judge(self, request: Request, contents: Sequence[Content]) -> list[ModerationResult | ModerationError]:
        """Asks the engine; gives up when the client has gone.

        Raises:
            NotReadyError: the models are still warming up.
            OverloadedError: a queue is full.
        """
        reasons = self.engine.not_ready()
        if any(reason in STARTING for reason in reasons.values()):
            raise NotReadyError("the models are still being loaded; see /readyz")
        tenant = request.state.tenant
        if tenant is not None:
            contents = [replace(content, tenant=tenant) for content in contents]
        outcomes = await _unless_disconnected(request, self.engine.moderate_many(contents))
        self.metrics.outcomes(outcomes)
        return outcomes


async def _unless_disconnected(request: Request, work: Awaitable[_T]) -> _T:
    """The result of `work`, which is cancelled when the client closes the connection."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise InvalidRequestError("the client went away", code="client_disconnected")
        return task.result()
    finally:
        for pending in (task, gone):
            if not pending.done():
                pending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await pending


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def create_app(service: Service, *, lifespan: Callable[[FastAPI], Any] | None = None) -> FastAPI:
    """The application; `lifespan` starts and ends the engine, where the caller does not."""
    app = FastAPI(
        title="moderation",
        version="1",
        description="Content safety for generative AI.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    _add_native(app, service)
    openai.add_routes(app, service.judge, service.engine.limits)
    add_stream(app, service.engine, service.metrics, starting=STARTING)
    _add_not_built(app)
    _add_operations(app, service)
    app.add_middleware(
        Guard,
        keys=service.keys,
        metrics=service.metrics,
        max_held_bytes=service.engine.limits.max_held_bytes,
        tenant=service.tenant,
    )
    _add_error_answers(app, service.metrics)
    return app


def _add_native(app: FastAPI, service: Service) -> None:
    limits = service.engine.limits

    @app.post("/v1/moderate", openapi_extra=BATCH_OR_ONE, responses=RESULTS, summary="Judge one request, or many")
    async def moderate(request: Request) -> Response:
        files = FormFiles({})
        if is_multipart(request):
            value, files = await read_form(request, limits)
        else:
            value = await read_json(request, limits)
        if isinstance(value, dict) and "requests" in value:
            return await _batch(request, service, value, files)
        content = parse_request(value, files, max_parts=limits.max_parts)
        files.refuse_unused()
        (outcome,) = await service.judge(request, [content])
        if isinstance(outcome, ModerationError):
            raise outcome
        return answer(dump_result(outcome))


async def _batch(request: Request, service: Service, value: dict[str, Any], files: FormFiles) -> Response:
    """The batch form: a body that cannot be read is answered by its error, beside the others' results."""
    bodies, limit = value["requests"], service.engine.limits.max_requests
    if set(value) != {"requests"}:
        raise InvalidRequestError("beside `requests` nothing may stand", code="unknown_field", param="requests")
    if not isinstance(bodies, list) or not bodies:
        raise InvalidRequestError("`requests` is a list that is not empty", code="empty_batch", param="requests")
    if len(bodies) > limit:
        message = f"{len(bodies)} requests; at most {limit} in one batch"
        raise TooLargeError(message, code="batch_too_large", param="requests")
    parsed = [_parsed(body, files, service.engine.limits.max_parts) for body in bodies]
    files.refuse_unused()
    judged = iter(await service.judge(request, [one for one in parsed if isinstance(one, Content)]))
    rows = [one if isinstance(one, ModerationError) else next(judged) for one in parsed]
    return answer(b'{"results":[' + b",".join(_row(row, service.metrics) for row in rows) + b"]}")


def _parsed(body: object, files: FormFiles, max_parts: int) -> Content | ModerationError:
    try:
        return parse_request(body, files, max_parts=max_parts)
    except ModerationError as error:
        return error


def _row(outcome: ModerationResult | ModerationError, metrics: Metrics) -> bytes:
    if isinstance(outcome, ModerationError):
        metrics.error(outcome.code)
        return bytes(answer_json(dump_error(outcome)).body)
    return dump_result(outcome)


def _add_not_built(app: FastAPI) -> None:
    """Routes that are promised and not built say so, instead of not being there."""

    async def refuse(request: Request) -> Response:
        raise NotSupportedYetError(f"{request.url.path} is not built yet")

    for path, method in NOT_BUILT:
        app.add_api_route(path, refuse, methods=[method], include_in_schema=False)


def _add_operations(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", summary="The process lives")
    async def healthz() -> Response:
        return answer_json({"status": "ok"})

    @app.get("/readyz", summary="Every model has answered a real inference")
    async def readyz() -> Response:
        reasons = dict(service.engine.not_ready())
        state = {"ready": not reasons, "not_ready": reasons, **_state_of(service.engine.banks)}
        return answer_json(state, status=503 if reasons else 200)

    @app.get("/metrics", summary="Prometheus metrics")
    async def metrics() -> Response:
        reasons = service.engine.not_ready()
        for stage in service.engine.profile.stages:
            service.metrics.not_ready.labels(stage.key).set(stage.key in reasons)
        service.metrics.banks(service.engine.banks)
        return Response(service.metrics.render(), media_type="text/plain; version=0.0.4")

    @app.get("/openapi.json", include_in_schema=False)
    async def schema() -> Response:
        return answer_json(describe(app))


def _state_of(banks: BankStore) -> dict[str, Any]:
    """How many banks of known content there are, where there are any: no names, anybody may ask."""
    held, problem = banks.current, banks.error
    if not held.heads and problem is None:
        return {}
    state = {"count": len(held.heads), "entries": sum(head.count for head in held.heads), "revision": held.revision}
    return {"banks": state if problem is None else {**state, "problem": problem.code}}


def _add_error_answers(app: FastAPI, metrics: Metrics) -> None:
    """Every error is answered in one form, and counted by its code."""

    async def on_moderation_error(_request: Request, error: Exception) -> Response:
        refused = cast("ModerationError", error)
        metrics.error(refused.code)
        return answer_error(refused)

    async def on_http_exception(request: Request, error: Exception) -> Response:
        """What the router itself refuses: an unknown path, a wrong method."""
        raised = cast("HTTPException", error)
        code = {404: "not_found", 405: "method_not_allowed"}.get(raised.status_code, "http_error")
        metrics.error(code)
        refused = InvalidRequestError(f"{request.method} {clean(request.url.path)} is not served here", code=code)
        return answer_json(dump_error(refused), status=raised.status_code, headers=dict(raised.headers or {}))

    async def on_fault(_request: Request, _error: Exception) -> Response:
        """A fault of ours; the server logs its trace, the client learns no more than that."""
        metrics.error("internal_error")
        return answer_json(dump_error(ModerationError("an internal error", code="internal_error")), status=500)

    app.add_exception_handler(ModerationError, on_moderation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(Exception, on_fault)
