"""What every measure must do, fed by discovery."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from made_runs import COLUMNS, grokking, made
from tiny import tiny_replica

from analysis.measures import among, columns_of, measure_named, measure_names, probes_of, range_of
from analysis.measures._run import WRITERS, Run
from analysis.table import TIMELINE
from trainables.family import rules
from trainables.names import available
from trainables.pack import Pack
from trainables.replica import Recording, family_named

NAMES = measure_names()
RUNS = {
    "grokking": grokking(),
    "never grokked": made(memorised=60),
    "never memorised": made(),
    "one evaluation": made(steps=np.array([0])),
    "empty": made(steps=np.array([], dtype=np.int64)),
    "diverged": made(memorised=60, **{name: np.where(np.arange(101) < 50, 0.5, np.nan) for name in COLUMNS}),
}


@pytest.mark.parametrize("name", NAMES)
def test_measure_is_named_like_its_file_and_explains_itself(name: str) -> None:
    module = importlib.import_module(f"analysis.measures.{name}")
    found = measure_named(name)
    assert found.__name__ == name and found.__doc__ and module.SOURCE
    public = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    assert [each.__name__ for each in public if each.__name__[0] != "_"] == [name]
    for column in found(grokking()):
        assert f"``{column}``" in module.__doc__ or f"``{column[:18]}" in module.__doc__, column


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
@pytest.mark.parametrize("name", NAMES)
def test_the_same_columns_come_back_for_every_run_and_never_infinite(name: str, run: Run) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = measure_named(name)(run)
    assert list(found) == list(measure_named(name)(grokking()))
    for column, value in found.items():
        assert value is None or isinstance(value, int | float), column
        assert value is None or not math.isinf(value), column


@pytest.mark.parametrize("name", NAMES)
def test_a_run_without_evaluations_has_no_values(name: str) -> None:
    assert set(measure_named(name)(RUNS["empty"]).values()) == {None}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
@pytest.mark.parametrize("name", NAMES)
def test_numbers_lie_in_the_range_of_their_column(name: str, run: Run) -> None:
    for column, value in measure_named(name)(run).items():
        least, most = range_of(column)
        assert value is None or math.isnan(value) or least is None or value >= least, column
        assert value is None or math.isnan(value) or most is None or value <= most, column


@pytest.mark.parametrize("name", NAMES)
def test_a_range_is_one_of_a_column(name: str) -> None:
    module = importlib.import_module(f"analysis.measures.{name}")
    named = [each for kind in ("SHARES", "NONNEGATIVE", "NONPOSITIVE") for each in getattr(module, kind, ())]
    assert all(any(column.startswith(each) for column in measure_named(name)(grokking())) for each in named)


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_names_all_columns_that_it_gives(name: str) -> None:
    scored = made(memorised=60, score_variance=np.full(101, 0.5))
    given = {column for run in (*RUNS.values(), scored) for column in measure_named(name)(run)}
    assert all(among(column, columns_of(name)) for column in given)
    assert all(any(among(column, [each]) for column in given) for each in columns_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_curve_is_left_out_or_names_a_probe_that_there_is(name: str) -> None:
    run = grokking()
    for column in COLUMNS:
        kept = {each: values for each, values in run.columns.items() if each != column}
        try:
            measure_named(name)(made(memorised=60, grokked=800, without=(column,), **kept))
        except ValueError as fault:
            assert any(f"probes=('{probe}',)" in str(fault) for probe in available("trainables.probes"))
    assert set(probes_of(name)) <= set(available("trainables.probes"))


def test_columns_are_unique_and_clash_with_no_field() -> None:
    columns = [column for name in NAMES for column in measure_named(name)(grokking())]
    assert len(columns) == len(set(columns))
    assert not set(columns) & {*TIMELINE, *rules(family_named("kl_prior").Config)}
    assert not [column for column in columns if column.startswith(("grokked_", "memorised_")) or column.endswith("_b")]


def test_every_column_is_written_by_the_probe_that_is_named() -> None:
    own = importlib.import_module("trainables.families.kl_prior").PROBES
    probes = tuple(sorted({*WRITERS.values()} - set(own)))
    pack = Pack([tiny_replica(recording=Recording(probes=probes))])
    _, view = pack.backward()
    parts = zip((*own, *probes), pack.parts.probes, strict=True)
    written = {column: probe for probe, part in parts for column in part.measure(view)}
    assert {column: written.get(column) for column in WRITERS} == WRITERS
