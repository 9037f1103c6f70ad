"""Tables that cannot answer are answered in words, with the verdict undecided: no traceback, no NaN."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from analysis.claims import Claim, judge
from analysis.evidence import Evidence
from analysis.rules import Rule
from orchestrator.fit.fits import fit_table, lines
from search_spaces import DroppingShift, FloorShare, ParameterWithin, RatioWithin, SlopeWithin

SEEDS = [0, 1, 2, 3] * 3
LEVELS = [0.1] * 4 + [0.3] * 4 + [1.0] * 4
STEPS = [950.0, 1010, 1080, 990, 340, 300, 365, 320, 120, 96, 104, 99]


def rows(**changes: Any) -> pl.DataFrame:
    facts = {"x": LEVELS, "lower": STEPS, "upper": [step + 10 for step in STEPS], "group": SEEDS, **changes}
    return pl.DataFrame(facts, strict=False)


TABLES = {
    "all censored": (rows(upper=[None] * 12), "no run saw the event"),
    "one level": (rows(x=[1.0] * 12), "same x, 1: a law needs at least two levels"),
    "no x above 0": (rows(x=[0.0] * 12), "there are no rows"),
    "identical times": (rows(lower=[100.0] * 12, upper=[100.0] * 12), "runs of a level do not differ"),
    "identical intervals": (rows(lower=[100.0] * 12, upper=[110.0] * 12), "runs of a level do not differ"),
    "two levels with events": (
        rows(upper=[None] * 4 + [step + 10 for step in STEPS[4:]]),
        "3 constants, but events at 2 levels only",
    ),
    "one event": (rows(upper=[None] * 11 + [110.0]), "3 constants, but events at 1 level only"),
}


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("table, reason", TABLES.values(), ids=TABLES.keys())
def test_fit_answers_undecided_in_words(table: pl.DataFrame, reason: str, grouped: bool) -> None:
    facts = fit_table(table if grouped else table.drop("group"), x=["x"], laws=()).facts
    json.loads(json.dumps(facts), parse_constant=pytest.fail)
    assert facts["verdict"] == "undecided" and reason in facts["reason"]
    assert "undecided" in "\n".join(lines(facts))


@pytest.mark.parametrize("law", ["", "power"])
def test_zero_width_intervals_are_exact_times(law: str) -> None:
    exact = rows(lower=STEPS, upper=STEPS)
    facts = fit_table(exact, x=["x"], laws=[law] if law else ()).facts
    found = next(fit for fit in facts["fits"] if fit["law"] == "power")["parameters"]["exponent"]
    assert found["estimate"] == pytest.approx(1.0, abs=0.05) and found["low"] < found["estimate"] < found["high"]


def test_rows_at_zero_are_left_out_and_counted() -> None:
    facts = fit_table(rows(x=[0.0] * 4 + LEVELS[4:]), x=["x"], laws=["power"]).facts
    assert (facts["outside"], facts["rows"], facts["events"]) == (4, 8, 8)
    assert "4 more have x <= 0" in "\n".join(lines(facts))


def test_one_seed_counts_rows_as_independent_and_claims_stay_undecided() -> None:
    single = rows(group=[7] * 12)
    assert fit_table(single, x=["x"], laws=["power"]).facts["fits"][0]["intervals"] == "profile likelihood"
    timeline = single.rename({"group": "data_seed"}).with_columns(
        memorised_upper=pl.lit(10.0), memorised_lower=pl.lit(5.0)
    )
    claim = Claim(name="c", statement="…", rule=ParameterWithin("exponent"))
    found = judge(claim, Evidence(timeline, x="x", laws=["power"], primary_law="power"))
    assert found.verdict == "undecided" and "one seed only" in found.evidence


@pytest.mark.parametrize(
    "rule",
    [
        ParameterWithin("floor"),
        FloorShare(),
        DroppingShift("floor"),
        SlopeWithin("width"),
        RatioWithin(first={"x": 0.1}, second={"x": 7.0}),
        ParameterWithin("exponent", where={"x": 5.0}),
        ParameterWithin("exponent", where={"x": "five"}),
        ParameterWithin("exponent", where={"width": 5}),
    ],
)
def test_claims_that_the_table_cannot_speak_to_are_undecided(rule: Rule) -> None:
    timeline = (
        rows().rename({"group": "data_seed"}).with_columns(memorised_upper=pl.lit(10.0), memorised_lower=pl.lit(5.0))
    )
    claim = Claim(name="c", statement="…", rule=rule)
    found = judge(claim, Evidence(timeline, x="x", laws=["power"], primary_law="power"))
    assert found.verdict == "undecided" and len(found.evidence) > 10
