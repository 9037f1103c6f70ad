"""From results and claims to a report: one self-contained page, Markdown, JSON, figures and a table of the runs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from analysis import events, table
from orchestrator.launch import Study, preregistered
from orchestrator.provenance import provenance

TEMPLATES = {"index.html": "report.html.j2", "report.md": "report.md.j2"}
SYMBOLS = {"kl_strength": "KL strength λ", "weight_decay": "weight decay"}


def current(study: Study) -> dict[str, Any] | None:
    """Return the report that stands on disk if it was made from exactly the rows that there are now."""
    file = folder_of(study) / "report.json"
    if not file.is_file():
        return None
    stored: dict[str, Any] = json.loads(file.read_text())
    return stored if stored.get("rows_hash") == rows_hash(study, study.rows()) else None


def folder_of(study: Study) -> Path:
    """Return where a study's report lies."""
    return study.results.root / "reports" / study.key


def rows_hash(study: Study, rows: pl.DataFrame) -> str:
    """Return a hash of what a report is made from: the rows, the claims and the replicas asked for."""
    facts = [
        study.experiment.registration(study.scale),
        study.options.budget_steps,
        _failed(study, rows),
        rows.select("id", "status", "steps").rows(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def write(study: Study) -> dict[str, Any]:
    """Write the report of what the results hold and return its facts."""
    rows = study.rows()
    folder = folder_of(study)
    folder.mkdir(parents=True, exist_ok=True)
    facts = _facts(study, rows)
    grokked = _event_rows(study, rows, study.experiment.threshold)
    figures: list[Path] = []
    if not rows.is_empty():
        grokked.drop("status").write_csv(folder / "replicas.csv")
        figures = _draw(study, rows, grokked, facts, folder / "figures")
    _render(study, facts, figures, folder)
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    study.results.write_text((folder / "report.json").relative_to(study.results.root), text)
    return facts


def summary(study: Study, facts: Mapping[str, Any]) -> list[str]:
    """Return what a launch prints at its end: the law, the verdicts, where to look."""
    lines = [facts["answer"]]
    lines += [f"{claim['verdict']:>9}  {claim['name']}: {claim['evidence']}" for claim in facts["claims"]]
    lines.append(f"report: {folder_of(study) / 'index.html'}")
    return lines


def _facts(study: Study, rows: pl.DataFrame) -> dict[str, Any]:
    experiment, replicas = study.experiment, study.experiment.replicas(study.scale)
    grokked = _event_rows(study, rows, experiment.threshold)
    diverged = rows.filter(pl.col("status") == "diverged").height
    seen = grokked.filter(pl.col("upper").is_not_null()).height
    analysed = _analyse(study, grokked)
    return {
        "experiment": experiment.name,
        "question": experiment.question,
        "scale": study.scale,
        "variant": study.variant,
        "threshold": experiment.threshold,
        "replicas": len(replicas),
        "events": seen,
        "censored": grokked.height
        - seen
        - grokked.filter(pl.col("upper").is_null() & (pl.col("status") == "diverged")).height,
        "diverged": diverged - grokked.filter(pl.col("upper").is_not_null() & (pl.col("status") == "diverged")).height,
        "failed": (failed := _failed(study, rows)),
        "missing": len(replicas) - rows.height - failed,
        "budget_steps": study.plan().budget_steps,
        "preregistered": preregistered(study),
        **analysed,
        "sensitivity": _sensitivity(study, rows),
        "pilot": experiment.pilot,
        "source": experiment.source,
        "provenance": provenance(),
        "rows_hash": rows_hash(study, rows),
    }


def _failed(study: Study, rows: pl.DataFrame) -> int:
    """Return how many replicas have no row and were given up by the last launch."""
    ids = {replica.id for replica in study.experiment.replicas(study.scale)} - set(rows["id"])
    return len(study.results.failed(ids))


def _event_rows(study: Study, rows: pl.DataFrame, threshold: float) -> pl.DataFrame:
    return table.event_table(rows, name=events.GROKKED, threshold=threshold, fields=[study.experiment.x])


def _analyse(study: Study, grokked: pl.DataFrame) -> dict[str, Any]:
    """Return answer, fits, claims and levels; in words where the table cannot be fitted."""
    from analysis.claims import Evidence, judge, undecided
    from analysis.compare import fit_laws
    from analysis.survival import levels

    experiment = study.experiment
    usable = grokked.filter(pl.col(experiment.x) > 0)
    if usable.is_empty():
        reason = "no replica has ended yet: launch the experiment"
        not_run = [{**asdict(undecided(claim, reason)), "verdict": "not run"} for claim in experiment.claims]
        return {"answer": reason, "fits": [], "claims": not_run, "levels": []}
    times, groups = times_of(usable, experiment.x), usable["data_seed"].to_list()
    per_level = [asdict(level) for level in levels(times)]
    try:
        fits = fit_laws(times, experiment.laws, groups)
    except ValueError as fault:
        unfitted = [asdict(undecided(claim, str(fault))) for claim in experiment.claims]
        return {"answer": f"undecided: {fault}", "fits": [], "claims": unfitted, "levels": per_level}
    primary = next(fit for fit in fits if fit.law == experiment.primary_law)
    if len(set(groups)) < 2:
        verdicts = [undecided(claim, "one seed only: give at least 2 with --seeds") for claim in experiment.claims]
    else:
        verdicts = [judge(claim, Evidence(times, groups, primary)) for claim in experiment.claims]
    return {
        "answer": answer(primary.facts(), experiment.x),
        "fits": [fit.facts() for fit in fits],
        "claims": [asdict(verdict) for verdict in verdicts],
        "levels": per_level,
    }


def answer(fit: Mapping[str, Any], x: str) -> str:
    """Return the law in one line, with its intervals."""
    constants = [f"{name} {span(interval)}" for name, interval in fit["parameters"].items()]
    formula = fit["formula"].replace("x", SYMBOLS.get(x, x).split()[-1] if x in SYMBOLS else x)
    return f"grok step {formula}: " + ", ".join(constants) + f" ({fit['events']} events, {fit['censored']} censored)"


def span(interval: Mapping[str, Any]) -> str:
    """Return an estimate with its interval, three digits each.

    >>> span({"estimate": 1.0, "low": 0.9, "high": None})
    '1 [0.9, ∞]'
    """
    low = "-∞" if interval["low"] is None else f"{interval['low']:.3g}"
    high = "∞" if interval["high"] is None else f"{interval['high']:.3g}"
    return f"{interval['estimate']:.3g} [{low}, {high}]"


def times_of(rows: pl.DataFrame, x: str) -> Any:
    """Return the rows of an event table as the arrays that laws are fitted to."""
    import numpy as np

    from analysis.likelihood import Times

    upper = rows["upper"].cast(pl.Float64).fill_null(float("inf")).to_numpy()
    return Times(rows[x].cast(pl.Float64).to_numpy(), np.asarray(rows["lower"].cast(pl.Float64)), upper)


def _sensitivity(study: Study, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the primary law's exponent at every stored threshold."""
    from analysis.compare import fit_laws

    found = []
    for threshold in study.experiment.recording.thresholds:
        grokked = _event_rows(study, rows, threshold).filter(pl.col(study.experiment.x) > 0)
        entry: dict[str, Any] = {"threshold": threshold, "events": grokked["upper"].count(), "exponent": None}
        try:
            (fit,) = fit_laws(
                times_of(grokked, study.experiment.x), [study.experiment.primary_law], grokked["data_seed"].to_list()
            )
            entry["exponent"] = asdict(fit.parameters["exponent"]) if "exponent" in fit.parameters else None
        except ValueError as fault:
            entry["note"] = str(fault)
        found.append(entry)
    return found


def _draw(
    study: Study, rows: pl.DataFrame, grokked: pl.DataFrame, facts: Mapping[str, Any], folder: Path
) -> list[Path]:
    from analysis import figures
    from analysis.compare import Fit
    from analysis.intervals import Interval

    x = study.experiment.x
    label = SYMBOLS.get(x, x)
    level = dict(zip(grokked["id"], grokked[x], strict=True))
    curves = study.results.curves(rows["id"].to_list())
    made: list[Path] = []
    if facts["fits"]:
        fits = [
            Fit(**{**fit, "parameters": {name: Interval(**each) for name, each in fit["parameters"].items()}})
            for fit in sorted(facts["fits"], key=lambda fit: fit["law"] != study.experiment.primary_law)
        ]
        usable = grokked.filter(pl.col(x) > 0)
        made += figures.law_plot(
            times_of(usable, x), usable["data_seed"].to_list(), fits[:4], x_label=label, folder=folder
        )
    for probe, name in (("test_accuracy", "test accuracy"), ("attention_kl", "D_KL(oracle ‖ attention), nats")):
        if not curves.filter(pl.col("probe") == probe).is_empty():
            made += figures.fan(curves, probe=probe, level=level, x_label=label, y_label=name, folder=folder)
    return made


def _render(study: Study, facts: Mapping[str, Any], figures: Sequence[Path], folder: Path) -> None:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["span"] = span
    pictures = [
        {"name": file.stem, "file": f"figures/{file.name}", "data": base64.b64encode(file.read_bytes()).decode()}
        for file in figures
        if file.suffix == ".svg"
    ]
    for target, template in TEMPLATES.items():
        text = environment.get_template(template).render(
            **facts, figures=pictures, x=SYMBOLS.get(study.experiment.x, study.experiment.x)
        )
        study.results.write_text((folder / target).relative_to(study.results.root), text)
