"""The numbers that the rule of a claim looked at, for its figure: the same that its verdict was reached from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis._measured import Numbers, arms, numbers_of_change, numbers_of_measure, numbers_of_share
from analysis.contrast import told_ratios
from analysis.evidence import Evidence
from analysis.likelihood import Array


@dataclass(frozen=True)
class Looked:
    """One row per pair or seed: an interval in which its number lies, with equal ends where it is known.

    ``silent``: how many rows said nothing and are not among them.
    """

    lower: Array
    upper: Array
    seeds: list[object]
    silent: int = 0


def looked_at(rule: str, evidence: Evidence, settings: Mapping[str, Any]) -> Looked | None:
    """Return what a rule looked at; None for one that looks at a law or a regression, whose fit is its evidence.

    Raises: ValueError in words where there is nothing to look at.
    """
    return _LOOKED[rule](evidence, settings) if rule in _LOOKED else None


def _ratios(evidence: Evidence, settings: Mapping[str, Any]) -> Looked:
    added = settings.get("first_added"), settings.get("second_added")
    first, second, seeds = evidence.compared(*arms(settings), settings.get("where"), added)
    ratios, told = told_ratios(first, second, seeds)
    return Looked(ratios.lower, ratios.upper, told, silent=len(seeds) - len(told))


def _numbers(found: Numbers) -> Looked:
    means = found.by_seed()
    values = np.array(list(means.values()), dtype=float)
    return Looked(values, values, list(means), found.silent)


_LOOKED: Mapping[str, Callable[[Evidence, Mapping[str, Any]], Looked]] = {
    "ratio_within": _ratios,
    "measure_within": lambda evidence, settings: _numbers(numbers_of_measure(evidence, settings)),
    "measure_change": lambda evidence, settings: _numbers(numbers_of_change(evidence, settings)),
    "share_within": lambda evidence, settings: _numbers(numbers_of_share(evidence, settings)),
}
