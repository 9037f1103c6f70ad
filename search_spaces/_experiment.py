"""What an experiment is: one preregistered question, as data (standard library only at import)."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from analysis.claims import Claim
from analysis.criteria import DELAY, GROKKED, Criterion
from analysis.faults import Fault, inside
from analysis.rules import Asked
from analysis.table import POINT
from search_spaces._events import Ending, ending_faults, event_faults, named_events, recording_at
from search_spaces._faults import axis_faults, law_faults, measure_faults, name_faults, scale_faults
from search_spaces._space import Scale, point_fault
from trainables.family import Family, config_faults
from trainables.names import available
from trainables.recording import PRECISIONS
from trainables.replica import Recording, Replica, family_named

FIRST_PILOT_SEED = 1000
LATER = ("probes", "end_step", "events", "end_event", "keep_steps")  # of Recording: empty ones stay out of older hashes


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One question: a family, a space and seeds, a budget, and claims that were written before the measured runs.

    ``x`` is the axis that laws are fitted along; ``threshold`` the accuracy that counts as grokked or memorised;
    ``event`` what laws, claims and figures are about: grokked, or the name of one of ``recording.events``, as
    ``name@threshold`` where it has several thresholds; ``primary_law`` the law whose parameters the claims speak of,
    named in advance. ``least_memorised``: levels of x at which a smaller share of runs memorised are left out of the
    fits.
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
        """Give claims without a source that of the question."""
        sourced = (claim if claim.source else replace(claim, source=self.source) for claim in self.claims)
        object.__setattr__(self, "claims", tuple(sourced))

    def faults(self) -> list[str]:
        """Return everything that is wrong with the experiment, one sentence each."""
        try:
            family = family_named(self.family)
        except LookupError as fault:
            return [Fault(str(fault), "family")]
        found: list[str] = [*name_faults("name", self.name, "name")]
        for name, scale in self.scales.items():
            found += name_faults("scale", name, "scales", name)
            found += self._scale_faults(name, scale, family.Config)
        found += [*self._law_faults(), *self._recording_faults(family), *self._event_faults(), *self._claim_faults()]
        return [*found, *measure_faults(self.measures, self.curves, self.probes)]

    @property
    def criterion(self) -> Criterion:
        """The event that laws, claims and figures are about, at its threshold.

        Raises: KeyError where no such event is recorded.
        """
        return self.quantities[self.event]

    @property
    def quantities(self) -> dict[str, Criterion]:
        """All recorded events, by the names that claims use for their times."""
        return named_events(self.recording, self.threshold)

    def strata(self, scale: str) -> list[str]:
        """Return the axes other than x with more than one value: they divide the runs."""
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
        """Return the step up to which runs of a scale are compared: the last evaluation within its budget."""
        return self.recording.last_step(self.scales[scale].budget_steps)

    def with_changes(self, scale: str, changes: Mapping[str, Sequence[Any]], seeds: int | None) -> Experiment:
        """Return the experiment with other values on some fields of one scale, and n seeds from its first one on."""
        size = self.scales[scale]
        given = {name: tuple(values) for name, values in changes.items()}
        first = next(iter(size.seeds), 0)
        others = size.seeds if seeds is None else tuple(range(first, first + seeds))
        other = replace(size, space=size.space.with_values(given), seeds=others)
        return replace(self, scales={**self.scales, scale: other})

    def with_precision(self, precision: str | None) -> Experiment:
        """Return the experiment in another number format; unchanged if none is given."""
        return replace(self, recording=replace(self.recording, precision=precision)) if precision else self

    def with_search(self, scale: str, **changes: Any) -> Experiment:
        """Return the experiment with other facts about the search of one scale; unchanged if that scale has none."""
        size = self.scales[scale]
        if not size.search:
            return self
        other = replace(size, search=replace(size.search, **changes))
        return replace(self, scales={**self.scales, scale: other})

    def asked_at(self, scale: str) -> Experiment:
        """Return the experiment with only the claims that are asked at a scale."""
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

    def _law_faults(self) -> Iterator[str]:
        yield from law_faults(self.laws, self.primary_law)
        if self.threshold not in self.recording.thresholds:
            allowed = ", ".join(map(str, self.recording.thresholds))
            yield Fault(f"threshold = {self.threshold} is not recorded; recorded: {allowed}", "threshold")
        if not 0 <= self.least_memorised <= 1:
            words = f"least_memorised = {self.least_memorised} must be a share between 0 and 1"
            yield Fault(words, "least_memorised")

    def _recording_faults(self, family: type[Family]) -> list[str]:
        """Return what is wrong with the recording, and what it asks for that networks of the family cannot give."""
        precision, found = self.recording.precision, list[str](self.recording.faults())
        found += self.probe_faults(self.recording.probes)
        if precision in set(PRECISIONS) - set(family.precisions):
            allowed = ", ".join(family.precisions)
            found.append(
                Fault(f"recording.precision = {precision} is none of family {self.family}: {allowed}", "precision")
            )
        return [inside(fault, "recording") for fault in found]

    def probe_faults(self, names: Sequence[str]) -> list[str]:
        """Return which of the probes cannot measure networks of the family, one sentence each."""
        measurable = family_named(self.family).measurable()
        return [
            Fault(
                f"probe {name!r} does not suit family {self.family}; probes that do: {', '.join(measurable)}",
                "probes",
                name,
            )
            for name in set(names) & set(available("trainables.probes")) - set(measurable)
        ]

    def _claim_faults(self) -> list[str]:
        names, found = [claim.name for claim in self.claims], list[str]()
        for name in self.headline:
            if name not in names:
                found.append(Fault(f"headline {name!r} is no claim; claims: {', '.join(names)}", "headline", name))
        for claim in self.claims:
            place = ("claims", claim.name)
            if unknown := set(claim.scales) - set(self.scales):
                words = f"claim {claim.name!r}: unknown scale {', '.join(sorted(unknown))}"
                found.append(Fault(words, *place, "scales"))
            asked = [self._asked(scale) for scale in self.scales if scale in claim.scales or not claim.scales]
            found += dict.fromkeys(inside(fault, *place) for each in asked for fault in claim.faults(each))
        return found

    def _event_faults(self) -> Iterator[str]:
        yield from event_faults(self.recording, self.threshold, self.event, self.probes)
        axes = dict.fromkeys(name for scale in self.scales.values() for name in scale.names)
        yield from ending_faults(self.recording, self.endings, axes)

    @property
    def probes(self) -> tuple[str, ...]:
        """The probes that are recorded: those of the family and of the recording."""
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

    def _scale_faults(self, name: str, scale: Scale, config: type) -> list[Fault]:
        """Return what is wrong with a scale; if every part is right, which fields do not go together."""
        found = [inside(fault, "scales", name) for fault in scale_faults(scale, config)]
        found += axis_faults(scale, self.x, config, fitted=bool(self.laws))
        found = found or [inside(fault, "scales", name) for fault in self._conflicts(scale)]
        return [inside(fault, before=f"{name} scale: ") for fault in dict.fromkeys(found)]

    def _conflicts(self, scale: Scale) -> list[str]:
        """Return which fields do not go together, at the points of a scale known so far."""
        family = family_named(self.family)
        points = [values for values, _ in scale.points_and_seeds()]
        found = [fault for values in points for fault in family.conflicts(family.Config(**values))]
        replicas = (replica for values in points for replica in self.at(values, (0,)))
        return found or [replica.parent_fault for replica in replicas if replica.parent_fault]
