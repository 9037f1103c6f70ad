"""The figures of a report; the only place that imports matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.compare import Fit
from analysis.intervals import resamples
from analysis.laws import law_named
from analysis.likelihood import Times

LAW_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito, safe for colour-blind
STYLE: dict[Any, Any] = {
    "figure.figsize": (7.0, 4.4),
    "figure.dpi": 150,
    "svg.fonttype": "none",
    "svg.hashsalt": "grokking-laws",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
JITTER = 0.06


def law_plot(times: Times, groups: Sequence[object], fits: Sequence[Fit], *, x_label: str, folder: Path) -> list[Path]:
    """Draw the time of every run against x, log–log, with the fitted laws; return the files.

    A run is a bar over its interval; a censored one is an arrow from where watching ended. The band is the range of the
    first law (the primary one) over resampled seed groups.
    """
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots()
        _runs(axes, times, groups)
        grid = np.geomspace(times.x.min() / 1.3, times.x.max() * 1.3, 300)
        for colour, fit in zip(LAW_COLOURS, fits, strict=False):
            curve = law_named(fit.law).time(fit.values, grid)
            first = fit is fits[0]
            style = {"lw": 2.4} if first else {"lw": 1.2, "ls": "--"}
            axes.plot(grid, np.where(np.isfinite(curve), curve, np.nan), color=colour, label=_title(fit), **style)
        _band(axes, times, groups, fits[0], grid)
        seen = np.where(times.observed, times.upper, times.lower)
        axes.set(
            xscale="log", yscale="log", xlabel=x_label, ylabel="grok step", ylim=(seen.min() / 1.6, seen.max() * 2.2)
        )
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.14))
        return _save(figure, folder, "law")


def fan(
    curves: pl.DataFrame, *, probe: str, level: Mapping[str, float], x_label: str, y_label: str, folder: Path
) -> list[Path]:
    """Draw one probe over the steps, one colour per level: every run thin, and the median over all runs thick.

    A run that ended early is carried forward at its last value, so the median is never one of survivors only; where
    fewer than half of the runs are still watched the median is dotted.
    """
    values = curves.filter(pl.col("probe") == probe)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots()
        xs = sorted(set(level.values()))
        for colour, x in zip(mpl.colormaps["viridis"](np.linspace(0, 0.92, len(xs))), xs, strict=True):
            runs = [
                (run["step"].to_numpy(), run["value"].to_numpy())
                for name, run in ((name, values.filter(pl.col("id") == name)) for name, at in level.items() if at == x)
                if not run.is_empty()
            ]
            _fan_level(axes, runs, colour, f"{x:g}")
        axes.set(xlabel="optimizer steps", ylabel=y_label, xscale="symlog")
        axes.set_xlim(left=10)
        if probe == "attention_kl":
            axes.set_yscale("log")
        axes.legend(title=x_label, fontsize=8, title_fontsize=8)
        return _save(figure, folder, probe)


def _runs(axes: Axes, times: Times, groups: Sequence[object]) -> None:
    labels = list(dict.fromkeys(groups))
    places = np.array([labels.index(group) for group in groups])
    x = times.x * np.exp(JITTER * (places - places.mean()) / max(places.std(), 1e-9))
    seen = times.observed
    axes.vlines(x[seen], np.maximum(times.lower[seen], 1), times.upper[seen], color="#333333", lw=2.2, alpha=0.8)
    axes.plot(
        x[seen], times.upper[seen], "o", ms=3.5, color="#333333", alpha=0.8, label=f"{seen.sum()} runs that grokked"
    )
    if (~seen).any():
        label = f"{(~seen).sum()} runs censored where watching ended"
        axes.plot(x[~seen], times.lower[~seen], marker=r"$\uparrow$", ls="", ms=9, color="#777777", label=label)


def _band(axes: Axes, times: Times, groups: Sequence[object], fit: Fit, grid: np.ndarray) -> None:
    if len(set(groups)) < 2:
        return
    law = law_named(fit.law)
    curves = [law.time(law.fit(sample, start=fit.values).values, grid) for sample in resamples(times, groups)]
    low, high = np.percentile(np.array(curves), [2.5, 97.5], axis=0)
    axes.fill_between(grid, low, high, color=LAW_COLOURS[0], alpha=0.15, lw=0)


def _fan_level(axes: Axes, runs: Sequence[tuple[np.ndarray, np.ndarray]], colour: Any, label: str) -> None:
    if not runs:
        return
    for steps, values in runs:
        axes.plot(steps, values, color=colour, lw=0.5, alpha=0.35)
    grid = max((steps for steps, _ in runs), key=len)
    carried = np.array([np.interp(grid, steps, values) for steps, values in runs])
    watched = np.array([grid <= steps[-1] for steps, _ in runs]).mean(0)
    middle = np.median(carried, axis=0)
    axes.plot(grid, np.where(watched >= 0.5, middle, np.nan), color=colour, lw=2, label=label)
    axes.plot(grid, np.where(watched < 0.5, middle, np.nan), color=colour, lw=1.5, ls=":")


def _title(fit: Fit) -> str:
    constants = ", ".join(f"{name} {interval.estimate:.3g}" for name, interval in fit.parameters.items())
    return f"{fit.formula}, {constants}"


def _save(figure: Figure, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.svg", folder / f"{name}.png"]
    for file in files:
        figure.savefig(file, bbox_inches="tight", metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
    return files
