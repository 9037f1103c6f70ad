"""A file with a network of the user's: what of it counts, how it travels, and how each fault of it is told."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from user_networks import HEAD, MLP, REGRESSION, SPLIT, launched, written

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.study.study import Options, Study, study_of
from search_spaces._files import experiment_named
from trainables.modules import own
from trainables.replica import Recording
from trainables.user_code import UserFile

VERSION = f"{SPLIT}, version='1'"
SEEDED = "Net, data, loss='mean_square', metric='explained_variance'"


def ids(folder: Path, code: str = MLP, call: str = SPLIT) -> set[str]:
    return {replica.id for replica in launched(folder, code, call).replicas("laptop")}


@pytest.mark.parametrize(
    "change",
    [
        ("class Net(nn.Module):", "# a comment\nclass Net(nn.Module):  # another"),
        ("super().__init__()", "super(\n        ).__init__()"),
        ("class Net(nn.Module):", 'class Net(nn.Module):\n    """What it is."""'),
        ("class Net(nn.Module):", 'A_TEXT = ""\nclass Net(nn.Module):'),
    ],
    ids=["comments", "layout", "docstrings", "a statement"],
)
def test_what_of_a_file_counts(change: tuple[str, str], tmp_path: Path) -> None:
    assert (ids(tmp_path) == ids(tmp_path, MLP.replace(*change))) == ("A_TEXT" not in change[1])


def test_levels_claims_and_the_name_of_the_file_do_not_count(tmp_path: Path) -> None:
    file = written(tmp_path, MLP)
    moved = tmp_path / "other.py"
    moved.write_text(file.read_text().replace("(0.1, 1.0)", "(0.1, 1.0, 3.0)").replace('question="?"', 'question="!"'))
    before, after = (experiment_named(str(each)).replicas("laptop") for each in (file, moved))
    assert {each.id for each in before} < {each.id for each in after}


@pytest.mark.parametrize(
    "code, call",
    [
        (MLP.replace("nn.ReLU", "nn.GELU"), SPLIT),
        (MLP.replace("width=8", "width=16"), SPLIT),
        (MLP, SPLIT.replace("SUMS", "SUMS.flip(0)")),
        (MLP, SPLIT.replace("0.6", "0.5")),
        (MLP, f"{SPLIT}, loss='mean_square'"),
        (MLP, f"{SPLIT}, arguments={{'width': 16}}"),
        (MLP, VERSION),
    ],
    ids=["code", "a default", "data", "the split", "the loss", "an argument", "a version"],
)
def test_what_decides_numbers_gives_other_replicas(code: str, call: str, tmp_path: Path) -> None:
    assert not ids(tmp_path) & ids(tmp_path, code, call)


def test_a_version_stands_for_the_content_of_the_file_and_for_nothing_else(tmp_path: Path) -> None:
    before = ids(tmp_path, MLP, VERSION)
    assert before == ids(tmp_path, MLP.replace("nn.ReLU", "nn.GELU"), VERSION)
    assert not before & ids(tmp_path, MLP, VERSION.replace("'1'", "'2'"))
    assert not before & ids(tmp_path, MLP, VERSION.replace("0.6", "0.5"))


def test_an_experiment_can_be_used_in_another_process_without_the_file(tmp_path: Path) -> None:
    experiment = launched(tmp_path, REGRESSION, SEEDED)
    (tmp_path / "experiment").write_bytes(pickle.dumps(experiment))
    (tmp_path / "my_net.py").unlink()
    code = (
        "import pickle, sys; from trainables.pack import Pack\n"
        "print('torch' in sys.modules and '_experiment_of_a_user' in sys.modules)\n"
        "replicas = pickle.load(open('experiment', 'rb')).replicas('laptop')\n"
        "print(*(replica.id for replica in replicas)); print(Pack(replicas[:2]).params['0.weight'].shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    found = " ".join(replica.id for replica in experiment.replicas("laptop"))
    assert done.stdout.splitlines() == ["False", found, "torch.Size([2, 8, 3])"]


def test_a_file_that_gives_other_data_elsewhere_is_refused(tmp_path: Path) -> None:
    experiment = launched(tmp_path, MLP)
    assert isinstance(experiment.family, own.FamilyName)
    content = experiment.family.file.content.replace(b"P = 7", b"P = 8")
    elsewhere = own.FamilyName("Net@000000000000", UserFile("my_net.py", content, str(tmp_path)))
    with pytest.raises(LookupError, match=r"my_net\.py does not define Net@000000000000 here but .*other data"):
        own.family_of(elsewhere)
    with pytest.raises(LookupError, match="launch that file"):
        own.family_of("Net@000000000000")


def test_relative_paths_in_a_file_begin_where_it_was_launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = MLP + "\nopen('rows.txt').read()\ndef data(seed):\n    open('rows.txt')\n    return PAIRS, SUMS\n"
    (tmp_path / "rows.txt").write_text("1")
    name = launched(tmp_path, code, "Net, data, train_fraction=0.5").family
    own._known.pop(name)
    monkeypatch.chdir("/")
    assert own.family_of(name).conflicts(own.family_of(name).Config()) == []


def study(folder: Path, code: str = MLP, call: str = SPLIT, **words: Any) -> Study:
    file = written(folder, code, call)
    return study_of(Options(name=str(file), storage=str(folder / "runs"), **{"backend": "in_process", **words}))


def test_a_changed_network_is_trained_anew_and_its_rows_stand_apart(tmp_path: Path) -> None:
    first = study(tmp_path)
    assert train(first, silent=True) and first.rows().height == 6
    kept = first.results.root / "registrations" / f"{first.asked.family}.py"
    assert kept.read_bytes() == (tmp_path / "my_net.py").read_bytes()
    changed = study(tmp_path, MLP.replace("nn.ReLU", "nn.GELU"))
    assert changed.rows().is_empty() and changed.plan().left == 6
    assert study(tmp_path, f"{MLP}\n# a comment").plan().left == 0


def test_a_file_that_changes_under_a_version_is_told(tmp_path: Path) -> None:
    first = study(tmp_path, MLP, VERSION)
    assert train(first, silent=True) and not first.results.notes
    wider = study(tmp_path, f"{MLP}\n# a comment", VERSION, budget_steps=70)
    assert train(wider, silent=True) and not wider.results.notes
    changed = study(tmp_path, MLP.replace("nn.ReLU", "nn.GELU"), VERSION, budget_steps=80)
    assert train(changed, silent=True)
    assert "my_net.py is not as in" in changed.results.notes[0] and changed.rows().height == 6


def test_a_note_says_when_networks_run_one_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = MLP.replace("nn.ReLU()", "nn.ReLU(), nn.Dropout(0.1)")
    made = study(tmp_path, code)
    note = "Net: the networks of a pack run one after the other (it draws random numbers)"
    assert main(["show", made.options.name, "--storage", made.options.storage]) == 0
    assert note in capsys.readouterr().out
    assert train(made, silent=True) and made.results.notes == [note]


@pytest.mark.ray
def test_workers_of_ray_train_from_the_content_as_it_was_read(tmp_path: Path) -> None:
    made = study(tmp_path, backend="ray")
    (tmp_path / "my_net.py").write_text("raise RuntimeError('read again')")
    assert train(made, silent=True)
    assert made.rows()["family"].unique().to_list() == [made.asked.family] and made.rows().height == 6


FORWARD = "return self.mlp(self.embedding(pairs).sum(-2))"
DATA = "\ndef data(seed):\n    return {0}\n"
FAULTS = {
    "an input that is not taken": (
        MLP.replace(FORWARD, "return self.mlp(pairs)"),
        SPLIT,
        "my_net.py, line 17: RuntimeError: mat1 and mat2",
    ),
    "a token beyond the table": (MLP, SPLIT.replace("PAIRS", "PAIRS + 1"), "line 17: IndexError: index out of range"),
    "a constructor that raises": (
        MLP.replace("super().__init__()", "super().__init__(); {}['key']"),
        SPLIT,
        "my_net.py, line 12: KeyError: 'key'",
    ),
    "a width that fails": (MLP.replace("width=8", "width=-1"), SPLIT, "line 13: RuntimeError"),
    "outputs of another shape": (
        MLP.replace(FORWARD, f"{FORWARD}.sum(-1)"),
        SPLIT,
        "my_net.py: loss and data do not fit Net: targets from 0 to 6 do not fit outputs for 1 classes",
    ),
    "too few classes": (MLP.replace("4 * width, P)", "4 * width, 5)"), SPLIT, "from 0 to 6 do not fit outputs for 5"),
    "several outputs": (
        MLP.replace(FORWARD, f"{FORWARD}, 1"),
        SPLIT,
        "my_net.py: TypeError: the module puts out a tuple; it must put out one tensor",
    ),
    "one output for all": (MLP.replace(FORWARD, f"{FORWARD}.mean(0)"), SPLIT, "of shape (7,) for 29 examples"),
    "whole outputs": (MLP.replace(FORWARD, f"{FORWARD}.argmax(-1)"), SPLIT, "Net puts out int64 of shape (29,)"),
    "no module": ("def Net():\n    return 3", SPLIT, "my_net.py: what Net makes is no torch.nn.Module but int"),
    "no parameters": ("Net = nn.ReLU", SPLIT, "ReLU has no parameters to train"),
    "lazy layers": ("def Net():\n    return nn.LazyLinear(P)", SPLIT, "Net has lazy layers"),
    "complex parameters": (
        "def Net():\n    return nn.Linear(2, P, dtype=torch.complex64)",
        SPLIT,
        "Net has complex parameters",
    ),
    "a tensor that is not registered": (
        MLP.replace("super().__init__()", "super().__init__(); self.noise = torch.randn(3)"),
        SPLIT,
        "Net draws the tensor 'noise', which all replicas would share; make it with register_buffer",
    ),
    "an instance": (MLP, SPLIT.replace("Net,", "Net(),"), "line 21: ValueError: the module must be a class"),
    "an argument without a value": (MLP.replace("width=8", "width"), SPLIT, "ValueError: Net needs 'width'"),
    "an unknown argument": (MLP, f"{SPLIT}, arguments={{'depth': 2}}", "Net takes no 'depth'; it takes width"),
    "an argument named like a field": (MLP.replace("width=8", "loss=8, width=8"), SPLIT, "argument 'loss' of Net is"),
    "no test set": (MLP, "Net, (PAIRS, SUMS)", "data is one set of examples and no test set: give train_fraction"),
    "two splits": (MLP, "Net, ((PAIRS, SUMS), (PAIRS, SUMS)), train_fraction=0.5", "has a test set of its own"),
    "an empty test set": (MLP, "Net, ((PAIRS, SUMS), (PAIRS[:0], SUMS[:0]))", "data, test: inputs are empty"),
    "targets of another length": (MLP, SPLIT.replace("SUMS", "SUMS[:9]"), "data: 49 inputs and 9 targets"),
    "data that are no tensors": (MLP, "Net, ([1], [2]), train_fraction=0.5", "must be tensors, ((inputs, targets)"),
    "NaN in the data": (
        REGRESSION.replace("return (inputs[:40]", "inputs[3, 1] = float('nan')\n    return (inputs[:40]"),
        SEEDED,
        "my_net.py: data(0), train: inputs hold NaN or infinity in 1 of 40 examples",
    ),
    "a data function that raises": (MLP + DATA.format("[][1]"), "Net, data", "my_net.py, line 20: IndexError: list"),
    "a data function without a test set": (MLP + DATA.format("PAIRS, SUMS"), "Net, data", "data(0) is one set of"),
    "real targets and accuracy": (REGRESSION, "Net, data, loss='mean_square'", "real targets have no right answers"),
    "an unknown loss": (MLP, f"{SPLIT}, loss='cross_entrpy'", "unknown loss 'cross_entrpy' (did you mean 'cross_entro"),
    "an unknown metric": (MLP, f"{SPLIT}, metric='acuracy'", "unknown metric 'acuracy' (did you mean 'accuracy'?)"),
    "a loss without a name": (MLP, f"{SPLIT}, loss=lambda o, t: o.sum()", "loss is a function without a name"),
    "a loss that raises": (
        MLP + "\ndef loss(o, t):\n    return o.nope\n",
        f"{SPLIT}, loss=loss",
        "line 20: AttributeError: 'Tensor' object has no attribute 'nope'",
    ),
    "a loss of each example": (
        MLP + "\ndef loss(o, t):\n    return o.sum(-1)\n",
        f"{SPLIT}, loss=loss",
        "my_net.py: the loss must be one number that depends on the outputs",
    ),
    "a metric of another shape": (
        MLP + "\ndef right(o, t):\n    return o > 0\n",
        f"{SPLIT}, metric=right",
        "my_net.py: the metric must be true or false for each example, or one number",
    ),
    "a version that is no text": (MLP, f"{SPLIT}, version=1", "version = 1 must be a text"),
}


@pytest.mark.parametrize("verb", ["show", "launch"])
@pytest.mark.parametrize("code, call, expected", FAULTS.values(), ids=FAULTS)
def test_each_fault_is_told_in_one_line_before_anything_is_trained(
    code: str, call: str, expected: str, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, code, call)
    assert main([verb, str(file), "--storage", str(tmp_path / "runs")]) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith("error: ") and expected in err[-1] and "my_net.py" in err[-1]
    assert not [line for line in err[:-1] if line != "planning"] and not (tmp_path / "runs").exists()


def test_data_of_every_seed_are_looked_at_before_a_launch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = REGRESSION.replace("inputs[:40], targets[:40]", "inputs[: 40 - seed], targets[: 40 - seed]")
    file = written(tmp_path, code, SEEDED)
    assert main(["launch", str(file), "--storage", str(tmp_path / "runs"), "--backend", "in_process"]) == 2
    err = capsys.readouterr().err
    assert "my_net.py: data must give the same shapes for all seeds, not (((40, 3)" in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "words, expected",
    [
        (["--set", "width=8.5"], "width = '8.5' must be a whole number"),
        (["--set", "depth=2"], "unknown field 'depth'"),
        (["--set", "width=-3"], "my_net.py, line 13: RuntimeError"),
        (["--precision", "bf16-mlp"], "recording.precision = bf16-mlp is none of family Net@"),
    ],
)
def test_flags_are_checked_against_the_network(
    words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(written(tmp_path, MLP)), *words]) == 2
    assert expected in capsys.readouterr().err


def test_probes_that_look_inside_networks_of_ours_are_refused(tmp_path: Path) -> None:
    experiment = launched(tmp_path, MLP)
    experiment = dataclasses.replace(experiment, recording=Recording(probes=("structure",)))
    (fault,) = experiment.faults()
    assert fault.startswith("probe 'structure' does not suit family Net@") and "parameter_norm" in fault


def test_from_module_outside_a_file_says_where_it_belongs() -> None:
    code = "from trainables.modules import from_module; from_module(dict, ())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode and "from_module belongs in an experiment's file" in done.stderr


def test_constructor_arguments_are_axes(tmp_path: Path) -> None:
    file = written(tmp_path, MLP)
    assert main(["show", str(file), "--set", "width=8,16"]) == 0
    assert HEAD in file.read_text()
