"""A report on any subset of an experiment's runs, fed by discovery: words, exit code 0 and valid files, whatever ended.

Nothing is trained: rows and curves are made up, fits end where they start, since what is tested is that there is an
answer, not which.
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_rows import SUBSETS, Row, made_rows, publish
from page_words import words_of_html
from scipy.optimize import OptimizeResult

from analysis.laws import _base
from orchestrator.cli import main
from orchestrator.reports import ledger, report
from orchestrator.study.state import read
from orchestrator.study.study import Options, Study, study_of
from trainables.names import available

NAMES = available("search_spaces")
FIGURES_FOR = ("kl_scaling", "kl_by_weight_decay", "dynamic_routing", "fastest_grokking")  # a report of each kind


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let fits end where they start, and let a warning be a failure."""
    monkeypatch.setattr("scipy.optimize.minimize", stay)
    monkeypatch.setattr(_base, "CLIMBS", 1)
    monkeypatch.setattr(report, "provenance", lambda: {"commit": "none"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def stay(objective: Any, start: Any, **_: Any) -> OptimizeResult:
    """Return what SciPy's minimize returns, without minimising."""
    return OptimizeResult(x=start, fun=objective(start)[0])


def strictly(text: str) -> Any:
    """Return what a JSON text holds; NaN and Infinity are no JSON."""
    return json.loads(text, parse_constant=pytest.fail)


def answered(made: Study) -> dict[str, Any]:
    """Return the facts of a written report after looking at all its files."""
    folder = report.folder_of(made)
    facts: dict[str, Any] = strictly((folder / "report.json").read_text())
    assert facts["answer"].endswith(".") and len(facts["answer"].split()) > 5
    for text in (words_of_html((folder / "index.html").read_text()), (folder / "report.md").read_text()):
        assert facts["answer"] in text
        assert not {"nan", "inf", "None", "[]", "-inf"} & set(text.replace("|", " ").split())
    assert all("no whole curve" in note for note in made.results.untold())
    return facts


@pytest.mark.parametrize("name", NAMES)
def test_every_subset_of_runs_is_answered_in_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "draw", lambda *_: [])
    rows: list[Row] = []
    for number, subset in enumerate(SUBSETS.values()):
        made = study_of(Options(name=name, storage=str(tmp_path / str(number))))
        rows = rows or made_rows(made)
        kept = subset(rows, made)
        publish(made.results, kept)
        report.write(read(made))
        facts = answered(made)
        assert facts["missing"] == len(rows) - sum(row["id"] in {each["id"] for each in rows} for row in kept)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", FIGURES_FOR)
def test_the_verb_draws_figures_of_a_single_run(name: str, tmp_path: Path) -> None:
    made = study_of(Options(name=name, storage=str(tmp_path)))
    publish(made.results, SUBSETS["one run"](made_rows(made), made))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["report", name, "--storage", str(tmp_path)]) == 0
    assert err.getvalue() == "" and "report: " in out.getvalue()
    answered(made)


@pytest.mark.parametrize("name", NAMES)
def test_runs_without_curves_are_answered(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "draw", lambda *_: [])
    made = study_of(Options(name=name, storage=str(tmp_path)))
    rows = made_rows(made)
    publish(made.results, rows[::2], curves=False)
    if made.experiment.measures:
        report.write(read(made))
        assert answered(made)["missing"] == len(rows[1::2])
    publish(made.results, rows[1::2])
    report.write(read(made))
    assert answered(made)["missing"] == 0


@pytest.mark.parametrize("subset", ["no run", "one run", "one seed", "a random half", "all diverged"])
def test_a_ledger_stands_on_any_subset_of_runs(subset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "draw", lambda *_: [])
    for made in ledger.studies("all", scale="laptop", storage=str(tmp_path)):
        publish(made.results, SUBSETS[subset](made_rows(made), made), curves=False)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["reproduce", "all", "--no-launch", "--storage", str(tmp_path), "--json"]) == 0
    facts = strictly(out.getvalue())
    assert {row["verdict"] for row in facts["rows"]} <= {"not run", "holds", "fails", "undecided"}
    for ending in ("html", "md", "json"):
        assert (tmp_path / "reports" / "ledger" / "laptop" / f"all.{ending}").is_file()
