"""What a claim may look at: the timeline of one experiment, and fits of parts of it, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from analysis.compare import Fit, fit_laws, unfit
from analysis.contrast import Contrast, contrast
from analysis.likelihood import Times
from analysis.regression import Regression, regress
from analysis.rules import QUANTITIES
from analysis.table import delays

GROKKED = QUANTITIES[0]
MANY_EQUAL_ROWS = 500  # from which on it pays to look for equal ones


class Evidence:
    """A timeline (see ``analysis.table.timeline``), the axis of its law, the laws, and the axes that divide it.

    ``least_memorised``: levels of x at which a smaller share of runs memorised stay outside the fits.
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
    ) -> None:
        self.rows, self.x, self.laws, self.primary_law = rows, x, laws, primary_law
        self.strata, self.least_memorised = strata, least_memorised
        self._made: dict[str, Any] = {}

    @cached_property
    def usable(self) -> pl.DataFrame:
        """The rows that laws are fitted to: x > 0 (where it holds numbers), at levels where enough runs memorised."""
        memorised = pl.col("memorised_upper").is_not_null().mean().over(self.x)
        positive = pl.col(self.x) > 0 if self.rows[self.x].dtype.is_numeric() else pl.lit(True)
        return self.rows.filter(positive & (memorised >= self.least_memorised))

    @property
    def left_out(self) -> list[float]:
        """The levels of x that are outside the fits."""
        return sorted(set(self.rows[self.x]) - set(self.usable[self.x]))

    def part(self, where: Mapping[str, Any] | None = None, quantity: str = GROKKED) -> pl.DataFrame:
        """Return the usable rows with the given values of fields, and the interval of the quantity.

        Raises: ValueError when there are none.
        """
        if self.usable.is_empty() and not self.rows.is_empty():
            raise ValueError(f"at no level have {self.least_memorised:.0%} of the runs memorised, as a fit needs")
        return self._where(self.usable if quantity == GROKKED else delays(self.usable), where)

    def _where(self, rows: pl.DataFrame, where: Mapping[str, Any] | None) -> pl.DataFrame:
        for field, value in (where or {}).items():
            if field not in rows.columns:
                raise ValueError(f"the runs have no field {field!r}")
            rows = rows.filter(pl.Series([each == value for each in rows[field]], dtype=pl.Boolean))
        if rows.is_empty():
            raise ValueError(f"no replica has ended{' where ' + words(where) if where else ''}")
        return rows

    def fit(self, law: str | None = None, where: Mapping[str, Any] | None = None, quantity: str = GROKKED) -> Fit:
        """Return the fit of one law, by default the primary one, to a part of the rows.

        Raises: ValueError in words where it cannot be fitted.
        """
        name = law or self.primary_law

        def make() -> Fit:
            rows = self.part(where, quantity)
            return fit_laws(times_of(rows, self.x), [name], groups_of(rows))[0]

        fitted: Fit = self._once(f"law {name} {where} {quantity}", make)
        return fitted

    def fits(self) -> list[Fit]:
        """Return the fits of all laws to all usable rows, the best AICc first.

        Raises: ValueError in words where none can be fitted.
        """
        if reason := unfit(times_of(self.part(), self.x)):
            raise ValueError(reason)
        found = [self.fit(law) for law in self.laws]
        return sorted(found, key=lambda fit: np.inf if fit.aicc is None else fit.aicc)

    def regression(self, where: Mapping[str, Any] | None = None, quantity: str = GROKKED) -> list[Regression]:
        """Return the regression on x and the axes that divide the rows, the best noise first.

        Raises: ValueError in words where it cannot be fitted.
        """

        def make() -> list[Regression]:
            rows = self.part(where, quantity)
            names = [name for name in (self.x, *self.strata) if rows[name].n_unique() > 1]
            return regress({name: rows[name].to_list() for name in names}, times_of(rows, self.x), groups_of(rows))

        fitted: list[Regression] = self._once(f"regression {where} {quantity}", make)
        return fitted

    def pairs(
        self, arm: str, first: Any, second: Any, where: Mapping[str, Any] | None = None
    ) -> tuple[Times, Times, list[object]]:
        """Return the runs at two values of a field, paired by seed and all other axes, and the seed of every pair.

        All rows count, x = 0 among them: pairs need no law.
        Raises: ValueError in words where there is no pair.
        """
        keys = ["data_seed", *(name for name in (self.x, *self.strata) if name != arm)]
        one, other = (self._where(self.rows, {**(where or {}), arm: value}) for value in (first, second))
        paired = one.join(other, on=keys, suffix="_b", maintain_order="left")
        if paired.is_empty():
            raise ValueError(f"no seed has runs at both {arm} = {first} and {second}")
        later = paired.select(self.x, lower="lower_b", upper="upper_b")
        return times_of(paired, self.x), times_of(later, self.x), groups_of(paired)

    def contrast(self, arm: str, first: Any, second: Any, where: Mapping[str, Any] | None = None) -> Contrast:
        """Return the comparison of two values of a field, paired by seed and all other axes.

        Raises: ValueError in words where there is no pair.
        """
        key = f"contrast {arm} {first} {second} {where}"
        fitted: Contrast = self._once(key, lambda: contrast(*self.pairs(arm, first, second, where)))
        return fitted

    def _once(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def times_of(rows: pl.DataFrame, x: str) -> Times:
    """Return the rows of a timeline as the arrays that laws are fitted to; x is 1 where it does not hold numbers."""
    x_values = rows[x].cast(pl.Float64).to_numpy() if rows[x].dtype.is_numeric() else np.ones(rows.height)
    upper = rows["upper"].cast(pl.Float64).fill_null(float("inf")).to_numpy()
    times = Times(x_values, rows["lower"].cast(pl.Float64).to_numpy(), upper)
    return times.labelled() if rows.height > MANY_EQUAL_ROWS else times


def groups_of(rows: pl.DataFrame) -> list[object]:
    """Return the seed of every row: runs at different levels with the same seed share split and initial weights."""
    return rows["data_seed"].to_list()


def words(where: Mapping[str, Any]) -> str:
    """Return a condition as text.

    >>> words({"distractors": "random", "kl_strength": 1.0})
    'distractors = random, kl_strength = 1'
    """
    return ", ".join(
        f"{field} = {value:g}" if isinstance(value, float) else f"{field} = {value}" for field, value in where.items()
    )
