"""Searches: points are written down before they are trained, none is lost, and the best is measured on other seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny import TINY

from orchestrator.cli import main
from orchestrator.storage.results import Results
from orchestrator.study import searches
from orchestrator.study.study import Options, Study, study_of
from trainables.pack import Pack
from trainables.run import PackRun

REFERENCE = {"kl_strength": 0.1, "weight_decay": 1.0}
FIELDS = {**TINY, "width": 16, "train_fraction": 0.9, "learning_rate": 0.03}
TRIES, SEEDS, FRESH = 4, (0, 1), (8, 9)
SEARCH: dict[str, Any] = {
    "ranges": {"kl_strength": [0.01, 1.0], "weight_decay": [0.1, 4.0]},
    "first": [REFERENCE],
    "tries": TRIES,
    "confirming_seeds": FRESH,
}


def written(folder: Path, **changes: Any) -> str:
    """Write an experiment whose event, a test accuracy of 0.3, some runs see within 200 steps; return its path."""
    facts = {
        "question": "Which point is soonest?",
        "family": "kl_prior",
        "x": "kl_strength",
        "laws": ["constant"],
        "primary_law": "constant",
        "threshold": 0.3,
        "recording": {"thresholds": [0.3, 0.99]},
        "scales": {
            "laptop": {"search": {**SEARCH, **changes}, "fields": FIELDS, "seeds": list(SEEDS), "budget_steps": 200}
        },
        "claims": [
            {
                "name": "better",
                "statement": "The best point is sooner.",
                "rule": "ratio_within",
                "settings": {"arm": "point", "first": "the reference", "second": "the best point", "high": 1.0},
            }
        ],
    }
    file = folder / "soonest.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(facts))))
    return str(file)


def launched(storage: Path, *words: str) -> int:
    file = written(storage.parent)
    return main(["launch", file, "--storage", str(storage), "--backend", "in_process", "--json", *words])


def made(storage: Path) -> Study:
    return study_of(Options(name=written(storage.parent), storage=str(storage)))


def chosen(storage: Path) -> list[dict[str, float]]:
    (file,) = storage.glob("searches/*.json")
    found: list[dict[str, float]] = json.loads(file.read_text())["chosen"]
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage of a search that ran to its end."""
    storage = tmp_path_factory.mktemp("whole") / "runs"
    assert launched(storage) == 0
    return storage


def test_every_point_is_trained_on_all_seeds_and_the_best_and_the_reference_on_fresh_ones(whole: Path) -> None:
    facts = json.loads((whole / "reports/soonest/laptop/report.json").read_text())
    assert len(facts["trials"]) == TRIES and facts["missing"] == 0
    assert {each["runs"] for each in facts["trials"]} == {len(SEEDS)}
    means = [each["restricted_mean"] for each in facts["trials"]]
    assert means == sorted(means) and len(set(means)) > 1
    assert {each["role"] for each in facts["confirmed"]} == {each["role"] for each in facts["trials"] if each["role"]}
    (reference,) = (each["point"] for each in facts["trials"] if "the reference" in each["role"])
    assert reference == REFERENCE
    low, high = SEARCH["ranges"]["weight_decay"]
    assert all(low <= each["point"]["weight_decay"] <= high for each in facts["trials"])


def test_the_study_on_disk_holds_every_point_with_the_reports_objective(whole: Path) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    made_ = made(whole)
    storage = JournalStorage(JournalFileBackend(str(searches.study_file(made_.results, made_.slug))))
    kept = optuna.load_study(study_name=made_.slug, storage=storage)
    facts = json.loads((whole / "reports/soonest/laptop/report.json").read_text())
    told = {each.params["weight_decay"]: each.value for each in kept.trials}
    assert told == {each["point"]["weight_decay"]: each["restricted_mean"] for each in facts["trials"]}


def test_a_second_launch_has_nothing_to_do(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PackRun, "chunk", lambda run: pytest.fail("nothing is left to train"))
    assert launched(whole) == 0


def test_a_search_that_was_killed_goes_on_with_the_points_it_had_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, chunk, calls = tmp_path / "runs", PackRun.chunk, []

    def killed(run: PackRun) -> dict[str, Any]:
        calls.append(run)
        if len(calls) == 4:  # the reference was two packs, one per slot
            raise KeyboardInterrupt
        return chunk(run)

    with monkeypatch.context() as patched:
        patched.setattr(PackRun, "chunk", killed)
        assert launched(storage) == 130
    before = chosen(storage)
    assert len(before) == 2  # the second was being trained
    assert launched(storage) == 0
    assert chosen(storage)[:2] == before and len(chosen(storage)) == TRIES - 1
    assert made(storage).plan().left == 0
    assert made(storage).rows().height == len(made(storage).experiment.replicas("laptop"))


def test_a_point_that_cannot_be_trained_does_not_end_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, backward = tmp_path / "runs", Pack.backward

    def culprit(pack: Pack) -> Any:
        fresh = [each for each in pack.replicas if each.config["weight_decay"] != 1.0]
        if fresh and len(chosen(storage)) == 1:
            raise ArithmeticError("this one cannot be trained")
        return backward(pack)

    monkeypatch.setattr(Pack, "backward", culprit)
    assert launched(storage) == 1
    plan = made(storage).plan()
    assert len(chosen(storage)) == TRIES - 1 and plan.left == len(SEEDS)
    assert made(storage).experiment.scales["laptop"].search.confirmed  # type: ignore[union-attr]
    monkeypatch.undo()
    assert launched(storage) == 0
    assert made(storage).plan().left == 0


def test_a_failing_storage_ends_the_search_in_one_line_and_the_next_launch_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage, write = tmp_path / "runs", Results.write_text

    def full(results: Results, path: Path, text: str) -> None:
        if path.parent == searches.FOLDER and len(results.files("replicas", ".parquet")) > 1:
            raise OSError(28, "No space left on device")
        write(results, path, text)

    with monkeypatch.context() as patched:
        patched.setattr(Results, "write_text", full)
        assert launched(storage) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "search stops here" in line]
    assert len(lines) == 1 and "No space left on device" in lines[0]
    assert launched(storage) == 0
    assert made(storage).plan().left == 0


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"chosen": 3, "confirmed": []}',
        '{"chosen": []}',
        '{"chosen": [{"kl_strength": "x"}], "confirmed": []}',
    ],
)
def test_a_file_of_points_that_cannot_be_read_costs_one_line_and_is_kept(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = tmp_path / "runs"
    study, file = made(storage), searches.FOLDER / f"{made(storage).slug}.json"
    study.results.write_text(file, text)
    assert main(["status", written(tmp_path), "--storage", str(storage)]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{file.name} is skipped" in err
    searches.keep(study.asked, study.scale, study.results, study.slug)
    (aside,) = (storage / "searches").glob("*.aside-*")
    assert aside.read_text() == text


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"ranges": {"kl_strength": [0.0, 1.0], "weight_decay": [0.1, 4.0]}}, "must have 0 < low < high"),
        ({"ranges": {"kl_strength": [0.01, 1.0], "modulus": [5, 10]}}, "only fields that hold fractions"),
        ({"ranges": {"kl_strenght": [0.01, 1.0]}}, "unknown field 'kl_strenght'"),
        ({"first": [{"kl_strength": 0.1}]}, "must give each of kl_strength, weight_decay within its range"),
        ({"first": [{"kl_strength": 0.1, "weight_decay": 9.0}]}, "within its range"),
        ({"first": []}, "tries = 4 must be"),
        ({"tries": 0}, "tries = 0 must be"),
        ({"confirming_seeds": [1, 8]}, "none of them among the seeds that choose"),
        ({"confirming_seeds": [8]}, "two or more"),
        ({"confirming_seeds": [-1, 8]}, "whole numbers >= 0"),
        ({"tries": "many"}, "search.tries"),
    ],
)
def test_faults_of_a_search_are_told_in_one_line(
    tmp_path: Path, changes: dict[str, Any], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", written(tmp_path, **changes), "--storage", str(tmp_path / "runs")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and fault in err


def test_a_searched_field_cannot_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["show", written(tmp_path), "--storage", str(tmp_path / "runs"), "--set"]
    assert main([*words, "kl_strength=0.5"]) == 2
    assert "'kl_strength' is searched and cannot be set" in capsys.readouterr().err
    assert main([*words, "distractors=constant"]) == 0
    assert main([*words, "distractors=constant,random"]) == 2


def test_design_wants_a_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(written(tmp_path))
    file.write_text(file.read_text().replace("- constant", "- power").replace("law: constant", "law: power"))
    assert main(["design", str(file), "--storage", str(tmp_path / "runs"), "--halfwidth", "0.1"]) == 2
    assert "is searched" in capsys.readouterr().err


@pytest.mark.ray
def test_ray_runs_a_search_to_its_end(tmp_path: Path) -> None:
    words = ["launch", written(tmp_path), "--storage", str(tmp_path / "runs"), "--json"]
    assert main(words) == 0
    assert made(tmp_path / "runs").plan().left == 0
    assert len(chosen(tmp_path / "runs")) == TRIES - 1
