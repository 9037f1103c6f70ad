"""Fans: the curves of an experiment over the steps, one figure per column and combination of the other axes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from orchestrator.launch import Study
from orchestrator.levels import by_level, groups
from orchestrator.wording import symbol

LABELS = {
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
    "train_loss": "train loss, nats",
    "test_loss": "test loss, nats",
    "attention_kl": "D_KL(oracle ‖ attention), nats",
    "attention_informative_min": "smallest mass on an informative position",
    "attention_informative_q01": "mass on the informative positions, 1 % quantile",
    "attention_entropy": "entropy of attention, nats",
    "pooled_mass_q01": "mass summed over heads, 1 % quantile",
    "best_head_mass_q01": "mass of the best head, 1 % quantile",
    "distractor_gap": "distance Δ of operands to distractors",
    "mlp_norm": "norm of the MLP",
    "attention_norm": "norm of the attention block",
    "score_gradient": "gradient by the scores",
    "interaction_gradient": "gradient by W_Q W_Kᵀ",
}
LOGARITHMIC = re.compile(r"_loss$|_gradient$|_kl$|_variance$|^bound_ratio_")
FAN = (
    "Thin: every run, with a dot where it ended; thick: the median of all runs of a level, those that ended carried "
    "forward; dotted where fewer than half are still watched."
)


def fans(study: Study, rows: pl.DataFrame, curves: pl.DataFrame, folder: Path) -> Iterator[tuple[list[Path], str, str]]:
    """Draw the experiment's curves, if it is no search; yield files, alternative text and caption of each figure."""
    from analysis.evidence import words
    from analysis.figures.fan import fan

    experiment, scale = study.experiment, study.scale
    for probe in experiment.curves if not experiment.scales[scale].search else ():
        shown, name = curves.filter(pl.col("probe") == probe), label(probe)
        for where, part in groups(experiment, scale, rows) if not shown.is_empty() else ():
            x_label, told = symbol(experiment.x), words(where)
            files = fan(
                shown,
                probe=probe,
                level={run: x for x, runs in by_level(experiment, scale, part) for run in runs["id"]},
                x_label=x_label,
                y_label=name,
                folder=folder,
                log=bool(LOGARITHMIC.search(probe)),
                tail=file_name(told),
            )
            alt = f"{name} over steps by {x_label}" + (f", {told}" if told else "")
            yield files, alt, f"{name[0].upper()}{name[1:]}{f' where {told}' if told else ''}. {FAN}"


def file_name(told: str) -> str:
    """Return a condition in words as a part of a file name.

    >>> file_name("attention = oracle")
    'attention___oracle'
    """
    return "".join(c if c.isalnum() else "_" for c in told)


def label(column: str) -> str:
    """Return what the axis of a curve is called.

    >>> label("attention_kl"), label("accuracy_at_12")
    ('D_KL(oracle ‖ attention), nats', 'accuracy at 12')
    """
    return LABELS.get(column, column.replace("_", " "))
