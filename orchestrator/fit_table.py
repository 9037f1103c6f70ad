"""Fit the laws to anybody's table: one row per run, x, the interval of its event, and perhaps the seed it shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.numerals import counted, limits
from orchestrator.results import BadInputError
from orchestrator.wording import fitted, score, span

if TYPE_CHECKING:
    from analysis.compare import Fit

READERS: dict[str, Callable[..., pl.DataFrame]] = {
    ".csv": partial(pl.read_csv, infer_schema_length=None, glob=False),
    ".parquet": partial(pl.read_parquet, glob=False),
}
PRIMARY = "floor_power"
ABOUT_ONE = (0.8, 1.25)


def read_table(file: Path) -> pl.DataFrame:
    """Return the rows of a CSV or parquet file.

    Raises: BadInputError in one line where it cannot be read or has no rows.
    """
    if file.suffix not in READERS:
        raise BadInputError(f"{file} is not a table that can be read; give a .csv or .parquet file")
    try:
        found = READERS[file.suffix](file)
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise BadInputError(f"{file} cannot be read: {str(fault).splitlines()[0]}") from None
    if found.is_empty():
        raise BadInputError(f"{file} has no rows")
    return found


def interval_rows(file: Path, *, x: Sequence[str], lower: str, upper: str, group: str | None) -> pl.DataFrame:
    """Return the rows of a table of intervals with the columns of x, lower, upper (null where censored) and group.

    Raises: BadInputError in one line for a file, column or value that cannot be used.
    """
    table = read_table(file)
    asked = [*x, lower, upper, *([group] if group else [])]
    if absent := [column for column in asked if column not in table.columns]:
        raise BadInputError(f"{file} has no column {', '.join(map(repr, absent))}; columns: {', '.join(table.columns)}")
    names = {name: pl.col(name) for name in x}
    picked = table.select(
        **names, lower=pl.col(lower), upper=pl.col(upper), **({"group": pl.col(group)} if group else {})
    )
    numbers = ["lower", "upper", *(x if len(x) == 1 else [])]
    try:
        picked = picked.with_columns(pl.col(numbers).cast(pl.Float64))
    except pl.exceptions.PolarsError as fault:
        raise BadInputError(f"{file}: x, lower and upper must be numbers ({str(fault).splitlines()[0]})") from None
    upper_end = pl.col("upper").fill_nan(None)
    picked = picked.with_columns(upper=pl.when(upper_end.is_infinite()).then(None).otherwise(upper_end))
    _check(file, picked, x)
    return picked


def fit_rows(rows: pl.DataFrame, *, x: Sequence[str], laws: Sequence[str]) -> dict[str, Any]:
    """Return the fits to a table of intervals, and the verdict on "the exponent is 1".

    With one x, every law is fitted, the first one asked for being the primary one; with several, the log-linear
    regression. The verdict is undecided, with the reason, where the table cannot be fitted.
    """
    from analysis.laws import law_names

    if len(x) == 1 and not rows[x[0]].dtype.is_numeric():
        raise BadInputError(f"{x[0]} must hold numbers, given {rows[x[0]][0]!r}")
    outside = sum((rows[name] <= 0).sum() for name in x if rows[name].dtype.is_numeric())
    kept = rows.filter(*(pl.col(name) > 0 for name in x if rows[name].dtype.is_numeric()))
    seen = int(kept["upper"].count())
    facts: dict[str, Any] = {"rows": kept.height, "events": seen, "censored": kept.height - seen, "outside": outside}
    facts |= {"x": list(x), "fits": [], "regression": [], "verdict": "undecided", "reason": None}
    groups = kept["group"].to_list() if "group" in kept.columns else None
    try:
        if len(x) > 1:
            from analysis.evidence import times_of
            from analysis.regression import regress

            times = times_of(kept.with_columns(pl.lit(1.0).alias(x[0])), x[0])
            facts["regression"] = [fit.facts() for fit in regress({n: kept[n].to_list() for n in x}, times, groups)]
            return facts
        facts |= _fit_laws(kept, x[0], laws or law_names(), laws[0] if laws else PRIMARY, groups)
    except ValueError as reason:
        facts["reason"] = str(reason)
    return facts


def _fit_laws(
    rows: pl.DataFrame, x: str, laws: Sequence[str], primary: str, groups: Sequence[object] | None
) -> dict[str, Any]:
    from analysis.claims import UNDECIDED, verdict_on
    from analysis.compare import fit_laws
    from analysis.evidence import times_of
    from analysis.rules import untold_exponent

    times = times_of(rows, x)
    fits: list[Fit] = fit_laws(times, laws, groups)
    chosen = next(fit for fit in fits if fit.law == primary)
    exponent = chosen.parameters.get("exponent")
    facts: dict[str, Any] = {"primary": primary, "fits": [fit.facts() for fit in fits], "exponent": None}
    if exponent is None:
        return {**facts, "reason": f"the law {primary} has no free exponent"}
    reason = chosen.note or untold_exponent(primary, chosen.values, times, "exponent")
    verdict = UNDECIDED if reason else verdict_on(exponent, ABOUT_ONE)
    return {**facts, "exponent": asdict(exponent), "verdict": verdict, "reason": reason}


def lines(facts: Mapping[str, Any]) -> list[str]:
    """Return the fits as text: the primary law and its verdict first, then all laws, the best AICc first."""
    told = [f"{counted(facts['rows'], 'run')}: {counted(facts['events'], 'event')}, {facts['censored']} censored"]
    if facts["outside"]:
        verb = "has x <= 0 and is" if facts["outside"] == 1 else "have x <= 0 and are"
        told.append(f"{facts['outside']} more {verb} outside the fits")
    if facts["regression"]:
        return told + _regression_lines(facts["regression"])
    if not facts["fits"]:
        return [*told, f"undecided: {facts['reason']}"]
    chosen = next(fit for fit in facts["fits"] if fit["law"] == facts["primary"])
    told.append(fitted(chosen, "x"))
    because = f" ({facts['reason']})" if facts["reason"] else ""
    told.append(f"the exponent is 1, within {limits(*ABOUT_ONE)}: {facts['verdict']}{because}")
    told.append(f"{'law':21} {'AICc':>12}  {'leave one level out':>19}  constants with 95 % intervals")
    for fit in facts["fits"]:
        scores = [score(fit, name) for name in ("aicc", "elpd_leave_one_level_out")]
        constants = ", ".join(f"{name} {span(interval)}" for name, interval in fit["parameters"].items())
        told.append(f"{fit['law']:21} {scores[0]:>12}  {scores[1]:>19}  {constants}")
    return [*told, f"intervals: {chosen['intervals']}"]


def _regression_lines(regression: Sequence[Mapping[str, Any]]) -> list[str]:
    told = ["log-linear regression; slopes of log T, -1 means that T falls as 1/x"]
    for fit in regression:
        score = f"AICc {fit['aicc']:.1f}" if fit["aicc"] is not None else "too few rows for an AICc"
        told.append(f"{fit['noise']} ({score}): median at the centre {span(fit['time'])}")
        told += [f"  {term:30} {span(slope)}" for term, slope in fit["slopes"].items()]
    return [*told, f"intervals: {regression[0]['intervals']}"]


def _check(file: Path, rows: pl.DataFrame, x: Sequence[str]) -> None:
    faults = {
        "lower must be a number >= 0": pl.col("lower").is_null() | ~pl.col("lower").is_finite() | (pl.col("lower") < 0),
        "upper must not be below lower, and above 0; empty where censored": (pl.col("upper") < pl.col("lower"))
        | (pl.col("upper") <= 0),
    }
    for name in x:
        finite = ~pl.col(name).is_finite() if rows[name].dtype.is_float() else pl.lit(False)
        faults[f"{name} must not be empty or infinite"] = pl.col(name).is_null() | finite
    if "group" in rows.columns:
        faults["group must not be empty"] = pl.col("group").is_null()
    for words, wrong in faults.items():
        bad = rows.with_row_index("row").filter(wrong)
        if not bad.is_empty():
            first = bad.row(0, named=True)
            shown = ", ".join(f"{name} = {first[name]}" for name in (*x, "lower", "upper"))
            raise BadInputError(f"{file}: {words}; row {first['row'] + 1} has {shown} ({bad.height} such rows)")
