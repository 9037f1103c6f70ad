"""The parts of matplotlib that figures use, and its default settings, without those of a user's matplotlibrc."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

__all__ = ["DEFAULTS", "Axes", "Figure", "Line2D", "Patch", "Rectangle", "mpl", "ticker"]

DEFAULTS: dict[Any, Any] = {
    name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "date.", "webagg"))
}
"""What a user's matplotlibrc must not change."""
