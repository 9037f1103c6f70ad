"""What the verb ``fit`` is asked: its options are checked before anything is read, then table or curves are fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.storage.results import BadInputError

VALUE, THRESHOLD = "value", 0.99


@dataclass(frozen=True, kw_only=True)
class FitAsked:
    """The options of ``fit``; those of tables and of curves by name, None where not given."""

    x: Sequence[str]
    group: str | None
    laws: Sequence[str]
    table: Path | None
    of_tables: Mapping[str, str | None]
    curves: str | None
    of_curves: Mapping[str, Any]
    out: Path | None

    def check(self) -> None:
        """Raise BadInputError in one line for options that would do nothing, and for unknown laws."""
        from analysis.laws import law_names
        from orchestrator.fit.fits import check_names
        from trainables.names import near_match

        if self.table is not None and self.curves is not None:
            raise BadInputError(f"give either the table {self.table} or --curves {self.curves!r}, not both")
        if self.table is None and self.curves is None:
            raise BadInputError("give either a table of intervals or --curves 'runs/*.csv'")
        idle, of, instead = (
            (self.of_curves, "curves", "--curves 'runs/*.csv' instead of a table")
            if self.curves is None
            else (self.of_tables, "a table of intervals", "a table instead of --curves")
        )
        if given := [f"--{name}" for name, option in idle.items() if option is not None]:
            idle_here = f"{' and '.join(given)} {'are' if len(given) > 1 else 'is'} for {of} and of no use here"
            raise BadInputError(f"{idle_here}; leave it out, or give {instead}")
        if unknown := [name for name in self.laws if name not in law_names()]:
            hint = near_match(unknown[0], law_names())
            raise BadInputError(f"unknown law {', '.join(unknown)}; laws: {', '.join(law_names())}{hint}")
        if twice := [name for name in self.laws if self.laws.count(name) > 1]:
            raise BadInputError(f"--law {twice[0]} is given twice; give it once")
        if self.laws and len(self.x) > 1:
            raise BadInputError("--law is for one --x: several are fitted by a regression; leave it out")
        if self.curves is not None:
            check_names(self.x, {"--group": self.group, **self._points()})

    def _points(self) -> dict[str, str | None]:
        return {f"--{name}": self.of_curves[name] for name in ("step", "value")}


def answer(asked: FitAsked) -> tuple[dict[str, Any], list[str]]:
    """Return the facts of a fit, with all guesses as ``notes``, and the lines that are printed.

    Raises: BadInputError in one line for anything that cannot be used.
    """
    from orchestrator.fit.fits import fit_table, interval_rows, lines
    from orchestrator.fit.page import check_place, write

    asked.check()
    if asked.out is not None:
        check_place(asked.out, [path for path in (asked.table, asked.of_curves["runs"]) if path])
    notes: list[str] = []
    if asked.table is not None:
        ends = {name: column or name for name, column in asked.of_tables.items()}
        rows = interval_rows(asked.table, x=asked.x, **ends, group=asked.group, notes=notes)
    else:
        rows = _of_curves(asked, notes)
    fitted = fit_table(rows, x=asked.x, laws=asked.laws)
    facts = {**fitted.facts, "notes": notes}
    told = lines(facts)
    if asked.out is not None:
        write(asked.out, fitted, facts, told, source=str(asked.table or asked.curves))
    return facts, told


def _of_curves(asked: FitAsked, notes: list[str]) -> Any:
    from orchestrator.fit.curves import runs_of

    given = {name: option for name, option in asked.of_curves.items() if option is not None}
    words = {"value": VALUE, "threshold": THRESHOLD, **given}
    if not math.isfinite(words["threshold"]):
        raise BadInputError(f"--threshold {words['threshold']} must be a finite number, such as 0.95")
    rows = runs_of(str(asked.curves), notes, x=asked.x, group=asked.group, **words)
    return rows.rename({asked.group: "group"} if asked.group else {})
