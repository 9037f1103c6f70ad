"""One experiment at one scale, with the user's changes, and the results it reads and writes."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from orchestrator.storage.results import BadInputError, Results
from orchestrator.study import searches
from orchestrator.study.plan import Plan, make_plan
from orchestrator.study.resources import Request, request
from search_spaces._experiment import Experiment
from search_spaces._files import experiment_named, told
from search_spaces._grids import values_in
from search_spaces._space import MOST_REPLICAS, MOST_STEPS
from trainables.family import rules
from trainables.names import near_match
from trainables.replica import family_named

SMOKE_POINTS, SMOKE_STEPS = 2, 40


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
        """Where, relative to the storage, the claims made before the first replica ran are stored."""
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


def study_of(options: Options) -> Study:
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
    changed = experiment.with_changes(options.scale, changes, options.seeds).with_precision(options.precision)
    if faults := changed.faults():
        own = experiment.faults()  # of the file; the others are those of the flags, which stand on no line of it
        raise BadInputError(told(options.name, [fault if fault in own else str(fault) for fault in faults]))
    changed = changed.asked_at(options.scale)
    registered = experiment.registration(options.scale) == changed.registration(options.scale)
    variant = "" if registered else changed.registration(options.scale)[:6]
    return Study(changed, options.scale, variant, Results.at(options.storage), options)


def smoke_of(options: Options) -> Study:
    """Return a tiny version of a study in a folder of its own: two points, one seed, a few dozen steps."""
    whole = study_of(options)
    size = whole.asked.scales[whole.scale]
    axis = whole.asked.x
    few = {name: (values[:SMOKE_POINTS] if name == axis else values[:1]) for name, values in size.space.axes.items()}
    small = whole.asked.with_changes(whole.scale, few, 1)
    if size.search:
        small = small.with_search(whole.scale, first=size.search.first[:1], tries=SMOKE_POINTS)
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"  # two may begin in the same second
    folder = whole.results.root / "smoke" / name
    budget = replace(options, budget_steps=SMOKE_STEPS, storage=str(folder))
    return Study(small, whole.scale, "smoke", Results.at(str(folder)), budget)


def _changes(experiment: Experiment, texts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    changes: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign:
            raise LookupError(f"--set {text!r} has no '='; write --set field=value or field=v1,v2")
        changes[name.strip()] = _values(experiment, name.strip(), values)
    return changes


def _values(experiment: Experiment, name: str, text: str) -> tuple[Any, ...]:
    """Turn the text of ``--set name=v1,v2`` or ``--set name=log(1e-3,1,7)`` into values of the field's type.

    Raises: LookupError when the family has no such field, or the text lists no values.
    """
    known = rules(family_named(experiment.family).Config)
    if name not in known:
        raise LookupError(f"unknown field {name!r}{near_match(name, list(known))}; fields: {', '.join(known)}")
    try:
        return values_in(text, known[name])
    except ValueError as fault:
        raise LookupError(f"--set {name}: {fault}") from None
