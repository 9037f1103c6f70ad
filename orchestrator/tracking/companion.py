"""The process beside a launch that mirrors replicas as they end: whatever MLflow does, training does not wait for it.

It is started when the first replica has ended, runs at a lower priority, and ends with the launch, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.terminal.masking import masked

if TYPE_CHECKING:
    from orchestrator.study.study import Study

LOADING_S = 90.0  # importing MLflow, on a machine that is busy
SERVER_S, DATABASE_S = 8.0, 60.0  # without a sign of life; the database was found usable before
MIRROR_S = 300.0
EVERY_S, SHARE = 2.0, 0.5
NICENESS = 5
LOG = Path("mlflow.log")
HOME = Path(__file__).parents[2]


class Companion:
    """The process of one launch: told when replicas have ended, asked once for the rest; ended by a ``with`` block."""

    def __init__(self, study: Study) -> None:
        self._study, self._folder = study, Path.cwd()  # a launch works from another folder
        self._process: subprocess.Popen[bytes] | None = None
        self._ended: dict[str, int] = {}
        self._seen, self._mirrored, self._next = 0, 0, 0.0
        self._busy = self._loaded = False

    def __enter__(self) -> Companion:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def observe(self, facts: Mapping[str, Any]) -> None:
        """Take in one chunk of one pack and have what ended mirrored; return at once."""
        self._ended[facts["pack"]] = sum(facts[status] for status in ("observed", "budget", "diverged"))
        self._seen = sum(self._ended.values())
        with contextlib.suppress(OSError, EOFError):  # the end of the launch finds out why, and tells
            self._listen()
            if self._seen > self._mirrored and not self._busy and time.monotonic() >= self._next:
                self._ask(None)

    def finish(self, facts: Mapping[str, Any]) -> str | None:
        """Have all that is missing mirrored; return None, or why it could not be, after a bounded time."""
        try:
            if self._process is not None and self._process.poll() is not None:
                self.close()
            self._ask(facts)
            return self._answer()
        except (OSError, EOFError) as fault:
            code = self._process.wait() if self._process and isinstance(fault, EOFError) else None
            return f"its process ended with code {code}, see {LOG}" if code is not None else str(fault)
        finally:
            self.close()

    def close(self) -> None:
        """End the process at once, and keep what MLflow wrote, to find faults by."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._link.close()
        self._log.seek(0)
        told = self._log.read().decode(errors="replace")
        self._log.close()
        self._scratch.cleanup()
        self._process, self._busy, self._loaded = None, False, False
        keep_log(self._study, told)

    def _ask(self, facts: Mapping[str, Any] | None) -> None:
        if self._process is None:
            self._start(nice=facts is None)
        self._busy, self._mirrored = True, self._seen
        self._link.send(facts)

    def _start(self, *, nice: bool) -> None:
        self._link, theirs = Pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the process
        self._scratch = tempfile.TemporaryDirectory(prefix="grokking-laws-")  # what it leaves there goes with it
        words = ["-P", "-m", "orchestrator.tracking.process", str(theirs.fileno()), str(NICENESS if nice else 0)]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                cwd=self._folder,
                env={
                    **os.environ,
                    "TMPDIR": self._scratch.name,
                    "PYTHONPATH": os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")])),
                },
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is the launch's
            )
        self._link.send(self._study)

    def _listen(self) -> None:
        """Take what the process has said so far."""
        while self._process is not None and self._link.poll(0):
            self._heard(self._link.recv())

    def _heard(self, said: tuple[str, Any]) -> None:
        word, value = said
        self._loaded |= word == "loaded"
        if word == "caught up":
            self._busy, self._next = False, time.monotonic() + max(EVERY_S, value / SHARE)

    def _answer(self) -> str | None:
        remote = not (self._study.options.tracking_uri or "sqlite:").startswith("sqlite:")
        patience = SERVER_S if remote else DATABASE_S
        end = time.monotonic() + MIRROR_S
        until = time.monotonic() + (patience if self._loaded else LOADING_S)
        while self._link.poll(max(min(until, end) - time.monotonic(), 0)):
            said = self._link.recv()
            self._heard(said)
            if said[0] == "complete":
                return None if said[1] is None else str(said[1])
            if said[0] in {"loaded", "on"}:
                until = time.monotonic() + patience
        return f"MLflow is slow, it has taken over {MIRROR_S if time.monotonic() >= end else patience:.0f} s"


def keep_log(study: Study, told: str) -> None:
    """Keep what MLflow wrote, if anything, beside the results."""
    try:
        if told:
            study.results.write_text(LOG, masked(told))
    except OSError as fault:
        study.results.note(f"{LOG} cannot be written ({fault.strerror})")
