"""Published verdicts computed again from their tables alone, by scipy and a likelihood that is written here."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

PUBLISHED = Path(__file__).parents[1] / "docs" / "results"
Rows = list[dict[str, str]]
Interval = tuple[float, float, float]


def rows_of(name: str, **fields: object) -> Rows:
    """Return the rows of a published table with the given values, as text."""
    with (PUBLISHED / name / "replicas.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if all(alike(row[key], value) for key, value in fields.items())]


def alike(text: str, value: object) -> bool:
    if value is None or isinstance(value, str):
        return text == (value or "")
    return text != "" and math.isclose(float(text), float(str(value)))


def by_seed(rows: Rows, column: str) -> dict[str, float]:
    """Return the mean of each seed's numbers."""
    seeds = sorted({row["data_seed"] for row in rows})
    values = {seed: [float(row[column]) for row in rows if row["data_seed"] == seed and row[column]] for seed in seeds}
    return {seed: float(np.mean(each)) for seed, each in values.items() if each}


def student(values: np.ndarray) -> Interval:
    found = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return float(values.mean()), float(found.low), float(found.high)


def share(name: str, event: str, **fields: object) -> Interval:
    seen = [bool(row[f"{event}_upper"]) for row in rows_of(name, **fields)]
    found = stats.binomtest(sum(seen), len(seen)).proportion_ci(0.95, method="exact")
    return float(np.mean(seen)), found.low, found.high


def mean(name: str, column: str, **fields: object) -> Interval:
    return student(np.array(list(by_seed(rows_of(name, **fields), column).values())))


def change(name: str, column: str, first: Mapping[str, object], second: Mapping[str, object]) -> Interval:
    one, other = (by_seed(rows_of(name, **arm), column) for arm in (first, second))
    return student(np.array([other[seed] - one[seed] for seed in one]))


def worst(name: str, column: str) -> Interval:
    largest = max(float(row[column]) for row in rows_of(name) if row[column])
    return largest, largest, largest


def exponent(name: str, event: str, x: str, *, floor: bool, since: str = "", **fields: object) -> Interval:
    """Return a of T = T0 + C / x^a, log-normal around it, by maximum likelihood without each seed in turn."""
    rows = rows_of(name, **fields)
    at = np.array([float(row[x]) for row in rows])
    lower, upper = np.array([interval(row, event, since) for row in rows]).T
    seeds = np.array([row["data_seed"] for row in rows])
    whole = fitted(at, lower, upper, floor=floor)
    each = [fitted(*(part[seeds != seed] for part in (at, lower, upper)), floor=floor) for seed in np.unique(seeds)]
    count = len(each)
    half = stats.t.ppf(0.975, count - 1) * math.sqrt((count - 1) / count * np.square(np.array(each) - whole).sum())
    return whole, whole - half, whole + half


def interval(row: Mapping[str, str], event: str, since: str) -> tuple[float, float]:
    """Return between which steps an event fell, or after which, counted from another."""
    lower, upper = float(row[f"{event}_lower"]), float(row[f"{event}_upper"] or math.inf)
    if not since:
        return lower, upper
    return max(lower - float(row[f"{since}_upper"]), 0), upper - float(row[f"{since}_lower"])


def fitted(x: np.ndarray, lower: np.ndarray, upper: np.ndarray, *, floor: bool) -> float:
    seen = np.isfinite(upper)
    slope, level = np.polyfit(np.log(x[seen]), np.log(upper[seen]), 1)
    least = float(upper[seen].min())

    def loss(theta: np.ndarray) -> float:
        median = np.exp(theta[0] - theta[1] * np.log(x)) + (np.exp(theta[3]) if floor else 0)
        with np.errstate(divide="ignore"):
            low, high = ((np.log(each) - np.log(median)) / np.exp(theta[2]) for each in (lower, upper))
        return -float(np.log(np.maximum(stats.norm.cdf(high) - stats.norm.cdf(low), 1e-300)).sum())

    best = math.inf, 0.0
    for factor in (1.0, 2.0, 4.0):
        start = [level, -slope * factor, math.log(0.3), math.log(0.7 * least)][: 4 if floor else 3]
        found = optimize.minimize(
            loss, start, method="Nelder-Mead", options={"maxiter": 6000, "xatol": 1e-6, "fatol": 1e-7}
        )
        best = min(best, (found.fun, found.x[1]))
    return best[1]


FREE = {"optimizer": "adamw", "learning_rate": 0.01, "mlp_norm": None, "loss_arithmetic": "exact"}
ORACLE = {**FREE, "prior": "oracle"}
FAST = {**FREE, "prior": "none", "learning_rate": 0.03}
ROUNDED = {"loss_arithmetic": "rounded"}
COMPUTED: dict[tuple[str, str], Callable[[], Interval]] = {
    ("softmax_collapse", "oracle_does_not_grok"): lambda: share("softmax_collapse", "grokked_0.99", **ORACLE),
    ("softmax_collapse", "collapse_is_seen"): lambda: mean(
        "softmax_collapse", "final_zero_target_gradient_share", **{**FAST, **ROUNDED}
    ),
    ("softmax_collapse", "knows_nothing_else"): lambda: mean("softmax_collapse", "final_unmirrored_accuracy", **ORACLE),
    ("softmax_collapse", "oracle_rests_where_it_rests"): lambda: change(
        "softmax_collapse", "final_test_accuracy", ORACLE, {**ORACLE, **ROUNDED}
    ),
    ("explaining_away_bound", "sharp_bound_holds"): lambda: worst("explaining_away_bound", "bound_sharp_worst"),
    ("explaining_away_bound", "printed_bound_loosens"): lambda: mean(
        "explaining_away_bound", "tightness_printed_waiting"
    ),
    ("explaining_away_bound", "starves_as_the_root_without_a_prior"): lambda: mean(
        "explaining_away_bound", "starvation_slope", kl_strength=0
    ),
    ("kl_scaling", "sgd_aligns_as_one_over_lambda"): lambda: exponent(
        "kl_scaling", "aligned_0.03", "kl_strength", floor=True, optimizer="sgd"
    ),
    ("kl_scaling", "adamw_aligns_as_one_over_lambda"): lambda: exponent(
        "kl_scaling", "aligned_0.03", "kl_strength", floor=True, optimizer="adamw"
    ),
    ("kl_scaling", "inverse_scaling"): lambda: exponent(
        "kl_scaling", "grokked_0.9", "kl_strength", floor=True, optimizer="adamw"
    ),
    ("weight_decay_scaling", "inverse_delay"): lambda: exponent(
        "weight_decay_scaling",
        "grokked_0.95",
        "weight_decay",
        floor=False,
        since="memorised_0.99",
        learning_rate=0.01,
    ),
    ("weight_decay_scaling", "inverse_weight_decay"): lambda: exponent(
        "weight_decay_scaling", "grokked_0.95", "weight_decay", floor=False, learning_rate=0.01
    ),
}


@pytest.mark.parametrize("experiment, name", COMPUTED)
def test_a_published_verdict_follows_from_its_table(experiment: str, name: str) -> None:
    report = json.loads((PUBLISHED / experiment / "report.json").read_text(encoding="utf-8"))
    claim: dict[str, Any] = next(each for each in report["claims"] if each["name"] == name)
    estimate, low, high = COMPUTED[experiment, name]()
    scale = max(abs(high - low), abs(estimate))
    for told, found in (("effect", estimate), ("low", low), ("high", high)):
        if claim[told] is not None and math.isfinite(found):
            assert claim[told] == pytest.approx(found, abs=0.03 * scale), told
    least, most = (claim_limit(experiment, name, end) for end in ("low", "high"))
    verdict = "holds" if least <= low and high <= most else "fails" if high < least or low > most else "undecided"
    assert verdict == claim["verdict"]


def claim_limit(experiment: str, name: str, end: str) -> float:
    """Return a limit as the registered rule states it in words: the last interval of the evidence."""
    report = json.loads((PUBLISHED / experiment / "report.json").read_text(encoding="utf-8"))
    claim = next(each for each in report["claims"] if each["name"] == name)
    words = claim["evidence"].rpartition("holds within ")[2].strip("()[]").split(", ")
    text = words[0 if end == "low" else 1].replace("∞", "inf")
    return float(text)
