"""What one cell of a table says: a number in any usual way of writing it, a word for "missing", or text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestrator.storage.results import BadInputError

MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "<na>", "nan", "nat", "none", "null", "nil", "missing", "#num!", "#div/0!", "#value!"}
    | {"-", "--", "---", "–", "—", ".", "?"}
)
NOT_SEEN = frozenset(
    {"never", "censored", "not seen", "not reached", "not yet", "no event", "unreached", "inf", "+inf", "infinity"}
    | {"+infinity", "∞", "+∞"}
)
INFINITE = {"inf": math.inf, "infinity": math.inf, "∞": math.inf}
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
LATER_THAN = re.compile(r"(?:>=?|≥)\s*(.+)|(.+)\+")
FOREIGN = re.compile(r"[0-9],|,[0-9]|[0-9]['’_ \u00a0\u202f][0-9]|\u2212|[0-9]\.[0-9]{3}")
BY_COMMAS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
BY_POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
BY_MARKS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:(['’_ \u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]*)?")
DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]*|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),[0-9]+(?:[eE][+-]?[0-9]+)?")
DECIMAL_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Writing:
    """How a file writes its numbers: with a decimal comma or point, with or without marks between thousands."""

    comma: bool = False
    thousands: bool = False

    @classmethod
    def of(cls, cells: Iterable[str]) -> Writing:
        """Return the one way of writing numbers that fits all cells; the plain one if there is none.

        >>> Writing.of(["0,1", "12,000"]), Writing.of(["0.1", "12,000"])
        (Writing(comma=True, thousands=False), Writing(comma=False, thousands=True))
        >>> Writing.of(["12,000"]) == Writing()
        True
        """
        found = [cell.lstrip("<>=≥ ") for cell in cells]
        marks = any(BY_MARKS.fullmatch(cell) for cell in found)
        by_comma = [cell for cell in found if BY_COMMAS.fullmatch(cell)]
        commas = any(DECIMAL_COMMA.fullmatch(cell) and not BY_COMMAS.fullmatch(cell) for cell in found)
        points = any(DECIMAL_POINT.fullmatch(cell) and not BY_POINTS.fullmatch(cell) for cell in found)
        surely = points or any(cell.count(",") > 1 or "." in cell for cell in by_comma)
        if commas and not surely:
            return cls(comma=True, thousands=marks or any(BY_POINTS.fullmatch(cell) for cell in found))
        return cls(thousands=marks or bool(surely and not commas and by_comma))

    def plain(self, cell: str) -> str:
        """Return a cell with its number as Python writes it, and any other cell unchanged.

        >>> Writing(comma=True, thousands=True).plain("1.234,5"), Writing(thousands=True).plain("> 12,000")
        ('1234.5', '> 12000')
        """
        if not FOREIGN.search(cell):
            return cell
        cell = cell.replace("\u2212", "-")
        number = cell.lstrip("<>=≥ ")
        sign = cell[: len(cell) - len(number)]
        if self.thousands and BY_MARKS.fullmatch(number):
            number = re.sub(r"['’_ \u00a0\u202f]", "", number)
        if self.comma and (DECIMAL_COMMA.fullmatch(number) or BY_POINTS.fullmatch(number)):
            number = number.replace(".", "").replace(",", ".")
        elif self.thousands and not self.comma and BY_COMMAS.fullmatch(number):
            number = number.replace(",", "")
        return sign + number

    def told(self) -> list[str]:
        """Return in words what is unusual."""
        return ["decimal comma"] * self.comma + ["thousands separators"] * self.thousands


def number(cell: str) -> float | None:
    """Return the number that a cell holds, or None, also for a number that a float cannot hold.

    >>> number("1e-3"), number("+2"), number("95%"), number("1e999"), number("1e-999"), number("0x10"), number("1,5")
    (0.001, 2.0, 0.95, None, None, None, None)
    """
    text, percent = cell.removesuffix("%").rstrip(), cell.endswith("%")
    if not NUMBER.fullmatch(text):
        return None
    found = float(text)
    vanished = found == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
    return None if math.isinf(found) or vanished else (found / 100 if percent else found)


def numbers(file: Path, column: pl.Series) -> pl.Series:
    """Return a column as floats; a word for "missing" is null.

    Raises: BadInputError that names the first row with anything else.
    """
    if column.dtype.is_numeric():
        return column.cast(pl.Float64)
    if column.dtype == pl.Null:
        return column.cast(pl.Float64)
    if column.dtype not in (pl.String, pl.Categorical):
        raise BadInputError(f"{file}: {column.name} must be numbers, and holds {str(column.dtype).lower()}")
    told = _told(column.cast(pl.String), lambda row, cell: _read(file, column.name, row, cell))
    return told.rename(column.name)


def are_numbers(column: pl.Series) -> bool:
    """Return whether every cell of a column is a number or missing."""
    if column.dtype != pl.String:
        return column.dtype.is_numeric()
    cells = [cell.strip() for cell in column.unique() if cell is not None]
    return all(number(cell) is not None or cell.lower() in MISSING for cell in cells)


def ends(file: Path, column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the upper ends of intervals, null where the event was not seen, and until when at least it was watched.

    Words such as "never" and an infinite end are null; so is ">2000", which says that 2,000 steps were watched.
    """
    if column.dtype != pl.String:
        values = numbers(file, column).fill_nan(None)
        upper = pl.select(pl.when(values != math.inf).then(values)).to_series().rename(column.name)
        return upper, pl.Series([None] * len(column), dtype=pl.Float64)
    watched = _told(column, lambda row, cell: _watched(cell))

    def end(row: int, cell: str) -> float | None:
        unseen = cell.strip().lower() in NOT_SEEN or _watched(cell) is not None
        return None if unseen else _read(file, column.name, row, cell)

    return _told(column, end).rename(column.name), watched


def _watched(cell: str) -> float | None:
    """Return until when a run was watched whose end is written as ">2000", or None."""
    later = LATER_THAN.fullmatch(cell.strip())
    return number((later[1] or later[2]).strip()) if later else None


def _told(column: pl.Series, read: Callable[[int, str], float | None]) -> pl.Series:
    """Return what each cell of text says, null where there is none; each different cell is read once, in order.

    ``read`` is given the row, counted from 1, in which a cell comes first.
    """
    cells = pl.DataFrame({"cell": column}).with_row_index("row", offset=1)
    firsts = cells.unique("cell", keep="first", maintain_order=True).drop_nulls("cell")
    numbers = [read(row, cell) for row, cell in firsts.iter_rows()]
    known = firsts.select("cell", value=pl.Series(numbers, dtype=pl.Float64))
    return cells.join(known, on="cell", how="left", maintain_order="left")["value"]


def _read(file: Path, name: str, row: int, cell: str) -> float | None:
    text = cell.strip()
    found = number(text)
    if found is not None or text.lower() in MISSING:
        return found
    if text.lower().lstrip("+") in INFINITE:
        return math.inf
    if text.lower().lstrip("-−") in INFINITE:
        return -math.inf
    why = " (with or without a comma between thousands?)" if BY_COMMAS.fullmatch(text) else ""
    raise BadInputError(f"{file}: {name} must be numbers; row {row} has {text!r}{why}")
