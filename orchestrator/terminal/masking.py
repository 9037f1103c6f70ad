"""Keep passwords out of what is printed or stored (nothing heavy is loaded for it)."""

from __future__ import annotations

import re
import sys

from orchestrator.terminal.lines import size_of, wrapped

IN_AUTHORITY = re.compile(r"(?<=://)[^/@\s'\"]*@")
IN_QUERY = re.compile(r"(?i)\b(\w*(?:password|passwd|secret|token|api_?key|access_?key|signature)\w*=)[^&\s'\"]+")


def masked(text: str) -> str:
    """Return a text with the credentials of all URIs in it replaced.

    >>> masked("no answer from https://ada:s3cret@host/db?token=abc&x=1")
    'no answer from https://***@host/db?token=***&x=1'
    """
    return IN_QUERY.sub(r"\1***", IN_AUTHORITY.sub("***@", text))


def tell(line: str) -> None:
    """Print one line on stderr, without credentials; wrapped between words on a terminal."""
    text = masked(line)
    parts = wrapped(text, size_of(sys.stderr)[0]) if sys.stderr.isatty() else [text]
    print("\n".join(parts), file=sys.stderr, flush=True)
