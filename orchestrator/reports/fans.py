"""Fans: the curves of an experiment over the steps, one figure per column with a panel per part of the runs."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from orchestrator.reports.levels import by_level, groups
from orchestrator.reports.symbols import label, labelled, short, told
from orchestrator.study.state import State

LOGARITHMIC = re.compile(r"_loss$|_gradient$|_kl$|_variance$|^bound_ratio_")
FAN = (
    "Thin: every run, with a dot where it ended; thick: the median of all runs of a level, those that ended carried "
    "forward; dotted where fewer than half are still watched."
)
Drawn = tuple[list[Path], str, str]


def fans(state: State, rows: pl.DataFrame, curves: pl.DataFrame, folder: Path) -> tuple[list[Drawn], list[str]]:
    """Draw the experiment's curves, unless it is a search.

    Returns files, alternative text and caption of each figure, and a sentence for each probe that never changes: it is
    not drawn.
    """
    from analysis.figures.fan import fan, still

    experiment, scale = state.experiment, state.scale
    if experiment.scales[scale].search:
        return [], []
    found = list(groups(experiment, scale, rows))
    names, usual = labelled([where for where, _ in found])
    levels = [{str(run): x for x, runs in by_level(experiment, scale, part) for run in runs["id"]} for _, part in found]
    where = told(found[0][0]) if len(found) == 1 else ""
    drawn: list[Drawn] = []
    notes: list[str] = []
    for probe in experiment.curves:
        shown = curves.filter((pl.col("probe") == probe) & pl.col("id").is_in(rows["id"].to_list()))
        if shown.is_empty():
            continue
        if (value := still(shown)) is not None:
            notes.append(f"Not drawn: {label(probe)}, {value:g} in every run throughout.")
            continue
        log = bool(LOGARITHMIC.search(probe))
        files = fan(
            shown,
            dict(zip(names, levels, strict=True)),
            probe=probe,
            x_label=short(experiment.x),
            y_label=label(probe),
            folder=folder,
            log=log,
        )
        alt = f"{label(probe)} over steps by {short(experiment.x)}" + (f", {where}" if where else "")
        drawn.append((files, alt, _caption(probe, where, usual, log=log and bool((shown["value"] <= 0).any()))))
    return drawn, notes


def _caption(probe: str, where: str, usual: str, *, log: bool) -> str:
    name = label(probe)
    rest = f" Where a panel does not say otherwise, {usual}." if usual else ""
    edge = " What is 0 lies on the lower edge." if log else ""
    return f"{name[0].upper()}{name[1:]}{f' where {where}' if where else ''}. {FAN}{edge}{rest}"
