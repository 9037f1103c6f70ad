"""Run a plan on Ray Tune: one trial per pack, actors reused, on a cluster of this machine or one that is joined."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.backends import _address, _private
from orchestrator.backends._job import Job
from orchestrator.backends._packs import Packs
from orchestrator.storage.results import BadInputError
from orchestrator.terminal.silence import quiet

SETTINGS = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "600",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}
LOG_CHARACTERS = 1_000_000


def run(job: Job) -> bool:
    """Train all packs; return False when interrupted, with what is unfinished checkpointed.

    What Ray and Tune themselves write goes into a folder that is removed again: a full storage cannot break the driver.

    Raises: BadInputError when Ray cannot be started or joined.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if note := _private.place()[1]:
        job.results.note(note)
    with _private.folder() as folder:
        log = Path(folder) / "driver.log"
        try:
            with quiet(log), contextlib.chdir(job.results.root):
                return _run(job, folder)
        finally:
            _keep_log(job, log)


def _run(job: Job, folder: str) -> bool:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until Tune sets its own
    with contextlib.ExitStack() as private:
        try:
            with job.terminal.held("starting Ray", "as soon as Ray has started, for it has to be ended"):
                if not job.address:
                    private.enter_context(_private.own())
                _connect(job, folder)
                from orchestrator.backends import _tune_parts  # noqa: F401  (loads Tune)
            with job.training(_stop_tune):
                _fit(job, folder)
        finally:
            signal.signal(signal.SIGUSR1, before)
            _disconnect()
    return not job.terminal.stopped


def _stop_tune() -> None:
    """Have Tune end as on Ctrl-C: after the running chunks, with each worker saving."""
    signal.raise_signal(signal.SIGUSR1)


def _disconnect() -> None:
    """End what there is of Ray; it may have been broken off while it was being loaded."""
    if shutdown := getattr(sys.modules.get("ray"), "shutdown", None):
        shutdown()


def _keep_log(job: Job, log: Path) -> None:
    """Keep what Ray wrote during this launch, for whoever looks for a fault."""
    try:
        job.results.write_text(Path("driver.log"), log.read_text(encoding="utf-8", errors="replace")[-LOG_CHARACTERS:])
    except OSError as fault:
        job.results.note(f"driver.log cannot be written ({fault})")


def cluster_resources(address: str) -> Mapping[str, float]:
    """Return what a running cluster has.

    Raises: BadInputError when none answers at the address.
    """
    place = _address.checked(address)
    with quiet(Path(os.devnull)):
        import ray

        try:
            ray.init(address=place, logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as fault:
            raise BadInputError(
                f"the Ray cluster at {address!r} cannot be joined ({_first_line(fault)}); "
                "every node needs this package with the same versions of Python and Ray"
            ) from None
        found: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        ray.shutdown()
    return found


def _connect(job: Job, folder: str) -> None:
    import ray

    local = {
        "address": "local",  # never joins a cluster that happens to run on this machine
        "num_cpus": max(os.cpu_count() or 1, job.request.slots if job.device == "cpu" else 1),
        "include_dashboard": False,
        "_node_ip_address": _private.LOOPBACK,
        "_temp_dir": f"{folder}/r",  # Ray opens this one to everybody; the folder around it is closed
    }
    place: dict[str, Any] = {"address": job.address} if job.address else local
    try:
        ray.init(**place, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, RuntimeError, OSError) as fault:
        raise BadInputError(
            f"Ray does not start: {_first_line(fault)}; run 'python -m orchestrator doctor' or use --backend in_process"
        ) from None


def _first_line(fault: Exception) -> str:
    return next(iter(str(fault).strip().splitlines()), type(fault).__name__)


def _fit(job: Job, folder: str) -> None:
    from ray import tune

    from orchestrator.backends._tune_parts import PackQueue, Watch, pack_name
    from trainables.base import trainable_for
    from trainables.replica import family_named

    packs = Packs(job)
    kind = tune.with_parameters(trainable_for(family_named(job.plan.experiment.family)), **job.arguments())
    tune.Tuner(
        tune.with_resources(kind, {"cpu": job.request.cpus, "gpu": job.request.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=PackQueue(packs),
            num_samples=-1,  # the queue says when it is over
            max_concurrent_trials=job.request.slots,
            reuse_actors=True,
            trial_name_creator=pack_name,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=folder,
            verbose=0,
            callbacks=[Watch(job.observe, packs, lambda: _stop_tune() if job.terminal.stopped else None)],
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
        ),
    ).fit()
