"""How many of the runs saw the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.criteria import AFTER, DELAY
from analysis.faults import Fault
from analysis.numerals import percent
from analysis.rules._base import Answer, Asked, Effect, Names
from analysis.rules._by_seed import LEAST_SEEDS, Numbers
from analysis.rules._events import OfEvents

if TYPE_CHECKING:
    import polars as pl

    from analysis.evidence import Evidence
    from analysis.looked import Looked


@dataclass(frozen=True)
class ShareWithin(OfEvents):
    """The share of runs that saw an event lies from ``low`` to ``high``."""

    least_seeds: ClassVar[int] = LEAST_SEEDS
    ends: ClassVar[tuple[float, ...]] = (0.0, 1.0)

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        odd = self.quantity is not None and (self.quantity == DELAY or AFTER in self.quantity)
        words = f"quantity = {self.quantity!r} is no event, of which runs have a share"
        return super().faults(asked) + ([Fault(words, "quantity")] if odd else [])

    def numbers(self, evidence: Evidence) -> Numbers:
        """Return 1 for each run that saw the event by the last step at which all were watched, else 0."""
        rows = evidence.about(self.quantity).every(self.where)
        horizon = watched_to(rows)
        seen = [float(upper is not None and upper <= horizon) for upper in rows["upper"]]
        return Numbers(seen, rows["data_seed"].to_list())

    def answer(self, evidence: Evidence) -> Answer:
        """Return the share; runs of one seed count as one."""
        from analysis.means import share_interval

        seen, found = evidence.about(self.quantity), self.numbers(evidence)
        shares, count = list(found.by_seed().values()), len(found.values)
        horizon = watched_to(seen.every(self.where))
        several = f", {count} runs counted as {len(shares)} seeds" if count > len(shares) else ""
        told = f"share of runs{self.where_words()} that {seen.event.seen} by step {horizon:,.0f}{several}:"
        return Answer(share_interval(shares), told, count)

    def looked(self, evidence: Evidence) -> Looked:
        """Return the share of each seed."""
        return self.numbers(evidence).looked()

    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""
        return f"share of runs that {names.event.seen}"

    def said(self, effect: Effect) -> str:
        """Return the count where it is a whole number, else the share."""
        low, high = 0.0 if effect.low is None else effect.low, 1.0 if effect.high is None else effect.high
        seen = effect.names.event.seen
        ends, count = f"[{percent(low)}, {percent(high)}]", effect.estimate * effect.replicas
        if abs(count - round(count)) < 1e-6:
            return f"{round(count)} of {effect.replicas} {seen} {ends}"
        return f"{percent(effect.estimate)} of the networks {seen} {ends}"


def watched_to(rows: pl.DataFrame) -> float:
    """Return the step up to which all runs of a timeline can be compared: where the first censored run ended.

    A run that diverged does not count as censored: it will not grok. Where none was censored, this is the last event
    step.
    """
    open_ended = [
        lower
        for lower, upper, outcome in rows.select("lower", "upper", "outcome").iter_rows()
        if upper is None and outcome != "diverged"
    ]
    return float(min(open_ended)) if open_ended else float(max((each for each in rows["upper"] if each), default=0))
