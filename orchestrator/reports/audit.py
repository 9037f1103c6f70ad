"""Whether published numbers follow from the small tables of runs that lie beside them.

A folder with ``report.json`` and ``replicas.csv`` is derived anew: fits, intervals, verdicts, levels and sensitivity
from the table, and the tables of ``report.md`` from those. A page beside it (``NAME.md``) quotes numbers between marks,
``<!--=fits.power.parameters.exponent-->0.72 [0.57, 0.87]<!--/-->``, which must read as the derived ones do; a mark may
name another file, ``<!--=calibration.json:cells.0.coverage-->``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from analysis.numerals import counted, digits
from orchestrator.reports.answers import answers
from orchestrator.reports.pages import markdown
from orchestrator.reports.wording import span
from orchestrator.storage.results import BadInputError
from search_spaces._files import own_experiment

MARK = re.compile(r"<!--=(?P<path>.+?)-->(?P<text>.*?)<!--/-->", re.DOTALL)
CLOSE = 2e-3  # relative; other versions of the mathematics end an optimisation a little elsewhere
NOWHERE = "nothing: no such path"
UNUSABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError),
    *(pl.exceptions.PolarsError, pl.exceptions.PanicException, jinja2.TemplateError),
)  # what reading somebody else's files, and answering from them, can raise
NAMES = ("law", "name", "noise", "x", "threshold", "role")


def audit(folder: Path) -> tuple[list[str], int]:
    """Return one line for every published number that differs from what its table gives, and how many were compared.

    Raises: BadInputError when the folder holds no published results.
    """
    tables = sorted(folder.glob("*/report.json"))
    if not tables:
        raise BadInputError(f"{folder} holds no published results (NAME/report.json); give such a folder")
    wrong: list[str] = []
    count = 0
    facts: dict[str, Any] = {}
    for file in tables:
        try:
            stored = json.loads(file.read_text("utf-8"))
            facts[file.parent.name] = derived = derive(file.parent, stored)
            differing = list(_text(file.with_name("report.md"), derived))
        except UNUSABLE as fault:
            wrong.append(f"{file} cannot be audited: {_reason(fault)}")
            continue
        for path, published, found in compared(stored, derived):
            count += 1
            if not same(published, found):
                wrong.append(f"{file}: {path} is {published!r}, the table gives {found!r}")
        wrong += differing
    for page in sorted(folder.glob("*.md")):
        try:
            told = list(marks(page, facts))
        except UNUSABLE as fault:
            wrong.append(f"{page} cannot be audited: {_reason(fault)}")
            continue
        for path, text, found in told:
            count += 1
            if text != found:
                wrong.append(f"{page}: {path} reads {text!r}, the table gives {found!r}")
    return wrong, count


def derive(folder: Path, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's facts with all that follows from the table of runs derived anew.

    Raises: LookupError for an experiment that the package does not have: data sent by others names no file to import.
    """
    experiment, scale = own_experiment(stored["experiment"]), stored["scale"]
    if scale not in experiment.scales:
        raise LookupError(f"{experiment.name} has no scale {scale!r}")
    runs = pl.read_csv((folder / "replicas.csv").read_bytes(), infer_schema_length=None)
    return {**stored, **answers(experiment.asked_at(scale), scale, runs)}


def compared(stored: Any, derived: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path, published and derived value of every leaf; a part that only one side has is None on the other."""
    if isinstance(stored, dict) and isinstance(derived, dict):
        for key in stored.keys() | derived.keys():
            yield from compared(stored.get(key), derived.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        for index, (one, other) in enumerate(zip(stored, derived, strict=True)):
            yield from compared(one, other, f"{path}.{index}")
    else:
        yield path, stored, derived


def same(published: Any, found: Any) -> bool:
    """Return whether two leaves agree: numbers to a small share, text in all but its numbers, all else exactly.

    >>> same(0.7161, 0.7160), same(0.71, 0.76), same("holds", "fails"), same("a 0.7161", "a 0.7160")
    (True, False, False, True)
    """
    numbers = [value for value in (published, found) if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == 2:
        return math.isclose(published, found, rel_tol=CLOSE, abs_tol=CLOSE)
    if isinstance(published, str) and isinstance(found, str):
        return _without_last_digits(published) == _without_last_digits(found)
    return bool(published == found)


def marks(page: Path, facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield path, text and derived text of every mark on a page."""
    for mark in MARK.finditer(page.read_text("utf-8")):
        file, _, path = mark["path"].rpartition(":")
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise ValueError(f"a mark names {file!r}, which lies outside the folder")
        source = json.loads((page.parent / file).read_text("utf-8")) if file else facts.get(page.stem, {})
        found = looked_up(source, path)
        yield mark["path"], mark["text"].strip(), NOWHERE if found is None else shown(found)


def looked_up(facts: Any, path: str) -> Any:
    """Return what a dotted path leads to; elements of lists go by law, name, x, threshold or role, or place.

    >>> looked_up({"fits": [{"law": "power", "aicc": 3.0}]}, "fits.power.aicc")
    3.0
    """
    found = facts
    for part in path.replace("\\.", "\0").split("."):
        key = part.replace("\0", ".")
        if isinstance(found, list):
            named = [each for each in found if key in [_plain(each.get(name)) for name in NAMES]]
            found = named[0] if named else (found[int(key)] if key.isdigit() and int(key) < len(found) else None)
        else:
            found = found.get(key) if isinstance(found, dict) else None
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


def _reason(fault: BaseException) -> str:
    """Return a fault in one line."""
    words = fault.args[0] if isinstance(fault, LookupError) and fault.args else fault
    return " ".join(str(words).split())[:200] or type(fault).__name__


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(page: Path, derived: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for every line of the Markdown report that the derived facts would print otherwise."""
    printed, wanted = page.read_text("utf-8").splitlines(), markdown(derived).splitlines()
    if len(printed) != len(wanted):
        yield f"{page} has {counted(len(printed), 'line')}, the table gives {len(wanted)}"
    for number, (line, other) in enumerate(zip(printed, wanted, strict=False), start=1):
        if _without_last_digits(line) != _without_last_digits(other):
            yield f"{page}:{number} reads {line!r}, the table gives {other!r}"


def _without_last_digits(text: str) -> str:
    """Return a text with its numbers rounded to two digits, so that the last printed one may differ."""
    return re.sub(r"\d[\d,]*\.?\d*(?:e[+-]?\d+)?", lambda number: f"{float(number[0].replace(',', '')):.2g}", text)
