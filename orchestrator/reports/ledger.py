"""The ledger of a paper: every claim of its experiments with verdict, effect, interval and adjusted p."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from analysis.claims import NOT_RUN, Claim, Verdict, holm, undecided
from analysis.numerals import counted, p_words
from orchestrator.reports.pages import environment
from orchestrator.reports.report import current, write, write_index
from orchestrator.storage.results import BadInputError, Results
from orchestrator.study.state import read
from orchestrator.study.study import Options, Study, study_of
from search_spaces._files import experiment_named
from trainables.names import available

PAPERS = {
    "structural_inference": "Grokking as Structural Inference (arXiv 2605.15787)",
    "geometric_bias": "geometric bias",
    "abstraction": "abstraction",
    "lottery_tickets": "lottery tickets",
    "all": "all papers",
}
ALL = "all"


def studies(paper: str, *, scale: str, storage: str) -> list[Study]:
    """Return the studies of a paper's experiments, or of all experiments.

    Raises: BadInputError that lists the papers that have experiments.
    """
    experiments = [experiment_named(name) for name in available("search_spaces")]
    papers = sorted({each.paper for each in experiments if each.paper})
    if paper != ALL and paper not in papers:
        raise BadInputError(f"no experiments of {paper!r}; papers: {', '.join([*papers, ALL])}")
    chosen = [each.name for each in experiments if each.paper and paper in (each.paper, ALL)]
    made = [study_of(Options(name=name, scale=scale, storage=storage)) for name in chosen]
    return [replace(each, results=made[0].results) for each in made]  # so that a damaged file is told once


def write_ledger(paper: str, made: Sequence[Study]) -> dict[str, Any]:
    """Write the ledger of a paper as JSON, Markdown and one page, and return its facts."""
    states = [read(each) for each in made]
    reports = {each.experiment.name: current(each) or write(each) for each in states}
    facts = {"paper": paper, "title": PAPERS.get(paper, paper), "scale": made[0].scale, **_adjusted(made, reports)}
    results: Results = made[0].results
    place = Path("reports") / "ledger" / made[0].scale
    results.write_text(place / f"{paper}.json", json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False))
    for ending in ("html", "md"):
        text = environment().get_template(f"ledger.{ending}.j2").render(**facts)
        results.write_text(place / f"{paper}.{ending}", text)
    write_index(results)
    return {**facts, "page": str(results.root / place / f"{paper}.html")}


def lines(facts: dict[str, Any]) -> list[str]:
    """Return the ledger as text, one line per claim."""
    told = [f"{facts['title']}, {facts['scale']} scale"]
    for row in facts["rows"]:
        adjusted = "" if row["p_holm"] is None else f" (Holm: {row['verdict_holm']}, {p_words(row['p_holm'])})"
        told.append(f"{row['verdict']:>9}  {row['experiment']}.{row['name']}: {row['evidence']}{adjusted}")
    return [*told, f"ledger: {facts['page']}"]


def _adjusted(made: Sequence[Study], reports: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the rows of the ledger and the pilots' rejected regimes."""
    pairs = [(each, claim) for each in made for claim in each.experiment.claims]
    verdicts = [_verdict(reports[each.experiment.name], claim) for each, claim in pairs]
    adjusted: dict[int, tuple[float | None, str]] = {}
    for paper in {each.experiment.paper for each in made}:  # claims are adjusted for among those of their paper
        own = [index for index, (each, _) in enumerate(pairs) if each.experiment.paper == paper]
        adjusted |= dict(zip(own, holm([verdicts[index] for index in own]), strict=True))
    rows = [
        {
            "experiment": each.experiment.name,
            "page": f"../../{each.key.as_posix()}/index.html",
            **asdict(verdicts[index]),
            "rule": {"name": claim.rule.name, **claim.rule.settings()},
            "preregistered": reports[each.experiment.name]["preregistered"],
            "p_holm": adjusted[index][0],
            "verdict_holm": adjusted[index][1],
        }
        for index, (each, claim) in enumerate(pairs)
    ]
    pilots = {each.experiment.name: each.experiment.pilot for each in made if each.experiment.pilot}
    return {"rows": rows, "pilots": pilots}


def _verdict(report: dict[str, Any], claim: Claim) -> Verdict:
    """Return the stored verdict; "not run" while replicas of the experiment are missing."""
    known = {field.name for field in fields(Verdict)}
    for stored in report["claims"]:
        if stored["name"] == claim.name and not report["missing"] and not report["failed"]:
            return Verdict(**{name: value for name, value in stored.items() if name in known})
    absent = report["missing"] + report["failed"]
    reason = f"{absent} of {counted(report['replicas'], 'replica')} {'has' if absent == 1 else 'have'} not ended"
    return Verdict(**{**asdict(undecided(claim, reason)), "verdict": NOT_RUN})
