"""Whether the norm of the MLP obeyed the proposition on norm contraction, evaluation by evaluation.

For decoupled decay γ = lr · weight decay and updates of size lr · U at most, ‖θ_t+1‖² <= (1 - γ) ‖θ_t‖² + (lr / weight
decay) U². U² is the number of weights for Lion; for AdamW that times (1 - β₁)² / ((1 - β₂)(1 - β₁² / β₂)) or 1, if
larger, the supremum over all sequences of gradients; for Muon 0.04 · max(m, n) · rank · 1.2025² for a matrix, as its
updates are scaled and orthogonalised, and AdamW's for biases. From one evaluation to the next the inequality is used
once per step.

``contraction_violations``: the share of intervals between evaluations, from memorising on, in which it fails; None
without decay, where updates have no largest size (SGD, β₁² >= β₂), and where the run did not memorise.
``contraction_worst``: the smallest log10(bound / ‖θ‖²) over those intervals, negative where the inequality fails.

Limits: a network of the kl_prior family, d → 4d → classes, that memorises after its warm-up. U² is hundreds of times
‖θ‖² at usual sizes, so the inequality can hardly fail: it bounds, and does not predict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures._run import Measured, Run

SOURCE = "arXiv 2605.15787, definition 3.2 and its proposition; sizes of updates by optimizer"
GIVES = ("contraction_violations", "contraction_worst")
SHARES = ("contraction_violations",)
NORM = "mlp_norm"
ROUNDING = 1e-5
LARGEST_SINGULAR_VALUE = 1.2025  # after Muon's five rounds
PARITY_CLASSES = 3


def contraction(run: Run) -> Measured:
    """Return the share of violations and the worst case."""
    squares, sizes = run.between(NORM, run.memorised)[1] ** 2, _squared_size(run.fields)
    rate = float(run.fields.get("learning_rate") or 0.0)
    decay = float(run.fields.get("weight_decay") or 0.0)
    if run.memorised is None or not rate * decay or sizes is None or len(squares) < 2:
        return {"contraction_violations": None, "contraction_worst": None}
    kept = (1 - rate * decay) ** np.diff(run.between(NORM, run.memorised)[0])
    bound = kept * squares[:-1] + rate / decay * sizes * (1 - kept) / (rate * decay)
    ratio = bound / np.maximum(squares[1:], np.finfo(float).tiny)
    ratio = ratio[np.isfinite(ratio)]
    if not ratio.size:
        return {"contraction_violations": None, "contraction_worst": None}
    return {
        "contraction_violations": float((ratio < 1 - ROUNDING).mean()),
        "contraction_worst": float(np.log10(ratio.min())),
    }


def _squared_size(fields: Mapping[str, Any]) -> float | None:
    """Return U² of the whole MLP."""
    name, width = fields.get("optimizer", "adamw"), int(fields.get("width", 0))
    classes = PARITY_CLASSES if fields.get("task") == "parity" else int(fields.get("modulus", 0))
    hidden = 4 * width
    matrices, biases = ((width, hidden), (hidden, classes)), hidden + classes
    weights = sum(m * n for m, n in matrices)
    beta1, beta2 = float(fields.get("beta1", 0.9)), float(fields.get("beta2", 0.999))
    if name in ("adamw", "muon") and beta1**2 >= beta2:
        return None  # one large gradient can move such weights without a limit
    adam = max(1.0, (1 - beta1) ** 2 * beta2 / ((1 - beta2) * (beta2 - beta1**2))) if name != "lion" else 1.0
    if name == "muon":
        of_matrices = sum(0.04 * max(m, n) * min(m, n) * LARGEST_SINGULAR_VALUE**2 for m, n in matrices)
        return of_matrices + biases * adam
    return {"adamw": (weights + biases) * adam, "lion": float(weights + biases)}.get(name)
