"""What is wrong with parts of an experiment, a sentence each, with the place where it stands in a file."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence

from analysis.faults import Fault, inside
from analysis.laws import law_names
from analysis.measures import measure_names, probes_of
from search_spaces._space import MOST_REPLICAS, MOST_SEED, MOST_STEPS, Scale, search_faults
from trainables.family import config_faults, rules
from trainables.names import near_match

NAME_CHARACTERS = 80


def name_faults(kind: str, name: object, *place: str) -> Iterator[Fault]:
    """Yield why an experiment or a scale cannot have a name."""
    if not re.fullmatch(rf"\w[\w-]{{0,{NAME_CHARACTERS - 1}}}", str(name), re.ASCII):
        words = f"{kind} {name!r} is no file name; use letters, digits, '-' and '_', at most {NAME_CHARACTERS}"
        yield Fault(words, *place)


def law_faults(laws: Sequence[str], primary_law: str) -> Iterator[Fault]:
    """Yield what is wrong with the laws of an experiment."""
    known = law_names()
    for law in laws:
        if law not in known:
            yield Fault(f"unknown law {law!r}{near_match(law, known)}; laws: {', '.join(known)}", "laws", law)
    if primary_law not in laws and (laws or primary_law):
        yield Fault(f"primary_law {primary_law!r} is not among the laws: {', '.join(laws)}", "primary_law")


def measure_faults(measures: Sequence[str], curves: Sequence[str], recorded: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong with measures and curves; a measure needs probes that are recorded."""
    known = measure_names()
    for name in measures:
        if name not in known:
            words = f"unknown measure {name!r}{near_match(name, known)}; measures: {', '.join(known)}"
            yield Fault(words, "measures", name)
        elif lacking := [probe for probe in probes_of(name) if probe not in recorded]:
            yield Fault(f"measure {name!r} needs recording.probes with {', '.join(lacking)}", "measures", name)
    for name in curves:
        if not re.fullmatch(r"\w+", name, re.ASCII):
            yield Fault(f"curve {name!r} is no column of a probe", "curves", name)


def axis_faults(scale: Scale, x: str, config: type, *, fitted: bool) -> Iterator[Fault]:
    """Yield why laws or arms cannot lie along an axis; ``fitted``: whether laws are fitted to it."""
    if x not in scale.names:
        yield Fault(f"x = {x!r} is not an axis; axes: {', '.join(scale.names)}", "x")
    elif fitted and x in rules(config) and rules(config)[x].kind not in (int, float):
        yield Fault(f"x = {x!r} does not hold numbers; laws need an axis of numbers", "x")


def scale_faults(scale: Scale, config: type) -> Iterator[Fault]:
    """Yield what is wrong with a scale, each part by itself."""
    for number, grid in enumerate(scale.space.grids):
        place = ("also", number - 1) if number else ("axes",)
        if set(grid) != set(scale.space.axes):
            words = f"a further grid has the axes {', '.join(grid)}; axes: {', '.join(scale.space.axes)}"
            yield Fault(words, *place)
        for name, values in grid.items():
            if not values:
                yield Fault(f"axis {name!r} is empty; give at least one value", *place, name)
            for value in values:
                yield from (inside(fault, *place) for fault in config_faults(config, {name: value}))
    yield from (inside(fault, "fields") for fault in config_faults(config, scale.fields))
    if not scale.seeds:
        yield Fault("no seeds; give at least one", "seeds")
    if not all(0 <= seed <= MOST_SEED for seed in scale.seeds):
        yield Fault(f"seeds must be whole numbers >= 0 and <= {MOST_SEED}", "seeds")
    if not 1 <= scale.budget_steps <= MOST_STEPS:
        words = f"budget_steps = {scale.budget_steps} must be a whole number >= 1 and <= {MOST_STEPS}"
        yield Fault(words, "budget_steps")
    if scale.search:
        yield from search_faults(scale, scale.search, config)
    count = sum(math.prod(map(len, grid.values())) for grid in scale.space.grids) * len(scale.seeds)
    if count > MOST_REPLICAS:
        yield Fault(f"{count} replicas are more than {MOST_REPLICAS}; use fewer values or seeds", "axes")
