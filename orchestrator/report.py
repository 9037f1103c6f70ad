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
from orchestrator import pages, watched
from orchestrator.answers import answers
from orchestrator.launch import Study
from orchestrator.pictures import Picture, draw
from orchestrator.provenance import provenance
from orchestrator.registration import exploratory
from orchestrator.results import BadInputError, Results
from orchestrator.wording import event_of, tally
from trainables.replica import family_named

Phase = Callable[[str], AbstractContextManager[object]]
REPORTS = Path("reports")
LISTED = {
    **dict.fromkeys(("question", "answer", "experiment", "scale", "variant"), str),
    **dict.fromkeys(("events", "replicas"), int),
    "claims": list,
}  # what the index prints of a report


def current(study: Study) -> dict[str, Any] | None:
    """Return the report that stands on disk if it was made from exactly the rows that there are now."""
    stored = study.results.read_json(REPORTS / study.key / "report.json", {"rows_hash": str}, signed=True)
    return stored if stored and stored["rows_hash"] == rows_hash(study, watched.rows_of(study)) else None


def folder_of(study: Study) -> Path:
    """Return where a study's report lies."""
    return study.results.root / REPORTS / study.key


def rows_hash(study: Study, rows: pl.DataFrame) -> str:
    """Return a hash of what a report is made from: the rows, the claims, when they were stored, and what is missing."""
    facts = [
        study.experiment.registration(study.scale),
        watched.budget_of(study),
        provenance(),
        _failed(study, rows),
        exploratory(study),
        rows.select("id", "status", "steps").rows(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def write(study: Study, *, phase: Phase = nullcontext) -> dict[str, Any]:
    """Write the report of what the results hold, bring the index up to it, and return its facts.

    ``phase`` is entered, with its name, around each part that takes a while.
    """
    study.results.ready()
    rows = watched.rows_of(study)
    folder = folder_of(study)
    folder.mkdir(parents=True, exist_ok=True)
    with phase("fitting"):
        curves = _curves(study, rows)
        runs = runs_of(study, rows, curves)
        facts = _facts(study, rows, runs)
    pictures: list[Picture] = []
    if not rows.is_empty():
        study.results.write_text(REPORTS / study.key / "replicas.csv", runs.write_csv())
        with phase("drawing"):
            pictures = draw(study, runs, curves, facts, folder / "figures")
    facts["pictures"] = [
        {"name": each.name, "alt": each.alt, "caption": each.caption, "file": f"figures/{each.name}.svg"}
        for each in pictures
    ]
    _render(study, facts, folder)
    study.results.write_json(REPORTS / study.key / "report.json", facts, indent=1)
    write_index(study.results)
    return facts


def runs_of(study: Study, rows: pl.DataFrame, curves: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the study's rows as the table that is published: one line per run with all its events and measures.

    Curves are read where measures need them and they are not given.
    Raises: BadInputError that names the probe to record, where a measure needs a curve that is not there.
    """
    experiment = study.experiment
    runs = table.wide(rows, experiment.scales[study.scale].names)
    if not experiment.measures:
        return runs
    from analysis.measures._table import measured

    if curves is None:
        curves = watched.curves_of(study, rows["id"].to_list())
    try:
        found = measured(rows, curves, experiment.measures, experiment.threshold)
    except ValueError as reason:
        raise BadInputError(f"{experiment.name}: {reason}") from None
    return runs.join(found, on="id", how="left", maintain_order="left")


def _curves(study: Study, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the curves of the rows, read once; none where nothing is drawn or measured."""
    wanted = study.experiment.measures or not study.experiment.scales[study.scale].search
    if rows.is_empty() or not wanted:
        return pl.DataFrame(schema=table.curve_schema())
    return watched.curves_of(study, rows["id"].to_list())


def summary(study: Study, facts: Mapping[str, Any]) -> list[str]:
    """Return what a launch prints at its end: the law, the verdicts, where to look."""
    lines = [facts["answer"], *([facts["formula"]] if facts["formula"] else [])]
    lines += [f"{claim['verdict']:>9}  {claim['name']}: {claim['evidence']}" for claim in facts["claims"]]
    lines.append(f"report: {folder_of(study) / 'index.html'}")
    return lines


def _facts(study: Study, rows: pl.DataFrame, runs: pl.DataFrame) -> dict[str, Any]:
    experiment, replicas = study.experiment, study.experiment.replicas(study.scale)
    timeline = table.timeline(runs, experiment.threshold, experiment.criterion)
    seen = int(timeline["upper"].count())
    diverged = int((timeline["outcome"] == "diverged").sum())
    failed = _failed(study, rows)
    return {
        "experiment": experiment.name,
        "question": experiment.question,
        "paper": experiment.paper,
        "scale": study.scale,
        "variant": study.variant,
        "x": experiment.x,
        "threshold": experiment.threshold,
        "event": asdict(experiment.criterion),
        "replicas": len(replicas),
        "events": seen,
        "censored": timeline.height - seen - diverged,
        "diverged": diverged,
        "failed": failed,
        "missing": len(replicas) - rows.height - failed,
        "budget_steps": watched.budget_of(study),
        "preregistered": not (reason := exploratory(study)),
        "exploratory": reason,
        **answers(experiment, study.scale, runs),
        "pilot": experiment.pilot,
        "source": experiment.source,
        "sources": dict(family_named(experiment.family).sources),
        "provenance": provenance(),
        "rows_hash": rows_hash(study, rows),
    }


def _failed(study: Study, rows: pl.DataFrame) -> int:
    """Return how many replicas have no row and were given up by the last launch."""
    ids = {replica.id for replica in study.experiment.replicas(study.scale)} - set(rows["id"])
    return len(study.results.failed(ids))


def _render(study: Study, facts: Mapping[str, Any], folder: Path) -> None:
    def embedded(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    for name, text in (("index.html", pages.html(facts, embedded)), ("report.md", pages.markdown(facts))):
        study.results.write_text((folder / name).relative_to(study.results.root), text)


def write_index(results: Results) -> None:
    """Write the page that lists all reports under a storage, from what each says of itself."""
    top = results.root / REPORTS
    found = (_listed(results, file) for file in sorted(top.glob("*/*/report.json")))
    ledgers = sorted(file.relative_to(top) for file in top.glob("ledger/*/*.html"))
    listed = [page for page in found if page]
    text = pages.environment().get_template("index.html.j2").render(pages=listed, tally=tally, ledgers=ledgers)
    results.write_text(REPORTS / "index.html", text)


def _listed(results: Results, file: Path) -> dict[str, Any] | None:
    """Return what the index says of a report; None, noted, where the file is not one of ours."""
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
