"""Fits and figures of a Polars frame: the numbers that reports have, and words for what cannot be used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

import analysis
from analysis import draw_laws, draw_survival, fit_laws, fit_regression, load, timeline

PUBLISHED = Path(__file__).parents[2] / "docs" / "results"
GROKKED = {"lower": "grokked_0.99_lower", "upper": "grokked_0.99_upper"}


def runs(**columns: Any) -> pl.DataFrame:
    """Return runs that take 100 / x steps, seen within 10, the last of them censored."""
    x = np.repeat([0.1, 0.3, 1.0, 3.0], 3)
    upper = [*map(int, 100 / x[1:] + 5 * (np.arange(11) % 3)), None]
    rows = {"decay": x, "lower": [max((end or 30) - 10, 0) for end in upper], "upper": upper, "seed": [0, 1, 2] * 4}
    return pl.DataFrame({**rows, **columns})


@pytest.mark.parametrize("name", ["mlp_weight_decay", "model_width"])
def test_fits_of_a_published_table_are_those_of_its_report(name: str) -> None:
    stored = json.loads((PUBLISHED / name / "report.json").read_text())
    laws = [fit["law"] for fit in stored["fits"]][:2]
    ends = {end: f"grokked_{stored['threshold']:g}_{end}" for end in ("lower", "upper")}
    found = fit_laws(load(PUBLISHED / name / "replicas.csv"), x=stored["x"], group="data_seed", laws=laws, **ends)
    assert [fit.law for fit in found] == laws
    for fit, told in zip(found, stored["fits"], strict=False):
        for constant, interval in fit.parameters.items():
            wanted = [told["parameters"][constant][end] for end in ("estimate", "low", "high")]
            assert [interval.estimate, interval.low, interval.high] == pytest.approx(wanted, rel=2e-3, abs=2e-3)


def test_names_of_columns_are_free_and_a_timeline_has_those_that_are_expected() -> None:
    frame = runs()
    renamed = frame.rename({"lower": "from", "upper": "to"})
    (one,), (other,) = (
        fit_laws(frame, x="decay", laws=["power"]),
        fit_laws(renamed, x="decay", lower="from", upper="to", laws=["power"]),
    )
    assert one == other and (one.events, one.censored) == (11, 1)
    assert one.parameters["exponent"].estimate == pytest.approx(1.0, abs=0.1)
    table = load(PUBLISHED / "kl_scaling" / "replicas.csv")
    (alone,), (lined_up,) = (
        fit_laws(table, x="kl_strength", laws=["power"], **GROKKED),
        fit_laws(timeline(table, 0.99), x="kl_strength", laws=["power"]),
    )
    assert alone == lined_up


def test_intervals_are_by_group_where_one_is_named() -> None:
    (alone,), (grouped,) = (fit_laws(runs(), x="decay", group=group, laws=["power"]) for group in (None, "seed"))
    assert alone.values == grouped.values and alone.intervals != grouped.intervals
    estimate, low, high = (getattr(grouped.parameters["exponent"], end) for end in ("estimate", "low", "high"))
    assert low < estimate < high and str(grouped.parameters["exponent"]).startswith(f"{estimate:.3g} [{low:.3g}, ")


def test_a_regression_takes_several_columns() -> None:
    found = fit_regression(runs(width=[8, 16] * 6), x=["decay", "width"], group="seed")
    assert found[0].slopes["decay"].estimate == pytest.approx(-1.0, abs=0.15)


FAULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "an unknown column": (lambda: fit_laws(runs(), x="wd"), "there is no column wd; columns: decay, lower"),
    "an unknown group": (lambda: fit_laws(runs(), x="decay", group="sed"), "there is no column sed"),
    "a column twice": (lambda: fit_laws(runs(), x="decay", group="decay"), "must be different columns"),
    "a text for x": (lambda: fit_laws(runs(decay=["a"] * 12), x="decay"), "decay must hold numbers, given 'a'"),
    "a text for lower": (lambda: fit_laws(runs(lower=["soon"] * 12), x="decay"), "lower must hold numbers"),
    "x of 0": (lambda: fit_laws(runs(decay=[0.0] * 6 + [1.0] * 6), x="decay"), "x must be > 0"),
    "upper below lower": (lambda: fit_laws(runs(lower=[10**6] * 12), x="decay"), "upper must not be below lower"),
    "no lower": (lambda: fit_laws(runs(lower=[None] * 12), x="decay"), "lower must be a number >= 0; row 1 has decay"),
    "an empty x": (lambda: fit_laws(runs(decay=[None, *[1.0] * 11]), x="decay"), "decay must not be empty"),
    "no event": (lambda: fit_laws(runs(upper=[None] * 12), x="decay"), "no run saw the event"),
    "no rows": (lambda: fit_laws(runs().clear(), x="decay"), "there are no rows"),
    "a giant": (lambda: fit_laws(runs(decay=[1e40, *[1.0] * 11]), x="decay"), "decay = 1e+40 is outside"),
    "a figure at 0": (lambda: draw_laws(runs(decay=[0.0] * 12), [], x="decay"), "laws are drawn at decay > 0"),
    "a figure of nothing": (lambda: draw_survival(runs().clear(), by="decay"), "there are no rows to draw"),
}


@pytest.mark.parametrize("asked, words", FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_used_is_told(asked: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        asked()


def test_an_unknown_law_is_told_with_those_that_there_are() -> None:
    with pytest.raises(LookupError, match="unknown law 'powr'; laws: constant, "):
        fit_laws(runs(), x="decay", laws=["powr"])


def test_figures_are_objects_that_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before, frame = dict(mpl.rcParams), runs(arm=["one", "two"] * 6)
    fits = fit_laws(frame, x="decay", group="seed", laws=["power", "inverse"])
    laws = draw_laws(frame, fits, x="decay", group="seed", y_label="T")
    curves = draw_survival(frame, by="arm")
    assert isinstance(laws, Figure) and isinstance(curves, Figure)
    dots = next(line for line in laws.axes[0].lines if line.get_marker() == "o")
    assert sorted(dots.get_ydata()) == sorted(frame["upper"].drop_nulls())
    assert (laws.axes[0].get_xlabel(), laws.axes[0].get_ylabel()) == ("decay", "T")
    assert {text.get_text() for text in curves.axes[0].texts} == {"one", "two"}
    assert not list(tmp_path.iterdir()) and dict(mpl.rcParams) == before
    laws.savefig("laws.png")
    assert (tmp_path / "laws.png").stat().st_size > 0


def test_a_column_without_numbers_is_one_of_numbers_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "replicas.csv").write_text("id,status,clip_norm,grokked_0.99_upper\na,budget,,\n")
    assert load(tmp_path / "replicas.csv").schema["grokked_0.99_upper"].is_numeric()
    assert load(str(tmp_path / "replicas.csv"), fields=["clip_norm"]).schema["clip_norm"] == pl.String


def test_public_names_are_found_and_others_told() -> None:
    assert (
        {getattr(analysis, name).__name__ for name in analysis.__all__} == set(analysis.__all__) <= set(dir(analysis))
    )
    with pytest.raises(AttributeError, match="no attribute 'fit_law'; public names: Fit, "):
        _ = analysis.fit_law  # type: ignore[attr-defined]
