"""What a launch says while it works, and how it reacts to Ctrl-C: a live display on a terminal, plain lines elsewhere.

Ray and MLflow write to the same two file descriptors, which are sent into log files while they run, so everything here
goes to copies of them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TextIO

from orchestrator.terminal.counts import Counts
from orchestrator.terminal.lines import Lines
from orchestrator.terminal.masking import masked, tell
from orchestrator.terminal.stopping import INTERRUPTED, NOTHING_STARTED, Stopping

INTERRUPTION = "interrupted; what ended is kept, launch again to go on"
STOPS = {"reading the results": "what ended is kept", "fitting": "what ended is kept", "drawing": "what ended is kept"}


class Terminal:
    """Announces the phases of a launch as they begin, shows its progress, and passes signals on to it."""

    def __init__(self, *, silent: bool = False) -> None:
        sys.stdout.flush()
        self._out, self._error = _copy(1), _copy(2)
        if not silent and _is_live(self._out):
            from orchestrator.terminal.live import Live  # rich: loaded where it is used only

            self._display: Lines = Live(self._out, self._error)
        else:
            self._display = Lines(self._out, self._error, silent=silent)
        self._progress: Counts | None = None
        self._stopping = Stopping(self.tell, self._display.leave)

    def __enter__(self) -> Terminal:
        self._stopping.__enter__()
        return self

    def __exit__(self, kind: type | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.__exit__(kind, fault, trace)
        for stream in (self._out, self._error):
            with contextlib.suppress(BrokenPipeError):  # nobody reads on
                stream.close()

    @property
    def stopped(self) -> bool:
        """Whether the user, or the system, has asked to stop."""
        return self._stopping.asked

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Say that a phase begins that a first Ctrl-C may break off anywhere."""
        with self._stopping.during(STOPS.get(name, NOTHING_STARTED)), self._display.phase(name, None):
            yield

    @contextlib.contextmanager
    def held(self, name: str, words: str) -> Iterator[None]:
        """Say that a phase begins that runs to its end after a first Ctrl-C; ``words``: what is then said."""
        with self._stopping.held(words), self._display.phase(name, None):
            yield

    @contextlib.contextmanager
    def training(self, name: str, progress: Counts, react: Callable[[], None]) -> Iterator[None]:
        """Say that training begins and show it; a first Ctrl-C calls ``react``, which must end it."""
        words = "finishing the running chunk, saving what is unfinished"
        self._progress = progress
        with self._stopping.during(words, react), self._display.phase(name, progress):
            yield

    def observe(self, facts: Mapping[str, Any], notes: Sequence[str] = ()) -> None:
        """Take in one chunk of one pack; lines about what went wrong are printed at once, above the display."""
        for line in notes:
            self.tell(line)
        if self._progress:
            self._progress.observe(facts)
            self._display.advance(self._progress)

    def tell(self, line: str) -> None:
        """Print one line on stderr without credentials, above what is shown."""
        self._display.tell(masked(line))


def attended(work: Callable[[Terminal], int], *, silent: bool) -> int:
    """Return the exit code of a launch that a user may interrupt."""
    with Terminal(silent=silent) as terminal:
        try:
            return work(terminal)
        except KeyboardInterrupt:
            pass
        except SystemExit:  # Ray answers SIGTERM so while it starts
            if not terminal.stopped:
                raise
    tell(INTERRUPTION)
    return INTERRUPTED


def _copy(descriptor: int) -> TextIO:
    stream = sys.stdout if descriptor == 1 else sys.stderr
    return os.fdopen(os.dup(descriptor), "w", encoding=stream.encoding, errors=stream.errors or "replace")


def _is_live(out: TextIO) -> bool:
    """Say whether lines can be rewritten where this is shown."""
    return out.isatty() and os.environ.get("TERM", "") not in {"", "dumb", "unknown"}
