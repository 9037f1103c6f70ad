"""From the text of a table to its column names and cells, whatever the separator, the comments and the quotes are."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.fit.cells import MISSING, Writing, number

SEPARATORS = ("\t", ";", "|", ",", " ")  # at equal numbers of columns the first one counts; blanks where no other fits
NAMED = {"\t": "tab", " ": "blank"}
LOOKED_AT = 60  # lines that decide about the separator
MOST_TITLES = 10  # lines above the names of the columns
COMMENTS = ("#", "%", "//")
RULE = re.compile(r":?-{2,}:?")  # below the names of a Markdown table


class NoTableError(ValueError):
    """The text is no table; the message says why, without the file's name."""


@dataclass
class Sheet:
    """Names, rows of cells, and what was guessed about how they are written."""

    names: list[str]
    rows: list[list[str]]
    guessed: list[str] = field(default_factory=list)


def sheet(text: str) -> Sheet:
    """Return the table that a text holds, with numbers as Python writes them.

    Raises: NoTableError in words.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    torn = bool(lines[-1].strip())
    comments, lines, between = _without_comments(lines)
    if not lines:
        raise NoTableError("has no rows")
    named = re.fullmatch(r'"?sep=(.)"?', lines[0].strip())
    lines = lines[1:] if named else lines
    separator, titles = (named[1], 0) if named else _separator(lines)
    rows = _told_as(_clean, list(_split(lines[titles:], separator)))
    if not rows:
        raise NoTableError("has no rows")
    found = Sheet(*_named(rows, comments, separator))
    found.guessed += [f"{NAMED.get(separator, repr(separator))}-separated"] if separator != "," else []
    found.guessed += [f"without {titles} line{'s' * (titles > 1)} of title"] if titles else []
    found.guessed += [f"without {between} line{'s' * (between > 1)} of comment"] if between else []
    _tidy(found, torn=torn)
    writing = Writing.of(cell for cell in _different(found.rows) if any(mark in cell for mark in ",.'’_ \u00a0\u202f"))
    found.rows = _told_as(writing.plain, found.rows)
    found.guessed += writing.told()
    return found


def _told_as(plain: Callable[[str], str], rows: list[list[str]]) -> list[list[str]]:
    """Return rows with each cell as a function has it, which is asked once for each different cell."""
    changed = {cell: told for cell in _different(rows) if (told := plain(cell)) != cell}
    return [[changed.get(cell, cell) for cell in row] for row in rows] if changed else rows


def _different(rows: list[list[str]]) -> set[str]:
    return set(itertools.chain.from_iterable(rows))


def _without_comments(lines: Sequence[str]) -> tuple[list[str], list[str], int]:
    """Return the comments above the table, the lines of the table, and how many comments stand between them."""
    filled = [line for line in lines if line.strip()]
    first = next((at for at, line in enumerate(filled) if not _is_comment(line)), len(filled))
    table = filled[first:]
    between = sum(map(_is_comment, table))
    if 2 * between > len(table):  # then they are no comments: runs may be called "#1"
        return filled[:first], table, 0
    return filled[:first], [line for line in table if not _is_comment(line)] if between else table, between


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(COMMENTS)


def _separator(lines: Sequence[str]) -> tuple[str, int]:
    """Return the separator with which the most columns have a cell in every line, and how many titles stand above."""
    sample = lines[:LOOKED_AT]
    for titles in range(min(MOST_TITLES, len(sample) - 1) + 1):
        fits = {each: _columns(sample[titles:], each) for each in SEPARATORS}
        fitting = {each: columns for each, columns in fits.items() if columns > 1}
        if titles:  # a line below which everything fits may also be a row of numbers below a faulty one
            fitting = {each: columns for each, columns in fitting.items() if _are_names(sample[titles], each)}
        if fitting:
            usual = {each: columns for each, columns in fitting.items() if each != " "} or fitting
            return max(usual, key=lambda each: usual[each]), titles
    counts = {each: _commonest(sample, each) for each in SEPARATORS[:-1]}
    best = max(counts, key=lambda each: counts[each])
    return (best if counts[best] > 1 else ","), 0


def _columns(lines: Sequence[str], separator: str) -> int:
    """Return how many columns the first line has, if every other line has as many cells or one more; else 0."""
    counts = [len(row) for row in _split(lines, separator)]
    several = len(counts) > 1 and counts[0] > 1
    return counts[0] if several and all(count - counts[0] in (0, 1) for count in counts) else 0


def _commonest(lines: Sequence[str], separator: str) -> int:
    """Return how many cells most lines have, if the first one has as many."""
    counts = [len(row) for row in _split(lines, separator)]
    usual, _ = Counter(counts).most_common(1)[0]
    return usual if counts[0] == usual else 0


def _split(lines: Sequence[str], separator: str) -> Iterator[list[str]]:
    """Yield the cells of every line; runs of blanks are one separator."""
    if separator == " ":
        lines = [" ".join(line.split()) for line in lines]
    try:
        yield from csv.reader([f"{line}\n" for line in lines], delimiter=separator, skipinitialspace=separator != "\t")
    except csv.Error as fault:
        raise NoTableError(f"cannot be read: {fault}") from None


def _clean(cell: str) -> str:
    text = cell.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == "'" else text


def _named(
    rows: list[list[str]], comments: Sequence[str], separator: str
) -> tuple[list[str], list[list[str]], list[str]]:
    """Return names, rows and what was guessed; the last comment holds the names where the first row does not.

    Raises: NoTableError where there are no names.
    """
    first = rows[0]
    told = [comments[-1].lstrip().lstrip("".join(COMMENTS))] if comments else []
    above = [_clean(cell) for row in _split(told, separator) for cell in row]
    empty = all(number(cell) is not None or cell.lower() in MISSING for cell in first)
    if any(map(_is_number, first)) and len(above) == len(first) > 1 and not any(map(_is_number, above)):
        return above, rows, ["names of columns from the comment above"]
    if empty:
        raise NoTableError(f"has no names of columns: its first line is {', '.join(first[:4])}")
    return first, rows[1:], []


def _are_names(line: str, separator: str) -> bool:
    return not any(_is_number(cell.strip()) for row in _split([line], separator) for cell in row)


def _is_number(cell: str) -> bool:
    return number(cell.replace(",", ".")) is not None


def _tidy(found: Sheet, *, torn: bool) -> None:
    """Drop what is no data: empty rows and columns, names that are repeated; tell columns of one name apart.

    Raises: NoTableError that names a row whose cells do not fit the names.
    """
    repeated = sum(row == found.names for row in found.rows)
    found.guessed += [f"without {repeated} repeated line{'s' * (repeated > 1)} of names"] if repeated else []
    found.rows = [
        row for row in found.rows if any(row) and row != found.names and not all(map(RULE.fullmatch, filter(None, row)))
    ]
    width = len(found.names)
    if found.rows and all(len(row) == width + 1 for row in found.rows):
        if all(row[-1] == "" for row in found.rows):
            found.rows = [row[:-1] for row in found.rows]
        else:  # R writes no name above the names of rows
            found.names, width = ["", *found.names], width + 1
    found.rows = [row[:width] if len(row) == width + 1 and row[-1] == "" else row for row in found.rows]
    if torn and len(found.rows) > 1 and len(found.rows[-1]) < width:
        found.rows.pop()
        found.guessed.append("without the last line, which is torn")
    for index, row in enumerate(found.rows, start=1):
        if len(row) != width:
            raise NoTableError(
                f"has {width} names of columns, but row {index} has {len(row)} cells: {', '.join(row[:4])}"
            )
    kept = [at for at in range(width) if found.names[at] or any(row[at] for row in found.rows)]
    found.names = _apart([found.names[at] for at in kept])
    found.rows = [[row[at] for at in kept] for row in found.rows] if len(kept) < width else found.rows


def _apart(names: Sequence[str]) -> list[str]:
    """Return names that occur once each: none of several columns with one name keeps it.

    >>> _apart(["a", "", "b", "a"])
    ['a (column 1)', '(column 2)', 'b', 'a (column 4)']
    """
    many = {name for name, count in Counter(names).items() if count > 1 or not name}
    return [f"{name} (column {at})".strip() if name in many else name for at, name in enumerate(names, start=1)]
