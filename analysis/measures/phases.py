"""When each of the paper's four phases began, by rules whose constants were fixed before the runs.

Units: optimizer steps, at evaluations; ``structure_lead`` is a logarithm. A phase that a run does not show is None.

``phase_memorised``: the first evaluation with train accuracy at or above the threshold.
``phase_starved``: the first evaluation from memorising on and before grokking at which the gradient of the loss by
W_Q W_Kᵀ is below a tenth of its largest value up to memorising.
``phase_resurgence``: the first evaluation after starvation and not after grokking at which the train loss is more than
twice its running minimum since memorising, and so is the next. Where that gradient was not recorded, after memorising.
``phase_aligned``: the first evaluation at which D_KL(oracle ‖ attention) is below 0.1 nats, and so is the next.
``phase_grokked``: the first evaluation with test accuracy at or above the threshold.
``structure_lead``: log(phase_grokked / phase_aligned), positive where structure came first, None if it was there at
step 0; where it never came, the last evaluation stands in for phase_aligned;
``structure_lead_steps``: their difference. ``log_phase_aligned``: the natural logarithm of phase_aligned.
``shows_starved``, ``shows_resurgence``, ``shows_aligned``: 1 where a run shows the phase, 0 where it does not; the
first is None where the gradient was not recorded.
"""

from __future__ import annotations

import math

import numpy as np

from analysis.measures._run import Measured, Run, first_held

SOURCE = "arXiv 2605.15787, section 5.1 and Figure 1"
STARVED_SHARE = 0.1  # fixed before the runs; the paper says "a tiny residual signal"
RISE = 2.0  # fixed before the runs; the paper says "the training loss slightly rises"
ALIGNED_KL = 0.1  # nats, fixed before the runs: the informative positions share e^-0.1 = 90 % of attention
GRADIENT = "interaction_gradient"
PHASES = ("memorised", "starved", "resurgence", "aligned", "grokked")
GIVES = (
    *(f"phase_{name}" for name in PHASES),
    *(f"shows_{name}" for name in PHASES[1:-1]),
    *("log_phase_aligned", "structure_lead", "structure_lead_steps"),
)
SHARES = ("shows_",)
NONNEGATIVE = ("phase_", "log_phase_aligned")


def phases(run: Run) -> Measured:
    """Return the step of each phase, and by how much structure was ahead of accuracy."""
    starved = _starved(run) if GRADIENT in run.columns else None
    steps, divergence = run.between("attention_kl")
    aligned = first_held(steps, divergence < ALIGNED_KL)
    after = starved if GRADIENT in run.columns else run.memorised
    last = aligned if aligned is not None else int(run.steps[-1]) if run.steps.size else None
    found = {"starved": starved, "resurgence": _resurgence(run, after), "aligned": aligned}
    return {
        "phase_memorised": run.memorised,
        **{f"phase_{name}": step for name, step in found.items()},
        **{f"shows_{name}": _shown(run, step) for name, step in found.items()},
        **({} if GRADIENT in run.columns else {"shows_starved": None}),
        "phase_grokked": run.grokked,
        "log_phase_aligned": math.log(aligned) if aligned else None,
        "structure_lead": math.log(run.grokked / last) if run.grokked and last else None,
        "structure_lead_steps": None if run.grokked is None or aligned is None else run.grokked - aligned,
    }


def _shown(run: Run, step: int | None) -> float | None:
    return float(step is not None) if run.steps.size else None


def _starved(run: Run) -> int | None:
    if run.memorised is None:
        return None
    largest = run.between(GRADIENT, last=run.memorised)[1].max(initial=0.0)
    steps, values = run.between(GRADIENT, run.memorised, None if run.grokked is None else run.grokked - 1)
    found = steps[values < STARVED_SHARE * largest]
    return int(found[0]) if found.size else None


def _resurgence(run: Run, after: int | None) -> int | None:
    if after is None or run.memorised is None:
        return None
    steps, loss = run.between("train_loss", run.memorised)
    risen = loss > RISE * np.minimum.accumulate(loss)
    late = steps > after
    found = first_held(steps[late], risen[late])
    return None if found is None or (run.grokked is not None and found > run.grokked) else found
