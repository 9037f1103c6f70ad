"""Which points a search has chosen so far: a small file under the storage, written before any of them is trained."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.storage.results import Results
from search_spaces._experiment import Experiment
from search_spaces._space import Search

FOLDER = Path("searches")
CHOICES = ("chosen", "confirmed")


def read(experiment: Experiment, scale: str, results: Results, slug: str) -> Experiment:
    """Return the experiment with the points that its search has chosen; unchanged if it has no search.

    A file that does not list points of this search is skipped with a note, and the search begins again.
    """
    search = experiment.scales[scale].search
    points = _stored(search, results, slug) if search else None
    return experiment.with_search(scale, **points) if points else experiment


def keep(experiment: Experiment, scale: str, results: Results, slug: str) -> None:
    """Write down the points that the experiment's search has chosen by now; a file that cannot be read is kept aside.

    Raises: OSError while the storage fails.
    """
    search, file = experiment.scales[scale].search, _file(slug)
    if search:
        if os.path.lexists(results.root / file) and _stored(search, results, slug) is None:
            results.set_aside(file)
        facts = {"chosen": [dict(point) for point in search.chosen], "confirmed": [*map(dict, search.confirmed)]}
        results.write_json(file, facts, indent=1)


def study_file(results: Results, slug: str) -> Path:
    """Return where the Optuna study of a search lies, which every launch makes again."""
    return results.root / FOLDER / f"{slug}.log"


def room_for_study(results: Results, slug: str) -> Path:
    """Return where the Optuna study is to be written, after clearing the place."""
    for name in (f"{slug}.log", f"{slug}.log.lock"):
        results.room_for(FOLDER / name)
        results.forget(FOLDER / name)
    return study_file(results, slug)


def _file(slug: str) -> Path:
    return FOLDER / f"{slug}.json"


def _stored(search: Search, results: Results, slug: str) -> dict[str, tuple[Any, ...]] | None:
    """Return the points on disk; None if there are none or, with a note, if they cannot be points of this search."""
    facts = results.read_json(_file(slug), dict.fromkeys(CHOICES, list))
    if facts is None:
        return None
    if not all(_is_point(point, search) for name in CHOICES for point in facts[name]):
        results.note(f"{results.root / _file(slug)} is skipped: it does not list points of this search")
        return None
    return {name: tuple(facts[name]) for name in CHOICES}


def _is_point(point: Any, search: Search) -> bool:
    """Say whether something has exactly the fields of a search, each a number above 0, as in its ranges."""
    return (
        isinstance(point, Mapping)
        and point.keys() == search.ranges.keys()
        and all(type(value) in (int, float) and 0 < value < math.inf for value in point.values())
    )
