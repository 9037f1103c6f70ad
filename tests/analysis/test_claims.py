"""Verdicts by equivalence, on sweeps whose law is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_laws import LEVELS, planted

from analysis.claims import Claim, Evidence, Verdict, equivalence, judge
from analysis.compare import fit_laws
from analysis.likelihood import Times


def verdict(times: Times, rule: str, **settings: Any) -> Verdict:
    claim = Claim(name="claim", statement="…", source="…", rule=rule, settings=settings)
    groups = np.tile(np.arange(len(times.x) // len(LEVELS)), len(LEVELS)).tolist()
    (fit,) = fit_laws(times, ["floor_power"], groups)
    return judge(claim, Evidence(times, groups, fit))


def test_exponent_one_holds_when_planted_and_fails_when_two_is() -> None:
    settings = {"parameter": "exponent", "low": 0.8, "high": 1.25}
    assert verdict(planted(seeds=30, spread=0.1), "parameter_within", **settings).verdict == "holds"
    steep = planted(seeds=30, spread=0.1, exponent=2.0)
    assert verdict(steep, "parameter_within", **settings).verdict == "fails"


def test_wide_intervals_leave_the_exponent_undecided() -> None:
    noisy = planted(seeds=4, spread=0.6)
    assert verdict(noisy, "parameter_within", parameter="exponent", low=0.8, high=1.25).verdict == "undecided"


def test_floor_share_tells_a_floor_from_none() -> None:
    assert verdict(planted(seeds=20, spread=0.1), "floor_share", low=0.5).verdict == "holds"
    assert verdict(planted(seeds=20, spread=0.1, floor=0.0), "floor_share", low=0.5).verdict == "fails"


def test_dropping_shift_is_seen_only_when_runs_are_censored() -> None:
    settings = {"parameter": "exponent", "high": -0.05}
    censored = planted(seeds=40, spread=0.4, budget=1500)
    assert verdict(censored, "dropping_shift", **settings).verdict == "holds"
    assert verdict(planted(seeds=20), "dropping_shift", **settings).effect == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.9, 1.1, "holds"),
        (0.7, 1.1, "undecided"),
        (1.3, 2.0, "fails"),
        (None, None, "undecided"),
        (0.8, 1.25, "holds"),
    ],
)
def test_equivalence_reads_the_whole_interval(low: float | None, high: float | None, expected: str) -> None:
    assert equivalence(low, high, within=(0.8, 1.25)) == expected


def test_unknown_rule_lists_the_rules() -> None:
    with pytest.raises(LookupError, match="unknown rule 'nonsense'; rules: parameter_within"):
        verdict(planted(), "nonsense")
