"""The verb probe: kept networks measured as in training, once, whatever is interrupted, torn or misspelt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_kept_parents import tickets, train_parents
from tiny import TINY

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.storage.results import Results
from orchestrator.study.study import Options, Study, study_of

AT, BETWEEN = 20, 33
YAML = f"""
question: What was there on the way?
family: kl_prior
x: kl_strength
laws: []
primary_law: ""
recording: {{end: budget, keep_steps: [0, {AT}, {BETWEEN}]}}
scales:
  laptop:
    axes: {{kl_strength: [0.1, 1.0]}}
    fields: {TINY}
    seeds: 2
    budget_steps: 40
claims: []
"""


@pytest.fixture
def launched(tmp_path: Path) -> Study:
    (tmp_path / "mine.yaml").write_text(YAML, encoding="utf-8")
    name, storage = str(tmp_path / "mine.yaml"), str(tmp_path / "runs")
    made = study_of(Options(name=name, storage=storage, backend="in_process"))
    assert train(made, silent=True)
    return made


def probe(made: Study, *words: str) -> int:
    return main(["probe", made.options.name, "--storage", made.options.storage, *words])


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def numbers(made: Study) -> dict[tuple[str, int, str], float]:
    found = made.results.probed([each.id for each in made.plan().replicas])
    rows = found.select("id", "step", "column", "value").rows()
    assert len({row[:3] for row in rows}) == len(rows)
    return {(name, step, column): value for name, step, column, value in rows}


def test_at_an_evaluation_the_numbers_are_those_of_the_curve(
    launched: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(launched, "--json") == 0
    facts = told(capsys)
    assert (facts["replicas"], facts["steps"], facts["measured"], facts["already"]) == (4, 12, 12, 0)
    found = numbers(launched)
    curves = launched.results.curves([each.id for each in launched.plan().replicas])
    recorded = {(name, step, column): value for name, step, column, value in curves.rows() if step in (0, AT)}
    assert {key for key in found if key[1] != BETWEEN} == recorded.keys()
    for key, value in recorded.items():
        assert found[key] == (value if key[2].startswith(("test", "attention")) else pytest.approx(value, rel=1e-4))


def test_what_was_measured_is_not_measured_again_and_another_probe_alone_is_added(
    launched: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(launched) == 0
    assert "12 of 12 kept steps of 4 networks measured now" in capsys.readouterr().out
    before, files = numbers(launched), launched.results.files("probed", ".parquet")
    assert probe(launched, "--json") == 0
    facts = told(capsys)
    assert (facts["measured"], facts["already"]) == (0, 12)
    assert launched.results.files("probed", ".parquet") == files
    assert probe(launched, "--probes", "losses, block_norms", "--json") == 0
    assert told(capsys)["measured"] == 12
    new = {column for _, _, column in numbers(launched).keys() - before.keys()}
    assert "hidden_norm" in new and not any("loss" in column for column in new)


def test_an_interrupted_probe_goes_on_where_it_stood(
    launched: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish, calls = Results.publish_probed, []

    def interrupted(self: Results, rows: Any) -> None:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(rows)
        publish(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Results, "publish_probed", interrupted)
        assert probe(launched) == 130
    capsys.readouterr()
    assert probe(launched, "--json") == 0
    facts = told(capsys)
    assert (facts["measured"], facts["already"]) == (6, 6) and len(numbers(launched)) > 0


def test_a_damaged_table_is_skipped_with_a_line_and_its_steps_are_measured_again(
    launched: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(launched) == 0
    before, file = numbers(launched), launched.results.files("probed", ".parquet")[0]
    file.write_bytes(file.read_bytes()[:-20])
    capsys.readouterr()
    assert probe(launched, "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["measured"] == 3 and "is skipped: torn or altered" in shown.err
    assert numbers(launched) == before


def test_a_torn_kept_step_costs_a_line_and_the_next_launch_makes_it_anew(
    launched: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    replica = launched.plan().replicas[0]
    file = launched.results.root / "kept" / replica.id / f"{AT}.pt"
    file.write_bytes(file.read_bytes()[:-20])
    assert probe(launched, "--json") == 1
    shown = capsys.readouterr()
    facts = json.loads(shown.out)
    assert (facts["measured"], facts["unreadable"]) == (11, 1) and f"{replica.id}/{AT} cannot be read" in shown.err
    assert [each.id for each in launched.plan().missing] == [replica.id]
    assert train(launched, silent=True) and probe(launched, "--json") == 0
    assert told(capsys)["measured"] == 1


def test_kept_steps_of_parents_are_measured_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = tickets(tmp_path)
    train_parents(made)
    words = [word for change in made.options.changes for word in ("--set", change)]
    assert probe(made, *words, "--seeds", "2", "--json") == 0
    facts = told(capsys)
    assert (facts["replicas"], facts["steps"], facts["measured"]) == (2, 4, 4)


@pytest.mark.parametrize(
    "words, fault",
    [
        (["--probes", "losess"], "unknown probe 'losess' (did you mean 'losses'?)"),
        (["--set", "kl_strength=7"], "nothing is kept of mine/laptop-"),
        (["--scale", "paper"], "unknown scale 'paper'; scales: laptop"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(
    words: list[str], fault: str, launched: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert probe(launched, *words) == 2
    shown = capsys.readouterr()
    assert fault in shown.err and shown.err.count("\n") == 1 and shown.out == ""
    assert not launched.results.files("probed", ".parquet")


def test_a_probe_that_does_not_fit_the_network_is_named(
    launched: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from trainables.probes.explaining_away import ExplainingAway

    def refuse(self: ExplainingAway, view: Any) -> None:
        raise ValueError("explaining_away holds for heads = 1")

    monkeypatch.setattr(ExplainingAway, "measure", refuse)
    capsys.readouterr()
    assert probe(launched, "--probes", "explaining_away") == 2
    assert "cannot be measured: explaining_away holds for heads = 1" in capsys.readouterr().err


def test_a_probe_that_does_not_suit_the_family_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "mlp_weight_decay", "--storage", str(tmp_path), "--probes", "losses,attention_kl"]) == 2
    assert "probe 'attention_kl' does not suit family mlp_addition; probes that do: " in capsys.readouterr().err


def test_networks_of_users_are_asked_for_like_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "your_own_network.md").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(page.split("```python\n")[1].split("```")[0], encoding="utf-8")
    assert main(["probe", str(tmp_path / "mine.py"), "--storage", str(tmp_path / "runs")]) == 2
    assert "nothing is kept of my_net/laptop" in capsys.readouterr().err
