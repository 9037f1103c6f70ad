"""Rows and curves of an experiment that nobody trained, and the subsets of them that a storage may hold."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from made_runs import COLUMNS

from orchestrator.storage.results import Results
from orchestrator.study.study import Study
from trainables.replica import Replica

STEPS = (0, 10, 20, 50, 100, 200, 500, 1000)
ACCURACIES = tuple(f"accuracy_at_{length}" for length in (6, 8, 12, 24))
Row = dict[str, Any]


def made_rows(study: Study) -> list[Row]:
    """Return one ended row for every replica of a study: most grokked, some censored, one in twenty diverged."""
    return [ended(replica, study) for replica in study.experiment.replicas(study.scale)]


def parents_of(study: Study) -> list[Row]:
    """Return rows of the replicas that the study's replicas learn from or start from."""
    found = {each.id: each for replica in study.experiment.replicas(study.scale) for each in replica.ancestors()}
    return [ended(replica, study) for replica in found.values()]


def ended(replica: Replica, study: Study) -> Row:
    """Return the row of a replica with times that are drawn from its id."""
    draw = random.Random(replica.id)
    grokked = STEPS[draw.choice((3, 4, 4, 5, 5, 6))] if draw.random() < 0.7 else None
    status = "observed" if grokked else ("diverged" if draw.random() < 0.2 else "budget")
    return {
        "id": replica.id,
        "family": replica.family,
        "version": replica.version,
        "config": json.dumps(replica.config),
        "data_seed": replica.data_seed,
        "init_seed": replica.init_seed,
        "status": status,
        "steps": STEPS[-1],
        "events": events(study, grokked, 20 if status != "diverged" else None),
        "provenance": "{}",
        "schema": 1,
    }


def events(study: Study, grokked: int | None, memorised: int | None) -> list[Row]:
    """Return the crossings of all thresholds: each in the interval that ends at a step, or censored at the end."""
    found = []
    for name, step in (("grokked", grokked), ("memorised", memorised)):
        lower = STEPS[-1] if step is None else STEPS[STEPS.index(step) - 1]
        crossing = {"lower": lower, "upper": step, "sustained_lower": lower, "sustained_upper": step, "relapses": 0}
        found += [
            {"name": name, "threshold": threshold, **crossing} for threshold in study.experiment.recording.thresholds
        ]
    return found


def publish(results: Results, rows: list[Row], *, curves: bool = True) -> None:
    """Publish rows with curves that wander; without, with an empty table of curves."""
    columns: dict[str, list[Any]] = {"id": [], "step": [], "probe": [], "value": []}
    for row in rows if curves else ():
        draw = random.Random(row["id"])
        for probe in (*COLUMNS, *ACCURACIES):
            for step in STEPS:
                for name, value in zip(columns, (row["id"], step, probe, 0.1 + 0.8 * draw.random()), strict=True):
                    columns[name].append(value)
    results.publish(rows, columns)


def again(row: Row, study: Study, *, grokked: int | None, status: str) -> Row:
    """Return a row that ended otherwise."""
    return {**row, "status": status, "events": events(study, grokked, 10 if grokked else None)}


def arm_of(row: Row, study: Study) -> tuple[Any, ...]:
    """Return the values of the axes other than x."""
    return tuple(_value(row, name) for name in study.experiment.strata(study.scale))


def level_of(row: Row, study: Study) -> Any:
    """Return the value of x."""
    return _value(row, study.experiment.x)


Subset = Callable[[list[Row], Study], list[Row]]
SUBSETS: Mapping[str, Subset] = {
    "no run": lambda rows, study: [],
    "one run": lambda rows, study: rows[-1:],
    "one level": lambda rows, study: [row for row in rows if level_of(row, study) == level_of(rows[-1], study)],
    "one arm": lambda rows, study: [row for row in rows if arm_of(row, study) == arm_of(rows[-1], study)],
    "one seed": lambda rows, study: [row for row in rows if row["data_seed"] == rows[0]["data_seed"]],
    "a random half": lambda rows, study: random.Random(1).sample(rows, len(rows) // 2),
    "another random half": lambda rows, study: random.Random(2).sample(rows, len(rows) // 2),
    "all censored": lambda rows, study: [again(row, study, grokked=None, status="budget") for row in rows],
    "all diverged": lambda rows, study: [again(row, study, grokked=None, status="diverged") for row in rows],
    "all at the first evaluation": lambda rows, study: [
        again(row, study, grokked=STEPS[1], status="observed") for row in rows
    ],
    "one run per level": lambda rows, study: list({level_of(row, study): row for row in rows}.values()),
    "one run per arm": lambda rows, study: list({arm_of(row, study): row for row in rows}.values()),
    "a level missing": lambda rows, study: [row for row in rows if level_of(row, study) != level_of(rows[0], study)],
    "only rows at zero": lambda rows, study: [row for row in rows if level_of(row, study) in (0, None, "none")],
    "parents only": lambda rows, study: parents_of(study),
}


def _value(row: Row, name: str) -> Any:
    return json.loads(row["config"])[name]
