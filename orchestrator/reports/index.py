"""The index of published results: every experiment with its answer, all claims of each paper, and the other pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.reports.ledger import PAPERS
from orchestrator.reports.pages import environment
from orchestrator.reports.papers import claims_chart, claims_of, counts, ledger, of_paper, papers
from orchestrator.reports.published import INDEX, REPORT, Published

LEDGER, CHART = "ledger", "claims.svg"


def index_files(published: Published) -> dict[str, str]:
    """Return what follows from all reports together, by file: the index, and each paper's ledger and chart.

    The ledgers become fresh facts that pages can refer to.
    Raises: LookupError for a report that cannot be read, or one of a paper whose experiment the package does not have.
    """
    reports = [published.facts(f"{name}/{REPORT}") for name in published.reports()]
    files: dict[str, str] = {}
    for paper in papers(reports):
        facts = published.fresh[f"{paper}/{LEDGER}"] = ledger(paper, reports)
        files[f"{paper}/{LEDGER}.json"] = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
        files[f"{paper}/{CHART}"] = claims_chart(paper, reports)
    return {**files, INDEX: _index(published, reports)}


def _index(published: Published, reports: Sequence[Mapping[str, Any]]) -> str:
    pages, known = set(published.names()), papers(reports)
    listed = [
        {
            "name": paper,
            "title": PAPERS.get(paper, paper),
            "page": paper in pages,
            "ledger": published.facts(f"{paper}/{LEDGER}"),
            "reports": [_row(report, pages) for report in of_paper(paper, reports)],
        }
        for paper in known
    ]
    others = [_row(report, pages) for report in reports if report["paper"] not in known]
    rest = sorted(pages - {*known, *(report["experiment"] for report in reports)})
    measurements = [(name, published.text(name).splitlines()[0].removeprefix("# ")) for name in rest]
    template = environment().get_template("results.md.j2")
    return str(template.render(papers=listed, others=others, measurements=measurements)).strip() + "\n"


def _row(report: Mapping[str, Any], pages: set[str]) -> dict[str, Any]:
    return {
        "name": report["experiment"],
        "question": report["question"],
        "answer": report["answer"],
        "counts": counts(claims_of(report)),
        "page": report["experiment"] in pages,
    }
