"""The colours of all figures; on a dark page a second colour replaces each.

On both pages lines and markers have a contrast of at least 3:1 with their ground, words 4.5:1. The hues are
those that colour-blind readers can tell apart (Okabe and Ito), darkened or lightened to that contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.figures._matplotlib import mpl

GROUND, INK, SOFT, RULE = "#ffffff", "#1b1b1f", "#5a5a64", "#d8d8de"
COLOURS = ("#0072b2", "#c04f00", "#00785a", "#a8487f", "#8a6100", "#5b5bc0")
BAND, REGION = "#cfe3f1", "#d7ecdf"  # the range of a law; the values at which a claim holds
LEARNING, MEMORISED, GENERALISED = "#f2e2b8", "#f3c6a8", "#b5d4ea"
_DARK = {
    **{GROUND: "#16161a", INK: "#e8e8ec", SOFT: "#a8a8b4", RULE: "#3a3a44"},
    **dict(zip(COLOURS, ("#6cb8ea", "#ff9a5c", "#3fc79a", "#e39bc4", "#e5b53a", "#a9a9f5"), strict=True)),
    **{BAND: "#1d3c52", REGION: "#1c3d2f", LEARNING: "#4d4218", MEMORISED: "#613822", GENERALISED: "#21506f"},
}
PALEST, DIMMEST = 0.62, 0.42  # of the colour map: where its contrast with white, and with the dark ground, is 3:1
LAST = 255  # number of the map's last colour
EVEN = 0.179  # luminance of a cell from which on black has a larger contrast than white


def on_dark(colour: str) -> str:
    """Return the colour that replaces another on a dark page; one without a replacement stays.

    >>> on_dark("#ffffff"), on_dark("#123456")
    ('#16161a', '#123456')
    """
    return _DARK.get(colour, colour)


def shades(count: int) -> list[str]:
    """Return colours for ordered levels, the last one farthest from the ground."""
    places = np.linspace(0, 1, count) if count > 1 else np.ones(1)
    numbers = np.rint(LAST * PALEST * (1 - places))  # of the map's colours, so that each has one partner
    on_white = _plasma(numbers)
    _DARK.update(zip(on_white, _plasma(np.rint(LAST - (1 - DIMMEST) * numbers / PALEST)), strict=True))
    return on_white


def of_levels(levels: Sequence[Any]) -> list[str]:
    """Return a colour per level: shades for numbers, hues for anything else (shades where there are too many)."""
    numbers = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels)
    return shades(len(levels)) if numbers or len(levels) > len(COLOURS) else list(COLOURS[: len(levels)])


def cell(share: float) -> tuple[str, str]:
    """Return the colour of a cell (small values are dark) and that of words on it; neither changes on a dark page."""
    fill = mpl.colormaps["viridis"](float(share))
    linear = ((np.array(fill[:3]) + 0.055) / 1.055) ** 2.4
    light = float(np.dot((0.2126, 0.7152, 0.0722), linear))
    return mpl.colors.to_hex(fill), "#010102" if light > EVEN else "#fffffe"


def _plasma(numbers: np.ndarray) -> list[str]:
    return [mpl.colors.to_hex(colour) for colour in mpl.colormaps["plasma"](numbers.astype(int))]
