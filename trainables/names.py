"""Find a part by its file name: the folder is the registry (standard library only)."""

import ast
import difflib
import importlib
import pkgutil
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any


def available(package: str) -> list[str]:
    """Return the public module names of a package, sorted; files that start with ``_`` are private."""
    folder = importlib.import_module(package)
    return sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.name[0] != "_")


def find(package: str, name: str) -> ModuleType:
    """Import one module of a package by its name.

    Raises: LookupError with the near match and all names on disk when there is no such module.
    """
    known = available(package)
    if name not in known:
        kind = package.rsplit(".", 1)[-1].replace("_", " ")
        raise LookupError(f"no {name!r} in {kind}{near_match(name, known)}; available: {', '.join(known)}")
    return importlib.import_module(f"{package}.{name}")


def part(package: str, name: str) -> Any:
    """Return the one class of a module that has the module's own name: ``modular_addition`` holds ModularAddition."""
    module = find(package, name)
    wanted = name.replace("_", "")
    for attribute in vars(module).values():
        if isinstance(attribute, type) and attribute.__name__.lower() == wanted:
            return attribute
    raise LookupError(f"{module.__name__} defines no class named like itself: add one to {module.__file__}")


@lru_cache
def constant(package: str, name: str, wanted: str) -> Any:
    """Return a constant of a module, or None, without importing it, since that may load PyTorch."""
    folder = importlib.import_module(package).__path__[0]
    for node in ast.parse(Path(folder, f"{name}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and wanted in {ast.unparse(target) for target in node.targets}:
            return ast.literal_eval(node.value)
    return None


def near_match(name: str, known: list[str]) -> str:
    """Return `` (did you mean 'x'?)`` or an empty string.

    >>> near_match("kl_scalin", ["kl_scaling"])
    " (did you mean 'kl_scaling'?)"
    """
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
