"""Checks of this machine before a launch: one line each, with what to do if something is wrong."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.backends._private import place
from orchestrator.storage import tables
from orchestrator.storage.results import BadInputError, Results
from orchestrator.tracking.database import DATABASE, fault_of

PROJECT = "grokking-laws"
LEAST_FREE_GIB, COMFORTABLE_GIB = 0.5, 5.0
LEAST_SHARED_GIB = 0.25


@dataclass(frozen=True)
class Check:
    """One finding: ``state`` is ok, warn (works, but not at its best) or fail (a launch would not work)."""

    state: str
    name: str
    finding: str

    def __str__(self) -> str:
        return f"{self.state:4}  {self.name:9} {self.finding}"


def examine(storage: str) -> list[Check]:
    """Return all checks of this machine and of a storage, which is created if it does not exist."""
    checks = [_python(), _packages(), _cores(), _temporary()]
    if os.path.isdir("/dev/shm"):  # where Ray keeps its objects; without it, in files
        checks.append(_disk("shared", "/dev/shm", "enlarge it (docker run --shm-size=1g)", least=LEAST_SHARED_GIB))
    try:
        results = Results.at(storage).ready()
    except BadInputError as fault:
        return [*checks, Check("fail", "storage", str(fault))]
    probes: list[Callable[[Results], Check]] = [_storage, _tables, _mlflow]
    free = _disk("disk", str(results.root), "make room or give another --storage")
    return [*checks, free, *(probe(results) for probe in probes)]


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata.metadata(PROJECT)["Requires-Python"]
    from packaging.specifiers import SpecifierSet

    if found in SpecifierSet(wanted):
        return Check("ok", "python", found)
    return Check("fail", "python", f"{found} does not fit {wanted}; make the environment with another Python")


def _packages() -> Check:
    from packaging.requirements import Requirement

    found, wrong = [], []
    for requirement in (Requirement(text) for text in metadata.requires(PROJECT) or ()):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            version = "not installed"
        found.append(f"{requirement.name} {version}")
        if version == "not installed" or not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} (wanted {requirement.specifier})")
    if wrong:
        return Check("fail", "packages", f"{', '.join(wrong)}; run: pip install -c constraints.txt -e .")
    return Check("ok", "packages", ", ".join(found))


def _cores() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    whole = os.cpu_count() or 1
    if usable < whole:
        return Check("warn", "cores", f"{usable} of {whole} may be used; packs will share them (see taskset, cgroups)")
    return Check("ok", "cores", f"{usable}: as many packs at once")


def _temporary() -> Check:
    """Check the folder for Ray's files, found as a launch finds it."""
    try:
        folder, reason = place()
    except BadInputError as fault:
        return Check("fail", "temporary", str(fault))
    found = _disk("temporary", str(folder), "set TMPDIR")
    return Check("warn", "temporary", f"{reason}; {found.finding}") if reason and found.state != "fail" else found


def _disk(name: str, folder: str, remedy: str, least: float = LEAST_FREE_GIB) -> Check:
    free = shutil.disk_usage(folder).free / 2**30
    facts = f"{free:.1f} GiB free in {folder}"
    if free < least:
        return Check("fail", name, f"{facts}; {remedy}")
    if free < min(COMFORTABLE_GIB, 10 * least):
        return Check("warn", name, f"{facts}, little for a large sweep; {remedy}")
    return Check("ok", name, facts)


def _storage(results: Results) -> Check:
    """Write, rename, read back and lock, as a launch does."""
    began, file = time.monotonic(), Path("locks") / f"doctor-{os.getpid()}.txt"
    try:
        results.write_text(file, "probe")
        (results.root / file).unlink()
        with FileLock(results.root / "locks" / "doctor.lock", timeout=5):
            pass
    except Timeout:
        return Check("fail", "storage", f"{results.root} cannot be locked; mount it with locking (NFS: not nolock)")
    except OSError as fault:
        return Check("fail", "storage", f"{results.root}: {fault.strerror}; give another --storage")
    spent = (time.monotonic() - began) * 1000
    return Check("ok", "storage", f"{results.root} written, renamed and locked in {spent:.0f} ms")


def _tables(results: Results) -> Check:
    ended = results.replicas().height
    tables.look(results, "curves")
    failed = len(results.files("failures", ".txt"))
    if results.notes:
        more = f" (and {len(results.notes) - 1} more such lines)" if results.notes[1:] else ""
        return Check("warn", "results", f"{ended} ended; {results.notes[0]}{more}")
    if failed:
        return Check("warn", "results", f"{ended} ended, {failed} failed: tracebacks in {results.root / 'failures'}")
    return Check("ok", "results", f"{ended} replicas ended, every file readable")


def _mlflow(results: Results) -> Check:
    """Look at the database as a launch does."""
    database = results.root / DATABASE
    if reason := fault_of(database, thorough=True):
        return Check("fail", "mlflow", reason)
    return Check(
        "ok", "mlflow", f"{database} can be written" if database.exists() else f"{database} will be made by a launch"
    )
