"""The sentence on coverage speaks of sweeps like the study at hand, or says that none were simulated."""

from __future__ import annotations

import polars as pl
import pytest
from strengths import EXPERIMENT

from orchestrator.reports.answers import EMPTY, _would_change
from orchestrator.reports.calibrated import calibrated_words


def words(*, seeds: int = 8, levels: int = 6, censored: int = 0) -> str | None:
    """Return the sentence of a table in which so many runs are censored."""
    count = seeds * levels
    rows = {
        "kl_strength": [float(1 + row // seeds) for row in range(count)],
        "data_seed": [row % seeds for row in range(count)],
        "upper": [None if row < censored else 100 for row in range(count)],
    }
    return calibrated_words(EXPERIMENT, "laptop", pl.DataFrame(rows, schema_overrides={"upper": pl.Int64}))


@pytest.mark.parametrize(
    ("table", "told", "untold"),
    [
        ({}, "with up to 30 % censored runs", "60 %"),
        ({"censored": 14}, "with up to 30 % censored runs", "60 %"),
        ({"censored": 18}, "Of the runs here 37.5 % are censored", "30 %"),
        ({"censored": 30}, "This study has 62.5 % censored runs: how often", "planted"),
        ({"seeds": 3}, "This study has 3 seeds: how often", "planted"),
        ({"seeds": 11}, "This study has 11 seeds: how often", "planted"),
        ({"levels": 4, "seeds": 1}, "This study has 1 seed and 4 levels: how often", "planted"),
        ({"levels": 12}, "This study has 12 levels: how often", "planted"),
    ],
)
def test_the_sentence_stands_only_where_its_conditions_hold(table: dict[str, int], told: str, untold: str) -> None:
    found = words(**table)
    assert found is not None and told in found and untold not in found


def test_without_a_law_there_is_no_sentence() -> None:
    assert words(levels=1) is None


def test_an_undecided_claim_says_which_number_of_seeds_would_decide_it() -> None:
    claims = [
        {"name": claim.name, "verdict": "undecided", "effect": 1.0, "low": 0.5, "high": 1.5}
        for claim in EXPERIMENT.claims
        if claim.name == "inverse_scaling"
    ]
    found = _would_change(EXPERIMENT, {**EMPTY, "claims": claims}, 8)
    assert found == [
        "More seeds: about 37 seeds in place of 8 would say that inverse_scaling holds, if its estimate stays at 1.",
        "Another estimate: with an interval as wide for inverse_scaling, no estimate would hold, one below 0.3 or "
        "above 1.75 would fail.",
    ]
