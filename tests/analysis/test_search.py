"""What a search found: censored runs count, ties go to the reference, and the claim looks at fresh seeds only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from analysis.search import best_of, trials
from analysis.table import BEST, REFERENCE
from orchestrator.reports.answers import answers
from search_spaces._experiment import Experiment
from search_spaces.fastest_grokking import BEST_OF_THE_GRID, EXPERIMENT

NAMES = ["kl_strength", "weight_decay"]
OTHER = {"kl_strength": 3.0, "weight_decay": 2.0}


def runs(steps: dict[str, list[int | None]], *, seeds: range, status: str = "budget") -> list[dict[str, Any]]:
    """Return wide rows of the reference and another point, None where a run was censored at 2,479 steps."""
    points = {REFERENCE: BEST_OF_THE_GRID, BEST: OTHER}
    return [
        {
            "id": f"{arm} {seed}",
            "data_seed": seed,
            "status": "observed" if upper else status,
            "steps": upper or 2479,
            **points[arm],
            **{
                f"{event}_{threshold:g}_{part}": value
                for event in ("memorised", "grokked")
                for threshold in (0.9, 0.95, 0.99)
                for part, value in (("lower", upper - 20 if upper else 2479), ("upper", upper), ("relapses", 0))
            },
        }
        for arm, times in steps.items()
        for seed, upper in zip(seeds, times, strict=True)
    ]


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


def answered(choosing: dict[str, list[int | None]], fresh: dict[str, list[int | None]]) -> dict[str, Any]:
    rows = runs(choosing, seeds=range(4)) + (runs(fresh, seeds=range(8, 16)) if fresh else [])
    return answers(EXPERIMENT, "laptop", frame(rows))


@pytest.mark.parametrize("status", ["budget", "diverged"])
def test_a_run_without_the_event_counts_as_the_horizon_however_it_ended(status: str) -> None:
    rows = frame(runs({REFERENCE: [500, None], BEST: [900, 900]}, seeds=range(2), status=status))
    table = rows.rename({f"grokked_0.99_{part}": part for part in ("lower", "upper")})
    found = trials(table, NAMES, horizon=2000, seeds=range(2))
    assert found["restricted_mean"].to_list() == [900, (500 + 2000) / 2]
    assert found["median"].to_list() == [900, 500] and found["grokked"].to_list() == [2, 1]
    assert best_of(found, NAMES, BEST_OF_THE_GRID) == OTHER


def test_a_point_counts_once_all_its_seeds_have_ended_and_other_seeds_never_count() -> None:
    rows = frame(runs({REFERENCE: [500, 700, 9]}, seeds=range(3)) + runs({BEST: [300]}, seeds=range(1)))
    table = rows.rename({f"grokked_0.99_{part}": part for part in ("lower", "upper")})
    assert trials(table, NAMES, horizon=2000, seeds=(0, 1))["restricted_mean"].to_list() == [600]


def test_an_event_after_the_horizon_counts_as_the_horizon() -> None:
    rows = frame(runs({REFERENCE: [500, 2400]}, seeds=range(2)))
    table = rows.rename({f"grokked_0.99_{part}": part for part in ("lower", "upper")})
    assert trials(table, NAMES, horizon=1000, seeds=range(2))["restricted_mean"].to_list() == [750]


def test_among_equals_the_reference_is_the_best_and_leaves_the_claim_open() -> None:
    facts = answered({REFERENCE: [500] * 4, BEST: [500] * 4}, {REFERENCE: [500] * 8})
    assert facts["claims"][0]["verdict"] == "undecided"
    assert facts["claims"][0]["evidence"] == "no point did better than the reference on the seeds that choose"


def test_the_claim_holds_and_fails_by_fresh_seeds_not_by_those_that_chose() -> None:
    lucky: dict[str, list[int | None]] = {REFERENCE: [800] * 4, BEST: [200] * 4}
    slower = answered(lucky, {REFERENCE: [500, 520, 540, 560] * 2, BEST: [900, 940, 980, 1000] * 2})
    assert slower["claims"][0]["verdict"] == "fails" and slower["claims"][0]["effect"] == pytest.approx(1.8, abs=0.1)
    sooner = answered(lucky, {REFERENCE: [500, 520, 540, 560] * 2, BEST: [250, 260, 270, 280] * 2})
    assert sooner["claims"][0]["verdict"] == "holds" and sooner["claims"][0]["effect"] == pytest.approx(0.5, abs=0.05)
    assert [row["claims"]["beats_the_grid"] for row in sooner["sensitivity"]] == ["holds"] * 3


def test_an_unfinished_search_says_what_is_missing() -> None:
    lucky: dict[str, list[int | None]] = {REFERENCE: [800] * 4, BEST: [200] * 4}
    assert "not both been measured" in answered(lucky, {})["claims"][0]["evidence"]
    part = answers(EXPERIMENT, "laptop", frame(runs({REFERENCE: [800] * 2}, seeds=range(2))))
    assert part["answer"].startswith("No point has ended on all of its seeds") and not part["trials"]


def test_a_search_in_which_nothing_grokked_names_no_best_point() -> None:
    facts = answered({REFERENCE: [None] * 4, BEST: [None] * 4}, {REFERENCE: [None] * 8})
    assert facts["answer"] == "At none of 2 points did a network grok within the budget."


def test_the_registration_covers_the_search_but_not_what_it_chose() -> None:
    def searched(**changes: Any) -> Experiment:
        return EXPERIMENT.with_search("laptop", **changes)

    plain = EXPERIMENT.registration("laptop")
    assert searched(chosen=(OTHER,), confirmed=(OTHER,)).registration("laptop") == plain
    assert len({plain, searched(tries=17).registration("laptop"), searched(first=(OTHER,)).registration("laptop")}) == 3
    assert replace(EXPERIMENT, threshold=0.95).registration("laptop") != plain
