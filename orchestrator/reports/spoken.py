"""The answer to an experiment's question, in sentences that one could say aloud, and the formula below them.

Nothing undecided sounds decided: what is open is introduced by "whether", what was refuted by "it is not true that".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from analysis.claims import FAILS, HOLDS, Claim
from analysis.criteria import GROKKED
from analysis.numerals import counted, digits, limits, steps
from analysis.rules import Effect, Names
from analysis.rules.parameter_within import ParameterWithin
from orchestrator.reports.symbols import NAMES
from orchestrator.reports.wording import fitted, letter, span, spoken
from search_spaces._experiment import Experiment

CAPITAL = ("Adam", "Lion", "Muon")  # words that stay capital within a sentence
Facts = Mapping[str, Any]


def answer(experiment: Experiment, facts: Facts) -> str:
    """Return what the runs say to the question: about the law, else about the claims that answer it.

    These are ``experiment.headline``, or the first claim that is decided.
    """
    law = (
        [f"Of the law nothing can be said yet: {facts['unfit']}."]
        if facts["unfit"]
        else list(_of_law(experiment, facts))
    )
    return " ".join([*(law or _of_claims(experiment, facts)), how_many(facts, experiment.criterion.seen)])


def formula(experiment: Experiment, facts: Facts) -> str | None:
    """Return the primary law, or the regression on all axes, with its constants; None if there is none."""
    if facts["regression"]:
        best = facts["regression"][0]
        slopes = ", ".join(f"{_term(term)} {span(slope)}" for term, slope in best["slopes"].items() if "×" not in term)
        time = f"{experiment.criterion.step} {span(best['time'])}"
        return f"{time} at the centre of the grid; slopes of its logarithm: {slopes}"
    primary = _primary(experiment, facts)
    return f"{experiment.criterion.step} {fitted(primary, experiment.x)}" if primary else None


def watched(experiment: Experiment, scale: str, rows: pl.DataFrame) -> int:
    """Return for how many steps runs were watched: the budget of the scale, if its last evaluation was reached."""
    last = int(rows.select(pl.max_horizontal("steps", pl.col("upper").fill_null(0)).max()).item() or 0)
    return experiment.scales[scale].budget_steps if last == experiment.horizon(scale) else last


def how_many(facts: Facts, seen: str = GROKKED) -> str:
    """Return in a sentence how many networks saw the event.

    >>> how_many({"levels": [{"events": 30, "runs": 48}], "watched_steps": 2000})
    '30 of 48 networks grokked within 2,000 steps.'
    """
    events, runs = (sum(level[name] for level in facts["levels"]) for name in ("events", "runs"))
    return f"{events} of {counted(runs, 'network')} {seen} within {steps(facts['watched_steps'])} steps."


def sentence(experiment: Experiment, claim: Claim, verdict: Facts) -> str:
    """Return a claim with its verdict and number as a sentence, in the words of the headline if they are given."""
    statement = claim.statement.removesuffix(".")
    holds, fails = experiment.headline.get(
        claim.name, (statement, f"It is not true that {within_a_sentence(statement)}")
    )
    told = {HOLDS: holds, FAILS: fails}.get(verdict["verdict"], f"Whether {within_a_sentence(holds)} stays open")
    event = claim.rule.event(experiment.criterion, experiment.quantities)
    number = number_words(claim, verdict, replace(NAMES, event=event))
    return f"{told[0].upper()}{told[1:]}: {number or verdict['evidence']}."


def number_words(claim: Claim, verdict: Facts, names: Names = NAMES) -> str | None:
    """Return the effect of a claim with its interval, as one would say it; None if there is no number."""
    if verdict["effect"] is None:
        return None
    effect = Effect(verdict["effect"], verdict["low"], verdict["high"], verdict.get("replicas", 0), names)
    return claim.rule.said(effect)


def within_a_sentence(statement: str) -> str:
    """Return a statement without the capital of its first word, unless it is a name or a symbol.

    >>> within_a_sentence("A prior helps"), within_a_sentence("D falls"), within_a_sentence("Lion groks")
    ('a prior helps', 'D falls', 'Lion groks')
    """
    first = statement.split(" ", 1)[0].rstrip(",")
    ordinary = first == "A" or (first[1:].islower() and first not in CAPITAL)
    return statement[0].lower() + statement[1:] if ordinary else statement


def _of_law(experiment: Experiment, facts: Facts) -> Iterator[str]:
    """Yield what the exponent of the primary law says; nothing if claims give the answer."""
    primary = _primary(experiment, facts)
    exponent = primary["parameters"].get("exponent") if primary else None
    if not exponent or facts["regression"] or facts["strata"] or experiment.headline:
        return
    more, low, high = spoken(experiment.x).more, exponent["low"], exponent["high"]
    if low is None or high is None or low <= 0 <= high:
        reason = primary["note"] if primary and primary["note"] else f"the exponent is {span(exponent)}"
        yield f"Whether {within_a_sentence(more)} {_comes(experiment, 'sooner')} stays open: {reason}."
        return
    yield f"{more} {_comes(experiment, 'sooner' if low > 0 else 'later')}{_how_much(experiment, primary, exponent)}."


def _comes(experiment: Experiment, when: str) -> str:
    """Return in words whether more of x has the event sooner or later."""
    event = experiment.criterion
    return f"groks {when}" if event.name == GROKKED else f"brings the {event.step} {when}"


def _how_much(experiment: Experiment, primary: Any, exponent: Facts) -> str:
    """Return in words down to which floor, or by how much for twice the x, and whether as 1/x."""
    floor = primary["parameters"].get("floor")
    told = ""
    if floor and floor["low"]:
        lowest = float(f"{floor['estimate']:.2g}")
        told = f", down to about {steps(lowest)} steps"
    elif not floor and exponent["low"] > 0:
        ends = limits(2 ** -exponent["high"], 2 ** -exponent["low"])
        told = f": {spoken(experiment.x).twice} takes {digits(2 ** -exponent['estimate'])} times the steps {ends}"
    return told + _as_inverse(experiment, exponent, {claim["name"]: claim for claim in primary["claims"]})


def _as_inverse(experiment: Experiment, exponent: Facts, verdicts: Mapping[str, Facts]) -> str:
    """Return what became of the claim that the law falls as 1/x; nothing if none was made."""
    for claim in experiment.claims:
        low, high = claim.rule.limits
        whole = claim.rule == ParameterWithin("exponent", low=low, high=high)  # of the primary law, to all runs
        if not whole or low is None or high is None or not low <= 1 <= high:
            continue
        verdict, form = verdicts[claim.name], _inverse(experiment.x)
        told = f"exponent {span(exponent)}"
        if verdict["effect"] is None:
            return f"; whether {form} stays open, {verdict['evidence']}"
        ways = {HOLDS: f", {form} ({told})", FAILS: f", but not {form} ({told})"}
        return ways.get(verdict["verdict"], f"; whether {form} stays open ({told})")
    return ""


def _inverse(x: str) -> str:
    return f"as 1/{letter(x)}" if len(letter(x)) == 1 else f"as 1 / {spoken(x).symbol}"


def _of_claims(experiment: Experiment, facts: Facts) -> list[str]:
    """Return a sentence for each claim of the headline, else for the first that is decided, else for the first."""
    verdicts = {verdict["name"]: verdict for verdict in facts["claims"]}
    asked = [claim for claim in experiment.claims if claim.name in verdicts]
    chosen = [claim for name in experiment.headline for claim in asked if claim.name == name]
    decided = [claim for claim in asked if verdicts[claim.name]["verdict"] in (HOLDS, FAILS)]
    return [sentence(experiment, claim, verdicts[claim.name]) for claim in chosen or decided[:1] or asked[:1]]


def _primary(experiment: Experiment, facts: Facts) -> dict[str, Any] | None:
    found = next((fit for fit in facts["fits"] if fit["law"] == experiment.primary_law), None)
    return {**found, "claims": facts["claims"]} if found else None


def _term(term: str) -> str:
    name, sign, value = term.partition("=")
    return spoken(name).symbol + (f" = {value}" if sign else "")
