"""Rules of claims: each looks at one number of the evidence. One file per rule, with one class named like the file.

A rule knows its settings, checks them against the experiment that asks it, answers from the evidence, and says in words
what it found. A new file is found by its name; ``search_spaces`` exports the classes for experiment files.
"""

import importlib
import pkgutil

from analysis.rules._base import Answer, Asked, Effect, Names, Rule
from analysis.rules._by_seed import LEAST_SEEDS

__all__ = ["LEAST_SEEDS", "Answer", "Asked", "Effect", "Names", "Rule", "rule_named", "rule_names"]


def rule_names() -> list[str]:
    """Return the names of all rules: the public files of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")


def rule_named(name: str) -> type[Rule]:
    """Return the class of a rule by the name of its file.

    Raises: LookupError that lists the rules there are.

    >>> rule_named("share_within").__name__
    'ShareWithin'
    """
    if name not in rule_names():
        raise LookupError(f"unknown rule {name!r}; rules: {', '.join(rule_names())}")
    module, wanted = importlib.import_module(f"{__name__}.{name}"), name.replace("_", "")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Rule)]
    return next(kind for kind in kinds if kind.__name__.lower() == wanted)
