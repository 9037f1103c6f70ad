"""The number of seeds that is named decides, one fewer does not, and where none would it is said."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.claims import equivalence
from analysis.more_seeds import more_seeds

WITHIN = (0.8, 1.25)


def narrowed(estimate: float, half: float, seeds: int, wanted: int) -> tuple[float, float]:
    """Return the interval that more seeds give around the same estimate."""
    width = [float(stats.t.ppf(0.975, n - 1)) / math.sqrt(n) for n in (wanted, seeds)]
    return estimate - half * width[0] / width[1], estimate + half * width[0] / width[1]


@given(st.floats(0.5, 1.6), st.floats(0.05, 0.6), st.integers(3, 12))
def test_the_number_named_decides_and_one_fewer_does_not(estimate: float, half: float, seeds: int) -> None:
    ends = (estimate - half, estimate + half)
    if equivalence(*ends, within=WITHIN) != "undecided":
        return
    told = re.match(
        r"about ([\d,]+) seeds in place of \d+ would say that it (holds|fails)", text(estimate, ends, seeds)
    )
    if told is None:
        assert equivalence(*narrowed(estimate, half, seeds, 100 * seeds), within=WITHIN) == "undecided"
        return
    count = int(told[1].replace(",", ""))
    assert equivalence(*narrowed(estimate, half, seeds, count), within=WITHIN) == told[2]
    assert equivalence(*narrowed(estimate, half, seeds, count - 1), within=WITHIN) == "undecided"


def text(estimate: float, ends: tuple[float | None, float | None], seeds: int) -> str:
    return more_seeds("it", estimate, ends, WITHIN, seeds)


def test_an_interval_of_a_factor_narrows_as_one() -> None:
    linear, factor = text(1.0, (0.5, 1.5), 8), text(1.0, (0.5, 2.0), 8)
    assert "about 37 seeds" in linear and "about 56 seeds" in factor


@pytest.mark.parametrize(("estimate", "ends"), [(0.9, (0.7, None)), (2.0, (None, 3.0))])
def test_an_open_interval_is_said_to_be_open(estimate: float, ends: tuple[float | None, float | None]) -> None:
    assert "its interval is open" in text(estimate, ends, 8)


def test_an_estimate_on_the_limit_is_not_decided_by_any_number() -> None:
    assert "100 times the 8 seeds are too few" in text(0.8, (0.7, 0.9), 8)
