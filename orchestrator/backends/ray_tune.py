"""Run a plan on Ray Tune: one trial per pack, actors reused, on a cluster of this machine or one that is joined."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.backends._job import Job
from orchestrator.results import BadInputError
from orchestrator.silence import quiet

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
LOOPBACK = "127.0.0.1"
PROBE_S = 5.0


def run(job: Job) -> bool:
    """Train all packs; return False when interrupted, with what is unfinished checkpointed."""
    folder = job.results.root / ".ray" / uuid.uuid4().hex[:8]
    folder.mkdir(parents=True)
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with quiet(folder / "driver.log"), contextlib.chdir(job.results.root):
        _connect(job)
        with _interruptible() as stopped:
            try:
                _fit(job, folder)
            finally:
                import ray

                ray.shutdown()
    return not stopped


def cluster_resources(address: str) -> Mapping[str, float]:
    """Return what a running cluster has.

    Raises: BadInputError when none answers at the address.
    """
    _probe(address)
    with quiet(Path(os.devnull)):
        import ray

        try:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as fault:
            reason = str(fault).strip().splitlines()[0]
            raise BadInputError(
                f"no Ray cluster answers at {address!r} ({reason}); start one with 'ray start --head'"
            ) from None
        found: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        ray.shutdown()
    return found


def _probe(address: str) -> None:
    """Knock at host:port before Ray does, which would wait for minutes.

    Raises: BadInputError when nothing answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # "auto" and the like: Ray itself answers at once
    try:
        socket.create_connection((host, int(port)), timeout=PROBE_S).close()
    except (OSError, OverflowError) as fault:
        raise BadInputError(
            f"no Ray cluster answers at {address!r} ({fault}); start one with 'ray start --head'"
        ) from None


def _connect(job: Job) -> None:
    if not job.address:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # all on loopback; else a token is written into the home
    import ray

    if job.address:
        ray.init(address=job.address, logging_level=logging.ERROR, log_to_driver=False)
    else:
        cpus = max(os.cpu_count() or 1, job.request.slots if job.device == "cpu" else 1)
        ray.init(
            address="local",  # never joins a cluster that happens to run on this machine
            num_cpus=cpus,
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
            _node_ip_address=LOOPBACK,
        )


def _fit(job: Job, folder: Path) -> None:
    from ray import tune

    from orchestrator.backends._tune_parts import PackQueue, Watch, pack_name
    from trainables.base import trainable_for
    from trainables.replica import family_named

    kind = tune.with_parameters(trainable_for(family_named(job.plan.experiment.family)), **job.arguments())
    tune.Tuner(
        tune.with_resources(kind, {"cpu": job.request.cpus, "gpu": job.request.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=PackQueue([pack.id for pack in job.plan.packs]),
            num_samples=len(job.plan.packs),
            max_concurrent_trials=min(job.request.slots, len(job.plan.packs)),
            reuse_actors=True,
            trial_name_creator=pack_name,
            trial_dirname_creator=pack_name,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(folder),
            verbose=0,
            callbacks=[Watch(job.observe)],
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
        ),
    ).fit()


@contextlib.contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Turn SIGINT and SIGTERM (preemption) into Tune's graceful end; yield the list of signals that came.

    To be entered after ``ray.init``, which sets a SIGTERM handler of its own.
    """
    caught: list[int] = []

    def stop(number: int, frame: Any) -> None:
        caught.append(number)
        signal.raise_signal(signal.SIGUSR1)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until Tune sets its own
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
