"""How near the gradient by the attention scores came to its bounds, and how it vanished as the loss fell.

``bound_printed_worst``, ``bound_exact_worst``, ``bound_sharp_worst``: the largest ratio of a gradient to its bound over
inputs and evaluations; at most 1 where the bound holds. ``bound_violations_printed``, ``bound_violations_exact``,
``bound_violations_sharp``: the largest share of inputs above the bound at one evaluation.
``tightness_printed_memorising``, ``tightness_sharp_memorising``: log10 of that ratio before memorising; -2 means that
the input with the largest gradient for its bound reaches a hundredth of it. ``tightness_printed_waiting``,
``tightness_sharp_waiting``: from then on and before grokking. ``tightness_printed_grokked``,
``tightness_sharp_grokked``: from grokking on.
``starvation_slope``: slope of log gradient by the scores on log train loss, from the evaluation with the largest
gradient to grokking or the end; 1 means that the gradient falls as the loss does, 1/2 as its root.
``starvation_depth``: log10 of the smallest gradient by W_Q W_Kᵀ, from its largest one on, over that largest one, before
grokking or the end; -2 means that it fell to a hundredth.
"""

from __future__ import annotations

import numpy as np

from analysis.measures._run import Measured, Run, slope

SOURCE = "arXiv 2605.15787, Lemma 5.1, Figures 1 and 5"
PROBES = ("explaining_away",)
SHARES = ("bound_violations_printed", "bound_violations_exact", "bound_violations_sharp")
NONNEGATIVE = ("bound_printed_worst", "bound_exact_worst", "bound_sharp_worst")  # ratios of norms
PHASES = ("memorising", "waiting", "grokked")
TIGHTNESS = tuple(f"tightness_{form}_{phase}" for form in ("printed", "sharp") for phase in PHASES)
GIVES = (*NONNEGATIVE, *SHARES, *TIGHTNESS, "starvation_slope", "starvation_depth")
NONPOSITIVE = ("starvation_depth",)
FORMS = ("printed", "exact", "sharp")


def explaining_away(run: Run) -> Measured:
    """Return the worst ratios and violations, and slope and depth of starvation."""
    worst = {f"bound_{form}_worst": _largest(run, f"bound_ratio_{form}") for form in FORMS}
    return {
        **worst,
        **{name: _largest(run, name) for name in SHARES},
        **{name: _tightness(run, *name.split("_")[1:]) for name in TIGHTNESS},
        "starvation_slope": _slope(run),
        "starvation_depth": _depth(run),
    }


def _largest(run: Run, column: str) -> float | None:
    values = run.column(column)
    return float(values.max()) if values.size else None


def _tightness(run: Run, form: str, phase: str) -> float | None:
    """Return log10 of the largest ratio in a phase; None where the run has none, or no gradient in it."""
    ends = {
        "memorising": (None, None if run.memorised is None else run.memorised - 1),
        "waiting": (run.memorised, None if run.grokked is None else run.grokked - 1),
        "grokked": (run.grokked, None),
    }
    first, last = ends[phase]
    if (phase == "waiting" and run.memorised is None) or (phase == "grokked" and run.grokked is None):
        return None
    ratios = run.between(f"bound_ratio_{form}", first, last)[1]
    return float(np.log10(ratios.max())) if ratios.size and ratios.max() > 0 else None


def _slope(run: Run) -> float | None:
    _, gradient = run.between("score_gradient", last=run.grokked)
    _, loss = run.between("train_loss", last=run.grokked)
    if not gradient.size:
        return None
    fall = slice(int(np.argmax(gradient)), None)
    gradient, loss = gradient[fall], loss[fall]
    seen = (gradient > 0) & (loss > 0)
    return slope(np.log(loss[seen]), np.log(gradient[seen]))


def _depth(run: Run) -> float | None:
    _, gradient = run.between("interaction_gradient", last=None if run.grokked is None else run.grokked - 1)
    if not gradient.size or not gradient.max() > 0:
        return None
    peak = int(np.argmax(gradient))
    smallest = gradient[peak:].min()
    return float(np.log10(smallest / gradient[peak])) if smallest > 0 else None
