"""Whether the rows of a table can be fitted: x, the interval of an event, and perhaps the seed that rows share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

FITTED_RANGE = (1e-30, 1e30)  # of x and of steps: outside it, floats cannot hold the powers of x that laws have
LOWER, UPPER, GROUP = "lower", "upper", "group"


def rows_of(frame: pl.DataFrame, x: Sequence[str], lower: str, upper: str, group: str | None = None) -> pl.DataFrame:
    """Return the columns of x, the interval as lower and upper, and the group where there is one.

    Raises: ValueError in words that name the column or the first row that cannot be used.
    """
    given = [*x, lower, *([upper] if upper != lower else []), *([group] if group else [])]
    if unknown := [name for name in given if name not in frame.columns]:
        raise ValueError(f"there is no column {', '.join(unknown)}; columns: {', '.join(frame.columns)}")
    if len(set(given)) < len(given) or {LOWER, UPPER, GROUP} & set(x):
        raise ValueError(f"x, lower, upper and group must be different columns, x none of these names: {given}")
    rows = frame.select(*x, pl.col(lower).alias(LOWER), pl.col(upper).alias(UPPER))
    rows = rows.with_columns(frame[group].alias(GROUP)) if group else rows
    need_numbers(rows, [LOWER, UPPER])
    rows = rows.with_columns(pl.col(LOWER, UPPER).cast(pl.Float64))
    for fault in faults_of(rows, x):
        raise ValueError(fault)
    refuse_extremes(rows, x)
    return rows


def need_numbers(rows: pl.DataFrame, names: Sequence[str]) -> None:
    """Raise ValueError that names the first column that holds anything but numbers."""
    for name in names:
        if not rows[name].dtype.is_numeric() and rows[name].null_count() < rows.height:
            raise ValueError(f"{name} must hold numbers, given {rows[name].drop_nulls()[0]!r}")


def faults_of(rows: pl.DataFrame, x: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with rows of x, lower, upper and perhaps group, in words that name the first such row."""
    faults = {
        "lower must be a number >= 0": pl.col(LOWER).is_null() | ~pl.col(LOWER).is_finite() | (pl.col(LOWER) < 0),
        "upper must not be below lower, and above 0; empty where censored": (pl.col(UPPER) < pl.col(LOWER))
        | (pl.col(UPPER) <= 0),
    }
    for name in x:
        finite = ~pl.col(name).is_finite() if rows[name].dtype.is_float() else pl.lit(False)
        faults[f"{name} must not be empty or infinite"] = pl.col(name).is_null() | finite
    if GROUP in rows.columns:
        faults["group must not be empty"] = pl.col(GROUP).is_null()
    for words, wrong in faults.items():
        bad = rows.with_row_index("row").filter(wrong)
        if not bad.is_empty():
            first = bad.row(0, named=True)
            shown = ", ".join(f"{name} = {first[name]}" for name in (*x, LOWER, UPPER))
            yield f"{words}; row {first['row'] + 1} has {shown} ({bad.height} such rows)"


def refuse_extremes(rows: pl.DataFrame, x: Sequence[str]) -> None:
    """Raise ValueError that names the first value too large or too small to be fitted."""
    low, high = FITTED_RANGE
    for name in (*(each for each in x if rows[each].dtype.is_numeric()), LOWER, UPPER):
        values = rows[name].cast(pl.Float64).drop_nulls()
        odd = values.filter((values != 0) & ((values.abs() < low) | (values.abs() > high)))
        if len(odd):
            raise ValueError(
                f"{name} = {odd[0]:g} is outside {low:g} to {high:g}, where laws can be fitted: rescale it"
            )
