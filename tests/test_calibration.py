"""The calibration's simulator: sweeps are as censored and as spread as asked for, runs repeat, counts are right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from calibration.cells import CENSORED, DESIGNS, cells, floored
from calibration.measure import one
from calibration.measure import summary as of_fits
from calibration.rules import FAMILY, families, summary, verdict
from calibration.worlds import RuleCell, rule_cells

from analysis.claims import Verdict
from analysis.design import drawn, simulate
from analysis.intervals import LEFT_OUT
from analysis.rules import rule_names
from orchestrator.reports import calibrated

ROOT = Path(__file__).parents[1]
CELLS = {(cell.name, cell.censored, cell.grouped): cell for cell in cells()}


def test_cells_have_names_of_their_own_and_cover_both_kinds_of_interval() -> None:
    assert len(CELLS) == len(list(cells())) >= 30
    assert {cell.grouped for cell in CELLS.values()} == {True, False}


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_the_budget_censors_the_share_that_was_asked_for(share: float) -> None:
    cell = CELLS["6 levels × 8 seeds, log-normal", share, False]
    many = simulate(cell.world, cell.levels, 500, cell.budget(), np.random.default_rng(5))[0]
    assert 1 - many.observed.mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("noise", ["log-normal", "Weibull"])
def test_noises_have_the_same_median_and_spread(noise: str) -> None:
    world = replace(floored(1.0, grouped=False), noise=noise)
    x = np.full(200_000, 0.05)
    time = drawn(world, x, np.zeros(len(x), dtype=np.intp), np.random.default_rng(0))
    assert np.median(time) == pytest.approx(800, rel=0.01)
    assert np.log(time).std() == pytest.approx(world.sigma, rel=0.02)


def test_every_rule_whose_answer_is_a_matter_of_chance_is_tried() -> None:
    tried = [cell.rule.name for cell in rule_cells()]
    assert {*tried, "parameter_within", "every_within"} == set(rule_names())
    assert len({cell.name for cell in rule_cells()}) == len(tried)


@pytest.mark.parametrize("cell", [cell for cell in rule_cells() if not cell.slow], ids=lambda cell: cell.name)
def test_a_table_is_drawn_again_alike_and_speaks_to_its_rule(cell: RuleCell) -> None:
    first, again = (verdict(cell, 3) for _ in range(2))
    assert first == again and first.effect is not None and first != verdict(cell, 4)


def test_slower_arms_are_censored_as_planned() -> None:
    cell = next(cell for cell in rule_cells() if cell.name == "ratio of 2, Weibull, 60% of the slower arm censored")
    rows = pl.concat(cell.table(np.random.default_rng(seed)) for seed in range(200))
    share = rows.group_by("arm").agg(pl.col("upper").is_null().mean())
    assert dict(share.iter_rows())["b"] == pytest.approx(0.6, abs=0.04)


def test_errors_are_counted_with_the_truth_on_the_limit() -> None:
    cell = next(cell for cell in rule_cells() if cell.name == "mean of a measure, normal")
    told = {"evidence": "", "statement": "", "source": "", "low": 0.5}
    sure = Verdict("a", "fails", effect=0.9, high=0.8, p=0.001, **told)
    weak = Verdict("a", "holds", effect=1.1, high=1.2, p=0.04, **told)
    open_ended = Verdict("a", "undecided", effect=1.1, high=None, p=0.5, **told)
    silent = Verdict("a", "undecided", evidence="none", statement="", source="")
    facts = summary(cell, [sure, weak, open_ended, silent])
    assert (facts["answered"], facts["coverage"]) == (0.75, pytest.approx(2 / 3, abs=1e-4))
    assert (facts["fails"], facts["holds"], facts["p_below_005"]) == (0.25, 0.25, 0.5)
    rest = [open_ended] * (FAMILY - 1)
    found = families([*rest, sure, *rest, weak, *rest, open_ended])
    assert (found["families"], found["any_wrong"], found["any_wrong_after_holm"]) == (
        3,
        pytest.approx(2 / 3, abs=1e-4),
        pytest.approx(1 / 3, abs=1e-4),
    )


def test_reports_state_the_coverage_that_was_measured() -> None:
    published = json.loads((ROOT / "docs/results/calibration/calibration.json").read_text())["cells"]
    grouped = [cell for cell in published if cell["intervals"] == LEFT_OUT]
    assumed = [cell for cell in grouped if "log-normal" in cell["cell"] or "exponent" in cell["cell"]]
    usual, most = (
        [cell["exponent"]["coverage"] for cell in assumed if (cell["planned_censored"] > calibrated.USUAL) == many]
        for many in (False, True)
    )
    spread, other = (
        next(cell["exponent"]["coverage"] for cell in grouped if kind in cell["cell"])
        for kind in ("spread grows", "threshold law")
    )
    stated = (*calibrated.USUAL_COVERAGE, *calibrated.MOST_COVERAGE, calibrated.SPREAD_GROWS, calibrated.OTHER_LAW)
    assert stated == pytest.approx((min(usual), max(usual), min(most), max(most), spread, other), abs=6e-4)
    assert CENSORED[1:] == (calibrated.USUAL, calibrated.MOST)
    counts = [(len(levels), seeds) for levels, seeds in DESIGNS.values()]
    assert [(min(each), max(each)) for each in zip(*counts, strict=True)] == [calibrated.LEVELS, calibrated.SEEDS]


def test_a_simulation_repeats_and_its_summary_counts_what_covers() -> None:
    cell = CELLS["6 levels × 8 seeds, log-normal", 0.3, False]
    budget = cell.budget()
    first = one(cell, budget, 3)
    assert first is not None and first == one(cell, budget, 3) != one(cell, budget, 4)
    runs = [
        {
            "intervals": {"exponent": interval, "floor": (400.0, 300.0, None)},
            "dropped": 0.7,
            "censored": 0.3,
            "told": True,
        }
        for interval in ((1.0, 0.9, 1.1), (1.5, 1.3, 1.7), (1.2, 0.7, 1.5), (0.9, None, 1.2))
    ]
    facts = of_fits(cell, runs)
    assert facts["exponent"]["coverage"] == 0.75 and facts["floor"]["coverage"] == 1.0
    assert (facts["holds"], facts["fails"]) == (0.25, 0.25)
    assert facts["bias_when_censored_runs_are_dropped"] == pytest.approx(-0.3)
