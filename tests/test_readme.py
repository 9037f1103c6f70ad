"""The README's commands are the ones that work: its launch runs to a report, its test command is what CI runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
INSTALL_AND_LAUNCH = "pip install -c constraints.txt -e . && python -m orchestrator launch kl_scaling"
INSTALL_AND_TEST = "pip install -c constraints.txt -e '.[test]' && python -m pytest"


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    assert INSTALL_AND_LAUNCH in README and INSTALL_AND_TEST in README
    assert INSTALL_AND_TEST in (ROOT / ".ci" / "run").read_text()


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.ray
def test_the_readmes_launch_runs_end_to_end_on_ray(tmp_path: Path) -> None:
    words = [sys.executable, *re.search(r"python( -m orchestrator launch \w+)", INSTALL_AND_LAUNCH)[1].split()]  # type: ignore[index]
    done = subprocess.run([*words, "--smoke"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (page,) = tmp_path.glob("runs/smoke/*/reports/*/*/index.html")
    assert str(page) in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}
    assert len(list(tmp_path.rglob("checkpoints/*/40.pt"))) == 2
