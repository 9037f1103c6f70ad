"""The page on one's own network: its ten commands run in their order, launches with --smoke."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from orchestrator.cli import main

PAGE = (Path(__file__).parents[1] / "docs" / "your_own_network.md").read_text(encoding="utf-8")
FILE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]  # type: ignore[index]
COMMANDS = re.findall(r"^\d+\. `python -m orchestrator ([^`]+)`", PAGE, re.MULTILINE)
QUICKLY = {"launch": ["--smoke", "--backend", "in_process"], "ui": ["--rebuild"]}


def test_model_data_and_axes_take_thirty_lines_at_most() -> None:
    without_claims = FILE.split("    claims=")[0]
    assert len([line for line in without_claims.splitlines() if line.strip() and "import" not in line]) <= 30


def test_ten_commands_lead_from_the_file_to_a_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("analysis.design.SIMULATIONS", 1)  # of each design
    (tmp_path / "my_net.py").write_text(FILE, encoding="utf-8")
    assert len(COMMANDS) == 10
    for command in COMMANDS:
        verb, *words = shlex.split(command)
        more = [word for word in QUICKLY.get(verb, []) if word not in words]
        assert main([verb, *words, *more]) == 0, f"{command}: {capsys.readouterr().err}"
    launches = [command for command in COMMANDS if command.startswith("launch")]
    reports = list(tmp_path.glob("runs/smoke/*/reports/my_net/laptop-smoke/index.html"))
    assert len(reports) == len(launches) and all(report.stat().st_size for report in reports)
