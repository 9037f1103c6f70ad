"""Small files under a storage that are torn, foreign or folders cost one line each and are made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from launches import tiny
from made_up import points, row
from tiny import TINY

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import ledger, report
from orchestrator.storage.results import BadInputError, Results
from orchestrator.study import horizon
from orchestrator.study.registration import exploratory, register
from orchestrator.study.state import read
from orchestrator.study.study import Options, Study, study_of
from orchestrator.tracking import mirror

FACTS = {
    "name": "mine",
    "question": "Does it?",
    "family": "kl_prior",
    "x": "kl_strength",
    "laws": ["constant"],
    "primary_law": "constant",
    "scales": {"laptop": {"axes": {"kl_strength": [0.1, 1.0]}, "fields": TINY, "seeds": 1, "budget_steps": 30}},
}
FOREIGN = '{"question": 1, "claims": 5, "answer": [], "experiment": {}, "scale": null}'
PROGRESS = '{"pack": "abcd", "training": 2, "step": 10}'


def as_folder(file: Path, _: bytes) -> None:
    file.unlink()
    file.mkdir()
    (file / "inside").write_text("kept")


def as_bytes(change: Callable[[bytes], bytes]) -> Callable[[Path, bytes], None]:
    return lambda file, content: (file.write_bytes(change(content)), None)[1]


DAMAGE = {
    "empty": as_bytes(lambda content: b""),
    "torn": as_bytes(lambda content: content[: len(content) // 2]),
    "flipped": as_bytes(lambda content: content[:-4] + bytes([content[-4] ^ 1]) + content[-3:]),
    "garbage": as_bytes(lambda content: bytes(range(256))),
    "a list": as_bytes(lambda content: b"[]"),
    "null": as_bytes(lambda content: b"null"),
    "wrong types": as_bytes(lambda content: json.dumps({key: [5] for key in json.loads(content)}).encode()),
    "no UTF-8": as_bytes(lambda content: b'{"a": "\xff"}'),
    "nested": as_bytes(lambda content: b"[" * 100_000),
    "a folder": as_folder,
}
READ = {
    "show": {"progress"},
    "status": {"progress"},
    "report": {"registration", "budget", "foreign"},
    "launch": {"registration", "budget", "foreign", "report"},
}
MORE = {  # packs at work are looked at only while something is left to train
    "show": ["--seeds", "2"],
    "status": ["--seeds", "2"],
    "launch": ["--backend", "in_process"],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an experiment file and, under runs, a finished study of it, reported."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "mine.yaml").write_text(yaml.safe_dump(FACTS))
    train(made(folder), silent=True)
    return folder


@pytest.fixture
def copied(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, without pictures and MLflow."""
    monkeypatch.setattr(report, "draw", lambda *words: [])
    monkeypatch.setattr(mirror, "bring_up", lambda *words: None)
    shutil.copytree(whole, tmp_path / "copied")
    report.write(read(made(tmp_path / "copied")))
    return tmp_path / "copied"


def made(folder: Path) -> Study:
    options = Options(name=str(folder / "mine.yaml"), storage=str(folder / "runs"), backend="in_process")
    return study_of(options)


def small_files(folder: Path) -> dict[str, Path]:
    """Return one small file of each kind; those that a finished study does not have are made."""
    root, slug = folder / "runs", made(folder).slug
    made_up = {
        "foreign": (root / "reports/other/one/report.json", FOREIGN),
        "progress": (root / "progress/a.json", PROGRESS),
    }
    for file, text in made_up.values():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return {
        "registration": root / "registrations" / f"{slug}.json",
        "budget": root / "registrations" / f"{slug}.budget",
        "report": root / "reports" / "mine" / "laptop" / "report.json",
        **{kind: file for kind, (file, _) in made_up.items()},
    }


def spoken(verb: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what a verb says on stderr; it ends well."""
    assert main([verb, str(folder / "mine.yaml"), "--storage", str(folder / "runs"), *MORE.get(verb, [])]) == 0
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_costs_one_line_and_is_made_again(copied: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    for verb, kinds in READ.items():
        files = small_files(copied)
        for kind in kinds:
            DAMAGE[damage](files[kind], files[kind].read_bytes())
        said = spoken(verb, copied, capsys)
        assert {kind for kind in files if any(f"{files[kind]} is skipped" in line for line in said)} == kinds
        assert len([line for line in said if "is skipped" in line]) == len(kinds)
        assert all("is skipped" in line or "could not be used and is now called" in line for line in said)
        if verb in ("report", "launch"):
            assert "cannot be read" in json.loads(files["report"].read_text())["exploratory"]
        if verb == "launch":
            assert horizon.budget_of(made(copied)) == 30 and report.current(read(made(copied)))
        for file in files.values():
            shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        register(made(copied))
        horizon.remember(made(copied))
        report.write(read(made(copied)))
        capsys.readouterr()


def test_a_sound_study_is_told_nothing(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in READ:
        assert spoken(verb, copied, capsys) == []
    assert exploratory(made(copied)) == ""


def test_a_torn_registration_is_made_again_only_before_any_replica_has_ended(copied: Path) -> None:
    registration = small_files(copied)["registration"]
    registration.write_text("{")
    register(made(copied))
    assert registration.read_text() == "{"
    shutil.rmtree(copied / "runs" / "replicas")
    register(made(copied))
    assert exploratory(made(copied)) == "" and json.loads(registration.read_text())["rows_before"] == 0


def test_budgets_and_facts_of_older_versions_are_read(copied: Path) -> None:
    files = small_files(copied)
    files["budget"].write_text("900")
    facts = json.loads(files["registration"].read_text())
    del facts["digest"]
    files["registration"].write_text(json.dumps(facts))
    again = made(copied)
    assert horizon.budget_of(again) == 900 and exploratory(again) == "" and again.results.notes == []


def test_a_paper_tells_a_damaged_file_once(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(copied / "runs")
    studies = ledger.studies("structural_inference", scale="laptop", storage=storage)[:2]
    monkeypatch.setattr(ledger, "studies", lambda *words, **more: studies)
    files = small_files(copied)
    table = next((copied / "runs" / "replicas").iterdir())
    table.write_bytes(table.read_bytes()[:-1])
    files["report"].write_text("{")
    capsys.readouterr()
    assert main(["reproduce", "structural_inference", "--no-launch", "--storage", storage, "--json"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3 and all("is skipped" in line for line in said)  # table, report, foreign report


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\nb"])
def test_a_damaged_holder_of_a_lock_is_no_traceback(tmp_path: Path, content: bytes) -> None:
    from orchestrator.launch import _lock

    first = tiny(tmp_path)
    with _lock(first):
        (holder,) = (tmp_path / "locks").glob("*.json")
        holder.write_bytes(content)
        with pytest.raises(BadInputError, match="is already being launched") as fault, _lock(first):
            pass
        assert "\n" not in str(fault.value)


def test_what_is_late_and_has_no_curve_is_cut_by_its_row(copied: Path) -> None:
    again = made(copied)
    name = again.experiment.replicas("laptop")[0].id
    event = {**row()["events"][0], "lower": 10, "upper": 20, "sustained_lower": 40, "sustained_upper": 50}
    config = again.rows()["config"][0]
    shutil.rmtree(copied / "runs" / "curves")
    again.results.publish([{**row(name, 90, "observed"), "config": config, "events": [event]}], points("other"))
    (cut,) = (each for each in horizon.rows_of(again).iter_rows(named=True) if each["id"] == name)
    assert (cut["status"], cut["steps"]) == ("budget", 30)
    (found,) = cut["events"]
    assert (found["lower"], found["upper"], found["sustained_lower"], found["sustained_upper"]) == (10, 20, 30, None)


def test_a_folder_in_a_files_place_is_moved_aside(tmp_path: Path) -> None:
    results = Results.at(str(tmp_path))
    (tmp_path / "reports" / "index.html" / "inside").mkdir(parents=True)
    results.write_text(Path("reports/index.html"), "x")
    (aside,) = (tmp_path / "reports").glob("*.aside-*")
    assert (aside / "inside").is_dir() and (tmp_path / "reports/index.html").read_text() == "x"
    assert len(results.notes) == 1 and aside.name in results.notes[0]
