"""Ctrl-C and SIGTERM (preemption) end a launch gracefully: the running chunk ends and what is unfinished is saved."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def on_stop(react: Callable[[], None]) -> Iterator[list[int]]:
    """Call back on SIGINT and SIGTERM, and yield the list of signals that came; handlers are as before afterwards."""
    caught: list[int] = []

    def stop(number: int, frame: object) -> None:
        caught.append(number)
        react()

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
