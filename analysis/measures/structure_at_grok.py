"""Attention and the norm of the MLP when a run grokked: the numbers of the paper's two conditions.

At the first evaluation with test accuracy at or above the threshold, None where there is none. ``mass_at_grok``,
``mass_min_at_grok``: 1 % quantile and minimum over test inputs of the smallest informative mass of attention;
``kl_at_grok``: D_KL(oracle ‖ attention) in nats; ``norm_at_grok``: Frobenius norm of the MLP; ``pooled_mass_at_grok``,
``best_head_mass_at_grok``: 1 % quantiles of the mass summed over heads and of the best head's; ``gap_at_grok``: the
distance Δ_emb between an operand's value and those of the distractors. ``gap_smallest``: its smallest over all
evaluations.

Numbers whose curve was not recorded are left out.
"""

from __future__ import annotations

from analysis.measures._run import Measured, Run

SOURCE = "arXiv 2605.15787, definitions 4.1 and 4.2, appendix A.3, conjecture E.2"
SHARES = ("mass_at_grok", "mass_min_at_grok", "best_head_mass_at_grok")
NONNEGATIVE = ("kl_at_grok", "norm_at_grok", "pooled_mass_at_grok", "gap_at_grok", "gap_smallest")
COLUMNS = {
    "mass_at_grok": "attention_informative_q01",
    "mass_min_at_grok": "attention_informative_min",
    "kl_at_grok": "attention_kl",
    "norm_at_grok": "mlp_norm",
    "pooled_mass_at_grok": "pooled_mass_q01",
    "best_head_mass_at_grok": "best_head_mass_q01",
    "gap_at_grok": "distractor_gap",
}
GAP = "distractor_gap"
GIVES = (*COLUMNS, "gap_smallest")


def structure_at_grok(run: Run) -> Measured:
    """Return the recorded columns at the grok step, and the smallest gap."""
    found = {name: run.at(column, run.grokked) for name, column in COLUMNS.items() if column in run.columns}
    if GAP in run.columns:
        values = run.column(GAP)
        found["gap_smallest"] = float(values.min()) if values.size else None
    return found
