"""Fit the laws to anybody's table: one row per run, x, the interval of its event, and perhaps the seed it shares."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.checks import faults_of
from analysis.numerals import counted, limits
from orchestrator.fit.cells import are_numbers, ends, numbers
from orchestrator.fit.tables import Table, read_table
from orchestrator.reports.wording import fitted, score, span
from orchestrator.storage.results import BadInputError

if TYPE_CHECKING:
    from analysis.compare import Fit

PRIMARY = "floor_power"
ABOUT_ONE = (0.8, 1.25)
KEPT = ("lower", "upper", "group")  # names of columns of ours


@dataclass(frozen=True)
class Fitted:
    """What a table of intervals says: the facts that are printed, and the data of the figures."""

    facts: dict[str, Any]
    rows: pl.DataFrame
    fits: list[Fit] = field(default_factory=list)


def interval_rows(
    file: Path, *, x: Sequence[str], lower: str, upper: str, group: str | None, notes: list[str] | None = None
) -> pl.DataFrame:
    """Return the rows of a table of intervals with the columns of x, lower, upper (null where censored) and group.

    What was guessed is added to ``notes``.
    Raises: BadInputError in one line for a file, column or value that cannot be used.
    """
    table = read_table(file).with_names([*x, lower, upper, *([group] if group else [])])
    told = [f"read as {table.guessed}"] if table.guessed else []
    check_names(x, {"--lower": lower, "--upper": upper, "--group": group})
    table.need([*x, lower, upper, *([group] if group else [])])
    rows = table.rows
    picked = {name: _axis(table, name, alone=len(x) == 1) for name in x}
    picked["lower"] = numbers(file, rows[lower])
    picked["upper"], watched = (picked["lower"], None) if lower == upper else ends(file, rows[upper])
    if group:
        picked["group"] = numbers(file, rows[group]) if are_numbers(rows[group]) else rows[group]
    found = pl.DataFrame([column.alias(name) for name, column in picked.items()])
    if watched is not None and watched.count():
        found = found.with_columns(lower=pl.max_horizontal("lower", watched))
        told.append(f"{watched.count()} upper ends such as >{watched.drop_nulls()[0]:g}: censored there")
    told += ["lower and upper are one column: times known exactly"] if lower == upper else []
    for fault in faults_of(found, x):
        raise BadInputError(f"{file}: {fault}")
    told += _copies(found) if group else []
    if notes is not None:
        notes += told
    return found


def check_names(x: Sequence[str], others: Mapping[str, str | None]) -> None:
    """Raise BadInputError if one column is given twice, or x has a name that is taken."""
    given = [*(("--x", name) for name in x), *((flag, name) for flag, name in others.items() if name)]
    for (flag, name), (other, same) in itertools.combinations(given, 2):
        if name == same and (flag, other) != ("--lower", "--upper"):
            raise BadInputError(f"{flag} {name} and {other} {same} are the same column; give each its own")
    if taken := [name for name in x if name in KEPT]:
        raise BadInputError(f"--x {taken[0]}: the names {', '.join(KEPT)} are taken; rename the column")


def _axis(table: Table, name: str, *, alone: bool) -> pl.Series:
    """Return a column of x as numbers; if there are several columns, one that is not all numbers as text."""
    column = table.rows[name]
    if alone or are_numbers(column) or column.dtype != pl.String:
        return column if column.dtype == pl.Boolean and not alone else numbers(table.file, column)
    return column


def _copies(rows: pl.DataFrame) -> list[str]:
    twice = rows.height - rows.unique().height
    return [f"{twice} rows are copies of others, group and all; every row counts"] if twice else []


def fit_table(rows: pl.DataFrame, *, x: Sequence[str], laws: Sequence[str]) -> Fitted:
    """Return the fits to a table of intervals, and the verdict on "the exponent is 1".

    With one x, every law is fitted, and the first one asked for is the primary one; with several, the log-linear
    regression is. The verdict is undecided, with the reason, if the table cannot be fitted.
    """
    from analysis.frames import fit_laws, fit_regression

    if len(x) == 1 and not rows[x[0]].dtype.is_numeric():
        raise BadInputError(f"{x[0]} must hold numbers, given {rows[x[0]][0]!r}")
    outside = sum((rows[name] <= 0).sum() for name in x if rows[name].dtype.is_numeric())
    kept = rows.filter(*(pl.col(name) > 0 for name in x if rows[name].dtype.is_numeric()))
    seen = int(kept["upper"].count())
    facts: dict[str, Any] = {"rows": kept.height, "events": seen, "censored": kept.height - seen, "outside": outside}
    facts |= {"x": list(x), "fits": [], "regression": [], "verdict": "undecided", "reason": None}
    group = "group" if "group" in kept.columns else None
    fits: list[Fit] = []
    try:
        if len(x) > 1:
            facts["regression"] = [fit.facts() for fit in fit_regression(kept, x=x, group=group)]
        else:
            fits = fit_laws(kept, x=x[0], group=group, laws=laws)
            facts |= _verdict(kept, x[0], laws[0] if laws else PRIMARY, fits)
    except (ValueError, ArithmeticError) as reason:
        facts["reason"] = str(reason)
    return Fitted(facts, kept, fits)


def _verdict(rows: pl.DataFrame, x: str, primary: str, fits: Sequence[Fit]) -> dict[str, Any]:
    from analysis.claims import UNDECIDED, verdict_on
    from analysis.evidence import times_of
    from analysis.exponents import untold_exponent

    chosen = next(fit for fit in fits if fit.law == primary)
    exponent = chosen.parameters.get("exponent")
    facts: dict[str, Any] = {"primary": primary, "fits": [fit.facts() for fit in fits], "exponent": None}
    if exponent is None:
        return {**facts, "reason": f"the law {primary} has no free exponent"}
    reason = chosen.note or untold_exponent(primary, chosen.values, times_of(rows, x), "exponent")
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
