"""Laws: how the time of an event depends on x. One file per law; each says what its constants mean in steps."""

import importlib
import pkgutil
from typing import Any


def law_names() -> list[str]:
    """Return the names of all laws: the public files of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")


def law_named(name: str) -> Any:
    """Return a law by the name of its file.

    Raises: LookupError that lists the laws there are.
    """
    if name not in law_names():
        raise LookupError(f"unknown law {name!r}; laws: {', '.join(law_names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__)
    return next(kinds)()
