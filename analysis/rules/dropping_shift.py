"""How much a constant of a law changes when the runs that did not grok are dropped instead of counted as censored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.numerals import counted
from analysis.rules._base import Answer, Effect, Names
from analysis.rules._law import OfLaw

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.likelihood import Times


@dataclass(frozen=True)
class DroppingShift(OfLaw):
    """The change of the constant ``parameter`` by dropping censored runs lies from ``low`` to ``high``."""

    parameter: str

    @property
    def constant(self) -> str:
        """The constant of the law that the rule looks at."""
        return self.parameter

    def answer(self, evidence: Evidence) -> Answer:
        """Return the change: the constant without the censored runs minus the constant with them."""
        from analysis.interval import dealt, jackknife, rows_without_each
        from analysis.laws import law_named

        fit, (times, groups), name = self.fitted(evidence), self.times(evidence), self.parameter
        law = law_named(fit.law)

        def shift(sample: Times, start: Mapping[str, float] | None) -> float:
            kept = sample.at(sample.observed)
            return float(law.fit(kept, start=start).values[name] - law.fit(sample, start=start).values[name])

        remade = [shift(times.at(kept), fit.values) for kept in rows_without_each(dealt(groups))]
        interval = jackknife(shift(times, None), remade, limits=(None, None))
        told = f"change of the {name} without {counted(fit.censored, 'censored run')}:"
        return Answer(interval, told, len(groups))

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return f"change of the {names.column(self.parameter)}"

    def said(self, effect: Effect) -> str:
        """Return a verdict's number with its interval as one says it."""
        return f"the {self.parameter} changes by {effect}"
