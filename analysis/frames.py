"""Laws of a Polars frame, in one call: one row per run, x, the interval of its event, and perhaps the seed it shares.

A run whose event was not seen by ``lower`` has no ``upper``: it is censored there, never left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analysis import compare
from analysis.checks import GROUP, LOWER, UPPER, need_numbers, rows_of
from analysis.compare import Fit
from analysis.evidence import times_of
from analysis.laws import law_names
from analysis.numerals import word
from analysis.regression import Regression, regress

if TYPE_CHECKING:
    from analysis.figures._matplotlib import Figure


def load(file: str | Path, *, fields: Collection[str] = ()) -> pl.DataFrame:
    """Return a published table of runs, ``replicas.csv``: a row per run, with its fields, events and measures.

    A column of steps or measures is read as numbers even if it is empty; ``fields``: columns that may hold
    text.
    Raises: OSError where there is no such file, polars.exceptions.PolarsError where it is not a table.
    """
    runs = pl.read_csv(Path(file).read_bytes(), infer_schema_length=None)
    told = {"id", "status", *fields}
    empty = [each.name for each in runs if each.name not in told and each.null_count() == runs.height]
    return runs.with_columns(pl.col(empty).cast(pl.Int64))


def fit_laws(
    frame: pl.DataFrame,
    *,
    x: str,
    lower: str = LOWER,
    upper: str = UPPER,
    group: str | None = None,
    laws: Sequence[str] | None = None,
) -> list[Fit]:
    """Return the fits of laws to the runs of a frame, of all laws unless some are named, the best AICc first.

    ``group``: the column of the seed that rows share; then intervals are by leaving out each seed, else by profile
    likelihood. Each fit has its constants, an estimate with the ends of a 95 % interval, in ``parameters``.
    Units: ``lower`` and ``upper`` in steps.
    Raises: ValueError in words where a column or value cannot be used or no law can be fitted, LookupError for an
    unknown law.
    """
    rows = rows_of(frame, [x], lower, upper, group)
    need_numbers(rows, [x])
    with _no_warnings():
        return compare.fit_laws(times_of(rows, x), list(laws or law_names()), _groups(rows))


def fit_regression(
    frame: pl.DataFrame, *, x: Sequence[str], lower: str = LOWER, upper: str = UPPER, group: str | None = None
) -> list[Regression]:
    """Return the log-linear regressions of the time on several columns, one for each noise, the best AICc first.

    Columns of text are compared with their first value. Otherwise as ``fit_laws``.
    Raises: ValueError in words where a column or value cannot be used, or nothing can be fitted.
    """
    rows = rows_of(frame, x, lower, upper, group)
    times = times_of(rows.with_columns(pl.lit(1.0).alias(x[0])), x[0])
    with _no_warnings():
        return regress({name: rows[name].to_list() for name in x}, times, _groups(rows))


def draw_laws(
    frame: pl.DataFrame,
    fits: Sequence[Fit],
    *,
    x: str,
    lower: str = LOWER,
    upper: str = UPPER,
    group: str | None = None,
    y_label: str = "steps",
) -> Figure:
    """Return a matplotlib Figure of every run against x with up to four laws, the first with its 95 % interval.

    A run is a dot, a censored run an arrow. Nothing is written until ``savefig``.
    Raises: ValueError in words where a column or value cannot be used.
    """
    from analysis.figures.law_plot import law_figure

    rows = rows_of(frame, [x], lower, upper, group)
    need_numbers(rows, [x])
    if rows.filter(pl.col(x) > 0).height < max(rows.height, 1):
        raise ValueError(f"laws are drawn at {x} > 0; leave other rows out, and at least one in")
    return law_figure(times_of(rows, x), _groups(rows) or [0] * rows.height, fits, x_label=x, y_label=y_label)


def draw_survival(frame: pl.DataFrame, *, by: str, lower: str = LOWER, upper: str = UPPER) -> Figure:
    """Return a matplotlib Figure of the share of runs without the event (Kaplan–Meier), a curve per value of a column.

    Raises: ValueError in words where a column or value cannot be used.
    """
    from analysis.figures.survival import survival_figure

    parts = rows_of(frame, [by], lower, upper).sort(by).partition_by(by, maintain_order=True)
    if not parts:
        raise ValueError("there are no rows to draw")
    levels = {word(part[by][0]): times_of(part, by) for part in parts}
    return survival_figure(levels, x_label=by, y_label="share of runs without the event")


def _groups(rows: pl.DataFrame) -> list[object] | None:
    return rows[GROUP].to_list() if GROUP in rows.columns else None


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Silence NumPy's warnings about trial points that an optimiser leaves again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
