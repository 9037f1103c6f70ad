"""References from a page's text to published numbers: ``{{claims.floor}}`` is that claim's effect in the page's report.

A reference is a path of keys. Elements of a list are named by law, name, x, threshold, role or place; a key with a dot
stands in brackets: ``{{sensitivity[0.9].exponent}}``. ``{{whole:growth.fixed_s}}`` looks into ``whole.json`` beside the
text, ``{{kl_scaling/report:events}}`` into a file of another page. A line with ``*`` is printed once per element, with
a dash for what an element lacks: ``| {{claims.*.statement}} | {{claims.*}} |``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.numerals import digits
from orchestrator.reports.wording import span

REFERENCE = re.compile(r"\{\{\s*(?:(?P<file>[\w/.-]+):)?(?P<path>[^{}]+?)\s*\}\}")
PART = re.compile(r"\[(?P<whole>[^\]]+)\]|(?P<word>[^.\[\]]+)")
NAMES = ("law", "name", "noise", "x", "threshold", "role")
EACH, ABSENT = "*", "–"
MOST_OFFERED = 12
Sources = Callable[[str | None], Any]  # from the name of a file, None for the page's report, to what it holds


@dataclass
class Rendered:
    """A text with its references replaced, how many there are, and what is wrong with the others, by line."""

    text: str = ""
    count: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def rendered(text: str, sources: Sources) -> Rendered:
    """Return a text with the published numbers that it refers to; ``sources`` may raise LookupError for a file."""
    done, lines = Rendered(), []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            printed = list(_lines(line, sources))
        except LookupError as fault:
            done.faults.append((number, str(fault.args[0])))
            continue
        done.count += len(printed) * len(REFERENCE.findall(line))
        lines += printed
    done.text = "\n".join(lines) + "\n"
    return done


def looked_up(facts: Any, path: str) -> Any:
    """Return what a path leads to.

    Raises: LookupError that offers what there is if the path leads nowhere.

    >>> looked_up({"fits": [{"law": "power", "aicc": 3.0}]}, "fits.power.aicc")
    3.0
    """
    found = facts
    for part in _parts(path):
        if part not in (known := _keys(found)):
            raise LookupError(f"leads nowhere: no {part!r}" + (f" among {_offer(found)}" if known else ""))
        found = found[known[part]]
    return found


def shown(value: Any) -> str:
    """Return a value as a page quotes it: numbers to three digits, intervals with their ends.

    >>> shown(0.71612), shown({"estimate": 1.0, "low": 0.5, "high": None}), shown(12345), shown(0.9)
    ('0.716', '1 [0.5, ∞)', '12,345', '0.9')
    """
    if isinstance(value, dict) and "estimate" in value:
        return span(value)
    if isinstance(value, dict) and "effect" in value:
        return span({**value, "estimate": value["effect"]}) if value["effect"] is not None else "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return digits(value) if isinstance(value, float) else str(value)


def _lines(line: str, sources: Sources) -> Iterator[str]:
    """Yield a line with its references replaced, once per element where it names each."""
    found = [_Reference(match, sources) for match in REFERENCE.finditer(line)]
    if "{{" in (rest := REFERENCE.sub("", line)):
        raise LookupError(f"{rest[rest.index('{{') :][:40]!r} is no reference; write {{{{claims.NAME}}}}")
    counts = {len(each.values) for each in found if each.repeated}
    if len(counts) > 1:
        raise LookupError(f"a line repeats lists of {' and '.join(map(str, sorted(counts)))} elements")
    for place in range(counts.pop() if counts else 1):
        printed, start = "", 0
        for each in found:
            value = each.values[place if each.repeated else 0]
            text = ABSENT if value is None else shown(value)
            cell = text.replace("|", "\\|").replace("\n", " ") if line.startswith("|") else text
            printed, start = printed + line[start : each.start] + cell, each.end
        yield printed + line[start:]


class _Reference:
    """A reference on a line: where it stands, and the value that it leads to, or that of each element."""

    def __init__(self, match: re.Match[str], sources: Sources) -> None:
        self.start, self.end = match.span()
        path = match["path"]
        self.repeated = EACH in _parts(path)
        try:
            facts = sources(match["file"])
            self.values = list(_each(facts, path)) if self.repeated else [looked_up(facts, path)]
        except LookupError as fault:
            raise LookupError(f"{match[0]} {fault.args[0]}") from None
        if several := next((each for each in self.values if _is_several(each)), None):
            raise LookupError(f"{match[0]} leads to several values: add one of {_offer(several)}")
        if all(value is None for value in self.values):
            raise LookupError(f"{match[0]} is empty in {'every element' if self.repeated else 'the report'}")


def _is_several(value: Any) -> bool:
    """Return whether a value is neither one number or text nor an estimate with its interval."""
    return isinstance(value, list) or (isinstance(value, dict) and not {"estimate", "effect"} & set(value))


def _offer(facts: Any) -> str:
    """Return the keys that may follow, the first of them at least."""
    known = list(_keys(facts))
    return ", ".join(known[:MOST_OFFERED]) + (", …" if len(known) > MOST_OFFERED else "")


def _each(facts: Any, path: str) -> Iterator[Any]:
    """Yield what a path with ``*`` leads to for every element; None for an element that lacks it."""
    parts = list(_parts(path))
    place = parts.index(EACH)
    several = looked_up(facts, _joined(parts[:place]))
    if not isinstance(several, list | dict) or not several:
        raise LookupError("leads nowhere: there are no elements to print")
    for element in several if isinstance(several, list) else several.values():
        try:
            yield looked_up(element, _joined(parts[place + 1 :]))
        except LookupError:
            yield None


def _parts(path: str) -> Iterator[str]:
    """Yield the keys of a path.

    >>> list(_parts("sensitivity[0.9].exponent"))
    ['sensitivity', '0.9', 'exponent']
    """
    for part in PART.finditer(path):
        yield part["whole"] or part["word"]


def _joined(parts: Sequence[str]) -> str:
    return "".join(f"[{part}]" for part in parts)


def _keys(facts: Any) -> Mapping[str, Any]:
    """Return the keys that a part of a path may be, each with the key or place that it stands for."""
    if isinstance(facts, dict):
        return {str(key): key for key in facts}
    if not isinstance(facts, list):
        return {}
    named: dict[str, int] = {}
    for place, each in enumerate(facts):
        for name in NAMES if isinstance(each, dict) else ():
            if each.get(name) is not None:
                named.setdefault(_plain(each[name]), place)
    return named | {key: place for place in range(len(facts)) if (key := str(place)) not in named}


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
