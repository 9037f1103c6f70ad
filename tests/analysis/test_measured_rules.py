"""Claims about measures and shares: known intervals, absent values, and fields that hold none, text or flags."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.claims import Claim, Verdict, judge
from analysis.evidence import Evidence
from analysis.rules import Rule
from search_spaces import EveryWithin, MeasureChange, MeasureWithin, RatioWithin, ShareWithin

SEEDS = 8
NUMBERS = np.array([0.3, 0.5, 0.4, 0.9, 0.1, 0.6, 0.7, 0.45])


def runs(**columns: Any) -> pl.DataFrame:
    """Return a timeline of two arms and eight seeds: with clipping all grok at 300, without it none by 1000."""
    clip = [None] * SEEDS + [1.0] * SEEDS
    facts = {
        "id": [str(row) for row in range(2 * SEEDS)],
        "data_seed": [*range(SEEDS)] * 2,
        "clip_norm": clip,
        "matched": [each is None for each in clip],
        "prior": ["none" if each is None else "oracle" for each in clip],
        "lower": [1000] * SEEDS + [290] * SEEDS,
        "upper": [None] * SEEDS + [300] * SEEDS,
        "memorised_upper": [60] * 2 * SEEDS,
        "outcome": ["not yet"] * SEEDS + ["grokked"] * SEEDS,
        "gap": [*NUMBERS, *(NUMBERS**2 + 1)],
        "kl_decay_algebraic": [1.0] * 2 * SEEDS,
        "never": [None] * 2 * SEEDS,
    }
    return pl.DataFrame({**facts, **columns})


def verdict(rows: pl.DataFrame, rule: Rule, *, x: str = "prior") -> Verdict:
    """Return the verdict on the table as it is read back from a CSV file."""
    again = pl.read_csv(io.StringIO(rows.write_csv()), infer_schema_length=None)
    return judge(Claim(name="c", statement="s.", rule=rule), Evidence(again, x=x, laws=(), primary_law=""))


def test_a_measure_has_the_t_interval_over_seeds() -> None:
    found = verdict(runs(), MeasureWithin("gap", where={"clip_norm": None}, low=0.0))
    expected = stats.ttest_1samp(NUMBERS, 0.0).confidence_interval(0.95)
    assert (found.effect, found.low, found.high) == pytest.approx((NUMBERS.mean(), *expected))
    assert (found.verdict, found.replicas) == ("holds", SEEDS)
    assert "mean of gap where clip_norm = none over 8 seeds:" in found.evidence


def test_runs_of_a_seed_count_once_in_the_mean() -> None:
    found = verdict(runs(), MeasureWithin("gap"))
    means = (NUMBERS + NUMBERS**2 + 1) / 2
    assert (found.effect, found.high) == pytest.approx(
        (means.mean(), stats.ttest_1samp(means, 0.0).confidence_interval(0.95).high)
    )


def test_absent_values_are_counted_in_the_words_and_too_many_leave_it_undecided() -> None:
    holes = [None if seed < 2 else value for seed, value in enumerate(NUMBERS)] + [None] * SEEDS
    found = verdict(runs(gap=holes), MeasureWithin("gap", low=0.0))
    assert found.verdict == "holds" and "over 6 seeds (absent in 10 of 16 runs)" in found.evidence
    for measure, reason in (("never", "never is absent in 16 of 16 runs; 0 seeds have it, 6 are needed"),):
        found = verdict(runs(), MeasureWithin(measure, low=0.0))
        assert (found.verdict, found.evidence) == ("undecided", reason)


def test_an_unknown_measure_is_undecided_and_lists_what_there_is() -> None:
    found = verdict(runs(), MeasureWithin("gpa"))
    assert found.verdict == "undecided" and "no measure 'gpa'; measures: " in found.evidence
    assert "gap" in found.evidence and "outcome" not in found.evidence


def test_equal_values_decide_only_where_they_are_yes_or_no() -> None:
    same = verdict(runs(gap=[0.2] * 16), MeasureWithin("gap", high=0.5))
    assert same.verdict == "undecided" and "0.2 at all of 8 seeds" in same.evidence
    flag = verdict(runs(), MeasureWithin("kl_decay_algebraic", low=0.6))
    exact = stats.binomtest(8, 8).proportion_ci(method="exact")
    assert (flag.verdict, flag.low, flag.high) == ("holds", pytest.approx(exact.low), 1.0)


@pytest.mark.parametrize("where", [None, {"matched": True}, {"prior": "none"}, {"clip_norm": None}])
def test_the_share_of_runs_that_grokked_counts_each_seed_once(where: dict[str, Any] | None) -> None:
    found = verdict(runs(), ShareWithin(where=where, high=0.6))
    assert found.effect == (0.5 if where is None else 0.0)
    exact = stats.binomtest(4 if where is None else 0, 8).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert ("16 runs counted as 8 seeds" in found.evidence) == (where is None)
    assert "grokked by step 1,000" in found.evidence


def test_a_run_that_grokked_after_the_common_horizon_has_not_grokked_by_then() -> None:
    lower = [400] + [1000] * 7 + [290] * SEEDS
    late = runs(lower=lower, upper=[None, 900] + [None] * 6 + [300] * SEEDS)
    outcomes = ["not yet", "grokked"] + ["not yet"] * 6 + ["grokked"] * SEEDS
    found = verdict(late.with_columns(outcome=pl.Series(outcomes)), ShareWithin(where={"matched": True}))
    assert found.effect == 0.0 and "by step 400" in found.evidence
    outcomes[0] = "diverged"
    found = verdict(late.with_columns(outcome=pl.Series(outcomes)), ShareWithin(where={"matched": True}))
    assert found.effect == pytest.approx(1 / 8) and "by step 1,000" in found.evidence


def test_a_change_is_paired_by_seed_with_none_as_a_value() -> None:
    rule = MeasureChange("gap", first={"clip_norm": None}, second={"clip_norm": 1.0}, low=0.1)
    found = verdict(runs(), rule, x="clip_norm")
    change = NUMBERS**2 + 1 - NUMBERS
    expected = stats.ttest_rel(NUMBERS**2 + 1, NUMBERS).confidence_interval(0.95)
    assert (found.effect, found.low, found.high) == pytest.approx((change.mean(), *expected))
    assert "gap at clip_norm = 1 minus that at clip_norm = none, paired by seed:" in found.evidence
    assert (found.verdict, found.replicas) == ("holds", 16)


def test_pairs_without_a_value_are_counted() -> None:
    holes = [None, *NUMBERS[1:], *(NUMBERS + 1 + NUMBERS**2)]
    rule = MeasureChange("gap", first={"matched": True}, second={"matched": False})
    found = verdict(runs(gap=holes), rule, x="matched")
    assert "absent in 1 of 8 pairs" in found.evidence and found.replicas == 14


def test_a_ratio_takes_none_as_an_arm_and_pairs_other_axes_that_hold_none() -> None:
    slower = runs(arm=["b"] * 16).with_columns(pl.col("lower", "upper") * 2)
    both = pl.concat([runs(arm=["a"] * 16), slower])
    again = pl.read_csv(io.StringIO(both.write_csv()), infer_schema_length=None)
    made = Evidence(again, x="clip_norm", laws=(), primary_law="", strata=["arm"])
    assert made.paired({"arm": "a"}, {"arm": "b"}).height == 16  # null is a value of clip_norm
    rule = RatioWithin(first={"clip_norm": None}, second={"clip_norm": 1.0}, where={"arm": "a"}, high=0.5)
    found = judge(Claim(name="c", statement="s.", rule=rule), made)
    assert found.verdict == "holds" and "clip_norm = 1 over that at clip_norm = none" in found.evidence


def test_arms_may_differ_in_several_fields_and_are_paired_on_the_others() -> None:
    plain = runs(schedule=["constant"] * 16, schedule_steps=[0] * 16).filter(pl.col("upper").is_not_null())
    early = plain.with_columns(pl.lit("early").alias("schedule"), pl.lit(300).alias("schedule_steps"))
    later = early.with_columns(pl.lit(500).alias("schedule_steps"), pl.col("lower", "upper") * 4)
    rows = pl.concat([plain, early.with_columns(pl.col("lower", "upper") * 2), later], how="vertical_relaxed")
    made = Evidence(rows, x="clip_norm", laws=(), primary_law="", strata=["schedule", "schedule_steps"])
    rule = RatioWithin(
        first={"schedule": "constant", "schedule_steps": 0},
        second={"schedule": "early", "schedule_steps": 300},
        low=1.5,
    )
    found = judge(Claim(name="c", statement="s.", rule=rule), made)
    assert found.effect == pytest.approx(2, rel=0.05) and found.replicas == 16
    assert (
        "schedule = early, schedule_steps = 300 over that at schedule = constant, schedule_steps = 0" in found.evidence
    )


def test_steps_spent_before_an_arm_began_count() -> None:
    def judged(**added: str | None) -> Verdict:
        rule = RatioWithin(first={"clip_norm": None}, second={"clip_norm": 1.0}, **added)
        return judge(Claim(name="c", statement="s.", rule=rule), made)

    made = Evidence(
        runs(lower=[90] * 8 + [290] * 8, upper=[100] * 8 + [300] * 8, parent_steps=[500] * 16),
        x="clip_norm",
        laws=(),
        primary_law="",
    )
    for added, ratio in ((None, 3.0), ("parent_steps", 8.0)):
        assert judged(second_added=added).effect == pytest.approx(ratio, rel=0.1)
    told = judged(second_added="parent_steps").evidence
    assert "clip_norm = 1 with its parent_steps added over that at clip_norm = none" in told
    for field in ("prior_steps", "data_seed"):
        assert "no single value" in judged(first_added=field).evidence


def test_without_laws_no_level_is_outside_the_fits() -> None:
    rows = runs(weight_decay=[0.0] * SEEDS + [1.0] * SEEDS)
    assert Evidence(rows, x="weight_decay", laws=(), primary_law="", least_memorised=1.0).left_out == []
    assert Evidence(rows, x="weight_decay", laws=("power",), primary_law="power").left_out == [0.0]


@pytest.mark.parametrize(
    "limits, worst, beyond, said",
    [
        ({"high": 1.0}, 0.9, 0, "holds"),
        ({"high": 0.8}, 0.9, 1, "fails"),
        ({"low": 0.35}, 0.1, 2, "fails"),
        ({"low": 0.2, "high": 0.89}, 0.1, 2, "fails"),
    ],
)
def test_one_run_beyond_refutes_what_is_said_of_every_run(
    limits: dict[str, float], worst: float, beyond: int, said: str
) -> None:
    found = verdict(runs(), EveryWithin("gap", where={"clip_norm": None}, **limits))
    assert (found.effect, found.low, found.high, found.verdict) == (worst, worst, worst, said)
    assert f"worst gap where clip_norm = none of 8 runs, {beyond} of them beyond: {worst};" in found.evidence
    assert "interval" not in found.evidence and found.p == 0.0


def test_nothing_is_said_of_every_run_where_one_has_no_number() -> None:
    broken = [float("nan"), *NUMBERS[1:], *NUMBERS]
    rows = runs(gap=broken)
    found = judge(
        Claim(name="c", statement="s.", rule=EveryWithin("gap", high=1.0)),
        Evidence(rows, x="prior", laws=(), primary_law=""),
    )
    assert (found.verdict, found.evidence) == ("undecided", "gap is no number in 1 of 16 runs")
