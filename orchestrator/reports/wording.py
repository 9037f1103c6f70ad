"""What fields are called in every text, and how intervals, fits and conditions read, on pages and in the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.claims import FAILS, HOLDS, UNDECIDED
from analysis.criteria import Criterion, accuracy_criteria
from analysis.numerals import counted, digits, limits, word

SNAKE = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
TOO_FEW_ROWS = "too few rows"
VERBS = {HOLDS: ("holds", "hold"), FAILS: ("fails", "fail")}  # of one claim, of several


@dataclass(frozen=True)
class Spoken:
    """What a field is called: on an axis, in a formula, and in words for more of it and for twice as much of it."""

    symbol: str
    letter: str
    more: str
    twice: str


FIELDS: Mapping[str, Spoken] = {
    "kl_strength": Spoken("KL strength λ", "λ", "A stronger prior", "twice the strength"),
    "weight_decay": Spoken("weight decay", "wd", "More weight decay", "twice the weight decay"),
    "width": Spoken("width", "width", "A wider network", "twice the width"),
    "learning_rate": Spoken("learning rate", "lr", "A larger learning rate", "twice the learning rate"),
    "train_fraction": Spoken("train fraction", "train fraction", "A larger train fraction", "twice the fraction"),
    "modulus": Spoken("modulus p", "p", "A larger modulus", "twice the modulus"),
}


def spoken(field: str) -> Spoken:
    """Return what a field is called; one without a name in texts is called by its own."""
    name = field.replace("_", " ")
    return FIELDS.get(field, Spoken(name, name, f"A larger {name}", f"twice the {name}"))


def symbol(field: str) -> str:
    """Return what a field is called on an axis.

    >>> symbol("kl_strength"), symbol("batch_size")
    ('KL strength λ', 'batch size')
    """
    return spoken(field).symbol


def letter(field: str) -> str:
    """Return what a field is called in a formula.

    >>> letter("kl_strength"), letter("clip_norm")
    ('λ', 'clip norm')
    """
    return spoken(field).letter


def plain(text: str) -> str:
    """Return a text with fields and other names of the program replaced by the words that a reader knows.

    >>> plain("share of runs where kl_strength = 0, clip_norm = none")
    'share of runs where λ = 0, clip norm = none'
    """
    return SNAKE.sub(lambda name: letter(name[0]), text)


def span(interval: Mapping[str, Any]) -> str:
    """Return an estimate with its interval, three digits each.

    >>> span({"estimate": 1.0, "low": 0.9, "high": None})
    '1 [0.9, ∞)'
    """
    return f"{digits(interval['estimate'])} {limits(interval['low'], interval['high'])}"


def constants(fit: Mapping[str, Any]) -> str:
    """Return the constants of a law with their intervals."""
    return ", ".join(f"{name.replace('_', ' ')} {span(interval)}" for name, interval in fit["parameters"].items())


def formula(fit: Mapping[str, Any], x: str) -> str:
    """Return a law's formula with the letter of its axis.

    >>> formula({"formula": "T = C/x^a"}, "kl_strength"), formula({"formula": "T = C·(x/xb)^-a"}, "width")
    ('T = C/λ^a', 'T = C·(width/xb)^-a')
    """
    return of_axis(str(fit["formula"]), x)


def of_axis(text: str, x: str) -> str:
    """Return a text whose formulas name their axis.

    >>> of_axis("exponent of T = T0 + C/x^a: 1.86", "kl_strength")
    'exponent of T = T0 + C/λ^a: 1.86'
    """
    return re.sub(r"(?<=[/(])x\b", letter(x), text)


def fitted(fit: Mapping[str, Any], x: str) -> str:
    """Return a law with its constants in one line."""
    return f"{formula(fit, x)} with {constants(fit)}"


def score(fit: Mapping[str, Any], name: str) -> str:
    """Return a score of a fit to one decimal, or why there is none.

    >>> score({"aicc": 284.21, "absent": {}}, "aicc"), score({"aicc": None, "absent": {}}, "aicc")
    ('284.2', 'too few rows')
    """
    value = fit[name]
    return f"{value:,.1f}" if value is not None else str(fit.get("absent", {}).get(name, TOO_FEW_ROWS))


def condition(where: Mapping[str, Any]) -> str:
    """Return values of fields in words.

    >>> condition({"distractors": "random", "kl_strength": 0.03, "clip_norm": None})
    'distractors = random, λ = 0.03, clip norm = none'
    """
    return ", ".join(f"{letter(name)} = {word(value)}" for name, value in where.items())


def event_of(facts: Mapping[str, Any]) -> Criterion:
    """Return the event that a report is about; reports made before there were other events are about grokking.

    >>> event_of({"threshold": 0.99}).step
    'grok step'
    """
    return Criterion(**facts["event"]) if "event" in facts else accuracy_criteria([facts["threshold"]])[0]


def verb(verdict: str) -> str:
    """Return what a claim does, by its verdict.

    >>> verb("holds"), verb("undecided"), verb("not run")
    ('holds', 'is undecided', 'is not run')
    """
    return VERBS[verdict][0] if verdict in VERBS else f"is {verdict}"


def tally(claims: list[dict[str, Any]]) -> str:
    """Return how many claims hold, fail and are open.

    >>> tally([{"verdict": "holds"}, {"verdict": "undecided"}, {"verdict": "holds"}])
    '2 claims hold, 1 claim is undecided'
    """
    told = {**VERBS, UNDECIDED: ("is undecided", "are undecided")}
    counts = {verdict: sum(claim["verdict"] == verdict for claim in claims) for verdict in told}
    return ", ".join(
        f"{counted(count, 'claim')} {told[verdict][count != 1]}" for verdict, count in counts.items() if count
    )
