"""What is said is said alike on every page, as one would say it aloud, and undecided things do not sound decided."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from page_words import counts, words_of_html, words_of_markdown
from strengths import EXPERIMENT

from analysis.claims import Claim
from orchestrator.reports import pages, spoken, wording
from orchestrator.reports.method import method
from search_spaces import RatioWithin
from search_spaces._files import own_experiment
from trainables.names import available

PUBLISHED = Path(__file__).parents[2] / "docs" / "results"
NAMES = sorted(file.parent.name for file in PUBLISHED.glob("*/report.json"))
FIT = {
    "law": "floor_power",
    "formula": "T = T0 + C/x^a",
    "parameters": {
        "floor": {"estimate": 474.0, "low": 421.0, "high": 528.0},
        "exponent": {"estimate": 1.86, "low": 0.484, "high": 3.24},
    },
    "note": None,
}


def published(name: str) -> dict[str, Any]:
    """Return the published facts of a report; what older ones lack is empty."""
    facts: dict[str, Any] = json.loads((PUBLISHED / name / "report.json").read_text())
    return {"formula": None, "unfit": None, "watched_steps": 2000, **facts}


def facts_of(**changes: Any) -> dict[str, Any]:
    level = {"events": 30, "runs": 48}
    claim = {"name": "inverse_scaling", "verdict": "undecided", "effect": 1.86, "evidence": "e"}
    found = {"fits": [FIT], "regression": [], "strata": [], "unfit": None, "claims": [claim], "levels": [level]}
    return {**found, "watched_steps": 2000, **changes}


@pytest.mark.parametrize("name", NAMES)
def test_html_and_markdown_print_the_same_words_and_numbers(name: str) -> None:
    facts = published(name)
    shown, written = counts(words_of_html(pages.html(facts, str))), counts(words_of_markdown(pages.markdown(facts)))
    only_html, only_markdown = shown - written, written - shown
    assert set(only_html) | set(only_markdown) <= {
        *"·–",
        "claim",
        "verdict",
        "evidence",
        "p",
        "runs",
        "source",
        *("Source", "Refuted", "refuted", "by", "Not", "not"),
    }
    numbers = [word for word in shown if re.search(r"\d", word)]
    assert len(numbers) > 50 and all(shown[word] == written[word] for word in numbers)


@pytest.mark.parametrize("name", NAMES)
def test_no_page_shows_machine_words(name: str) -> None:
    text = words_of_markdown(pages.markdown(published(name)).split("## Method")[0])
    told = text.replace("analysis/measures, files", "").split("Their rules are in")[0]
    assert not re.search(r"\d[eE][-+]\d|\[-?∞|∞\]|\b1 (?:runs|levels|seeds|replicas|networks)\b|\bNone\b|\bnan\b", told)


def test_the_answer_of_a_law_is_said_with_its_floor_and_what_stays_open() -> None:
    assert spoken.answer(EXPERIMENT, facts_of()) == (
        "A stronger prior groks sooner, down to about 470 steps; whether as 1/λ stays open (exponent 1.86 "
        "[0.484, 3.24]). 30 of 48 networks grokked within 2,000 steps."
    )
    assert spoken.formula(EXPERIMENT, facts_of()) == (
        "grok step T = T0 + C/λ^a with floor 474 [421, 528], exponent 1.86 [0.484, 3.24]"
    )


@pytest.mark.parametrize(
    "exponent, verdict, expected",
    [
        ((1.02, 0.9, 1.1), "holds", "sooner, down to about 470 steps, as 1/λ (exponent 1.02 [0.9, 1.1])."),
        ((2.2, 1.4, 3.0), "fails", "sooner, down to about 470 steps, but not as 1/λ (exponent 2.2 [1.4, 3])."),
        ((1.0, -0.2, 2.2), "undecided", "Whether a stronger prior groks sooner stays open"),
        ((1.0, None, None), "undecided", "Whether a stronger prior groks sooner stays open"),
    ],
)
def test_the_direction_and_the_exponent_are_said_only_as_far_as_they_are_decided(
    exponent: tuple[float | None, ...], verdict: str, expected: str
) -> None:
    interval = dict(zip(("estimate", "low", "high"), exponent, strict=True))
    fit = {**FIT, "parameters": {**FIT["parameters"], "exponent": interval}}
    claim = {"name": "inverse_scaling", "verdict": verdict, "effect": 1.0, "evidence": "e"}
    assert expected in spoken.answer(EXPERIMENT, facts_of(fits=[fit], claims=[claim]))


@pytest.mark.parametrize("name", available("search_spaces"))
def test_an_undecided_claim_never_sounds_decided(name: str) -> None:
    experiment = own_experiment(name)
    for claim in experiment.claims:
        verdict = {"name": claim.name, "verdict": "undecided", "effect": None, "evidence": "one seed only"}
        told = spoken.sentence(experiment, claim, verdict)
        assert told.startswith("Whether ") and told.endswith(" stays open: one seed only.")
        others = {spoken.sentence(experiment, claim, {**verdict, "verdict": each}) for each in ("holds", "fails")}
        assert len(others) == 2 and not any(other.startswith("Whether") for other in others)


@pytest.mark.parametrize(
    "effect, low, high, expected",
    [
        (0.4, 0.3, 0.5, "2.5 times as fast [2, 3.33]"),
        (0.4, 0.0, 0.5, "2.5 times as fast, at the least 2 times"),
        (2.84, 1.65, 4.89, "2.84 times the steps [1.65, 4.89]"),
        (1.19, 0.341, 4.13, "1.19 times the steps [0.341, 4.13]"),
        (3.27, 2.48, None, "3.27 times the steps [2.48, ∞)"),
    ],
)
def test_a_ratio_is_a_speed_only_where_it_is_one_for_certain(
    effect: float, low: float, high: float | None, expected: str
) -> None:
    claim = Claim(name="c", statement="s.", rule=RatioWithin(first={"heads": 1}, second={"heads": 4}))
    assert spoken.number_words(claim, {"effect": effect, "low": low, "high": high}) == expected


def test_claims_of_the_headline_are_checked_and_stay_out_of_the_registration() -> None:
    experiment = own_experiment("kl_schedules")
    without = replace(experiment, headline={})
    assert without.registration("laptop") == experiment.registration("laptop")
    wrong = replace(experiment, headline={"nothing": ("a", "b")})
    assert any("headline 'nothing' is no claim; claims: early_100" in fault for fault in wrong.faults())


def test_scores_without_a_number_say_why() -> None:
    fit = {"aicc": None, "elpd_leave_one_level_out": None, "absent": {"elpd_leave_one_level_out": "rules out a level"}}
    assert wording.score(fit, "elpd_leave_one_level_out") == "rules out a level"
    assert wording.score(fit, "aicc") == "too few rows"


def test_counts_of_claims_are_words() -> None:
    assert wording.tally([{"verdict": "fails"}, {"verdict": "not run"}]) == "1 claim fails"


@pytest.mark.parametrize("runs, told", [(100, False), (101, True)])
def test_the_method_says_when_hands_of_seeds_are_left_out(runs: int, told: bool) -> None:
    facts = json.loads((PUBLISHED / "kl_scaling" / "report.json").read_text())
    facts["levels"] = [{**level, "runs": runs} for level in facts["levels"]]
    assert ("hands of whole seeds" in method(facts)) == told
