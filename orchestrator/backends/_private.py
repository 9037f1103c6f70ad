"""What keeps a Ray cluster of this machine private: a token of its own, a folder of its own, loopback only."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.storage.results import BadInputError

TOKEN_BYTES = 32
LOOPBACK = "127.0.0.1"
SOCKET_BYTES = 103 if sys.platform == "darwin" else 107  # sun_path of unix(7), less the final zero
WITHIN = "/ray-xxxxxxxx/r/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"  # what is added to a place
PREFIX, IN_USE = "ray-", "in-use.lock"
YOUNG_S = 60.0  # a folder may have been made and not locked yet
LONGEST_PLACE = SOCKET_BYTES - len(WITHIN)


def place() -> tuple[Path, str]:
    """Return the folder in which Ray's own is made, and why it is not the one that TMPDIR names, or an empty text.

    Raises: BadInputError when no temporary folder is short enough for Ray's sockets and can be written.
    """
    wanted = os.environ.get("TMPDIR", "")
    reason = ""
    for candidate in (wanted, "/tmp", os.environ.get("XDG_RUNTIME_DIR", "")):
        if not candidate:
            continue
        folder = Path(candidate).absolute()
        if not (fault := _fault(folder)):
            return folder, reason and f"{reason}; Ray's files go to {folder}"
        reason = reason or f"TMPDIR {candidate} {fault}"
    raise BadInputError(
        f"{reason}, and neither /tmp nor XDG_RUNTIME_DIR will do; "
        f"set TMPDIR to a folder that can be written, with a path of at most {LONGEST_PLACE} bytes"
    )


@contextlib.contextmanager
def folder() -> Iterator[str]:
    """Make a folder that only its owner may enter, and at the end remove it with all that Ray left in it; first, remove
    what killed launches have left."""
    within = place()[0]
    _sweep(within)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=within, ignore_cleanup_errors=True) as made,
        FileLock(Path(made) / IN_USE),  # the kernel frees it when the process dies
    ):
        yield made


@contextlib.contextmanager
def own() -> Iterator[None]:
    """Make a cluster started inside the block listen on loopback alone and require a token of its own."""
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # read once; else Ray listens on every interface
    with token():
        yield


@contextlib.contextmanager
def token() -> Iterator[None]:
    """Make a token that every process of a cluster started inside the block requires; only their environment holds it.

    Only its owner can read the environment of a process, and it ends with the process: nothing is left on disk. What
    the user set for other clusters is put aside until the end.
    """
    before = {name: os.environ.pop(name, None) for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")}
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(TOKEN_BYTES)}
    try:
        _take_note()
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        if "ray._raylet" in sys.modules:  # it may have been broken off while it was being loaded
            _take_note()


def _sweep(within: Path) -> None:
    """Remove the folders of launches of this user that have ended without doing so."""
    for lock in within.glob(f"{PREFIX}*/{IN_USE}"):
        with contextlib.suppress(OSError, Timeout):  # another launch sweeps too, or it is another user's
            facts = lock.lstat()
            if facts.st_uid == os.getuid() and time.time() - facts.st_mtime > YOUNG_S:
                with FileLock(lock, timeout=0):
                    shutil.rmtree(lock.parent, ignore_errors=True)


def _take_note() -> None:
    """Make Ray read the environment again; it keeps the mode and the token of its first look."""
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # a C extension

    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def _fault(folder: Path) -> str:
    """Return why Ray's folder cannot be made in a folder, or an empty text."""
    if not folder.is_dir():
        return "is no folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "cannot be written"
    if (length := len(os.fsencode(folder))) > LONGEST_PLACE:
        return f"is too long for Ray's sockets ({length} bytes, at most {LONGEST_PLACE})"
    return ""
