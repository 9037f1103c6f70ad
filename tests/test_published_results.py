"""What docs/results prints follows from the small tables that lie beside it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from analysis.compare import fit_laws
from orchestrator.report import span, times_of

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def test_kl_scaling_fit_follows_from_its_table() -> None:
    rows = pl.read_csv(RESULTS / "kl_scaling" / "replicas.csv")
    (fit,) = fit_laws(times_of(rows, "kl_strength"), ["floor_power"], rows["data_seed"].to_list())
    stored = json.loads((RESULTS / "kl_scaling" / "report.json").read_text())
    published = next(each for each in stored["fits"] if each["law"] == "floor_power")
    assert fit.aicc == pytest.approx(published["aicc"], abs=0.01)
    for name, interval in fit.facts()["parameters"].items():
        assert interval["estimate"] == pytest.approx(published["parameters"][name]["estimate"], rel=0.01)
    page = (RESULTS / "kl_scaling.md").read_text()
    for claim in stored["claims"]:
        effect, low, high = (f"{claim[key]:.3g}" for key in ("effect", "low", "high"))
        assert f"**{claim['verdict']}**" in page and effect in page and f"[{low}, {high}]" in page
    assert span(published["parameters"]["floor"]) == "457 [400, 513]" and "457 steps [400, 513]" in page
