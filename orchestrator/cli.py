"""The command line: few verbs, few flags; everything about the science stands in the experiment files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # Typer ships its own Click

from orchestrator import completing
from orchestrator.flags import Json, Name, Precision, Scale, Seeds, Set, Storage
from orchestrator.lines import say
from orchestrator.masking import tell
from orchestrator.ports import require_free
from orchestrator.probing import probe
from orchestrator.questions import audit, design, fit, reproduce
from orchestrator.results import BadInputError
from orchestrator.showing import plan_facts, show_lines, status_lines
from orchestrator.stopping import INTERRUPTED
from orchestrator.streams import PIPE_GONE
from orchestrator.terminal import INTERRUPTION, Terminal, attended
from orchestrator.verbs import (
    BAD_INPUT,
    DONE,
    SOME_FAILED,
    ask,
    print_summary,
    tell_notes,
    train_and_finish,
    train_smoke,
)

PROGRAM = "grokking-laws"  # the command that a shell can complete
app = typer.Typer(
    name="orchestrator",
    help="Measure when networks grok, and which law the delay obeys.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Budget = Annotated[int | None, typer.Option(help="Steps after which a replica is censored.")]


def main(words: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some replicas failed, 2 bad input, 130 interrupted."""
    given = sys.argv[1:] if words is None else words
    completing_shell = any(word.startswith(("--install-completion", "--show-completion")) for word in given)
    return guarded(lambda: app(words, standalone_mode=False, prog_name=PROGRAM if completing_shell else None))


def guarded(run: Callable[[], object]) -> int:
    """Return the exit code of a verb; what the user can mend costs one line on stderr instead of a traceback."""
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
        from orchestrator.provenance import provenance

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


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the experiments."""
    from search_spaces._files import experiment_named
    from trainables.names import available

    found = [experiment_named(name) for name in available("search_spaces")]
    if as_json:
        print(json.dumps([{"name": each.name, "question": each.question, "source": each.source} for each in found]))
        return
    say([f"{each.name:24} {each.question}" for each in found], indent=25)


@app.command()
def show(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    budget_steps: Budget = None,
    precision: Precision = None,
    as_json: Json = False,
) -> None:
    """Show what a launch would do: points, replicas, packs, expected time, what is done."""
    study = _study(
        name=name,
        scale=scale,
        storage=storage,
        changes=changes,
        seeds=seeds,
        budget_steps=budget_steps,
        precision=precision,
    )
    facts = plan_facts(study)
    tell_notes(study)
    if as_json:
        print(json.dumps(facts))
        return
    say(show_lines(study, facts), indent=6)


@app.command()
def launch(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    budget_steps: Budget = None,
    precision: Precision = None,
    backend: Annotated[
        str, typer.Option(help="ray, or in_process for debugging.", autocompletion=completing.backends)
    ] = "ray",
    address: Annotated[str | None, typer.Option(help="Join a running Ray cluster.")] = None,
    gpus_per_pack: Annotated[float | None, typer.Option(help="Fraction of a GPU per pack.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.", autocompletion=completing.devices)] = "cpu",
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow server; default: a database in the storage.")] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Two points, one seed, a few dozen steps, end to end.")
    ] = False,
    as_json: Json = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before a launch that is expected to take over an hour.")
    ] = False,
) -> int:
    """Train what is missing of an experiment, mirror it to MLflow, and report."""
    for flag, value, allowed in (("--backend", backend, completing.BACKENDS), ("--device", device, completing.DEVICES)):
        if value not in allowed:
            raise BadInputError(f"{flag} {value!r} is not known; one of: {', '.join(allowed)}")
    words = {
        "name": name,
        "scale": scale,
        "storage": storage,
        "changes": changes,
        "seeds": seeds,
        "budget_steps": budget_steps,
        "precision": precision,
        "backend": backend,
        "address": address,
        "gpus_per_pack": gpus_per_pack,
        "device": device,
        "tracking_uri": tracking_uri,
    }
    return attended(
        lambda terminal: _launch(words, terminal, smoke=smoke, as_json=as_json, sure=yes or as_json), silent=as_json
    )


@app.command()
def status(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    precision: Precision = None,
    as_json: Json = False,
) -> None:
    """Say how far an experiment is."""
    study = _study(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds, precision=precision)
    facts = plan_facts(study)
    tell_notes(study)
    if as_json:
        print(json.dumps(facts))
        return
    say(status_lines(study, facts))


@app.command()
def report(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    precision: Precision = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> int:
    """Write the report of what the results hold."""
    from orchestrator import report as reports

    study = _study(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds, precision=precision)
    facts = reports.write(study)
    print_summary(study, facts, as_json)
    tell_notes(study)
    if open_:
        typer.launch(str(reports.folder_of(study) / "index.html"))
    return DONE


@app.command()
def doctor(storage: Storage = "runs", as_json: Json = False) -> int:
    """Check this machine: versions, free disk, storage, MLflow; say what to do where something is wrong."""
    from orchestrator.doctor import examine

    found = examine(storage)
    if as_json:
        print(json.dumps([vars(check) for check in found]))
    else:
        say(map(str, found))
    return SOME_FAILED if any(check.state == "fail" for check in found) else DONE


@app.command()
def ui(
    storage: Storage = "runs",
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 5000,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the database anew from the results, then stop.")
    ] = False,
) -> int:
    """Open MLflow over the results, on this machine only."""
    from orchestrator import tracking_server

    if rebuild:
        for line in tracking_server.rebuild(storage):
            print(line)
        return DONE
    require_free(port)
    print(f"starting MLflow on http://{tracking_server.LOOPBACK}:{port}", flush=True)
    return tracking_server.serve(storage, port)


for verb in (reproduce, fit, design, audit, probe):
    app.command()(verb)


def _launch(words: dict[str, Any], terminal: Terminal, *, smoke: bool, as_json: bool, sure: bool) -> int:
    with terminal.phase("planning"):
        from orchestrator import launch as flow

        options = _options(**words)
        if not smoke:
            study = flow.study(options)
            facts = plan_facts(study)
    if smoke:
        return train_smoke(options, as_json, terminal)
    ask(facts, sure=sure)
    return train_and_finish(study, as_json, terminal=terminal)


def _options(*, changes: list[str] | None = None, **words: Any) -> Any:
    from orchestrator.launch import Options

    return Options(changes=tuple(changes or ()), **words)


def _study(**words: Any) -> Any:
    from orchestrator.launch import study

    return study(_options(**words))
