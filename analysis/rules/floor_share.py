"""How much of the time at the largest x is a floor that x cannot lower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.rules._base import Answer, Effect, Names
from analysis.rules._law import OfLaw

if TYPE_CHECKING:
    from analysis.evidence import Evidence


@dataclass(frozen=True)
class FloorShare(OfLaw):
    """The floor of a law, as a share of its time at the largest x, lies from ``low`` to ``high``."""

    @property
    def constant(self) -> str:
        """The constant of the law that the rule looks at."""
        return "floor"

    def answer(self, evidence: Evidence) -> Answer:
        """Return the share.

        The interval is that of the logarithm of the rest, the share above the floor, which is positive.
        """
        import numpy as np

        from analysis.interval import dealt, jackknife, rows_without_each
        from analysis.laws import law_named

        fit, (times, groups) = self.fitted(evidence), self.times(evidence)
        law, strongest = law_named(fit.law), np.array([float(times.x.max())])

        def above(values: Mapping[str, float]) -> float:
            return 1 - float(values["floor"] / law.time(values, strongest)[0])

        remade = [above(law.fit(times.at(kept), start=fit.values).values) for kept in rows_without_each(dealt(groups))]
        interval = jackknife(above(fit.values), remade, in_logs=True, limits=(0.0, 1.0)).subtracted_from(1.0)
        if not fit.values["floor"]:  # leaving out a seed says nothing where the floor stays at 0
            total, floor = float(law.time(fit.values, strongest)[0]), fit.parameters["floor"]
            interval = replace(interval, high=None if floor.high is None else floor.high / total)
        told = f"floor as a share of the strongest level{self.part_words(evidence)}:"
        return Answer(interval, told, fit.events + fit.censored)

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return "floor / time at the largest x"

    def said(self, effect: Effect) -> str:
        """Return a verdict's number with its interval as one says it."""
        return f"the floor's share is {effect}"
