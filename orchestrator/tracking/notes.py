"""The descriptions that MLflow shows of an experiment and of a study: Markdown with the answer and the law's figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchestrator.reports.report import folder_of
from orchestrator.storage.results import Results

if TYPE_CHECKING:
    from orchestrator.study.study import Study

MOST_CHARACTERS = 4500  # MLflow allows 5,000 for an experiment


def note_of_study(study: Study, facts: Mapping[str, Any], run: str) -> str:
    """Return the description of a parent run: the answer, a figure, the verdicts, and where the whole report lies."""
    parts = [f"### {study.experiment.question}", f"**{facts.get('answer', '')}**"]
    parts += [_figure(facts["pictures"][0], run)] if facts.get("pictures") else []
    claims = [
        f"- **{claim['verdict']}** · {claim['statement']} ({claim['evidence']})" for claim in facts.get("claims", ())
    ]
    parts += ["\n".join(claims)] if claims else []
    counts = f"{facts.get('events', 0)} {study.experiment.criterion.seen}, {facts.get('censored', 0)} censored"
    parts.append(
        f"{counts} of {facts.get('replicas', 0)} replicas. The whole report: the artifact "
        f"`report/index.html` of this run, or `{folder_of(study) / 'index.html'}`."
    )
    return _within("\n\n".join(parts))


def note_of_experiment(study: Study) -> str:
    """Return the description of an experiment: its question, and the answer of each of its studies so far."""
    experiment = study.experiment
    parts = [
        f"### {experiment.question}",
        f"Source: {experiment.source}. One run per study, with one child per replica.",
    ]
    for place, facts in _reports(study.results, experiment.name):
        claims = [each for each in facts.get("claims") or () if isinstance(each, dict)]
        verdicts = [f"{each.get('name')} {each.get('verdict')}" for each in claims]
        parts.append(f"**{place}**: {facts.get('answer', '')}" + (f" ({', '.join(verdicts)})" if verdicts else ""))
    return _within("\n\n".join(parts))


def _reports(results: Results, experiment: str) -> list[tuple[str, dict[str, Any]]]:
    folder = f"reports/{experiment}"
    files = {each.name: Path(folder) / each.name / "report.json" for each in results.files(folder, "")}
    found = {place: results.read_json(file) for place, file in files.items()}
    return [(f"{experiment}/{place}", facts) for place, facts in found.items() if facts]


def _figure(picture: Mapping[str, Any], run: str) -> str:
    """Return a picture of the report as a link that MLflow's own pages understand: to an artifact of the run."""
    path = quote(f"report/{picture['file']}", safe="")
    alt = str(picture["alt"]).replace("[", "(").replace("]", ")")
    return f"![{alt}](get-artifact?path={path}&run_uuid={run})"


def _within(text: str) -> str:
    """Return a text that MLflow accepts, cut between lines if it is too long."""
    lines = text.splitlines()
    while len("\n".join(lines)) > MOST_CHARACTERS and len(lines) > 1:
        lines.pop()
    return "\n".join(lines)[:MOST_CHARACTERS]
