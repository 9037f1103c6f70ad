"""Published numbers follow from their tables; the ledger adjusts and counts; both read what is on disk."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.stats  # noqa: F401 (it draws random numbers when it is imported)
from launches import tiny

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import ledger
from orchestrator.reports.audit import audit, derive
from orchestrator.reports.publishing import publish

PUBLISHED = Path(__file__).parents[2] / "docs" / "results"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of one published result with its page, and the index of it alone."""
    shutil.copytree(PUBLISHED / "model_width", tmp_path / "model_width")
    publish(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def audited() -> tuple[list[str], int, list[str]]:
    """Return the differences, how many numbers were compared, and which random sources were asked for numbers."""
    asked: list[str] = []
    source = np.random.default_rng
    before = str(np.random.get_state()), random.getstate()  # noqa: NPY002
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np.random, "default_rng", lambda *_: asked.append("a generator") or source(7))
        wrong, compared = audit(PUBLISHED)
    after = str(np.random.get_state()), random.getstate()  # noqa: NPY002
    return wrong, compared, asked + ["a global source"] * (before != after)


def test_every_published_number_follows_from_its_table(audited: tuple[list[str], int, list[str]]) -> None:
    wrong, compared, _ = audited
    assert wrong == [] and compared > 500


def test_no_published_verdict_hangs_on_a_random_number(audited: tuple[list[str], int, list[str]]) -> None:
    """Where none is drawn, five other random streams give the same verdicts, as does every other."""
    assert audited[2] == []


def test_five_other_random_streams_give_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, source = PUBLISHED / "kl_by_optimizer", np.random.default_rng
    stored = json.loads((folder / "report.json").read_text())
    first = derive(folder, stored)
    for stream in range(5):
        monkeypatch.setattr(np.random, "default_rng", lambda *_, stream=stream: source(1000 + stream))
        np.random.seed(stream)  # noqa: NPY002
        random.seed(stream)
        assert derive(folder, stored) == first


def test_other_numbers_in_the_report_and_on_the_page_are_found(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied / "model_width" / "report.json"
    facts = json.loads(file.read_text())
    fit = next(each for each in facts["fits"] if each["law"] == "power")
    fit["parameters"]["exponent"]["high"] *= 1.05
    file.write_text(json.dumps(facts))
    page = copied / "model_width.md"
    text = page.read_text()
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith("**Wider"))
    page.write_text(text.replace("to the power 0.", "to the power 1.", 1))
    assert main(["audit", str(copied)]) == 1
    out = capsys.readouterr().out
    assert "parameters.exponent.high is" in out and f"{page}:{line} reads '**Wider networks grok" in out
    assert out.count("\n") == 3  # the two, and how many were compared


def test_another_row_of_the_table_is_found(copied: Path) -> None:
    file = copied / "model_width" / "replicas.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert len(audit(copied)[0]) > 5


PLANTED = "import pathlib; pathlib.Path({mark!r}).write_text('ran')\n"


@pytest.mark.parametrize("suffix", [".py", ".yaml"])
def test_results_that_somebody_sent_run_no_code(
    copied: Path, suffix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied)
    mark, planted = copied / "mark", copied / "model_width" / f"planted{suffix}"
    planted.write_text(PLANTED.format(mark=str(mark)))
    file = copied / "model_width" / "report.json"
    sent = json.loads(file.read_text())
    for name in (str(planted), str(planted.relative_to(copied)), f"./{planted.relative_to(copied)}", ["kl_scaling"]):
        file.write_text(json.dumps({**sent, "experiment": name}))
        assert main(["audit", str(copied)]) == 1
        out = capsys.readouterr().out
        assert "report.json cannot be audited: " in out and not mark.exists()


FOREIGN = ["", "{", "[]", "null", "[" * 100_000, '{"experiment": "kl_scaling"}', "\udcff"]
FOREIGN += ['{"experiment": "kl_scaling", "scale": []}', '{"experiment": "kl_scaling", "scale": "laptop"}']


@pytest.mark.parametrize("text", FOREIGN, ids=range(len(FOREIGN)))
def test_a_foreign_report_costs_one_line_of_the_audit(
    copied: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied / "model_width.md").unlink()
    (copied / "model_width" / "report.json").write_bytes(text.encode(errors="surrogateescape"))
    assert main(["audit", str(copied)]) == 1
    assert capsys.readouterr().out.count("cannot be audited") == 1


def test_the_ledger_says_not_run_until_all_replicas_have_ended(tmp_path: Path) -> None:
    made = tiny(tmp_path)
    before = ledger.write_ledger("mine", [made])
    assert {row["verdict"] for row in before["rows"]} == {"not run"}
    train(made, silent=True)
    after = ledger.write_ledger("mine", [made])
    assert {row["verdict"] for row in after["rows"]} <= {"holds", "fails", "undecided"}
    counted = [row for row in after["rows"] if not row["not_counted"]]
    assert 0 < len(counted) < len(after["rows"])
    assert all(row["p_holm"] >= (row["p"] or 0) for row in counted)
    assert {row["p_holm"] for row in after["rows"] if row["not_counted"]} == {None}
    assert "not run" not in Path(after["page"]).read_text()


def test_reproduce_without_launch_writes_the_ledger_of_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "structural_inference", "--no-launch", "--storage", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {row["experiment"] for row in facts["rows"]} >= {"kl_scaling", "weight_decay_scaling"}
    assert (tmp_path / "reports" / "ledger" / "laptop" / "structural_inference.md").is_file()
    assert "structural_inference" in (tmp_path / "reports" / "index.html").read_text()
