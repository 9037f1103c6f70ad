"""The x and the group of a run: from its curve, a table of runs, a file of settings beside it, or its name."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from orchestrator.fit.cells import MISSING, number
from orchestrator.fit.run_names import UnclearNameError, value_in
from orchestrator.fit.tables import Table
from orchestrator.storage.results import BadInputError

SETTINGS = (".hydra/overrides.yaml", ".hydra/config.yaml", "params.json", "hparams.yaml", "config.yaml", "config.json")
LARGEST_SETTINGS_BYTES = 200_000
ROUNDING = 0.05  # by which a name may differ from a file of settings: Ray rounds in names
FEW = 5


@dataclass(frozen=True)
class Run:
    """One run: its name, its file, the parts of the file's path in which files differ, and the rows of its curve."""

    name: str
    file: Path
    parts: tuple[str, ...]
    alone: int  # the folders from the innermost outwards that hold no other run's file
    rows: pl.DataFrame

    @property
    def called(self) -> list[str]:
        """All names of the run, the best one first."""
        return list(dict.fromkeys([self.name, *reversed(self.parts), "/".join(self.parts)]))


@dataclass
class Facts:
    """Finds the wanted fields of runs and remembers where; ``given`` holds a table of runs by name."""

    wanted: Sequence[str]
    numeric: Sequence[str]
    counted: Sequence[str]
    given: Mapping[str, Mapping[str, Any]] | None = None
    from_names: dict[str, dict[Any, str]] = field(default_factory=dict)
    from_files: Counter[str] = field(default_factory=Counter)
    from_table: dict[str, str] = field(default_factory=dict)

    def of(self, run: Run) -> dict[str, Any]:
        """Return the wanted fields of a run.

        Raises: BadInputError in one line if a field is nowhere, or has different values.
        """
        if self.given is not None:
            return self._in_table(run, self.given)
        return {name: self._value(run, name) for name in self.wanted}

    def told(self) -> list[str]:
        """Return what was taken from names and from files of settings, in at most one line each."""
        named = "; ".join(f"{name} {_shown(values)}" for name, values in self.from_names.items())
        beside = ", ".join(f"{told} ({count} run{'s' * (count > 1)})" for told, count in self.from_files.items())
        return [f"read from names: {named}"] * bool(named) + [f"read from files beside the curves: {beside}"] * bool(
            beside
        )

    def _in_table(self, run: Run, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        name = next((each for each in run.called if each in given), None)
        if name is None:
            raise BadInputError(
                f"{run.file}: the table of runs does not list the run {run.name!r}; its runs: {_few(given)}"
            )
        if name in self.from_table:
            raise BadInputError(
                f"the runs {self.from_table[name]!r} and {run.name!r} are both {name!r} in the table of runs"
            )
        self.from_table[name] = run.name
        found = {each: self._typed(run, each, value, f"{each} = {value}") for each, value in given[name].items()}
        if empty := [each for each, value in found.items() if value is None]:
            raise BadInputError(f"the table of runs has no {empty[0]} for the run {name!r}; fill it")
        return found

    def _value(self, run: Run, name: str) -> Any:
        found = self._in_column(run, name)
        if found is None:
            found = self._beside(run, name)
        if found is None:
            raise BadInputError(
                f"{run.file}: run {run.name!r} has no {name!r}: neither one value in a column, nor {name}=… in its "
                "name or its folders'; give a table of runs with --runs"
            )
        return found

    def _in_column(self, run: Run, name: str) -> Any:
        if name not in run.rows.columns:
            return None
        cells = run.rows[name].drop_nulls().unique(maintain_order=True).to_list()
        told = {self._typed(run, name, cell, f"{name} = {cell}"): cell for cell in cells if not _is_missing(cell)}
        values = list(told)
        if len(values) > 1:
            raise BadInputError(
                f"{run.file}: {name} has {len(values)} values in the run {run.name!r} ({values[0]}, {values[1]}, …): "
                "several runs in one; tell them apart with --run"
            )
        return values[0] if values else None

    def _beside(self, run: Run, name: str) -> Any:
        """Return what settings beside the run, or its name, say about a field; both must agree up to rounding."""
        named = self._in_names(run, name)
        set_in = settings_of(run, name)
        if set_in is None:
            if named is not None:
                self.from_names.setdefault(name, {})[named[0]] = named[1]
            return named and named[0]
        value, file = self._typed(run, name, set_in[0], f"{name} in {set_in[1]}"), set_in[1]
        if named is not None and _differ(value, named[0]):
            raise BadInputError(
                f"{run.file}: {name} is {value} in {file}, but {named[1]!r} in the run's name; mend one"
            )
        self.from_files[f"{name} in {next(each for each in SETTINGS if file.as_posix().endswith(each))}"] += 1
        return value

    def _in_names(self, run: Run, name: str) -> tuple[Any, str] | None:
        texts = dict.fromkeys([run.name, *reversed(run.parts)])
        found = self._said(run, name, texts) or self._said(run, name, [run.file.absolute().parent.name])
        sure = [each for each in found if isinstance(each[0], float)] or found
        if len({value for value, _ in sure}) > 1:
            told = " and ".join(dict.fromkeys(repr(piece) for _, piece in sure))
            raise BadInputError(
                f"{run.file}: {told} say different things about {name}; give a table of runs with --runs"
            )
        return (self._typed(run, name, *sure[0]), sure[0][1]) if sure else None

    def _said(self, run: Run, name: str, texts: Iterable[str]) -> list[tuple[Any, str]]:
        others = [other for other in self.wanted if other != name]
        try:
            said = [value_in(name, text, others, counted=name in self.counted) for text in texts]
        except UnclearNameError as fault:
            raise BadInputError(f"{run.file}: {fault}, or give a table of runs with --runs") from None
        return [each for each in said if each]

    def _typed(self, run: Run, name: str, value: Any, piece: str) -> Any:
        """Return a value as a number if it is one."""
        found = number(value.strip()) if isinstance(value, str) else value
        if isinstance(found, int | float) and not isinstance(found, bool):
            return float(found)
        if name in self.numeric and value is not None:
            raise BadInputError(f"{run.file}: {name} must be a number; read {piece!r}; rename it, or give --runs")
        return value


def _is_missing(cell: Any) -> bool:
    return cell != cell or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def settings_of(run: Run, name: str) -> tuple[Any, Path] | None:
    """Return a field's value in a file of settings in one of the run's own folders, and that file."""
    for folder in list(run.file.parents)[: run.alone]:
        for file in (folder / each for each in SETTINGS):
            values = {json.dumps(value): value for key, value in _leaves(file) if _names(key, name)}
            if len(values) > 1:
                raise BadInputError(f"{file} gives {name} several values: {', '.join(list(values)[:FEW])}")
            for value in values.values():
                return value, file
    return None


def _leaves(file: Path) -> Iterator[tuple[str, Any]]:
    """Yield the names, inner ones after a point, and values of a file of settings, unless it is too large for one.

    Raises: BadInputError where it cannot be read.
    """
    from search_spaces._yaml import plain_data

    try:
        if not file.is_file() or file.stat().st_size > LARGEST_SETTINGS_BYTES:
            return
        facts = json.loads(file.read_text("utf-8")) if file.suffix == ".json" else plain_data(file)
    except (OSError, ValueError, LookupError, RecursionError) as fault:
        why = str(fault).splitlines()[0]
        raise BadInputError(f"{file} lies beside a run and cannot be read ({why}); mend or remove it") from None
    if isinstance(facts, list):  # Hydra's overrides
        facts = dict(str(each).lstrip("+").split("=", 1) for each in facts if "=" in str(each))
    yield from _flat(facts) if isinstance(facts, dict) else ()


def _flat(facts: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in facts.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(value, dict):
            yield from _flat(value, name)
        elif isinstance(value, str | int | float):
            yield name, value


def _names(key: str, name: str) -> bool:
    """Return whether a setting is the field; W&B keeps it under ``value``."""
    return name in (key, key.removesuffix(".value").rsplit(".", 1)[-1], key.rsplit("/", 1)[-1])


def _differ(value: Any, named: Any) -> bool:
    if isinstance(value, float) and isinstance(named, float):
        return named != 0 and not math.isclose(value, named, rel_tol=ROUNDING)
    return str(value) != str(named)


def table_of_runs(table: Table, key: str, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the wanted fields of every run that a table lists.

    Raises: BadInputError if a column is missing or a run is listed twice.
    """
    table.need([key, *wanted])
    names = [str(name).strip() for name in table.rows[key]]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadInputError(f"{table.file} lists the run {twice[0]!r} more than once in the column {key!r}")
    rows = table.rows.select(pl.col(name) for name in wanted).iter_rows(named=True)
    return dict(zip(names, rows, strict=True))


def column_of_names(table: Table, runs: Sequence[Run], asked: str | None) -> str:
    """Return the column of a table of runs that holds their names: the one asked for, ``run``, or the only one.

    Raises: BadInputError if none or several do.
    """
    columns = table.rows.columns
    if asked is not None and asked in columns:
        return asked
    named = {column: {str(name).strip() for name in table.rows[column]} for column in columns}
    hits = {column: sum(not names.isdisjoint(run.called) for run in runs) for column, names in named.items()}
    found = [column for column in columns if hits[column] == max(hits.values()) > len(runs) / 2]
    if "run" in found or ("run" in columns and not found):
        return "run"
    if found and all(table.rows[column].equals(table.rows[found[0]]) for column in found):
        return found[0]
    why = f"{' and '.join(found)} may" if found else f"none does; columns: {', '.join(columns)}"
    name = f"such as {runs[0].name!r}"
    raise BadInputError(f"{table.file}: which column holds the names of the runs, {name}? {why}; say it with --run")


def _shown(values: Mapping[Any, str]) -> str:
    shown = [f"{value:g} ({piece!r})" if isinstance(value, float) else repr(piece) for value, piece in values.items()]
    return ", ".join(shown[:FEW]) + (f" and {len(values) - FEW} more" if len(values) > FEW else "")


def _few(names: Mapping[str, Any]) -> str:
    return ", ".join([*list(names)[:FEW], *(["…"] if len(names) > FEW else [])]) or "none"
