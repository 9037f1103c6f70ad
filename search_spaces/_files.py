"""Find an experiment by its name, or read a user's own from a .py or .yaml file."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.claims import Claim
from search_spaces._experiment import Experiment, Scale, SearchSpace
from trainables.names import available, find, near_match
from trainables.replica import Recording


def experiment_named(name: str) -> Experiment:
    """Return an experiment of the package by its file name, or one from the path of a .py or .yaml file.

    Raises: LookupError that offers the near match and lists what there is, or says what is wrong with the file.
    """
    if name.endswith((".py", ".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise LookupError(f"no file {path}; give an experiment's name, or a .py or .yaml file that defines one")
        return _from_python(path) if path.suffix == ".py" else _from_yaml(path)
    known = available(__package__)
    if name not in known:
        raise LookupError(f"unknown experiment {name!r}{near_match(name, known)}; experiments: {', '.join(known)}")
    found: Experiment = find(__package__, name).EXPERIMENT
    return found


def _from_python(path: Path) -> Experiment:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LookupError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, "EXPERIMENT", None)
    if not isinstance(found, Experiment):
        raise LookupError(f"{path} defines no EXPERIMENT; see docs/adding_an_experiment.md")
    return found


def _from_yaml(path: Path) -> Experiment:
    """Read the fields of an Experiment; each scale has axes, fields, seeds (a list or a number) and budget_steps."""
    import yaml

    try:
        facts = yaml.safe_load(path.read_text())
        scales = {name: _scale(values) for name, values in facts.pop("scales").items()}
        claims = tuple(Claim(**{"source": str(path), **claim}) for claim in facts.pop("claims", ()))
        recording = Recording(**facts.pop("recording", {}))
        laws = tuple(facts.pop("laws", ("constant", "power", "floor_power")))
        base = {"name": path.stem, "source": str(path), "primary_law": "power"}
        return Experiment(**{**base, **facts}, scales=scales, claims=claims, recording=recording, laws=laws)
    except yaml.YAMLError as fault:
        raise LookupError(f"{path} is not YAML: {' '.join(str(fault).split())}") from None
    except (AttributeError, KeyError, TypeError) as fault:
        fields = ", ".join(field.name for field in dataclasses.fields(Experiment))
        raise LookupError(f"{path} does not describe an experiment ({fault}); its fields: {fields}") from None


def _scale(values: Mapping[str, Any]) -> Scale:
    seeds = values["seeds"]
    axes = {name: tuple(grid) for name, grid in values["axes"].items()}
    return Scale(
        space=SearchSpace(axes),
        fields=values.get("fields", {}),
        seeds=tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds),
        budget_steps=values["budget_steps"],
    )
