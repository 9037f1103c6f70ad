"""The flow of a launch: check, plan, lock, register, train what is missing, mirror, report."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from orchestrator.backends._job import Job, Observer
from orchestrator.storage.results import BadInputError
from orchestrator.study import horizon, memory
from orchestrator.study.plan import Plan
from orchestrator.study.progress import Progress, outcomes_of
from orchestrator.study.registration import register
from orchestrator.study.resources import LEAST_GPU_SHARE, Request, is_gpu_share, request
from orchestrator.study.study import Options, Study
from orchestrator.terminal.display import Terminal
from orchestrator.tracking.companion import Companion
from search_spaces._experiment import Experiment
from trainables.replica import family_named
from trainables.store import Pace

MOST_OF_HOLDER = 100  # characters


def resources_of(options: Options, experiment: Experiment) -> Request:
    """Return what a pack asks for on this machine or on the cluster that is joined.

    Raises: BadInputError when more GPU is asked for than there is.
    """
    cpus, gpus, gpu_mib = float(os.cpu_count() or 1), 0.0, 0.0
    if (asked := options.gpus_per_pack) is not None and not is_gpu_share(asked):
        raise BadInputError(f"--gpus-per-pack {asked} must be from {LEAST_GPU_SHARE} to 1, or a whole number of GPUs")
    if options.address is not None:
        from orchestrator.backends.ray_tune import cluster_resources

        found = cluster_resources(options.address)
        cpus, gpus = found.get("CPU", 0.0), found.get("GPU", 0.0)
    elif options.device == "cuda" or options.gpus_per_pack:
        gpus, gpu_mib = _local_gpus()
    wanted = options.gpus_per_pack or (1.0 if options.device == "cuda" else 0.0)
    if wanted > gpus:
        where = f"the cluster at {options.address}" if options.address else "this machine"
        raise BadInputError(
            f"{wanted:g} GPU per pack asked for, {where} has {gpus:g}; use --device cpu or a smaller --gpus-per-pack"
        )
    if cpus < 1:
        raise BadInputError(f"the cluster at {options.address} has no CPU to run a pack on; add a node")
    kind = family_named(experiment.family)
    config = experiment.replicas(options.scale)[0].member().config
    return request(
        cpus=cpus,
        gpus=gpus,
        device="cuda" if wanted else "cpu",
        replica_mib=kind.replica_mib(config),
        gpu_mib=gpu_mib,
        gpus_per_pack=options.gpus_per_pack,
    )


def train(
    study: Study,
    *,
    silent: bool = False,
    pace: Pace | None = None,
    terminal: Terminal | None = None,
    beside: Companion | None = None,
) -> bool:
    """Train what is missing; return False when interrupted. Trains nothing when nothing is missing.

    Without a terminal it makes one of its own while it trains, which may be silent. The companion, if there
    is one, mirrors replicas as they end.
    """
    if terminal is None:
        with Terminal(silent=silent) as terminal:
            return train(study, pace=pace, terminal=terminal, beside=beside)
    plan = study.plan()
    _require_data(study, plan)
    asked = _asked(study, plan, terminal) if plan.left else None
    study.results.ready()
    horizon.remember(study)
    if not asked:
        return True
    with _lock(study):
        register(study)
        plan = study.plan(asked)
        for note in plan.notes:
            study.results.note(note)
        study.results.prune([replica.id for replica in plan.to_train])
        rows = horizon.rows_of(study).iter_rows(named=True)
        progress = Progress(plan, outcomes_of(rows, study.experiment.criterion))
        job = Job(
            plan=plan,
            results=study.results,
            request=asked,
            device="cuda" if asked.gpus else "cpu",
            observe=_observer(study, terminal, beside),
            terminal=terminal,
            progress=progress,
            address=study.options.address,
            pace=pace,
            slug=study.slug,
        )
        return _backend(study.options.backend)(job)


def _require_data(study: Study, plan: Plan) -> None:
    """Refuse a plan of which the data of a seed cannot be used.

    Raises: BadInputError.
    """
    seeds = sorted({replica.data_seed for replica in plan.to_train})
    if faults := family_named(study.experiment.family).seed_faults(seeds):
        raise BadInputError("; ".join(faults))


def _asked(study: Study, plan: Plan, terminal: Terminal) -> Request:
    """Return what a pack asks for; a cluster is asked what it has.

    Raises: BadInputError when there is no such machine, or when it is too small for one network of the plan.
    """
    if study.options.address is not None:  # the memory of its nodes is Ray's to tell
        with terminal.held("asking the cluster", "as soon as the cluster has answered"):
            return resources_of(study.options, study.experiment)
    asked = resources_of(study.options, study.experiment)
    memory.require(plan, asked, gpu_mib=_local_gpus()[1] if asked.gpus else 0.0)
    return asked


def _observer(study: Study, terminal: Terminal, beside: Companion | None) -> Observer:
    def observe(facts: Mapping[str, Any]) -> None:
        for line in facts["notes"]:
            study.results.note(f"pack {facts['pack']}: {line}")
        terminal.observe(facts, study.results.untold())
        if beside:
            beside.observe(facts)

    return observe


def _backend(name: str) -> Callable[[Job], bool]:
    if name == "in_process":
        from orchestrator.backends import in_process

        return in_process.run
    from orchestrator.backends import ray_tune

    return ray_tune.run


def _local_gpus() -> tuple[float, float]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    memory = torch.cuda.get_device_properties(0).total_memory / 2**20 if count else 0.0
    return float(count), memory


@contextlib.contextmanager
def _lock(study: Study) -> Iterator[None]:
    """Hold the study's lock; the kernel frees it when the process dies.

    Raises: BadInputError that names the holder when another launch holds it.
    """
    name = hashlib.sha256(str(study.key).encode()).hexdigest()[:12]
    holder, place = Path("locks") / f"{name}.json", Path("locks") / f"{name}.lock"
    study.results.room_for(place)
    lock = FileLock(study.results.root / place)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = " ".join((study.results.read_text(holder) or "an unknown process").split())[:MOST_OF_HOLDER]
        raise BadInputError(
            f"{study.key} is already being launched by {who}; wait for it or use another --storage"
        ) from None
    try:
        study.results.write_text(holder, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        lock.release()
