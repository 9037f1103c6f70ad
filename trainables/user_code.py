"""User code: a file is run, and whatever it raises becomes one line (standard library only)."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType

MODULE = "_experiment_of_a_user"  # in sys.modules, where dataclasses look their own module up; named like nobody's
MOST_TOLD = 300
_running: ContextVar[UserFile | None] = ContextVar("running", default=None)


@dataclass(frozen=True)
class UserFile:
    """A Python file as it was read; its content travels to wherever it is run again.

    ``path`` is how the user named it, for messages; ``folder`` is the one that relative paths in it refer to.
    """

    path: str
    content: bytes
    folder: str

    def run(self) -> ModuleType:
        """Run the file and return what it defines; what it prints goes to stderr.

        Raises: LookupError with file, line and exception when the file does not run to its end.
        """
        module = ModuleType(MODULE)
        module.__file__ = os.path.join(self.folder, self.path)
        sys.modules[MODULE] = module
        token = _running.set(self)
        try:
            with contextlib.redirect_stdout(sys.stderr), self.here(), self.telling():  # stdout may be JSON
                exec(compile(self.content, self.path, "exec", dont_inherit=True), vars(module))
        finally:
            _running.reset(token)
        return module

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what the user's code raises inside the block into one line.

        Raises: LookupError with file, line and exception.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as fault:  # a user's code may raise anything, SystemExit too, and all of it is his to mend
            raise LookupError(self._told(fault)) from None

    def here(self) -> contextlib.AbstractContextManager[None]:
        """Work in the folder in which the file was first run, if it exists here."""
        return contextlib.chdir(self.folder) if os.path.isdir(self.folder) else contextlib.nullcontext()

    def _told(self, fault: BaseException) -> str:
        """Return file, line and exception; the line is the last one of the file that was being run."""
        line = fault.lineno if isinstance(fault, SyntaxError) and fault.filename == self.path else None
        for frame, number in traceback.walk_tb(fault.__traceback__):
            if frame.f_code.co_filename == self.path:
                line = number
        place = f"{self.path}, line {line}" if line else self.path
        return f"{place}: {type(fault).__name__}: {_message(fault)}"[: MOST_TOLD + len(place)]


def running() -> UserFile | None:
    """Return the file that is being run, or None."""
    return _running.get()


def one_line(words: object) -> str:
    """Return words with every run of white space, line ends included, as one space."""
    return " ".join(str(words).split())


def _message(fault: BaseException) -> str:
    if isinstance(fault, SystemExit):
        return f"the file ends the program (sys.exit({fault.code!r})); leave that out"
    try:
        return one_line(fault.msg if isinstance(fault, SyntaxError) else fault) or "no message"
    except Exception:  # its own __str__ is the user's code as well
        return "its message cannot be made"
