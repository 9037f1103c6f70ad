"""From results and claims to a report: one self-contained page, Markdown, JSON, figures and a table of the runs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from analysis import table
from analysis.criteria import GROKKED
from orchestrator.reports import pages
from orchestrator.reports.answers import answers
from orchestrator.reports.levels import outcomes
from orchestrator.reports.pictures import Picture, draw
from orchestrator.reports.wording import event_of, tally
from orchestrator.storage.provenance import provenance
from orchestrator.storage.results import BadInputError, Results
from orchestrator.study.state import State
from orchestrator.study.study import Study
from trainables.replica import family_named

Phase = Callable[[str], AbstractContextManager[object]]
REPORTS = Path("reports")
LISTED = {
    **dict.fromkeys(("question", "answer", "experiment", "scale", "variant"), str),
    **dict.fromkeys(("events", "replicas"), int),
    "claims": list,
}  # what the index prints of a report


def current(state: State) -> dict[str, Any] | None:
    """Return the report on disk if it was made from exactly this state."""
    file = REPORTS / state.study.key / "report.json"
    stored = state.results.read_json(file, {"rows_hash": str}, signed=True)
    return stored if stored and stored["rows_hash"] == rows_hash(state) else None


def folder_of(study: Study) -> Path:
    """Return where a study's report lies."""
    return study.results.root / REPORTS / study.key


def rows_hash(state: State) -> str:
    """Return a hash of what a report is made from: the rows, the claims, when these were stored, what is missing."""
    facts = [
        state.experiment.registration(state.scale),
        state.budget_steps,
        provenance(),
        state.failed,
        state.exploratory,
        state.rows.select("id", "status", "steps").rows(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def write(state: State, *, phase: Phase = nullcontext) -> dict[str, Any]:
    """Write the report of what the results hold, bring the index up to date, and return the facts.

    ``phase`` is entered, with its name, around each part that takes a while.
    """
    results, place = state.results, REPORTS / state.study.key
    results.ready()
    folder = folder_of(state.study)
    folder.mkdir(parents=True, exist_ok=True)
    with phase("fitting"):
        runs = runs_of(state)
        facts = facts_of(state, runs)
    pictures: list[Picture] = []
    if not state.rows.is_empty():
        results.write_text(place / "replicas.csv", runs.write_csv())
        with phase("drawing"):
            pictures = draw(state, runs, state.curves, facts, folder / "figures")
    facts["pictures"] = [
        {"name": each.name, "alt": each.alt, "caption": each.caption, "file": f"figures/{each.name}.svg"}
        for each in pictures
    ]
    _render(results, facts, folder)
    results.write_json(place / "report.json", facts, indent=1)
    write_index(results)
    return facts


def runs_of(state: State) -> pl.DataFrame:
    """Return the rows as the published table: one line per run with all its events and measures.

    Curves are read where measures need them.
    Raises: BadInputError that names the probe to record, if a measure needs a curve that was not recorded.
    """
    experiment = state.experiment
    runs = table.wide(state.rows, experiment.scales[state.scale].names)
    if not experiment.measures:
        return runs
    from analysis.measures._table import measured

    try:
        found = measured(state.rows, state.curves, experiment.measures, experiment.threshold)
    except ValueError as reason:
        raise BadInputError(f"{experiment.name}: {reason}") from None
    return runs.join(found, on="id", how="left", maintain_order="left")


def summary(study: Study, facts: Mapping[str, Any]) -> list[str]:
    """Return what a launch prints at its end: the law, the verdicts, where to look."""
    lines = [facts["answer"], *([facts["formula"]] if facts["formula"] else [])]
    lines += [f"{claim['verdict']:>9}  {claim['name']}: {claim['evidence']}" for claim in facts["claims"]]
    lines.append(f"report: {folder_of(study) / 'index.html'}")
    return lines


def facts_of(state: State, runs: pl.DataFrame) -> dict[str, Any]:
    """Return everything that a report says, except its figures."""
    experiment, study = state.experiment, state.study
    return {
        "experiment": experiment.name,
        "question": experiment.question,
        "paper": experiment.paper,
        "scale": study.scale,
        "variant": study.variant,
        "x": experiment.x,
        "threshold": experiment.threshold,
        "event": asdict(experiment.criterion),
        "replicas": len(state.replicas),
        **outcomes(experiment, runs),
        "failed": state.failed,
        "missing": state.missing,
        "budget_steps": state.budget_steps,
        "preregistered": not state.exploratory,
        "exploratory": state.exploratory,
        **answers(experiment, study.scale, runs),
        "pilot": experiment.pilot,
        "source": experiment.source,
        "sources": dict(family_named(experiment.family).sources),
        "provenance": provenance(),
        "rows_hash": rows_hash(state),
    }


def _render(results: Results, facts: Mapping[str, Any], folder: Path) -> None:
    def embedded(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    for name, text in (("index.html", pages.html(facts, embedded)), ("report.md", pages.markdown(facts))):
        results.write_text((folder / name).relative_to(results.root), text)


def write_index(results: Results) -> None:
    """Write the page that lists all reports under a storage, from what each says of itself."""
    top = results.root / REPORTS
    found = (_listed(results, file) for file in sorted(top.glob("*/*/report.json")))
    ledgers = sorted(file.relative_to(top) for file in top.glob("ledger/*/*.html"))
    listed = [page for page in found if page]
    text = pages.environment().get_template("index.html.j2").render(pages=listed, tally=tally, ledgers=ledgers)
    results.write_text(REPORTS / "index.html", text)


def _listed(results: Results, file: Path) -> dict[str, Any] | None:
    """Return what the index says about a report; None, with a note, if the file is not one of ours."""
    facts = results.read_json(file.relative_to(results.root), LISTED)
    if facts is None:
        return None
    if not all(isinstance(claim, dict) and isinstance(claim.get("verdict"), str) for claim in facts["claims"]):
        results.note(f"{file} is skipped: its claims have no verdicts")
        return None
    try:
        seen = event_of(facts).seen if "event" in facts else GROKKED
    except (TypeError, AttributeError):
        results.note(f"{file} is skipped: its event is none of ours")
        return None
    return {**facts, "seen": seen, "page": f"{file.parent.parent.name}/{file.parent.name}/index.html"}
