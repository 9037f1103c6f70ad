"""The regression on several axes, the noises and exact times, against lifelines and known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import LogLogisticAFTFitter, LogNormalAFTFitter, WeibullAFTFitter
from scipy import optimize

from analysis.claims import p_value
from analysis.contrast import contrast
from analysis.intervals import curvature, profile
from analysis.laws import law_named
from analysis.likelihood import NOISES, Times, row_terms
from analysis.regression import design, regress

REFERENCE = {"Weibull": WeibullAFTFitter, "log-logistic": LogLogisticAFTFitter, "log-normal": LogNormalAFTFitter}
SLOPES = (-0.2, -1.0, 0.3, 0.1, 0.0, 0.2)


def sweep(rows: int = 240, spread: float = 0.2) -> tuple[dict[str, list[object]], Times]:
    """Return axes and times of a sweep over two numbers and one kind, a fifth of it censored at 1,000."""
    source = np.random.default_rng(0)
    axes = {
        "a": source.choice([0.1, 0.3, 1.0], rows).tolist(),
        "b": source.choice([0.5, 1.0, 2.0], rows).tolist(),
        "kind": source.choice(["c", "r"], rows).tolist(),
    }
    axes["kind"][0] = "c"
    time = 500 * np.exp(design(axes)[1][:, 1:] @ np.array(SLOPES) + spread * source.standard_normal(rows))
    upper = np.where(time < 1000, np.ceil(time / 10) * 10, np.inf)
    return axes, Times(np.ones(rows), np.where(time < 1000, upper - 10, 1000), upper)


@pytest.mark.parametrize("noise", NOISES)
def test_slopes_and_likelihood_equal_lifelines(noise: str) -> None:
    axes, times = sweep()
    names, matrix = design(axes)
    frame = pd.DataFrame(matrix[:, 1:], columns=names).assign(low=np.maximum(times.lower, 1e-9), high=times.upper)
    reference = REFERENCE[noise]().fit_interval_censoring(frame, "low", "high")
    found = next(fit for fit in regress(axes, times) if fit.noise == noise)
    assert found.log_likelihood == pytest.approx(reference.log_likelihood_, abs=1e-3)
    slopes = reference.params_.iloc[:, 0] if reference.params_.ndim > 1 else reference.params_
    for name, slope in found.slopes.items():
        assert slope.estimate == pytest.approx(slopes.xs(name, level=1), abs=5e-3)
    spread = reference.standard_errors_.xs("a", level=1).iloc[0]
    width = found.slopes["a"]
    assert width.high - width.low == pytest.approx(2 * 1.96 * spread, rel=0.02)  # type: ignore[operator]


def test_planted_slopes_come_back_and_the_true_noise_is_first() -> None:
    fits = regress(*sweep(rows=3000))
    assert fits[0].noise == "log-normal"
    assert [slope.estimate for slope in fits[0].slopes.values()] == pytest.approx(SLOPES, abs=0.05)
    assert fits[0].time.estimate == pytest.approx(500, rel=0.03)


def test_terms_that_the_points_cannot_tell_apart_are_refused_in_words() -> None:
    times = Times(np.ones(4), np.array([10.0, 20, 30, 40]), np.array([11.0, 21, 31, 41]))
    with pytest.raises(ValueError, match="too few different points with events for the terms a, b, a × b"):
        regress({"a": [1.0, 2.0, 1.0, 2.0], "b": [1.0, 2.0, 1.0, 2.0]}, times)
    with pytest.raises(ValueError, match="no run saw the event"):
        regress({"a": [1.0, 2.0, 1.0, 2.0]}, Times(times.x, times.lower, np.full(4, np.inf)))


@pytest.mark.parametrize("noise", NOISES)
def test_derivatives_equal_finite_differences_for_every_kind_of_row(noise: str) -> None:
    lower = np.array([0.0, 90.0, 100.0, 5000.0, 80.0, 1.0])
    upper = np.array([50.0, 110.0, np.inf, np.inf, 80.0, 1.0])  # left-, interval- and right-censored, and exact
    times = Times(np.ones(6), lower, upper)

    def total(point: np.ndarray) -> float:
        return float(row_terms(np.full(6, point[0]), float(np.exp(point[1])), times, noise)[0].sum())

    point = np.array([4.3, -0.4])
    _, by_mean, by_log_sigma = row_terms(np.full(6, point[0]), float(np.exp(point[1])), times, noise)
    numeric = optimize.approx_fprime(point, total, 1e-7)
    assert [by_mean.sum(), by_log_sigma.sum()] == pytest.approx(numeric, rel=1e-4, abs=1e-4)


def test_exact_times_equal_lifelines() -> None:
    source = np.random.default_rng(3)
    x = np.repeat([0.1, 0.3, 1.0, 3.0], 15)
    time = 200 / x**0.7 * np.exp(0.3 * source.standard_normal(len(x)))
    frame = pd.DataFrame({"time": time, "event": 1, "log_x": np.log(x)})
    reference = LogNormalAFTFitter().fit(frame, "time", "event")
    fit = law_named("power").fit(Times(x, time, time))
    assert fit.values["exponent"] == pytest.approx(-reference.params_["mu_"]["log_x"], abs=1e-3)
    assert fit.log_likelihood == pytest.approx(reference.log_likelihood_, abs=1e-3)


def test_a_bend_comes_back() -> None:
    source = np.random.default_rng(0)
    x = np.repeat(np.geomspace(0.01, 10, 12), 30)
    law = law_named("smoothly_broken_power")
    planted = {"scale": 500.0, "exponent": 1.0, "exponent_above": -0.4, "break": 0.5}
    time = law.time(planted, x) * np.exp(0.1 * source.standard_normal(len(x)))
    values = law.fit(Times(x, np.floor(time), np.floor(time) + 1)).values
    assert {name: values[name] for name in planted} == pytest.approx(planted, rel=0.1)


def test_curvature_agrees_with_the_profile_where_rows_are_many() -> None:
    source = np.random.default_rng(0)
    x = np.repeat(np.geomspace(0.03, 3, 8), 400)
    time = (300 + 20 / x) * np.exp(0.2 * source.standard_normal(len(x)))
    times = Times(x, np.floor(time / 10) * 10, np.where(time < 800, np.floor(time / 10) * 10 + 10, np.inf))
    law = law_named("floor_power")
    best = law.fit(times)
    quick, alone = curvature(law, times, best), curvature(law, times, best, list(range(len(x))))
    for name in law.free:
        slow = profile(law, times, best, name)
        for found in (quick[name], alone[name]):  # every row a group of its own: the sandwich is the plain estimate
            assert found.low == pytest.approx(slow.low, rel=0.08)
            assert found.high == pytest.approx(slow.high, rel=0.08)


def test_contrast_takes_what_a_censored_pair_still_says() -> None:
    first = Times(np.ones(5), np.array([100.0, 200, 300, 400, 2000]), np.array([110.0, 210, 310, 410, np.inf]))
    second = Times(np.ones(5), np.array([50.0, 100, 150, 395, 2000]), np.array([55.0, 105, 155, 405, np.inf]))
    found = contrast(first, second, [0, 1, 2, 3, 4])
    assert (found.pairs, found.sooner, found.later, found.ties) == (5, 3, 0, 2)
    assert found.sign_p == pytest.approx(0.25)
    assert 0.45 < found.ratio.estimate < 0.8
    bound = Times(first.x, first.lower, np.array([110.0, 210, 310, np.inf, np.inf]))
    assert contrast(bound, second, [0, 1, 2, 3, 4]).ratio.estimate < 0.6


def test_contrast_of_pairs_whose_bounds_all_overlap_is_as_wide_as_the_bounds() -> None:
    """Without a spread to fit, an interval of no width would decide every claim."""
    first, second = (Times(np.ones(8), np.full(8, upper - 20.0), np.full(8, upper)) for upper in (500.0, 260.0))
    ratio = contrast(first, second, list(range(8))).ratio
    assert (ratio.low, ratio.high) == (pytest.approx(240 / 500), pytest.approx(260 / 480))
    assert p_value(ratio, (None, 0.9)) == 2 / 2**8
    few = contrast(first.at(np.arange(5)), second.at(np.arange(5)), list(range(5))).ratio
    assert (few.low, few.high) == (0.0, None)


def test_contrast_of_an_arm_that_never_grokked_is_a_bound() -> None:
    first = Times(np.ones(8), np.full(8, 2000.0), np.full(8, np.inf))
    second = Times(np.ones(8), np.full(8, 480.0), 500.0 + 10 * np.arange(8))
    ratio = contrast(first, second, list(range(8))).ratio
    assert (ratio.low, ratio.estimate, ratio.high) == (0.0, pytest.approx(0.2675), pytest.approx(0.285))
    other = contrast(second, first, list(range(8))).ratio
    assert (other.low, other.high) == (pytest.approx(2000 / 570), None)
    assert 2000 / 570 <= other.estimate <= 4


def test_one_pair_known_from_both_sides_does_not_decide_for_the_others() -> None:
    """Seven baselines were watched to 1,500 only; a fit through the eighth would put the ratio far below any bound."""
    first = Times(np.ones(8), np.full(8, 1500.0), np.array([np.inf] * 7 + [710.0]))
    first.lower[7] = 700.0
    second = Times(np.ones(8), 580.0 + 5 * np.arange(8), 590.0 + 5 * np.arange(8))
    ratio = contrast(first, second, list(range(8))).ratio
    assert (ratio.low, ratio.high) == (0.0, pytest.approx(625 / 700))  # of 8 seeds the sign test leaves out none
    assert 0.35 < ratio.estimate < 0.45


def test_contrast_without_pairs_that_say_anything_is_refused() -> None:
    never = Times(np.ones(3), np.full(3, 2000.0), np.full(3, np.inf))
    with pytest.raises(ValueError, match="fewer than two seeds"):
        contrast(never, never, [0, 1, 2])
