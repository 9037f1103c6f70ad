"""Mirror the results to MLflow. MLflow is a view: it can be lost and made again.

One parent run per study, one child per replica (above 2,000 replicas, one per level). Runs are found again by their
``run_key`` tag, so a relaunch adds only what is new. Nothing here can fail a launch: a fault is reported in one line.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from orchestrator.storage.results import Results
from orchestrator.study.study import Study
from orchestrator.terminal.masking import masked
from orchestrator.terminal.silence import quiet
from orchestrator.tracking.companion import Companion, keep_log
from orchestrator.tracking.database import DATABASE, HELD, REBUILD, fault_of, file_of, plain

if TYPE_CHECKING:
    from mlflow import MlflowClient

OTHERS_S = 30.0
REMEDY = "the results are safe, and the next launch tries again"
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
NOISY = ("mlflow", "alembic", "urllib3")


def bring_up(study: Study, facts: Mapping[str, Any], beside: Companion | None = None) -> str | None:
    """Mirror a study unless that has been done for exactly this report and place; return a warning or None.

    The process beside the launch does it, or one started for it; the wait for MLflow is bounded.
    """
    own, done = study.results.root / DATABASE, _mirrored(study) == _state(study, facts)
    if not study.options.tracking_uri:
        reason = fault_of(own)
        if reason and not (done and reason.endswith(HELD)):
            return _told(reason)
        done = done and own.exists() and own.stat().st_size > 0
    if done:
        return None
    warning = _told((beside or Companion(study)).finish(facts))
    if warning is None:
        remember(study, facts)
    return warning


def mirror(study: Study, facts: Mapping[str, Any]) -> str | None:
    """Bring MLflow up to the results, in this process, and attach the report; return None, or one line that says why it
    could not."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mlflow.log"
        with quiet(log):
            reason = reason_not(study, facts, lambda: None)
        keep_log(study, log.read_text(encoding="utf-8", errors="replace"))
    return _told(reason)


def remember(study: Study, facts: Mapping[str, Any]) -> None:
    """Note which report is mirrored where; a place that cannot be written costs a mirroring, not a launch."""
    try:
        study.results.write_text(_mark(study), _state(study, facts))
    except OSError as fault:
        study.results.note(f"{study.results.root / _mark(study)} cannot be written ({fault.strerror})")


def prepare() -> None:
    """Make MLflow silent and quick to give up, and import it if it is installed."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow.store.db.utils as database
    except ImportError:
        return  # whoever mirrors finds out, and tells
    database.MAX_RETRY_COUNT = 2  # its ten attempts take 102 s
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)


def reason_not(study: Study, facts: Mapping[str, Any] | None, went_on: Callable[[], None]) -> str | None:
    """Mirror a study (without facts, only the replicas that have ended so far); return why that failed, or None."""
    own = study.results.root / DATABASE
    file = file_of(study.options.tracking_uri) if study.options.tracking_uri else own
    if file and (reason := fault_of(file)):
        return reason
    prepare()
    try:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        from orchestrator.tracking import mlflow_runs
    except ImportError as fault:
        return f"{fault}; install mlflow"
    locks = study.results.root / "locks"
    try:
        locks.mkdir(exist_ok=True)
        with (
            FileLock(locks / "mlflow.lock", timeout=OTHERS_S),  # two launches may end at once
            plain(study.results.root) as root,
        ):
            client = _client(study.options.tracking_uri, root)
            went_on()
            mlflow_runs.bring_up(client, study, facts, went_on)
    except Timeout:
        return "another launch is mirroring"
    except (MlflowException, SQLAlchemyError, OSError, ValueError) as fault:
        lines = [line for line in str(fault).splitlines() if line.strip() and "autoflush" not in line]
        reason = next(iter(lines), type(fault).__name__)[:200]
        inside = not study.options.tracking_uri and isinstance(fault, MlflowException | SQLAlchemyError)
        return f"{reason}; {REBUILD}" if inside else reason
    return None


def uri_of(study: Study) -> str:
    """Return where a study is mirrored to: the user's server, or a database beside the results."""
    return study.options.tracking_uri or f"sqlite:///{study.results.root / DATABASE}"


def forget(results: Results) -> None:
    """Forget what is mirrored, so that everything is mirrored again."""
    for file in results.files("mirrored", ".txt"):
        results.forget(file.relative_to(results.root))


def _client(asked: str | None, root: Path) -> MlflowClient:
    """Return a client of the user's server or of the database, which is made under a hidden name and renamed: none is
    ever seen half-made."""
    from mlflow import MlflowClient

    file = root / DATABASE
    if not asked and (not file.exists() or not file.stat().st_size):
        new = root / f".{DATABASE}-{uuid.uuid4().hex}.part"
        MlflowClient(tracking_uri=f"sqlite:///{new}").search_experiments(max_results=1)
        new.replace(file)
    client = MlflowClient(tracking_uri=asked or f"sqlite:///{file}")
    client.search_experiments(max_results=1)
    return client


def _told(reason: str | None) -> str | None:
    return reason and f"not mirrored to MLflow: {masked(' '.join(reason.split()))}; {REMEDY}"


def _mark(study: Study) -> Path:
    return Path("mirrored") / f"{study.slug}.txt"


def _mirrored(study: Study) -> str:
    """Return which state is mirrored; empty, so that it is mirrored again, if none is or the file cannot be read."""
    return study.results.read_text(_mark(study)) or ""


def _state(study: Study, facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{facts['rows_hash']} {uri_of(study)}".encode()).hexdigest()
