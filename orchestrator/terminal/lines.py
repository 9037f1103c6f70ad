"""Lines for people: as wide as their terminal, unbroken in a pipe, and a few of them while a launch works."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from orchestrator.terminal.counts import Counts

LINE_EVERY_S = 15.0
USUAL_COLUMNS, USUAL_LINES = 80, 24
LEAST_COLUMNS = 20


def size_of(stream: TextIO) -> tuple[int, int]:
    """Return columns and lines of a stream's terminal: those of COLUMNS and LINES, else its own."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):  # no terminal, or no file at all
        found = os.terminal_size((0, 0))
    asked = [os.environ.get(name, "") for name in ("COLUMNS", "LINES")]
    columns, lines = (int(text) if text.isdecimal() else 0 for text in asked)
    return max(columns or found.columns or USUAL_COLUMNS, LEAST_COLUMNS), lines or found.lines or USUAL_LINES


def say(lines: Iterable[str], *, indent: int = 4) -> None:
    """Print lines: on a terminal wrapped between words, with what follows indented; elsewhere one line each."""
    for line in lines:
        if not sys.stdout.isatty():
            print(line)
            continue
        width = size_of(sys.stdout)[0]
        for part in wrapped(line, width, indent):
            print(part)


def wrapped(line: str, width: int, indent: int = 4) -> list[str]:
    """Return a line in parts of a width; a path is broken, after a slash, only if no line can hold it.

    >>> wrapped("  report: runs/smoke/kl_scaling/index.html", 24)
    ['  report: runs/smoke/', '    kl_scaling/', '    index.html']
    """
    if len(line) <= width:
        return [line]
    indent = min(indent, width // 3)
    made = [line[: len(line) - len(line.lstrip())]]
    for word in line.split():
        for number, piece in enumerate(_pieces(word, width - indent)):
            glue = " " if made[-1].strip() and not number else ""
            if made[-1].strip() and len(made[-1] + glue + piece) > width:
                made.append(" " * indent + piece)
            else:
                made[-1] += glue + piece
    return made


def _pieces(word: str, room: int) -> Iterator[str]:
    """Yield a word that fits into the room as it is, a longer one in pieces that fit."""
    if len(word) <= room:
        yield word
        return
    for part in word.replace("/", "/\0").split("\0"):
        yield from (part[first : first + room] for first in range(0, len(part), room))


class Lines:
    """A line when a phase begins, and one every 15 seconds while training; nothing at all if silent."""

    def __init__(self, out: TextIO, error: TextIO, *, silent: bool = False) -> None:
        self._out, self._error, self._silent = out, error, silent
        self._printed_at = 0.0

    @contextlib.contextmanager
    def phase(self, name: str, progress: Counts | None) -> Iterator[None]:
        """Say that a phase begins; at the end of training, say how far it came."""
        self._printed_at = -LINE_EVERY_S
        self._say(name)
        try:
            yield
        finally:
            if progress and progress.began:
                self._say(progress.line())

    def advance(self, progress: Counts) -> None:
        """Say now and then how far training is."""
        if time.monotonic() - self._printed_at >= LINE_EVERY_S:
            self._printed_at = time.monotonic()
            self._say(progress.line())

    def tell(self, line: str) -> None:
        """Print one line on stderr."""
        width = size_of(self._error)[0] if self._error.isatty() else 0
        print("\n".join(wrapped(line, width)) if width else line, file=self._error, flush=True)

    def leave(self) -> None:
        """Restore the terminal when the process is about to end at once."""

    def _say(self, line: str) -> None:
        if self._silent:
            return
        try:
            sys.stdout.flush()  # what was printed before comes first
            print(line, file=self._out, flush=True)
        except BrokenPipeError:  # nobody reads on: no reason to stop training
            self._silent = True
