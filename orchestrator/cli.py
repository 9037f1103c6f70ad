"""The command line: few verbs, few flags; everything about the science stands in the experiment files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # Typer ships its own Click

from orchestrator.results import BadInputError

DONE, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
MS_PER_REPLICA_STEP = 8.4  # measured for kl_scaling at p = 67 on one of two busy cores; for estimates only

app = typer.Typer(
    name="orchestrator",
    help="Measure when networks grok, and which law the delay obeys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="An experiment (see list), or a .py file that defines EXPERIMENT.")]
Scale = Annotated[str, typer.Option(help="laptop or paper.")]
Storage = Annotated[str, typer.Option(help="Folder that holds all results.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="field=v1,v2: other values on a field.")]
Seeds = Annotated[int | None, typer.Option(help="Use seeds 0 .. N-1.")]
Budget = Annotated[int | None, typer.Option(help="Steps after which a replica is censored.")]
Json = Annotated[bool, typer.Option("--json", help="Print only JSON.")]


def main(words: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some replicas failed, 2 bad input, 130 interrupted."""
    try:
        code = app(words, standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except BadInputError as fault:
        print(f"error: {fault}", file=sys.stderr)
    except NoArgsIsHelpError as fault:
        print(fault.format_message())
    except ClickException as fault:
        print(f"error: {fault.format_message().splitlines()[0]} (see --help)", file=sys.stderr)
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted; what ended is kept, launch again to go on", file=sys.stderr)
        return INTERRUPTED
    return BAD_INPUT


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the experiments."""
    from search_spaces._experiment import experiment_named
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
    as_json: Json = False,
) -> None:
    """Show what a launch would do: points, replicas, packs, expected time, what is done."""
    study = _study(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds, budget_steps=budget_steps)
    facts = _plan_facts(study)
    if as_json:
        print(json.dumps(facts))
        return
    print(f"{study.experiment.name} ({study.scale}): {study.experiment.question}")
    for axis, values in study.experiment.scales[study.scale].space.axes.items():
        print(f"  {axis} = {', '.join(map(str, values))}")
    for field, value in study.experiment.scales[study.scale].fields.items():
        print(f"  {field} = {value}")
    print(f"  {facts['replicas']} replicas, {facts['done']} done; budget {facts['budget_steps']} steps")
    print(f"  to train: {facts['missing']} replicas in {facts['packs']} packs, one per core")
    print(
        f"  expected: {facts['expected_replica_steps']:,} replica-steps, about {facts['expected_minutes']:.0f} min here"
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
        backend=backend,
        address=address,
        gpus_per_pack=gpus_per_pack,
        device=device,
        tracking_uri=tracking_uri,
    )
    if smoke:
        return _smoke(options, as_json)
    study = flow.study(options)
    _ask(study, sure=yes or as_json)
    return _finish(study, flow.train(study, silent=as_json), as_json)


@app.command()
def status(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    as_json: Json = False,
) -> None:
    """Say how far an experiment is."""
    study = _study(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds)
    facts = _plan_facts(study)
    if as_json:
        print(json.dumps(facts))
        return
    print(f"{study.key}: {facts['done']}/{facts['replicas']} done {facts['by_status']}, {facts['missing']} missing")
    for pack in facts["running"]:
        print(f"  pack {pack['pack']}: {pack['training']} training at step {pack['step']}")
    for note in study.results.unreadable:
        print(f"  {note}")


@app.command()
def report(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> int:
    """Write the report of what the results hold."""
    from orchestrator import report as reports

    study = _study(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds)
    facts = reports.current(study) or reports.write(study)
    _print_summary(study, facts, as_json)
    if open_:
        typer.launch(str(reports.folder_of(study) / "index.html"))
    return DONE


@app.command()
def fit(
    table: Annotated[Path, typer.Argument(help="CSV or parquet with one row per run.")],
    x: Annotated[str, typer.Option("--x", help="Column of x.")],
    lower: Annotated[str, typer.Option("--lower", help="Last step without the event.")],
    upper: Annotated[str, typer.Option("--upper", help="First step with it; empty means censored.")],
    group: Annotated[str | None, typer.Option("--group", help="Column of the seed that rows share.")] = None,
    as_json: Json = False,
) -> None:
    """Fit all laws to anybody's table of censored times."""
    from orchestrator.fit_table import fit_file, lines

    facts = fit_file(table, x=x, lower=lower, upper=upper, group=group)
    print(json.dumps(facts) if as_json else "\n".join(lines(facts)))


@app.command()
def ui(
    storage: Storage = "runs",
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 5000,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the database anew from the results, then stop.")
    ] = False,
) -> int:
    """Open MLflow over the results, on this machine only."""
    from orchestrator import tracking

    if rebuild:
        for line in tracking.rebuild(storage):
            print(line)
        return DONE
    print(f"MLflow on http://{tracking.LOOPBACK}:{port} (Ctrl-C ends it)")
    return tracking.serve(storage, port)


def _options(*, changes: list[str] | None = None, **words: Any) -> Any:
    from orchestrator.launch import Options

    return Options(changes=tuple(changes or ()), **words)


def _study(**words: Any) -> Any:
    from orchestrator.launch import study

    return study(_options(**words))


def _plan_facts(study: Any) -> dict[str, Any]:
    plan = study.plan()
    expected = plan.expected_steps(plan.missing)
    slots = min(len(plan.packs), os.cpu_count() or 1)
    running = [json.loads(file.read_text()) for file in sorted((study.results.root / "progress").glob("*.json"))]
    statuses = study.rows()["status"].value_counts().iter_rows()
    return {
        "experiment": study.experiment.name,
        "scale": study.scale,
        "replicas": len(plan.replicas),
        "done": plan.done,
        "missing": len(plan.missing),
        "packs": len(plan.packs),
        "budget_steps": plan.budget_steps,
        "expected_replica_steps": expected,
        "expected_minutes": expected * MS_PER_REPLICA_STEP / 60_000 / max(slots, 1),
        "by_status": dict(sorted(statuses)),
        "running": [facts for facts in running if facts["training"]] if plan.missing else [],
    }


def _ask(study: Any, *, sure: bool) -> None:
    facts = _plan_facts(study)
    if not sure and facts["expected_minutes"] > 60 and sys.stdin.isatty():
        typer.confirm(
            f"about {facts['expected_minutes'] / 60:.1f} h for {facts['missing']} replicas on this machine: go on?",
            abort=True,
        )


def _finish(study: Any, finished: bool, as_json: bool) -> int:
    """Report and mirror what there is, print it, and return the exit code."""
    from orchestrator import report as reports

    facts = reports.current(study)
    if facts is not None and finished and not facts["missing"]:
        if not as_json:
            print(f"nothing to train: all {facts['replicas']} replicas are done")
    else:
        from orchestrator import tracking

        facts = reports.write(study)
        if warning := tracking.mirror(study, facts):
            print(warning, file=sys.stderr)
    _print_summary(study, facts, as_json)
    for note in study.results.unreadable:
        print(note, file=sys.stderr)
    if not finished:
        print("interrupted; what ended is kept, launch again to go on", file=sys.stderr)
        return INTERRUPTED
    if facts["missing"]:
        print(f"error: {facts['missing']} replicas did not end; see {study.results.root / '.ray'}", file=sys.stderr)
        return SOME_FAILED
    return DONE


def _print_summary(study: Any, facts: dict[str, Any], as_json: bool) -> None:
    from orchestrator.report import summary

    print(json.dumps(facts) if as_json else "\n".join(summary(study, facts)))


def _smoke(options: Any, as_json: bool) -> int:
    """Train half of a tiny budget, then launch again to the whole of it: through checkpoint, resume and report."""
    from dataclasses import replace

    from orchestrator import launch as flow

    tiny = flow.smoke(options)
    half = replace(tiny, options=replace(tiny.options, backend="in_process", budget_steps=flow.SMOKE_STEPS // 2))
    if not flow.train(half, silent=True):
        return INTERRUPTED
    return _finish(tiny, flow.train(tiny, silent=True), as_json)
