"""Failing packs: tried again at most three times, ever smaller, without taking anything else down."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from launches import TINY_SET, flags, tiny

from orchestrator.backends._packs import Packs
from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.study.study import Study
from trainables.pack import Pack

CULPRIT_SEED, CULPRIT_STRENGTH = 101, 1.0


def packs_of(made: Study) -> Packs:
    from orchestrator.backends._job import Job
    from orchestrator.study.resources import request

    return Packs(Job(made.plan(), made.results, request(cpus=1), "cpu", lambda facts: None))


@pytest.fixture
def one_cannot_be_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    backward = Pack.backward

    def culprit(pack: Pack) -> Any:
        for replica in pack.replicas:
            if (replica.data_seed, replica.config["kl_strength"]) == (CULPRIT_SEED, CULPRIT_STRENGTH):
                raise ArithmeticError("this one cannot be trained")
        return backward(pack)

    monkeypatch.setattr(Pack, "backward", culprit)


def test_each_replica_is_tried_four_times_in_ever_smaller_packs(tmp_path: Path) -> None:
    made = tiny(tmp_path)
    packs, sizes, tries = packs_of(made), [], Counter[str]()
    while config := packs.next():
        sizes.append(len(config["replicas"]))
        tries.update(replica.id for replica in config["replicas"])
        packs.failed(config["pack"], "Traceback …\nRuntimeError: injected\n")
    assert packs.over
    whole = [len(pack.replicas) for pack in made.plan().packs]
    halves = [part for size in whole for part in (-(-size // 2), size // 2)]
    assert sizes == whole + whole + halves + [1] * 6
    assert set(tries.values()) == {4} and len(tries) == 6
    assert len(made.results.failed(list(tries))) == 6
    assert len(list((tmp_path / "failures").glob("*.traceback"))) > 0


def test_what_has_ended_of_a_failed_pack_is_not_tried_again(tmp_path: Path) -> None:
    made = tiny(tmp_path)
    packs = packs_of(made)
    config = packs.next()
    assert config
    train(made, silent=True)
    packs.failed(config["pack"], "the worker died")
    other = packs.next()
    assert other and other["pack"] != config["pack"] and packs.next() is None


def test_one_that_cannot_be_trained_takes_no_other_down(
    one_cannot_be_trained: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*flags(tmp_path, budget=60), "--backend", "in_process", "--json"]) == 1
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert [report[name] for name in ("replicas", "censored", "failed", "missing")] == [6, 5, 1, 0]
    lines = err.splitlines()
    assert lines[-1].startswith("error: 1 replicas did not end, tracebacks in ")
    given_up = next(line for line in lines if "given up" in line)
    assert "ArithmeticError: this one cannot be trained" in given_up
    trace = Path(given_up.split("traceback in ")[1])
    assert "in culprit" in trace.read_text()


def test_the_next_launch_tries_the_failed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*flags(tmp_path, budget=60), "--backend", "in_process"]
    with monkeypatch.context() as broken:
        broken.setattr(Pack, "backward", lambda pack: 1 / 0)
        assert main(words) == 1
    made = tiny(tmp_path)
    assert len(made.results.failed([replica.id for replica in made.plan().missing])) == 6
    assert main(["status", "kl_scaling", "--storage", str(tmp_path), "--seeds", "2", *sets()]) == 0
    assert "6 of the missing failed in the last launch" in capsys.readouterr().out
    assert main(words) == 0
    assert made.results.failed([replica.id for replica in made.plan().replicas]) == []


def sets() -> list[str]:
    return [word for change in TINY_SET for word in ("--set", change)]
