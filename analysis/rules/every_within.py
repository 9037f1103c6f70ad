"""A number that is measured on each run, and must lie within limits in every one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.numerals import beyond, digits
from analysis.rules._base import Answer, Effect, Names
from analysis.rules._by_seed import Numbers, known, present
from analysis.rules._measure import OfMeasure

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.looked import Looked


@dataclass(frozen=True)
class EveryWithin(OfMeasure):
    """``measure`` lies from ``low`` to ``high`` in every run: for what a theorem says of all of them.

    One run beyond refutes it; its number is the worst one, with the count of those beyond, and has no interval.
    """

    @property
    def refuted_by(self) -> str:
        """What result refutes a claim of this rule, in words."""
        return f"a single run {beyond(*self.limits)}"

    def numbers(self, evidence: Evidence) -> Numbers:
        """Return the numbers of all runs.

        Raises: ValueError where the runs do not have the measure, or too few of them.
        """
        known(evidence, self.measure)
        rows = evidence.every(self.where)
        found = present(self.measure, rows[self.measure], rows["data_seed"], "runs")
        if broken := sum(map(math.isnan, found.values)):
            raise ValueError(f"{self.measure} is no number in {broken} of {len(found.values)} runs")
        return found

    def answer(self, evidence: Evidence) -> Answer:
        """Return the worst number, and in words how many runs lie beyond the limits."""
        from analysis.interval import Certain

        found = self.numbers(evidence)
        beyond, runs = sum(self._beyond(value) > 0 for value in found.values), len(found.values)
        told = f"worst {self.measure}{self.where_words()} of {runs} runs{found.absent}, {beyond} of them beyond:"
        worst = self._worst(found.values)
        return Answer(Certain(worst, worst, worst), told, runs)

    def looked(self, evidence: Evidence) -> Looked:
        """Return the worst number of each seed.

        Raises: ValueError where the runs do not have the measure, or too few of them.
        """
        import numpy as np

        from analysis.looked import Looked

        found = self.numbers(evidence)
        of_seed: dict[object, list[float]] = {}
        for value, seed in zip(found.values, found.seeds, strict=True):
            of_seed.setdefault(seed, []).append(value)
        worst = np.array([self._worst(values) for values in of_seed.values()])
        return Looked(worst, worst, list(of_seed), found.silent)

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return f"{names.column(self.measure)}, worst run of a seed"

    def said(self, effect: Effect) -> str:
        """Return the worst number."""
        return f"{digits(effect.estimate)} in the worst of {effect.replicas} runs"

    def _beyond(self, value: float) -> float:
        """Return how far a number lies beyond the limits; negative within them."""
        return max(
            -math.inf if self.low is None else self.low - value, -math.inf if self.high is None else value - self.high
        )

    def _worst(self, values: Sequence[float]) -> float:
        return max(values, key=self._beyond)
