"""Read a file of the user's: a regular one, of bounded size."""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 300_000


def content_of(path: Path) -> bytes:
    """Return what a file holds.

    Raises: LookupError when there is no such file, or when it is not a regular file, is too large or cannot be read.
    """
    try:
        if not path.exists():
            raise LookupError(f"no file {path}; give an experiment's name, or a .py or .yaml file that defines one")
        if not path.is_file():  # a pipe or a device may never end
            raise LookupError(f"{path} is not a regular file; give a .py or .yaml file that defines an experiment")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as fault:
        raise LookupError(f"{path} cannot be read: {getattr(fault, 'strerror', None) or fault}") from None
    if len(content) > MOST_BYTES:
        raise LookupError(f"{path} is larger than {MOST_BYTES:,} bytes; an experiment's file is short")
    return content
