"""Quantiles of the distributions that intervals are made with, without the time it takes to import scipy.stats.

Bit for bit what ``scipy.stats`` returns: it calls the same functions of ``scipy.special``.
"""

from __future__ import annotations

from functools import cache
from typing import Any


def normal(share: float) -> float:
    """Return the value below which a standard normal variable lies with a probability."""
    return float(_special().ndtri(share))


def student(share: float, freedom: int) -> float:
    """Return the value below which Student's t lies with a probability."""
    return float(_special().stdtrit(freedom, share))


def chi_square(share: float, freedom: int) -> float:
    """Return the value below which a chi-square variable lies with a probability."""
    return float(2 * _special().gammaincinv(freedom / 2, share))


def beta(share: float, first: float, second: float) -> float:
    """Return the value below which a beta variable lies with a probability."""
    return float(_special().betaincinv(first, second, share))


def below_beta(value: float, first: float, second: float) -> float:
    """Return how likely a beta variable is below a value."""
    return float(_special().betainc(first, second, value))


def above_beta(value: float, first: float, second: float) -> float:
    """Return how likely a beta variable is above a value."""
    return float(_special().betaincc(first, second, value))


def beyond(reach: float, freedom: int | None) -> float:
    """Return how likely Student's t, or a standard normal variable without a freedom, is above a value."""
    return float(_special().ndtr(-reach) if freedom is None else _special().stdtr(freedom, -reach))


@cache
def _special() -> Any:
    from scipy import special

    return special
