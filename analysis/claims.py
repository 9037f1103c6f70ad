"""Claims as data, and the verdict on each: holds, fails or undecided, by equivalence (standard library at import)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.compare import Fit
    from analysis.intervals import Interval
    from analysis.laws._base import Times


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence that can turn out false, and the rule that decides it.

    ``rule`` names a function of this module, ``settings`` are its constants, fixed before the measured runs.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)

    name: str
    statement: str
    source: str
    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """Return all that is wrong with the claim's rule and settings, one sentence each."""
        found = [] if self.rule in RULES else [f"unknown rule {self.rule!r}; rules: {', '.join(RULES)}"]
        for name in ("low", "high"):
            value = self.settings.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value != value):
                found.append(f"claim {self.name!r}: {name} = {value!r} must be a number or none")
        if self.rule in NEED_PARAMETER and not isinstance(self.settings.get("parameter"), str):
            found.append(f"claim {self.name!r}: rule {self.rule} needs the setting 'parameter', a constant of the law")
        return found


@dataclass(frozen=True)
class Verdict:
    """What the numbers say of a claim: ``holds``, ``fails``, ``undecided`` or ``not run``; with effect and interval."""

    name: str
    verdict: str
    evidence: str
    statement: str
    source: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None


def equivalence(low: float | None, high: float | None, *, within: tuple[float | None, float | None]) -> str:
    """Return the verdict on "the value lies within": holds if the whole interval does, fails if none of it does.

    An open end (None) of either interval is infinite.

    >>> equivalence(0.9, 1.1, within=(0.8, 1.25)), equivalence(0.7, 1.1, within=(0.8, 1.25))
    ('holds', 'undecided')
    >>> equivalence(1.3, None, within=(0.8, 1.25))
    'fails'
    """
    inner, outer = (-math.inf if low is None else low), (math.inf if high is None else high)
    floor, ceiling = (-math.inf if within[0] is None else within[0]), (math.inf if within[1] is None else within[1])
    if floor <= inner and outer <= ceiling:
        return "holds"
    return "fails" if outer < floor or inner > ceiling else "undecided"


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Return the verdict of a claim's rule on a fitted table.

    Raises: LookupError for an unknown rule.
    """
    if claim.rule not in RULES:
        raise LookupError(f"unknown rule {claim.rule!r}; rules: {', '.join(RULES)}")
    constant = claim.settings.get("parameter") if claim.rule in NEED_PARAMETER else "floor"
    if constant not in evidence.fit.parameters:
        return undecided(claim, f"the law {evidence.fit.law} has no constant {constant!r}")
    interval, words = RULES[claim.rule](evidence, claim.settings)
    within = (claim.settings.get("low"), claim.settings.get("high"))
    verdict = equivalence(interval.low, interval.high, within=within)
    asked = f"holds within {_span(*within)}"
    text = f"{words} {interval.estimate:.3g}, 95 % interval {_span(interval.low, interval.high)}; {asked}"
    return Verdict(
        claim.name, verdict, text, claim.statement, claim.source, interval.estimate, interval.low, interval.high
    )


def undecided(claim: Claim, reason: str) -> Verdict:
    """Return the verdict of a claim that the data cannot speak to."""
    return Verdict(claim.name, "undecided", reason, claim.statement, claim.source)


@dataclass(frozen=True)
class Evidence:
    """What a rule may look at: the table, its seed groups, and the fit of the primary law."""

    times: Times
    groups: Sequence[object]
    fit: Fit


def parameter_within(evidence: Evidence, settings: Mapping[str, Any]) -> tuple[Interval, str]:
    """Look at one constant of the primary law."""
    name = settings["parameter"]
    return evidence.fit.parameters[name], f"{name} of {evidence.fit.formula}:"


def floor_share(evidence: Evidence, settings: Mapping[str, Any]) -> tuple[Interval, str]:
    """Look at the floor as a share of the fitted time at the largest x."""
    from analysis.laws import law_named

    strongest = evidence.times.x.max(keepdims=True)
    total = float(law_named(evidence.fit.law).time(evidence.fit.values, strongest)[0])
    floor = evidence.fit.parameters["floor"]
    low, high = (None if end is None else end / total for end in (floor.low, floor.high))
    return replace(
        floor, estimate=floor.estimate / total, low=low, high=high
    ), "floor as a share of the strongest level:"


def dropping_shift(evidence: Evidence, settings: Mapping[str, Any]) -> tuple[Interval, str]:
    """Look at how much a constant changes when the censored runs are dropped, resampling seeds."""
    from analysis.intervals import resamples, spread_interval
    from analysis.laws import law_named

    law, name = law_named(evidence.fit.law), settings["parameter"]

    def shift(times: Times, start: Mapping[str, float] | None) -> float:
        kept = times.at(times.observed)
        return float(law.fit(kept, start=start).values[name] - law.fit(times, start=start).values[name])

    draws = [shift(sample, evidence.fit.values) for sample in resamples(evidence.times, evidence.groups)]
    whole = shift(evidence.times, None)
    label = f"change of the {name} when {evidence.fit.censored} censored runs are dropped:"
    return replace(spread_interval("shift", whole, draws, len(set(evidence.groups))), estimate=whole), label


RULES = {rule.__name__: rule for rule in (parameter_within, floor_share, dropping_shift)}
NEED_PARAMETER = {"parameter_within", "dropping_shift"}


def _span(low: float | None, high: float | None) -> str:
    return f"[{'-∞' if low is None else f'{low:.3g}'}, {'∞' if high is None else f'{high:.3g}'}]"
