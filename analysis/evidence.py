"""What a claim may look at: the timeline of one experiment and fits to parts of it, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from analysis.compare import Fit, fit_laws, unfit
from analysis.contrast import Contrast, contrast
from analysis.criteria import AFTER, DELAY, GROKKING, Criterion, event_of
from analysis.likelihood import Times
from analysis.numerals import words
from analysis.regression import Regression, regress
from analysis.table import at, delays, measures_in

Where = Mapping[str, Any]  # values of fields
MANY_EQUAL_ROWS = 500  # from which on it pays to look for equal ones


class Evidence:
    """A timeline (see ``analysis.table.timeline``), the axis of its law, the laws, and the axes that divide it.

    Without laws x may hold text, and all rows count. ``least_memorised``: levels of x at which a smaller share of runs
    memorised are left out of the fits. ``constants``: fields that are the same for all rows. ``event``: what the lower
    and upper ends of the timeline are of; ``events``: others that the runs were watched for, by the names that claims
    use.
    """

    def __init__(
        self,
        rows: pl.DataFrame,
        *,
        x: str,
        laws: Sequence[str],
        primary_law: str,
        strata: Sequence[str] = (),
        least_memorised: float = 0.0,
        constants: Mapping[str, Any] | None = None,
        event: Criterion = GROKKING,
        events: Mapping[str, Criterion] | None = None,
    ) -> None:
        self.rows, self.x, self.laws, self.primary_law = rows, x, laws, primary_law
        self.strata, self.least_memorised, self.constants = strata, least_memorised, constants or {}
        self.event, self.events = event, events or {}
        self._made: dict[str, Any] = {}

    @cached_property
    def usable(self) -> pl.DataFrame:
        """The rows that laws are fitted to: those of usable levels that did not see the event at step 0."""
        return _later(self._levels)

    @cached_property
    def _levels(self) -> pl.DataFrame:
        """The rows with x > 0 (where it holds numbers), at levels where enough runs memorised."""
        if not self.laws:
            return self.rows
        memorised = pl.col("memorised_upper").is_not_null().mean().over(self.x)
        positive = pl.col(self.x) > 0 if self.rows[self.x].dtype.is_numeric() else pl.lit(True)
        return self.rows.filter(positive & (memorised >= self.least_memorised))

    @property
    def left_out(self) -> list[float]:
        """The levels of x that are outside the fits."""
        return sorted(set(self.rows[self.x].drop_nulls()) - set(self.usable[self.x]))

    @property
    def measures(self) -> list[str]:
        """The columns that are neither events nor axes."""
        return measures_in(self.rows, (self.x, *self.strata))

    def part(self, where: Mapping[str, Any] | None = None, quantity: str | None = None) -> pl.DataFrame:
        """Return the usable rows with the given values of fields, and the interval of the quantity.

        The quantity is the time of the event unless it is that of another, or the delay of one after another.
        Raises: ValueError when there are none.
        """
        if self.usable.is_empty() and not self.rows.is_empty():
            raise ValueError(f"at no level have {self.least_memorised:.0%} of the runs memorised, as a fit needs")
        return _some(self._timed(quantity), where)

    def about(self, quantity: str | None) -> Evidence:
        """Return the evidence of the same runs whose own event is that of a quantity; itself for its own.

        Raises: ValueError for an event that the runs were not watched for.
        """
        if self._is_own(quantity):
            return self

        def make() -> Evidence:
            return Evidence(
                self._at(self.rows, quantity),
                x=self.x,
                laws=self.laws,
                primary_law=self.primary_law,
                strata=self.strata,
                least_memorised=self.least_memorised,
                constants=self.constants,
                event=event_of(quantity, self.event, self.events),
                events=self.events,
            )

        made: Evidence = self._once(f"about {quantity}", make)
        return made

    def told(self, quantity: str | None) -> str:
        """Return in words which time a claim is about, if it is not that of the event."""
        if quantity is None or self._is_own(quantity):
            return ""
        if quantity == DELAY:
            return ", for the delay after memorisation"
        events = [f"{each.step} at {each.threshold:g}" for each in map(self._other, quantity.split(AFTER))]
        return ", for the " + " counted from the ".join(events)

    def every(self, where: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Return all rows with the given values of fields, x = 0 included, for rules that need no law.

        Raises: ValueError when there are none.
        """
        return _some(self.rows, where)

    def fit(self, law: str | None = None, where: Mapping[str, Any] | None = None, quantity: str | None = None) -> Fit:
        """Return the fit of one law, by default the primary one, to a part of the rows.

        Raises: ValueError in words where it cannot be fitted.
        """
        name = law or self.primary_law

        def make() -> Fit:
            rows = self.part(where, quantity)
            return fit_laws(times_of(rows, self.x), [name], groups_of(rows))[0]

        fitted: Fit = self._once(f"law {name} {where} {quantity}", make)
        return fitted

    def fits(self, where: Mapping[str, Any] | None = None) -> list[Fit]:
        """Return the fits of all laws to the usable rows, or a part of them, the best AICc first.

        Raises: ValueError in words where none can be fitted.
        """
        if reason := unfit(times_of(self.part(where), self.x)):
            raise ValueError(reason)
        found = [self.fit(law, where) for law in self.laws]
        return sorted(found, key=lambda fit: np.inf if fit.aicc is None else fit.aicc)

    def regression(self, where: Mapping[str, Any] | None = None, quantity: str | None = None) -> list[Regression]:
        """Return the regression on x and the axes that divide the rows, the best noise first.

        Raises: ValueError in words where it cannot be fitted.
        """

        def make() -> list[Regression]:
            rows = self.part(where, quantity)
            names = [name for name in (self.x, *self.strata) if rows[name].n_unique() > 1]
            return regress({name: rows[name].to_list() for name in names}, times_of(rows, self.x), groups_of(rows))

        fitted: list[Regression] = self._once(f"regression {where} {quantity}", make)
        return fitted

    def pairs(self, first: Where, second: Where, where: Where | None = None) -> tuple[Times, Times, list[object]]:
        """Return the times of runs of two arms, paired as in ``paired``, and the seed of every pair.

        Runs that saw the event at step 0 have no ratio and are left out.
        Raises: ValueError in words where there is no pair.
        """
        paired = _later(_later(self.paired(first, second, where)), "upper_b")
        later = paired.select(self.x, lower="lower_b", upper="upper_b")
        return times_of(paired, self.x), times_of(later, self.x), groups_of(paired)

    def compared(
        self,
        first: Where,
        second: Where,
        where: Where | None = None,
        added: tuple[str | None, str | None] = (None, None),
    ) -> tuple[Times, Times, list[object]]:
        """Return the pairs that ``contrast`` compares, with the steps spent before a run added to its time.

        Raises: ValueError in words where there is no pair.
        """
        one, other, seeds = self.pairs(first, second, where)
        spent = [
            0.0 if name is None else self._steps(name, arm, where)
            for name, arm in zip(added, (first, second), strict=True)
        ]
        return one.later(spent[0]), other.later(spent[1]), seeds

    def paired(self, first: Where, second: Where, where: Where | None = None) -> pl.DataFrame:
        """Return one row per pair of runs of two arms with the same seed and values of the axes that neither names.

        An arm is given by values of one field or several. Columns of the second run end in ``_b``. All rows count,
        x = 0 included: pairs need no law.
        Raises: ValueError in words where there is no pair.
        """
        keys = ["data_seed", *(name for name in (self.x, *self.strata) if name not in {**first, **second})]
        one, other = (self.every({**(where or {}), **arm}) for arm in (first, second))
        found = one.join(other, on=keys, suffix="_b", nulls_equal=True, maintain_order="left")
        if found.is_empty():
            raise ValueError(f"no seed has runs at both {words(first)} and {words(second)}")
        return found

    def contrast(
        self,
        first: Where,
        second: Where,
        where: Where | None = None,
        added: tuple[str | None, str | None] = (None, None),
    ) -> Contrast:
        """Return the comparison of two arms, paired by seed and the axes that neither names.

        ``added``: fields that hold steps spent before the runs of each arm began, such as those of a ticket's parent.

        Raises: ValueError in words where there is no pair.
        """
        key = f"contrast {first} {second} {where} {added}"

        def make() -> Contrast:
            return contrast(*self.compared(first, second, where, added))

        fitted: Contrast = self._once(key, make)
        return fitted

    def _steps(self, field: str, arm: Where, where: Where | None) -> float:
        """Return the one value of a field that holds steps.

        Raises: ValueError where the runs do not have the field, or have several values of it.
        """
        rows = self.every({**(where or {}), **arm})
        values = set(rows[field] if field in rows.columns else [self.constants.get(field)])
        if len(values) != 1 or None in values:
            raise ValueError(f"the runs have no single value of {field!r}; give it in the experiment")
        return float(next(iter(values)))

    def _is_own(self, quantity: str | None) -> bool:
        return quantity is None or quantity in (self.event.name, self.event.label)

    def _timed(self, quantity: str | None) -> pl.DataFrame:
        """Return the usable rows with the interval of a quantity in lower and upper.

        Raises: ValueError for an event that the runs were not watched for.
        """
        return self.usable if self._is_own(quantity) else _later(self._at(self._levels, quantity))

    def _at(self, rows: pl.DataFrame, quantity: str | None) -> pl.DataFrame:
        if quantity == DELAY:
            return delays(rows)
        event, _, origin = (quantity or "").partition(AFTER)
        timed = at(rows, self._other(event).prefix)
        return delays(timed, self._other(origin).prefix) if origin else timed

    def _other(self, quantity: str) -> Criterion:
        if quantity not in self.events:
            raise ValueError(f"the runs were not watched for {quantity!r}")
        return self.events[quantity]

    def _once(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def matching(rows: pl.DataFrame, where: Mapping[str, Any]) -> pl.DataFrame:
    """Return the rows with the given values of fields; None matches a field without a value.

    Raises: ValueError for a field that is not there.
    """
    for field, value in where.items():
        if field not in rows.columns:
            raise ValueError(f"the runs have no field {field!r}")
        rows = rows.filter(pl.Series([each == value for each in rows[field]], dtype=pl.Boolean))
    return rows


def times_of(rows: pl.DataFrame, x: str) -> Times:
    """Return the rows of a timeline as the arrays that laws are fitted to; x is 1 where it does not hold numbers."""
    x_values = rows[x].cast(pl.Float64).to_numpy() if rows[x].dtype.is_numeric() else np.ones(rows.height)
    upper = rows["upper"].cast(pl.Float64).fill_null(float("inf")).to_numpy()
    times = Times(x_values, rows["lower"].cast(pl.Float64).to_numpy(), upper)
    return times.labelled() if rows.height > MANY_EQUAL_ROWS else times


def groups_of(rows: pl.DataFrame) -> list[object]:
    """Return the seed of every row: runs at different levels with the same seed share split and initial weights."""
    return rows["data_seed"].to_list()


def _later(rows: pl.DataFrame, upper: str = "upper") -> pl.DataFrame:
    """Return the rows that did not see the event at step 0: that time has no logarithm."""
    return rows.filter(pl.col(upper).is_null() | (pl.col(upper) > 0))


def _some(rows: pl.DataFrame, where: Mapping[str, Any] | None) -> pl.DataFrame:
    found = matching(rows, where or {})
    if found.is_empty():
        raise ValueError(f"no replica has ended{' where ' + words(where) if where else ''}")
    return found
