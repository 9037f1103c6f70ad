"""What a measure may look at: one run's curves on its evaluations, its fields, and when it memorised and grokked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Measured = dict[str, float | None]
LEAST_POINTS = 5  # evaluations that a slope needs; fixed before the runs
WRITERS = {  # the probe that writes a column, where it is not of the same name
    "train_accuracy": "accuracy",
    "test_accuracy": "accuracy",
    "train_loss": "losses",
    "test_loss": "losses",
    "mlp_norm": "weight_norms",
    "attention_informative_min": "attention_mass",
    "attention_informative_q01": "attention_mass",
    "pooled_mass_q01": "head_mass",
    "best_head_mass_q01": "head_mass",
    "distractor_gap": "structure",
    "score_gradient": "explaining_away",
    "interaction_gradient": "explaining_away",
    "zero_target_gradient_share": "zero_gradient_share",
    "mirrored_accuracy": "commutativity",
    "unmirrored_accuracy": "commutativity",
    **{
        f"bound_{kind}_{form}": "explaining_away"
        for kind in ("ratio", "violations")
        for form in ("printed", "exact", "sharp")
    },
}


@dataclass(frozen=True)
class Run:
    """One run. ``memorised`` and ``grokked``: the first evaluation at or above the threshold; None where there is none.

    Shapes: steps and every column (n,), one value per evaluation. Units: optimizer steps.
    """

    steps: NDArray[np.int64]
    columns: Mapping[str, Array]
    fields: Mapping[str, Any]
    threshold: float
    memorised: int | None
    grokked: int | None

    def column(self, name: str) -> Array:
        """Return a curve.

        Raises: ValueError that names the probe to record, where it was not recorded.
        """
        if name not in self.columns:
            probe = WRITERS.get(name, name)
            raise ValueError(f"the runs have no curve {name!r}: record it with Recording(probes=({probe!r},))")
        return self.columns[name]

    def at(self, column: str, step: int | None) -> float | None:
        """Return a curve's value at the evaluation at a step; None without a step, or without an evaluation there."""
        values = self.column(column)
        found = np.flatnonzero(self.steps == (-1 if step is None else step))
        return float(values[found[0]]) if found.size else None

    def last(self, column: str) -> float | None:
        """Return a curve's value at the last evaluation; None without any."""
        return self.at(column, int(self.steps[-1]) if self.steps.size else None)

    def between(self, column: str, first: int | None = None, last: int | None = None) -> tuple[Array, Array]:
        """Return steps and values of a curve from one step to another, both included; None is an open end."""
        values = self.column(column)
        inside = np.ones(len(self.steps), dtype=bool)
        if first is not None:
            inside &= self.steps >= first
        if last is not None:
            inside &= self.steps <= last
        return self.steps[inside].astype(np.float64), values[inside]


def slope(x: Array, y: Array) -> float | None:
    """Return the least-squares slope of y on x; None for fewer than five points, or where x does not vary."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < LEAST_POINTS or not np.ptp(x) > 0:
        return None
    centred = x - x.mean()
    return float(centred @ (y - y.mean()) / (centred @ centred))


def first_held(steps: Array, holds: NDArray[np.bool_]) -> int | None:
    """Return the first step at which a condition holds and still holds at the next evaluation, or None.

    >>> first_held(np.array([0.0, 10, 20, 30]), np.array([True, False, True, True]))
    20
    """
    found = np.flatnonzero(holds[:-1] & holds[1:])
    return int(steps[found[0]]) if found.size else None
