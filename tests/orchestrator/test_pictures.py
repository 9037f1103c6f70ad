"""The figures of every experiment, from published tables and made-up curves: sound, and showing what was judged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from figure_faults import drawn
from made_curves import PUBLISHED, curves_of, published, study_of

from analysis.contrast import _ratio
from analysis.figures import _style
from analysis.likelihood import Times
from orchestrator.reports import pictures
from search_spaces import MeasureChange, MeasureWithin, RatioWithin, ShareWithin
from trainables.names import available

NAMES = [name for name in available("search_spaces") if (PUBLISHED / name / "replicas.csv").exists()]
MOST = 12  # figures of a report


def draw(name: str, monkeypatch: pytest.MonkeyPatch, runs: pl.DataFrame | None = None) -> dict[str, Any]:
    """Return the matplotlib figures of a report by name, without writing them."""
    found: dict[str, Any] = {}

    def kept(figure: Any, folder: Path, name: str) -> Path:
        found[name] = figure
        return folder / f"{name}.svg"

    monkeypatch.setattr(_style, "save", kept)
    study, (table, facts) = study_of(name), published(name)
    shown = table if runs is None else runs
    made = pictures.draw(study, shown, curves_of(study.experiment, shown), facts, Path("nowhere"))
    assert [each.name for each in made] == list(found)
    assert all(len(each.alt) > 20 and each.caption.endswith(".") for each in made)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_is_empty_cut_off_overprinted_or_pale(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = draw(name, monkeypatch)
    results = {key: drawn(figure) for key, figure in figures.items()}
    assert {key: faults for key, (faults, _) in results.items() if faults} == {}
    assert len({pixels for _, pixels in results.values()}) == len(results) <= MOST
    _shows_what_was_judged(name, figures)


def _shows_what_was_judged(name: str, figures: dict[str, Any]) -> None:
    """Compare the numbers in the figures of claims with the published verdicts."""
    _, facts = published(name)
    study = study_of(name)
    for claim, verdict in zip(study.experiment.claims, facts["claims"], strict=True):
        if verdict["effect"] is None:
            continue
        axes = _axes_of(claim, verdict, figures)
        (estimate,) = _drawn(axes, "estimate")
        assert estimate == pytest.approx(verdict["effect"], rel=1e-9), claim.name
        low, high = _drawn(axes, "interval")
        assert verdict["low"] is None or low == pytest.approx(max(verdict["low"], axes.get_xlim()[0]))
        assert verdict["high"] is None or high == pytest.approx(min(verdict["high"], axes.get_xlim()[1]))
        if isinstance(claim.rule, RatioWithin):
            assert _ratio_of(axes) == pytest.approx(verdict["effect"], rel=0.02), claim.name
        elif isinstance(claim.rule, (MeasureWithin, MeasureChange, ShareWithin)):
            assert np.mean(_drawn(axes, "seeds")) == pytest.approx(verdict["effect"], rel=1e-6), claim.name


def _axes_of(claim: Any, verdict: dict[str, Any], figures: dict[str, Any]) -> Any:
    if isinstance(claim.rule, RatioWithin):
        return figures[f"paired_{claim.name}"].axes[0]
    title = f"{claim.name.replace('_', ' ')}: {verdict['verdict']}"
    return next(axes for axes in figures["claims"].axes if axes.get_title("left").replace("\n", " ") == title)


def _drawn(axes: Any, what: str) -> list[float]:
    return [float(x) for line in axes.lines if line.get_gid() == what for x in line.get_xdata()]


def _ratio_of(axes: Any) -> float:
    """Return the median ratio of the pairs that are drawn, worked out as the rule does."""
    ends: list[tuple[float, float]] = []
    for line in axes.lines:
        x = list(map(float, line.get_xdata()))
        if line.get_gid() == "pair":
            ends.append((x[0], x[1]))
        elif line.get_gid() == "at least":
            ends.append((x[0], math.inf))
        elif line.get_gid() == "at most":
            ends.append((0.0, x[0]))
    lower, upper = np.array(ends).T
    return float(_ratio(Times(np.ones(len(ends)), lower, upper), list(range(len(ends)))).estimate)


def test_steps_of_a_parent_are_in_the_figure_of_the_claim_that_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = draw("bayesian_ticket", monkeypatch)
    plain, added = (_ratio_of(figures[f"paired_{name}"].axes[0]) for name in _TICKETS)
    assert added > 2 * plain


_TICKETS = ("ticket_beats_dense", "ticket_pays_for_its_parent")


def some(table: pl.DataFrame, x: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield small parts of a table: one run, one level, one seed, all censored, all diverged."""
    yield "one run", table.head(1)
    yield "one level", table.filter(pl.col(x).eq_missing(table[x][0]))
    yield "one seed", table.filter(pl.col("data_seed") == table["data_seed"].min())
    censored = [
        pl.lit(None).cast(pl.Int64).alias(name) for name in table.columns if "grokked" in name and "_upper" in name
    ]
    yield "all censored", table.with_columns(censored)
    yield "all diverged", table.with_columns(*censored, status=pl.lit("diverged"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["kl_scaling", "bayesian_ticket", "frozen_oracle_attention", "kl_by_weight_decay"])
def test_figures_of_any_part_of_the_runs_are_drawn_without_warnings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = published(name)
    for kind, runs in some(table, study_of(name).experiment.x):
        figures = draw(name, monkeypatch, runs)
        faults = {key: drawn(figure)[0] for key, figure in figures.items() if not key.startswith(("paired", "claims"))}
        assert {key: each for key, each in faults.items() if each} == {}, kind


def test_a_probe_that_never_changes_is_told_and_not_drawn(tmp_path: Path) -> None:
    study, (runs, facts) = study_of("frozen_oracle_attention"), published("frozen_oracle_attention")
    curves = curves_of(study.experiment, runs).with_columns(
        value=pl.when(pl.col("probe") == "attention_kl").then(0.0).otherwise(pl.col("value"))
    )
    (tmp_path / "attention_kl.svg").write_text("of an earlier report")
    made = pictures.draw(study, runs, curves, facts, tmp_path)
    assert "attention_kl" not in {each.name for each in made}
    assert "nats, 0 in every run throughout." in made[0].caption
    assert not (tmp_path / "attention_kl.svg").exists()
