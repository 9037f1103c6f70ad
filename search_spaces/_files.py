"""Find an experiment by its name, or read a user's own from a .py or .yaml file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.faults import place_of
from search_spaces import _claims, _scales
from search_spaces._experiment import Experiment
from search_spaces._python import defined_in
from trainables.family import FieldRule, rules
from trainables.names import available, find, near_match
from trainables.replica import family_named
from trainables.user_code import one_line

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LEFT_OUT: Mapping[str, Any] = {"primary_law": "power", "claims": [], "laws": ("constant", "power", "floor_power")}
"""What a YAML file that does not say it has, beside its own name as name and source."""
UNTOLD = (_claims.SETTINGS, _scales.SPACE)  # of a place, since in files their content stands beside what they stand in
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


def told(name: str, faults: Sequence[str]) -> str:
    """Return faults of an experiment in one line; ``name`` is what it was found by.

    Those that stand in a YAML file are told with the line there.
    """
    if not name.endswith((".yaml", ".yml")):
        return "; ".join(faults)
    return "; ".join(f"{fault}{_line(Path(name), place_of(fault))}" for fault in faults)


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
    return dataclasses.replace(_described(path, facts), family=found.family)  # which may carry its file


def _from_yaml(path: Path) -> Experiment:
    """Read the fields of an Experiment.

    Each scale has axes or a search, fields, seeds (a list or a number) and budget_steps; each claim names its rule and
    gives its settings.
    """
    from search_spaces._yaml import plain_data

    facts = plain_data(path)
    if not isinstance(facts, dict):
        raise LookupError(f"{path} does not describe an experiment; its fields: {_fields()}")
    facts = {**LEFT_OUT, "name": path.stem, "source": str(path), **facts}
    if isinstance(facts.get("scales"), dict):
        fields = _fields_of(facts.get("family"))
        try:
            scales = {name: _scales.as_read(each, fields, ("scales", name)) for name, each in facts["scales"].items()}
        except _scales.MisplacedError as fault:
            raise _no_experiment(path, [_placed(path, fault.place, str(fault))]) from None
        facts["scales"] = scales
    return _described(path, facts)


def _fields_of(family: Any) -> Mapping[str, FieldRule]:
    """Return the fields of a family; none for an unknown one, which the check of the experiment reports."""
    try:
        return rules(family_named(family).Config) if isinstance(family, str) else {}
    except LookupError:
        return {}


def _described(path: Path, facts: Mapping[str, Any]) -> Experiment:
    """Return the experiment that plain data describes.

    Raises: LookupError with everything that is missing, unknown or of a wrong type.
    """
    from pydantic import ValidationError

    claims, found = facts["claims"], ["nested too deeply"]
    try:
        if isinstance(claims, list):
            facts = {**facts, "claims": [_claims.as_read(claim) for claim in claims]}
        return adapter().validate_python(facts)
    except ValidationError as fault:
        found = [_fault(path, error) for error in fault.errors()[:MOST_TOLD]]
    except LookupError as fault:
        found = [str(fault.args[0])]
    except RecursionError:
        pass
    raise _no_experiment(path, found)


@cache
def adapter() -> TypeAdapter[Experiment]:
    """Return pydantic's reader of experiments, which takes a fraction of a second to build; imported where needed."""
    from pydantic import TypeAdapter

    return TypeAdapter(Experiment)


def _no_experiment(path: Path, found: Sequence[str]) -> LookupError:
    words = one_line("; ".join(found))
    return LookupError(f"{path} does not describe an experiment: {words}; its fields: {_fields()}")


def _fault(path: Path, error: Any) -> str:
    """Return a fault that pydantic found with its place in the data and, of a YAML file, in the file."""
    place, words = list(error["loc"]), error["msg"]
    if place[:1] == ["claims"] and place[2:3] == ["rule"]:
        place, words = _claims.fault_told(error)
    return _placed(path, place, words)


def _placed(path: Path, place: Sequence[Any], words: str) -> str:
    names = [str(part) for part in place if part not in UNTOLD]
    return f"{'.'.join(names)}: {words}{_line(path, place)}"


def _line(path: Path, place: Sequence[Any]) -> str:
    """Return the line of a YAML file on which a value stands, in words to follow a fault."""
    from search_spaces._yaml import line_of

    line = None if path.suffix == ".py" else line_of(path, place)
    return f" (line {line})" if line else ""


def _fields() -> str:
    return ", ".join(field.name for field in dataclasses.fields(Experiment))
