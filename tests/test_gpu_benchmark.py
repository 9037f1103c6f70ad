"""The benchmark of one card, tried on a CPU: every section yields rows that the table and the page can show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from card import contracts, ladder, memory, sections
from card.clock import Clock
from card.page import COLUMNS, page, whole

from orchestrator.reports.published import Published
from orchestrator.reports.references import shown

ROOT = Path(__file__).parents[1]
LIGHT = ("ray", "mlflow", "polars", "scipy", "optuna", "pydantic", "yaml", "matplotlib")


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """Return the rows of the sections that need no processes."""
    names = ("device", "contracts", "ladder_67", "memory")
    return {name: list(sections.rows(name, "cpu", True, 600.0)) for name in names}


def test_a_cpu_agrees_with_itself_in_every_contract(facts: dict[str, Any]) -> None:
    assert {row["verdict"] for row in facts["contracts"]} == {"passed"}
    assert {row["format"] for row in facts["contracts"]} >= set(contracts.BOUNDS)


def test_another_initialisation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = contracts._trained
    changed = iter(({"init": "torch"}, {}))
    monkeypatch.setattr(contracts, "_trained", lambda fields, *rest: trained({**fields, **next(changed)}, *rest))
    assert contracts._line({}, "float32", "cpu")["verdict"] == "failed"


def test_a_wiring_that_breaks_costs_its_own_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "LINES", {"sound": {}, "broken": {"heads": 5}})
    found = {row["name"]: row["verdict"] for row in contracts.rows("cpu", False, Clock("cpu", 600))}
    assert found["sound"] == "passed" and found["broken"] == "failed"


def test_what_does_not_fit_ends_the_ladder_of_its_format(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    built = ladder.pack_of

    def small(replicas: int, *facts: Any, precision: str) -> Any:
        if replicas > 1 and precision == "bf16-mlp":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return built(replicas, *facts, precision=precision)

    monkeypatch.setattr(ladder, "pack_of", small)
    monkeypatch.setattr(ladder, "SMOKE_SIZES", (1, 2, 3))
    rows = [row for row in ladder.rows(11, "cpu", True, Clock("cpu", 600)) if row["format"] == "bf16-mlp"]
    assert [row["singly_ms"] == ladder.DOES_NOT_FIT for row in rows] == [False, True, True]


def test_without_time_the_rest_is_said_to_be_skipped() -> None:
    late = Clock("cpu", -1.0)
    assert all(
        "skipped" in row["verdict"] for row in contracts.rows("cpu", True, late) if row["name"] in contracts.LINES
    )
    assert all("skipped" in row["fault"] for row in memory.rows("cpu", True, late))


def test_the_page_quotes_every_number_as_the_audit_reads_it(facts: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "gpu" / "gpu.json"
    file.parent.mkdir()
    file.write_text(json.dumps({**facts, "faults": [{"section": "memory", "fault": "exit code 1"}]}))
    file.with_name("page.md.in").write_text(page(json.loads(file.read_text())))
    made = Published(tmp_path).page("gpu")
    assert made.faults == [] and made.count > 40
    row = facts["ladder_67"][0]
    assert f"| {' | '.join(shown(row[key]) for key in COLUMNS['ladder'] if row.get(key) is not None)} |" in made.text
    assert "exit code 1" in made.text and "exit code 1" in whole(json.loads(file.read_text()))


def test_every_section_has_columns() -> None:
    assert {name.split("_")[0] for name in sections.SHARES} - {"device"} | {"faults"} == set(COLUMNS)


def test_it_runs_from_anywhere_without_what_a_sweep_needs(tmp_path: Path) -> None:
    """Sections run in processes of their own, in which the heavy libraries cannot be imported."""
    blocked = tmp_path / "blocked"
    for name in LIGHT:
        (blocked / name).mkdir(parents=True)
        (blocked / name / "__init__.py").write_text("raise ImportError(__name__)")
    words = ["--device", "cpu", "--smoke", "--out", "gpu.json", "--sections", "together"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(blocked), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["faults"] == [] and [row["processes"] for row in found["together"]] == [2, 2], done.stdout
    assert all(row["replica_steps_per_s"] > 0 for row in found["together"])


def test_a_section_that_crashes_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    script = tmp_path / "crashing.py"
    script.write_text(
        "import sys\nname = sys.argv[2]\n"
        "if name == 'contracts': sys.exit('no such device')\n"
        "print('row {\"name\": \"' + name + '\"}')\n"
    )
    told: list[tuple[str, Any]] = []
    sections.measured(
        script, "cpu", smoke=True, minutes=1, chosen=["contracts", "memory"], tell=lambda *row: told.append(row)
    )
    fault = {"section": "contracts", "fault": "exit code 1: no such device"}
    assert told == [("faults", fault), ("memory", {"name": "memory"})]


def test_a_section_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "hanging.py"
    script.write_text("import signal\nsignal.pause()\n")
    monkeypatch.setattr(sections, "GRACE_S", 0.1)
    told: list[tuple[str, Any]] = []
    sections.measured(script, "cpu", smoke=True, minutes=0, chosen=["memory"], tell=lambda *row: told.append(row))
    assert told == [("faults", {"section": "memory", "fault": "ended after 0 s"})]
