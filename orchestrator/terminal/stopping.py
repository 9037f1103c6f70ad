"""Ctrl-C and SIGTERM (preemption): acknowledged at once, obeyed at the next safe place; a second signal breaks off."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType

STOPPING = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 130
BREAK_S = 2.0
NOTHING_STARTED = "nothing has been trained yet"


class Stopping:
    """While entered, a first signal has the effect of the current block, and a second one breaks off at once.

    The answer on the terminal comes from a thread that the signal itself wakes, since Python calls its own handlers
    only between two instructions of the main thread, which may wait in Ray or load a library for seconds. A second
    signal raises KeyboardInterrupt there, and ends the process if that has no effect within two seconds.
    """

    def __init__(self, tell: Callable[[str], None], leave: Callable[[], None]) -> None:
        self._tell, self._leave, self._words = tell, leave, NOTHING_STARTED
        self._react: Callable[[], None] | None = None
        self._heard = self._handled = 0
        self._last_resort: threading.Timer | None = None
        self._answered = threading.Event()
        self._entered = False

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return bool(self._heard or self._handled)

    def __enter__(self) -> Stopping:
        self._before = {number: signal.getsignal(number) for number in STOPPING}
        self._source, self._sink = os.pipe()
        os.set_blocking(self._sink, False)
        self._woken = signal.set_wakeup_fd(self._sink, warn_on_full_buffer=False)
        self._listener = threading.Thread(target=self._listen, name="stopping", daemon=True)
        self._listener.start()
        self._entered = True
        self._install()
        return self

    def __exit__(self, kind: type | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._entered = False
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken)
        os.close(self._sink)  # ends the listener
        self._listener.join()
        os.close(self._source)
        if self._last_resort:
            self._last_resort.cancel()

    @contextlib.contextmanager
    def during(self, words: str, react: Callable[[], None] | None = None) -> Iterator[None]:
        """Say in these words what a first signal leads to in this block, and react; with no reaction it ends it."""
        before = self._words, self._react
        self._words, self._react = words, react
        try:
            yield
        finally:
            self._words, self._react = before

    @contextlib.contextmanager
    def held(self, words: str) -> Iterator[None]:
        """Let the block end before a first signal raises KeyboardInterrupt, whatever handlers the block has set."""
        asked_before = self.asked
        try:
            with self.during(words, lambda: None):
                yield
                if self._handled and not asked_before:
                    self._answered.wait(BREAK_S)  # in the words of this block
        finally:
            self._install()
        if self.asked and not asked_before:
            raise KeyboardInterrupt

    def _install(self) -> None:
        for number in STOPPING if self._entered else ():
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._handled += 1
        if max(self._handled, self._heard) > 1 or self._react is None:
            raise KeyboardInterrupt
        self._react()

    def _listen(self) -> None:
        while numbers := os.read(self._source, 1):
            if numbers[0] not in STOPPING:
                continue
            self._heard += 1
            if self._heard == 1:
                self._tell(f"stopping: {self._words} (once more breaks off at once)")
                self._answered.set()
            elif self._heard == 2:
                self._tell("breaking off")
                self._last_resort = threading.Timer(BREAK_S, self._end)
                self._last_resort.daemon = True
                self._last_resort.start()

    def _end(self) -> None:
        self._leave()
        os._exit(INTERRUPTED)
