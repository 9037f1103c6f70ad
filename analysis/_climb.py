"""The one way in which a likelihood is maximised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

from analysis.likelihood import Array

OPTIONS = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8}


def climb(
    objective: Callable[..., tuple[float, Array]], start: Array, limits: Sequence[tuple[float | None, float | None]]
) -> Any:
    """Return SciPy's result of minimising an objective that gives its value and gradient, within limits.

    On one thread: L-BFGS-B calls BLAS many times per iteration for a handful of numbers, and BLAS threads wait for each
    other every time; where other work keeps the cores busy, a fit of four constants takes more than ten times as long.
    """
    from scipy import optimize

    with _libraries().limit(limits=1, user_api="blas"):
        return optimize.minimize(objective, start, jac=True, method="L-BFGS-B", bounds=limits, options=OPTIONS)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()
