"""Claims side by side: for each the numbers that its rule looked at, the estimate with its interval, and the region."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from analysis.figures._claim import Judged, limits, shade, verdict
from analysis.figures._colours import SOFT
from analysis.figures._labels import wrapped
from analysis.figures._matplotlib import Axes, ticker
from analysis.figures._style import WIDTH, panels
from analysis.looked import Looked

ROW, LINE = 0.72, 0.16  # inches
FEW = 3  # claims, up to which they stand below each other
SPREAD = 0.3  # of the height over which the seeds lie


def claims(judged: Mapping[str, tuple[Looked | None, Judged]], *, folder: Path, names: Mapping[str, str]) -> list[Path]:
    """Draw one panel per claim, under its title: a dot per seed, and below the dots the estimate with its interval.

    ``names``: what each axis measures. Shaded: where the claim holds. A claim whose rule looks at a law or a regression
    has no dots. Returns the files.
    """
    columns = 1 if len(judged) <= FEW else 2
    width = WIDTH / columns - 0.3
    titles = {title: wrapped(title, width) for title in judged}
    told = {title: wrapped(names[title], width) for title in judged}
    shared: dict[str, list[float]] = {}  # panels of one quantity have one scale
    for title, (looked, numbers) in judged.items():
        shared.setdefault(names[title], []).extend(limits(looked, numbers))
    lines = max(titles[title].count("\n") + told[title].count("\n") for title in judged)
    with panels(folder, "claims", len(judged), columns=columns, height=ROW + LINE * (lines + 1), shared=False) as (
        grid,
        files,
    ):
        for axes, (title, (looked, numbers)) in zip(grid, judged.items(), strict=True):
            axes.set_title(titles[title])
            axes.set_xlabel(told[title])
            axes.set_xlim(min(shared[names[title]]), max(shared[names[title]]))
            _claim(axes, looked, numbers)
    return files


def _claim(axes: Axes, looked: Looked | None, judged: Judged) -> None:
    shade(axes, judged)
    if looked is not None:
        count = len(looked.lower)
        axes.plot(looked.lower, SPREAD * np.linspace(-1, 1, count), "o", ms=3, color=SOFT, gid="seeds")
    verdict(axes, judged, 1)
    axes.set(ylim=(1.7, -0.8), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(4))
    axes.grid(axis="y", visible=False)
