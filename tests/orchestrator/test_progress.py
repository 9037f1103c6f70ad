"""What is shown of a launch: counts of all levels, the time left, rows that fit the screen."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from test_plan import LEVELS, experiment, plan

from analysis.criteria import GROKKED
from orchestrator.study import progress
from orchestrator.study.plan import Plan, make_plan
from orchestrator.study.progress import CENSORED, DIVERGED, PARENTS, TRAINING, Level, Progress
from orchestrator.terminal.lines import Lines
from orchestrator.terminal.live import Live, fitting
from search_spaces._space import Search, SearchSpace
from trainables.replica import Replica

GROKS = [(GROKKED, threshold) for threshold in (0.9, 0.95, 0.99)]


def chunk(running: Sequence[Replica], *ended: tuple[Replica, str, list[float]], **more: Any) -> dict[str, Any]:
    facts = {"pack": "a", "replica_steps": 40, "chunk_s": 2.0, "notes": []}
    return {**facts, "running": running, "ended": [(each.id, how, grokked) for each, how, grokked in ended], **more}


def counts(shown: Progress) -> dict[tuple[str, str], dict[str, int]]:
    return {(level.part, level.name): dict(level.counts) for level in shown.levels()}


def test_line_adds_up_packs_and_estimates_from_pilots(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    made = plan()
    shown = Progress(made)
    first, second, third, *others = made.replicas
    clock[0] = 100.0
    shown.observe(chunk(made.replicas, (first, "observed", GROKS)))
    clock[0] = 102.0
    shown.observe(chunk(made.replicas, (second, "budget", GROKS[:1]), (third, "budget", []), pack="b"))
    assert shown.line() == (
        "strengths  3/8 done (2 censored) · 5 training · 20 replica-steps/s · about 35 s left"
    )  # 780 replica-steps expected, 80 made in 4 s
    assert len(others) == 5


def test_each_level_counts_how_its_replicas_ended_before_this_launch_too() -> None:
    done = plan().replicas[0]
    made = plan({done.id: ("observed", 50)})
    shown = Progress(made, {done.id: GROKKED})
    same, other, diverges = made.replicas[1], made.replicas[2], made.replicas[4]
    shown.observe(chunk([same, other, diverges], (other, "budget", GROKS[:2]), (diverges, "diverged", [])))
    assert counts(shown) == {
        ("", "λ = 0.1"): {GROKKED: 1, TRAINING: 1},
        ("", "λ = 0.2"): {CENSORED: 1},
        ("", "λ = 0.3"): {DIVERGED: 1},
        ("", "λ = 0.4"): {},
    }


def test_a_run_that_went_on_to_its_budget_after_grokking_counts_as_grokked() -> None:
    made = plan()
    shown = Progress(made)
    shown.observe(chunk(made.replicas[:1], (made.replicas[0], "budget", GROKS)))
    assert counts(shown)["", "λ = 0.1"] == {GROKKED: 1}


def test_a_failed_pack_that_is_tried_again_counts_once() -> None:
    made = plan()
    shown = Progress(made)
    shown.observe(chunk(made.replicas[:4]))
    shown.observe(chunk(made.replicas[4:], pack="b"))  # the first failed meanwhile, and waits
    assert "4 training" in shown.line()
    shown.observe(chunk(made.replicas[:2], pack="c"))
    assert "2 training" in shown.line()


def searching() -> Plan:
    search = Search(
        ranges={"weight_decay": (0.1, 1.0)}, first=({"weight_decay": 0.5},), tries=3, confirming_seeds=(8, 9)
    )
    size = experiment().scales["laptop"]
    scale = replace(size, space=SearchSpace({"kl_strength": (0.1,)}), search=search)
    asked = replace(experiment(), scales={"laptop": scale})
    return make_plan(asked, "laptop", settled={}, checkpoint_steps=lambda name: [], slots=1, replicas_per_pack=8)


def test_points_of_a_search_appear_when_they_are_chosen() -> None:
    made = searching()
    shown = Progress(made)
    assert [level.name for level in shown.levels()] == ["weight_decay = 0.5"]
    size = made.experiment.scales["laptop"]
    chosen = made.experiment.at(size.at({"weight_decay": 0.25}), (0, 1))
    again = made.experiment.at(size.at({"weight_decay": 0.25}), (8, 9))
    shown.observe(chunk([*chosen, *again]))
    assert list(counts(shown)) == [
        ("", "weight_decay = 0.5"),
        ("", "weight_decay = 0.25"),
        ("measured again on fresh seeds", "weight_decay = 0.25"),
    ]
    assert shown.line().startswith("strengths  0/10 done")


def test_parents_have_a_row_of_their_own_and_are_no_part_of_the_whole() -> None:
    size = experiment().scales["laptop"]
    scale = replace(size, fields={**size.fields, "prior": "teacher", "parent_steps": 50})
    asked = replace(experiment(), scales={"laptop": scale})
    made = make_plan(asked, "laptop", settled={}, checkpoint_steps=lambda name: [], slots=1, replicas_per_pack=8)
    assert made.parents
    shown = Progress(made)
    shown.observe(chunk(made.parents, *((parent, "budget", []) for parent in made.parents)))
    assert shown.levels()[-1].name == PARENTS and shown.levels()[-1].counts.total() == len(made.parents)
    assert shown.line().startswith("strengths  0/8 done (0 censored) · 0 training")


def levels(parts: int, each: int) -> list[Level]:
    made = [Level(f"part {p}" if parts > 1 else "", f"level {n}", 4) for p in range(parts) for n in range(each)]
    made[1].counts[TRAINING] = 2
    return made


@pytest.mark.parametrize(
    "parts, each, names",
    [
        (1, 5, [f"level {n}" for n in range(5)]),
        (2, 3, ["level 0", "level 1", "level 2"] * 2),
        (3, 5, [f"level {n}" for n in range(5)]),
        (1, 40, ["level 1", "39 others"]),
    ],
)
def test_rows_fit_the_screen_and_lose_no_replica(parts: int, each: int, names: list[str]) -> None:
    given = levels(parts, each)
    rows = fitting(given, 8)
    assert [row.name for row in rows] == names
    assert sum(row.replicas for row in rows) == sum(level.replicas for level in given)
    assert sum(row.counts[TRAINING] for row in rows) == 2


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [40, 60, 80, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_of_the_table_is_wider_than_the_terminal(
    columns: int, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "24")
    out = Tty()
    monkeypatch.setattr(type(out), "encoding", encoding, raising=False)
    display, made = Live(out, Tty()), plan()
    shown = Progress(made)
    shown.observe(chunk(made.replicas, (made.replicas[0], "diverged", []), (made.replicas[1], "observed", GROKS)))
    with display.phase("training 8 replicas and 3 parents with a name that is long", shown):
        display.tell("a note that is longer than most terminals are wide, with some-long-words-in-it")
    screen = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", out.getvalue()).replace("\r", "\n")
    assert max(map(len, screen.splitlines())) <= columns
    for word in ("grok", "cens", "div", "0.1", "0.2", "0.3", "0.4", "20 replica-steps/s", "about 37 s left"):
        assert word in screen
    assert screen.isascii() or encoding == "utf-8"


def test_plain_lines_bear_no_control_characters_and_are_few() -> None:
    out, made = io.StringIO(), plan()
    shown, display = Progress(made), Lines(out, io.StringIO())
    with display.phase("starting Ray", None):
        pass
    with display.phase("training 8 replicas", shown):
        for _ in range(50):
            shown.observe(chunk(made.replicas))
            display.advance(shown)
    told = out.getvalue().splitlines()
    assert told[:2] == ["starting Ray", "training 8 replicas"] and len(told) == 4
    assert out.getvalue().replace("\n", "").isprintable()


def test_levels_named_alike_in_six_digits_stay_apart() -> None:
    assert len({progress.shown(level) for level in LEVELS}) == len(LEVELS)
    assert isinstance(Live(Tty(), Tty())._console, Console)
