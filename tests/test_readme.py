"""What the documents say can be done: their launch runs to a report, every block runs, every command is understood.

A block says by its info string what it is: bash, python and yaml are run, text is not. Commands in running text are run
as they stand, or in the way that ``ENOUGH`` says where they would train for minutes or serve for ever.
"""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_rows import made_rows, publish

from orchestrator.cli import app, main
from orchestrator.study.study import Options, study_of
from trainables.names import available

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
INSTALL_AND_LAUNCH = "pip install -c constraints.txt -e . && python -m orchestrator launch kl_scaling"
INSTALL_AND_TEST = "pip install -c constraints.txt -e '.[test]' && python -m pytest"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAM = "python -m orchestrator "
RUN = {"bash", "python", "yaml"}
NOT_RUN = {"text"}
ENOUGH = {  # verb: how it is tried in a test
    "launch": ("show", []),
    "reproduce": ("reproduce", ["--no-launch"]),
    "ui": ("ui", ["--rebuild"]),
}
ELSEWHERE = {  # command: the test that runs it
    "audit": "tests/orchestrator/test_audit.py",
    "publish NAME": "tests/orchestrator/test_publishing.py",
    "publish": "tests/orchestrator/test_publishing.py",
    "launch NAME --smoke": "test_a_python_block_is_an_experiment_that_can_be_launched",
    "probe NAME": "tests/orchestrator/test_probing.py",
    "launch mine.py": "test_a_python_block_is_an_experiment_that_can_be_launched",
    "launch --address HOST:PORT": "tests/orchestrator/test_shared_cluster.py",
    "launch my_net.py --smoke": "tests/test_your_own_network.py",
}


def blocks(kind: str) -> dict[str, str]:
    """Return the blocks of a kind in all documents, by document and line."""
    found = {}
    for document in DOCUMENTS:
        text = document.read_text()
        for block in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if block[1] == kind:
                found[f"{document.name}:{text.count(chr(10), 0, block.start()) + 1}"] = block[2]
    return found


def commands() -> list[str]:
    """Return all commands of ours that stand in blocks or in running text, without the name of the program, once."""
    verbs = {
        "list",
        *(command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands),
    }
    found = [
        line.removeprefix(PROGRAM)
        for text in blocks("bash").values()
        for line in re.split(r"\n| && ", text)
        if line.startswith(PROGRAM)
    ]
    for document in DOCUMENTS:
        for code in re.findall(r"`([^`\n]+)`", document.read_text()):
            words = code.removeprefix(PROGRAM).partition(" > ")[0]  # where its output goes
            guide = document.parent.name not in {"results", "decisions"}  # those mention flags that they speak of
            if code.startswith(PROGRAM) or (guide and code.split()[0] in verbs and " --" in code):
                found.append(words)
    return sorted(set(found))


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    assert INSTALL_AND_LAUNCH in README and INSTALL_AND_TEST in README
    assert INSTALL_AND_TEST in (ROOT / ".ci" / "run").read_text()


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_block_says_what_it_is() -> None:
    for document in DOCUMENTS:
        fences = re.findall(r"^```(.*)$", document.read_text(), re.MULTILINE)
        assert set(fences[0::2]) <= RUN | NOT_RUN and set(fences[1::2]) <= {""}, document.name


def test_blocks_of_commands_hold_nothing_but_the_two_commands() -> None:
    """The first is run below, on Ray; the second is what runs this."""
    assert list(map(str.strip, blocks("bash").values())) == [INSTALL_AND_LAUNCH, INSTALL_AND_TEST]


@pytest.mark.parametrize("place", [place for place, code in blocks("python").items() if "EXPERIMENT" in code])
def test_a_python_block_is_an_experiment_that_can_be_launched(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(blocks("python")[place])
    assert main(["launch", "mine.py", "--smoke", "--backend", "in_process"]) == 0, capsys.readouterr().err
    (page,) = tmp_path.glob("runs/smoke/*/reports/*/*/index.html")
    assert page.stat().st_size > 0


@pytest.mark.parametrize("place", [place for place, code in blocks("python").items() if "EXPERIMENT" not in code])
def test_any_other_python_block_runs_and_draws_what_it_says(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    study = study_of(Options(name="kl_scaling"))
    publish(study.results, made_rows(study))
    code = blocks("python")[place]
    exec(compile(code, place, "exec"), {})
    told, (drawn,) = capsys.readouterr().out, re.findall(r'savefig\("(.*)"\)', code)
    assert told and (tmp_path / drawn).stat().st_size > 0
    text = (ROOT / "docs" / place.partition(":")[0]).read_text()
    if "docs/results" in code:
        assert all(f"`{line}`" in text for line in told.splitlines())


def test_documents_name_public_things_only() -> None:
    ours = ("analysis", "orchestrator", "search_spaces", "trainables")
    experiments = {f"search_spaces.{name}" for name in available("search_spaces")}
    for place, code in blocks("python").items():
        for node in ast.walk(ast.parse(code)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ours:
                public = {"EXPERIMENT"} if node.module in experiments else importlib.import_module(node.module).__all__
                assert {alias.name for alias in node.names} <= set(public), place
                modules = [node.module]
            own = [name for name in modules if name.split(".")[0] in ours]
            assert {*own} <= {*ours, *experiments}, place
    guides = [document for document in DOCUMENTS if document.parent.name not in {"results", "decisions"}]
    for document in guides:
        assert not re.findall(rf"\b(?:{'|'.join(ours)})(?:\.\w+)*\._\w+", document.read_text()), document.name


@pytest.mark.parametrize("place", blocks("yaml"))
def test_a_yaml_block_is_an_experiment(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(blocks("yaml")[place])
    assert main(["show", "mine.yaml"]) == 0, capsys.readouterr().err
    assert "claim" in capsys.readouterr().out


def test_commands_that_run_elsewhere_stand_in_a_document() -> None:
    assert set(ELSEWHERE) <= set(commands())


@pytest.mark.parametrize("command", [each for each in commands() if each not in ELSEWHERE])
def test_a_command_in_the_documents_does_what_it_says(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("analysis.design.SIMULATIONS", 1)  # of each design
    tables(tmp_path)
    (tmp_path / "benchmarks").mkdir()
    shutil.copy(ROOT / "benchmarks" / "strengths.py", tmp_path / "benchmarks")
    (network,) = [code for place, code in blocks("python").items() if place.startswith("your_own_network.md")]
    (tmp_path / "my_net.py").write_text(network)
    verb, *words = shlex.split(command.replace("NAME", "kl_scaling"))
    verb, more = ENOUGH.get(verb, (verb, []))
    asks_for_help = words[-1:] == ["help=1"]  # refused with the list of all fields
    assert main([verb, *words, *more]) == (2 if asks_for_help else 0), capsys.readouterr().err
    assert not asks_for_help or "fields: modulus" in capsys.readouterr().err


def tables(folder: Path) -> None:
    """Write what commands of the documents read: a table of runs, and curves of runs."""
    decays, seeds = (0.1, 0.3, 1.0, 3.0), range(3)
    rows = [f"{decay},{int(300 / decay)},{int(300 / decay) + 10},{seed}" for decay in decays for seed in seeds]
    (folder / "runs.csv").write_text("\n".join(["weight_decay,lower,upper,seed", *rows, "0.01,9000,,0"]) + "\n")
    (folder / "runs").mkdir()
    for decay in decays:
        for seed in seeds:
            curve = [f"{step},{min(step * decay / (300 + seed), 1)},{decay}" for step in range(0, 4000, 20)]
            text = "\n".join(["step,val_acc,weight_decay", *curve]) + "\n"
            (folder / "runs" / f"{decay}-{seed}.csv").write_text(text)


@pytest.mark.ray
def test_the_readmes_launch_runs_end_to_end_on_ray(tmp_path: Path) -> None:
    words = [sys.executable, *re.search(r"python( -m orchestrator launch \w+)", INSTALL_AND_LAUNCH)[1].split()]  # type: ignore[index]
    done = subprocess.run([*words, "--smoke"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (page,) = tmp_path.glob("runs/smoke/*/reports/*/*/index.html")
    assert str(page) in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}
    assert len(list(tmp_path.rglob("checkpoints/*/40.pt"))) == 2
