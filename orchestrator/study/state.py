"""What the results hold of a study, read once: everything that a report is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from analysis import table
from orchestrator.storage.results import Results
from orchestrator.study import horizon
from orchestrator.study.registration import exploratory
from orchestrator.study.study import Study
from search_spaces._experiment import Experiment
from trainables.replica import Replica


@dataclass(frozen=True)
class State:
    """A study at one moment.

    ``experiment``: with the points that a search had chosen by then; ``rows``: those of replicas that had ended, up to
    the study's horizon; ``budget_steps``: that horizon; ``failed``: how many replicas have no row and were given up by
    the last launch; ``exploratory``: why the study is not preregistered, empty where it is.
    """

    study: Study
    experiment: Experiment
    replicas: tuple[Replica, ...]
    rows: pl.DataFrame
    budget_steps: int
    failed: int
    exploratory: str

    @property
    def scale(self) -> str:
        """The scale of the study."""
        return self.study.scale

    @property
    def results(self) -> Results:
        """The results from which the state was read."""
        return self.study.results

    @property
    def missing(self) -> int:
        """How many replicas have neither ended nor been given up."""
        return len(self.replicas) - self.rows.height - self.failed

    @cached_property
    def curves(self) -> pl.DataFrame:
        """The curves of the rows up to the horizon; none if nothing is drawn or measured."""
        wanted = self.experiment.measures or not self.experiment.scales[self.scale].search
        if self.rows.is_empty() or not wanted:
            return pl.DataFrame(schema=table.curve_schema())
        return horizon.curves_of(self.study, self.rows["id"].to_list())


def read(study: Study) -> State:
    """Return what the results hold of a study now."""
    experiment, rows = study.experiment, horizon.rows_of(study)
    replicas = tuple(experiment.replicas(study.scale))
    unseen = {replica.id for replica in replicas} - set(rows["id"])
    return State(
        study=study,
        experiment=experiment,
        replicas=replicas,
        rows=rows,
        budget_steps=horizon.budget_of(study),
        failed=len(study.results.failed(unseen)),
        exploratory=exploratory(study),
    )
