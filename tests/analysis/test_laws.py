"""Laws: planted constants come back, dropping censored runs loses them, references agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import LogNormalAFTFitter
from scipy import optimize, stats
from threadpoolctl import threadpool_info, threadpool_limits

from analysis._climb import climb
from analysis.compare import fit_laws, leave_one_level_out
from analysis.intervals import by_group, profile
from analysis.laws import law_named, law_names
from analysis.laws._base import Problem, Units
from analysis.likelihood import Times

LEVELS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 1.0)
PLANTED = {"floor": 400.0, "scale": 25.0, "exponent": 1.0, "critical": 0.0}


def planted(
    *,
    seeds: int = 8,
    spread: float = 0.15,
    budget: float = 1e9,
    seed: int = 0,
    exponent: float = 1.0,
    floor: float = 400.0,
) -> Times:
    """Return a sweep that obeys floor + 25 / x^exponent, evaluated every 20 steps and watched up to a budget."""
    source = np.random.default_rng(seed)
    x = np.repeat(LEVELS, seeds)
    time = (floor + 25 / x**exponent) * np.exp(spread * source.standard_normal(len(x)))
    lower = np.floor(time / 20) * 20
    seen = lower + 20 <= budget
    return Times(x, np.where(seen, lower, budget), np.where(seen, lower + 20, np.inf))


def test_planted_floor_law_comes_back_from_censored_runs() -> None:
    fit = law_named("floor_power").fit(planted(seeds=200, budget=1500))
    assert fit.values["exponent"] == pytest.approx(1.0, abs=0.05)
    assert fit.values["floor"] == pytest.approx(400, rel=0.03)
    assert fit.values["sigma"] == pytest.approx(0.15, rel=0.05)


def test_dropping_censored_runs_flattens_the_law() -> None:
    law = law_named("floor_power")
    kept, dropped = [], []
    for seed in range(10):
        times = planted(seeds=8, spread=0.4, budget=1500, seed=seed)
        kept.append(law.fit(times).values["exponent"])
        dropped.append(law.fit(times.at(times.observed)).values["exponent"])
    assert abs(np.median(kept) - 1) < 0.1
    assert np.median(dropped) < np.median(kept) - 0.1


@pytest.mark.parametrize("name", law_names())
def test_gradient_equals_finite_differences(name: str) -> None:
    law = law_named(name)
    problem = Problem(law, planted(budget=1500), {})
    point = problem.starts()[0] + 0.03
    _, gradient = problem.objective(point)
    numeric = optimize.approx_fprime(point, lambda p: problem.objective(p)[0], 1e-7)
    assert gradient == pytest.approx(numeric, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("name", law_names())
def test_every_law_says_what_its_constants_mean(name: str) -> None:
    law = law_named(name)
    assert law.name == name
    assert set(law.meaning) == set(law.free)
    assert set(law.free) | set(law.fixed) == set(law.constants)


def test_power_law_equals_lifelines_interval_censored_log_normal() -> None:
    times = planted(seeds=10, budget=1500)
    frame = pd.DataFrame({"low": np.maximum(times.lower, 1e-9), "high": times.upper, "log_x": np.log(times.x)})
    reference = LogNormalAFTFitter().fit_interval_censoring(frame, "low", "high")
    fit = law_named("power").fit(times)
    slopes = reference.params_["mu_"]
    assert -fit.values["exponent"] == pytest.approx(slopes["log_x"], abs=2e-3)
    assert np.log(fit.values["scale"]) == pytest.approx(slopes["Intercept"], abs=2e-3)
    assert fit.log_likelihood == pytest.approx(reference.log_likelihood_, abs=1e-3)


def test_profile_ends_are_where_the_likelihood_drops_by_half_a_chi_square() -> None:
    times, law = planted(budget=1500), law_named("floor_power")
    best = law.fit(times)
    interval = profile(law, times, best, "exponent")
    assert interval.low is not None and interval.high is not None
    for end in (interval.low, interval.high):
        drop = best.log_likelihood - law.fit(times, hold={"exponent": end}).log_likelihood
        assert drop == pytest.approx(1.9207, abs=5e-3)


@pytest.mark.parametrize("law", ["power", "floor_power", "smoothly_broken_power"])
def test_equal_rows_counted_together_give_the_same_fit(law: str) -> None:
    times = planted(seeds=150, spread=0.2)
    grid = Times(times.x, np.floor(times.lower / 50) * 50, np.ceil(times.upper / 50) * 50)
    labelled = grid.labelled()
    assert len(labelled.distinct()[0].x) < len(grid.x) / 3
    plain, condensed = law_named(law).fit(grid), law_named(law).fit(labelled)
    assert condensed.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    assert condensed.values == pytest.approx(plain.values, rel=1e-3)
    some = np.arange(0, len(grid.x), 2)
    halves = law_named(law).fit(grid.at(some)), law_named(law).fit(labelled.at(some))
    assert halves[1].log_likelihood == pytest.approx(halves[0].log_likelihood, rel=1e-9)


def test_labels_are_the_places_of_rows_among_the_sorted_different_ones() -> None:
    times = planted(seeds=40, budget=1500)
    grid = Times(times.x, np.floor(times.lower / 200) * 200, np.ceil(times.upper / 200) * 200)
    columns = np.column_stack([grid.x, grid.lower, grid.upper])
    different, first, labels, counts = np.unique(
        columns, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    labelled = grid.labelled()
    assert not grid.observed.all() and len(different) < len(grid.x)
    assert np.array_equal(labelled.labels, labels.reshape(-1))
    some = np.arange(1, len(grid.x), 2)
    for part, rows in ((labelled, np.arange(len(grid.x))), (labelled.at(some), some)):
        found, often = part.distinct()
        assert np.array_equal(np.column_stack([found.x, found.lower, found.upper]), np.unique(columns[rows], axis=0))
        assert often.sum() == len(rows)
    assert np.array_equal(labelled.distinct()[1], counts) and len(first) == len(counts)


def test_units_of_rows_counted_together_are_those_of_all_rows() -> None:
    times = planted(seeds=41, budget=1500)
    grid = Times(times.x, np.floor(times.lower / 50) * 50, np.ceil(times.upper / 50) * 50)
    units = Units.of(grid.labelled())
    assert units == Units.of(grid)
    assert units.time == np.median(grid.middle[grid.observed]) and units.centre == np.median(np.log(grid.x))


def test_threshold_law_finds_the_critical_value() -> None:
    source = np.random.default_rng(0)
    x = np.repeat((0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 1.0), 40)
    with np.errstate(divide="ignore", invalid="ignore"):
        median = np.where(x > 0.015, 300 + 10 / np.maximum(x - 0.015, 1e-9), np.inf)
    time = median * np.exp(0.1 * source.standard_normal(len(x)))
    seen = time < 5000
    times = Times(x, np.where(seen, np.floor(time), 5000), np.where(seen, np.floor(time) + 1, np.inf))
    values = law_named("threshold").fit(times).values
    assert values["critical"] == pytest.approx(0.015, abs=0.002)
    fits = fit_laws(times, ["floor_power", "threshold"])
    assert fits[0].law == "threshold"


def test_the_true_law_predicts_a_left_out_level_best() -> None:
    times = planted(seeds=20, budget=2000)
    scores = {
        name: leave_one_level_out(law_named(name), times, law_named(name).fit(times))
        for name in ("constant", "power", "floor_inverse")
    }
    assert max(scores, key=lambda name: scores[name] or -np.inf) == "floor_inverse"


def test_shared_seeds_widen_the_grouped_interval() -> None:
    source = np.random.default_rng(1)
    x, seeds = np.repeat(LEVELS, 8), np.tile(np.arange(8), len(LEVELS))
    effect = 0.4 * source.standard_normal(8)
    time = 1000 * np.exp(effect[seeds] + 0.05 * source.standard_normal(len(x)))
    times, law = Times(x, np.floor(time), np.floor(time) + 1), law_named("constant")
    best = law.fit(times)
    naive, grouped = profile(law, times, best, "scale"), by_group(law, times, best, seeds.tolist())["scale"]
    assert grouped.high / grouped.low > 1.4 * naive.high / naive.low  # type: ignore[operator]
    means = [np.log(time[seeds == seed]).mean() for seed in range(8)]
    student = stats.ttest_1samp(means, 0.0).confidence_interval(0.95)
    assert (grouped.low, grouped.high) == pytest.approx((np.exp(student.low), np.exp(student.high)), rel=3e-3)


def test_tables_that_cannot_be_fitted_are_refused_in_words() -> None:
    x, ones = np.array([0.1, 1.0]), np.array([10.0, 10.0])
    with pytest.raises(ValueError, match="no run saw the event: raise the budget"):
        fit_laws(Times(x, ones, np.array([np.inf, np.inf])), ["constant"])
    with pytest.raises(ValueError, match="at least two levels"):
        fit_laws(Times(np.array([1.0, 1.0]), ones, ones + 1), ["constant"])
    with pytest.raises(ValueError, match="x must be > 0"):
        fit_laws(Times(np.array([0.0, 1.0]), ones, ones + 1), ["constant"])


def test_two_levels_give_intervals_and_no_prediction_of_a_third() -> None:
    times = Times(np.repeat([1.0, 2.0], 5), np.array([95.0, 80, 120, 101, 90, 50, 41, 60, 44, 52]), np.full(10, np.inf))
    times = Times(times.x, times.lower, times.lower + 1)
    fits = {fit.law: fit for fit in fit_laws(times, law_names())}
    assert fits["power"].elpd_leave_one_level_out is None
    for fit in fits.values():
        for interval in fit.parameters.values():
            assert interval.low is None or interval.low <= interval.estimate
            assert interval.high is None or interval.high >= interval.estimate


def test_a_floor_that_the_data_barely_bound_has_a_wide_interval() -> None:
    x = np.repeat(np.geomspace(1e3, 1e12, 10), 3)
    time = 1e12 / x * np.exp(0.1 * np.random.default_rng(0).standard_normal(len(x)))
    times, law = Times(x, time, time * 1.01), law_named("floor_inverse")
    floor = profile(law, times, law.fit(times), "floor")
    assert floor.high is not None and 0.01 < floor.high < 1


def test_a_likelihood_is_climbed_on_one_thread_and_the_other_threads_come_back() -> None:
    def threads() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    seen: list[int] = []

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        seen.extend(threads())
        return float(point @ point), 2 * point

    with threadpool_limits(limits=2, user_api="blas"):
        found = climb(objective, np.array([3.0]), [(1.0, None)])
        after = threads()
    assert found.x.tolist() == [1.0] and set(seen) == {1} and set(after) == {2}


def test_levels_are_those_of_all_rows_and_of_rows_with_events() -> None:
    times = planted(seeds=40, budget=700)
    grid = Times(times.x, np.floor(times.lower / 200) * 200, np.ceil(times.upper / 200) * 200)
    weak = grid.at(grid.observed | (grid.x < 0.02))
    for each in (weak, weak.labelled(), weak.labelled().at(slice(3, None))):
        assert np.array_equal(each.levels, np.unique(each.x))
        assert np.array_equal(each.levels_seen, np.unique(each.x[each.observed]))
