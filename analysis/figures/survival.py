"""Kaplan-Meier curves: the share of runs of each level that have not grokked yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from analysis.figures._style import canvas, shades
from analysis.likelihood import Times
from analysis.survival import kaplan_meier


def survival(levels: Mapping[str, Times], *, x_label: str, folder: Path) -> list[Path]:
    """Draw one curve per level, ticks where runs were censored; return the files."""
    with canvas(folder, "survival") as (axes, files):
        for colour, (label, times) in zip(shades(len(levels)), levels.items(), strict=True):
            steps, left = kaplan_meier(times)
            end = float(np.where(times.observed, times.upper, times.lower).max())
            inside = steps <= end
            line_x, line_y = np.concatenate([[0], steps[inside], [end]]), np.concatenate([[1], left[inside]])
            line_y = np.append(line_y, line_y[-1])
            axes.step(line_x, line_y, where="post", color=colour, lw=1.8, label=label)
            ends = times.lower[~times.observed]
            at = line_y[np.searchsorted(line_x, ends, side="right") - 1]
            axes.plot(ends, at, "|", ms=9, mew=1.6, color=colour)
        axes.set(xlabel="optimizer steps", ylabel="share of runs that have not grokked", ylim=(-0.03, 1.03))
        axes.set_xlim(left=0)
        axes.legend(title=x_label, fontsize=8, title_fontsize=8)
    return files
