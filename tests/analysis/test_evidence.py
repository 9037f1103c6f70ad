"""What pairs of runs may be compared."""

from __future__ import annotations

import polars as pl
import pytest

from analysis.criteria import Criterion
from analysis.evidence import Evidence
from analysis.rules.share_within import ShareWithin


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


def watched(seed: int, strength: float, upper: int | None, other: int | None) -> dict[str, object]:
    """Return a run with the interval of its event and that of another, aligned@0.1."""
    ends = {"lower": 2000 if upper is None else upper - 10, "upper": upper}
    others = {f"aligned_0.1_{end}": value for end, value in (("lower", 0), ("upper", other), ("relapses", 0))}
    return {"data_seed": seed, "kl_strength": strength, **ends, **others}


def test_a_run_that_had_the_event_at_step_0_counts_in_shares_and_in_no_law_or_ratio() -> None:
    early = 1.0
    rows = [
        watched(seed, strength, 0 if strength == early and seed < 2 else upper, 5)
        for seed in range(6)
        for strength, upper in ((0.1, 600 + seed), (early, 300 + seed))
    ]
    made = evidence(rows)
    assert made.part().height == 10 and made.every().height == 12
    assert made.contrast({"kl_strength": 0.1}, {"kl_strength": early}).pairs == 4
    assert ShareWithin(where={"kl_strength": early}).numbers(made).values == [1.0] * 6
    assert all(fit.events == 10 for fit in made.fits())


def test_a_quantity_is_the_time_of_another_event_that_was_watched_for() -> None:
    rows = [watched(seed, strength, 500, 40 + seed) for seed in range(4) for strength in (0.1, 1.0)]
    aligned = Criterion(name="aligned", column="attention_kl", threshold=0.1, falls=True, noun="alignment")
    facts = [{"memorised_upper": 90, "outcome": "grokked", **row} for row in rows]
    made = Evidence(
        pl.DataFrame(facts), x="kl_strength", laws=("power",), primary_law="power", events={"aligned": aligned}
    )
    assert set(made.part(quantity="aligned")["upper"]) == {40, 41, 42, 43} and set(made.part()["upper"]) == {500}
    assert made.part(quantity="grokked").rows() == made.part().rows()
    assert made.told("aligned") == ", for the alignment step at 0.1" and made.told("grokked") == ""
    assert made.measures == []
    with pytest.raises(ValueError, match="not watched for 'sparse'"):
        made.part(quantity="sparse")
