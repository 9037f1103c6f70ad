"""Whether a server can listen on a port of this machine."""

from __future__ import annotations

import socket

from orchestrator.storage.results import BadInputError

HIGHEST_PORT = 65535


def require_free(port: int, host: str = "127.0.0.1") -> None:
    """Bind a port and give it back.

    Raises: BadInputError if it is not a port, is taken or is not ours to take.
    """
    if not 1 <= port <= HIGHEST_PORT:
        raise BadInputError(f"--port {port} must be a whole number from 1 to {HIGHEST_PORT}")
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port whose server has just ended is free
        try:
            line.bind((host, port))
        except OSError as fault:
            raise BadInputError(
                f"--port {port} cannot be used ({fault.strerror}); give another, such as 5001"
            ) from None
