"""Find an experiment by its name, or read a user's own from a .py or .yaml file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_spaces._claims import SETTINGS, as_read, fault_told
from search_spaces._content import one_line
from search_spaces._experiment import MOST_REPLICAS, Experiment
from search_spaces._python import defined_in
from trainables.names import available, find, near_match

LAWS = ("constant", "power", "floor_power")
MOST_TOLD = 5


def experiment_named(name: str) -> Experiment:
    """Return an experiment of the package by its file name, or one from the path of a .py or .yaml file.

    Raises: LookupError that offers the near match and lists what there is, or says what is wrong with the file.
    """
    if name.endswith((".py", ".yaml", ".yml")):
        return _from_python(Path(name)) if name.endswith(".py") else _from_yaml(Path(name))
    return own_experiment(name)


def own_experiment(name: str) -> Experiment:
    """Return an experiment of the package by its file name, never one from a path: data must not name code.

    Raises: LookupError that offers the near match and lists what there is.
    """
    known = available(__package__)
    if name not in known:
        raise LookupError(f"unknown experiment {name!r}{near_match(name, known)}; experiments: {', '.join(known)}")
    found = getattr(find(__package__, name), "EXPERIMENT", None)
    if not isinstance(found, Experiment):
        raise LookupError(f"search_spaces/{name}.py defines no EXPERIMENT; see docs/adding_an_experiment.md")
    return found


def _from_python(path: Path) -> Experiment:
    found = defined_in(path, "EXPERIMENT")
    if not isinstance(found, Experiment):
        kind = "no EXPERIMENT" if found is None else f"an EXPERIMENT that is no Experiment but {type(found).__name__}"
        raise LookupError(f"{path} defines {kind}; see docs/adding_an_experiment.md")
    try:
        claims = [{**claim.facts(), "scales": claim.scales} for claim in found.claims]
        facts = {**dataclasses.asdict(found), "claims": claims}
    except (TypeError, ValueError, AttributeError, RecursionError) as fault:  # values that cannot be copied
        raise LookupError(f"{path} does not describe an experiment: {one_line(fault)}") from None
    return _described(path, facts)


def _from_yaml(path: Path) -> Experiment:
    """Read the fields of an Experiment.

    Each scale has axes or a search, fields, seeds (a list or a number) and budget_steps; each claim names its rule and
    gives its settings.
    """
    from search_spaces._yaml import plain_data

    facts = plain_data(path)
    if not isinstance(facts, dict):
        raise LookupError(f"{path} does not describe an experiment; its fields: {_fields()}")
    base = {"name": path.stem, "source": str(path), "primary_law": "power", "claims": [], "laws": LAWS}
    facts = {**base, **facts}
    if isinstance(facts.get("scales"), dict):
        facts["scales"] = {name: _scale(values) for name, values in facts["scales"].items()}
    return _described(path, facts)


def _scale(values: Any) -> Any:
    """Return a scale as written by users in the words of Scale."""
    if not isinstance(values, dict):
        return values
    seeds = values.get("seeds")
    if isinstance(seeds, int) and not isinstance(seeds, bool) and 0 <= seeds <= MOST_REPLICAS:
        values = {**values, "seeds": list(range(seeds))}
    axes = values.get("axes", {} if "search" in values else None)
    renamed = {**values, "space": {"axes": axes}, "fields": values.get("fields", {})}
    renamed.pop("axes", None)
    return renamed


def _described(path: Path, facts: Mapping[str, Any]) -> Experiment:
    """Return the experiment that plain data describes.

    Raises: LookupError with everything that is missing, unknown or of a wrong type.
    """
    from pydantic import TypeAdapter, ValidationError

    claims, told = facts["claims"], ["nested too deeply"]
    try:
        if isinstance(claims, list):
            facts = {**facts, "claims": [as_read(claim) for claim in claims]}
        return TypeAdapter(Experiment).validate_python(facts)
    except ValidationError as fault:
        told = [_fault(path, error) for error in fault.errors()[:MOST_TOLD]]
    except LookupError as fault:
        told = [str(fault.args[0])]
    except RecursionError:
        pass
    words = one_line("; ".join(told))
    raise LookupError(f"{path} does not describe an experiment: {words}; its fields: {_fields()}")


def _fault(path: Path, error: Any) -> str:
    """Return a fault with its place in the data and, of a YAML file, in the file."""
    from search_spaces._yaml import line_of

    place, words = list(error["loc"]), error["msg"]
    if place[:1] == ["claims"] and place[2:3] == ["rule"]:
        place, words = fault_told(error)
    line = None if path.suffix == ".py" else line_of(path, place)
    shown = ".".join(str(part) for part in place if part != SETTINGS).replace("space.axes", "axes")
    return f"{shown}: {words}" + (f" (line {line})" if line else "")


def _fields() -> str:
    return ", ".join(field.name for field in dataclasses.fields(Experiment))
