"""Whether work on a text takes time in step with its length, on a machine of any speed."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TIMES = 8  # as long: what is linear takes 8 times as long, what is quadratic 64 times
_MOST = 24
_TRIES = 3
_FLOOR_S = 0.05  # below it a clock says little


def is_linear(work: Callable[[str], object], text: str) -> bool:
    """Whether the work on a whole text takes no more than its length says, beside the first eighth of it.

    What is not linear never is; what is may be held up, so it is tried again.
    """
    return any(_takes_its_length(work, text) for _ in range(_TRIES))


def _takes_its_length(work: Callable[[str], object], text: str) -> bool:
    small = min(_seconds(work, text[: len(text) // _TIMES]) for _ in range(2))
    return _seconds(work, text) < _MOST * small + _FLOOR_S


def _seconds(work: Callable[[str], object], text: str) -> float:
    with nothing_collected():
        began = time.thread_time()  # what other threads of the tests do is not its work
        work(text)
        return time.thread_time() - began


@contextmanager
def nothing_collected() -> Iterator[None]:
    """A time without collections of garbage: late in a whole run one takes 0.8 s, whatever is measured."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
