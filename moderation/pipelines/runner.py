"""The seam between the engine and what runs models: `submit(model, items) -> results`.

The engine knows `Runner` alone. `LocalRunner` runs models in threads of this process; on Ray a runner of the same
form calls deployments (`moderation.serve.deployments`).
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from moderation.errors import ModelError, ModerationError
from moderation.models.base import Model
from moderation.pipelines.batching import Batcher, Bounds


class Runner(Protocol):
    """Answers items with a model's results."""

    async def submit(
        self, model: str, items: Sequence[Any], *, deadline_s: float | None = None
    ) -> list[Any | ModerationError]:
        """One result or error per item, in order.

        Raises:
            OverloadedError: nothing was queued; the caller should try again later.
            StageError: the model cannot be asked at all.
        """
        ...

    async def warm_up(self) -> None:
        """Lets every model answer real items once.

        Raises:
            ModerationError: a model could not.
        """
        ...

    def unavailable(self) -> Mapping[str, str]:
        """Models that cannot answer now, with the stable code of the reason."""
        ...

    async def close(self) -> None: ...


class _ModelThread:
    """One daemon thread per model: a model that hangs must not keep the process from ending."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any], asyncio.AbstractEventLoop] | None]
        self._calls = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name=f"model-{name}", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], Any]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._calls.put((function, future, loop))
        return future

    def _loop(self) -> None:
        while (call := self._calls.get()) is not None:
            function, future, loop = call
            try:
                result, error = function(), None
            except BaseException as raised:  # noqa: BLE001 - SystemExit in a model must reach its caller, not end the thread
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(_resolve, future, result, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more

    def stop(self) -> None:
        self._calls.put(None)


def _resolve(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        # A future refuses StopIteration, and SystemExit would leave the event loop: both are the model's failure.
        future.set_exception(
            error
            if isinstance(error, Exception) and not isinstance(error, StopIteration)
            else RuntimeError(f"{type(error).__name__} in the model")
        )


class LocalRunner:
    """Runs models in this process: a thread and a batcher for each."""

    def __init__(
        self,
        models: Sequence[Model[Any, Any]],
        *,
        missing: Mapping[str, str] | None = None,
        max_queue_size: int = 4_096,
        stall_s: float = 300.0,
        observe: Callable[[str, int, float], None] | None = None,
    ) -> None:
        """Args:
        models: loaded models.
        missing: keys of models that could not be loaded, with the code of the reason.
        max_queue_size, stall_s: as in `Bounds`.
        observe: told model, size and seconds of every batch.
        """
        self._models = {model.key: model for model in models}
        self._missing = dict(missing or {})
        self._cold = set(self._models)
        self._threads = {key: _ModelThread(key) for key in self._models}
        self._batchers: dict[str, Batcher[Any, Any]] = {}
        for key, model in self._models.items():
            self._batchers[key] = Batcher(
                self._run_in(key),
                cost=model.cost,
                bounds=Bounds(
                    model.max_batch_size, model.max_batch_cost, max_queue_size, stall_s, model.max_queue_cost
                ),
                observe=None if observe is None else partial(observe, key),
            )

    def _run_in(self, key: str) -> Callable[[list[Any]], asyncio.Future[list[Any]]]:
        thread, run = self._threads[key], self._models[key].run
        return lambda batch: thread.call(lambda: run(batch))

    async def submit(
        self, model: str, items: Sequence[Any], *, deadline_s: float | None = None
    ) -> list[Any | ModerationError]:
        batcher = self._batchers.get(model)
        if batcher is None:
            raise ModelError(f"{model} is not loaded", code=self._missing.get(model, "model_not_loaded"))
        return await batcher.submit(items, deadline_s=deadline_s)

    async def warm_up(self) -> None:
        for key, model in self._models.items():
            for result in await self._batchers[key].submit(model.warm_up_items()):
                if isinstance(result, ModerationError):
                    raise result
            self._cold.discard(key)

    def unavailable(self) -> Mapping[str, str]:
        stalled = {key: "model_stalled" for key, batcher in self._batchers.items() if batcher.stalled()}
        return {**dict.fromkeys(self._cold, "warming_up"), **self._missing, **stalled}

    def queued(self) -> Mapping[str, int]:
        """Waiting items per model."""
        return {key: batcher.queued for key, batcher in self._batchers.items()}

    async def close(self) -> None:
        for batcher in self._batchers.values():
            await batcher.close()
        for thread in self._threads.values():
            thread.stop()
        for model in self._models.values():
            model.close()
