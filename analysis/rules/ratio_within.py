"""How many times as long one arm takes as another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.faults import Fault
from analysis.numerals import digits, limits, words
from analysis.rules._arms import OfArms
from analysis.rules._base import Answer, Asked, Effect, Names
from analysis.rules._events import OfEvents

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.looked import Looked


@dataclass(frozen=True, kw_only=True)
class RatioWithin(OfEvents, OfArms):
    """The median step of an event at ``second`` over that at ``first``, in pairs, lies from ``low`` to ``high``.

    ``first_added``, ``second_added``: fields of steps that were spent before the runs of an arm began, such as those of
    a ticket's parent, and are added.
    """

    first_added: str | None = None
    second_added: str | None = None

    @property
    def added(self) -> tuple[str | None, str | None]:
        """The fields of steps that are added to the times of the first and the second arm."""
        return self.first_added, self.second_added

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found, known = super().faults(asked), (*asked.axes, *asked.fixed)
        for setting, name in zip(("first_added", "second_added"), self.added, strict=True):
            if name is not None and name not in known:
                words = f"steps to add: {name!r} is given by no axis and no field of the {asked.scale} scale"
                found.append(Fault(words, setting))
        return found

    def answer(self, evidence: Evidence) -> Answer:
        """Return the ratio.

        Raises: ValueError where no pair can be compared.
        """

        seen = evidence.about(self.quantity)
        found = seen.contrast(self.first, self.second, self.where, self.added)
        one, other = (
            words(arm) + (f" with its {name} added" if name else "")
            for arm, name in zip((self.first, self.second), self.added, strict=True)
        )
        told = f"{seen.event.step} at {other} over that at {one}{self.where_words()}, paired by seed:"
        return Answer(found.ratio, told, 2 * found.pairs)

    def looked(self, evidence: Evidence) -> Looked:
        """Return the ratio of every pair that says anything.

        Raises: ValueError where there is no pair.
        """
        from analysis.contrast import told_ratios
        from analysis.looked import Looked

        first, second, seeds = evidence.about(self.quantity).compared(self.first, self.second, self.where, self.added)
        ratios, told = told_ratios(first, second, seeds)
        return Looked(ratios.lower, ratios.upper, told, silent=len(seeds) - len(told))

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return f"ratio of {names.event.step}s"

    def said(self, effect: Effect) -> str:
        """Return the ratio as a speed where its side of 1 is certain, else as a multiple of the steps.

        Where the interval reaches 0 only the least speed is known.
        """
        ratio, low, high = effect.estimate, effect.low, effect.high
        if high is None or high >= 1 or high <= 0 or ratio <= 0:
            return f"{digits(ratio)} times the steps {effect.limits}"
        if not low:
            return f"{digits(1 / ratio)} times as fast, at the least {digits(1 / high)} times"
        return f"{digits(1 / ratio)} times as fast {limits(1 / high, 1 / low)}"
