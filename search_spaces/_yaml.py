"""Plain data from YAML, bounded before it is expanded, with numbers as people mean them; and back to text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from search_spaces._content import content_of
from trainables.user_code import one_line

MOST_NODES = 50_000
MOST_DEPTH = 40
SHORT = 40  # characters of a value that may stand in one line with others
BREAKS = frozenset("\x85\u2028\u2029")
# YAML 1.2, section 10.3.2, with "_" between digits; YAML 1.1, PyYAML's own, takes 1e-1 for text and 010 for 8
WHOLE = r"[-+]?[0-9]+(?:_[0-9]+)*"
FRACTION = (
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
SCALARS = {
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (rf"{WHOLE}|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (FRACTION, "-+.0123456789"),
    "merge": (r"<<", "<"),
}
BASES = {"0o": 8, "0x": 16}


def plain_data(path: Path) -> Any:
    """Return what a YAML file says.

    Raises: LookupError when it is not YAML, or would expand to more or deeper nodes than any experiment has.
    """
    try:
        text = content_of(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LookupError(f"{path} is not UTF-8; save it in that encoding") from None
    try:
        if fault := _fault(text):
            raise LookupError(f"{path} cannot be an experiment: {fault}")
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise LookupError(f"{path} is not YAML: {one_line(fault)}") from None


def as_text(data: Any, *, width: int) -> str:
    """Return plain data as YAML that reads back equal; a list of short values stands on one line.

    >>> as_text({"axes": {"width": [8, 16]}, "clip_norm": None, "version": "1e-1"}, width=80)
    "axes:\\n  width: [8, 16]\\nclip_norm: null\\nversion: '1e-1'\\n"
    """
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
    return text


def line_of(path: Path, place: Sequence[Any]) -> int | None:
    """Return the line of a YAML file, from 1 on, on which a value stands; None if nothing of it does.

    ``place``: the keys and indices that lead to the value; an element of a list may be named by its text or its
    ``name``. Parts that the file does not have are passed over, so the line is that of the innermost value on the way
    that exists.
    """
    try:
        node = yaml.compose(content_of(path).decode("utf-8-sig"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, RecursionError):
        return None
    line = None
    for part in place:
        line, node = _within(node, part) or (line, node)
    return None if line is None else line + 1


def _within(node: Any, part: Any) -> tuple[int, Any] | None:
    """Return the line at which a key or an element of a collection begins, and its value."""
    if isinstance(node, yaml.SequenceNode):
        found = (each for number, each in enumerate(node.value) if part in (number, _called(each)))
        return next(((each.start_mark.line, each) for each in found), None)
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == part), None)
    return None


def _called(node: Any) -> Any:
    """Return what an element of a list may be named by: its text, or the value of its key ``name``."""
    if isinstance(node, yaml.MappingNode):
        return next((value.value for key, value in node.value if key.value == "name"), None)
    return node.value if isinstance(node, yaml.ScalarNode) else None


@dataclass
class _Open:
    """A collection that has begun, or what an anchor stands for: how many nodes it expands to and how deep it is."""

    anchor: str | None
    nodes: int = 1
    depth: int = 1

    def add(self, nodes: int, depth: int) -> None:
        self.nodes += nodes
        self.depth = max(self.depth, depth + 1)


@dataclass
class _Sizes:
    """Follows the events of a document: open collections, and the sizes of anchored nodes."""

    within: list[_Open] = field(default_factory=lambda: [_Open(None, 0, 0)])
    known: dict[str, _Open] = field(default_factory=dict)

    def fault(self, event: yaml.Event) -> str | None:
        """Take note of an event; return what is wrong with it, or None."""
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.known:
                return f"alias *{event.anchor} refers to itself or to nothing"
            meant = self.known[event.anchor]
            self.within[-1].add(meant.nodes, meant.depth)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.within.append(_Open(event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._ended(self.within.pop())
        elif isinstance(event, yaml.ScalarEvent):
            self._ended(_Open(event.anchor))
        if len(self.within) + max(each.depth for each in self.within[-1:]) > MOST_DEPTH:
            return f"it is nested more than {MOST_DEPTH} deep"
        if sum(each.nodes for each in self.within) > MOST_NODES:
            return f"it expands to more than {MOST_NODES:,} values"
        return None

    def _ended(self, node: _Open) -> None:
        self.within[-1].add(node.nodes, node.depth)
        if node.anchor:
            self.known[node.anchor] = node


def _fault(text: str) -> str | None:
    """Return why a document must not be expanded, from its events alone, which need no memory and no depth."""
    sizes = _Sizes()
    faults = (sizes.fault(event) for event in yaml.parse(text, Loader=_Loader))
    return next((fault for fault in faults if fault), None)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader with the scalars of YAML 1.2, which refuses a key that stands twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own table)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a key that stands twice; the last would silently win."""
        names: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in names:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """The safe dumper; it quotes texts that this module's loader or PyYAML's own would read as something else."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own table)
        first: list(found) for first, found in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def represent_sequence(self, *words: Any, **more: Any) -> Any:
        """Put a list of short values into one line."""
        node = super().represent_sequence(*words, **more)
        node.flow_style = all(isinstance(each, yaml.ScalarNode) and len(each.value) <= SHORT for each in node.value)
        return node

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the elements of a list below its name."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write repeated values in full, without aliases."""
        return True


def _whole(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node)
    return int(text, BASES.get(text[:2], 10))


def _fraction(loader: Any, node: Any) -> float:
    return float(re.sub(r"\.(?=inf|nan)", "", loader.construct_scalar(node).lower()))


def _written(dumper: Any, text: str) -> Any:
    """Return a text's node, in double quotes where it has line breaks that PyYAML would write as spaces."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if BREAKS & set(text) else None)


for _name, (_pattern, _first) in SCALARS.items():
    for _kind in (_Loader, _Dumper):
        _kind.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})$"), [*_first, ""])
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.add_constructor("tag:yaml.org,2002:float", _fraction)
_Dumper.add_representer(str, _written)
