"""How often the intervals of a study's laws contain the truth, from simulated sweeps like it, if there were any.

The numbers are those of ``docs/results/calibration.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from analysis.numerals import counted
from orchestrator.reports.levels import groups
from search_spaces._experiment import Experiment

SEEDS, LEVELS = (5, 10), (6, 10)  # of the simulated sweeps
USUAL, MOST = 0.3, 0.6  # shares of censored runs that were simulated
USUAL_COVERAGE, SPREAD_GROWS, OTHER_LAW = (0.93, 0.98), 0.91, 0.745  # of the exponent's interval
MOST_COVERAGE = (0.87, 0.96)
SIMULATED = f"sweeps of {SEEDS[0]} to {SEEDS[1]} seeds and {LEVELS[0]} to {LEVELS[1]} levels"


def calibrated_words(experiment: Experiment, scale: str, rows: pl.DataFrame) -> str | None:
    """Return in words how often intervals contained the truth in simulated sweeps like the parts with a law.

    A part with one level has no law. None where no part has one.
    """
    parts = [part for _, part in groups(experiment, scale, rows) if part[experiment.x].n_unique() > 1]
    if not parts:
        return None
    if outside := list(_outside(experiment.x, parts)):
        return (
            f"How often such intervals hold the truth was simulated for {SIMULATED} with up to {_share(MOST)} censored "
            f"runs. This study has {' and '.join(outside)}: how often they do there is not known."
        )
    censored = max(_censored(part) for part in parts)
    return _usual() if censored <= USUAL else _many(censored, several=len(parts) > 1)


def _usual() -> str:
    return (
        f"In simulated {SIMULATED} with up to {_share(USUAL)} censored runs, such intervals held the planted exponent "
        f"in {_from_to(USUAL_COVERAGE)} of cases, in {_share(SPREAD_GROWS)} where the spread grew with the step, and "
        f"in {_share(OTHER_LAW)} where the truth was a law of another form: compare the laws before reading a constant "
        "of one."
    )


def _many(censored: float, *, several: bool) -> str:
    return (
        f"Of the runs{' of one part' if several else ''} here {_share(censored)} are censored. In simulated "
        f"{SIMULATED} with {_share(MOST)} censored runs, such intervals held the planted exponent in "
        f"{_from_to(MOST_COVERAGE)} of cases, least often with 5 seeds, and were wide: a larger budget narrows them."
    )


def _share(value: float) -> str:
    return f"{100 * value:.3g} %"


def _from_to(shares: tuple[float, float]) -> str:
    return f"{100 * shares[0]:.3g} to {_share(shares[1])}"


def _outside(x: str, parts: list[pl.DataFrame]) -> Iterator[str]:
    """Yield in words in what a study was unlike all simulated sweeps."""
    ranges = (
        ("seed", [part["data_seed"].n_unique() for part in parts], SEEDS),
        ("level", [part[x].n_unique() for part in parts], LEVELS),
    )
    for noun, counts, (least, most) in ranges:
        far = next((count for count in (min(counts), max(counts)) if not least <= count <= most), None)
        if far is not None:
            yield f"{counted(far, noun)}{' in a part' if len(parts) > 1 else ''}"
    censored = max(_censored(part) for part in parts)
    if censored > MOST:
        yield f"{_share(censored)} censored runs{' in a part' if len(parts) > 1 else ''}"


def _censored(part: pl.DataFrame) -> float:
    return part["upper"].null_count() / part.height
