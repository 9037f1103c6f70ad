"""Which points a search has chosen so far: a small file under the storage, written before any of them is trained."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.results import BadInputError, Results
from search_spaces._experiment import Experiment

FOLDER = Path("searches")


def read(experiment: Experiment, scale: str, results: Results, slug: str) -> Experiment:
    """Return the experiment with the points that its search has chosen; one without a search as it is.

    Raises: BadInputError when the file cannot be understood.
    """
    file = results.root / FOLDER / f"{slug}.json"
    if not experiment.scales[scale].search or not file.is_file():
        return experiment
    try:
        facts = json.loads(file.read_text())
        points = {name: tuple(facts[name]) for name in ("chosen", "confirmed")}
    except (ValueError, LookupError, TypeError) as fault:
        raise BadInputError(f"{file} does not list points ({fault}); move it away to search anew") from None
    return experiment.with_search(scale, **points)


def keep(experiment: Experiment, scale: str, results: Results, slug: str) -> None:
    """Write down the points that the experiment's search has chosen by now.

    Raises: OSError while the storage fails.
    """
    search = experiment.scales[scale].search
    if search:
        facts = {"chosen": [dict(point) for point in search.chosen], "confirmed": [*map(dict, search.confirmed)]}
        results.write_text(FOLDER / f"{slug}.json", json.dumps(facts, indent=1))


def study_file(results: Results, slug: str) -> Path:
    """Return where the Optuna study lies that shows a search; it is made anew by every launch."""
    return results.root / FOLDER / f"{slug}.log"
