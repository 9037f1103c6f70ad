"""The mean of a number that is measured on each run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.measures import is_share, range_of
from analysis.numerals import digits, percent
from analysis.rules._base import Answer, Effect, Names
from analysis.rules._by_seed import Numbers, known, present
from analysis.rules._measure import OfMeasure

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.looked import Looked


@dataclass(frozen=True)
class MeasureWithin(OfMeasure):
    """The mean of ``measure`` lies from ``low`` to ``high``: over seeds, of each seed's mean over its runs."""

    def numbers(self, evidence: Evidence) -> Numbers:
        """Return the numbers that the mean is taken of.

        Raises: ValueError where the runs do not have the measure, or too few of them.
        """
        known(evidence, self.measure)
        rows = evidence.every(self.where)
        return present(self.measure, rows[self.measure], rows["data_seed"], "runs")

    def answer(self, evidence: Evidence) -> Answer:
        """Return the mean. A share that is 0 or 1 in every run counts as a yes or no of its seed."""
        from analysis.means import mean_interval, share_interval

        found = self.numbers(evidence)
        means = list(found.by_seed().values())
        yes_or_no = is_share(self.measure) and set(found.values) <= {0.0, 1.0}
        interval = share_interval(means) if yes_or_no else mean_interval(means, range_of(self.measure))
        told = f"mean of {self.measure}{self.where_words()} over {len(means)} seeds{found.absent}:"
        return Answer(interval, told, len(found.values))

    def looked(self, evidence: Evidence) -> Looked:
        """Return the mean of each seed.

        Raises: ValueError where the runs do not have the measure, or too few of them.
        """
        return self.numbers(evidence).looked()

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return names.column(self.measure)

    def said(self, effect: Effect) -> str:
        """Return the mean; of a share, in per cent."""
        if is_share(self.measure) and effect.low is not None and effect.high is not None:
            return f"{percent(effect.estimate)} in the mean [{percent(effect.low)}, {percent(effect.high)}]"
        return f"{digits(effect.estimate)} in the mean {effect.limits}"
