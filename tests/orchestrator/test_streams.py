"""The command line in odd surroundings: other encodings, closed, full and broken streams, optimised Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOW = ["show", "kl_scaling", "--storage"]


def run(words: list[str], *, python: tuple[str, ...] = (), **env: str | None) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in {**os.environ, **env}.items() if value is not None}
    words = [sys.executable, *python, "-m", "orchestrator", *words]
    return subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, check=False)


@pytest.mark.parametrize(
    "env, expected",
    [
        ({"PYTHONIOENCODING": "ascii"}, b"strength lambda of"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, b"strength lambda of"),
        ({"PYTHONIOENCODING": "latin-1"}, b"strength lambda of"),
        ({"PYTHONIOENCODING": "utf-8"}, "strength λ of".encode()),
        ({"PYTHONIOENCODING": "utf-16"}, "strength λ of".encode("utf-16-le")),
    ],
)
def test_symbols_are_spelled_where_they_cannot_be_shown(env: dict[str, str], expected: bytes, tmp_path: Path) -> None:
    done = run([*SHOW, str(tmp_path)], **env)
    assert done.returncode == 0 and expected in done.stdout and not done.stderr


def test_a_fault_is_told_in_ascii_too(tmp_path: Path) -> None:
    done = run(["show", "λ-été-\udcff", "--storage", str(tmp_path)], PYTHONIOENCODING="ascii")
    assert done.returncode == 2 and b"'lambda-ete-" in done.stderr and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("python", [("-OO",), ("-W", "error")], ids=" ".join)
def test_python_may_be_told_to_be_different(python: tuple[str, ...], tmp_path: Path) -> None:
    done = run([*SHOW, str(tmp_path)], python=python, HOME=None, USER=None, TERM="dumb", COLUMNS="-3")
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize(
    "redirection, code, lines", [("> /dev/full", 2, 1), (">&-", 0, 0), ("2>&-", 0, 0), ("<&- >&- 2>&-", 0, 0)]
)
def test_a_stream_that_takes_nothing_costs_no_traceback(
    redirection: str, code: int, lines: int, tmp_path: Path
) -> None:
    command = f"'{sys.executable}' -m orchestrator show kl_scaling --storage '{tmp_path}' {redirection}"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (code, lines), done.stderr


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "orchestrator", *SHOW, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.returncode == 141 and not done.stderr
