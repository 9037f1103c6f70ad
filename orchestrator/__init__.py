"""Launch experiments: plan what is missing, train it in packs, mirror it to MLflow, report.

``from orchestrator import results`` gives the runs of a study as a frame; the command line does everything else.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["results"]


def results(
    name: str,
    *,
    scale: str = "laptop",
    storage: str = "runs",
    changes: Sequence[str] = (),
    seeds: int | None = None,
) -> pl.DataFrame:
    """Return the runs of a study that have ended: a row per run, its fields, events and measures.

    It is the table that a report keeps as ``replicas.csv``. ``name``: an experiment or the path of a file that defines
    one; ``changes`` and ``seeds``: those that a study was launched with, by ``--set`` and ``--seeds``.
    If files had to be skipped, a warning says so.
    Raises: BadInputError in words, as the command line does.
    """
    from orchestrator.reports.report import runs_of
    from orchestrator.study.state import read
    from orchestrator.study.study import Options, study_of

    study = study_of(Options(name=name, scale=scale, storage=storage, changes=tuple(changes), seeds=seeds))
    runs = runs_of(read(study))
    for note in study.results.untold():
        warnings.warn(note, stacklevel=2)
    return runs
