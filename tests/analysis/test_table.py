"""The table of runs: what it says of each replica, and that the published form loses nothing."""

from __future__ import annotations

import io

import polars as pl
from test_results import row

from analysis import table


def replicas() -> pl.DataFrame:
    """Return four replicas: grokked, not yet, never memorised, diverged."""
    made = []
    for name, grokked, memorised, status in (
        ("a", (90, 100), (10, 20), "observed"),
        ("b", (500, None), (10, 20), "budget"),
        ("c", (500, None), (500, None), "budget"),
        ("d", (30, None), (10, 20), "diverged"),
    ):
        facts = row(name, 500, status)
        event = facts["events"][0]
        facts["events"] = [
            {**event, "lower": grokked[0], "upper": grokked[1], "relapses": 2},
            {**event, "name": "memorised", "lower": memorised[0], "upper": memorised[1]},
        ]
        made.append(facts)
    return table.replicas_frame(made)


def test_every_outcome_has_its_name() -> None:
    found = table.timeline(table.wide(replicas(), ["kl_strength"]), 0.99)
    assert dict(found.select("id", "outcome").iter_rows()) == {
        "a": "grokked",
        "b": "not yet",
        "c": "never memorised",
        "d": "diverged",
    }
    assert found.filter(pl.col("id") == "a").select("lower", "upper", "relapses", "kl_strength").row(0) == (
        90,
        100,
        2,
        0.1,
    )


def test_delay_spans_all_that_both_intervals_allow_and_needs_memorising() -> None:
    found = table.delays(table.timeline(table.wide(replicas(), []), 0.99))
    assert found.select("id", "lower", "upper").rows() == [("a", 70, 90), ("b", 480, None), ("d", 10, None)]


def test_the_published_table_reads_back_as_the_same_timeline() -> None:
    runs = table.wide(replicas(), ["kl_strength"])
    again = pl.read_csv(io.StringIO(runs.write_csv()), infer_schema_length=None)
    assert table.timeline(again, 0.99).rows() == table.timeline(runs, 0.99).rows()


def test_a_threshold_that_was_not_recorded_has_no_rows() -> None:
    assert table.timeline(table.wide(replicas(), []), 0.5).is_empty()
