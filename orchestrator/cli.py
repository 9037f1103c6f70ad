"""The command line: few verbs, few flags; everything about the science stands in the experiment files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # Typer ships its own Click

from analysis._measured import LEAST_SEEDS
from orchestrator.flags import Json, Name, Scale, Storage
from orchestrator.masking import tell
from orchestrator.ports import require_free
from orchestrator.questions import audit, design, fit, reproduce
from orchestrator.results import BadInputError
from orchestrator.streams import PIPE_GONE
from orchestrator.verbs import (
    BAD_INPUT,
    DONE,
    INTERRUPTED,
    SOME_FAILED,
    ask,
    duration,
    few_seeds,
    plan_facts,
    print_summary,
    tell_notes,
    train_and_finish,
    train_smoke,
)

app = typer.Typer(
    name="orchestrator",
    help="Measure when networks grok, and which law the delay obeys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Set = Annotated[list[str] | None, typer.Option("--set", help="field=v1,v2: other values on a field.")]
Seeds = Annotated[int | None, typer.Option(help="Use seeds 0 .. N-1.")]
Precision = Annotated[str | None, typer.Option(help="fp32, or bf16-mlp: the MLP's products in bfloat16.")]
Budget = Annotated[int | None, typer.Option(help="Steps after which a replica is censored.")]


def main(words: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some replicas failed, 2 bad input, 130 interrupted."""
    return guarded(lambda: app(words, standalone_mode=False))


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
        tell("interrupted; what ended is kept, launch again to go on")
        return INTERRUPTED
    return BAD_INPUT


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the experiments."""
    from search_spaces._files import experiment_named
    from trainables.names import available

    found = [experiment_named(name) for name in available("search_spaces")]
    if as_json:
        print(json.dumps([{"name": each.name, "question": each.question, "source": each.source} for each in found]))
        return
    for each in found:
        print(f"{each.name:24} {each.question}")


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
    print(f"{study.experiment.name} ({study.scale}): {study.experiment.question}")
    for line in study.experiment.scales[study.scale].told():
        print(f"  {line}")
    for field, value in study.experiment.scales[study.scale].fields.items():
        print(f"  {field} = {value}")
    print(f"  {facts['replicas']} replicas, {facts['done']} done; budget {facts['budget_steps']} steps")
    parents = f" and {facts['parents']} parents" if facts["parents"] else ""
    print(f"  to train: {facts['missing']} replicas{parents} in {facts['packs']} packs, one per core")
    print(f"  expected: {facts['expected_replica_steps']:,} replica-steps, {duration(facts['expected_minutes'])} here")
    if facts["memory"]:
        print(f"  {facts['memory']}")
    if few_seeds(study):
        print(
            f"  fewer than {LEAST_SEEDS} seeds: claims about measures and shares stay undecided; --seeds 8 gives more"
        )
    for claim in study.experiment.claims:
        print(f"  claim {claim.name}: {claim.statement}")


@app.command()
def launch(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    budget_steps: Budget = None,
    precision: Precision = None,
    backend: Annotated[str, typer.Option(help="ray, or in_process for debugging.")] = "ray",
    address: Annotated[str | None, typer.Option(help="Join a running Ray cluster.")] = None,
    gpus_per_pack: Annotated[float | None, typer.Option(help="Fraction of a GPU per pack.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
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
    for flag, value, allowed in (("--backend", backend, ("ray", "in_process")), ("--device", device, ("cpu", "cuda"))):
        if value not in allowed:
            raise BadInputError(f"{flag} {value!r} is not known; one of: {', '.join(allowed)}")
    from orchestrator import launch as flow

    options = _options(
        name=name,
        scale=scale,
        storage=storage,
        changes=changes,
        seeds=seeds,
        budget_steps=budget_steps,
        precision=precision,
        backend=backend,
        address=address,
        gpus_per_pack=gpus_per_pack,
        device=device,
        tracking_uri=tracking_uri,
    )
    if smoke:
        return train_smoke(options, as_json)
    study = flow.study(options)
    ask(study, sure=yes or as_json)
    return train_and_finish(study, as_json)


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
    print(f"{study.key}: {facts['done']}/{facts['replicas']} done {facts['by_status']}, {facts['missing']} missing")
    if facts["failed"]:
        print(f"  {facts['failed']} of the missing failed in the last launch: {study.results.root / 'failures'}")
    for pack in facts["running"]:
        print(f"  pack {pack['pack']}: {pack['training']} training at step {pack['step']}, {pack['age_s']:.0f} s ago")


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
    print(json.dumps([vars(check) for check in found]) if as_json else "\n".join(map(str, found)))
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


for verb in (reproduce, fit, design, audit):
    app.command()(verb)


def _options(*, changes: list[str] | None = None, **words: Any) -> Any:
    from orchestrator.launch import Options

    return Options(changes=tuple(changes or ()), **words)


def _study(**words: Any) -> Any:
    from orchestrator.launch import study

    return study(_options(**words))
