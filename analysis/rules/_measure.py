"""What rules about a measure share: which measure it is, and the check that the experiment takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analysis.faults import Fault
from analysis.measures import among, columns_of, measure_names
from analysis.rules._base import Asked, Rule
from analysis.rules._by_seed import LEAST_SEEDS


@dataclass(frozen=True)
class OfMeasure(Rule):
    """A rule about the column ``measure`` of one of the experiment's measures.

    Measures are taken at the experiment's threshold, so there is no answer at others.
    """

    measure: str
    least_seeds: ClassVar[int] = LEAST_SEEDS
    one_threshold: ClassVar[bool] = True

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found, taken = super().faults(asked), [name for name in asked.measures if name in measure_names()]
        columns = [column for name in taken for column in columns_of(name)]
        if not asked.measures:
            found.append(f"rule {self.name} needs measures: {', '.join(measure_names())}")
        elif not among(self.measure, columns):
            words = f"no measure of the experiment gives {self.measure!r}; columns: {', '.join(columns)}"
            found.append(Fault(words, "measure"))
        return found
