"""Numbers of runs or pairs, and the seed of each: what rules about measures and shares look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from analysis.evidence import Evidence
    from analysis.looked import Looked

LEAST_SEEDS = 6  # that must have a value


@dataclass(frozen=True)
class Numbers:
    """One number per run or pair, and its seed. ``silent``: how many have none; ``absent``: the same in words."""

    values: list[float]
    seeds: list[object]
    silent: int = 0
    absent: str = ""

    def by_seed(self) -> dict[object, float]:
        """Return the mean of each seed's numbers."""
        from analysis.means import by_seed

        return dict(zip(dict.fromkeys(self.seeds), by_seed(self.values, self.seeds), strict=True))

    def looked(self) -> Looked:
        """Return one known number per seed."""
        import numpy as np

        from analysis.looked import Looked

        means = self.by_seed()
        values = np.array(list(means.values()), dtype=float)
        return Looked(values, values, list(means), self.silent)


def known(evidence: Evidence, measure: str) -> None:
    """Pass where the runs have a measure.

    Raises: ValueError that lists those they have.
    """
    if measure not in evidence.measures:
        raise ValueError(f"the runs have no measure {measure!r}; measures: {', '.join(evidence.measures) or 'none'}")


def numbers(column: pl.Series) -> pl.Series:
    """Return a column of measures as numbers; an empty one may have been read as text."""
    import polars as pl

    return column.cast(pl.Float64)


def present(measure: str, column: pl.Series, seeds: pl.Series, kind: str) -> Numbers:
    """Return the existing values, their seeds, and how many runs or pairs have none.

    Raises: ValueError where too few seeds have one.
    """
    pairs = [pair for pair in zip(numbers(column), seeds, strict=True) if pair[0] is not None]
    lacking = len(column) - len(pairs)
    found = len({seed for _, seed in pairs})
    if found < LEAST_SEEDS:
        raise ValueError(
            f"{measure} is absent in {lacking} of {len(column)} {kind}; {found} seeds have it, {LEAST_SEEDS} are needed"
        )
    told = f" (absent in {lacking} of {len(column)} {kind})" if lacking else ""
    return Numbers([value for value, _ in pairs], [seed for _, seed in pairs], lacking, told)
