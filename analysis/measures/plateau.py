"""How long the plateau lasted and how fast the norm fell, in units of weight decay's own rate γ = lr · weight decay.

``plateau_factor``: (T_grok - T_mem) · γ / log(‖θ_mem‖ / ‖θ_grok‖) with θ the MLP. The printed bound says at least 2;
norms that decay freely, as e^-γt, take 1. None where the run did not memorise and then grok, the norm did not fall, or
γ is 0, where the bound says nothing.
``contraction_rate``: minus the slope of log ‖θ‖² over steps from memorising to grokking or the end, over γ. The
proposition says at least 1; free decay is 2. ``norm_at_memorising``: ‖θ_mem‖.
``score_variance_change``: logarithm of the variance of the scores over positions at grokking or the end over that at
memorising, negative where attention smoothed towards uniform; only where the variance was recorded.

Limits: both steps are those of evaluations, so a plateau of few evaluations is known to one of them at either end.
"""

from __future__ import annotations

import math

import numpy as np

from analysis.measures._run import Measured, Run, slope

SOURCE = "arXiv 2605.15787, equation 5, definition 3.2 and appendix E.1"
NONNEGATIVE = ("plateau_factor", "norm_at_memorising")
GIVES = (*NONNEGATIVE, "contraction_rate", "score_variance_change")
NORM = "mlp_norm"
VARIANCE = "score_variance"


def plateau(run: Run) -> Measured:
    """Return the factor of the plateau, the rate of contraction and the norm at memorising."""
    rate = float(run.fields.get("learning_rate") or 0.0) * float(run.fields.get("weight_decay") or 0.0)
    return {
        "plateau_factor": _factor(run, rate),
        "contraction_rate": _contraction(run, rate),
        "norm_at_memorising": run.at(NORM, run.memorised),
        **({"score_variance_change": _change(run)} if VARIANCE in run.columns else {}),
    }


def _factor(run: Run, rate: float) -> float | None:
    before, after = run.at(NORM, run.memorised), run.at(NORM, run.grokked)
    if run.memorised is None or run.grokked is None or run.grokked <= run.memorised or not rate:
        return None
    if before is None or after is None or not before > after > 0:
        return None
    return (run.grokked - run.memorised) * rate / math.log(before / after)


def _change(run: Run) -> float | None:
    if run.memorised is None:
        return None
    values = run.between(VARIANCE, run.memorised, run.grokked)[1]
    return math.log(values[-1] / values[0]) if values.size > 1 and values.min() > 0 else None


def _contraction(run: Run, rate: float) -> float | None:
    if run.memorised is None or not rate:
        return None
    steps, norm = run.between(NORM, run.memorised, run.grokked)
    found = slope(steps, 2 * np.log(np.maximum(norm, np.finfo(float).tiny)))
    return None if found is None else -found / rate
