"""All claims of a paper from its published reports: the ledger with Holm's adjustment, and the chart of all claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from analysis.claims import FAILS, HOLDS, UNDECIDED, Verdict, holm
from orchestrator.reports.chart import Row, chart
from orchestrator.reports.claim_pictures import region
from search_spaces._files import own_experiment

Facts = Mapping[str, Any]
VERDICTS = (HOLDS, FAILS, UNDECIDED)
TOLD = ("name", "statement", "refuted_by", "not_counted", "verdict", "effect", "low", "high", "p")


def papers(reports: Iterable[Facts]) -> list[str]:
    """Return the papers that the reports are about."""
    return sorted({report["paper"] for report in reports if report["paper"]})


def of_paper(paper: str, reports: Iterable[Facts]) -> list[Facts]:
    """Return the reports about a paper, by name."""
    return sorted((each for each in reports if each["paper"] == paper), key=lambda each: str(each["experiment"]))


def ledger(paper: str, reports: Iterable[Facts]) -> dict[str, Any]:
    """Return how many claims of a paper hold, fail and are open, and what Holm's adjustment leaves of each.

    Claims are adjusted for the number of published ones that count.
    """
    own = of_paper(paper, reports)
    claims = [claim for report in own for claim in claims_of(report)]
    adjusted = holm([_verdict(claim) for claim in claims])
    left = iter(adjusted)
    return {
        "paper": paper,
        "claims": sum(not claim["not_counted"] for claim in claims),
        "not_counted": sum(bool(claim["not_counted"]) for claim in claims),
        "experiments": len(own),
        "counts": counts(claims),
        "counts_holm": counts(
            {**claim, "verdict": verdict} for claim, (_, verdict) in zip(claims, adjusted, strict=True)
        ),
        "reports": [
            {
                "name": report["experiment"],
                "question": report["question"],
                "preregistered": report["preregistered"],
                "claims": [_row(claim, *next(left)) for claim in claims_of(report)],
            }
            for report in own
        ],
    }


def claims_of(report: Facts) -> list[Facts]:
    """Return the claims of a published report; one of an earlier version does not say what refutes them."""
    return [{"refuted_by": "", "not_counted": "", **claim} for claim in report["claims"]]


def counts(claims: Iterable[Facts]) -> dict[str, int]:
    """Return how many claims hold, fail and are undecided, of those that count."""
    found = Counter(claim["verdict"] for claim in claims if not claim["not_counted"])
    return {verdict: found[verdict] for verdict in VERDICTS}


def claims_chart(paper: str, reports: Iterable[Facts]) -> str:
    """Return the chart of all claims of a paper as SVG.

    Raises: LookupError for an experiment that the package does not have.
    """
    own = of_paper(paper, reports)
    return chart({report["experiment"]: list(_rows(report)) for report in own})


def _rows(report: Facts) -> Iterator[Row]:
    asked = own_experiment(report["experiment"]).asked_at(report["scale"])
    regions = {claim.name: region(claim) for claim in asked.claims}
    for claim in claims_of(report):
        yield Row(
            name=claim["name"].replace("_", " "),
            verdict=claim["verdict"],
            counted=not claim["not_counted"],
            estimate=claim["effect"],
            low=claim["low"],
            high=claim["high"],
            region=regions[claim["name"]],
        )


def _row(claim: Facts, p: float | None, verdict: str) -> dict[str, Any]:
    return {**{name: claim[name] for name in TOLD}, "p_holm": p, "verdict_holm": verdict}


def _verdict(claim: Facts) -> Verdict:
    return Verdict(**{field.name: claim[field.name] for field in fields(Verdict)})
