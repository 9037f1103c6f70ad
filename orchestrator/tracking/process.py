"""What the process beside a launch runs: it mirrors as often as it is asked."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import warnings
from multiprocessing.connection import Connection

from orchestrator.tracking import mirror


def main() -> None:
    """Mirror a study as often as the other end of the connection asks, until it is closed."""
    link = Connection(int(sys.argv[1]))
    os.nice(int(sys.argv[2]))
    warnings.simplefilter("ignore")
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        study = link.recv()
        mirror.prepare()
        link.send(("loaded", None))
        while True:
            facts, began = link.recv(), time.monotonic()
            reason = mirror.reason_not(study, facts, lambda: link.send(("on", None)))
            link.send(("caught up", time.monotonic() - began) if facts is None else ("complete", reason))


if __name__ == "__main__":
    main()
