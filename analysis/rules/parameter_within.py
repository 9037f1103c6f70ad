"""One constant of a law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.rules._base import Answer, Effect, Names
from analysis.rules._law import OfLaw

if TYPE_CHECKING:
    from analysis.evidence import Evidence


@dataclass(frozen=True)
class ParameterWithin(OfLaw):
    """The constant ``parameter`` of a law lies from ``low`` to ``high``."""

    parameter: str

    @property
    def constant(self) -> str:
        """The constant of the law that the rule looks at."""
        return self.parameter

    def answer(self, evidence: Evidence) -> Answer:
        """Return the constant.

        Raises: ValueError where the table cannot tell it.
        """
        from analysis.exponents import untold_exponent

        fit = self.fitted(evidence)
        if reason := untold_exponent(fit.law, fit.values, self.times(evidence)[0], self.parameter):
            raise ValueError(reason)
        told = f"{self.parameter} of {fit.formula}{self.part_words(evidence)}:"
        return Answer(fit.parameters[self.parameter], told, fit.events + fit.censored)

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return names.column(self.parameter)

    def said(self, effect: Effect) -> str:
        """Return a verdict's number with its interval as one says it."""
        return f"the {self.parameter} is {effect}"
