"""A digest of what decides numbers in a user's file."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from trainables.user_code import MODULE, UserFile

NOT_COUNTED = "EXPERIMENT"
DIGITS = 12


def digest_of(file: UserFile, facts: Mapping[str, Any], version: str | None) -> str:
    """Return a digest of the facts that a family was made from, and of the version or, without one, of its file.

    Every statement of a file counts except the one that sets ``EXPERIMENT``; comments, layout and docstrings do not.
    """
    code = version if version is not None else _code(file.content)
    return hashlib.sha256(json.dumps([code, facts], sort_keys=True).encode()).hexdigest()[:DIGITS]


def name_of(thing: Any) -> str | None:
    """Return the name under which the user's file or an installed package holds a class or function.

    None for what has no such name, such as a lambda or a partial: nobody could tell whether it is the same next time.
    """
    home, path = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    found: Any = sys.modules.get(home or "")
    for name in path.split("."):
        found = getattr(found, name, None)
    if found is None or found is not thing:
        return None
    return path if home == MODULE else f"{home}.{path}"


def digest_of_tensors(tensors: Any) -> str:
    """Return a digest of types, shapes and values of nested tuples of tensors."""
    digest = hashlib.sha256()
    for tensor in _leaves(tensors):
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(_byte()).numpy().tobytes())
    return digest.hexdigest()[:DIGITS]


def same_code(one: bytes, other: bytes) -> bool:
    """Say whether two files are the same in all that counts."""
    try:
        return _code(one) == _code(other)
    except (SyntaxError, ValueError):  # a file that was kept may be torn
        return False


def _code(content: bytes) -> str:
    tree = ast.parse(content)
    kept = [node for node in tree.body if not _sets_experiment(node)]
    return "\n".join(_plain(node) for node in kept if not _is_text(node))


def _sets_experiment(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [ast.unparse(target) for target in targets] == [NOT_COUNTED]


def _is_text(node: object) -> bool:
    """Say whether a statement is just a text, as docstrings are."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _plain(node: object) -> str:
    """Return a syntax tree in a form that does not change with the version of Python, as ``ast.dump`` does."""
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
        told = (f"{name}={_plain(value)}" for name, value in fields if name not in ("ctx", "kind"))
        return f"{type(node).__name__}({','.join(told)})"
    if isinstance(node, list):
        return f"[{','.join(_plain(each) for each in node if not _is_text(each))}]"
    return repr(node)


def _leaves(tensors: Any) -> Iterator[Any]:
    if isinstance(tensors, tuple | list):
        for each in tensors:
            yield from _leaves(each)
    else:
        yield tensors


def _byte() -> Any:
    import torch

    return torch.uint8
