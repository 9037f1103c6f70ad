"""The streams of the command line: what they can show is shown, and a closed one ends the program quietly."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata

IN_ASCII = {
    **{"λ": "lambda", "α": "alpha", "β": "beta", "σ": "sigma", "γ": "gamma", "τ": "tau", "∝": "~", "∞": "inf"},
    **{"–": "-", "—": "-", "−": "-", "·": "*", "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "≈": "~", "≠": "!="},
    **{"…": "...", "→": "->", "•": "*", "“": '"', "”": '"', "’": "'", "‘": "'", "√": "sqrt"},
}
PIPE_GONE = 141  # what a shell gives for a program that SIGPIPE ended


def prepare() -> None:
    """Open what was closed, and have characters that a stream cannot encode written in ASCII instead of failing."""
    codecs.register_error("in_ascii", _in_ascii)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="in_ascii")


def finished(code: int) -> int:
    """Write out what is buffered and return the exit code: another one if stdout no longer takes it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or PIPE_GONE
    except OSError as fault:
        if code == 0:
            print(f"error: stdout cannot be written ({fault.strerror})", file=sys.stderr)
        code = code or 2
    else:
        return code
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end
    return code


def _in_ascii(fault: UnicodeError) -> tuple[str, int]:
    """Return ASCII for what cannot be encoded: known symbols by name, letters without accents, else '?'."""
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    lost = fault.object[fault.start : fault.end]
    return "".join(map(_plain, lost)), fault.end


def _plain(letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode("ascii")
    return IN_ASCII.get(letter) or bare or "?"
