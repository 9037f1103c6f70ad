"""Whether published numbers follow from the small tables of runs that lie beside them.

A folder with ``report.json`` and ``replicas.csv`` is derived again: counts, fits, intervals, verdicts, levels and
sensitivity from the table, and the tables of ``report.md`` from those. Every page is rendered again from its text, and
so are the index and the pages of papers; they must come out the same, and their links must lead somewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from analysis.frames import load
from orchestrator.reports.answers import answers
from orchestrator.reports.index import index_files
from orchestrator.reports.levels import outcomes
from orchestrator.reports.pages import markdown
from orchestrator.reports.published import INDEX, REPORT, TEXT, Published, dead_links
from orchestrator.storage.results import BadInputError
from search_spaces._files import own_experiment

CLOSE = 2e-3  # relative; other versions of the mathematics end an optimisation a little elsewhere
UNUSABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError),
    *(pl.exceptions.PolarsError, pl.exceptions.PanicException, jinja2.TemplateError),
)  # what reading somebody else's files, and answering from them, can raise


def audit(folder: Path) -> tuple[list[str], int]:
    """Return a line for every published number that differs from what its table gives, and how many were compared.

    Raises: BadInputError when the folder holds no published results.
    """
    published = Published(folder)
    if not published.reports():
        raise BadInputError(f"{folder} holds no published results (NAME/report.json); give such a folder")
    wrong: list[str] = []
    count, unusable = 0, []
    for name in published.reports():
        file = folder / name / f"{REPORT}.json"
        told, compared_here = _guarded(file, partial(_report, file))
        wrong, count = wrong + told, count + compared_here
        unusable += [name] * (not compared_here)
    if not unusable:
        told, count_of_papers = _guarded(folder / INDEX, partial(_index, published))
        wrong, count = wrong + told, count + count_of_papers
    for file in sorted(folder.glob("*.md")):
        if file.stem not in published.names() and file.name != INDEX:
            wrong.append(f"{file} has no text {file.stem}/{TEXT}: nobody can tell where its numbers are from")
    for name in sorted(set(published.names()) - set(unusable)):
        told, compared_here = _guarded(folder / f"{name}.md", partial(_page, published, name))
        wrong, count = wrong + told, count + compared_here
    return wrong, count


def _guarded(file: Path, look: Callable[[], tuple[list[str], int]]) -> tuple[list[str], int]:
    """Return what is found in files that somebody may have sent: one line if they cannot be used."""
    try:
        return look()
    except UNUSABLE as fault:
        return [f"{file} cannot be audited: {_reason(fault)}"], 0


def _report(file: Path) -> tuple[list[str], int]:
    """Return what differs between a report and what its table gives, and how many numbers were compared."""
    stored, words = json.loads(file.read_text("utf-8")), file.with_name("report.md")
    derived, printed = derive(file.parent, stored), words.read_text("utf-8")
    wrong, count = _leaves(file, stored, derived)
    wrong += [*unlike(words, printed, markdown(derived), _without_last_digits), *dead_links(words, printed)]
    return wrong, count


def _leaves(file: Path, stored: Any, derived: Any) -> tuple[list[str], int]:
    pairs = list(compared(stored, derived))
    wrong = [
        f"{file}: {path} is {published!r}, the table gives {found!r}"
        for path, published, found in pairs
        if not same(published, found)
    ]
    return wrong, len(pairs)


def _index(published: Published) -> tuple[list[str], int]:
    """Return what differs in the files that follow from all reports together, and how many numbers were compared."""
    wrong: list[str] = []
    count = 0
    for name, text in index_files(published).items():
        file = published.folder / name
        if not file.is_file():
            wrong.append(f"{file} is not there; publish writes it")
            continue
        printed = file.read_text("utf-8")
        if file.suffix == ".json":
            told, compared_here = _leaves(file, json.loads(printed), json.loads(text))
            wrong, count = wrong + told, count + compared_here
        else:
            wrong += unlike(file, printed, text)
        wrong += dead_links(file, printed) if file.suffix == ".md" else ()
    return wrong, count


def _page(published: Published, name: str) -> tuple[list[str], int]:
    """Return what differs between a page and what its text gives, and how many numbers it holds."""
    page = published.folder / f"{name}.md"
    made, printed = published.page(name), page.read_text("utf-8")
    wrong = [f"{published.folder / name / TEXT}:{line} {fault}" for line, fault in made.faults]
    wrong += () if wrong else unlike(page, printed, made.text)
    return [*wrong, *dead_links(page, printed)], made.count


def unlike(file: Path, printed: str, wanted: str, read: Callable[[str], str] = str) -> Iterator[str]:
    """Yield a line for each line of a file that is not as expected; ``read``: what of two lines is compared."""
    lines, others = printed.splitlines(), wanted.splitlines()
    matcher = SequenceMatcher(None, [*map(read, lines)], [*map(read, others)], autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        for number in range(0 if kind == "equal" else max(end - start, stop - begin)):
            line = repr(lines[start + number]) if start + number < end else "nothing"
            other = repr(others[begin + number]) if begin + number < stop else "nothing"
            yield f"{file}:{start + number + 1} reads {line}, the table gives {other}"


def derive(folder: Path, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's facts with everything that follows from the table of runs derived again.

    Raises: LookupError for an experiment that the package does not have: data sent by others names no file to import.
    """
    experiment, scale = own_experiment(stored["experiment"]), stored["scale"]
    if scale not in experiment.scales:
        raise LookupError(f"{experiment.name} has no scale {scale!r}")
    runs = load(folder / "replicas.csv", fields=experiment.scales[scale].names)
    found = outcomes(experiment, runs)
    replicas = runs.height + stored["missing"] + stored["failed"]
    return {**stored, "replicas": replicas, **found, **answers(experiment.asked_at(scale), scale, runs)}


def compared(stored: Any, derived: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path, published and derived value of every leaf; a part that one side lacks is None there."""
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


def _reason(fault: BaseException) -> str:
    """Return a fault in one line."""
    words = fault.args[0] if isinstance(fault, LookupError) and fault.args else fault
    return " ".join(str(words).split())[:200] or type(fault).__name__


def _without_last_digits(text: str) -> str:
    """Return a text with its numbers rounded to two digits, so that the last printed one may differ."""
    return re.sub(r"\d[\d,]*\.?\d*(?:e[+-]?\d+)?", lambda number: f"{float(number[0].replace(',', '')):.2g}", text)
