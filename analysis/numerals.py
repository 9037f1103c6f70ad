"""How numbers and values of fields are written in all texts: estimates, intervals, p, steps, counts (stdlib only)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LEAST_P = 0.001  # below it no number is told: the methods do not know it so well


def digits(value: float | None) -> str:
    """Return a number to three digits, thousands with a comma; an open end as infinite.

    >>> digits(0.71612), digits(1234.5), digits(999.7), digits(-0.0004), digits(-0.0)
    ('0.716', '1,234', '1,000', '-0.0004', '0')
    >>> digits(1e9), digits(1.63e-5), digits(None)
    ('1 × 10⁹', '1.63 × 10⁻⁵', '∞')
    """
    if value is None or math.isinf(value):
        return "-∞" if value is not None and value < 0 else "∞"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    mantissa, _, power = f"{value + 0.0:.3g}".partition("e")
    if not power:
        return mantissa
    if int(power) < 6 and abs(value) >= 1:
        return f"{float(mantissa) * 10 ** int(power):,.0f}"
    return f"{mantissa} × 10{str(int(power)).translate(SUPERSCRIPTS)}"


def limits(low: float | None, high: float | None) -> str:
    """Return the ends of an interval; an open end is infinite and not part of it.

    >>> limits(0.9, 1.1), limits(None, -0.1), limits(0.5, None)
    ('[0.9, 1.1]', '(-∞, -0.1]', '[0.5, ∞)')
    """
    opened = "(-∞" if low is None or low == -math.inf else f"[{digits(low)}"
    closed = "∞)" if high is None or high == math.inf else f"{digits(high)}]"
    return f"{opened}, {closed}"


def beyond(low: float | None, high: float | None) -> str:
    """Return what lies outside of limits; None is no limit.

    >>> beyond(0.8, 1.25), beyond(None, -0.1), beyond(0.5, None)
    ('below 0.8 or above 1.25', 'above -0.1', 'below 0.5')
    """
    told = [f"{word} {digits(end)}" for word, end in (("below", low), ("above", high)) if end is not None]
    return " or ".join(told)


def p_words(p: float) -> str:
    """Return an error rate with its sign.

    >>> p_words(1.6e-5), p_words(0.0123), p_words(1.0)
    ('p < 0.001', 'p = 0.012', 'p = 1')
    """
    return f"p < {LEAST_P}" if p < LEAST_P else f"p = {p:.2g}"


def steps(value: float | None) -> str:
    """Return a number of steps, thousands with a comma.

    >>> steps(1953.7), steps(None)
    ('1,954', '–')
    """
    return "–" if value is None else f"{value:,.0f}"


def percent(share: float) -> str:
    """Return a share in per cent, to two digits.

    >>> percent(0.875), percent(0.0123), percent(1.0), percent(0.997)
    ('88 %', '1.2 %', '100 %', '99.7 %')
    """
    hundredths = 100 * share
    near_whole = 99 < hundredths < 100
    return f"{hundredths:.3g} %" if near_whole or hundredths == 100 else f"{hundredths:.2g} %"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun.

    >>> counted(1, "run"), counted(1200, "run"), counted(2, "study", "studies")
    ('1 run', '1,200 runs', '2 studies')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def words(where: Mapping[str, Any]) -> str:
    """Return a condition as text.

    >>> words({"distractors": "random", "kl_strength": 1.0, "clip_norm": None})
    'distractors = random, kl_strength = 1, clip_norm = none'
    """
    return ", ".join(f"{field} = {word(value)}" for field, value in where.items())


def word(value: Any) -> str:
    """Return a value of a field as text.

    >>> word(1.0), word("random"), word(None), word(1e-8)
    ('1', 'random', 'none', '1 × 10⁻⁸')
    """
    if value is None:
        return "none"
    if not isinstance(value, float):
        return str(value)
    plain = f"{value:g}"
    return digits(value) if "e" in plain else plain
