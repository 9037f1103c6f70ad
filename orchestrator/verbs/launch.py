"""``launch``: train what is missing of an experiment, mirror it, and report."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.storage.results import BadInputError
from orchestrator.terminal.display import INTERRUPTION, Terminal, attended
from orchestrator.terminal.masking import tell
from orchestrator.terminal.stopping import INTERRUPTED
from orchestrator.verbs import completing
from orchestrator.verbs.facts import plan_facts
from orchestrator.verbs.finishing import finish, train_and_finish
from orchestrator.verbs.flags import Budget, Json, Name, Precision, Scale, Seeds, Set, Storage, options_of

if TYPE_CHECKING:
    from orchestrator.study.study import Options


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


def _launch(words: dict[str, Any], terminal: Terminal, *, smoke: bool, as_json: bool, sure: bool) -> int:
    with terminal.phase("planning"):
        from orchestrator.study.study import study_of

        options = options_of(**words)
        if not smoke:
            study = study_of(options)
            facts = plan_facts(study)
    if smoke:
        return _train_smoke(options, as_json, terminal)
    _ask(facts, sure=sure)
    return train_and_finish(study, as_json, terminal=terminal)


def _ask(facts: Mapping[str, Any], *, sure: bool) -> None:
    """Ask before a launch of over an hour, on a terminal only."""
    if not sure and facts["expected_minutes"] > 60 and sys.stdin.isatty():
        typer.confirm(
            f"about {facts['expected_minutes'] / 60:.1f} h for {facts['missing']} replicas on this machine: go on?",
            abort=True,
        )


def _train_smoke(options: Options, as_json: bool, terminal: Terminal) -> int:
    """Train for half of a tiny budget, then launch again to the whole of it: through checkpoint, resume and report."""
    with terminal.phase("planning"):
        from orchestrator import launch as flow
        from orchestrator.study.study import SMOKE_STEPS, smoke_of
        from orchestrator.tracking.companion import Companion

        tiny = smoke_of(options)
    half = replace(tiny, options=replace(tiny.options, backend="in_process", budget_steps=SMOKE_STEPS // 2))
    if not flow.train(half, terminal=terminal):
        tell(INTERRUPTION)
        return INTERRUPTED
    with Companion(tiny) as beside:
        finished = flow.train(tiny, terminal=terminal, beside=beside)
        return finish(tiny, finished, as_json, beside=beside, terminal=terminal)
