"""From a table of censored events to laws, verdicts and figures; knows nothing of how the events were made.

Notebooks import from here, ``from analysis import draw_laws, fit_laws, load``. Each name is loaded when it is asked
for, so the package itself stays light. Runs of one's own storage come from ``orchestrator.results``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.compare import Fit
    from analysis.frames import draw_laws, draw_survival, fit_laws, fit_regression, load
    from analysis.interval import Interval
    from analysis.laws import law_names
    from analysis.table import delays, timeline

__all__ = [
    "Fit",
    "Interval",
    "delays",
    "draw_laws",
    "draw_survival",
    "fit_laws",
    "fit_regression",
    "law_names",
    "load",
    "timeline",
]
_HOMES = {
    "compare": ("Fit",),
    "frames": ("draw_laws", "draw_survival", "fit_laws", "fit_regression", "load"),
    "interval": ("Interval",),
    "laws": ("law_names",),
    "table": ("delays", "timeline"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
