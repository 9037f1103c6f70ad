"""The rules of claims that need no law: about measures of runs, and about how many of them grokked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from analysis.measures import is_share, range_of

if TYPE_CHECKING:
    import polars as pl

    from analysis.evidence import Evidence
    from analysis.interval import Interval

LEAST_SEEDS = 6  # that must have a value

Answer = tuple["Interval", str, int]


def measure_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the mean of a measure: over seeds, of each seed's mean over its runs that have it.

    A share that is 0 or 1 in every run counts as a yes or no of its seed.
    """
    from analysis.means import by_seed, mean_interval, share_interval

    name, where = settings["measure"], settings.get("where")
    _check(evidence, name)
    rows = evidence.every(where)
    values, seeds, absent = _present(name, rows[name], rows["data_seed"], "runs")
    means = by_seed(values, seeds)
    yes_or_no = is_share(name) and set(values) <= {0.0, 1.0}
    interval = share_interval(means) if yes_or_no else mean_interval(means, range_of(name))
    return interval, f"mean of {name}{_told(where)} over {len(means)} seeds{absent}:", len(values)


def measure_change(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the mean difference of a measure between two arms, paired by seed and the axes that neither names."""
    from analysis.evidence import words
    from analysis.means import by_seed, mean_interval

    name, where = settings["measure"], settings.get("where")
    first, second = arms(settings)
    _check(evidence, name)
    rows = evidence.paired(first, second, where)
    change = numbers(rows[f"{name}_b"]) - numbers(rows[name])
    values, seeds, absent = _present(name, change, rows["data_seed"], "pairs")
    told = f"{name} at {words(second)} minus that at {words(first)}{_told(where)}"
    least, most = range_of(name)
    widest = None if least is None or most is None else most - least
    interval = mean_interval(by_seed(values, seeds), (None if widest is None else -widest, widest))
    return interval, f"{told}, paired by seed{absent}:", 2 * len(values)


def share_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the share of runs that grokked by the step that all of them were watched to."""
    from analysis.means import by_seed, share_interval

    rows = evidence.every(settings.get("where"))
    horizon = watched_to(rows)
    grokked = [float(upper is not None and upper <= horizon) for upper in rows["upper"]]
    shares = by_seed(grokked, rows["data_seed"].to_list())
    several = f", {rows.height} runs counted as {len(shares)} seeds" if rows.height > len(shares) else ""
    words = f"share of runs{_told(settings.get('where'))} that grokked by step {horizon:,.0f}{several}:"
    return share_interval(shares), words, rows.height


def arms(settings: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the fields of both arms: ``first`` and ``second`` name them, or are values of the field ``arm``."""
    first, second = settings["first"], settings["second"]
    return ({settings["arm"]: first}, {settings["arm"]: second}) if "arm" in settings else (first, second)


def watched_to(rows: pl.DataFrame) -> float:
    """Return up to which step all runs of a timeline can be compared: the shortest watch of one that was censored.

    One that diverged was watched to its end: it will not grok. Where none was censored, the last grok step.
    """
    open_ended = [
        lower
        for lower, upper, outcome in rows.select("lower", "upper", "outcome").iter_rows()
        if upper is None and outcome != "diverged"
    ]
    return float(min(open_ended)) if open_ended else float(max((each for each in rows["upper"] if each), default=0))


def numbers(column: pl.Series) -> pl.Series:
    """Return a column of measures as numbers; one without any value may have been read as text."""
    import polars as pl

    return column.cast(pl.Float64)


def _check(evidence: Evidence, name: str) -> None:
    if name not in evidence.measures:
        raise ValueError(f"the runs have no measure {name!r}; measures: {', '.join(evidence.measures) or 'none'}")


def _present(name: str, column: pl.Series, seeds: pl.Series, kind: str) -> tuple[list[float], list[object], str]:
    """Return the values that there are, their seeds, and in words how many are absent.

    Raises: ValueError where too few seeds have one.
    """
    pairs = [pair for pair in zip(numbers(column), seeds, strict=True) if pair[0] is not None]
    lacking = len(column) - len(pairs)
    found = len({seed for _, seed in pairs})
    if found < LEAST_SEEDS:
        raise ValueError(
            f"{name} is absent in {lacking} of {len(column)} {kind}; {found} seeds have it, {LEAST_SEEDS} are needed"
        )
    told = f" (absent in {lacking} of {len(column)} {kind})" if lacking else ""
    return [value for value, _ in pairs], [seed for _, seed in pairs], told


def _told(where: Mapping[str, Any] | None) -> str:
    from analysis.evidence import words

    return f" where {words(where)}" if where else ""
