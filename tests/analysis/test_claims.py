"""Verdicts by equivalence, on sweeps whose law is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_laws import LEVELS, planted

from analysis.claims import Claim, Verdict, equivalence, holm, judge, p_value
from analysis.evidence import Evidence
from analysis.interval import Interval
from analysis.likelihood import Times
from analysis.rules import Rule
from search_spaces import DroppingShift, FloorShare, ParameterWithin, RatioWithin

ABOUT_ONE = ParameterWithin("exponent", low=0.8, high=1.25)


def rows_of(times: Times, **fields: Any) -> pl.DataFrame:
    """Return a timeline in which every level has the same seeds and all memorised at step 40."""
    upper = [None if not np.isfinite(end) else float(end) for end in times.upper]
    seeds = np.tile(np.arange(len(times.x) // len(LEVELS)), len(LEVELS))
    frame = {"x": times.x, "lower": times.lower, "upper": upper, "data_seed": seeds}
    outcomes = ["not yet" if end is None else "grokked" for end in upper]
    memorised = {"memorised_lower": [30.0] * len(upper), "memorised_upper": [40.0] * len(upper)}
    return pl.DataFrame({**frame, **memorised, "outcome": outcomes, **fields})


def evidence(rows: pl.DataFrame, **settings: Any) -> Evidence:
    return Evidence(rows, x="x", laws=("floor_power", "power"), primary_law="floor_power", **settings)


def verdict(times: Times, rule: Rule) -> Verdict:
    return judge(Claim(name="claim", statement="…", rule=rule), evidence(rows_of(times)))


def test_exponent_one_holds_when_planted_and_fails_when_two_is() -> None:
    assert verdict(planted(seeds=30, spread=0.1), ABOUT_ONE).verdict == "holds"
    steep = planted(seeds=30, spread=0.1, exponent=2.0)
    assert verdict(steep, ABOUT_ONE).verdict == "fails"


def test_wide_intervals_leave_the_exponent_undecided() -> None:
    noisy = planted(seeds=4, spread=0.6)
    assert verdict(noisy, ABOUT_ONE).verdict == "undecided"


def test_an_exponent_needs_events_at_three_levels_above_the_floor() -> None:
    near_the_floor = planted(seeds=8, spread=0.1, budget=700)
    found = verdict(near_the_floor, ABOUT_ONE)
    assert found.verdict == "undecided" and "2 levels above the floor" in found.evidence


def test_floor_share_tells_a_floor_from_none() -> None:
    assert verdict(planted(seeds=20, spread=0.1), FloorShare(low=0.5)).verdict == "holds"
    assert verdict(planted(seeds=20, spread=0.1, floor=0.0), FloorShare(low=0.5)).verdict == "fails"


def test_dropping_shift_is_seen_only_when_runs_are_censored() -> None:
    rule = DroppingShift("exponent", high=-0.05)
    censored = planted(seeds=40, spread=0.4, budget=1500)
    assert verdict(censored, rule).verdict == "holds"
    assert verdict(planted(seeds=20), rule).effect == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.9, 1.1, "holds"),
        (0.7, 1.1, "undecided"),
        (1.3, 2.0, "fails"),
        (None, None, "undecided"),
        (0.8, 1.25, "holds"),
    ],
)
def test_equivalence_reads_the_whole_interval(low: float | None, high: float | None, expected: str) -> None:
    assert equivalence(low, high, within=(0.8, 1.25)) == expected


ends = st.one_of(st.none(), st.floats(-3, 3))


@given(st.floats(-3, 3), ends, ends, st.floats(-2, 1), st.floats(0, 2), st.sampled_from([None, 4, 7]))
def test_p_is_below_five_per_cent_just_where_the_interval_decides(
    estimate: float, low: float | None, high: float | None, limit: float, width: float, freedom: int | None
) -> None:
    low = None if low is None else min(low, estimate - 1e-3)
    high = None if high is None else max(high, estimate + 1e-3)
    within = (limit, limit + width)
    if any(end is not None and abs(end - edge) < 1e-6 for end in (low, high) for edge in within):
        return
    decided = equivalence(low, high, within=within) != "undecided"
    assert (p_value(Interval(estimate, low, high, freedom), within) < 0.05) == decided


def test_holm_multiplies_the_smallest_p_by_the_number_of_claims_that_were_run() -> None:
    def made(verdict: str, p: float | None) -> Verdict:
        return Verdict("claim", verdict, "", "", "", p=p)

    given_ = [made("holds", 0.02), made("fails", 0.001), made("not run", None), made("undecided", None)]
    assert holm(given_) == [
        (pytest.approx(0.04), "holds"),
        (pytest.approx(0.003), "fails"),
        (None, "not run"),
        (1.0, "undecided"),
    ]
    assert holm([made("holds", 0.03), made("holds", 0.04)])[1] == (pytest.approx(0.06), "undecided")


def test_levels_that_did_not_memorise_are_outside_the_fit() -> None:
    times = planted(seeds=8, spread=0.1)
    rows = rows_of(times).with_columns(
        memorised_upper=pl.when(pl.col("x") == LEVELS[0]).then(None).otherwise(pl.col("memorised_upper"))
    )
    found = evidence(rows, least_memorised=0.8)
    assert found.left_out == [LEVELS[0]]
    assert found.fit().events == 8 * (len(LEVELS) - 1)
    assert evidence(rows).left_out == []
    nobody = evidence(rows.with_columns(memorised_upper=pl.lit(None, pl.Float64)), least_memorised=0.8)
    with pytest.raises(ValueError, match="at no level have 80% of the runs memorised"):
        nobody.fits()


def test_the_delay_is_counted_from_memorising() -> None:
    times = planted(seeds=8, spread=0.1, floor=0.0)
    rows = rows_of(times).with_columns(memorised_lower=pl.col("lower") - 20, memorised_upper=pl.col("lower"))
    assert evidence(rows).fit("constant", quantity="delay").values["scale"] < 41
    assert evidence(rows).fit("constant").values["scale"] > 200


def test_a_ratio_pairs_runs_by_seed_and_level() -> None:
    slow = planted(seeds=8, spread=0.4)
    fast = Times(slow.x, slow.lower / 2, slow.upper / 2)
    rows = pl.concat([rows_of(slow, arm="slow"), rows_of(fast, arm="fast").sample(fraction=1.0, shuffle=True, seed=0)])
    rule = RatioWithin(first={"arm": "slow"}, second={"arm": "fast"}, high=0.8)
    found = judge(Claim(name="claim", statement="…", rule=rule), evidence(rows, strata=["arm"]))
    assert found.verdict == "holds" and found.effect == pytest.approx(0.5, rel=0.03)
