"""What a launch says on a terminal and when it is interrupted: at once, in lines that fit, with exit code 130."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from launches import flags, tiny

from orchestrator.terminal.display import INTERRUPTION, _is_live
from orchestrator.terminal.lines import Lines, wrapped
from orchestrator.terminal.stopping import Stopping

COLUMNS = 60
CODES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


class Screen:
    """A launch on a terminal of 60 columns; what it prints is read until a text appears."""

    def __init__(self, words: list[str], **environment: str) -> None:
        self._master, slave = pty.openpty()
        terminal = {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "24"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, **terminal, **environment},
        )
        os.close(slave)
        self.raw = ""

    def until(self, text: str) -> None:
        """Read on until a text appears that was not there before."""
        begin = len(self.raw)
        while text not in self.raw[begin:]:
            part = self._read()
            assert part, f"{text!r} did not appear in {self.raw[begin:]!r}"
            self.raw += part

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while part := self._read():
            self.raw += part
        return self.process.wait()

    @property
    def lines(self) -> list[str]:
        """All that was ever shown, in lines."""
        return CODES.sub("", self.raw).replace("\r", "\n").splitlines()

    def close(self) -> None:
        """End what is left of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _read(self) -> str:
        try:
            return os.read(self._master, 65536).decode(errors="replace")
        except OSError:  # Linux says so when the other side is closed
            return ""


@contextlib.contextmanager
def screen(storage: Path, *, budget: int, **environment: str) -> Iterator[Screen]:
    shown = Screen([*flags(storage, budget=budget), "--backend", "in_process"], **environment)
    try:
        yield shown
    finally:
        shown.close()


def test_each_phase_is_announced_and_no_line_is_wider_than_the_terminal(storage: Path) -> None:
    with screen(storage, budget=60) as shown:
        for phase in ("planning", "loading PyTorch", "training 6 replicas", "fitting", "drawing", "mirroring"):
            shown.until(phase)
        assert shown.end() == 0
    assert max(map(len, shown.lines)) <= COLUMNS
    *_, last = (line for line in shown.lines if line.startswith("λ = 0.03"))
    assert last.split()[-3:] == ["0", "2", "0"]  # grokked, censored, training


def test_a_signal_while_training_is_acknowledged_and_saves(storage: Path) -> None:
    with screen(storage, budget=10**6) as shown:
        shown.until("replica-steps/s")
        shown.process.send_signal(signal.SIGINT)
        shown.until("stopping: finishing the running chunk")
        assert shown.end() == 130
    assert any(storage.rglob("checkpoints/*/*.pt"))
    assert INTERRUPTION in " ".join(line.strip() for line in shown.lines)
    assert max(map(len, shown.lines)) <= COLUMNS


def test_a_second_signal_breaks_off_without_a_report(tmp_path: Path) -> None:
    with screen(tmp_path, budget=10**6) as shown:
        shown.until("replica-steps/s")
        for answer in ("stopping:", "breaking off"):
            shown.process.send_signal(signal.SIGINT)
            shown.until(answer)
        assert shown.end() == 130
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("phase", ["loading PyTorch", "drawing"])
def test_a_signal_in_any_other_phase_is_acknowledged_and_loses_nothing(phase: str, storage: Path) -> None:
    with screen(storage, budget=20) as shown:
        shown.until(phase)
        shown.process.send_signal(signal.SIGINT)
        shown.until("stopping: ")
        assert shown.end() == 130
    assert "Traceback" not in shown.raw
    done = 0 if phase == "loading PyTorch" else 6
    assert tiny(storage, budget_steps=20).plan().done == done


@pytest.mark.parametrize("name, live", [("xterm", True), ("dumb", False), ("unknown", False), ("", False)])
def test_only_a_terminal_that_can_rewrite_lines_gets_the_live_display(
    name: str, live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", name)
    _, slave = pty.openpty()
    with os.fdopen(slave, "w") as out:
        assert _is_live(out) == live
    with open(os.devnull, "w") as out:
        assert not _is_live(out)


@pytest.mark.ray
def test_ray_is_left_nowhere_when_it_is_interrupted_while_it_starts(tmp_path: Path) -> None:
    shown = Screen([*flags(tmp_path, budget=60)])
    try:
        shown.until("starting Ray")
        shown.process.send_signal(signal.SIGINT)
        shown.until("stopping: ")
        assert shown.end() == 130
        assert _session_of(shown.process.pid) == []
    finally:
        shown.close()
    assert tiny(tmp_path).plan().done == 0 and "Traceback" not in shown.raw


def test_json_is_alone_on_stdout_and_the_answer_to_a_signal_on_stderr(storage: Path) -> None:
    words = [sys.executable, "-m", "orchestrator", *flags(storage, budget=10**6), "--backend", "in_process", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as launch:
        assert launch.stdout is not None and launch.stderr is not None
        (storage / "progress").mkdir()
        while not list((storage / "progress").glob("*.json")):
            with pytest.raises(subprocess.TimeoutExpired):  # it goes on
                launch.wait(timeout=0.05)
        launch.send_signal(signal.SIGINT)
        assert launch.stderr.readline().startswith("stopping: finishing the running chunk")
        out, _ = launch.communicate()
    assert launch.returncode == 130 and out.startswith("{") and out.count("\n") == 1


def test_handlers_are_as_before_when_a_launch_has_ended() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt), Stopping(told.append, lambda: None) as stopping, stopping.held("later"):
        signal.raise_signal(signal.SIGTERM)
        told.append("the block has ended")
    assert "the block has ended" in told and any(line.startswith("stopping: later") for line in told)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("width", [20, 37, 60])
def test_wrapped_lines_fit_and_lose_no_letter(width: int) -> None:
    line = "   holds  floor: the floor is 474 steps [421, 528]: see /a/very/long/path/that/no/line/holds/index.html"
    parts = wrapped(line, width)
    assert max(map(len, parts)) <= width
    assert "".join("".join(parts).split()) == "".join(line.split())


@pytest.mark.parametrize("indent", [0, 4, 25])
def test_an_indent_leaves_room_on_the_narrowest_terminal(indent: int) -> None:
    line = "kl_scaling               How does the step depend on the strength of a prior?"
    assert "".join("".join(wrapped(line, 20, indent)).split()) == "".join(line.split())


def test_a_reader_that_goes_away_stops_no_launch(tmp_path: Path) -> None:
    source, sink = os.pipe()
    os.close(source)
    display, entered = Lines(os.fdopen(sink, "w"), sys.stderr), []
    for name in ("starting Ray", "fitting"):
        with display.phase(name, None):
            entered.append(name)
    assert entered == ["starting Ray", "fitting"]


def _session_of(leader: int) -> list[str]:
    """Return the commands of the processes in a session, on Linux."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end at this moment
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append((folder / "cmdline").read_text())
    return found
