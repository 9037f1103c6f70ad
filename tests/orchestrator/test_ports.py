"""A port is checked before MLflow is started on it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.tracking import server


@pytest.mark.parametrize("port", ["-1", "0", "65536", "70000", "99999999999999999999", "taken"])
def test_a_port_that_cannot_be_used_costs_one_line(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "serve", lambda storage, port: pytest.fail("served"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        asked = str(taken.getsockname()[1]) if port == "taken" else port
        assert main(["ui", "--storage", str(tmp_path), "--port", asked]) == 2
    told = capsys.readouterr()
    assert "--port" in told.err and told.err.count("\n") == 1 and not told.out
