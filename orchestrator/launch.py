"""The flow of a launch: check, plan, lock, register, train what is missing, mirror, report."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock, Timeout

from orchestrator import memory, searches, watched
from orchestrator.backends._job import Job, Observer
from orchestrator.plan import Plan, make_plan
from orchestrator.progress import Progress, outcomes_of
from orchestrator.registration import register
from orchestrator.resources import LEAST_GPU_SHARE, Request, is_gpu_share, request
from orchestrator.results import BadInputError, Results
from orchestrator.terminal import Terminal
from orchestrator.tracking_process import Companion
from search_spaces._experiment import MOST_REPLICAS, MOST_STEPS, Experiment, parse_values
from search_spaces._files import experiment_named
from trainables.replica import family_named
from trainables.store import Pace

SMOKE_POINTS, SMOKE_STEPS = 2, 40
MOST_OF_HOLDER = 100  # characters


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line can ask of one experiment."""

    name: str
    scale: str = "laptop"
    storage: str = "runs"
    changes: tuple[str, ...] = ()
    seeds: int | None = None
    budget_steps: int | None = None
    precision: str | None = None
    backend: str = "ray"
    address: str | None = None
    gpus_per_pack: float | None = None
    device: str = "cpu"
    tracking_uri: str | None = None


@dataclass(frozen=True)
class Study:
    """An experiment at one scale, with the user's changes, and the results it reads and writes."""

    asked: Experiment
    scale: str
    variant: str
    results: Results
    options: Options

    @property
    def experiment(self) -> Experiment:
        """The experiment, with the points that a search has chosen by now."""
        return searches.read(self.asked, self.scale, self.results, self.slug)

    @property
    def key(self) -> Path:
        """Where the study's report lies under the storage: a changed study has a folder of its own."""
        return Path(self.asked.name) / (self.scale + (f"-{self.variant}" if self.variant else ""))

    @property
    def slug(self) -> str:
        """The key as one file name."""
        return self.key.as_posix().replace("/", "-")

    @property
    def registration(self) -> Path:
        """Where it is stored, relative to the storage, what was claimed before the first replica ran."""
        return Path("registrations") / f"{self.slug}.json"

    def plan(self, asked: Request | None = None) -> Plan:
        """Return the plan against what the results hold now."""
        asked = asked or request(cpus=os.cpu_count() or 1)
        begun, kept = (  # one look instead of one per replica
            {folder.name for folder in self.results.files(each, "")} for each in ("checkpoints", "kept")
        )
        return make_plan(
            self.experiment,
            self.scale,
            settled=self.results.settled(),
            checkpoint_steps=lambda replica: self.results.checkpoint_steps(replica) if replica in begun else [],
            slots=asked.slots,
            replicas_per_pack=asked.replicas_per_pack,
            budget_steps=self.options.budget_steps,
            kept_steps=lambda replica: self.results.kept_steps(replica) if replica in kept else [],
        )

    def rows(self) -> pl.DataFrame:
        """Return the finished rows of the study's replicas."""
        return self.results.replicas([replica.id for replica in self.experiment.replicas(self.scale)])


def study(options: Options) -> Study:
    """Return the study that the options name.

    Raises: BadInputError with all that is wrong, before anything is trained or written.
    """
    try:
        experiment = experiment_named(options.name)
        changes = _changes(experiment, options.changes)
    except LookupError as fault:
        raise BadInputError(str(fault.args[0])) from None
    if options.scale not in experiment.scales:
        raise BadInputError(f"unknown scale {options.scale!r}; scales: {', '.join(experiment.scales)}")
    limits = {"--seeds": (options.seeds, MOST_REPLICAS), "--budget-steps": (options.budget_steps, MOST_STEPS)}
    for flag, (value, most) in limits.items():
        if value is not None and not 1 <= value <= most:
            raise BadInputError(f"{flag} {value} must be a whole number >= 1 and <= {most}")
    experiment = experiment.asked_at(options.scale)
    changed = experiment.with_changes(options.scale, changes, options.seeds).with_precision(options.precision)
    if faults := changed.faults():
        raise BadInputError("; ".join(faults))
    registered = experiment.registration(options.scale) == changed.registration(options.scale)
    variant = "" if registered else changed.registration(options.scale)[:6]
    return Study(changed, options.scale, variant, Results.at(options.storage), options)


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

    Without a terminal it has one of its own for the time of the training, which may be silent. The companion, if there
    is one, mirrors replicas as they end.
    """
    if terminal is None:
        with Terminal(silent=silent) as terminal:
            return train(study, pace=pace, terminal=terminal, beside=beside)
    plan = study.plan()
    asked = _asked(study, plan, terminal) if plan.left else None
    study.results.ready()
    watched.remember(study)
    if not asked:
        return True
    with _lock(study):
        register(study)
        plan = study.plan(asked)
        study.results.prune([replica.id for replica in plan.to_train])
        rows = watched.rows_of(study).iter_rows(named=True)
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


def smoke(options: Options) -> Study:
    """Return a tiny version of a study in a folder of its own: two points, one seed, a few dozen steps."""
    whole = study(options)
    size = whole.asked.scales[whole.scale]
    axis = whole.asked.x
    few = {name: (values[:SMOKE_POINTS] if name == axis else values[:1]) for name, values in size.space.axes.items()}
    small = whole.asked.with_changes(whole.scale, few, 1)
    if size.search:
        small = small.with_search(whole.scale, first=size.search.first[:1], tries=SMOKE_POINTS)
    folder = whole.results.root / "smoke" / time.strftime("%Y%m%d-%H%M%S")
    budget = replace(options, budget_steps=SMOKE_STEPS, storage=str(folder))
    return Study(small, whole.scale, "smoke", Results.at(str(folder)), budget)


def _changes(experiment: Experiment, texts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    changes: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign:
            raise LookupError(f"--set {text!r} has no '='; write --set field=value or field=v1,v2")
        changes[name.strip()] = parse_values(experiment, name.strip(), values)
    return changes


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
            f"{study.key} is being launched already by {who}; wait for it or use another --storage"
        ) from None
    try:
        study.results.write_text(holder, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        lock.release()
