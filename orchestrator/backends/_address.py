"""Whether a Ray cluster answers at an address, found within seconds; Ray itself would wait for minutes."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from pathlib import Path

from orchestrator.storage.results import BadInputError
from orchestrator.terminal.silence import quiet

PROBE_S = 6.0
FORM = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+):([0-9]{1,5})", re.ASCII | re.IGNORECASE)
HIGHEST_PORT = 65535
FRAME_BYTES, SETTINGS = 9, 4  # RFC 9113, sections 4.1 and 6.5: a server's first frame is of type SETTINGS
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, SETTINGS, 0, 0, 0, 0, 0))
REMEDY = "give HOST:PORT of a head started with 'ray start --head', or auto on one of its nodes"


def checked(address: str) -> str:
    """Return an address at which the head of a Ray cluster answers, with ``auto`` resolved to HOST:PORT.

    Raises: BadInputError when the address is malformed, when nothing or something else answers there within
    ``PROBE_S``, and when the cluster requires a token that is not given.
    """
    with quiet(Path(os.devnull)):
        place = _running_here() if address == "auto" else address
        if not (found := FORM.fullmatch(place)) or not 1 <= int(found[2]) <= HIGHEST_PORT:
            raise BadInputError(f"--address {address!r} is no address of a Ray cluster; {REMEDY}")
        if os.environ.get("RAY_USE_TLS", "0") == "0":  # behind TLS the first word is not ours to say
            _knock(address, found[1].strip("[]"), int(found[2]))
        _ask(address, place)
    return place


def _running_here() -> str:
    """Return where the cluster of this node listens.

    Raises: BadInputError when there is none.
    """
    from ray._private.services import canonicalize_bootstrap_address

    try:
        found: str | None = canonicalize_bootstrap_address("auto")
    except (ConnectionError, ValueError, OSError):
        found = None
    if not found:
        raise BadInputError(f"no Ray cluster runs on this node (--address auto); {REMEDY}")
    return found


def _knock(address: str, host: str, port: int) -> None:
    """Say the first words of gRPC and wait for its first frame, in a thread: a name may take minutes to resolve."""
    faults: list[str] = [f"no answer within {PROBE_S:.0f} s"]
    thread = threading.Thread(target=lambda: faults.__setitem__(0, _handshake_fault(host, port)), daemon=True)
    thread.start()
    thread.join(PROBE_S + 1)
    if faults[0]:
        raise BadInputError(f"no Ray cluster answers at {address!r} ({faults[0]}); {REMEDY}")


def _handshake_fault(host: str, port: int) -> str:
    """Return why no gRPC server answers, or an empty text."""
    until = time.monotonic() + PROBE_S
    try:
        with socket.create_connection((host, port), timeout=PROBE_S / 2) as line:
            line.sendall(PREFACE)
            frame = b""
            while len(frame) < FRAME_BYTES:
                line.settimeout(max(until - time.monotonic(), 0.01))
                if not (part := line.recv(FRAME_BYTES - len(frame))):
                    break
                frame += part
    except (OSError, UnicodeError) as fault:
        return getattr(fault, "strerror", None) or str(fault)
    return "" if len(frame) == FRAME_BYTES and frame[3] == SETTINGS else "something other than Ray listens there"


def _ask(address: str, place: str) -> None:
    """Ask the head about its cluster, once; ``ray.init`` would ask a wrong one, or with a wrong token, twenty times."""
    from ray._private.authentication.authentication_token_setup import ensure_token_if_auth_enabled
    from ray._raylet import GcsClient  # type: ignore[attr-defined]  # a C extension
    from ray.exceptions import AuthenticationError, RayError

    try:
        ensure_token_if_auth_enabled(create_token_if_missing=False)
        GcsClient(address=place)
    except AuthenticationError:
        raise BadInputError(
            f"the Ray cluster at {address!r} requires a token, which is not given; "
            "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to a file that holds it"
        ) from None
    except RayError:
        raise BadInputError(
            f"no head of a Ray cluster answers at {address!r} (another gRPC server does); {REMEDY}"
        ) from None
