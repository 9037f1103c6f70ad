"""Chooses the points of a search with Ray's OptunaSearch, one whenever a slot is free. Imported only by searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import polars as pl
from optuna.storages.journal import JournalFileBackend, JournalStorage
from ray.tune.search.optuna import OptunaSearch

from analysis import table
from analysis.search import OBJECTIVE, best_of, trials
from orchestrator.backends._job import Job
from orchestrator.study import searches
from orchestrator.study.plan import is_settled
from search_spaces._space import Scale, Search
from trainables.replica import Replica

RANDOM_TRIES = 5
Pack = tuple[Replica, ...]


class Chooser:
    """Asks for points until enough are tried, tells the restricted mean of each, then has the best confirmed.

    Each choice is written down before it is trained. The Optuna study beside it is a view for optuna-dashboard,
    made again from the results by every launch. A point with a replica that was given up counts as failed.
    ``over``: no further point will come, since the best one has been or is being confirmed, or since the storage
    failed.
    """

    def __init__(self, job: Job, search: Search) -> None:
        self._job, self._search, self._names = job, search, list(search.ranges)
        self._size: Scale = job.plan.experiment.scales[job.plan.scale]
        self._told: set[int] = set()
        self._asked: set[int] = set()
        self._seen: frozenset[str] | None = None  # what was being trained when there was nothing to choose
        self._tried = pl.DataFrame()  # the points that have ended, when last looked at
        self._optuna = _study(search, searches.room_for_study(job.results, job.slug), job.slug)
        self.over = False

    def next(self, running: Iterable[Replica]) -> list[Pack]:
        """Return the packs to train next: of one more point, or of those to be confirmed; none while nothing has ended.

        ``running``: the replicas that are being trained.
        """
        seen = frozenset(replica.id for replica in running)
        if self.over or seen == self._seen:
            return []
        try:
            while not self.over:
                self._look(seen)
                if (packs := self._choose()) is None:
                    self._seen = seen
                    return []
                if packs:
                    return packs
        except OSError as fault:
            self.over = True
            self._job.results.note(f"the search stops here, since the storage fails ({fault}); launch again to go on")
        return []

    def _look(self, running: frozenset[str]) -> None:
        """Read how far all points are, and tell Optuna about every one that has ended since the last look."""
        replicas = [self._replicas(point, self._size.seeds) for point in self._search.points]
        ids = [each.id for of_point in replicas for each in of_point]
        settled = self._job.results.settled(ids)
        self._tried = self._trials(ids)
        values = {_key(row, self._names): row[OBJECTIVE] for row in self._tried.to_dicts()}
        for number, (point, wanted) in enumerate(zip(self._search.points, replicas, strict=True)):
            if number not in self._told and not any(replica.id in running for replica in wanted):
                given_up = bool(self._missing(wanted, settled))
                self._tell(number, point, None if given_up else values.get(_key(point, self._names)))

    def _tell(self, number: int, point: Mapping[str, float], value: float | None) -> None:
        self._told.add(number)
        if number in self._asked:
            result = None if value is None else {OBJECTIVE: value}
            self._optuna.on_trial_complete(str(number), result, error=value is None)
        else:
            self._optuna.add_evaluated_point(dict(point), value or 0.0, error=value is None)

    def _choose(self) -> list[Pack] | None:
        """Return the packs of what is chosen now, or None if a point has to end first."""
        search, number = self._search, len(self._search.points)
        if number < search.tries:
            self._asked.add(number)
            point = dict(self._optuna.suggest(str(number)) or {})
            self._keep(chosen=(*search.chosen, point))
            return self._packs([point], self._size.seeds)
        if len(self._told) < number:
            return None
        best = best_of(self._tried, self._names, search.first[0])
        pair = {_key(point, self._names): point for point in (search.first[0], best)}
        fresh = [pair[key] for key in pair.keys() - {_key(point, self._names) for point in search.confirmed}]
        self._keep(confirmed=(*search.confirmed, *fresh))
        self.over = True
        return self._packs([*pair.values()], search.confirming_seeds)

    def _trials(self, ids: Sequence[str]) -> pl.DataFrame:
        """Return the points whose seeds all have a row, the best first."""
        experiment = self._job.plan.experiment
        wide, event = table.wide(self._job.results.replicas(ids), self._names), experiment.criterion
        rows = table.timeline(wide, experiment.threshold, event)
        horizon = experiment.horizon(self._job.plan.scale)
        return trials(rows, self._names, horizon=horizon, seeds=self._size.seeds, event=event)

    def _packs(self, points: Sequence[Mapping[str, float]], seeds: Sequence[int]) -> list[Pack]:
        wanted = [self._replicas(point, seeds) for point in points]
        settled = self._job.results.settled([each.id for replicas in wanted for each in replicas])
        found = (tuple(self._missing(replicas, settled)) for replicas in wanted)
        return [pack for pack in found if pack]

    def _replicas(self, point: Mapping[str, float], seeds: Sequence[int]) -> list[Replica]:
        return self._job.plan.experiment.at(self._size.at(point), seeds)

    def _missing(self, replicas: Sequence[Replica], settled: Mapping[str, tuple[str, int]]) -> list[Replica]:
        budget, kept = self._job.plan.budget_steps, self._job.results.kept_steps
        return [each for each in replicas if not is_settled(each, settled, budget, kept)]

    def _keep(self, **points: Any) -> None:
        """Write down what the search has chosen by now."""
        now = self._job.plan.experiment.with_search(
            self._job.plan.scale, **{"chosen": self._search.chosen, "confirmed": self._search.confirmed, **points}
        )
        searches.keep(now, self._job.plan.scale, self._job.results, self._job.slug)
        self._search = now.scales[self._job.plan.scale].search or self._search


def _study(search: Search, file: Path, name: str) -> OptunaSearch:
    """Return an empty study kept in a new file; it is told the known points later."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return OptunaSearch(
        {name: optuna.distributions.FloatDistribution(*ends, log=True) for name, ends in search.ranges.items()},
        metric=OBJECTIVE,
        mode="min",
        sampler=optuna.samplers.TPESampler(n_startup_trials=RANDOM_TRIES, seed=len(search.chosen)),
        study_name=name,
        storage=JournalStorage(JournalFileBackend(str(file))),
    )


def _key(point: Mapping[str, float], names: Sequence[str]) -> tuple[float, ...]:
    return tuple(point[name] for name in names)
