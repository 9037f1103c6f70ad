"""One term of the log-linear regression on all axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.faults import Fault
from analysis.numerals import digits
from analysis.rules._base import Answer, Asked, Effect, Names
from analysis.rules._law import OfTimes

if TYPE_CHECKING:
    from analysis.evidence import Evidence

TIMES = " × "  # between the two terms of an interaction


@dataclass(frozen=True)
class SlopeWithin(OfTimes):
    """The change of log T per unit of ``term`` lies from ``low`` to ``high``.

    A term is an axis (``weight_decay``), a level of one that holds no numbers (``distractors=random``), or the product
    of two (``weight_decay × kl_strength``), x first, then in the order of the axes; see ``analysis.regression``.
    """

    term: str

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found, parts = super().faults(asked), self.term.split(TIMES)
        fields = [part.partition("=")[0] for part in parts]
        if len(parts) > 2 or not set(fields) <= set(asked.axes):
            known = ", ".join(asked.axes)
            found.append(
                Fault(f"term {self.term!r} must be an axis, or two joined by {TIMES!r}; axes: {known}", "term")
            )
        elif (ordered := sorted(parts, key=lambda part: asked.axes.index(part.partition("=")[0]))) != parts:
            found.append(Fault(f"term {self.term!r} is called {TIMES.join(ordered)!r}", "term"))
        return found

    def answer(self, evidence: Evidence) -> Answer:
        """Return the term of the fit with log-normal noise.

        Raises: ValueError where the regression has no such term.
        """
        fit = next(fit for fit in evidence.regression(self.where, self.quantity) if fit.noise == "log-normal")
        if self.term not in fit.slopes:
            raise ValueError(f"the regression has no term {self.term!r}; terms: {', '.join(fit.slopes)}")
        told = f"slope of log T by {self.term}{self.part_words(evidence)}:"
        return Answer(fit.slopes[self.term], told, fit.events + fit.censored)

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return f"slope of log T by {TIMES.join(map(names.field, self.term.split(TIMES)))}"

    def said(self, effect: Effect) -> str:
        """Return the slope of a numeric term as the effect of doubling, any other as it is."""
        if TIMES in self.term or "=" in self.term:
            return f"the slope is {effect}"
        factor = effect.through(lambda slope: 2**slope)
        return f"{effect.names.twice(self.term)} takes {digits(factor.estimate)} times the steps {factor.limits}"
