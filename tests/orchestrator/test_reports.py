"""Reports of experiments without laws: categories on x, measures in the table of runs, all of it derived from that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from tiny import TINY

from analysis.table import timeline
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.reports.answers import answers
from orchestrator.reports.audit import compared, same
from orchestrator.reports.levels import levels_of
from orchestrator.reports.pages import markdown
from orchestrator.storage.results import BadInputError
from orchestrator.study.state import read
from orchestrator.study.study import Options, Study, study_of
from search_spaces._files import experiment_named
from search_spaces._space import SearchSpace

FIELDS = {**TINY, "width": 16, "train_fraction": 0.9, "learning_rate": 0.03}
FACTS: dict[str, Any] = {
    "question": "Do distractors matter?",
    "family": "kl_prior",
    "x": "distractors",
    "laws": [],
    "primary_law": "",
    "threshold": 0.3,
    "measures": ["phases", "explaining_away", "final"],
    "curves": ["train_loss", "interaction_gradient"],
    "recording": {"thresholds": [0.3, 0.99], "end": "budget", "probes": ["explaining_away"]},
    "scales": {
        "laptop": {
            "axes": {"clip_norm": [None, 1.0], "distractors": ["random", "constant"]},
            "fields": FIELDS,
            "seeds": 6,
            "budget_steps": 150,
        }
    },
    "claims": [
        {
            "name": "bounded",
            "statement": "The bound holds.",
            "rule": "measure_within",
            "settings": {"measure": "bound_printed_worst", "high": 1.0, "where": {"clip_norm": None}},
        },
        {
            "name": "some",
            "statement": "Most runs grok.",
            "rule": "share_within",
            "settings": {"where": {"distractors": "constant"}, "low": 0.5},
        },
        {
            "name": "clipped",
            "statement": "Clipping delays.",
            "rule": "ratio_within",
            "settings": {"arm": "clip_norm", "first": None, "second": 1.0, "low": 1.0},
        },
    ],
}


def written(folder: Path, **changes: Any) -> str:
    file = folder / "categories.yaml"
    file.write_text(yaml.safe_dump({**FACTS, **changes}))
    return str(file)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished study with its report."""
    folder = tmp_path_factory.mktemp("categories")
    made = study_of(Options(name=written(folder), storage=str(folder / "runs"), backend="in_process"))
    assert made.experiment.faults() == []
    train(made, silent=True)
    report.write(read(made))
    return made


def facts(made: Study) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report.folder_of(made) / "report.json").read_text())
    return found


def table_of(made: Study) -> pl.DataFrame:
    return pl.read_csv(report.folder_of(made) / "replicas.csv", infer_schema_length=None)


def test_the_answer_is_a_decided_claim_and_there_are_no_fits(trained: Study) -> None:
    found = facts(trained)
    assert (found["fits"], found["regression"], found["strata"], found["left_out"]) == ([], [], [], [])
    assert found["answer"].startswith("The bound holds: 0.") and " in the mean [" in found["answer"]
    assert found["answer"].endswith(f". {found['events']} of 24 networks grokked within 150 steps.")


def test_levels_are_the_categories_in_the_order_of_the_space(trained: Study) -> None:
    found = facts(trained)
    assert [(level["clip_norm"], level["x"], level["runs"]) for level in found["levels"]] == [
        (None, "random", 6),
        (None, "constant", 6),
        (1.0, "random", 6),
        (1.0, "constant", 6),
    ]
    assert sum(level["events"] for level in found["levels"]) == found["events"] > 0
    runs = table_of(trained).filter(pl.col("clip_norm").is_null())
    seen = runs.group_by("distractors").agg(pl.col("grokked_0.3_upper").count()).rows()
    assert len(set(dict(seen).values())) == 2  # the categories are not thrown together
    assert {level["x"]: level["events"] for level in found["levels"][:2]} == dict(seen)


def test_the_table_of_runs_holds_the_measures_and_means_follow_from_it(trained: Study) -> None:
    runs = table_of(trained)
    assert {"phase_grokked", "bound_sharp_worst", "final_train_loss"} <= set(runs.columns)
    assert runs["phase_grokked"].to_list() == runs["grokked_0.3_upper"].cast(pl.Float64).to_list()
    (part,) = (part for part in facts(trained)["measured"] if part["where"] == {"clip_norm": None})
    (row,) = (row for row in part["rows"] if row["name"] == "final_test_accuracy")
    mine = runs.filter(pl.col("clip_norm").is_null() & (pl.col("distractors") == "constant"))["final_test_accuracy"]
    assert row["cells"][1] == {"x": "constant", "mean": pytest.approx(mine.mean()), "count": 6}


def test_everything_in_the_report_follows_from_the_table_of_runs(trained: Study) -> None:
    derived = answers(trained.experiment, trained.scale, table_of(trained))
    stored = {name: facts(trained)[name] for name in derived}
    leaves = list(compared(stored, json.loads(json.dumps(derived))))
    assert len(leaves) > 300
    assert [path for path, published, found in leaves if not same(published, found)] == []
    again = markdown({**facts(trained), **derived})
    assert again == (report.folder_of(trained) / "report.md").read_text()


def test_claims_about_measures_stay_open_at_other_thresholds(trained: Study) -> None:
    first, second = facts(trained)["sensitivity"]
    assert set(first["claims"]) == {"bounded", "some", "clipped"}
    assert set(second["claims"]) == {"some", "clipped"} and "exponent" not in second
    for file in ("report.md", "index.html"):
        text = (report.folder_of(trained) / file).read_text()
        assert "–" in text and "at other thresholds" in text and "xponent" not in text


def test_both_pages_show_what_was_measured_and_what_is_absent(trained: Study) -> None:
    for file in ("report.md", "index.html"):
        text = (report.folder_of(trained) / file).read_text()
        assert "What was measured" in text and "absent" in text and "clip norm = none" in text
        assert "nan" not in text.split("base64")[0].lower().split()
    assert {"train_loss", "interaction_gradient", "claims"} <= {each["name"] for each in facts(trained)["pictures"]}


def test_a_second_report_is_made_from_the_same_curves_to_the_last_digit(trained: Study) -> None:
    before = (report.folder_of(trained) / "replicas.csv").read_text()
    report.write(read(trained))
    assert (report.folder_of(trained) / "replicas.csv").read_text() == before


def test_a_curve_that_was_not_recorded_is_told_in_one_line(trained: Study) -> None:
    curves = trained.results.curves(trained.rows()["id"].to_list())
    kept = curves.filter(pl.col("probe") != "bound_ratio_exact")
    with pytest.raises(BadInputError, match=r"categories: .*probes=\('explaining_away',\)") as fault:
        state = read(trained)
        vars(state)["curves"] = kept
        report.runs_of(state)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    "changes, expected",
    [
        (
            {"measures": ["phaes"]},
            "unknown measure 'phaes' (did you mean 'phases'?); measures: contraction, decay_of_divergence",
        ),
        ({"recording": {"thresholds": [0.3]}}, "measure 'explaining_away' needs recording.probes with explaining_away"),
        ({"curves": ["train loss"]}, "curve 'train loss' is no column of a probe"),
        ({"measures": []}, "claim 'bounded': rule measure_within needs measures"),
        ({"primary_law": "power"}, "primary_law 'power' is not among the laws"),
        ({"laws": ["power"], "primary_law": "power"}, "x = 'distractors' does not hold numbers"),
        (
            {"claims": [{"name": "c", "statement": "s.", "rule": "floor_share", "settings": {}}]},
            "claim 'c': rule floor_share needs laws",
        ),
    ],
)
def test_faults_are_told_before_a_launch(changes: dict[str, Any], expected: str, tmp_path: Path) -> None:
    assert expected in "; ".join(experiment_named(written(tmp_path, **changes)).faults())


def test_measures_and_curves_are_registered_only_where_they_are_set(tmp_path: Path) -> None:
    older = {"x": "kl_strength", "laws": ["power"], "primary_law": "power", "recording": {}, "claims": []}
    scale = {"axes": {"kl_strength": [0.1, 1.0]}, "fields": TINY, "seeds": 2, "budget_steps": 60}
    file = written(tmp_path, **older, scales={"laptop": scale}, measures=[], curves=["test_accuracy", "attention_kl"])
    assert experiment_named(file).registration("laptop") == "db2abc323bd28273"  # from before there were any
    mine = experiment_named(written(tmp_path))
    others = [experiment_named(written(tmp_path, **{name: FACTS[name][:1]})) for name in ("measures", "curves")]
    assert len({each.registration("laptop") for each in (mine, *others)}) == 3


def test_levels_of_all_grids_of_a_union_are_told(trained: Study) -> None:
    size = trained.experiment.scales["laptop"]
    grids = [{"clip_norm": (clip,), "distractors": ("random", "constant")} for clip in (1.0, None)]
    union = replace(trained.experiment, scales={"laptop": replace(size, space=SearchSpace(grids[0], (grids[1],)))})
    rows = timeline(table_of(trained), 0.3)
    found = [(level["clip_norm"], level["x"]) for level in levels_of(union, "laptop", rows)]
    assert found == [(1.0, "random"), (1.0, "constant"), (None, "random"), (None, "constant")]
