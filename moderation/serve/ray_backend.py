"""`moderation serve --backend ray`: the same application on Ray Serve, on this machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from importlib.util import find_spec

from moderation.config import Settings
from moderation.errors import MissingExtraError
from moderation.serve.keys import ApiKeys, check_binding

APPLICATION = "moderation"


def serve_ray(settings: Settings, *, say: Callable[[str], None]) -> int:
    """Serves until it is told to stop.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigurationError: settings, profile or policy are wrong.
    """
    if find_spec("ray") is None:
        raise MissingExtraError("Ray", extra="ray")
    keys = ApiKeys.from_file(settings.api_key_file) if settings.api_key_file is not None else None
    check_binding(settings.host, keys)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # silences a warning about accelerators

    import ray
    from ray import serve

    from moderation.serve.app import bind  # noqa: PLC0415

    stopped = threading.Event()
    ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        serve.start(http_options={"host": settings.host, "port": settings.port})
        serve.run(bind(settings), name=APPLICATION, route_prefix="/")
        for number in (signal.SIGINT, signal.SIGTERM):  # after Ray, which sets its own
            signal.signal(number, lambda *_: stopped.set())
        say(f"moderation serves on http://{settings.host}:{settings.port} (Ray Serve)")
        stopped.wait()
        serve.shutdown()
    finally:
        ray.shutdown()
    return 0
