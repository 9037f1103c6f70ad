"""What an experiment is: one preregistered question, as data (standard library only at import)."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from analysis.claims import Claim
from analysis.criteria import DELAY, GROKKED, Criterion
from analysis.laws import law_names
from analysis.measures import measure_names, probes_of
from analysis.rules import Asked
from analysis.table import POINT
from search_spaces._events import Ending, ending_faults, event_faults, named_events, recording_at
from search_spaces._space import MOST_SEED, Scale, SearchSpace, point_fault, search_faults
from trainables.family import Family, config_faults, rules
from trainables.names import available, near_match
from trainables.recording import PRECISIONS
from trainables.replica import Recording, Replica, family_named

FIRST_PILOT_SEED = 1000
NAME_CHARACTERS = 80
LATER = ("probes", "end_step", "events", "end_event", "keep_steps")  # of Recording: empty ones stay out of older hashes
MOST_REPLICAS = 1_000_000
MOST_STEPS = 10**9


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One question: a family, a space and seeds, a budget, and claims that were written before the measured runs.

    ``x`` is the axis that laws are fitted along; ``threshold`` the accuracy that counts as grokked or memorised;
    ``event`` what laws, claims and figures are about: grokked, or the name of one of ``recording.events``, as
    ``name@threshold`` where it has several thresholds; ``primary_law`` the law whose parameters the claims speak of,
    named in advance. ``least_memorised``: levels of x at which a smaller share of runs memorised stay outside the fits.
    ``paper``: the ledger that the claims belong to.
    Without laws x may hold text, and claims speak of pairs, shares and measures.
    ``measures``: files of ``analysis/measures``, whose numbers are added to the table of runs; ``curves``: the columns
    of probes that are drawn; ``endings``: runs that another event ends than ``recording`` says.
    ``headline``: the claims that answer the question, whatever their verdict, each with what one would say aloud if it
    holds and if it fails; without them the law answers, or the first claim that is decided.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    name: str
    question: str
    source: str
    family: str
    x: str
    scales: Mapping[str, Scale]
    claims: tuple[Claim, ...]
    primary_law: str = ""
    laws: tuple[str, ...] = ()
    threshold: float = 0.99
    least_memorised: float = 0.0
    paper: str = ""
    recording: Recording = field(default_factory=Recording)
    pilot: str = ""
    measures: tuple[str, ...] = ()
    curves: tuple[str, ...] = ("test_accuracy", "attention_kl")
    headline: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    event: str = GROKKED
    endings: tuple[Ending, ...] = ()

    def __post_init__(self) -> None:
        """Let claims that name no source of their own have that of the question."""
        sourced = (claim if claim.source else replace(claim, source=self.source) for claim in self.claims)
        object.__setattr__(self, "claims", tuple(sourced))

    def faults(self) -> list[str]:
        """Return all that is wrong with the experiment, one sentence each."""
        try:
            family = family_named(self.family)
        except LookupError as fault:
            return [str(fault)]
        found = [
            f"{kind} {name!r} is no file name; use letters, digits, '-' and '_', at most {NAME_CHARACTERS}"
            for kind, name in (("name", self.name), *(("scale", scale) for scale in self.scales))
            if not re.fullmatch(rf"\w[\w-]{{0,{NAME_CHARACTERS - 1}}}", str(name), re.ASCII)
        ]
        for name, scale in self.scales.items():
            found += [f"{name} scale: {fault}" for fault in self._scale_faults(scale, family.Config)]
        found += [*self._law_faults(), *self.recording.faults(), *self._event_faults()]
        return found + self._recording_faults(family) + self._claim_faults() + self._measure_faults()

    @property
    def criterion(self) -> Criterion:
        """The event that laws, claims and figures are about, at its threshold.

        Raises: KeyError where no such event is recorded.
        """
        return self.quantities[self.event]

    @property
    def quantities(self) -> dict[str, Criterion]:
        """All events that are recorded, by the names that claims use for the time of each."""
        return named_events(self.recording, self.threshold)

    def strata(self, scale: str) -> list[str]:
        """Return the axes other than x that have more than one value: they divide the runs."""
        space = self.scales[scale].space
        return [name for name in space.axes if name != self.x and len(space.values(name)) > 1]

    def varied(self, scale: str) -> list[str]:
        """Return the fields in which points differ, x last where a law is fitted along it."""
        search = self.scales[scale].search
        return list(search.ranges) if search else [*self.strata(scale), self.x]

    def replicas(self, scale: str) -> list[Replica]:
        """Return one replica per point and seed of a scale; equal points count once."""
        sets = self.scales[scale].points_and_seeds()
        made = (replica for values, seeds in sets for replica in self.at(values, seeds))
        return list({replica.id: replica for replica in made}.values())

    def at(self, values: Mapping[str, Any], seeds: Sequence[int]) -> list[Replica]:
        """Return the replicas of one point, one per seed."""
        recording = recording_at(self.recording, self.endings, values)
        first = (Replica.of(self.family, values, seed=seed, recording=recording) for seed in seeds[:1])
        return [replica for one in first for replica in one.seeded(seeds)]

    def horizon(self, scale: str) -> int:
        """Return up to which step runs of a scale are compared: the last evaluation within its budget."""
        return self.recording.last_step(self.scales[scale].budget_steps)

    def with_changes(self, scale: str, changes: Mapping[str, Sequence[Any]], seeds: int | None) -> Experiment:
        """Return the experiment with other values on some fields of one scale, and other seeds 0 .. n - 1."""
        size = self.scales[scale]
        given = {name: tuple(values) for name, values in changes.items()}
        axes, *also = ({**grid, **given} for grid in size.space.grids)
        other = replace(
            size, space=SearchSpace(axes, tuple(also)), seeds=tuple(range(seeds)) if seeds is not None else size.seeds
        )
        return replace(self, scales={**self.scales, scale: other})

    def with_precision(self, precision: str | None) -> Experiment:
        """Return the experiment in another number format; as it is where none is given."""
        return replace(self, recording=replace(self.recording, precision=precision)) if precision else self

    def with_search(self, scale: str, **changes: Any) -> Experiment:
        """Return the experiment with other facts of the search of one scale; one without a search as it is."""
        size = self.scales[scale]
        if not size.search:
            return self
        other = replace(size, search=replace(size.search, **changes))
        return replace(self, scales={**self.scales, scale: other})

    def asked_at(self, scale: str) -> Experiment:
        """Return the experiment with those claims only that are asked at a scale."""
        claims = tuple(claim for claim in self.claims if not claim.scales or scale in claim.scales)
        names = {claim.name for claim in claims}
        return replace(
            self, claims=claims, headline={name: told for name, told in self.headline.items() if name in names}
        )

    def registration(self, scale: str) -> str:
        """Return a hash of what is preregistered: claims, laws, space, fields, seeds and recording; not the budget."""
        size, recording = self.scales[scale], asdict(replace(self.recording, keep_steps=()))
        facts: list[Any] = [
            [claim.facts() for claim in self.asked_at(scale).claims],
            [self.family, self.x, self.primary_law, self.laws, self.threshold, self.least_memorised],
            {name: value for name, value in recording.items() if value or name not in LATER},
            [{name: list(values) for name, values in size.space.axes.items()}, dict(size.fields), size.seeds],
        ]
        if size.space.also:
            facts.append([{name: list(values) for name, values in grid.items()} for grid in size.space.also])
        if size.search:
            facts.append(asdict(replace(size.search, chosen=(), confirmed=(), expected_steps=None)))
        if self.endings:
            facts.append([[dict(ending.where), ending.event] for ending in self.endings])
        later = ("measures", "curves", "event")  # unchanged ones stay out of hashes made before there were any
        facts += [{name: getattr(self, name)} for name in later if getattr(self, name) != getattr(Experiment, name)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def _law_faults(self) -> list[str]:
        known = law_names()
        found = [f"unknown law {law!r}; laws: {', '.join(known)}" for law in self.laws if law not in known]
        if self.primary_law not in self.laws and (self.laws or self.primary_law):
            found.append(f"primary_law {self.primary_law!r} is not among the laws: {', '.join(self.laws)}")
        if self.threshold not in self.recording.thresholds:
            allowed = ", ".join(map(str, self.recording.thresholds))
            found.append(f"threshold = {self.threshold} is not recorded; recorded: {allowed}")
        if not 0 <= self.least_memorised <= 1:
            found.append(f"least_memorised = {self.least_memorised} must be a share between 0 and 1")
        return found

    def _recording_faults(self, family: type[Family]) -> list[str]:
        """Return what is recorded in a way in which networks of the family cannot be."""
        precision, found = self.recording.precision, self.probe_faults(self.recording.probes)
        if precision in set(PRECISIONS) - set(family.precisions):
            allowed = ", ".join(family.precisions)
            found.append(f"recording.precision = {precision} is none of family {self.family}: {allowed}")
        return found

    def probe_faults(self, names: Sequence[str]) -> list[str]:
        """Return which of some probes cannot measure networks of the family, one sentence each."""
        measurable = family_named(self.family).measurable()
        return [
            f"probe {name!r} does not suit family {self.family}; probes that do: {', '.join(measurable)}"
            for name in set(names) & set(available("trainables.probes")) - set(measurable)
        ]

    def _claim_faults(self) -> list[str]:
        names = [claim.name for claim in self.claims]
        found = [
            f"headline {name!r} is no claim; claims: {', '.join(names)}" for name in self.headline if name not in names
        ]
        for claim in self.claims:
            if unknown := set(claim.scales) - set(self.scales):
                found.append(f"claim {claim.name!r}: unknown scale {', '.join(sorted(unknown))}")
            asked = [self._asked(scale) for scale in self.scales if scale in claim.scales or not claim.scales]
            found += dict.fromkeys(fault for each in asked for fault in claim.faults(each))
        return found

    def _event_faults(self) -> Iterator[str]:
        searched = any(scale.search for scale in self.scales.values())
        yield from event_faults(self.recording, self.threshold, self.event, recorded=self.probes, searched=searched)
        axes = dict.fromkeys(name for scale in self.scales.values() for name in scale.names)
        yield from ending_faults(self.recording, self.endings, axes)

    @property
    def probes(self) -> tuple[str, ...]:
        """The probes that measure: those of the family and of the recording."""
        own = getattr(sys.modules[family_named(self.family).__module__], "PROBES", ())
        return (*own, *self.recording.probes)

    def _asked(self, scale: str) -> Asked:
        """Return what claims may name at a scale."""
        size, config = self.scales[scale], family_named(self.family).Config

        def fault(field: str, value: object) -> str | None:
            return next(iter(config_faults(config, {field: value})), None)

        return Asked(
            scale=scale,
            laws=self.laws,
            primary_law=self.primary_law,
            measures=self.measures,
            axes=(POINT,) if size.search else tuple(dict.fromkeys((self.x, *size.names))),
            fixed=() if size.search else tuple(size.fixed),
            fault=point_fault if size.search else fault,
            times=(GROKKED, DELAY, *(() if self.recording.faults() else self.quantities)),
        )

    def _measure_faults(self) -> list[str]:
        """Return what is wrong with measures and curves; a measure needs probes that are recorded."""
        known, found = measure_names(), []
        recorded = self.probes
        for name in self.measures:
            if name not in known:
                found.append(f"unknown measure {name!r}{near_match(name, known)}; measures: {', '.join(known)}")
            elif lacking := [probe for probe in probes_of(name) if probe not in recorded]:
                found.append(f"measure {name!r} needs recording.probes with {', '.join(lacking)}")
        odd = [name for name in self.curves if not re.fullmatch(r"\w+", name, re.ASCII)]
        return found + [f"curve {name!r} is no column of a probe" for name in odd]

    def _scale_faults(self, scale: Scale, config: type) -> list[str]:
        found = []
        for grid in scale.space.grids:
            if set(grid) != set(scale.space.axes):
                found.append(f"a further grid has the axes {', '.join(grid)}; axes: {', '.join(scale.space.axes)}")
            for name, values in grid.items():
                if not values:
                    found.append(f"axis {name!r} is empty; give at least one value")
                for value in values:
                    found += config_faults(config, {name: value})
        found += config_faults(config, scale.fields)
        if not scale.seeds:
            found.append("no seeds; give at least one")
        if not all(0 <= seed <= MOST_SEED for seed in scale.seeds):
            found.append(f"seeds must be whole numbers >= 0 and <= {MOST_SEED}")
        if not 1 <= scale.budget_steps <= MOST_STEPS:
            found.append(f"budget_steps = {scale.budget_steps} must be a whole number >= 1 and <= {MOST_STEPS}")
        if self.x not in scale.names:
            found.append(f"x = {self.x!r} is not an axis; axes: {', '.join(scale.names)}")
        elif self.laws and self.x in rules(config) and rules(config)[self.x].kind not in (int, float):
            found.append(f"x = {self.x!r} does not hold numbers; laws need an axis of numbers")
        if scale.search:
            found += search_faults(scale, scale.search, config)
        count = sum(math.prod(map(len, grid.values())) for grid in scale.space.grids) * len(scale.seeds)
        if count > MOST_REPLICAS:
            found.append(f"{count} replicas are more than {MOST_REPLICAS}; use fewer values or seeds")
        if not found:
            found += self._conflicts(scale)
        return list(dict.fromkeys(found))

    def _conflicts(self, scale: Scale) -> list[str]:
        """Return which fields do not go together at the points of a scale that are known so far."""
        family = family_named(self.family)
        points = [values for values, _ in scale.points_and_seeds()]
        found = [fault for values in points for fault in family.conflicts(family.Config(**values))]
        replicas = (replica for values in points for replica in self.at(values, (0,)))
        return found or [replica.parent_fault for replica in replicas if replica.parent_fault]
