"""Ratios and shares of another event than the experiment's, and of the delay, with planted times."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analysis.claims import Claim, judge
from analysis.criteria import Criterion
from analysis.evidence import Evidence
from analysis.rules import Effect, Names
from analysis.rules.ratio_within import RatioWithin
from analysis.rules.share_within import ShareWithin

ALIGNED = Criterion(name="aligned", column="attention_kl", threshold=0.1, falls=True, noun="alignment")
EARLY = Criterion(name="early", column="attention_kl", threshold=0.5, falls=True)
WEAK, STRONG = {"kl_strength": 0.1}, {"kl_strength": 1.0}
SEEDS = 8


def run(seed: int, strength: float, aligned: int | None) -> dict[str, Any]:
    """Return a run that memorises at 100 and groks at 900, or at 500 under the strong prior."""
    grokked = 900 if strength == WEAK["kl_strength"] else 500
    ends = {"": (grokked - 1, grokked), "memorised_": (99, 100), "aligned_0.1_": (aligned and aligned - 1, aligned)}
    early = aligned and (40 if strength == WEAK["kl_strength"] else 10)
    ends["early_0.5_"] = (early and early - 1, early)
    found = {
        f"{name}{end}": step for name, both in ends.items() for end, step in zip(("lower", "upper"), both, strict=True)
    }
    if aligned is None:
        found["aligned_0.1_lower"] = 2000
    return {
        "data_seed": seed,
        "kl_strength": strength,
        "outcome": "grokked",
        "aligned_0.1_relapses": 0,
        "early_0.5_relapses": 0,
        **found,
    }


def evidence(never: int = 0) -> Evidence:
    """Return runs that align four times as soon under the strong prior; some of the weak ones never do."""
    rows = [run(seed, 0.1, None if seed < never else 4 * (50 + seed)) for seed in range(SEEDS)]
    rows += [run(seed, 1.0, 50 + seed) for seed in range(SEEDS)]
    events = {"aligned": ALIGNED, "aligned@0.1": ALIGNED, "early": EARLY}
    return Evidence(pl.DataFrame(rows), x="kl_strength", laws=("power",), primary_law="power", events=events)


@pytest.mark.parametrize(
    "quantity, ratio, words",
    [
        (None, 500 / 900, "grok step at kl_strength = 1 over that at kl_strength = 0.1"),
        ("grokked", 500 / 900, "grok step at"),
        ("aligned", 1 / 4, "alignment step at"),
        ("delay", 400 / 800, "delay at"),
        ("aligned after early", 1 / 4, "alignment step after the early step at"),
    ],
)
def test_a_ratio_is_that_of_the_times_it_names(quantity: str | None, ratio: float, words: str) -> None:
    rule = RatioWithin(first=WEAK, second=STRONG, quantity=quantity, high=0.9)
    found = rule.answer(evidence())
    assert found.interval.estimate == pytest.approx(ratio, rel=0.02) and found.words.startswith(words)
    looked = rule.looked(evidence())
    assert len(looked.lower) == SEEDS and bool((looked.lower <= 1.02 * ratio).all())
    assert judge(Claim(name="c", statement="s.", rule=rule), evidence()).verdict == "holds"


def test_a_share_is_that_of_runs_that_saw_the_event_it_names() -> None:
    own, other = (ShareWithin(where=WEAK, quantity=each, low=0.5) for each in (None, "aligned"))
    assert (own.answer(evidence(never=2)).interval.estimate, other.answer(evidence(never=2)).interval.estimate) == (
        1.0,
        0.75,
    )
    assert "that reached alignment by step 2,000" in other.answer(evidence(never=2)).words
    assert other.looked(evidence(never=2)).lower.tolist() == [0.0] * 2 + [1.0] * 6


def test_evidence_about_another_event_is_made_once() -> None:
    made = evidence()
    assert made.about("aligned") is made.about("aligned") and made.about("aligned").event == ALIGNED
    assert made.about(None) is made and made.about("grokked") is made


def test_figures_and_sentences_call_the_event_by_its_name() -> None:
    ratio = RatioWithin(first=WEAK, second=STRONG, quantity="aligned", high=0.9)
    share = ShareWithin(quantity="aligned", low=0.5)
    made = evidence()
    names = Names(event=ratio.event(made.event, made.events))
    assert (
        ratio.axis(names) == "ratio of alignment steps" and share.axis(names) == "share of runs that reached alignment"
    )
    assert share.said(Effect(0.75, 0.5, 0.9, 8, names)).startswith("6 of 8 reached alignment")
    delay = RatioWithin(first=WEAK, second=STRONG, quantity="delay", high=0.9)
    assert delay.axis(Names(event=delay.event(made.event, made.events))) == "ratio of delays"


def test_an_event_that_was_not_watched_for_leaves_the_claim_undecided() -> None:
    verdict = judge(Claim(name="c", statement="s.", rule=ShareWithin(quantity="sparse", low=0.5)), evidence())
    assert verdict.verdict == "undecided" and "not watched for 'sparse'" in verdict.evidence
