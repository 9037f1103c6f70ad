"""Start the command line: ``python -m orchestrator``."""

import os
import sys


def main() -> None:
    """Run the command line with the current directory off the module path: a user's own ``analysis/`` is not ours."""
    here, home = os.path.realpath(os.getcwd()), os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    sys.path[:] = [home] + [entry for entry in sys.path if entry and os.path.realpath(entry) not in {here, home}]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # fits are many small matrices, whose threads would only spin
    from orchestrator.terminal import streams

    streams.prepare()
    try:
        from orchestrator.cli import main as command_line

        code = command_line()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    sys.exit(streams.finished(code))


if __name__ == "__main__":
    main()
