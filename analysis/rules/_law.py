"""What rules about a constant of a law share: which law, which part of the runs, and which time."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.criteria import AFTER
from analysis.faults import Fault
from analysis.laws import law_named, law_names
from analysis.rules._base import Asked, Rule

if TYPE_CHECKING:
    from analysis.compare import Fit
    from analysis.evidence import Evidence
    from analysis.likelihood import Times


@dataclass(frozen=True, kw_only=True)
class OfTimes(Rule):
    """A rule about a fit to times.

    ``quantity``: the experiment's own event where none is given; another event; ``delay``, from memorising to the own
    event; or from one event to another, as in ``grokked@0.9 after aligned@0.1``.
    """

    quantity: str | None = None

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found = super().faults(asked)
        if self.quantity is not None and not asked.knows(self.quantity):
            known = ", ".join(asked.times)
            words = f"quantity = {self.quantity!r} must be one of {known}, or two events joined by {AFTER!r}"
            found.append(Fault(words, "quantity"))
        return found

    def part_words(self, evidence: Evidence) -> str:
        """Return the part of the runs and the time in words, to follow the name of the number."""
        return self.where_words() + evidence.told(self.quantity)


@dataclass(frozen=True, kw_only=True)
class OfLaw(OfTimes):
    """A rule about a constant of a law, by default of the primary one."""

    law: str | None = None

    @property
    @abstractmethod
    def constant(self) -> str:
        """The constant of the law that the rule looks at."""

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found, law = super().faults(asked), self.law or asked.primary_law
        if not asked.laws:
            return [*found, f"rule {self.name} needs laws; give laws and primary_law"]
        if self.law is not None and law not in asked.laws:
            found.append(Fault(f"law {law!r} is not among the laws: {', '.join(asked.laws)}", "law"))
        elif law in law_names() and self.constant not in (free := law_named(law).free):
            words = f"the law {law} has no constant {self.constant!r}; constants: {', '.join(free)}"
            found.append(Fault(words, "parameter"))
        return found

    def fitted(self, evidence: Evidence) -> Fit:
        """Return the fit of the law.

        Raises: ValueError in words where it says nothing of the constant.
        """
        fit = evidence.fit(self.law, self.where, self.quantity)
        if self.constant not in fit.parameters:
            raise ValueError(f"the law {fit.law} has no constant {self.constant!r}")
        if fit.note:
            raise ValueError(fit.note)
        return fit

    def times(self, evidence: Evidence) -> tuple[Times, list[object]]:
        """Return the times that the law is fitted to, and the seed of every row."""
        from analysis.evidence import groups_of, times_of

        rows: Any = evidence.part(self.where, self.quantity)
        return times_of(rows, evidence.x), groups_of(rows)
