"""The local backend: one service process, models in its threads, decoders beside it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from fastapi import FastAPI

from moderation.config import Settings
from moderation.errors import ModerationError, SettingsError
from moderation.limits import Limits
from moderation.pipelines.assemble import assemble
from moderation.pipelines.metrics import Metrics
from moderation.serve.guard import guarded_protocol
from moderation.serve.ingress import Service, create_app
from moderation.serve.keys import ApiKeys, check_binding
from moderation.serve.sockets import guarded_sockets


def serve_local(settings: Settings, *, say: Callable[[str], None]) -> int:
    """Serves until it is told to stop.

    Args:
        say: told what an operator should see.

    Returns:
        The exit status: 0, or 1 where a model could not be warmed up.

    Raises:
        ConfigurationError, WeightsError: before the port is opened.
    """
    keys = ApiKeys.from_file(settings.api_key_file) if settings.api_key_file is not None else None
    check_binding(settings.host, keys)
    with _listen(settings) as listening:
        return _serve_on(listening, settings, keys, say)


def _serve_on(listening: socket.socket, settings: Settings, keys: ApiKeys | None, say: Callable[[str], None]) -> int:
    metrics = Metrics()
    engine = assemble(settings, observe=metrics.batch, report=say)
    service = Service(engine, keys=keys, metrics=metrics, tenant=settings.tenant)
    host, port = listening.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    failures: list[ModerationError] = []

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - FastAPI's signature
        starting = asyncio.create_task(_start(service, address, say, failures, server))
        yield
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        await engine.close()

    server = uvicorn.Server(configured(create_app(service, lifespan=lifespan), settings.limits, metrics))
    server.run(sockets=[listening])
    for failure in failures:
        say(f"error: {failure.message}")
    return 1 if failures else 0


def configured(app: FastAPI, limits: Limits, metrics: Metrics) -> uvicorn.Config:
    """How the service is served."""
    return uvicorn.Config(
        app,
        http=guarded_protocol(limits),
        ws=guarded_sockets(limits.max_stream_message_chars, metrics.error),
        ws_max_size=4 * limits.max_stream_message_chars + 1_024,  # bytes; six for an escaped character are refused
        ws_ping_timeout=None,  # an answer to a ping is not read while a message waits to be judged
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=int(limits.idle_timeout_s),
        timeout_graceful_shutdown=10,
    )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"`host`, `port`: cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        ) from None
    return listening


async def _start(
    service: Service,
    address: str,
    say: Callable[[str], None],
    failures: list[ModerationError],
    server: uvicorn.Server,
) -> None:
    """Warms the models up while the port is already open, so that /readyz can say how far it is."""
    try:
        await service.engine.start()
    except Exception as error:  # noqa: BLE001 - whatever it is, a service that cannot start ends and says why
        unforeseen = ModerationError(f"cannot start: {type(error).__name__}: {error}")
        failures.append(error if isinstance(error, ModerationError) else unforeseen)
        server.should_exit = True
        return
    # What start-up made lives as long as the process: no collector need walk over it again.
    gc.collect()
    gc.freeze()
    for stage, reason in service.engine.not_ready().items():
        say(f"not judged: {stage} ({reason}); answers about what it would judge say so in `unjudged`")
    say(f"moderation serves on {address}")
    say(f"""try: curl -s {address}/v1/moderate -H 'Content-Type: application/json' -d '{{"input": "hello"}}'""")
