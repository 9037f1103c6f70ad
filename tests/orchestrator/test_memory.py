"""What is too large for the memory is said by show and refused by launch, from estimates alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from launches import tiny

from orchestrator.cli import main
from orchestrator.study import memory
from orchestrator.study.resources import request


@pytest.mark.parametrize("field", ["modulus=9999999999999999", "width=1000000000", f"modulus={2**63 - 1}"])
def test_a_giant_is_told_by_show_and_refused_by_launch(
    field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["kl_scaling", "--storage", str(tmp_path), "--set", field]
    assert main(["show", *words]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "memory" in line)
    assert "too little for one network" in line and len(line) < 160
    assert main(["launch", *words, "--backend", "in_process", "--yes"]) == 2
    err = capsys.readouterr().err
    assert "one network needs about" in err and err.count("\n") == 1
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize("field", [f"modulus={10**400}", f"width={2**63}", f"learning_rate={10**400}", "width=1e400"])
def test_a_number_that_no_array_holds_is_refused(
    field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "kl_scaling", "--storage", str(tmp_path), "--set", field]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_fits_alone_but_not_together_is_split_and_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, asked = tiny(tmp_path).plan(), request(cpus=2)
    each = max(replica.memory_mib for replica in plan.to_train)
    monkeypatch.setattr(memory, "available_mib", lambda: each)
    assert "packs are split to fit" in (memory.told(plan, 2) or "")
    memory.require(plan, asked)


@pytest.mark.parametrize(
    "files, free",
    [
        ({"memory.max": "1000", "memory.current": "400"}, [600]),
        ({"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 1\ninactive_file 300"}, [400]),
        ({"memory.max": "max"}, []),
        ({}, []),
    ],
)
def test_the_limit_of_a_cgroup_counts(
    files: dict[str, str], free: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    own = Path.read_text

    def read(path: Path, *more: Any, **words: Any) -> str:
        return "0::/\n" if str(path) == "/proc/self/cgroup" else own(path, *more, **words)

    monkeypatch.setattr(Path, "read_text", read)
    assert list(memory._of_cgroup()) == free
