"""Claims as data, and the verdict on each: holds, fails or undecided, by equivalence (standard library at import)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from analysis import quantiles
from analysis.faults import inside
from analysis.numerals import limits
from analysis.rules import Asked, Rule, rule_names
from analysis.rules._by_name import ByName

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.interval import Interval

HOLDS, FAILS, UNDECIDED, NOT_RUN = "holds", "fails", "undecided", "not run"
LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence that can turn out false, and the rule that decides it, fixed before the measured runs.

    ``source``: where it is claimed; empty means the source of the experiment's question. ``scales``: at which scales it
    is asked; empty means at all. ``not_counted``: why the claim counts neither in a paper's totals nor in Holm's
    adjustment, as it can hardly turn out false or was restated after a first run; empty where it counts. It is a remark
    on the claim and not registered with it.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)

    name: str
    statement: str
    rule: Annotated[Rule, ByName()]
    source: str = ""
    scales: tuple[str, ...] = ()
    not_counted: str = ""

    def faults(self, asked: Asked) -> list[str]:
        """Return all that is wrong with the claim in an experiment, one sentence each."""
        found = self._no_rule() or self.rule.faults(asked)
        return [inside(fault, "settings", before=f"claim {self.name!r}: ") for fault in found]

    def facts(self) -> dict[str, Any]:
        """Return the claim as plain data, with the rule's name beside its settings: what is registered and published.

        Raises: TypeError where the rule is not a rule.
        """
        if fault := self._no_rule():
            raise TypeError(f"claim {self.name!r}: {fault[0]}")
        told = {"name": self.name, "statement": self.statement, "source": self.source}
        return {**told, "rule": self.rule.name, "settings": self.rule.settings()}

    def _no_rule(self) -> list[str]:
        rule: object = self.rule
        example = "write one such as ParameterWithin('exponent', low=0.8)"
        return [] if isinstance(rule, Rule) else [f"{rule!r} is no rule; {example}; rules: {', '.join(rule_names())}"]


@dataclass(frozen=True)
class Verdict:
    """What the numbers say of a claim: ``holds``, ``fails``, ``undecided`` or ``not run``.

    ``statistic``: the number looked at, in words; ``effect``, ``low``, ``high``: its estimate with its 95 % interval;
    ``p``: the smallest error rate at which the claim would still be decided; ``replicas``: how many runs went in;
    ``refuted_by``: what result would have refuted it; ``not_counted``: that of the claim.
    """

    name: str
    verdict: str
    evidence: str
    statement: str
    source: str
    statistic: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    replicas: int = 0
    refuted_by: str = ""
    not_counted: str = ""


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
        return HOLDS
    return FAILS if outer < floor or inner > ceiling else UNDECIDED


def verdict_on(interval: Interval, within: tuple[float | None, float | None]) -> str:
    """Return the verdict on "the value lies within"; also undecided where an end lies within its error of a limit."""
    wide = interval.widened()
    return equivalence(wide.low, wide.high, within=within)


def p_value(interval: Interval, within: tuple[float | None, float | None]) -> float:
    """Return the smallest error rate at which the interval would decide the claim, either way.

    The interval is taken as t (or normal) on each side of its estimate, so p < 0.05 just where ``equivalence`` decides.
    """
    exact = interval.exact_p(within)
    if exact is not None:
        return exact
    high, freedom = 1 - LEVEL / 2, interval.freedom
    reach = quantiles.normal(high) if freedom is None else quantiles.student(high, freedom)

    def short_of(limit: float | None, sign: int) -> float:
        """Return the one-sided p of "the value lies within this limit".

        It is 0 where the range of the quantity ends before the limit, 1 where it begins beyond it. An end of the
        interval that is open, or is the end of the range, says nothing.
        """
        ends = (interval.least, interval.most)
        near, far = ends if sign > 0 else ends[::-1]
        if limit is None or (near is not None and sign * (near - limit) >= 0):
            return 0.0
        if far is not None and sign * (far - limit) < 0:
            return 1.0
        side = interval.low if interval.estimate > limit else interval.high
        if side is None or side in ends:
            return 0.5
        unit = max(abs(side - interval.estimate) / reach, 1e-300)
        return quantiles.beyond(sign * (interval.estimate - limit) / unit, freedom)

    worst = max(short_of(within[0], 1), short_of(within[1], -1))
    return min(1.0, max(2 * min(worst, 1 - worst), interval.least_p))


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Return the verdict of a claim's rule; undecided, with the reason, where the data cannot speak to it."""
    if evidence.rows["data_seed"].n_unique() < 2:
        return undecided(claim, "one seed only: give at least 2 with --seeds")
    try:
        interval, words, replicas = claim.rule.answer(evidence)
    except ValueError as reason:
        return undecided(claim, str(reason))
    within = claim.rule.limits
    verdict = verdict_on(interval, within)
    asked = f"holds within {limits(*within)}"
    if verdict != equivalence(interval.low, interval.high, within=within):
        asked += (
            f", of which an end of the interval lies within its error ({100 * interval.error:.1g} % of its distance)"
        )
    return Verdict(
        name=claim.name,
        verdict=verdict,
        evidence=f"{words} {interval.told()}; {asked}",
        statement=claim.statement,
        source=claim.source,
        statistic=words.removesuffix(":"),
        effect=interval.estimate,
        low=interval.low,
        high=interval.high,
        p=p_value(interval.widened(), within),
        replicas=replicas,
        refuted_by=claim.rule.refuted_by,
        not_counted=claim.not_counted,
    )


def undecided(claim: Claim, reason: str) -> Verdict:
    """Return the verdict of a claim that the data cannot speak to."""
    return Verdict(
        claim.name,
        UNDECIDED,
        reason,
        claim.statement,
        claim.source,
        refuted_by=claim.rule.refuted_by,
        not_counted=claim.not_counted,
    )


def holm(verdicts: Sequence[Verdict]) -> list[tuple[float | None, str]]:
    """Return each verdict's p adjusted for their number by Holm's step-down method, and the verdict that is then left.

    Claims without p (undecided for want of data) count as p = 1; those that were not run, or are not counted, do not.
    """
    run = [index for index, each in enumerate(verdicts) if each.verdict != NOT_RUN and not each.not_counted]
    ranked = sorted(run, key=lambda index: 1.0 if verdicts[index].p is None else float(verdicts[index].p or 0.0))
    found: list[tuple[float | None, str]] = [(None, each.verdict) for each in verdicts]
    largest = 0.0
    for rank, index in enumerate(ranked):
        p = verdicts[index].p
        largest = max(largest, min(1.0, (1.0 if p is None else p) * (len(ranked) - rank)))
        found[index] = (largest, verdicts[index].verdict if largest <= LEVEL else UNDECIDED)
    return found
