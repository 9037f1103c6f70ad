"""MLflow's pages over the results, on loopback, while the verb runs; and its database, made again."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock

from orchestrator.reports.report import folder_of
from orchestrator.storage.results import BadInputError, Results
from orchestrator.study.study import Options, Study, study_of
from orchestrator.terminal.masking import tell
from orchestrator.tracking import mirror
from orchestrator.tracking.database import DATABASE, experiments, fault_of, set_aside
from search_spaces._files import own_experiment

LOOPBACK = "127.0.0.1"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S, STARTING_S, LOOK_S = 3.0, 60.0, 0.2
MOST_LINKS = 10
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # evaluations of language models, with worker processes of their own
    "PYTHONSAFEPATH": "1",
}


def serve(storage: str, port: int) -> int:
    """Open MLflow's pages over the results on loopback until Ctrl-C, SIGTERM or SIGHUP; return the exit code.

    Raises: BadInputError when the database cannot be used.
    """
    root = Results.at(storage).ready().root
    if reason := fault_of(root / DATABASE):
        raise BadInputError(f"MLflow cannot open the results: {reason}")
    with tempfile.TemporaryDirectory(prefix="grokking-laws-") as folder, _until_ended() as ended:
        (Path(folder) / "storage").symlink_to(root)  # a name that can stand in a URI, and a folder without modules
        log = Path(folder) / "server.log"
        with log.open("wb") as out:
            place: dict[str, Any] = {"cwd": folder, "env": {**os.environ, **SETTINGS}, "stdout": out, "stderr": out}
            server = subprocess.Popen(_words(root, port), stdin=subprocess.DEVNULL, **place, **_bound_to_this())
        try:
            _wait_for(server, port, ended)
            if server.poll() is None and not ended:
                print("\n".join(links(root, port)), flush=True)
            while server.poll() is None and not ended:
                time.sleep(LOOK_S)
        finally:
            _end(server)
        last = next(iter(log.read_text(encoding="utf-8", errors="replace").split("\n")[-2:]), "")
    if ended:
        return 0
    tell(f"error: MLflow's server ended with exit code {server.returncode}: {last[:300]}")
    return 1


def links(root: Path, port: int) -> list[str]:
    """Return the lines about the pages: a link per experiment that opens its runs."""
    base = f"http://{LOOPBACK}:{port}/#/experiments"
    try:
        found = experiments(root)[:MOST_LINKS]
    except sqlite3.Error:
        found = []
    told = [f"{name}: {base}/{number}/runs?workflowType=machine_learning" for number, name in found]
    none = f"{base}?workflowType=machine_learning (no experiment is mirrored yet; a launch mirrors it)"
    return [*(told or [none]), "(Ctrl-C ends it)"]


def rebuild(storage: str) -> Iterator[str]:
    """Make the embedded database again from the results, study by study; yield a line on each."""
    results = Results.at(storage).ready()
    (results.root / "locks").mkdir(exist_ok=True)
    with FileLock(results.root / "locks" / "mlflow.lock", timeout=mirror.OTHERS_S):
        kept = set_aside(results.root)
    if kept:
        yield f"the database before is kept as {kept}"
    mirror.forget(results)
    for file in results.files("registrations", ".json"):
        stored = results.read_json(file.relative_to(results.root))
        if stored is not None:
            try:
                yield _mirrored(_registered(stored, storage))
            except BadInputError as fault:
                yield f"{file.stem} is not mirrored: {' '.join(str(fault).split())}"
        yield from results.untold()


def _mirrored(made: Study) -> str:
    report = folder_of(made) / "report.json"
    facts = made.results.read_json(report.relative_to(made.results.root)) or {}
    if warning := mirror.mirror(made, facts):
        return warning
    if "rows_hash" in facts:
        mirror.remember(made, facts)
    return "\n".join([f"{made.key}: {made.rows().height} replicas mirrored", *made.results.untold()])


def _registered(stored: Mapping[str, Any], storage: str) -> Study:
    """Return the study of a registration, which is data and names no code except the package's own experiments.

    Raises: BadInputError where it does not describe one.
    """
    kinds = {"name": str, "scale": str, "changes": list, "seeds": int | None, "precision": str | None}
    facts = {"seeds": None, "precision": None, **stored}
    wrong = [word for word, kind in kinds.items() if not isinstance(facts.get(word), kind)]
    if wrong or not all(isinstance(each, str) for each in facts["changes"]):
        raise BadInputError(f"its registration is not one of ours ({', '.join(wrong or ['changes'])})")
    try:
        own_experiment(facts["name"])
    except LookupError as fault:
        if facts["name"].endswith((".py", ".yaml", ".yml")):
            raise BadInputError(
                f"it came from a user's file, {facts['name'][:200]!r}, and results do not say what is run; "
                "launch that file again: nothing is trained twice, and it is mirrored"
            ) from None
        raise BadInputError(str(fault.args[0])) from None
    words = {word: facts[word] for word in ("name", "scale", "seeds", "precision")}
    return study_of(Options(**words, changes=tuple(facts["changes"]), storage=storage))


def _words(root: Path, port: int) -> list[str]:
    place = ["--backend-store-uri", f"sqlite:///storage/{DATABASE}", "--host", LOOPBACK, "--port", str(port)]
    artifacts = ["--artifacts-destination", (root / "mlartifacts").as_uri(), "--workers", "1"]
    return [sys.executable, "-m", "mlflow", "server", *place, *artifacts]


def _bound_to_this() -> dict[str, Any]:
    """Return how to start a server that has a process group of its own and gets a SIGTERM if this process is killed."""
    if sys.platform != "linux":
        return {"start_new_session": True}
    library, parent = ctypes.CDLL(None), os.getpid()

    def bind() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed before
            os._exit(1)

    return {"start_new_session": True, "preexec_fn": bind}


@contextlib.contextmanager
def _until_ended() -> Iterator[list[int]]:
    """Yield a list that receives a signal to end."""
    ended: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        ended.append(number)

    heeded = [number for number in ENDING if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}  # under nohup a hangup is no end
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_for(server: subprocess.Popen[bytes], port: int, ended: list[int]) -> None:
    """Wait until the server answers, has ended, or is to end."""
    until = time.monotonic() + STARTING_S
    while server.poll() is None and not ended and time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        time.sleep(LOOK_S)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server with its workers: ask first, then kill."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
