"""Kaplan–Meier and restricted means against lifelines and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from scipy import stats

from analysis.likelihood import Times
from analysis.survival import kaplan_meier, levels, restricted_mean

TIMES = Times(
    x=np.ones(6),
    lower=np.array([10.0, 20, 30, 30, 50, 60]),
    upper=np.array([20.0, 30, np.inf, 40, 60, np.inf]),
)


def test_kaplan_meier_equals_lifelines() -> None:
    durations = np.where(TIMES.observed, TIMES.upper, TIMES.lower)
    reference = KaplanMeierFitter().fit(durations, TIMES.observed)
    steps, survival = kaplan_meier(TIMES)
    assert survival == pytest.approx(reference.predict(steps).to_numpy())


@pytest.mark.parametrize("censored", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_kaplan_meier_equals_scipy_to_the_last_bit(seed: int, censored: float) -> None:
    source = np.random.default_rng(seed)
    lower = 10.0 * source.integers(1, 12, 60)
    seen = source.random(60) >= censored
    steps, survival = kaplan_meier(Times(np.ones(60), lower, np.where(seen, lower + 10, np.inf)))
    sample = stats.CensoredData((lower + 10)[seen], right=lower[~seen])
    reference = stats.ecdf(sample).sf
    assert np.array_equal(steps, reference.quantiles) and np.array_equal(survival, reference.probabilities)


def test_restricted_mean_counts_censored_runs_by_hand() -> None:
    times = Times(np.ones(2), np.array([0.0, 100.0]), np.array([50.0, np.inf]))
    assert restricted_mean(times, 100.0) == pytest.approx((50 + 100) / 2)


def test_levels_use_the_shortest_watch_as_horizon_and_admit_missing_medians() -> None:
    weak = Times(
        np.array([0.1, 0.1, 1.0, 1.0]), np.array([80.0, 100.0, 10.0, 20.0]), np.array([np.inf, np.inf, 20, 30])
    )
    first, second = levels(weak)
    assert (first.events, first.median, first.restricted_mean) == (0, None, 80.0)
    assert (second.events, second.median, second.restricted_mean) == (2, 20.0, 25.0)
