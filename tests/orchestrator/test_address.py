"""An address where no Ray cluster answers is refused within seconds, whatever listens there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.backends import _address, _private
from orchestrator.cli import main
from orchestrator.storage.results import BadInputError

MALFORMED = (
    "127.0.0.1:-5",
    "127.0.0.1:0",
    "127.0.0.1:70000",
    "127.0.0.1:٣٤",
    "127.0.0.1:6379x",
    "127.0.0.1",
    ":6379",
    "",
    "local",
    "http://127.0.0.1:6379",
    "ray://127.0.0.1:10001",
    "a b:6379",
    "user@host:6379",
    "[::1:6379",
    "a..b:6379",
    "host:1:2",
)


@pytest.fixture
def listening() -> Iterator[Callable[[bytes | None], str]]:
    """Start a server that answers with the given words, hangs up (no words), or says nothing at all (None)."""
    lines: list[socket.socket] = []

    def start(words: bytes | None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        lines.append(server)

        def answer() -> None:
            line, _ = server.accept()
            lines.append(line)
            if words is not None:
                line.recv(100)
                line.sendall(words)
                line.close()

        threading.Thread(target=answer, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for line in lines:
        line.close()


@pytest.mark.parametrize("address", MALFORMED)
def test_a_malformed_address_is_refused_before_a_connection(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_address, "_ask", lambda address, place: pytest.fail("asked"))
    with pytest.raises(BadInputError, match=r"HOST:PORT|no Ray cluster answers"):
        _address.checked(address)


def test_an_empty_address_is_no_local_launch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["launch", "kl_scaling", "--seeds", "1", "--storage", str(tmp_path / "runs"), "--address", ""]
    assert main(words) == 2 and "--address '' is no address" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", b"-ERR\r\n", None]
)
def test_what_is_not_ray_is_told_from_its_first_words(
    words: bytes | None, listening: Callable[[bytes | None], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_address, "PROBE_S", 0.3)
    address = listening(words)
    with pytest.raises(BadInputError, match="no Ray cluster answers at"):
        _address.checked(address)


def test_a_port_where_nothing_listens_costs_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert main(["launch", "kl_scaling", "--storage", "/proc/none", "--address", f"127.0.0.1:{free}"]) == 2
    with pytest.raises(BadInputError, match="refused"):
        _address.checked(f"127.0.0.1:{free}")
    assert capfd.readouterr().err.count("\n") == 1


def test_token_mode_without_a_token_costs_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("RAY_AUTH_MODE", "token")
        patched.setenv("HOME", str(tmp_path))
        for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
            patched.delenv(name, raising=False)
        _private._take_note()
        with pytest.raises(BadInputError, match="RAY_AUTH_TOKEN_PATH"):
            _address._ask("head:6379", "127.0.0.1:1")
    _private._take_note()
