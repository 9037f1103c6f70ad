"""By which law attention approaches the oracle: D_KL falls exponentially in the step, or as a power of it.

Fitted to log D at the evaluations after step 0, up to the first at which D is 1e-4 nats or less: log D = a - bt against
log D = a - b log(t + t0), t0 on a grid, by least squares. ``kl_decay_aicc``: AICc of the exponential law minus that of
the algebraic one, positive where the latter is better; ``kl_decay_algebraic``: 1 where it is, else 0. None where D does
not fall ten-fold, where the two laws look alike.

Limits: the exponential law is the limit of large t0, so where it is true it wins by little. Of simulated exponential
runs 7 % were called algebraic, of those with residuals correlated by 0.9 from one evaluation to the next 35 %: a claim
needs the share over seeds, and a share about a third says nothing against the exponential law.
"""

from __future__ import annotations

import numpy as np

from analysis.measures._run import Array, Measured, Run

SOURCE = "arXiv 2605.15787, Theorem 5.2 and Lemma D.1 (exponential); for the sparse oracle this project derives 1/t"
GIVES = ("kl_decay_aicc", "kl_decay_algebraic")
SHARES = ("kl_decay_algebraic",)
SMALLEST = 1e-4  # nats; below it the divergence is rounding. Fixed before the runs, as are the next three
LEAST_FALL = 10.0  # the largest over the last divergence
LEAST_EVALUATIONS = 8
SMALLEST_VARIANCE = 1e-12  # of log D: an exact law is no better than that
OFFSETS = np.geomspace(1e-2, 1e2, 81)  # t0 in units of the last step
CONSTANTS = {"exponential": 3, "algebraic": 4}  # with the variance


def decay_of_divergence(run: Run) -> Measured:
    """Return by how much the algebraic law is better, and whether it is."""
    steps, divergence = _falling(run)
    if len(steps) < LEAST_EVALUATIONS or not divergence[-1] * LEAST_FALL <= divergence.max():
        return {"kl_decay_aicc": None, "kl_decay_algebraic": None}
    logs, last = np.log(divergence), steps[-1]
    exponential = _residuals(steps[None], logs)[0]
    algebraic = _residuals(np.log(steps + last * OFFSETS[:, None]), logs).min()
    count = len(steps)
    better = _aicc(exponential, count, CONSTANTS["exponential"]) - _aicc(algebraic, count, CONSTANTS["algebraic"])
    return {"kl_decay_aicc": better, "kl_decay_algebraic": float(better > 0)}


def _falling(run: Run) -> tuple[Array, Array]:
    """Return the evaluations after step 0 up to the first at which the divergence is practically 0."""
    steps, divergence = run.between("attention_kl", first=1)
    gone = np.flatnonzero(~(divergence > SMALLEST))
    end = int(gone[0]) if gone.size else len(steps)
    return steps[:end], divergence[:end]


def _residuals(x: Array, y: Array) -> Array:
    """Return the sum of squares that a straight line leaves, for every row of x; shapes (K, n), (n,) to (K,)."""
    across, up = x - x.mean(1, keepdims=True), y - y.mean()
    left: Array = up @ up - (across @ up) ** 2 / np.square(across).sum(1)
    return left


def _aicc(squares: float, count: int, constants: int) -> float:
    spread = max(squares / count, SMALLEST_VARIANCE)
    spare = count - constants - 1
    return float(count * np.log(spread) + 2 * constants + 2 * constants * (constants + 1) / spare)
