"""An experiment as the text of a YAML file that reads back to an equal one."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from search_spaces import _claims, _scales
from search_spaces._experiment import Experiment
from search_spaces._yaml import as_text
from trainables.names import available

WIDTH = 110
PLAIN = (bool, int, float, str)
FIRST = ("name", "question", "source", "paper", "family", "x", "laws", "primary_law", "threshold", "least_memorised")
LAST = ("scales", "claims", "headline", "pilot")
ALWAYS = ("laws", "primary_law")  # which files that leave them out do not have at the defaults of Experiment
ABOUT = {
    "name": "A copy that is changed needs a name of its own: reports lie in a folder of that name.",
    "x": "The axis that laws are fitted along; the primary law is the one that claims speak of.",
    "scales": "Axes and fields are those of the family; an axis may be a text: log(1e-3, 1, 7) or 0, linear(1, 2, 5).",
    "claims": "Each holds if the whole 95 % interval of its rule's number lies from low to high.",
    "headline": "What one says of a claim that answers the question: if it holds, and if it fails.",
    "pilot": "How levels and budget were chosen, on seeds from 1000 on.",
}


def as_yaml(experiment: Experiment) -> str:
    """Return an experiment as YAML, with its question at the top and without defaults.

    Raises: LookupError for what only a Python file can say.
    """
    if experiment.family not in (known := available("trainables.families")):
        raise LookupError(f"family {experiment.family!r} is none that YAML can name: {', '.join(known)}")
    facts = plain(as_written(experiment))
    parts = [_comment(experiment.question)]
    for name, value in facts.items():
        parts += ["\n", _comment(ABOUT[name])] if name in ABOUT else []
        parts.append(as_text({name: value}, width=WIDTH))
    return "".join(parts)


def as_written(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment in the words of YAML files."""
    told = {**{name: getattr(experiment, name) for name in ALWAYS}, **dict(_set(experiment))}
    told["scales"] = {name: _scales.as_written(scale) for name, scale in experiment.scales.items()}
    told["claims"] = [_claims.as_written(claim, experiment.source) for claim in experiment.claims]
    order = [*FIRST, *(name for name in told if name not in FIRST + LAST), *LAST]
    return {name: told[name] for name in order if name in told}


def plain(value: Any) -> Any:
    """Return mappings, sequences and dataclasses as YAML can hold them, dataclasses without their defaults.

    Raises: LookupError for a value that YAML cannot hold.
    """
    if dataclasses.is_dataclass(value):
        return {name: plain(each) for name, each in _set(value)}
    if isinstance(value, Mapping):
        return {plain(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    kind = next((kind for kind in PLAIN if isinstance(value, kind)), None)
    if kind is None and value is not None:
        raise LookupError(f"{value!r} cannot be written in YAML; keep the experiment in a Python file")
    return kind(value) if kind else None


def _set(value: Any) -> Iterable[tuple[str, Any]]:
    """Yield the fields of a dataclass that are not at their defaults."""
    for field in dataclasses.fields(value):
        if getattr(value, field.name) != _default(field):
            yield field.name, getattr(value, field.name)


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, WIDTH - 2))
