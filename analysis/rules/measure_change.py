"""How much a number that is measured on each run differs between two arms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.measures import range_of
from analysis.numerals import digits, words
from analysis.rules._arms import OfArms
from analysis.rules._base import Answer, Effect, Names
from analysis.rules._by_seed import Numbers, known, numbers, present
from analysis.rules._measure import OfMeasure

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.looked import Looked


@dataclass(frozen=True)
class MeasureChange(OfMeasure, OfArms):
    """The mean of ``measure`` at ``second`` minus that at ``first``, in pairs, lies from ``low`` to ``high``."""

    def numbers(self, evidence: Evidence) -> Numbers:
        """Return the difference of every pair.

        Raises: ValueError where the runs do not have the measure, or too few pairs do.
        """
        known(evidence, self.measure)
        rows = evidence.paired(self.first, self.second, self.where)
        change = numbers(rows[f"{self.measure}_b"]) - numbers(rows[self.measure])
        return present(self.measure, change, rows["data_seed"], "pairs")

    def answer(self, evidence: Evidence) -> Answer:
        """Return the mean difference over seeds."""
        from analysis.means import mean_interval

        found = self.numbers(evidence)
        told = f"{self.measure} at {words(self.second)} minus that at {words(self.first)}{self.where_words()}"
        least, most = range_of(self.measure)
        widest = None if least is None or most is None else most - least
        interval = mean_interval(list(found.by_seed().values()), (None if widest is None else -widest, widest))
        return Answer(interval, f"{told}, paired by seed{found.absent}:", 2 * len(found.values))

    def looked(self, evidence: Evidence) -> Looked:
        """Return the mean difference of each seed.

        Raises: ValueError where the runs do not have the measure, or too few pairs do.
        """
        return self.numbers(evidence).looked()

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return f"change of {names.column(self.measure)}"

    def said(self, effect: Effect) -> str:
        """Return the difference; one of logarithms of steps is told as a factor."""
        if not self.measure.startswith("log_"):
            return f"the difference is {effect}"
        factor = effect.through(math.exp)
        return f"{digits(factor.estimate)} times the steps {factor.limits}"
