"""Figures by themselves: no backend is asked for, files are the same each time, colours stand out on both grounds."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from figure_faults import CURVE, WORDS, contrast

from analysis.compare import fit_laws
from analysis.figures._colours import COLOURS, GROUND, INK, SOFT, cell, on_dark, shades
from analysis.figures._labels import spread
from analysis.figures.fan import fan, still
from analysis.figures.law_plot import Fitted, coinciding, law_plot
from analysis.figures.survival import survival
from analysis.likelihood import Times

ROOT = Path(__file__).parents[2]


def times(upper: list[float], x: list[float] | None = None) -> Times:
    ends = np.array(upper)
    lower = np.where(np.isfinite(ends), ends - 10, 1000.0)
    return Times(np.array(x or [1.0] * len(upper)), lower, ends)


@pytest.mark.parametrize("backend", ["nonsense", "module://matplotlib_inline.backend_inline"])
def test_a_backend_of_a_notebook_stops_no_figure(backend: str, tmp_path: Path) -> None:
    code = (
        "import os, sys, numpy as np; from analysis.figures.survival import survival; "
        "from analysis.likelihood import Times; ends = np.array([20.0, 30.0]); "
        f"from pathlib import Path; folder = Path({str(tmp_path)!r}); "
        "survival({'1': Times(ends, ends - 10, ends)}, x_label='x', folder=folder); "
        "assert 'matplotlib.pyplot' not in sys.modules; print(os.environ['MPLBACKEND'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "MPLBACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == backend and (tmp_path / "survival.svg").is_file()


def test_a_figure_is_the_same_each_time_and_names_no_day(tmp_path: Path) -> None:
    levels = {"1": times([200, 300]), "2": times([500, np.inf])}
    first, second = (survival(levels, x_label="λ", folder=tmp_path / name)[0].read_bytes() for name in "ab")
    assert first == second and b"dc:date" not in first


def test_every_colour_in_a_file_has_its_partner_on_dark_pages(tmp_path: Path) -> None:
    text = survival({"1": times([200, 300])}, x_label="λ", folder=tmp_path)[0].read_text()
    drawn = set(re.findall(r'style="[^"]*(fill|stroke): (#[0-9a-f]{6})', text))
    sheet = text.split("prefers-color-scheme:dark", 1)[1].split("</style>")[0]
    assert drawn and all(
        f'"{kind}: {colour}"]{{{kind}:{on_dark(colour)}!important}}' in sheet for kind, colour in drawn
    )


def test_numbers_in_words_are_not_rounded_with_the_paths(tmp_path: Path) -> None:
    text = survival({"0.33333": times([200, 300])}, x_label="λ", folder=tmp_path)[0].read_text()
    assert ">0.33333</text>" in text and not re.search(r' d="[^"]*\d\.\d{3}', text)


@pytest.mark.parametrize("count", range(1, 12))
def test_lines_stand_out_on_white_and_on_dark_ground(count: int) -> None:
    for colour in (*COLOURS, SOFT, INK, *shades(count)):
        assert contrast(colour, GROUND) >= CURVE
        assert contrast(on_dark(colour), on_dark(GROUND)) >= CURVE
    assert len(set(shades(count))) == count


@pytest.mark.parametrize("share", np.linspace(0, 1, 41))
def test_words_on_a_cell_can_be_read(share: float) -> None:
    fill, ink = cell(share)
    assert contrast(ink, fill) >= WORDS


@pytest.mark.parametrize("places", [[1.0, 1.0, 5.0], [0.0] * 6, [9.9, 9.8, 0.1, 5.0], [3.0], []])
def test_labels_spread_apart_in_their_order(places: list[float]) -> None:
    found = spread(places, 1.0, 0.0, 10.0)
    ranked = sorted(found)
    assert all(later - sooner > 1 - 1e-9 for sooner, later in itertools.pairwise(ranked))
    assert all(0 <= place <= 10 for place in found)
    assert [place for _, place in sorted(zip(places, found, strict=True))] == ranked


def test_laws_that_coincide_are_named_and_drawn_as_one(tmp_path: Path) -> None:
    x = [0.01, 0.03, 0.1, 0.3, 1.0]
    table = times([500.0, 490, 500, 510, 500], x)
    fits = fit_laws(table, ["constant", "power", "inverse"], None)
    assert coinciding(fits, table) in ([], [["T = C", "T = C/x^a"]], [["T = C/x^a", "T = C"]])
    same = [fits[0], fits[0], next(fit for fit in fits if fit.law == "inverse")]
    assert coinciding(same, table) == [[fits[0].formula] * 2]
    text = law_plot({"": Fitted(table, range(5), same)}, x_label="λ", letter="λ", folder=tmp_path)[0].read_text()
    assert "coincide" in text and "stroke-dasharray" in text


def test_a_law_is_drawn_where_all_runs_are_censored_or_one_ran(tmp_path: Path) -> None:
    for name, table in (("all", times([np.inf] * 3, [1.0, 2.0, 3.0])), ("one", times([100.0], [2.0]))):
        assert law_plot({"": Fitted(table, [0] * len(table.x), [])}, x_label="x", folder=tmp_path / name)[0].is_file()


def curves(values: list[list[float]]) -> pl.DataFrame:
    rows = [(str(run), step * 10, "probe", value) for run, each in enumerate(values) for step, value in enumerate(each)]
    return pl.DataFrame(rows, schema=["id", "step", "probe", "value"], orient="row")


def test_a_probe_that_never_changes_is_known() -> None:
    assert still(curves([[0.0, 0.0], [0.0]])) == 0.0
    assert still(curves([[1.0, 1.0], [2.0, 2.0]])) is None and still(curves([])) is None


def test_a_panel_of_zeros_on_a_logarithmic_axis_says_so(tmp_path: Path) -> None:
    shown = curves([[1.0, 0.1, 0.0], [0.0, 0.0, 0.0]])
    parts = {"a": {"0": 1.0}, "b": {"1": 1.0}}
    text = fan(shown, parts, probe="probe", x_label="λ", y_label="p", folder=tmp_path, log=True)[0].read_text()
    assert text.count("0 throughout") == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("end", [np.inf, -np.inf, np.nan, 1.7e308])
def test_a_run_that_diverges_is_drawn_up_to_there(end: float, log: bool, tmp_path: Path) -> None:
    parts = {"a": {"0": 1.0, "1": 1.0}, "b": {"2": 1.0}}
    shown = curves([[1.0, 0.5, 0.1], [1.0, 3.0, end], [end, end, end]])
    text = fan(shown, parts, probe="probe", x_label="λ", y_label="loss", folder=tmp_path, log=log)[0].read_text()
    assert text.count("no curve") == 1 and still(shown) is None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("log", [False, True])
def test_runs_that_were_seen_at_step_0_alone_are_drawn(log: bool, tmp_path: Path) -> None:
    rows = [(name, 0, "probe", value) for name, value in (("0", 4.2), ("1", 4.3))]
    shown = pl.DataFrame(rows, schema=["id", "step", "probe", "value"], orient="row")
    parts = {"a": {"0": 1.0, "1": 2.0}}
    assert fan(shown, parts, probe="probe", x_label="λ", y_label="loss", folder=tmp_path, log=log)[0].is_file()


def test_where_no_run_has_a_number_each_panel_says_so(tmp_path: Path) -> None:
    shown = curves([[np.nan, np.inf], [np.inf]])
    text = fan(shown, {"a": {"0": 1.0, "1": 2.0}}, probe="probe", x_label="λ", y_label="loss", folder=tmp_path)
    assert text[0].read_text().count("no curve") == 2
