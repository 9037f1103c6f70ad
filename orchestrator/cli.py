"""The command line: few verbs, few flags; everything about the science is in the experiment files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # Typer ships its own Click

from orchestrator.storage.results import BadInputError
from orchestrator.terminal.display import INTERRUPTION
from orchestrator.terminal.masking import tell
from orchestrator.terminal.stopping import INTERRUPTED
from orchestrator.terminal.streams import PIPE_GONE
from orchestrator.verbs.audit import audit
from orchestrator.verbs.design import design
from orchestrator.verbs.doctor import doctor
from orchestrator.verbs.export import export
from orchestrator.verbs.finishing import BAD_INPUT, DONE
from orchestrator.verbs.fit import fit
from orchestrator.verbs.launch import launch
from orchestrator.verbs.list import list_
from orchestrator.verbs.probe import probe
from orchestrator.verbs.publish import publish
from orchestrator.verbs.report import report
from orchestrator.verbs.reproduce import reproduce
from orchestrator.verbs.schema import schema
from orchestrator.verbs.show import show
from orchestrator.verbs.status import status
from orchestrator.verbs.ui import ui

PROGRAM = "grokking-laws"  # the command that a shell can complete
app = typer.Typer(
    name="orchestrator",
    help="Measure when networks grok, and which law the delay obeys.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main(words: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some replicas failed, 2 bad input, 130 interrupted."""
    given = sys.argv[1:] if words is None else words
    completing_shell = any(word.startswith(("--install-completion", "--show-completion")) for word in given)
    return guarded(lambda: app(words, standalone_mode=False, prog_name=PROGRAM if completing_shell else None))


def guarded(run: Callable[[], object]) -> int:
    """Return the exit code of a verb; a fault that the user can mend is one line on stderr, not a traceback."""
    try:
        code = run()
        return code if isinstance(code, int) else DONE
    except BadInputError as fault:
        tell(f"error: {fault}")
    except (BrokenPipeError, SystemExit) as end:  # Click turns a broken pipe into an exit
        if not isinstance(end.__context__ if isinstance(end, SystemExit) else end, BrokenPipeError):
            raise
        return PIPE_GONE
    except OSError as fault:
        place = f" ({fault.filename})" if fault.filename else ""
        tell(f"error: {fault.strerror or fault}{place}; what ended is kept, mend the storage and launch again")
    except NoArgsIsHelpError as fault:
        print(fault.format_message())
    except ClickException as fault:
        tell(f"error: {fault.format_message().splitlines()[0]} (see --help)")
    except (typer.Abort, KeyboardInterrupt):
        tell(INTERRUPTION)
        return INTERRUPTED
    return BAD_INPUT


def _tell_version(wanted: bool) -> None:
    if wanted:
        from orchestrator.storage.provenance import provenance

        found = provenance()
        commit = "" if found["commit"] == "unknown" else f" (commit {found['commit']})"
        print(f"{PROGRAM} {found[PROGRAM]}{commit}")
        raise typer.Exit


@app.callback()
def whole(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Say which version this is.")
    ] = False,
) -> None:
    """Measure when networks grok, and which law the delay obeys."""


app.command("list")(list_)
for verb in (show, launch, status, report, doctor, ui, reproduce, fit, design, export, schema, publish, audit, probe):
    app.command()(verb)
