"""Run a Python file of the user's and take what it defines; whatever it raises becomes one line."""

from __future__ import annotations

import contextlib
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from search_spaces._content import content_of, one_line

MODULE = "_experiment_of_a_user"  # in sys.modules, where dataclasses look their own module up; named like nobody's
MOST_TOLD = 300


def defined_in(path: Path, name: str) -> Any:
    """Return what a Python file defines under a name, None where it does not; what it prints goes to stderr.

    Raises: LookupError with file, line and exception when it cannot be run to its end.
    """
    source, module = content_of(path), ModuleType(MODULE)
    module.__file__ = str(path)
    sys.modules[MODULE] = module
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout may be JSON
            exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
            return getattr(module, name, None)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # a user's code may raise anything, SystemExit too, and all of it is his to mend
        raise LookupError(told(path, fault)) from None


def told(path: Path, fault: BaseException) -> str:
    """Return file, line and exception in one line; the line is the last one of the file that was being run."""
    line = fault.lineno if isinstance(fault, SyntaxError) and fault.filename == str(path) else None
    for frame, number in traceback.walk_tb(fault.__traceback__):
        if frame.f_code.co_filename == str(path):
            line = number
    place = f"{path}, line {line}" if line else str(path)
    return f"{place}: {type(fault).__name__}: {_message(fault)}"[: MOST_TOLD + len(place)]


def _message(fault: BaseException) -> str:
    if isinstance(fault, SystemExit):
        return f"the file ends the program (sys.exit({fault.code!r})); leave that out"
    try:
        return one_line(fault.msg if isinstance(fault, SyntaxError) else fault) or "no message"
    except Exception:  # its own __str__ is the user's code as well
        return "its message cannot be made"
