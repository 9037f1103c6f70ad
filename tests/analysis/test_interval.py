"""Intervals stay in the range of their quantity, draw no random number, and say how near a limit they can tell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_claims import evidence, rows_of
from test_laws import LEVELS, planted

from analysis.claims import Claim, equivalence, judge, p_value, verdict_on
from analysis.evidence import Evidence
from analysis.interval import (
    END_TOLERANCE,
    MOST_LEFT_OUT,
    FittedInterval,
    Interval,
    dealt,
    jackknife,
    rows_without_each,
)
from analysis.intervals import intervals
from analysis.laws import law_named, law_names
from analysis.likelihood import Times
from analysis.rules import Answer, Rule, rule_names
from search_spaces import (
    DroppingShift,
    EveryWithin,
    FloorShare,
    MeasureChange,
    MeasureWithin,
    ParameterWithin,
    RatioWithin,
    ShareWithin,
    SlopeWithin,
)

ends = st.one_of(st.none(), st.floats(-3, 3))
RATIO = (0.0, None)
SHARE = (0.0, 1.0)
SEEDS = 8


def inside(interval: Interval) -> bool:
    """Return whether both ends lie in the range of the quantity."""
    least, most = interval.least, interval.most
    low_is_inside = least is None or (interval.low is not None and interval.low >= least)
    return low_is_inside and (most is None or (interval.high is not None and interval.high <= most))


def sweep(seed: int, spread: float, floor: float, budget: int) -> Times:
    """Return a planted sweep of eight seeds."""
    return planted(seeds=SEEDS, seed=seed, spread=spread, floor=floor, budget=budget)


@given(st.floats(0, 1), ends, ends, st.sampled_from([SHARE, RATIO, (-1.0, 1.0), (None, 1.0), (None, None)]))
def test_ends_are_cut_to_the_range_and_stay_there_when_widened(
    estimate: float, low: float | None, high: float | None, limits: tuple[float | None, float | None]
) -> None:
    for kind in (Interval, FittedInterval):
        found = kind(estimate, low, high, 7, *limits)
        assert inside(found) and inside(found.widened())


def test_the_interval_from_leaving_out_each_seed_is_students_for_a_mean() -> None:
    values = np.array([0.3, 0.5, 0.4, 0.9, 0.1, 0.6, 0.7])
    without = [float(np.delete(values, place).mean()) for place in range(len(values))]
    found, expected = (
        jackknife(float(values.mean()), without, limits=(None, None)),
        stats.ttest_1samp(values, 0).confidence_interval(0.95),
    )
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_floor_that_stays_at_zero_has_an_end_above_it() -> None:
    found = {}
    for floor in (0.0, 400.0):
        times, law = planted(seeds=20, spread=0.1, floor=floor), law_named("floor_power")
        best = law.fit(times)
        found[floor] = intervals(law, times, best, list(np.tile(np.arange(20), len(LEVELS))))[0]["floor"]
    assert found[0.0].estimate == 0
    assert found[0.0].low == 0 < (found[0.0].high or math.inf) < 200
    assert found[400.0].low is not None and 200 < found[400.0].low < 400


def test_an_interval_that_hangs_on_one_seed_is_open_and_says_so() -> None:
    x, seeds = np.repeat(LEVELS, 2), np.tile([0, 1], len(LEVELS))
    upper = np.where((seeds == 0) | (x >= 1.0), 110.0 + 100 / x, np.inf)
    law, times = law_named("floor_power"), Times(x, np.where(np.isfinite(upper), upper - 10 - seeds, 1000.0), upper)
    found, how, note = intervals(law, times, law.fit(times), list(seeds))
    assert how == "none" and note is not None and "hangs on one seed" in note
    assert all((found[name].low, found[name].high) == (law.limits(name)[0], None) for name in law.free)


@pytest.mark.parametrize("law, hangs", [("power", False), ("floor_power", True), ("smoothly_broken_power", True)])
def test_hanging_on_a_group_is_what_leaving_out_each_finds(law: str, hangs: bool) -> None:
    x = np.repeat([0.1, 0.3, 1.0, 3.0], 3)
    seeds = ["c", "a", "b"] * 4
    upper = np.where((np.array(seeds) == "a") | (x < 0.5), 110.0 + 100 / x, np.inf)
    times = Times(x, np.where(np.isfinite(upper), upper - 10, 1000.0), upper)
    left = [len(np.unique(times.x[rows][times.observed[rows]])) for rows in rows_without_each(seeds)]
    assert (min(left) < len(law_named(law).free)) == hangs
    _, how, note = intervals(law_named(law), times, law_named(law).fit(times), seeds)
    assert (how == "none") == hangs and (f"events at {min(left)} levels" in (note or "")) == hangs


def test_few_groups_are_left_out_one_by_one_and_many_by_hands_of_whole_groups() -> None:
    few, many = list("abab"), [f"seed {number}" for number in range(250)] * 2
    assert dealt(few) is few
    hands = dealt(many)
    assert len(set(hands)) == MOST_LEFT_OUT and hands[:250] == hands[250:]
    sizes = [hands[:250].count(hand) for hand in set(hands)]
    assert {*sizes} == {2, 3}


def test_leaving_out_hands_of_groups_gives_students_interval_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(10.0, 2.0, 1000)
    remade = [float(values[rows].mean()) for rows in rows_without_each(dealt(range(1000)))]
    found = jackknife(float(values.mean()), remade, limits=(None, None))
    half = stats.t.ppf(0.975, 999) * values.std(ddof=1) / math.sqrt(1000)
    assert len(remade) == MOST_LEFT_OUT and found.high is not None
    assert found.high - found.estimate == pytest.approx(half, rel=0.2)


def test_many_groups_are_not_left_out_one_by_one() -> None:
    times = planted(seeds=MOST_LEFT_OUT + 1, spread=0.2)
    groups = list(np.tile(np.arange(MOST_LEFT_OUT + 1), len(LEVELS)))
    law = law_named("power")
    found, how, _ = intervals(law, times, law.fit(times), groups)
    assert how == "curvature, whole seed groups" and found["exponent"].high is not None


@pytest.mark.parametrize("name", law_names())
def test_other_starts_move_no_end_by_more_than_its_error(name: str) -> None:
    times = planted(seeds=SEEDS, spread=0.25)
    groups, law = list(np.tile(np.arange(SEEDS), len(LEVELS))), law_named(name)
    best = law.fit(times)
    found = intervals(law, times, best, groups)[0]
    nudged = law.fit(times, start={each: value * 1.02 for each, value in best.values.items()})
    again = intervals(law, times, nudged, groups)[0]
    for each in law.free:
        for one, other in ((found[each].low, again[each].low), (found[each].high, again[each].high)):
            if one is None or other is None or "broken" in name:
                continue
            assert abs(one - other) <= END_TOLERANCE * abs(one - found[each].estimate) + 1e-9


def test_an_end_within_its_error_of_a_limit_leaves_the_claim_undecided() -> None:
    within = (0.8, 1.25)
    for low, verdict in ((0.8002, "holds"), (0.80005, "undecided"), (0.79, "undecided")):
        found = FittedInterval(0.9, low, 1.0, 7)
        assert verdict_on(found, within) == verdict
        assert (p_value(found.widened(), within) < 0.05) == (verdict == "holds")
    assert verdict_on(Interval(0.9, 0.80005, 1.0, 7), within) == "holds"
    assert verdict_on(FittedInterval(1.3, 1.25004, 1.35, 7), within) == "undecided"


def test_the_words_say_that_an_end_lies_within_its_error() -> None:
    class Near(SlopeWithin):
        def answer(self, evidence: Evidence) -> Answer:
            return Answer(FittedInterval(0.9, 0.80005, 1.0, 7), "slope:", 8)

    claim = Claim(name="c", statement="s.", rule=Near("x", low=0.8, high=1.25))
    found = judge(claim, evidence(rows_of(planted(seeds=4, spread=0.2))))
    assert found.verdict == "undecided"
    assert "an end of the interval lies within its error (0.1 % of its distance)" in found.evidence


@given(st.floats(0.01, 0.99), ends, ends, st.floats(-1, 1.5), st.floats(0, 1), st.sampled_from([SHARE, RATIO]))
def test_p_is_below_five_per_cent_just_where_an_interval_in_a_range_decides(
    estimate: float,
    low: float | None,
    high: float | None,
    limit: float,
    width: float,
    limits: tuple[float | None, float | None],
) -> None:
    found = Interval(
        estimate,
        None if low is None else min(low, estimate - 1e-3),
        None if high is None else max(high, estimate + 1e-3),
        7,
        *limits,
    )
    within = (limit, limit + width)
    if any(end is not None and abs(end - edge) < 1e-6 for end in (found.low, found.high) for edge in within):
        return
    decided = equivalence(found.low, found.high, within=within) != "undecided"
    assert (p_value(found, within) < 0.05) == decided


NONE: tuple[float | None, float | None] = (None, None)
ARMS: dict[str, Any] = {"first": {"x": 0.05}, "second": {"x": 1.0}}
ASKED: tuple[tuple[Rule, tuple[float | None, float | None]], ...] = (
    (ParameterWithin("exponent"), RATIO),
    (ParameterWithin("floor"), RATIO),
    (ParameterWithin("scale", law="power"), RATIO),
    (FloorShare(), SHARE),
    (DroppingShift("exponent"), NONE),
    (SlopeWithin("x"), NONE),
    (RatioWithin(**ARMS), RATIO),
    (EveryWithin("mass_at_grok"), NONE),
    (MeasureWithin("mass_at_grok"), SHARE),
    (MeasureWithin("kl_at_grok"), RATIO),
    (MeasureWithin("structure_lead"), NONE),
    (MeasureChange("mass_at_grok", **ARMS), (-1.0, 1.0)),
    (ShareWithin(), SHARE),
)


def test_every_rule_is_asked_for_its_range() -> None:
    assert {rule.name for rule, _ in ASKED} == set(rule_names())


@pytest.mark.parametrize(
    ("seed", "spread", "floor", "budget"), [(0, 0.05, 3000.0, 6000), (1, 0.9, 100.0, 900), (3, 0.02, 400.0, 900)]
)
def test_no_rules_interval_leaves_the_range_of_its_quantity(
    seed: int, spread: float, floor: float, budget: int
) -> None:
    source = np.random.default_rng(seed)
    rows = rows_of(sweep(seed, spread, floor, budget))
    nearly_all = np.where(source.random(rows.height) < 0.8, 1.0, source.random(rows.height))
    columns = {"mass_at_grok": nearly_all, "kl_at_grok": 1 - nearly_all, "structure_lead": nearly_all - 0.5}
    table = evidence(rows.with_columns(**columns))
    for rule, expected in ASKED:
        try:
            found = rule.answer(table).interval
        except ValueError:
            continue
        assert (found.least, found.most) == expected, rule
        assert inside(found), (rule, found)
