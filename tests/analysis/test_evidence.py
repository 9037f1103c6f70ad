"""What pairs of runs may be compared."""

from __future__ import annotations

import polars as pl
import pytest

from analysis.evidence import Evidence


def evidence(rows: list[dict[str, object]]) -> Evidence:
    facts = [{"memorised_upper": 90, "outcome": "grokked", **row} for row in rows]
    return Evidence(pl.DataFrame(facts), x="kl_strength", laws=("power",), primary_law="power", least_memorised=0.8)


def test_runs_without_any_prior_can_be_paired_though_no_law_counts_them() -> None:
    rows = [
        {"data_seed": seed, "kl_strength": strength, "lower": upper - 10, "upper": upper}
        for seed in range(4)
        for strength, upper in ((0.0, 1000 + 50 * seed), (0.1, 600), (1.0, 500 + 25 * seed))
    ]
    made = evidence(rows)
    assert set(made.part()["kl_strength"]) == {0.1, 1.0} and made.left_out == [0.0]
    found = made.contrast({"kl_strength": 0.0}, {"kl_strength": 1.0})
    assert (found.pairs, found.sooner) == (4, 4)
    assert found.ratio.estimate == pytest.approx(0.5, abs=0.02)
