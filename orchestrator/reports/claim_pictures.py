"""The figures of claims: what the rule of each looked at, with the numbers of its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.claims import Claim
from orchestrator.reports.symbols import differing, label, short, told

RATIO = "ratio_within"
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
        if claim.rule == RATIO and claim.name in verdicts:
            yield from _ratio(claim, evidence, verdicts[claim.name], folder)


def _numbers(
    claims: tuple[Claim, ...], evidence: Any, verdicts: Mapping[str, Mapping[str, Any]], folder: Path
) -> Iterator[Drawn]:
    from analysis.figures.claims import claims as draw

    shown: dict[str, Any] = {}
    names: dict[str, str] = {}
    for claim in claims:
        verdict = verdicts.get(claim.name)
        if claim.rule == RATIO or verdict is None:
            continue
        looked = _looked(claim, evidence)
        if verdict["effect"] is None and looked is None:
            continue
        title = f"{claim.name.replace('_', ' ')}: {verdict['verdict']}"
        shown[title], names[title] = (looked, _judged(claim, verdict)), _quantity(claim, evidence.event.seen)
    if shown:
        alt = f"The numbers behind {len(shown)} claims, with estimates, 95 % intervals and where each claim holds"
        yield draw(shown, names=names, folder=folder), alt, CLAIMS


def _quantity(claim: Claim, seen: str) -> str:
    """Return what the axis of a claim's panel measures."""
    settings = claim.settings
    if claim.rule == "share_within":
        return f"share of runs that {seen}"
    if claim.rule == "measure_change":
        return f"change of {label(settings['measure'])}"
    if claim.rule == "slope_within":
        return f"slope of log T by {' × '.join(map(short, settings['term'].split(' × ')))}"
    if claim.rule == "floor_share":
        return "floor / time at the largest x"
    name = label(settings.get("measure") or settings.get("parameter", claim.rule))
    return f"change of the {name}" if claim.rule == "dropping_shift" else name


def _ratio(claim: Claim, evidence: Any, verdict: Mapping[str, Any], folder: Path) -> Iterator[Drawn]:
    from analysis._measured import arms
    from analysis.figures.paired import paired

    looked = _looked(claim, evidence)
    if looked is None or not len(looked.lower):
        return
    settings, event = claim.settings, evidence.event
    first, second = (
        told(fields) + (f" (its {short(name)} added)" if name else "")
        for fields, name in zip(
            differing(arms(settings)), (settings.get("first_added"), settings.get("second_added")), strict=True
        )
    )
    where = f" where {told(settings['where'])}" if settings.get("where") else ""
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
    from analysis.looked import looked_at

    try:
        return looked_at(claim.rule, evidence, claim.settings)
    except ValueError:  # nothing to look at: the claim's verdict says so
        return None


def _judged(claim: Claim, verdict: Mapping[str, Any]) -> Any:
    from analysis.figures._claim import Judged

    return Judged(
        estimate=verdict["effect"],
        low=verdict["low"],
        high=verdict["high"],
        at_least=claim.settings.get("low"),
        at_most=claim.settings.get("high"),
        ends=(0.0, 1.0) if claim.rule == "share_within" else (),
    )
