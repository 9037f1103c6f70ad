"""Quantiles are those of scipy.stats, and no fit waits for that to be imported."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from analysis import quantiles

SHARES = [0.025, 0.5, 0.9, 0.975, 0.999]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("freedom", [1, 2, 7, 300])
def test_quantiles_are_those_of_scipy_to_the_last_bit(share: float, freedom: int) -> None:
    assert quantiles.normal(share) == stats.norm.ppf(share)
    assert quantiles.student(share, freedom) == stats.t.ppf(share, freedom)
    assert quantiles.chi_square(share, freedom) == stats.chi2.ppf(share, freedom)
    assert quantiles.beta(share, freedom, 3.5) == stats.beta.ppf(share, freedom, 3.5)


@pytest.mark.parametrize("value", [0.1, 0.5, 0.93])
def test_probabilities_are_those_of_scipy_to_the_last_bit(value: float) -> None:
    assert quantiles.beyond(value, None) == stats.norm.sf(value)
    assert quantiles.beyond(-value, 5) == stats.t.sf(-value, 5)
    assert quantiles.below_beta(value, 3, 4.5) == stats.beta.cdf(value, 3, 4.5)
    assert quantiles.above_beta(value, 3, 4.5) == stats.beta.sf(value, 3, 4.5)
    assert np.isclose(quantiles.below_beta(value, 3, 4.5) + quantiles.above_beta(value, 3, 4.5), 1)


def test_fitting_a_table_does_not_import_scipy_stats() -> None:
    code = (
        "import sys, polars as pl; from analysis import fit_laws\n"
        "rows = pl.DataFrame({'x': [1.0, 1, 2, 2], 'lower': [10, 12, 20, 25], 'upper': [11, 13, 21, 26]})\n"
        "fit_laws(rows, x='x', laws=['power']); print('scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
