"""Means and shares over seeds against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.claims import equivalence, p_value
from analysis.means import by_seed, mean_interval, share_interval


def test_the_t_interval_is_scipys() -> None:
    values = [0.3, 0.5, 0.4, 0.9, 0.1, 0.6, 0.7]
    found = mean_interval(values)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.estimate, found.low, found.high) == pytest.approx((np.mean(values), *expected))
    assert p_value(found, (0.2, None)) == pytest.approx(stats.ttest_1samp(values, 0.2).pvalue)


def test_equal_values_have_no_interval() -> None:
    with pytest.raises(ValueError, match=r"it is 0\.1 at all of 8 seeds: without a spread there is no interval"):
        mean_interval([0.1] * 8)


@pytest.mark.parametrize("successes", range(9))
def test_the_share_is_clopper_and_pearsons(successes: int) -> None:
    found = share_interval([1.0] * successes + [0.0] * (8 - successes))
    expected = stats.binomtest(successes, 8).proportion_ci(method="exact")
    assert (found.estimate, found.low, found.high) == pytest.approx((successes / 8, expected.low, expected.high))
    for limit in (0.2, 0.5, 0.9):
        smaller = min(
            stats.binomtest(successes, 8, limit, alternative=side).pvalue  # type: ignore[arg-type]
            for side in ("less", "greater")
        )
        assert p_value(found, (limit, None)) == pytest.approx(min(1.0, 2 * smaller))


def test_several_runs_of_a_seed_count_as_one_trial() -> None:
    shares = by_seed([1.0, 1.0, 0.0, 1.0, 1.0, 0.0], ["a", "a", "b", "b", "c", "c"])
    assert shares == [1.0, 0.5, 0.5]
    two = stats.binomtest(2, 3).proportion_ci(method="exact")
    assert share_interval(shares).low == pytest.approx(two.low)


@given(st.integers(0, 12), st.integers(0, 12), st.floats(0, 1), st.floats(0, 1))
def test_p_of_a_share_is_below_five_per_cent_just_where_the_interval_decides(
    successes: int, failures: int, one: float, other: float
) -> None:
    if not successes + failures:
        return
    found = share_interval([1.0] * successes + [0.0] * failures)
    within = (min(one, other), max(one, other))
    if any(abs(end - edge) < 1e-9 for end in (found.low, found.high) for edge in within if 0 < edge < 1):
        return
    decided = equivalence(found.low, found.high, within=within) != "undecided"
    assert (p_value(found, within) < 0.05) == decided
