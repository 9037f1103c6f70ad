"""The figures of claims: what the rule of each looked at, with the numbers of its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.claims import Claim
from analysis.rules.ratio_within import RatioWithin
from orchestrator.reports.chart import Region
from orchestrator.reports.symbols import NAMES, differing, short, told

CLAIMS = (
    "What the claims were judged by. Dots: each seed; diamond: the estimate with its 95 % interval, as in the verdict; "
    "shaded: where the claim holds."
)
Drawn = tuple[list[Path], str, str]


def pictures_of_claims(
    claims: tuple[Claim, ...], evidence: Any, facts: Mapping[str, Any], folder: Path
) -> Iterator[Drawn]:
    """Draw one figure of all claims that are not about ratios, and one of each that is.

    Yields files, alternative text and caption. A claim without anything to look at has none: its verdict says so.
    """
    verdicts = {each["name"]: each for each in facts["claims"]}
    yield from _numbers(claims, evidence, verdicts, folder)
    for claim in claims:
        if isinstance(claim.rule, RatioWithin) and claim.name in verdicts:
            yield from _ratio(claim, claim.rule, evidence, verdicts[claim.name], folder)


def region(claim: Claim) -> Region:
    """Return the values at which a claim holds."""
    low, high = claim.rule.limits
    return Region(low=low, high=high, ratio=isinstance(claim.rule, RatioWithin))


def _numbers(
    claims: tuple[Claim, ...], evidence: Any, verdicts: Mapping[str, Mapping[str, Any]], folder: Path
) -> Iterator[Drawn]:
    from analysis.figures.claims import claims as draw

    shown: dict[str, Any] = {}
    names: dict[str, str] = {}
    for claim in claims:
        verdict = verdicts.get(claim.name)
        if isinstance(claim.rule, RatioWithin) or verdict is None:
            continue
        looked = _looked(claim, evidence)
        if verdict["effect"] is None and looked is None:
            continue
        title = f"{claim.name.replace('_', ' ')}: {verdict['verdict']}"
        called = replace(NAMES, event=claim.rule.event(evidence.event, evidence.events))
        shown[title], names[title] = (looked, _judged(claim, verdict)), claim.rule.axis(called)
    if shown:
        alt = f"The numbers behind {len(shown)} claims, with estimates, 95 % intervals and where each claim holds"
        yield draw(shown, names=names, folder=folder), alt, CLAIMS


def _ratio(claim: Claim, rule: RatioWithin, evidence: Any, verdict: Mapping[str, Any], folder: Path) -> Iterator[Drawn]:
    from analysis.figures.paired import paired

    looked, event = _looked(claim, evidence), rule.event(evidence.event, evidence.events)
    if looked is None or not len(looked.lower):
        return
    first, second = (
        told(fields) + (f" (its {short(name)} added)" if name else "")
        for fields, name in zip(differing((rule.first, rule.second)), rule.added, strict=True)
    )
    where = f" where {told(rule.where)}" if rule.where else ""
    silent = f" {looked.silent} pairs say nothing, as neither run {event.seen}." if looked.silent else ""
    files = paired(
        looked,
        _judged(claim, verdict),
        title=f"{second} over {first}",
        name=f"paired_{claim.name}",
        step=event.step,
        folder=folder,
    )
    alt = f"Ratio of the {event.step} at {second} to that at {first}, for every pair of runs with the same seed"
    yield (
        files,
        alt,
        f"{claim.name.replace('_', ' ').capitalize()}: {event.step} at {second} over that at {first}{where}, in "
        "pairs of runs with the same seed. Bars span what is known of a ratio; arrows are bounds, where a run was "
        "censored."
        f"{silent} Diamond: the median with its 95 % interval, as in the verdict ({verdict['verdict']}); shaded: where "
        "the claim holds.",
    )


def _looked(claim: Claim, evidence: Any) -> Any:
    try:
        return claim.rule.looked(evidence)
    except ValueError:  # nothing to look at: the claim's verdict says so
        return None


def _judged(claim: Claim, verdict: Mapping[str, Any]) -> Any:
    from analysis.figures._claim import Judged

    at_least, at_most = claim.rule.limits
    return Judged(
        estimate=verdict["effect"],
        low=verdict["low"],
        high=verdict["high"],
        at_least=at_least,
        at_most=at_most,
        ends=claim.rule.ends,
    )
