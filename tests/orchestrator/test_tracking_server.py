"""The pages over the results and the database made anew: nothing is left running, and data names no code."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.tracking import server


def test_results_never_name_code_to_run(tmp_path: Path) -> None:
    mark, planted = tmp_path / "mark", tmp_path / "planted.py"
    planted.write_text(f"open({str(mark)!r}, 'w')\n")
    runs = tmp_path / "runs"
    (runs / "registrations").mkdir(parents=True)
    stored: dict[str, Any] = {"name": str(planted), "scale": "laptop", "changes": [], "seeds": None}
    (runs / "registrations" / "planted-laptop.json").write_text(json.dumps(stored))
    (told,) = server.rebuild(str(runs))
    assert "planted-laptop is not mirrored" in told and "launch that file again" in told
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "kl_sc',
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b'{"name": 3, "scale": "laptop", "changes": []}',
        b'{"name": "kl_scaling", "scale": "laptop", "changes": [3]}',
        b'{"name": "kl_scaling", "scale": "moon", "changes": []}',
        b'{"name": "nobodys", "scale": "laptop", "changes": [], "seeds": 2}',
        b'{"name": "kl_scaling", "scale": "laptop", "changes": [], "seeds": -1, "precision": "x"}',
    ],
)
def test_foreign_registrations_are_skipped_with_a_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "registrations").mkdir()
    (tmp_path / "registrations" / "foreign.json").write_bytes(content)
    (told,) = server.rebuild(str(tmp_path))
    assert "foreign" in told and ("is skipped" in told or "is not mirrored" in told) and "\n" not in told


SERVER = """
import pathlib, subprocess, sys, time
code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
worker = subprocess.Popen([sys.executable, "-c", code])
pathlib.Path(sys.argv[1]).write_text(str(worker.pid))
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_server_ends_with_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    pids = tmp_path / "pids"

    def wait(server: Any, port: int, ended: list[int]) -> None:
        while not pids.exists() or not pids.read_text():
            assert server.poll() is None
        os.kill(os.getpid(), number)

    monkeypatch.setattr(server, "_words", lambda root, port: [sys.executable, "-c", SERVER, str(pids)])
    monkeypatch.setattr(server, "_wait_for", wait)
    told = signal.signal(number, signal.default_int_handler)  # under nohup, SIGHUP is ignored from the start
    before = signal.getsignal(number)
    assert server.serve(str(tmp_path / "runs"), 5001) == 0
    assert signal.signal(number, told) is before
    with contextlib.suppress(ProcessLookupError):  # it is gone
        worker = os.pidfd_open(int(pids.read_text()))
        assert select.select([worker], [], [], 10)[0], "a worker of the server still runs"
        os.close(worker)


def test_a_server_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('no port')"]
    monkeypatch.setattr(server, "_words", lambda root, port: words)
    assert server.serve(str(tmp_path), 5001) == 1
    assert capsys.readouterr().err == "error: MLflow's server ended with exit code 1: no port\n"


def test_mlflow_is_served_on_loopback(tmp_path: Path) -> None:
    words = server._words(tmp_path, 5001)
    assert words[words.index("--host") + 1] == "127.0.0.1"
