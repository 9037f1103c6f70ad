"""The command line: its verbs and flags are frozen, bad input costs one line and exit code 2, nothing is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from orchestrator.cli import app, main
from orchestrator.fit.fits import fit_table, interval_rows

COMMON = {"--scale", "--storage", "--set", "--seeds", "--precision", "--json"}
FROZEN = {
    "list": {"--json"},
    "show": COMMON | {"--budget-steps"},
    "launch": COMMON
    | {"--budget-steps", "--backend", "--address", "--gpus-per-pack", "--device", "--tracking-uri", "--smoke", "--yes"},
    "status": COMMON,
    "report": COMMON | {"--open"},
    "fit": {"--x", "--lower", "--upper", "--group", "--law", "--json"}
    | {"--curves", "--step", "--value", "--threshold", "--below", "--run", "--runs", "--where", "--out"},
    "reproduce": {"--no-launch", "--scale", "--storage", "--json"},
    "publish": {"--scale", "--storage", "--folder"},
    "export": set(),
    "schema": set(),
    "audit": {"--json"},
    "design": {"--halfwidth", "--scale", "--storage", "--json"},
    "probe": {"--probes", "--scale", "--storage", "--set", "--seeds", "--precision", "--json"},
    "ui": {"--storage", "--port", "--rebuild"},
    "doctor": {"--storage", "--json"},
}
LAUNCH = ["launch", "kl_scaling"]

BAD = {
    "unknown verb": (["lanch"], "No such command"),
    "unknown flag": ([*LAUNCH, "--sede", "3"], "No such option"),
    "unknown experiment": (["launch", "kl_scalin"], "did you mean 'kl_scaling'"),
    "unknown experiment to show": (["show", "nothing_like_it"], "experiments: "),
    "missing experiment": (["launch"], "Missing argument"),
    "no such file": (["launch", "mine.py"], "no file mine.py"),
    "unknown scale": ([*LAUNCH, "--scale", "huge"], "scales: laptop, paper"),
    "unknown field": ([*LAUNCH, "--set", "kl_strenght=1"], "did you mean 'kl_strength'"),
    "no equals sign": ([*LAUNCH, "--set", "kl_strength"], "write --set field=value"),
    "negative strength": ([*LAUNCH, "--set", "kl_strength=0.1,-1"], "kl_strength = -1.0 must be a number >= 0"),
    "strength not a number": ([*LAUNCH, "--set", "kl_strength=strong"], "must be a number >= 0"),
    "strength nan": ([*LAUNCH, "--set", "kl_strength=nan"], "must be a number >= 0"),
    "strength infinite": ([*LAUNCH, "--set", "kl_strength=inf"], "must be a number >= 0"),
    "empty grid": ([*LAUNCH, "--set", "kl_strength="], "axis 'kl_strength' is empty"),
    "a value left out": ([*LAUNCH, "--set", "modulus=67,,71"], "'67,,71' lacks a value; write v1,v2"),
    "no such grid": ([*LAUNCH, "--set", "kl_strength=logs(1,2,3)"], "write log(low, high, count)"),
    "a grid down to 0": ([*LAUNCH, "--set", "kl_strength=log(0,1,3)"], "log(0, 1, 3) has no such ends"),
    "a grid of one": ([*LAUNCH, "--set", "kl_strength=log(.1,1,1)"], "from 2 to 1000 values, not 1"),
    "train fraction 0": ([*LAUNCH, "--set", "train_fraction=0"], "must be a number > 0 and < 1"),
    "train fraction 1": ([*LAUNCH, "--set", "train_fraction=1"], "must be a number > 0 and < 1"),
    "modulus 1": ([*LAUNCH, "--set", "modulus=1"], "modulus = 1 must be a whole number >= 2"),
    "modulus not whole": ([*LAUNCH, "--set", "modulus=67.5"], "must be a whole number >= 2"),
    "unknown distractors": ([*LAUNCH, "--set", "distractors=some"], "one of random, constant"),
    "unknown attention": ([*LAUNCH, "--set", "attention=linear"], "one of softmax, linear_relu"),
    "switch not true or false": ([*LAUNCH, "--set", "residual=maybe"], "must be true or false"),
    "beta 1": ([*LAUNCH, "--set", "beta1=1"], "must be a number >= 0 and < 1"),
    "clip norm 0": ([*LAUNCH, "--set", "clip_norm=0"], "must be a number > 0 or none"),
    "learning rate none": ([*LAUNCH, "--set", "learning_rate=none"], "must be a number > 0"),
    "negative warm-up": ([*LAUNCH, "--set", "warmup_steps=-1"], "must be a whole number >= 0"),
    "no seeds": ([*LAUNCH, "--seeds", "0"], "--seeds 0 must be a whole number >= 1"),
    "seeds in words": ([*LAUNCH, "--seeds", "many"], "--seeds"),
    "unknown precision": ([*LAUNCH, "--precision", "fp8"], "must be one of fp32, bf16-mlp"),
    "no budget": ([*LAUNCH, "--budget-steps", "0"], "must be a whole number >= 1"),
    "unknown backend": ([*LAUNCH, "--backend", "slurm"], "one of: ray, in_process"),
    "unknown device": ([*LAUNCH, "--device", "tpu"], "one of: cpu, cuda"),
    "more GPU than there is": ([*LAUNCH, "--gpus-per-pack", "64"], "GPU per pack asked for"),
    "negative GPU": (["launch", "kl_scaling", "--gpus-per-pack", "-1"], "must be from 0.01 to 1"),
    "no GPU": (["launch", "kl_scaling", "--gpus-per-pack", "0"], "must be from 0.01 to 1"),
    "undefined GPU": (["launch", "kl_scaling", "--gpus-per-pack", "nan"], "must be from 0.01 to 1"),
    "infinite GPU": (["launch", "kl_scaling", "--gpus-per-pack", "inf"], "must be from 0.01 to 1"),
    "tiny GPU": (["launch", "kl_scaling", "--gpus-per-pack", "1e-9"], "must be from 0.01 to 1"),
    "one and a half GPU": (["launch", "kl_scaling", "--gpus-per-pack", "1.5"], "must be from 0.01 to 1"),
    "no such port": (["launch", "kl_scaling", "--address", "127.0.0.1:-5"], "no address of a Ray cluster"),
    "undefined width": (["design", "kl_scaling", "--halfwidth", "nan"], "--halfwidth nan"),
    "giant seeds": (["show", "kl_scaling", "--seeds", "99999999999999999999"], "--seeds"),
    "object store": ([*LAUNCH, "--storage", "s3://bucket/runs"], "not supported yet"),
    "unwritable storage": ([*LAUNCH, "--storage", "/proc/runs"], "cannot be written"),
    "Excel file not there": (["fit", "runs.xlsx", "--x", "x", "--lower", "l", "--upper", "u"], "cannot be read"),
    "table that is not there": (["fit", "no.csv", "--x", "x", "--lower", "l", "--upper", "u"], "cannot be read"),
    "fit without columns": (["fit", "no.csv"], "Missing option"),
    "fit of nothing": (["fit", "--x", "x"], "give either a table of intervals or --curves"),
    "fit of an unknown law": (["fit", "no.csv", "--x", "x", "--law", "powr"], "unknown law powr; laws: constant"),
    "unknown paper": (["reproduce", "structural"], "papers: lottery_tickets, structural_inference, all"),
    "design without a law": (["design", "kl_schedules", "--halfwidth", "0.1"], "kl_schedules has no law"),
    "design without width": (["design", "kl_scaling", "--halfwidth", "0"], "--halfwidth 0 must be a number > 0"),
    "export of nothing": (["export"], "Missing argument"),
    "export of an unknown experiment": (["export", "kl_scalin"], "did you mean 'kl_scaling'"),
    "schema of something": (["schema", "kl_scaling"], "unexpected extra argument"),
    "publication of nothing": (["publish", "--folder", "nowhere"], "holds no texts of pages"),
    "publication without a report": (["publish", "kl_scaling"], "holds no report; make one: python -m orchestrator"),
    "audit of nothing": (["audit", "nowhere"], "holds no published results"),
}


@pytest.mark.parametrize("words, expected", BAD.values(), ids=BAD.keys())
def test_bad_input_costs_one_line_and_trains_nothing(
    words: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1
    assert expected in err
    assert not list(tmp_path.rglob("*.parquet")) and not list(tmp_path.rglob("*.pt"))


def test_all_faults_come_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*LAUNCH, "--set", "modulus=1", "--set", "width=0"]) == 2
    message = capsys.readouterr().err
    assert "modulus = 1" in message and "width = 0" in message


def test_verbs_and_flags_are_frozen() -> None:
    """A new flag is a promise for years: change this table only together with the docs."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    found = {
        name: {flag for option in command.params for flag in option.opts if flag.startswith("--")}
        for name, command in commands.items()
    }
    assert found == FROZEN


def test_show_and_status_speak_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("show", "status"):
        assert main([verb, "kl_scaling", "--storage", str(tmp_path), "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["replicas"] == facts["missing"] == 168


def test_json_of_show_and_status_says_what_was_fixed_before_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("show", "status"):
        assert main([verb, "kl_scaling", "--set", "modulus=68", "--storage", str(tmp_path), "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert [(axes["optimizer"], axes["modulus"], len(axes["kl_strength"])) for axes in facts["axes"]] == [
            (["sgd"], [68], 6),
            (["adamw"], [68], 8),
        ]
        assert "modulus" not in facts["fields"] and facts["fields"]["train_fraction"] == 0.4
        assert facts["seeds"] == [*range(100, 112)] and facts["budget_steps"] == 2500 and facts["by_outcome"] == {}
        claim = facts["claims"][0]
        assert claim["rule"] == "parameter_within" and claim["settings"]["high"] == 1.25 and claim["statement"]


@pytest.mark.parametrize(
    "change, told",
    [
        ("modulus=68", "modulus = 68"),
        ("train_fraction=0.5", "train_fraction = 0.5"),
        ("kl_strength=0, log(1e-2, 1, 3)", "kl_strength = 0.0, 0.01, 0.1, 1.0"),
        ("width=linear(16,32,3),32", "width = 16, 24, 32"),
    ],
)
def test_show_says_each_field_once_as_the_changed_study_has_it(
    change: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "kl_scaling", "--set", change, "--storage", str(tmp_path)]) == 0
    field = change.partition("=")[0]
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith(f"{field} =")] == [told]


def test_status_of_nothing_says_none_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "kl_scaling", "--storage", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "kl_scaling/laptop: 0/168 done (none yet), 168 missing\n"


def test_version_names_the_package_and_the_commit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    pattern = rf"grokking-laws {version('grokking-laws')}( \(commit [0-9a-f]{{12}}(\+changes)?\))?\n"
    assert re.fullmatch(pattern, capsys.readouterr().out)


@pytest.mark.parametrize("verb", [[], *([name] for name in FROZEN)], ids=lambda words: " ".join(words) or "none")
def test_h_says_the_same_as_help(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for flag in ("-h", "--help"):
        assert main([*verb, flag]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] and told[0].startswith("Usage: ")


@pytest.mark.parametrize(
    "typed, offered",
    [
        ("show kl_sca", ["kl_scaling"]),
        ("launch kl_scaling --scale p", ["paper"]),
        ("reproduce ", ["lottery_tickets", "structural_inference", "all"]),
        ("launch kl_scaling --backend in", ["in_process"]),
        ("stat", ["status"]),
        ("export model_w", ["model_width"]),
        ("sche", ["schema"]),
    ],
)
def test_a_shell_completes_names_and_loads_nothing_heavy(typed: str, offered: list[str]) -> None:
    code = (
        "import sys; from orchestrator.cli import app\n"
        "try: app(prog_name='grokking-laws')\n"
        "except SystemExit: pass\n"
        "print([name for name in ('torch', 'ray', 'mlflow', 'matplotlib', 'scipy', 'rich') if name in sys.modules])"
    )
    words = f"grokking-laws {typed}"
    asked = {"_GROKKING_LAWS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    *found, heavy = done.stdout.splitlines()
    assert found == offered and heavy == "[]"


def test_the_script_that_a_shell_sources_is_that_of_the_installed_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))  # whatever shell runs the tests
    with pytest.raises(SystemExit) as end:
        main(["--show-completion"])
    assert end.value.code == 0 and "_GROKKING_LAWS_COMPLETE=complete_bash" in capsys.readouterr().out


def test_report_without_results_says_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "kl_scaling", "--storage", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {claim["verdict"] for claim in facts["claims"]} == {"not run"}
    assert (
        facts["events"] + facts["censored"] + facts["diverged"] + facts["failed"] + facts["missing"]
        == facts["replicas"]
    )


def test_light_verbs_load_no_heavy_module(tmp_path: Path) -> None:
    code = (
        "import sys; from orchestrator.cli import main\n"
        "for words in (['list'], ['export', 'kl_scaling'], ['schema'], "
        f"['show', 'kl_scaling', '--storage', {str(tmp_path)!r}], "
        f"['status', 'kl_scaling', '--storage', {str(tmp_path)!r}]): assert main(words) == 0\n"
        "print([name for name in ('torch', 'ray', 'mlflow', 'matplotlib', 'scipy', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_a_users_own_analysis_folder_does_not_shadow_ours(tmp_path: Path) -> None:
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").write_text("raise SystemExit('the wrong analysis')")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-m", "orchestrator", "show", "kl_scaling", "--storage", "runs"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_fit_reads_an_empty_upper_as_censored(tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    rows = [f"{x},{int(100 / x)},{int(100 / x) + 5},{seed}" for x in (0.1, 0.2, 0.5, 1.0) for seed in range(3)]
    file.write_text("\n".join(["wd,lo,hi,seed", *rows, "0.01,2000,,0", "0.01,2000,,1"]))
    facts = fit_table(interval_rows(file, x=["wd"], lower="lo", upper="hi", group=None), x=["wd"], laws=()).facts
    assert (facts["events"], facts["censored"]) == (12, 2)
    power = next(fit for fit in facts["fits"] if fit["law"] == "power")
    assert power["parameters"]["exponent"]["estimate"] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    "line, expected",
    [
        (",1,2", "x must not be empty"),
        ("1,5,4", "upper must not be below lower"),
        ("1,,5", "lower must be"),
        ("a,1,2", "must be numbers"),
    ],
)
def test_fit_refuses_rows_in_one_line(
    line: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(f"x,lo,hi\n1,1,2\n{line}\n")
    assert main(["fit", str(file), "--x", "x", "--lower", "lo", "--upper", "hi"]) == 2
    err = capsys.readouterr().err
    assert expected in err and err.count("\n") == 1


def test_fit_refuses_an_empty_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "runs.csv"
    file.write_text("x,lo,hi,seed\n1,1,2,a\n2,1,2,\n")
    assert main(["fit", str(file), "--x", "x", "--lower", "lo", "--upper", "hi", "--group", "seed"]) == 2
    assert "group must not be empty; row 2" in capsys.readouterr().err
