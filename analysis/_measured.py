"""The rules of claims that need no law: about measures of runs, and about how many of them saw the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.measures import is_share, range_of

if TYPE_CHECKING:
    import polars as pl

    from analysis.evidence import Evidence
    from analysis.interval import Interval

LEAST_SEEDS = 6  # that must have a value

Answer = tuple["Interval", str, int]


@dataclass(frozen=True)
class Numbers:
    """What a rule looks at: one number per run or pair, and its seed; ``absent``: how many have none, in words."""

    values: list[float]
    seeds: list[object]
    silent: int = 0
    absent: str = ""

    def by_seed(self) -> dict[object, float]:
        """Return the mean of each seed's numbers."""
        from analysis.means import by_seed

        return dict(zip(dict.fromkeys(self.seeds), by_seed(self.values, self.seeds), strict=True))


def measure_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the mean of a measure: over seeds, of each seed's mean over its runs that have it.

    A share that is 0 or 1 in every run counts as a yes or no of its seed.
    """
    from analysis.means import mean_interval, share_interval

    name, found = settings["measure"], numbers_of_measure(evidence, settings)
    means = list(found.by_seed().values())
    yes_or_no = is_share(name) and set(found.values) <= {0.0, 1.0}
    interval = share_interval(means) if yes_or_no else mean_interval(means, range_of(name))
    told = f"mean of {name}{_told(settings.get('where'))} over {len(means)} seeds{found.absent}:"
    return interval, told, len(found.values)


def numbers_of_measure(evidence: Evidence, settings: Mapping[str, Any]) -> Numbers:
    """Return the numbers that ``measure_within`` looks at.

    Raises: ValueError where the runs do not have the measure, or too few of them.
    """
    name = settings["measure"]
    _check(evidence, name)
    rows = evidence.every(settings.get("where"))
    return _present(name, rows[name], rows["data_seed"], "runs")


def measure_change(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the mean difference of a measure between two arms, paired by seed and the axes that neither names."""
    from analysis.evidence import words
    from analysis.means import mean_interval

    (first, second), found = arms(settings), numbers_of_change(evidence, settings)
    told = f"{settings['measure']} at {words(second)} minus that at {words(first)}{_told(settings.get('where'))}"
    least, most = range_of(settings["measure"])
    widest = None if least is None or most is None else most - least
    interval = mean_interval(list(found.by_seed().values()), (None if widest is None else -widest, widest))
    return interval, f"{told}, paired by seed{found.absent}:", 2 * len(found.values)


def numbers_of_change(evidence: Evidence, settings: Mapping[str, Any]) -> Numbers:
    """Return the differences that ``measure_change`` looks at.

    Raises: ValueError where the runs do not have the measure, or too few pairs do.
    """
    name = settings["measure"]
    _check(evidence, name)
    rows = evidence.paired(*arms(settings), settings.get("where"))
    change = numbers(rows[f"{name}_b"]) - numbers(rows[name])
    return _present(name, change, rows["data_seed"], "pairs")


def share_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the share of runs that saw the event by the step that all of them were watched to."""
    from analysis.means import share_interval

    found = numbers_of_share(evidence, settings)
    shares, count = list(found.by_seed().values()), len(found.values)
    horizon = watched_to(evidence.every(settings.get("where")))
    several = f", {count} runs counted as {len(shares)} seeds" if count > len(shares) else ""
    words = f"share of runs{_told(settings.get('where'))} that {evidence.event.seen} by step {horizon:,.0f}{several}:"
    return share_interval(shares), words, count


def numbers_of_share(evidence: Evidence, settings: Mapping[str, Any]) -> Numbers:
    """Return for ``share_within`` 1 for each run that saw the event by the step that all were watched to, else 0."""
    rows = evidence.every(settings.get("where"))
    horizon = watched_to(rows)
    seen = [float(upper is not None and upper <= horizon) for upper in rows["upper"]]
    return Numbers(seen, rows["data_seed"].to_list())


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


def _present(name: str, column: pl.Series, seeds: pl.Series, kind: str) -> Numbers:
    """Return the values that there are, their seeds, and how many are absent.

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
    return Numbers([value for value, _ in pairs], [seed for _, seed in pairs], lacking, told)


def _told(where: Mapping[str, Any] | None) -> str:
    from analysis.evidence import words

    return f" where {words(where)}" if where else ""
