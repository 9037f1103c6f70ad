"""Simulated designs: sweeps look like the world they come from, and more seeds give narrower intervals."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.design import World, designs, evaluations, simulate
from analysis.laws import law_named

VALUES = {"floor": 0.0, "scale": 500.0, "exponent": 1.0, "critical": 0.0, "sigma": 0.3}
WORLD = World("power", VALUES, sigma=0.2, seed_sigma=0.25)
LEVELS = (0.25, 0.5, 1.0, 2.0, 4.0)


def test_a_sweep_has_the_planted_law_spread_and_censoring() -> None:
    times, groups = simulate(WORLD, LEVELS, 400, 1500, np.random.default_rng(0))
    assert (times.lower[times.observed] < times.upper[times.observed]).all()
    assert times.lower.max() <= 1500 and len(groups) == len(times.x) == 2000
    best = law_named("power").fit(times)
    assert best.values["exponent"] == pytest.approx(1.0, abs=0.03)
    assert best.values["sigma"] == pytest.approx(np.hypot(0.2, 0.25), rel=0.05)
    again = World.of(law_named("power"), best.values, times, groups)
    assert (again.sigma, again.seed_sigma) == (pytest.approx(0.2, rel=0.15), pytest.approx(0.25, rel=0.15))


def test_evaluations_start_every_ten_steps_and_grow() -> None:
    steps = evaluations(2000)
    assert steps[:3].tolist() == [10, 20, 30] and steps[-1] <= 2000
    assert 0.015 < (steps[-1] - steps[-2]) / steps[-1] < 0.03


def test_narrower_intervals_cost_more_seeds() -> None:
    def seeds(wanted: float) -> int:
        return next(designs(WORLD, LEVELS, 4000, parameter="exponent", wanted=wanted)).seeds

    assert seeds(0.05) > seeds(0.15)


def test_a_width_that_no_number_of_seeds_reaches_says_what_was_reached() -> None:
    flat = World("floor_power", {**VALUES, "floor": 400.0, "scale": 1e-3}, sigma=0.3, seed_sigma=0.1)
    found = next(designs(flat, (1.0, 2.0, 4.0), 300, parameter="exponent", wanted=0.01))
    assert found.seeds == 256 and found.halfwidth > 0.01
